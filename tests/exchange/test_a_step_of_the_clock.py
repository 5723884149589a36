"""This machine's clock is set while the bot lives: what it sends and hears of is reckoned by the exchange's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from livestory.clock import DAY, SECOND
from livestory.story.commands import Resume
from livestory.story.files.inbox import Posted
from livestory.trading.executor import Executor, TimePassed
from livestory.trading.market.bar import Bar
from livestory.trading.risk import RiskSettings
from livestory.trading.session import RunInfo
from livestory.trading.strategy.choice import StrategySettings
from tests.exchange.conftest import NOON
from tests.trading.outside import ScriptedState
from tests.trading.rehearsal import NO_BARS, QUARTER, RecordingStory, Script, wish

if TYPE_CHECKING:
    from livestory.clock import ManualClock
    from livestory.trading.exchange.ccxt_spot import CcxtSpot
    from tests.exchange.binance_spot.server import BinanceSpot


@pytest.mark.parametrize("step", [45, 90, 300, 2 * DAY // SECOND, -300, -2 * DAY // SECOND])
def test_an_order_sent_right_after_the_clock_was_set_is_followed_to_its_fill(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock, step: int
) -> None:
    """The first answer shows the step; the fill is told, and nothing is left in the ledger."""
    account.load()
    book = account.book()
    assert book is not None
    price, story = float(book.bid), RecordingStory()
    fresh = ScriptedState.fresh("test", StrategySettings(), RiskSettings(max_weight=1.0), None)
    fresh.settings = structs.replace(fresh.settings, rebalance=structs.replace(fresh.settings.rebalance, cooldown=0))
    fresh.strategy = Script([wish(0.9)])
    info = RunInfo(mode="testnet", base="ETH", symbol="ETH/BTC", exchange="binance", clock=clock)
    executor = Executor(fresh, story, lambda: NO_BARS, info, account)
    executor.begin(Bar(NOON, NOON + QUARTER, price, price, price, price, 1.0), 0)
    story.posted.append(Posted("1", NOON, Resume()))
    executor.process(TimePassed(clock.now()))
    server.exchange.ahead = -step * SECOND
    clock.set(NOON + QUARTER + (step + 2) * SECOND)
    executor.process(Bar(NOON, NOON + QUARTER, price, price, price, price, 1.0))
    for _ in range(60):
        clock.set(clock.now() + SECOND)
        executor.process(TimePassed(clock.now()))
    assert account.clock_ahead == pytest.approx(step * SECOND, abs=SECOND)
    assert [fill.side for fill in story.fills] == ["buy"]
    assert not executor.state.orders
    assert executor.state.expected.since <= NOON + QUARTER + 65 * SECOND
