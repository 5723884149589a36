"""The key moments of a story: at most nine, found by rules that anybody can check (docs/figures.md).

A rule finds one moment or none. They are asked in the order of `RULES`, until nine are found; two of one day and one
line are one moment with both titles. Each says what holding the base asset did meanwhile, where that is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.story.review.performance import Change, day_of
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livestory.story.review.review import Review
    from livestory.story.review.round_trips import TripRow

MOST = 9


class Moment(Struct, frozen=True, kw_only=True):
    """A moment that a reader should see. Shares are fractions, None is unknown."""

    rule: str
    time: int
    seq: int | None  # of the line that tells it
    title: str
    told: str  # a few words
    since: int | None = None  # from when it is measured
    change: float | None = None  # what it measures
    holding: float | None = None  # what holding did from ``since`` to ``time``


def key_moments(review: Review) -> tuple[Moment, ...]:
    """The moments that the rules find, in the order of time."""
    found: list[Moment] = []
    for rule in RULES.values():
        for moment in rule(review):
            _add(found, moment)
    return tuple(sorted(found[:MOST], key=lambda moment: moment.time))


def _add(found: list[Moment], moment: Moment) -> None:
    for place, other in enumerate(found):
        if day_of(other.time) == day_of(moment.time) and other.seq == moment.seq:
            title = f"{other.title}; {moment.title[0].lower()}{moment.title[1:]}"
            found[place] = replace(other, title=title)
            return
    found.append(moment)


def _trip(review: Review) -> Iterable[Moment]:
    """The breaker's trip at the deepest drawdown."""
    trips = [each for each in review.halts if each.breaker and each.drawdown is not None]
    if trips:
        worst = min(trips, key=lambda each: each.drawdown or 0.0)
        many = f", one of {len(trips)}" if len(trips) > 1 else ""
        yield Moment(
            rule="trip", time=worst.began, seq=worst.seq, title="Safety breaker tripped",
            told=f"{numbers.percent(worst.drawdown or 0.0)} from the peak{many}", since=worst.peak_time,
            change=worst.drawdown, holding=_change(worst.peak_price, worst.price),
        )  # fmt: skip


def _halt(review: Review) -> Iterable[Moment]:
    """The longest halt: where it ended, or where it began, if it goes on."""
    halts = list(review.halts)
    if not halts:
        return
    longest = max(halts, key=lambda each: (each.ended or review.last) - each.began)
    if longest.ended is not None:
        yield Moment(
            rule="halt", time=longest.ended, seq=longest.end_seq, since=longest.began,
            title="Traded again" if len(halts) == 1 else "End of the longest halt",
            told=f"halted {numbers.duration(longest.ended - longest.began)}",
            holding=_change(longest.price, longest.end_price),
        )  # fmt: skip
    elif not longest.breaker or longest.drawdown is None:
        yield Moment(rule="halt", time=longest.began, seq=longest.seq, title="Halted", told="it goes on")


def _worst_day(review: Review) -> Iterable[Moment]:
    """The day that lost most."""
    yield from _day(review, "worst_day", "Worst day", min, lambda day: day.change, losing=True)


def _best_day(review: Review) -> Iterable[Moment]:
    """The day that gained most."""
    yield from _day(review, "best_day", "Best day", max, lambda day: day.change, losing=False)


def _behind(review: Review) -> Iterable[Moment]:
    """The day that lost most against holding."""
    yield from _day(review, "behind", "Furthest behind holding in a day", min, lambda day: day.ahead, losing=True)


def _ahead(review: Review) -> Iterable[Moment]:
    """The day that gained most against holding."""
    yield from _day(review, "ahead", "Furthest ahead of holding in a day", max, lambda day: day.ahead, losing=False)


def _record(review: Review) -> Iterable[Moment]:
    """The high that is to be beaten, where a record was told; the last one told may be lower."""
    told, first, highest = review.record, review.performance.first, review.performance.highest
    if told is not None and first is not None and highest is not None:
        change = _change(first.value, highest.value)
        same_day = day_of(told.time) == day_of(highest.time)
        yield Moment(
            rule="record", time=highest.time, seq=told.seq if same_day else review.line_of_day(highest.time),
            title="The record", told=f"{numbers.percent(change)} since the start" if change is not None else "",
            since=first.time, change=change, holding=_change(first.price, highest.price),
        )  # fmt: skip


def _deepest(review: Review) -> Iterable[Moment]:
    """The lowest point of the deepest drawdown."""
    fall = review.performance.deepest
    if fall is not None:
        over = "" if fall.over is not None else ", not made up for yet"
        yield Moment(
            rule="deepest", time=fall.lowest, seq=review.line_of_day(fall.lowest), title="Deepest drawdown",
            told=f"{numbers.percent(fall.drawdown)} from the high of {numbers.stamp(fall.since)[:10]}{over}",
            since=fall.since, change=fall.drawdown, holding=_change(fall.price, fall.low_price),
        )  # fmt: skip


def _best_trade(review: Review) -> Iterable[Moment]:
    """The trade that earned most."""
    yield from _trade(review, "best_trade", "Best trade", review.trips.best, losing=False)


def _worst_trade(review: Review) -> Iterable[Moment]:
    """The trade that lost most."""
    yield from _trade(review, "worst_trade", "Worst trade", review.trips.worst, losing=True)


def _day(  # noqa: PLR0913 - what makes the rules of days differ
    review: Review,
    rule: str,
    title: str,
    best: Callable[..., Change],
    measured: Callable[[Change], float | None],
    *,
    losing: bool,
) -> Iterable[Moment]:
    days = [day for day in review.performance.days() if measured(day) is not None]
    if len(days) < 2:  # noqa: PLR2004 - of one day there is no best
        return
    day = best(days, key=measured)
    by = measured(day)
    if not by or (by < 0) is not losing:
        return
    yield Moment(
        rule=rule, time=day.end, seq=review.line_of_day(day.end), title=title, told=numbers.percent(day.change),
        since=day.start, change=day.change, holding=day.holding,
    )  # fmt: skip


def _trade(review: Review, rule: str, title: str, row: TripRow | None, *, losing: bool) -> Iterable[Moment]:
    if row is not None and review.trips.count > 1 and row.result and (row.result < 0) is losing:
        symbol = f"{row.symbol}: " if row.symbol and row.symbol != review.symbol else ""
        priced = row.entry and row.exit and not review.several
        yield Moment(
            rule=rule, time=row.closed, seq=row.seq, title=title, told=symbol + row.told, since=row.opened,
            change=row.share, holding=_change(row.entry, row.exit) if priced else None,
        )  # fmt: skip


RULES: dict[str, Callable[[Review], Iterable[Moment]]] = {
    "trip": _trip,
    "halt": _halt,
    "worst_day": _worst_day,
    "ahead": _ahead,
    "behind": _behind,
    "record": _record,
    "deepest": _deepest,
    "best_trade": _best_trade,
    "worst_trade": _worst_trade,
    "best_day": _best_day,
}
"""The rules in the order in which they are asked."""


def _change(before: float | None, after: float | None) -> float | None:
    return after / before - 1.0 if before and after is not None else None
