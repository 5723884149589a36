"""The exchange's moods as the owner reads them: each told once, with its end, and no order twice for any of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from livestory.clock import SECOND, ManualClock
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.trading.executor import Executor, TimePassed
from livestory.trading.risk import RiskSettings
from livestory.trading.session import RunInfo
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.choice import StrategySettings
from tests.exchange import accounts
from tests.exchange.binance_spot import faults
from tests.exchange.binance_spot.fills import Book
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livestory.trading.exchange.ccxt_spot import CcxtSpot
    from livestory.trading.market.bar import Bar

FIRST, DAY_OF_BARS = 190, 96  # the first buy comes in the bars after FIRST
SKEWED = faults.Answer(400, b'{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}')
WRONG_KEY = faults.Answer(401, b'{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}')


class Owner:
    """A bot at the exchange, the market around it, and what is read of its story."""

    def __init__(self, folder: Path, server: BinanceSpot, clock: ManualClock, bars: list[Bar]) -> None:
        """Begun: its strategy has seen the bars before."""
        self.server = server
        self.clock = clock
        self.account: CcxtSpot = accounts.account_of(server, timeout=SECOND)
        fresh = ExecutorState.fresh("bot", StrategySettings(), RiskSettings(), None)
        info = RunInfo(mode="testnet", base="ETH", symbol="ETH/BTC", exchange="binance", clock=self.clock)
        identity = Identity(bot="bot", mode="testnet", symbol="ETH/BTC", unit="BTC", bars=None)
        path = folder / "live_story.txt"
        self.story = SynchronousWriter(path, identity, StorySettings(), keep_days=None, clock=self.clock)
        self.executor = Executor(fresh, self.story, lambda: (), info, self.account)
        self.executor.state.warm_up(bars[:FIRST])
        self.leaps = 0  # the machine's clock is set forward by so much every other bar, and back again
        self._bars = iter(bars[FIRST:])
        self._path = path

    def live(self, bars: int, pulse: int = 20 * SECOND) -> None:
        """Let ``bars`` go by, with a pulse every ``pulse``."""
        for number in range(bars):
            bar, leap = next(self._bars), self.leaps * (number % 2)
            self.server.exchange.ahead = -leap
            self.clock.set(bar.end + leap)
            self.executor.process(bar)
            self.executor.commit()
            while self.clock.now() < bar.end + leap + (bar.end - bar.open_time) - pulse:
                self.clock.set(self.clock.now() + pulse)
                self.executor.process(TimePassed(self.clock.now()))

    def lines(self, *words: str) -> list[str]:
        """The lines of the story that hold one of the words."""
        told = self._path.read_text("utf-8").splitlines()
        return [line for line in told if any(word in line for word in words)]

    def close(self) -> None:
        """Let go."""
        self.account.close()
        self.story.close()


@pytest.fixture
def owner(tmp_path: Path, two_months: list[Bar]) -> Iterator[Owner]:
    """Before the first buy."""
    clock = ManualClock(two_months[FIRST - 1].end)
    balances = {"BTC": Decimal(1)}
    with BinanceSpot(two_months, clock, fills=Book(), balances=balances) as server:
        server.access.limits.weight = None
        opened = Owner(tmp_path, server, clock, two_months)
        yield opened
        opened.close()


def ban(owner: Owner) -> Callable[[], object]:
    """For 20 minutes, then it is over by itself."""
    owner.server.access.ban(20 * 60)
    return lambda: None


def maintenance(owner: Owner) -> Callable[[], object]:
    """A page of 503."""
    owner.server.faults.add(faults.MAINTENANCE, to="", times=10**9)
    return owner.server.faults.clear


def silence(owner: Owner) -> Callable[[], object]:
    """Nobody listens."""
    owner.server.close()
    return owner.server.open


def skew(owner: Owner) -> Callable[[], object]:
    """The clock is refused whatever is done about it."""
    for what in ("GET /api/v3/account", "GET /api/v3/openOrders", "GET /api/v3/myTrades", "POST"):
        fault = faults.Fault(name="SKEW", acts=False, answer=SKEWED)
        owner.server.faults.add(fault, to=what, times=10**9)
    return owner.server.faults.clear


def wrong_key(owner: Owner) -> Callable[[], object]:
    """The keys are refused."""
    for what in ("GET /api/v3/account", "GET /api/v3/openOrders", "GET /api/v3/myTrades", "POST", "GET /sapi"):
        fault = faults.Fault(name="KEY", acts=False, answer=WRONG_KEY)
        owner.server.faults.add(fault, to=what, times=10**9)
    return owner.server.faults.clear


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (ban, "banned until"),
        (maintenance, "maintenance"),
        (silence, "no answer"),
        (skew, "clock off by"),
        (wrong_key, "Invalid API-key"),
    ],
)
def test_a_mood_is_told_once_and_its_end_once(
    owner: Owner, mood: Callable[[Owner], Callable[[], object]], words: str
) -> None:
    """However many calls fail meanwhile; afterwards the bot trades on, and the books are right."""
    owner.live(2)
    over = mood(owner)
    owner.live(3)
    over()
    owner.live(DAY_OF_BARS)
    assert len(owner.lines(words)) == 1, owner.lines("")
    assert len(owner.lines("Exchange Back")) == 1, owner.lines("")
    check_trades(owner)


def test_insufficient_funds_make_no_loop(owner: Owner) -> None:
    """Somebody else has spent the money: told once, and not an order a second."""
    fault = faults.Fault(
        name="POOR",
        acts=False,
        answer=faults.Answer(400, b'{"code":-2010,"msg":"Account has insufficient balance for requested action."}'),
    )
    owner.server.faults.add(fault, to="POST /api/v3/order", times=10**9)
    owner.live(DAY_OF_BARS // 2)
    asked = owner.server.times("POST /api/v3/order")
    assert 1 <= asked <= DAY_OF_BARS // 2
    assert len(owner.lines("Put Off", "put off")) == 1, owner.lines("")
    owner.server.faults.clear()
    owner.live(DAY_OF_BARS)
    check_trades(owner)


def test_changed_filters_are_told_once_and_kept_to(owner: Owner) -> None:
    """The next orders are on the new step."""
    owner.live(2)
    owner.server.exchange.rules = structs.replace(owner.server.exchange.rules, step=Decimal("0.01"))
    owner.live(DAY_OF_BARS)
    assert len(owner.lines("0.01")) >= 1
    assert all(order.quantity % Decimal("0.01") == 0 for order in owner.server.exchange.orders.values())
    check_trades(owner)


def test_a_halted_market_is_told_and_traded_again(owner: Owner) -> None:
    """No order is sent into it twice."""
    owner.live(2)
    owner.server.exchange.status = "HALT"
    owner.live(DAY_OF_BARS // 2)
    assert owner.server.times("POST /api/v3/order") <= 1
    assert not owner.server.exchange.trades
    owner.server.exchange.status = "TRADING"
    owner.live(DAY_OF_BARS)
    assert len(owner.lines("halted the market", "is halted")) >= 1, owner.lines("")
    check_trades(owner)


@pytest.mark.parametrize("fault", [faults.LOST_REPLY, faults.LOST_REQUEST, faults.FROZEN_AFTER], ids=lambda f: f.name)
def test_a_lost_answer_ends_in_one_order(owner: Owner, fault: faults.Fault) -> None:
    """Told as unknown, then as what it became."""
    owner.server.faults.add(fault, to="POST /api/v3/order")
    owner.live(DAY_OF_BARS)
    ids = [order.client_order_id for order in owner.server.exchange.orders.values()]
    assert len(ids) == len(set(ids))
    check_trades(owner)


@pytest.mark.parametrize("leaps", [30, 90, 300])
def test_a_clock_that_is_set_loses_no_trade(owner: Owner, leaps: int) -> None:
    """Forward and back again, all day, and learned of by the exchange's answers only."""
    owner.leaps = leaps * SECOND
    owner.live(DAY_OF_BARS)
    check_trades(owner)
    assert not owner.lines("Balance Differs", "Order Unknown")


def check_trades(owner: Owner) -> None:
    """The story's trades are the exchange's; the balances are what they made."""
    exchange = owner.server.exchange
    exchange.conserved()
    filled = {trade.order_id for trade in exchange.trades}
    assert filled, "nothing was traded: the test tests nothing"
    assert len(owner.lines("🟢 BUY", "🔴 SELL")) == len(filled), owner.lines("")
    held, there = owner.executor.state.held(), owner.account.balances()
    assert held is not None
    assert there is not None
    # The exchange rounds each trade's value to eight decimals.
    assert abs(held.base - there.base) + abs(held.quote - there.quote) < Decimal("1e-6")
