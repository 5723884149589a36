"""What the page's chart shows of a time: a curve that a screen can show, and what happened along it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.chart.reduction import reduced
from livestory.outlets.web.history import Curve, Marked, Span
from livestory.story.review.review import Flow

if TYPE_CHECKING:
    from livestory.outlets.web.followed_story import FollowedStory
    from livestory.story.review.review import Review

MOST_MARKS = 6000  # the page gathers those that would lie upon one another
_MOST_SPANS = 400
_RANGES = 700  # stretches of regime, at most


class Series(Struct, frozen=True, kw_only=True):
    """A curve with its surroundings. Instants are microseconds since the epoch."""

    of: str
    unit: str | None
    since: int
    until: int
    first: int | None
    last: int | None
    times: list[int]
    values: list[float]
    holding: list[float | None] | None
    drawdown: list[float | None] | None
    regimes: list[Span]
    halts: list[Span]
    flows: list[Flow]
    marks: list[Marked]


def series_of(story: FollowedStory, of: str, since: int | None, until: int | None, points: int) -> Series:
    """The curve of "wealth", "price" or "result" in that time, reduced to about so many points."""
    readings, index, status = story.readings, story.index, story.status()
    first, last, curve, unit = readings.first, readings.last, None, status.unit
    symbol = (status.symbol or "") if of == "price" else None  # a price is of one symbol
    if of == "result":
        unit, curve = story.review(_earned) or (None, Curve([], []))
        first, last = (curve.times[0], curve.times[-1]) if curve.times else (None, None)
    start, end = (first or 0) if since is None else since, (last or 0) if until is None else until
    end = max(start, end)
    if curve is not None:
        low = max(0, bisect_left(curve.times, start) - 1)
        high = bisect_right(curve.times, end) + 1
        curve = Curve(*reduced(curve.times[low:high], curve.values[low:high], points))
    elif of == "price":
        curve = readings.price(start, end, points)
    else:
        several = story.review(lambda review: review.several)
        curve = readings.wealth(start, end, points, compared=not several)
    flows = story.review(lambda review: [flow for flow in review.flows if start <= flow.time <= end]) or []
    return Series(
        of=of,
        unit=unit,
        since=start,
        until=end,
        first=first,
        last=last,
        times=curve.times,
        values=curve.values,
        holding=curve.holding,
        drawdown=curve.drawdown,
        regimes=readings.regimes(start, end, (end - start) // _RANGES),
        halts=readings.halts(start, end)[:_MOST_SPANS],
        flows=flows[-_MOST_SPANS:],
        marks=index.marks(start, end + 1, MOST_MARKS, symbol),
    )


def _earned(review: Review) -> tuple[str | None, Curve]:
    """All that closing has earned, in the currency in which most was closed."""
    asset, points = review.result_curve()
    return asset, Curve([time for time, _ in points], [earned for _, earned in points])
