"""The real program at the exchange on loopback: a bar closes, an order is placed, it is killed and comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from livestory import parse
from livestory.clock import MINUTE, SECOND, SystemClock
from livestory.trading.market.bar import Bar
from tests.cli.program import COMMAND, environment, livestory
from tests.exchange.binance_spot import faults
from tests.exchange.binance_spot.clocks import RunningClock
from tests.exchange.binance_spot.fills import Book
from tests.exchange.binance_spot.server import BinanceSpot
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUARTER = 15 * MINUTE
DECIDING = 1056  # at the end of this real bar a new bot buys
PATIENCE = LONG  # seconds for what takes five


class LeapingClock:
    """It does not reach the close of a bar before the bot has begun, and then leaps over it.

    So the bar closes for every bot while it runs, however long it took to start, and none waits for it.
    """

    def __init__(self, close: int, begun: Callable[[], object]) -> None:
        self._close = close
        self._begun = begun
        self._before = RunningClock(close - MINUTE)
        self._after: RunningClock | None = None

    def now(self) -> int:
        """The present instant."""
        if self._after is None and self._begun():
            self._after = RunningClock(self._close + 3 * SECOND)
        return min(self._before.now(), self._close - SECOND) if self._after is None else self._after.now()

    def leap(self, duration: int) -> None:
        """Go on so much later."""
        assert self._after is not None
        self._after.set(self.now() + duration)


class BeforeTheFill:
    """These faults, one by one, when the trades are asked for once there is an order."""

    def __init__(self, *unmet: faults.Fault) -> None:
        self.unmet = list(unmet)
        self._ordered = False

    def fault(self, request: faults.Request) -> faults.Fault | None:
        """Signed questions, so what goes wrong with them knows a signature."""
        self._ordered = self._ordered or request.what == "POST /api/v3/order"
        asked = self._ordered and request.what == "GET /api/v3/myTrades"
        return self.unmet.pop(0) if asked and self.unmet else None


class Bot:
    """An exchange a moment before a bar closes at which a new bot buys, and the program that trades there."""

    def __init__(self, folder: Path, bars: list[Bar], stack: ExitStack, apart: int = 2) -> None:
        """The bar closes ``apart`` quarters after the last one by this machine's clock, so the exchange's differs."""
        self.close = close = (SystemClock().now() // QUARTER + apart) * QUARTER
        start = close - (DECIDING + 1) * QUARTER
        moved = [
            Bar(start + n * QUARTER, start + (n + 1) * QUARTER, bar.open, bar.high, bar.low, bar.close, bar.volume)
            for n, bar in enumerate(bars[: DECIDING + 200])
        ]
        self.folder, self.results = folder, folder / "results"
        self.clock = LeapingClock(close, lambda: self.lines("Bot Started"))
        self.server = stack.enter_context(
            BinanceSpot(moved, self.clock, fills=Book(), balances={"BTC": Decimal(1), "ETH": Decimal(0)})
        )
        folder.mkdir()
        for name, text in (("key", self.server.key), ("secret", self.server.secret)):
            file = folder / name
            file.touch(0o600)
            file.write_text(text)
        lines = [
            "[exchange]",
            f'base_url = "{self.server.url}"',
            f'key_file = "{folder / "key"}"',
            f'secret_file = "{folder / "secret"}"',
        ]
        (folder / "bot.toml").write_text("\n".join(lines))
        self.processes: list[subprocess.Popen[bytes]] = []
        self._stack = stack

    def start(self, *more: str) -> None:
        """Run it, its output in files."""
        count = len(self.processes)
        out, err = (
            self._stack.enter_context((self.folder / f"{name}{count}.txt").open("wb")) for name in ("out", "err")
        )
        command = [*COMMAND, "run", "--mode", "testnet", "--config", "bot.toml", "--dir", "results", *more]
        process = subprocess.Popen(command, cwd=self.folder, env=environment(), stdout=out, stderr=err)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        self.processes.append(process)

    @property
    def output(self) -> str:
        """All that was printed by all runs so far."""
        return "\n".join(file.read_text("utf-8") for file in sorted(self.folder.glob("*.txt")))

    def lines(self, *words: str) -> list[str]:
        """The story's lines that hold one of the words."""
        story = self.results / "live_story.txt"
        told = story.read_text("utf-8").splitlines() if story.exists() else []
        return [line for line in told if any(word in line for word in words)]

    def until(self, done: Callable[[], object]) -> None:
        """Wait for it."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert self.processes[-1].poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)

    def end(self, by: signal.Signals) -> None:
        """Kill it or ask it to stop, and wait for that."""
        self.processes[-1].send_signal(by)
        status = self.processes[-1].wait(PATIENCE)
        assert status == (-by if by == signal.SIGKILL else 0), self.output

    def ordered(self) -> bool:
        """Whether the order has come to the exchange."""
        return self.server.times("POST /api/v3/order") > 0


@pytest.fixture
def bots(tmp_path: Path, two_months: list[Bar]) -> Iterator[Callable[[str], Bot]]:
    """As many as a test wants."""
    with ExitStack() as stack:
        yield lambda name: Bot(tmp_path / name, two_months, stack)


class Lives(NamedTuple):
    """Three bots that were killed around their order, came back and were stopped; and what could be seen of them."""

    never: Bot  # killed when the order was sent and not acted on
    unanswered: Bot  # when it was acted on and not answered
    answered: Bot  # when it was answered
    shown: list[bytes]

    @property
    def bots(self) -> tuple[Bot, ...]:
        """All of them."""
        return self.never, self.unanswered, self.answered


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory, two_months: list[Bar]) -> Iterator[Lives]:
    """The three at the same time, since most of it is waiting."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("lives")
        never, unanswered, answered = bots = [
            Bot(folder / name, two_months, stack, apart)
            for name, apart in (("never", 2), ("unanswered", -1), ("answered", 2))
        ]
        never.server.faults.add(faults.FROZEN_BEFORE, to="POST /api/v3/order")
        unanswered.server.faults.add(faults.FROZEN_AFTER, to="POST /api/v3/order")
        plan = BeforeTheFill(faults.GARBLED, faults.CUT_REPLY, faults.BAD_GATEWAY_BEFORE)
        answered.server.faults.plan = plan
        for bot in bots:
            bot.start("--metrics-port", "0")
        shown = []
        for bot in bots:
            bot.until(bot.ordered)
            if bot is answered:
                bot.until(lambda: not plan.unmet)
            shown += seen_from_outside(bot)
            bot.end(signal.SIGKILL)
            bot.start()
        never.until(lambda: never.lines("Bot Resumed"))
        never.clock.leap(20 * SECOND)  # told after 10 seconds; absent after 30, of which no more than these have passed
        never.until(lambda: never.lines("Order Unknown"))
        never.clock.leap(20 * SECOND)
        never.until(lambda: never.lines("Order Clear"))
        unanswered.until(lambda: unanswered.lines("🟢 BUY"))
        answered.until(lambda: answered.lines("🟢 BUY"))
        for bot in bots:
            bot.end(signal.SIGTERM)
            shown += [file.read_bytes() for file in bot.results.rglob("*") if file.is_file()]
            shown.append(bot.output.encode())
        yield Lives(never, unanswered, answered, shown)


def seen_from_outside(bot: Bot) -> list[bytes]:
    """The metrics of a running bot, and its line in the list of processes."""
    page = next(line.split()[-1] for line in bot.output.splitlines() if "metrics at" in line)
    process = bot.processes[-1].pid
    with ExitStack() as stack:
        metrics = stack.enter_context(urllib.request.urlopen(page, timeout=PATIENCE))  # noqa: S310 - loopback
        told = [stack.enter_context(Path(f"/proc/{process}/{name}").open("rb")) for name in ("cmdline", "environ")]
        return [each.read() for each in (metrics, *told)]


def test_a_killed_bot_comes_back_to_one_order(lives: Lives) -> None:
    """Whatever was known of it when it was killed: told as one trade, or as never having been there."""
    for bot in lives.bots:
        exchange = bot.server.exchange
        exchange.conserved()
        ids = [order.client_order_id for order in exchange.orders.values()]
        assert len(ids) == (0 if bot is lives.never else 1), bot.output
        assert len(bot.lines("🟢 BUY", "🔴 SELL")) == len(ids)
        assert bot.server.times("POST /api/v3/order") == 1
        times = [parse(line).time for line in bot.lines(" | ")]
        assert times == sorted(times)
        assert bot.close - MINUTE <= times[0] < bot.close  # by the exchange's clock
        assert bot.lines("Bot Stopped")[0].split(" | ")[2] == "by the system (SIGTERM)"
        assert livestory("verify", "--dir", bot.results, cwd=bot.folder).returncode == 0


def test_nothing_that_a_run_leaves_or_shows_holds_a_secret(lives: Lives) -> None:
    """Its output, every file of the story, its metrics, its arguments and environment; through errors and a kill."""
    assert len(lives.shown) > 20
    for bot in lives.bots:
        for secret in (bot.server.key, bot.server.secret, "signature="):
            assert not any(secret.encode() in each for each in lives.shown), secret


def test_the_dry_start_tells_each_subject_and_places_no_order(bots: Callable[[str], Bot]) -> None:
    """With exit status 0 where nothing stands against trading, and 1 where something does."""
    bot = bots("dry")
    done = livestory("check", "--mode", "testnet", "--config", "bot.toml", cwd=bot.folder)
    subjects = [line.split()[1] for line in done.stdout.splitlines()[:-1]]
    wanted = "exchange clock symbol filters fee balance keys orders trades flows candles story"
    assert subjects == wanted.split(), done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "no order was placed"
    assert not bot.ordered()
    bot.server.access.credentials.withdraws = True
    bot.server.faults.add(faults.GARBLED, to="GET /api/v3/openOrders")
    done = livestory("check", "--mode", "live", "--config", "bot.toml", cwd=bot.folder)
    assert done.returncode == 1
    assert "✗ keys      these keys may withdraw" in done.stdout


@pytest.mark.parametrize(
    ("mode", "config", "words"),
    [
        ("live", "", "--mode live trades with real money, and the configuration does not allow it"),
        ("testnet", "", "the key of [exchange]: not named"),
        (
            "testnet",
            '[exchange]\nkey_env = "NOT_SET"\nsecret_env = "NOT_SET"',
            "the environment variable NOT_SET is not set",
        ),
        (
            "live",
            '[exchange]\nlive = true\nkey_file = "readable"\nsecret_file = "readable"',
            "can be read or written by others",
        ),
        ("testnet", '[bot]\nexchange = "okx"\n[exchange]\nkey_env = "KEY"\nsecret_env = "KEY"', "okx needs password"),
        (
            "testnet",
            '[bot]\nexchange = "bitbank"\n[exchange]\nkey_env = "KEY"\nsecret_env = "KEY"',
            "bitbank has no testnet",
        ),
        ("testnet", '[exchange]\nbase_url = "no address"', "base_url"),
    ],
)
def test_what_stands_against_trading_is_said_before_anything_is_asked(
    tmp_path: Path, mode: str, config: str, words: str
) -> None:
    """In one or two lines, with exit status 2, and no story begun."""
    (tmp_path / "bot.toml").write_text(config)
    (tmp_path / "readable").write_text("key")
    (tmp_path / "readable").chmod(0o644)
    done = livestory("run", "--mode", mode, "--config", "bot.toml", cwd=tmp_path, env=environment(KEY="canary-161803"))
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert "canary" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_keys_that_may_withdraw_are_refused_by_the_run_too(bots: Callable[[str], Bot]) -> None:
    """Where the exchange tells; a testnet does not."""
    bot = bots("withdraws")
    bot.server.access.credentials.withdraws = True
    config = bot.folder / "bot.toml"
    config.write_text(config.read_text().replace("[exchange]", "[exchange]\nlive = true"))
    done = livestory("run", "--mode", "live", "--config", "bot.toml", cwd=bot.folder)
    assert done.returncode == 2
    assert "these keys may withdraw" in done.stderr
    assert not bot.ordered()


def test_recorded_bars_are_for_paper(tmp_path: Path) -> None:
    """There is nobody to trade with in the past."""
    done = livestory("run", "--mode", "testnet", "--bars", "x.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert os.linesep not in done.stderr.splitlines()[-1]
    assert "replayed on paper" in done.stderr
