"""Why the real freqtrade did not enter, as its messages and its log have it."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from livestory.errors import JournalError
from livestory.story.journal.reader import JournalReader
from tests.cli.program import COMMAND, environment
from tests.patience import LONG
from tests.peers.test_freqtrade_live import LOGIN, Freqtrade, facts, markets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.exchange.binance_spot.markets import Markets

__all__ = ["markets"]


def test_each_candle_without_an_entry_has_the_reason_that_freqtrade_had(tmp_path: Path, markets: Markets) -> None:
    """Denied by the strategy, no open slot, both signals at once, entries locked."""
    (tmp_path / "user_data").mkdir()
    mood, out = tmp_path / "user_data" / "mood", tmp_path / "out"
    mood.write_text("enters", encoding="utf-8")
    with ExitStack() as closing, Freqtrade(tmp_path / "user_data", markets.url, strategy="Moody", slots=1) as bot:
        words = map(str, ("follow", "freqtrade", "--config", bot.config, "--dir", out))
        story = closing.enter_context(
            subprocess.Popen([*COMMAND, *words], cwd=tmp_path, env=environment(**LOGIN), stdout=subprocess.DEVNULL)
        )
        closing.callback(story.kill)
        eventually(lambda: "the strategy denied the entry (moody)" in put_off(out), bot.said)
        bot.ask("forceenter", {"pair": "ETH/USDT", "side": "long", "stakeamount": 60, "entry_tag": "by hand"})
        eventually(lambda: "signal but no open slot" in reasons(out), bot.said)
        mood.write_text("is of two minds", encoding="utf-8")
        eventually(lambda: "entry and exit signal on one candle" in reasons(out), bot.said)
        mood.write_text("enters", encoding="utf-8")
        for trade in bot.ask("status"):
            bot.ask("forceexit", {"tradeid": str(trade["trade_id"]), "ordertype": "market"})
        locks = [{"pair": "*", "until": "2099-01-01T00:00:00Z", "side": "*", "reason": "by hand"}]
        eventually(lambda: bot.ask("locks", locks).get("lock_count", 0) > 0, bot.said)
        eventually(lambda: "signal but entries locked" in reasons(out), bot.said)
        assert story.poll() is None


def eventually(condition: Callable[[], bool], said: Callable[[], str]) -> None:
    """Wait for what the next candle brings, and the observation after it: of a minute each."""
    give_up = time.monotonic() + 2 * LONG
    while not condition():
        assert time.monotonic() < give_up, said()
        time.sleep(0.2)


def reasons(folder: Path) -> set[str]:
    """Why nothing was traded, as the observations of the story have it by now."""
    try:
        with JournalReader.open(folder / "live_story.db") as reader:
            given = [each.no_trade_reason for each in reader.observations()]
    except JournalError:  # it is being made
        return set()
    return {reason.text for reason in given if reason is not None}


def put_off(folder: Path) -> set[str]:
    """The reasons of the entries that were refused."""
    return {fact["reason"]["text"] for fact in facts(folder) if fact["kind"] == "put_off"}
