"""Bars through the executor into a story: what `livestory demo` and `livestory run` have in common."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from msgspec import MsgspecError
from msgspec.structs import replace

from livestory.cli.metrics_port import exposed
from livestory.cli.mode import wait_until_fine
from livestory.config import Configuration
from livestory.errors import JournalError
from livestory.outlets.terminal import TerminalPrinter
from livestory.story.files.bars_file import BarRow, BarsFile
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.trading.bar_loop import GROUP, Ending, run
from livestory.trading.executor import Executor
from livestory.trading.joining import bars_to_warm, joined
from livestory.trading.market.candles import ExchangeCandles
from livestory.trading.session import STATE, RunInfo
from livestory.trading.state import ExecutorState, strategy_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from livestory.clock import Clock
    from livestory.story.files.layout import Layout
    from livestory.trading.exchange.ccxt_spot import CcxtSpot
    from livestory.trading.market.bar import Bar, Market
    from livestory.trading.state import Summary


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
    stop_when_output_closed: bool = False  # it ends once nobody reads standard output any more
    exchange: CcxtSpot | None = None  # where orders go; None: the account is on paper
    attach: Callable[[Executor], object] = lambda _: None  # whoever gives the executor the time between bars

    @property
    def unit(self) -> str:
        """What wealth is counted in: the quote asset, unless the configuration names it."""
        return self.settings.bot.unit or self.market.symbol.partition("/")[2]


def hysteresis_kept(layout: Layout) -> Configuration:
    """The defaults, but for the regime's hysteresis: a story keeps its own until the configuration names another."""
    try:
        with JournalReader.open(layout.db) as reader:
            saved = reader.state(STATE)
        told = None if saved is None else strategy_told(saved)
    except (JournalError, MsgspecError):  # whoever goes on with it says so
        told = None
    usual = Configuration()
    if told is None:
        return usual
    regime = replace(usual.strategy.regime, hysteresis=told.regime.hysteresis)
    return replace(usual, strategy=replace(usual.strategy, regime=regime))


def play(play: Play, stop: Event, progress: Callable[[int], None] = lambda _: None) -> tuple[Ending, Summary]:
    """Tell the bars until they run out or ``stop`` is set; go on from where the story stands.

    Raises LivestoryError and OSError; what was committed until then is kept.
    """
    settings, paper = play.settings, None if play.exchange is not None else play.settings.paper
    fresh = ExecutorState.fresh(settings.bot.name, settings.strategy, settings.risk, paper)
    with exposed(play.layout, play.settings.metrics), _story(play, stop) as story:
        if play.exchange is not None and not wait_until_fine(play.exchange, settings, stop):
            return Ending.STOPPED, fresh.summary
        executor, bars = _executor(play, fresh, story, stop)
        with BarsFile(play.layout.bars, executor.state.summary.last_time) as kept:
            ending = run(
                executor,
                _written(bars, kept),
                stop,
                commit_every=GROUP if play.clock is None else 1,
                bars_per_second=play.bars_per_second,
                progress=progress,
            )
    return ending, executor.state.summary


def _written(bars: Iterator[Bar], kept: BarsFile) -> Iterator[Bar]:
    """The bars as they come, each written down for those who look at the story."""
    for bar in bars:
        kept.add(BarRow(bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume))
        yield bar


@contextmanager
def _story(play: Play, stop: Event) -> Iterator[SynchronousWriter]:
    """The story that is told, on standard output too where it is played aloud."""
    settings, market = play.settings, play.market
    identity = Identity(
        bot=settings.bot.name,
        mode=play.mode,
        symbol=market.symbol,
        unit=play.unit,
        bars=market.digest,
        exchange=None if play.exchange is None else settings.bot.exchange,
    )
    with SynchronousWriter(
        play.layout.text, identity, settings.story, keep_days=play.keep_days, clock=play.clock
    ) as story:
        story.narrator.is_known_in_part()  # a bot of one strategy reports no regime, and its rules say so
        if play.aloud and sys.stdout is not None:
            when_closed = stop.set if play.stop_when_output_closed else lambda: None
            story.subscribe(TerminalPrinter(sys.stdout, when_closed=when_closed))
        yield story


def _executor(
    play: Play, fresh: ExecutorState, story: SynchronousWriter, stop: Event
) -> tuple[Executor, Iterator[Bar]]:
    """The bot, and the bars that it hears: those that close from now on, or those of the past that it lacks."""
    settings, market = play.settings, play.market
    info = RunInfo(
        mode=play.mode,
        market=play.origin,
        base=market.symbol.partition("/")[0],
        unit=play.unit,
        symbol=market.symbol,
        exchange=None if play.exchange is None else settings.bot.exchange,
        ath_min_gain=settings.story.ath_min_gain,
        clock=play.clock,
        patience=settings.market.patience,
    )
    if not isinstance(market, ExchangeCandles) or play.clock is None:
        executor = Executor(fresh, story, market.read, info)
        return executor, market.read(executor.state.summary.last_time)
    heard, ahead = story.narrator.account.last, 0 if play.exchange is None else play.exchange.clock_ahead
    now, needed = play.clock.now() - ahead, bars_to_warm(fresh.strategy)
    before = now if heard is None else heard.time
    executor = Executor(fresh, story, lambda: market.history(before, needed), info, play.exchange, settings.orders)
    play.attach(executor)
    return executor, joined(executor, market, now, needed, stop, play.exchange)
