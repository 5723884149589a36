"""What a period came to, and signs of life."""

from __future__ import annotations

from decimal import Decimal
from math import isclose
from typing import TYPE_CHECKING, ClassVar

from msgspec import field

from livestory.clock import DAY
from livestory.story.halt_reasons import ENDED_BY_OWNER
from livestory.story.kinds.base import CHAPTER, QUIET, Facts, Group, Kind, Retelling, Tone, equals, has
from livestory.story.kinds.trades import in_regime
from livestory.story.periods import PERIODS
from livestory.story.reason import BarCount
from livestory.story.reasons import counted
from livestory.story.results import Benchmark, CurrencyResult, OpenPosition
from livestory.story.standing import BreakerDistance, Health, Record
from livestory.story.wording import numbers, performance, standing
from livestory.story.wording.beside import beside
from livestory.story.wording.columns import Words
from livestory.story.wording.text import all_in, escape, of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings


_MOVED = 0.01  # a day, or a fall, that is less is not worth its date in a longer chapter
_DEEP, _STILL = 2, 0.25  # of the move from which a day is shown: a fall that shows it, and a move that is none
_LEAST = {"week": DAY, "month": DAY, "year": 45 * DAY}  # what a chapter holds more than the one that ends with it
_ALIKE = 1e-4
_SIGNS = (1, 3, 7)
"""After how many times the silence that is set a sign of life is shown; the last one again and again."""


def _chapters(symbol: str, headline: str, period: str) -> tuple[Words, ...]:
    return (
        Words(
            symbol, headline, "{change:percent} to {wealth:wealth}{unit:asset}",
            lambda facts: facts.period == period and None not in (facts.change, facts.wealth),
        ),
        Words(
            symbol, headline, "result {result_list:text}",
            lambda facts: facts.period == period and facts.results and facts.wealth is None,
        ),
        Words(
            symbol, headline, "nothing closed",
            lambda facts: facts.period == period and facts.wealth is None and (facts.open or facts.fees_by_asset),
        ),
        Words(symbol, headline, "no wealth told", equals("period", period)),
    )  # fmt: skip


class Chapter(Facts, frozen=True, kw_only=True, tag="chapter"):
    """A day, week, month or year that ended."""

    declared: ClassVar[Kind] = Kind(
        words=(
            *_chapters("📖", "Day: {start:day}", "day"),
            *_chapters("📚", "Week {start:week}", "week"),
            *_chapters("📚", "Month: {start:month}", "month"),
            *_chapters("📚", "Year {start:year}", "year"),
        ),
        group=Group.CHAPTERS,
        tone=Tone.CHAPTER,
        retelling=Retelling.ANEW,
        ruled=True,
        needs=CHAPTER,
    )

    period: str  # "day", "week", "month" or "year"
    start: int
    end: int
    since: int | None = None  # from where it counts, where that is not its start: the story began, or was away, then
    wealth: float | None = None
    wealth_before: float | None = None
    earned: float | None = None  # what the one is more than the other, deposits and withdrawals left out
    unit: str | None = None
    change: float | None = None  # return of the unit value: deposits and withdrawals left out
    holding: float | None = None  # return of the base asset, had it been held
    base: str | None = None
    buys: int = 0
    sells: int = 0
    trades_known: bool = True
    exposures: int = 0  # changes of it, told where trades are not known
    fees: Decimal = Decimal(0)
    deepest: float | None = None
    deepest_from: int | None = None
    deepest_at: int | None = None
    bars: int = 0
    trips: int = 0
    halted: int = 0
    trend_share: float | None = None
    regime: str | None = None
    regime_at_end: str | None = None  # of a week, a month and a year; of a day where the switch was not shown
    regime_since: int | None = None  # that one
    drawdown: float | None = None  # at its end, where that is nearer to the breaker's limit than to the peak
    limit: float | None = None  # of the breaker
    flow: float = 0.0
    best: float | None = None
    best_day: int | None = None
    worst: float | None = None
    worst_day: int | None = None
    best_alike: int = 0  # further days of which the same is told
    worst_alike: int = 0
    no_trade: tuple[BarCount, ...] = ()
    # Of a bot that trades several symbols, or short, or knows no wealth:
    results: tuple[CurrencyResult, ...] = ()
    fees_by_asset: dict[str, Decimal] = field(default_factory=dict)
    funding: dict[str, Decimal] = field(default_factory=dict)  # received less paid
    open: tuple[OpenPosition, ...] = ()
    since_start: float | None = None  # return of the unit value
    started: int | None = None  # from where that counts
    benchmark: Benchmark | None = None  # where it is asked for
    began: float | None = None  # the wealth that the bot said it began with, where none is known since
    unknown_wealth: bool = False  # said once
    unshown: int = 0  # lines since the last chapter of its period, or of a longer one, that was shown
    days_unshown: int = 0  # of a day: of them, days before it
    change_unshown: float | None = None  # their return
    switches: int = 0  # of the regime, since that chapter
    switches_unshown: int = 0  # of them, those that were not shown
    # Of a week, a month and a year:
    held_since_start: float | None = None  # return of the base asset, had it been held
    to_breaker: BreakerDistance | None = None
    halted_since: int | None = None  # where it still is at its end
    record: Record | None = None  # the one to beat
    health: Health | None = None

    @property
    def result_list(self) -> str:
        """What closing came to, each currency for itself."""
        return performance.realised(self.results)

    def shows(self, _time: int, lately: Lately, settings: StorySettings, /) -> bool:
        """A day that moved or fell deep; another where something happened in it that no other line has told.

        A week, a month and a year are shown, but for one that has only just begun with its story.
        """
        least = _LEAST.get(self.period)
        if least is not None:
            return self.since is None or self.since < self.end - least
        moved, deepest = abs(self.change or 0.0), -(self.deepest or 0.0)
        deep = _DEEP * settings.day_moved
        if self._ends_with_a_longer_one:
            return bool(self.trips) or deepest - moved >= deep  # what it came to is in that
        if self.trips or moved >= settings.day_moved or deepest >= deep:
            return True
        if self.change is not None and moved < _STILL * settings.day_moved:
            return lately.troubled and not self._told_by_a_sale(lately)
        traded = self.buys or self.sells or self.exposures
        return bool(traded or self.flow or lately.eventful) and not self._told_by_a_sale(lately)

    @property
    def _ends_with_a_longer_one(self) -> bool:
        """Whether a week's or a month's line stands beside it, and says what it would."""
        whole = self.since is None or self.since < self.start
        return whole and self.end in {PERIODS["week"](self.end)[1], PERIODS["month"](self.end)[1]}

    def _told_by_a_sale(self, lately: Lately) -> bool:
        """Whether its wealth is what the last sale told that left nothing."""
        if self.wealth is None or lately.settled is None:
            return False
        return isclose(self.wealth, lately.settled, rel_tol=_ALIKE)

    def why(self, time: int, /) -> Iterable[str]:
        """What it came to first, then what waits for the owner, then how it came about."""
        if time != self.end:
            yield f"told late: it ended {numbers.moment(self.end, time)}"
        yield _since(self)
        yield _bridge(self)
        if self.period != "day" and not self.told_in_brief:
            yield _earned(self)
        if self.holding is not None and self.base:
            yield f"holding {escape(self.base)}: {numbers.percent(self.holding)}"
        yield performance.benchmark(self.benchmark, said=self.period == "day")
        if self.period != "day":
            yield self._since_start()
        if not standing.is_well(self.health):
            yield from standing.health(self.health, flow=self.flow)
        yield from self._traded()
        yield from self._fallen()
        if self.to_breaker is None:
            yield near_breaker(self.drawdown, self.limit, tripped=self.halted_since is not None)
        time_of_record = self.end if self.period != "week" else None
        yield from standing.distances(self.to_breaker, self.record, self.wealth, self.unit, time_of_record)
        if self.unknown_wealth:
            yield "no wealth is known: results in money" + (", no percent" if self.began is None else "")
        yield _regime(self)
        if standing.is_well(self.health):
            calm = not (self.trips or self.halted)
            yield from standing.health(self.health, calm=calm, flow=self.flow, brief=self.period == "week")
        yield _not_shown(self)

    @property
    def told_in_brief(self) -> bool:
        """Whether it is a week of one symbol: of its trades and days each has a line of its own."""
        return self.period == "week" and self.base is not None and self.wealth is not None

    def _since_start(self) -> str:
        since = standing.since_start(self.since_start, self.held_since_start, self.base)
        return since + performance.held_since(self.benchmark) if since else ""

    def _traded(self) -> Iterable[str]:
        """What was traded, how it closed and what is open."""
        if self._halted_throughout or self.halted_since is not None:
            since = f"since {_inside(self, self.halted_since)}" if self.halted_since is not None else ""
            yield " ".join(filter(None, ("HALTED", f"all {self.period}" * self._halted_throughout, since)))
        if self.buys or self.sells or not self._halted_throughout:
            yield _trades(self)
        if self.told_in_brief:
            yield from performance.won_and_lost(self.results)
        else:
            yield from performance.performance(
                self.results, wealth_known=self.wealth is not None, began=self.began, unit=self.unit
            )
        yield performance.funding(self.funding, self.results)
        yield performance.open_positions(self.open)

    def _fallen(self) -> Iterable[str]:
        """How deep it fell, its best and its worst day, and how long it was halted."""
        if self.deepest and self.deepest <= self._worth_telling:
            yield f"deepest fall {numbers.percent(self.deepest)}{_span(self)}"
        yield ", ".join(_extremes(self))
        trips = [numbers.count(self.trips, "trip")] if self.trips else []
        halted = [f"halted {numbers.duration(self.halted)}"] if self.halted and not self._halted_throughout else []
        yield ", ".join(trips + halted)

    @property
    def _worth_telling(self) -> float:
        """The fall from which on it is told: of a day where its return does not say as much."""
        if self.period == "day":
            return min(self.change or 0.0, 0.0) - _MOVED / 2
        return -_DEEP * _MOVED if self.period == "week" else 0.0

    @property
    def _halted_throughout(self) -> bool:
        return self.halted >= self.end - self.start


class Quiet(Facts, frozen=True, kw_only=True, tag="quiet"):
    """Nothing was told for a while: a sign of life, and why nothing was traded."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🤫", "Quiet", "{without_news:duration} without news", has("without_news")),
            Words("🤫", "Quiet", "{silence:duration} without news"),
        ),
        group=Group.QUIET,
        tone=Tone.DIM,
        retelling=Retelling.ANEW,
        needs=QUIET,
    )

    silence: int
    bars: int
    halted: bool | None = None
    halt_reason: str | None = None
    resume_at: int | None = None
    resume_score: float | None = None
    score: float | None = None
    position: float | None = None
    base: str | None = None
    quote: str | None = None
    weight: float | None = None
    target_weight: float | None = None
    price: float | None = None
    sold_at: Decimal | None = None
    drawdown: float | None = None  # as in a chapter
    limit: float | None = None
    no_trade: tuple[BarCount, ...] = ()
    open: tuple[OpenPosition, ...] = ()  # as in a chapter
    to_breaker: BreakerDistance | None = None
    entry: Decimal | None = None  # average price of the position
    unit: str | None = None
    regime: str | None = None  # where the switch to it was not shown
    regime_since: int | None = None
    without_news: int | None = None  # of the text, where lines were told in it that are not shown: longer than silence

    def shows(self, time: int, lately: Lately, settings: StorySettings, /) -> bool:
        """After a silence in the text that is long enough, and then ever more seldom; not shortly before a chapter."""
        if lately.news is None:
            return True
        to_chapter = min(PERIODS["week"](time)[1], PERIODS["month"](time)[1]) - time
        if to_chapter <= settings.quiet_shown / 2:
            return False
        signs = lately.signs
        times = _SIGNS[signs] if signs < len(_SIGNS) else _SIGNS[-1] * (signs - len(_SIGNS) + 2)
        return time - lately.news >= settings.quiet_shown * times

    def why(self, time: int, /) -> Iterable[str]:
        held = performance.open_positions(self.open)
        if self.position is not None:
            share = f" ({numbers.weight(self.weight)})" if self.weight is not None else ""
            held = f"{of(numbers.exact(self.position), self.base)}{share}" if self.position else all_in(self.quote)
        if self.halted:
            yield ", ".join(filter(None, ("HALTED", held)))
            yield _waits_for(self, time)
        else:
            yield "trading" if self.halted is not None else ""
            yield held + _wants(self) if held else ""
            yield in_regime(self.regime, self.regime_since, time)
            yield _open_result(self)
            if self.position != 0:  # else nothing can have changed since the sale
                if self.to_breaker is None:
                    yield near_breaker(self.drawdown, self.limit)
                yield from standing.until_breaker(self.to_breaker, self.unit)
        lately = f" in the last {numbers.duration(self.silence)}" if self.without_news is not None else ""
        why = f", no trade: {counted(self.no_trade)}" if self.no_trade and not self.halted else ""
        yield f"{numbers.count(self.bars, 'bar')} read{lately}{why}"
        if self.price is not None:
            sold = (
                f", {numbers.percent(self.price / float(self.sold_at) - 1)} since sold"
                if self.sold_at and self.halted
                else ""
            )
            yield f"price {numbers.exact(self.price)}{sold}"


def _wants(f: Quiet) -> str:
    if f.target_weight is None or (
        f.weight is not None and numbers.weight(f.weight) == numbers.weight(f.target_weight)
    ):
        return ""
    return f", wants {numbers.weight(f.target_weight)}"


def _open_result(f: Quiet) -> str:
    """``open result -1.2% (-0.0039 BTC) from 0.07548``: what is held, at the last price against what it cost."""
    if not f.entry or f.price is None or not f.position:
        return ""
    result = performance.open_result(f.position, f.entry, f.price, f.quote)
    return f"open result {result} from {numbers.mean_price(f.entry)}"


def _waits_for(f: Quiet, time: int) -> str:
    if f.halt_reason in ENDED_BY_OWNER:
        return "waits for you"
    if f.resume_at is not None and f.resume_at > time:
        until = f"waits for {numbers.moment(f.resume_at, time)}"
        if f.resume_score is None:
            return until
        now, limit = (
            beside(f.score, f.resume_score, numbers.score, numbers.bound)
            if f.score is not None
            else ("not known", numbers.bound(f.resume_score))
        )
        return f"{until}, then for score ≥ {limit} (now {now})"
    if f.resume_score is None:
        return ""
    if f.score is None:
        return f"waits for score ≥ {numbers.bound(f.resume_score)}, now not known"
    now, limit = beside(f.score, f.resume_score, numbers.score, numbers.bound)
    return f"waits for score ≥ {limit}, now {now}"


def _extremes(f: Chapter) -> Iterable[str]:
    """The best and the worst day; one on which little moved is neither. Of a week only its last: others have lines."""
    for name, change, day, alike in (
        ("best", f.best, f.best_day, f.best_alike),
        ("worst", f.worst, f.worst_day, f.worst_alike),
    ):
        if change and day is not None and abs(change) >= _MOVED and (f.period != "week" or day + DAY == f.end):
            more = f" and {numbers.whole(alike)} more" if alike else ""
            yield f"{name} day{'s' if alike else ''} {_day(f, day)}{more} {numbers.percent(change)}"


def _since(f: Chapter) -> str:
    if f.since is None:
        return ""
    if f.since < f.start:
        return f"from {numbers.moment(f.since, f.end - 1)}, not heard in between"
    return f"counted from {numbers.moment(f.since, f.since) if f.period == 'day' else _inside(f, f.since)}"


def _not_shown(f: Chapter) -> str:
    """``not shown: the 2 days before (-0.76% together), 3 more lines``: so that a reader's own sum is right."""
    if not f.unshown:
        return ""
    where = " (livestory tail --all)" if f.period in {"month", "year"} else ""
    named = [*_days_not_shown(f), *_switches_not_shown(f)]
    lines = f.unshown - f.days_unshown - f.switches_unshown
    if not named:
        return f"{numbers.count(lines, 'line')} not shown{where}"
    more = "line" if f.told_in_brief else "more line"
    return f"not shown: {', '.join([*named, *([numbers.count(lines, more)] if lines > 0 else [])])}{where}"


def _days_not_shown(f: Chapter) -> Iterable[str]:
    if not f.days_unshown:
        return
    days = "the day before" if f.days_unshown == 1 else f"the {numbers.whole(f.days_unshown)} days before"
    if f.change_unshown is not None:
        days += f" ({numbers.percent(f.change_unshown)}{'' if f.days_unshown == 1 else ' together'})"
    yield days


def _switches_not_shown(f: Chapter) -> Iterable[str]:
    """``3 of 4 regime switches``."""
    if not f.switches_unshown:
        return
    of_all = f"{numbers.whole(f.switches_unshown)} of " if f.switches_unshown < f.switches else ""
    yield of_all + numbers.count(f.switches, "regime switch")


def _earned(f: Chapter) -> str:
    """``lost 0.0184 BTC``: nothing where it is less than is shown."""
    told = numbers.signed_wealth(f.earned or 0.0, f.unit)
    if not told.strip("+-0.,"):
        return ""
    return f"{'gained' if f.earned and f.earned > 0 else 'lost'} {of(told.lstrip('+-'), f.unit)}"


def _bridge(f: Chapter) -> str:
    if not f.flow or f.wealth is None or f.wealth_before is None:
        return ""
    name = "deposit" if f.flow > 0 else "withdrawal"
    balance = f"{numbers.wealth(f.wealth_before, f.unit)} → {numbers.wealth(f.wealth, f.unit)}"
    return f"{balance}, {name} {numbers.wealth(abs(f.flow), f.unit)} left out"


def _trades(f: Chapter) -> str:
    if not f.trades_known:
        return numbers.count(f.exposures, "change") + " of exposure" if f.exposures else ""
    counts = [numbers.count(f.buys, "buy")] if f.buys else []
    counts += [numbers.count(f.sells, "sell")] if f.sells else []
    if counts:
        fees = f"fees {of(numbers.wealth(f.fees, f.unit), f.unit)}" if f.fees else performance.fees(f.fees_by_asset)
        return ", ".join(filter(None, [*counts, fees]))
    if f.no_trade:
        return f"no trade in {numbers.count(f.bars, 'bar')}: {counted(f.no_trade)}"
    return "no trade"


def _regime(f: Chapter) -> str:
    """How long it was in TREND, and in what at its end; of a halt not, in which switches have no effect."""
    if f.halted:
        since = f" since {_inside(f, f.regime_since)}" if f.regime_since is not None else ""
        return f"regime now {escape(f.regime_at_end)}{since}" if f.regime_at_end else ""
    name = "TREND" if f.trend_share == 1 else "MEAN_REV" if f.trend_share == 0 else f.regime
    if name:
        return f"in {escape(name)} all {f.period}"
    if f.trend_share is None:
        return ""
    if f.period == "week" and f.regime_at_end and f.regime_since is not None:
        return f"in {escape(f.regime_at_end)} since {_inside(f, f.regime_since)}"
    at_end = f", now {escape(f.regime_at_end)}" if f.regime_at_end else ""
    if at_end and f.period != "day" and f.regime_since is not None:
        at_end += f" since {_inside(f, f.regime_since)}"
    return f"in TREND {numbers.weight(f.trend_share)} of the time{at_end}"


def _span(f: Chapter) -> str:
    if f.period in {"day", "week"} or f.deepest_from is None or f.deepest_at is None or abs(f.deepest or 0.0) < _MOVED:
        return ""
    return f" ({_inside(f, f.deepest_from)} to {_inside(f, f.deepest_at)})"


def _day(f: Chapter, micros: int) -> str:
    return numbers.day(micros)[:3] if f.period == "week" else numbers.day(micros)


def _inside(f: Chapter, micros: int) -> str:
    """An instant beside a chapter: a week's own days need no date."""
    if f.period == "week" and f.start <= micros:
        return f"{numbers.day(micros)[:3]} {numbers.stamp(micros)[11:16]}"
    return numbers.dated(micros, f.start)


def near_breaker(drawdown: float | None, limit: float | None, *, tripped: bool = False) -> str:
    """How near the breaker is: ``DD -19.7%, breaker at -20.0%``."""
    if drawdown is None or limit is None:
        return ""
    told, trips_at = beside(drawdown, -limit, numbers.percent)
    what = "breaker's limit" if tripped else standing.trips(drawdown, limit)
    return f"DD {told}, {what} {trips_at}"
