"""A bot that the first stage's program was killed as comes back under this one: nothing told or sent twice."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from livestory.clock import MINUTE, SECOND
from tests.cli.program import livestory
from tests.first_stage.packed import HERE, unpack
from tests.first_stage.testnet import BotAtExchange, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Bots = dict[str, BotAtExchange]
HALTED = ("sent", "unknown")  # the breaker's sale: no answer yet; and told as unknown


def back(folder: Path, stack: ExitStack, name: str, *, arrived: bool) -> BotAtExchange:
    """The bot ``name``, started again a minute later; its last order has ``arrived`` at the exchange, or never has."""
    pytest.importorskip("ccxt")
    scene = Scene.read(HERE / "bots" / f"{name}.json")
    now = scene.now + MINUTE
    bot = BotAtExchange(folder, stack, now, scene.placed if arrived else scene.placed[:-1])
    unpack(f"bots/{name}", bot.story.parent)
    bot.before = bot.lines()
    bot.start()
    return bot


@pytest.fixture(scope="module")
def bots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bots]:
    """All of them at the same time, since most of it is waiting; told to the end and stopped."""
    folder = tmp_path_factory.mktemp("bots")
    with ExitStack() as stack:
        came = {"trading": back(folder / "trading", stack, "trading", arrived=True)}
        for name in HALTED:
            came[f"{name} arrived"] = back(folder / f"{name} arrived", stack, name, arrived=True)
            came[f"{name} never"] = back(folder / f"{name} never", stack, name, arrived=False)
        for bot in came.values():
            bot.until(lambda bot=bot: len(bot.lines()) > len(bot.before))  # type: ignore[misc]  # the present bot
            bot.go_on(bot.server.exchange.now + SECOND)
        never = [came[f"{name} never"] for name in HALTED]
        for after, words in ((20, "Order Unknown"), (40, "Order Clear")):
            for bot in never:
                bot.go_on(bot.server.exchange.now + after * SECOND)
            for bot in never:
                bot.until(lambda bot=bot, words=words: bot.told(words))  # type: ignore[misc]  # as above
        for name, bot in came.items():
            if name != "trading":
                bot.until(lambda bot=bot: bot.told("🔴 SELL"))  # type: ignore[misc]  # as above
        for bot in came.values():
            bot.end(signal.SIGTERM)
        yield came


def told(bot: BotAtExchange, *words: str) -> int:
    """How many lines hold one of the words."""
    return sum(any(word in line for word in words) for line in bot.lines())


def test_what_was_told_stays_as_it_was(bots: Bots) -> None:
    """The story goes on after it, begins no second time, and holds."""
    for bot in bots.values():
        assert bot.lines()[: len(bot.before)] == bot.before
        assert told(bot, "Bot Started") == told(bot, "Rules") == told(bot, "🟢 BUY") == 1
        assert told(bot, "no bar missed", "bars missed", "bar missed") >= 1, bot.output
        assert bot.process.returncode == 0
        assert livestory("verify", "--dir", bot.story.parent, cwd=bot.folder).returncode == 0
        bot.server.exchange.conserved()


def test_a_trading_bot_goes_on_and_trades_nothing(bots: Bots) -> None:
    """It has what it expects to have, and no reason to trade."""
    bot = bots["trading"]
    new = bot.lines()[len(bot.before) :]
    assert [line.split(" | ")[1] for line in new if "Clock Skew" not in line] == ["🔁 Bot Resumed", "💤 Bot Stopped"]
    assert "as expected" in new[0]
    assert bot.sent == 0


@pytest.mark.parametrize("name", HALTED)
def test_a_sale_that_arrived_is_told_once_and_not_sent_again(bots: Bots, name: str) -> None:
    """The breaker is not told again either, and the bot stays halted."""
    bot = bots[f"{name} arrived"]
    assert (bot.sent, told(bot, "🔴 SELL"), told(bot, "BREAKER TRIPPED")) == (0, 1, 1), bot.output
    assert told(bot, "Order Unknown") == (name == "unknown"), bot.output
    assert told(bot, "Order Clear") == 0  # the sale found says it all
    assert told(bot, "PHOENIX") == 0


@pytest.mark.parametrize("name", HALTED)
def test_a_sale_that_never_arrived_is_sent_again_once_that_is_sure(bots: Bots, name: str) -> None:
    """Told as unknown once, then as never there; then there is one sale."""
    bot = bots[f"{name} never"]
    assert (bot.sent, told(bot, "🔴 SELL"), told(bot, "BREAKER TRIPPED")) == (1, 1, 1), bot.output
    assert told(bot, "Order Unknown") == told(bot, "Order Clear") == 1
    ids = [order.client_order_id for order in bot.placed()]
    assert len(set(ids)) == len(ids) == 2
