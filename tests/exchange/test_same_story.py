"""The executor at the exchange and on paper, over the same real bars with the same fill rules: one story."""

from __future__ import annotations

import os
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from livestory.clock import HOUR, ManualClock
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.trading.exchange.paper import PaperSettings
from livestory.trading.executor import Executor, TimePassed
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.risk import RiskSettings
from livestory.trading.session import RunInfo
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.choice import StrategySettings
from livestory.trading.strategy.regime_score import RegimeSettings
from tests.exchange.accounts import account_of
from tests.exchange.binance_spot.fills import NextOpen
from tests.exchange.binance_spot.records import Fees, Rules
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.trading.exchange.protocol import Exchange
    from livestory.trading.market.bar import Bar

_FIRST, _BARS = 2500, int(os.environ.get("SAME_STORY_BARS", "900"))  # lively weeks; more on request
_TIGHT = RiskSettings(breaker=0.02, cooldown=12 * HOUR, resume_score=15.0)  # so that it trips, and Phoenix rises


def told(folder: Path, bars: list[Bar], exchange: Exchange | None, clock: ManualClock | None) -> list[str]:
    """The lines of a run over ``bars``."""
    strategy, paper = (
        StrategySettings(regime=RegimeSettings(hysteresis=2.0)),
        None if exchange is not None else PaperSettings(quote_balance=1),
    )
    fresh = ExecutorState.fresh("bot", strategy, _TIGHT, paper)
    info = RunInfo(mode="testnet", market="binance", base="ETH", symbol="ETH/BTC", clock=clock)
    identity = Identity(bot="bot", mode="testnet", symbol="ETH/BTC", unit="BTC", bars=None)
    with SynchronousWriter(folder / "live_story.txt", identity, StorySettings(), keep_days=None, clock=clock) as story:
        executor = Executor(fresh, story, lambda: (), info, exchange)
        for bar in bars:
            if clock is not None:
                clock.set(bar.end)
            executor.process(bar)
            if clock is not None:
                executor.process(
                    TimePassed(clock.now())
                )  # hears what the order just sent has become, as within a second
            executor.commit()
        executor.end("bars")
        executor.commit()
    with JournalReader.open(folder / "live_story.db") as reader:
        return [line.line for line in reader.lines()]


def test_the_story_at_the_exchange_is_the_story_on_paper(tmp_path: Path, real_bars_file: Path) -> None:
    """Every line: trades with their prices and fees, records, the breaker's sale, the chapters."""
    pytest.importorskip("ccxt")
    bars = list(islice(RecordedBars([real_bars_file]).read(), _FIRST, _FIRST + _BARS + 1))
    heard, clock = bars[:-1], ManualClock(bars[0].open_time)
    on_paper = told(tmp_path / "paper", heard, None, None)
    money, rules, fees = {"BTC": Decimal(1)}, Rules(precision=16), Fees(asset="quote")
    with BinanceSpot(bars, clock, fills=NextOpen(), rules=rules, fees=fees, balances=money) as server:
        server.access.limits.orders = None
        account = account_of(server, sandbox=True)
        at_the_exchange = told(tmp_path / "exchange", heard, account, clock)
        account.close()
        server.exchange.conserved()
        traded = len(server.exchange.trades)
    assert traded > 10
    assert all(any(word in line for line in on_paper) for word in ("BREAKER TRIPPED", "PHOENIX"))
    assert at_the_exchange == on_paper
