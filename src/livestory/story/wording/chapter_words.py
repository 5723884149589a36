"""The words of a chapter: return against holding, counts, fees, deepest drawdown, then the exceptional."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.reasons import counted
from livestory.story.wording.rule_words import near_breaker
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.events import Chapter


def chapter(f: Chapter, time: int) -> Iterable[str]:
    """The fourth column of a chapter told at ``time``."""
    if time != f.end:
        yield f"told late: it ended {numbers.moment(f.end, time)}"
    yield _since(f)
    yield _bridge(f)
    if f.holding is not None and f.base:
        yield f"holding {escape(f.base)}: {numbers.percent(f.holding)}"
    halted_throughout = f.halted >= f.end - f.start
    if halted_throughout:
        yield f"HALTED all {f.period}"
    if f.buys or f.sells or not halted_throughout:
        yield _trades(f)
    if f.deepest:
        yield f"deepest {numbers.percent(f.deepest)}{_span(f)}"
    yield ", ".join(_extremes(f))
    trips = [numbers.count(f.trips, "trip")] if f.trips else []
    halted = [f"halted {numbers.duration(f.halted)}"] if f.halted and not halted_throughout else []
    yield ", ".join(trips + halted)
    yield near_breaker(f.drawdown, f.limit)
    if f.trend_share is not None:
        yield f"TREND {numbers.weight(f.trend_share)}"
    elif f.regime:
        yield escape(f.regime)


def _extremes(f: Chapter) -> Iterable[str]:
    """The best and the worst day; one on which nothing moved is neither."""
    if f.best and f.best_day is not None:
        yield f"best {_day(f, f.best_day)} {numbers.percent(f.best)}"
    if f.worst and f.worst_day is not None:
        yield f"worst {_day(f, f.worst_day)} {numbers.percent(f.worst)}"


def _since(f: Chapter) -> str:
    if f.since is None:
        return ""
    if f.since < f.start:
        return f"from {numbers.moment(f.since, f.end - 1)}, not heard in between"
    return f"from {numbers.moment(f.since, f.since) if f.period == 'day' else _inside(f, f.since)}"


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
        return ", ".join([*counts, *([f"fees {numbers.wealth(f.fees, f.unit)} {escape(f.unit)}"] if f.fees else [])])
    if f.no_trade:
        return f"no trade in {numbers.count(f.bars, 'bar')}: {counted(f.no_trade)}"
    return "no trade"


def _span(f: Chapter) -> str:
    if f.period == "day" or f.deepest_from is None or f.deepest_at is None:
        return ""
    return f" ({_inside(f, f.deepest_from)} to {_inside(f, f.deepest_at)})"


def _day(f: Chapter, micros: int) -> str:
    return numbers.day(micros)[:3] if f.period == "week" else numbers.day(micros)


def _inside(f: Chapter, micros: int) -> str:
    """An instant beside a chapter: a week's own days need no date."""
    if f.period == "week" and f.start <= micros:
        return f"{numbers.day(micros)[:3]} {numbers.stamp(micros)[11:16]}"
    return numbers.dated(micros, f.start)
