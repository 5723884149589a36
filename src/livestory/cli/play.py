"""Bars through the executor into a story: what `livestory demo` and `livestory run` have in common."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from livestory.cli.account import wait_until_fine
from livestory.cli.metrics_port import exposed
from livestory.cli.trouble import LedgerWatch
from livestory.outlets.terminal import TerminalPrinter
from livestory.story.journal.entry import Identity
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.trading.executor import Executor
from livestory.trading.live import joined
from livestory.trading.market.candles import ExchangeCandles
from livestory.trading.replay import GROUP, Ending, run
from livestory.trading.session import RunInfo
from livestory.trading.state import ExecutorState

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from livestory.cli.trouble import TellingNews
    from livestory.clock import Clock
    from livestory.config import Configuration
    from livestory.story.files.layout import Layout
    from livestory.trading.exchange.ccxt_spot import CcxtSpot
    from livestory.trading.live import Timer
    from livestory.trading.market.protocol import Market
    from livestory.trading.state import Summary

_WARM = 4  # times the bars that the strategy needs at the least; then its averages have forgotten where they began


class Play(NamedTuple):
    """What is played, and how it is told."""

    layout: Layout
    settings: Configuration
    market: Market
    mode: str  # "simulated", "replay", "paper", "testnet" or "live"
    origin: str  # where the bars come from, in a few words
    clock: Clock | None = None  # the present; None for bars of the past
    keep_days: int | None = None
    bars_per_second: float | None = None  # None: as they come
    aloud: bool = True  # each line on standard output too
    stop_unheard: bool = False  # once nobody reads that any more
    exchange: CcxtSpot | None = None  # where orders go; None: the account is on paper
    news: TellingNews | None = None  # of an exchange's candles
    timer: Timer | None = None  # what an exchange's candles wait on


def play(play: Play, stop: Event, progress: Callable[[int], None] = lambda _: None) -> tuple[Ending, Summary]:
    """Tell the bars until they run out or ``stop`` is set; go on from where the story stands.

    Raises LivestoryError and OSError; what was committed until then is kept.
    """
    settings, market = play.settings, play.market
    base, _, quote = market.symbol.partition("/")
    identity = Identity(
        bot=settings.bot.name,
        mode=play.mode,
        symbol=market.symbol,
        unit=settings.bot.unit or quote,
        bars=market.digest,
        exchange=None if play.exchange is None else settings.bot.exchange,
    )
    outside = play.exchange is not None
    fresh = ExecutorState.fresh(
        settings.bot.name, settings.strategy, settings.risk, None if outside else settings.paper
    )
    info = RunInfo(
        mode=play.mode,
        market=play.origin,
        base=base,
        unit=settings.bot.unit or quote,
        symbol=market.symbol,
        exchange=settings.bot.exchange if outside else None,
        ath_min_gain=settings.story.ath_min_gain,
        clock=play.clock,
        patience=settings.market.patience,
    )
    with (
        exposed(play.layout, play.settings.metrics),
        SynchronousWriter(
            play.layout.text, identity, settings.story, keep_days=play.keep_days, clock=play.clock
        ) as story,
    ):
        if play.aloud and sys.stdout is not None:
            when_closed = stop.set if play.stop_unheard else lambda: None
            story.subscribe(TerminalPrinter(sys.stdout, when_closed=when_closed))
        if play.exchange is not None and not wait_until_fine(play.exchange, settings, stop):
            return Ending.STOPPED, fresh.summary
        heard = story.narrator.account.last
        if isinstance(market, ExchangeCandles) and play.clock is not None:
            ahead = 0 if play.exchange is None else play.exchange.clock_ahead
            now, needed = play.clock.now() - ahead, _WARM * fresh.strategy.bars_needed
            before = now if heard is None else heard.time
            executor = Executor(
                fresh, story, lambda: market.history(before, needed), info, play.exchange, settings.orders
            )
            if play.news is not None:
                play.news.attach(executor)
            if play.timer is not None:
                play.timer.attach(LedgerWatch(executor).on_time)
            bars = joined(executor, market, now, needed, stop, play.exchange)
        else:
            executor = Executor(fresh, story, market.read, info)
            bars = market.read(executor.state.summary.last_time)
        ending = run(
            executor,
            bars,
            stop,
            commit_every=GROUP if play.clock is None else 1,
            bars_per_second=play.bars_per_second,
            progress=progress,
        )
    return ending, executor.state.summary
