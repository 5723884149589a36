"""A made-up market in which a bot buys at one bar and its breaker trips at the next, and the real program trading it.

Everything about it is fixed, the clock of the exchange as well, so that an exchange of today can be brought to where
the one of the first stage stood when its bot was killed.
"""

from __future__ import annotations

import subprocess
import time
from decimal import Decimal
from signal import SIGTERM
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, json

from livestory.clock import MINUTE, SECOND, ManualClock, instant
from livestory.trading.market.bar import Bar
from tests.cli.program import COMMAND, environment
from tests.exchange.binance_spot.clocks import RunningClock
from tests.exchange.binance_spot.server import BinanceSpot
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path
    from signal import Signals

    from tests.exchange.binance_spot.faults import Fault, Plan

QUARTER = 15 * MINUTE
BUYS = instant("2026-01-05T00:00")  # the close of the bar at which the bot buys
TRIPS = BUYS + QUARTER  # of the bar at which its breaker trips
PATIENCE = 3 * LONG  # seconds for what takes five: as many programs read ccxt at once, beside what else runs
_BEFORE, _AFTER = 3000, 200  # bars
CONFIG = """\
[strategy]
kind = "mean_reversion"
[strategy.rebalance]
step_allocation = 1.0
[risk]
breaker = 0.05
[exchange]
base_url = "{url}"
key_file = "key"
secret_file = "secret"
"""


class Placed(Struct, frozen=True):
    """An order that reached the exchange."""

    time: int
    side: Literal["BUY", "SELL"]
    quantity: str  # of the base asset
    client_order_id: str


def bars() -> list[Bar]:
    """Calm, then a dip, a crash, and calm again."""
    start = BUYS - _BEFORE * QUARTER
    closes = [0.05 + 0.0001 * (n % 4) for n in range(_BEFORE + _AFTER)]
    closes[_BEFORE - 1] = 0.047
    closes[_BEFORE:] = [close - 0.011 for close in closes[_BEFORE:]]
    made, open_ = [], closes[0]
    for n, number in enumerate(closes):
        close = round(number, 5)
        opened = start + n * QUARTER
        made.append(Bar(opened, opened + QUARTER, open_, max(open_, close), min(open_, close), close, 100.0))
        open_ = close
    return made


class BotAtExchange:
    """The program in ``folder``, and its exchange, brought to where the ``placed`` orders have been filled."""

    def __init__(self, folder: Path, stack: ExitStack, now: int, placed: list[Placed]) -> None:
        self.folder, self.story = folder, folder / "results" / "live_story.txt"
        clock = ManualClock(placed[0].time if placed else now)
        balances = {"BTC": Decimal(1), "ETH": Decimal(0)}
        self.server = stack.enter_context(BinanceSpot(bars(), clock, balances=balances))
        for order in placed:
            clock.set(order.time)
            self.server.exchange.place(order.side, Decimal(order.quantity), client_order_id=order.client_order_id)
        self.server.exchange.clock = clock
        clock.set(now)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("key", self.server.key), ("secret", self.server.secret)):
            (folder / name).touch(0o600)
            (folder / name).write_text(text)
        (folder / "bot.toml").write_text(CONFIG.format(url=self.server.url))
        self._stack = stack
        self.before: list[str] = []  # the lines of the program that was killed

    def start(self) -> None:
        """Run it."""
        out = self._stack.enter_context((self.folder / "out.txt").open("wb"))
        command = [*COMMAND, "run", "--mode", "testnet", "--config", "bot.toml", "--dir", "results"]
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=environment(), stdout=out, stderr=subprocess.STDOUT
        )
        self._stack.callback(self.process.wait)
        self._stack.callback(self.process.kill)

    def lines(self) -> list[str]:
        """The story."""
        return self.story.read_text("utf-8").splitlines() if self.story.exists() else []

    def told(self, words: str) -> bool:
        """Whether a line holds them."""
        return any(words in line for line in self.lines())

    def until(self, done: Callable[[], object]) -> None:
        """Wait for it."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)

    def end(self, by: Signals) -> None:
        """Kill it or ask it to stop, and wait for that."""
        self.process.send_signal(by)
        self.process.wait(PATIENCE)

    def go_on(self, time: int) -> None:
        """The exchange's clock, which stands until a bot has begun, goes on from there."""
        self.server.exchange.clock = RunningClock(time)

    def close(self, bar_end: int, words: str) -> None:
        """A bar closes as soon as the program has begun, which it tells with these words."""
        self.server.exchange.clock = ManualClock(bar_end - 2 * SECOND)
        self.start()
        self.until(lambda: self.told(words))
        self.go_on(bar_end + 3 * SECOND)

    @property
    def output(self) -> str:
        """What it printed, and its story."""
        return "\n".join([(self.folder / "out.txt").read_text("utf-8"), *self.lines()])

    @property
    def sent(self) -> int:
        """How many orders the program has sent since the exchange is there."""
        return self.server.times("POST /api/v3/order")

    def placed(self) -> list[Placed]:
        """All orders that reached the exchange."""
        orders = self.server.exchange.orders.values()
        return [Placed(order.time, order.side, str(order.quantity), order.client_order_id) for order in orders]


class Scene(Struct, frozen=True):
    """Where the exchange stood when a bot was killed."""

    now: int
    placed: list[Placed]

    @classmethod
    def read(cls, file: Path) -> Scene:
        """As it was recorded."""
        return json.decode(file.read_bytes(), type=cls)


def bought(folder: Path, stack: ExitStack) -> BotAtExchange:
    """A new bot that has bought, and told it."""
    bot = BotAtExchange(folder, stack, BUYS, [])
    bot.close(BUYS, "Bot Started")
    bot.until(lambda: bot.told("🟢 BUY"))
    return bot


def tripping(folder: Path, stack: ExitStack, fault: Fault, plan: Plan | None = None) -> BotAtExchange:
    """A bot whose coin crashed while it was stopped for a moment; the breaker's sale has met ``fault``."""
    bot = bought(folder, stack)
    bot.end(SIGTERM)
    bot.server.faults.add(fault, to="POST /api/v3/order")
    bot.server.faults.plan = plan
    bot.close(TRIPS, "Bot Resumed")
    bot.until(lambda: bot.sent == 2)
    return bot
