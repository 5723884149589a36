"""The head and the end of a story that is told after the fact."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct, field

from livestory.story.kinds.base import Facts, Group, Kind, Retelling, Tone, has
from livestory.story.results import Benchmark, CurrencyResult, OpenPosition
from livestory.story.standing import BreakerDistance, Health, Record
from livestory.story.wording import numbers, performance, standing
from livestory.story.wording.columns import Words
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

# What is lacking, and what therefore stays untold or is told otherwise.
_LACKING = {
    "wealth": "no wealth in it: no records, drawdowns or returns",
    "price": "no price: nothing of what holding would have made",
    "regime": "no regime or score: no regime switches",
    "halted": "no halted flag: no trips and resumes",
    "fill": "no fills: no trades",
    "flow": "no flows: deposits and withdrawals pass for gains and losses",
    "next_due": "no times at which rows are due: no data gaps",
    "no_trade_reason": "no reasons: not why nothing was traded",
}


_NAMED = 5  # columns that the head names


class Retold(Facts, frozen=True, kw_only=True, tag="retold"):
    """The head of a story that is told after the fact: what it was read from, and what that does not hold."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("📼", "Retold", "from {source:text}"),),
        group=Group.RUNNING,
        tone=Tone.DIM,
        retelling=Retelling.ANEW,
    )

    source: str
    rows: int = 0
    first: int | None = None
    last: int | None = None
    in_order: bool = True  # the rows stood in the order of their times
    repeated: int = 0  # rows left out, because an earlier one has their time
    lacking: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()  # "regime", "halted", "exposure", "position"
    breaker: float | None = None  # from which halts were inferred, as a positive share
    threshold: float | None = None  # from which regimes were inferred
    hysteresis: float | None = None
    read_as: str | None = None  # the shape of a table, and who writes such ones
    left_out: tuple[str, ...] = ()  # rows, each with why, in words
    assumed: tuple[str, ...] = ()  # how the table was read where it does not say it
    doubts: tuple[str, ...] = ()  # what can hardly be
    unused: tuple[str, ...] = ()  # columns
    compacted: int | None = None  # the instant before which hourly extremes are left of a journal's observations

    def why(self, _time: int, /) -> Iterable[str]:
        if self.first is not None and self.last is not None:
            yield f"{numbers.count(self.rows, 'row')}, {numbers.minute(self.first)} to {numbers.minute(self.last)}"
        if self.read_as is not None:
            yield f"read as {escape(self.read_as)}"
        yield from map(escape, self.doubts)
        if not self.in_order:
            yield "the rows were out of order and were sorted by time"
        if self.repeated:
            yield f"{numbers.count(self.repeated, 'row')} left out, since an earlier one has the same time"
        yield from map(escape, self.left_out)
        yield from map(escape, self.assumed)
        yield _compacted(self.compacted)
        yield from self._inferred()
        inferred = {"fill"} if "exposure" in self.inferred else set()
        if inferred:
            yield "no fills in it: a change of target weight is told as exposure, not as a trade"
        for name in self.lacking:
            if name not in inferred:
                yield _LACKING.get(name, "")
        if self.unused:
            more = f" and {len(self.unused) - _NAMED} more" if len(self.unused) > _NAMED else ""
            yield f"columns not used: {', '.join(escape(name) for name in self.unused[:_NAMED])}{more}"
        yield "times are UTC"

    def _inferred(self) -> Iterable[str]:
        if "regime" in self.inferred and self.threshold is not None and self.hysteresis is not None:
            upper, lower = self.threshold + self.hysteresis, self.threshold - self.hysteresis
            bounds = f"TREND from {numbers.score(upper)}, MEAN_REV below {numbers.score(lower)}"
            yield f"regimes inferred from the score: {bounds}"
        if "halted" in self.inferred and self.breaker is not None:
            yield (
                f"halts inferred: tripped where the target is 0 at {numbers.percent(-self.breaker)} or deeper, "
                "resumed at the next exposure"
            )
        if "position" in self.inferred:
            yield "position is how much is held, not a target weight: no changes of exposure"


class RegimeTime(Struct, frozen=True, omit_defaults=True):
    """How long a regime lasted in all."""

    regime: str
    lasted: int


class Summary(Facts, frozen=True, kw_only=True, tag="summary"):
    """A story that is told to its end, in numbers."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🏁", "In All", "{change:percent} to {wealth:wealth}{unit:asset}", has("change", "wealth")),
            Words("🏁", "In All", "no wealth told", lambda facts: facts.wealth is not None or not facts.results),
            Words("🏁", "In All", "{closed:text}"),
        ),
        group=Group.RUNNING,
        tone=Tone.CHAPTER,
        retelling=Retelling.ANEW,
    )

    start: int
    end: int
    wealth: float | None = None
    unit: str | None = None
    change: float | None = None  # return of the unit value: deposits and withdrawals left out
    holding: float | None = None  # return of the base asset, had it been held
    base: str | None = None
    deepest: float | None = None  # below the highest unit value before it
    deepest_from: int | None = None
    deepest_at: int | None = None
    buys: int = 0
    sells: int = 0
    fees: Decimal = Decimal(0)
    exposures: int | None = None  # changes of it, where nothing tells of fills
    trades_known: bool = True  # whether there was anything to hear of trades
    regimes: tuple[RegimeTime, ...] = ()
    halts: int | None = None  # None where the table does not say
    halted: int = 0
    flow: float = 0.0
    best: float | None = None
    best_month: int | None = None
    worst: float | None = None
    worst_month: int | None = None
    # Of a bot that trades several symbols, or short, or knows no wealth:
    results: tuple[CurrencyResult, ...] = ()
    fees_by_asset: dict[str, Decimal] = field(default_factory=dict)
    funding: dict[str, Decimal] = field(default_factory=dict)  # received less paid
    began: float | None = None  # as in a chapter
    open: tuple[OpenPosition, ...] = ()
    benchmark: Benchmark | None = None  # where it is asked for
    to_breaker: BreakerDistance | None = None
    record: Record | None = None  # the one to beat
    health: Health | None = None
    gone: int = 0  # rows at the end whose wealth is not above 0, which is not believed

    @property
    def closed(self) -> str:
        """How many trades were closed and what that came to, each currency for itself."""
        return performance.closed(self.results)

    def why(self, _time: int, /) -> Iterable[str]:
        yield f"{numbers.minute(self.start)} to {numbers.minute(self.end)}"
        yield _gone(self.gone)
        if self.holding is not None and self.base:
            yield f"holding {escape(self.base)}: {numbers.percent(self.holding)}"
        yield performance.benchmark(self.benchmark)
        if self.deepest is not None and self.deepest_from is not None and self.deepest_at is not None:
            span = f"{numbers.minute(self.deepest_from)} to {numbers.minute(self.deepest_at)}"
            yield f"max drawdown {numbers.percent(self.deepest)} ({span})"
        if self.exposures is not None:
            yield numbers.count(self.exposures, "change") + " of exposure"
        elif self.buys or self.sells:
            fees = f"fees {numbers.wealth(self.fees, self.unit)}" if self.fees else performance.fees(self.fees_by_asset)
            counts = numbers.count(self.buys, "buy"), numbers.count(self.sells, "sell")
            yield ", ".join(filter(None, (*counts, fees)))
        elif self.trades_known:
            yield "no trade"
        known = self.wealth is not None
        yield from performance.performance(
            self.results, wealth_known=known, began=self.began, unit=self.unit, headed=not known
        )
        yield performance.funding(self.funding, self.results)
        yield performance.open_positions(self.open)
        yield _regimes(self)
        if self.halts:
            yield f"{numbers.count(self.halts, 'halt')}, {numbers.duration(self.halted)} in all"
        elif self.halts is not None:
            yield "never halted"
        if self.flow:
            name = "deposits" if self.flow > 0 else "withdrawals"
            yield f"{name} {numbers.wealth(abs(self.flow), self.unit)} left out"
        if (
            self.best is not None
            and self.best_month is not None
            and self.worst is not None
            and self.worst_month is not None
        ):
            best = f"{numbers.month(self.best_month)} {numbers.percent(self.best)}"
            yield f"best month {best}, worst month {numbers.month(self.worst_month)} {numbers.percent(self.worst)}"
        yield from standing.distances(self.to_breaker, self.record, self.wealth, self.unit, self.end)
        yield from standing.health(self.health, flow=self.flow)


def _compacted(until: int | None) -> str:
    if until is None:
        return ""
    rest = "the lines up to then stand as they were told"
    return f"before {numbers.minute(until)} only hourly extremes of the observations are left: {rest}"


def _gone(rows: int) -> str:
    return f"wealth is not above 0 in the last {numbers.count(rows, 'row')}: all may be lost" if rows else ""


def _regimes(f: Summary) -> str:
    total = sum(each.lasted for each in f.regimes)
    shares = (f"{escape(each.regime)} {numbers.weight(each.lasted / total)}" for each in f.regimes) if total else ()
    return ", ".join(shares)
