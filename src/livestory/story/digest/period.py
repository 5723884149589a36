"""What happened in a period, gathered from the facts of its events; no sentence is made here."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from livestory.story.detectors.chapters import NoTradeTally
from livestory.story.digest.extremes import Extremes, Warned
from livestory.story.inputs import Observation
from livestory.story.kinds import lifecycle, money, telling
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.exchange import OrderUnknown
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.retold import Summary
from livestory.story.kinds.risk import (
    BreakerTripped,
    DailyLimit,
    Halted,
    LiquidationNear,
    LiquidationOver,
    Phoenix,
    SellStuck,
    Unhalted,
)
from livestory.story.kinds.trades import Trade
from livestory.story.results import Benchmark, CurrencyResult, OpenPosition, Results, TradeGist, TradeTally
from livestory.story.spans import begins, halt_reason
from livestory.story.troubles import ENDS
from livestory.story.unit_value import return_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.kinds.base import Facts
    from livestory.story.spans import HaltFacts

_BEGINNINGS = frozenset(pair.trouble for pair in ENDS.values())


class Span(NamedTuple):
    """A period: what happened after ``start``, up to and with ``end``, as a chapter counts it."""

    name: str  # "day", "week", "month", "year", or "" for any other
    start: int
    end: int


class DatedFacts(NamedTuple):
    """A fact and the instant at which it was told."""

    time: int
    facts: Facts


class ToldHalt(Struct):
    """A halt from its beginning to its end, as far as the period holds them."""

    reason: str
    began: DatedFacts | None = None  # None: before the period
    sold: Trade | TradeGist | None = None  # the last sale that it made
    ended: DatedFacts | None = None  # None: it goes on

    @property
    def lasted(self) -> int | None:
        """The length of the halt; None if it goes on, or if its length is unknown."""
        facts = self.ended.facts if self.ended else None
        return facts.halted if isinstance(facts, Phoenix | Unhalted) else None


class Trading(TradeTally):
    """What was traded, and why it was bought."""

    with_trend: int = 0  # purchases, where livestory's own strategies say so
    on_dips: int = 0
    carried: int = 0  # round trips that ended in the period and began before it
    several: bool = False  # of another symbol than the story's own, or short

    def hear(self, trade: Trade | TradeGist) -> None:
        """Count a trade by its side, its reason and what came of it."""
        super().hear(trade)
        self.several = self.several or trade.symbol is not None or trade.short
        if trade.side == "buy" and trade.reason is not None:
            self.with_trend += trade.reason.key.startswith("trend")
            self.on_dips += trade.reason.key.startswith("dip")


class Period(Struct):
    """A period's events by what they are to its owner. `gather` fills it."""

    span: Span
    symbol: str | None
    unit: str | None
    change: float | None = None  # return of the unit value: deposits and withdrawals left out
    holding: float | None = None  # return of the base asset, had it been held
    wealth: float | None = None  # at its end
    earned: float | None = None  # in money, as its chapter tells it
    since: int | None = None  # from where it counts, where that is not its start
    at_end: Observation | None = None
    entry: Decimal | None = None  # of what was held then, of the story's own symbol
    whole: Chapter | Summary | None = None  # what told it as a whole, where something did
    days: list[Chapter] = field(default_factory=list)
    trading: Trading = field(default_factory=Trading)
    extremes: Extremes = field(default_factory=Extremes)
    warned: list[Warned] = field(default_factory=list)  # of liquidation
    held: tuple[OpenPosition, ...] = ()  # at its end, of a bot with several symbols, shorts or no wealth
    total: tuple[CurrencyResult, ...] = ()  # its results since the start
    began: float | None = None  # what it said that it began with, where no wealth is known
    since_start: float | None = None  # return of the unit value
    benchmark: Benchmark | None = None
    halts: list[ToldHalt] = field(default_factory=list)
    records: list[DatedFacts] = field(default_factory=list)
    limits: list[DatedFacts] = field(default_factory=list)  # days that the daily loss limit held
    flows: list[DatedFacts] = field(default_factory=list)
    rules: list[DatedFacts] = field(default_factory=list)  # that changed
    troubles: list[DatedFacts] = field(default_factory=list)
    ends: list[DatedFacts] = field(default_factory=list)  # of troubles, with how long they lasted
    open: dict[str, DatedFacts] = field(default_factory=dict)  # troubles without an end
    stopped: DatedFacts | None = None

    @property
    def base(self) -> str | None:
        """The asset that the story's symbol trades."""
        if self.symbol:
            return self.symbol.partition("/")[0]
        return self.whole.base if self.whole is not None else None

    @property
    def quote(self) -> str | None:
        """The asset that the story's symbol is priced in."""
        return self.symbol.partition("/")[2].partition(":")[0] if self.symbol else None

    @property
    def closed(self) -> Results:
        """What its trades came to."""
        return self.trading.results

    @property
    def is_portfolio(self) -> bool:
        """Return True if the bot traded several symbols or short, or knows no wealth."""
        return self.trading.several or bool(self.held) or (self.wealth is None and bool(self.results))

    @property
    def halted(self) -> ToldHalt | None:
        """The halt that goes on at its end; of several the last."""
        return next((halt for halt in reversed(self.halts) if not halt.ended), None)

    def halted_after(self, halt: ToldHalt) -> bool:
        """Whether another halt went on when this one ended."""
        at = halt.ended.time if halt.ended else self.span.end
        others = (each for each in self.halts if each is not halt)
        return any(
            (not each.began or each.began.time <= at) and (not each.ended or each.ended.time > at) for each in others
        )

    @property
    def wholly_halted(self) -> bool:
        """Return True if a halt that began before the period went on through all of it."""
        return not self.halts and self.at_end is not None and self.at_end.halted is True

    @property
    def results(self) -> tuple[CurrencyResult, ...]:
        """What closing earned: as what told the period as a whole says, else by its trades."""
        return self.whole.results if self.whole is not None else self.closed.told(self.closed)

    def no_trade(self) -> NoTradeTally:
        """Why nothing was traded in it, as its days told it."""
        tally = NoTradeTally()
        for day in self.days:
            for count in day.no_trade:
                tally.add(count.nearest, count.bars)
        return tally

    def take(self, time: int, facts: Facts | TradeGist) -> None:
        """Take what was told at that instant, in the order told."""
        if isinstance(facts, _TRADES):  # first: of these there may be a hundred thousand
            self._traded(time, facts)
            return
        told = DatedFacts(time, facts)
        if isinstance(facts, Chapter):
            self._chapter(facts)
        elif isinstance(facts, Summary):
            self.whole = facts
        elif isinstance(facts, LiquidationNear):
            self.warned.append(Warned(time, facts))
        elif isinstance(facts, LiquidationOver):
            self._far_again(facts)
        elif isinstance(facts, money.FundingPaid):
            self.closed.fund(facts)
        elif isinstance(facts, BreakerTripped | Halted | Phoenix | Unhalted):
            self._halt(told, facts)
        elif isinstance(facts, lifecycle.Started | lifecycle.Resumed | lifecycle.Stopped):
            self._came_or_went(told)
        else:
            self._trouble(told)
            kept = self._kept(facts)
            if kept is not None:
                kept.append(told)

    def _kept(self, facts: Facts) -> list[DatedFacts] | None:
        """Where facts of a kind that needs no more than to be remembered are."""
        match facts:
            case AllTimeHigh():
                return self.records
            case DailyLimit():
                return self.limits
            case money.CashFlow():
                return self.flows
            case lifecycle.RulesChanged():
                return self.rules
            case _:
                return None

    def _chapter(self, chapter: Chapter) -> None:
        if chapter.period == "day" and (chapter.start >= self.span.start or not self.span.end):
            self.days.append(chapter)  # not one before it that was told late
        if chapter.period == self.span.name and chapter.end == self.span.end:
            self.whole = chapter
            self.since = chapter.since

    def _far_again(self, over: LiquidationOver) -> None:
        for place, each in enumerate(self.warned):
            if each.near.symbol == over.symbol and each.over is None:
                self.warned[place] = each._replace(over=over)

    def _halt(self, told: DatedFacts, facts: HaltFacts) -> None:
        if begins(facts):
            self.halts.append(ToldHalt(halt_reason(facts), began=told))
            return
        self._going_on(halt_reason(facts)).ended = told
        if isinstance(facts, Phoenix | Unhalted) and facts.still:
            self._going_on(facts.still)

    def _going_on(self, reason: str) -> ToldHalt:
        """The halt for that reason that goes on, or the last one where none is given; it may have begun before."""
        going_on = [each for each in self.halts if not each.ended]
        going_on = [each for each in going_on if each.reason == reason] or ([] if reason else going_on)
        if not going_on:
            going_on = [ToldHalt(reason)]
            self.halts += going_on
        return going_on[-1]

    def _came_or_went(self, told: DatedFacts) -> None:
        self.stopped = told if isinstance(told.facts, lifecycle.Stopped) else None
        if isinstance(told.facts, lifecycle.Resumed) and told.facts.away:
            self.troubles.append(told)

    def _trouble(self, told: DatedFacts) -> None:
        kind = type(told.facts)
        if kind in _BEGINNINGS or kind in _PASSING:
            self.troubles.append(told)
        if kind in _BEGINNINGS or kind is SellStuck:
            self.open[kind.__name__] = told
        elif kind in ENDS:
            self.open.pop(ENDS[kind].trouble.__name__, None)
            self.ends.append(told)

    def _traded(self, time: int, trade: Trade | TradeGist) -> None:
        """Count a trade, and take what it says of a halt that goes on, or of an order in doubt."""
        self.trading.hear(trade)
        if trade.trip is not None:
            self.extremes.take(time, trade.trip, self.symbol)
            self.trading.carried += trade.trip.result is not None and (trade.trip.opened or inf) <= self.span.start
        if trade.found == "asked":
            self.open.pop(OrderUnknown.__name__, None)
        if trade.side == "sell":
            self.open.pop(SellStuck.__name__, None)
            if self.halts and self.halted is not None:
                self.halted.sold = trade


_PASSING = frozenset(
    {
        money.DataGap,
        money.ReadingRefused,
        telling.StoryLate,
        telling.AlertsGivenUp,
        telling.JournalSetAside,
        telling.ClockMoved,
    }
)
"""Troubles that have no end of their own."""


_TRADES = (Trade, TradeGist)
_SAID: set[type[Facts]] = {Trade, Chapter, AllTimeHigh, DailyLimit, SellStuck, LiquidationNear, LiquidationOver}
_SAID |= {BreakerTripped, Halted, Phoenix, Unhalted, lifecycle.Started, lifecycle.Resumed, lifecycle.Stopped}
_SAID |= {Summary, lifecycle.RulesChanged, money.CashFlow, money.FundingPaid}
HEARD = frozenset(str(kind.__struct_config__.tag) for kind in _SAID | _BEGINNINGS | ENDS.keys() | _PASSING)
"""The kinds of which a sentence may be made: of others a period takes nothing."""


def gather(period: Period, events: Iterable[tuple[int, Facts | TradeGist]], before: Observation | None) -> Period:
    """Fill a period from its events, in the order told; ``before`` is the last observation before it, or its first."""
    for time, facts in events:
        period.take(time, facts)
    _measure(period, before, period.at_end)
    return period


def _measure(period: Period, before: Observation | None, last: Observation | None) -> None:
    """What the period came to: as its chapter tells it, else from the wealth at its ends and its flows."""
    whole = period.whole
    if whole is not None:
        period.change, period.holding, period.wealth = whole.change, whole.holding, whole.wealth
        period.held, period.began, period.benchmark = whole.open, whole.began, whole.benchmark
        if isinstance(whole, Chapter):
            period.total, period.since_start, period.earned = whole.results, whole.since_start, whole.earned
        return
    if last is None:
        return
    period.wealth = last.wealth
    if before is None or before is last:
        return
    period.since = before.time if before.time > period.span.start else None
    if before.price and last.price is not None:
        period.holding = return_of(before.price, last.price)
    period.change = _change(period.flows, before, last)


def _change(flows: Iterable[DatedFacts], before: Observation, last: Observation) -> float | None:
    """The return between two observations without the flows between them; None where a wealth is not known."""
    grown, opened = 1.0, before.wealth
    for each in flows:
        flow = each.facts
        if not isinstance(flow, money.CashFlow):
            continue
        if each.time <= before.time and flow.wealth_before != before.wealth:
            continue  # it is in the wealth that the period begins with
        if not opened or not flow.wealth_before or not flow.wealth_after:
            return None
        grown, opened = grown * flow.wealth_before / opened, flow.wealth_after
    return grown * last.wealth / opened - 1.0 if opened and last.wealth is not None else None
