"""What the page's chart shows of a time: a curve that a screen can show, and what happened along it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.chart.candles import Candle
from livestory.chart.marks import Gathered, Marked
from livestory.chart.reduction import reduced
from livestory.outlets.web.history import Curve, Span
from livestory.story.review.review import Flow

if TYPE_CHECKING:
    from livestory.outlets.web.followed_story import FollowedStory
    from livestory.outlets.web.prices import SymbolCurve
    from livestory.story.review.review import Review

_MOST_SPANS = 400
_CANDLE = 9  # points of a curve that take the place of a candle
_DIGITS = 7  # of what is compared with the curve: more than anybody is shown
_RANGES = 700  # stretches of regime, at most


class Series(Struct, frozen=True, kw_only=True):
    """A curve with its surroundings. Instants are microseconds since the epoch."""

    of: str
    symbol: str | None  # of a price
    unit: str | None
    since: int
    until: int
    first: int | None
    last: int | None
    times: list[int]
    values: Sequence[float | None]  # None: not known between the instants before and after
    candles: list[Candle]  # of a price; the last points of the curve are their ends and closes
    holding: Sequence[float | None] | None
    drawdown: Sequence[float | None] | None
    regimes: list[Span]
    halts: list[Span]
    flows: list[Flow]
    marks: list[Marked | Gathered]


def series_of(  # noqa: PLR0913, PLR0917 - of what, when, and how closely
    story: FollowedStory, of: str, since: int | None, until: int | None, points: int, symbol: str | None = None
) -> Series:
    """The curve of "wealth", "price" or "result" in that time, reduced to about so many points; a price of a symbol."""
    readings, index, status = story.readings, story.index, story.status()
    first, last, unit = readings.first, readings.last, status.unit
    if of == "price":
        symbol = symbol or (status.symbol or "" if readings.has_price else next(iter(readings.prices.symbols()), ""))
    else:
        symbol = None
    if of == "result":
        unit, times, values = story.review(_earned) or (None, [], [])
        first, last = (times[0], times[-1]) if times else (None, None)
    start, end = (first or 0) if since is None else since, (last or 0) if until is None else until
    end = max(start, end)
    candles: list[Candle] = []
    curve: Curve | SymbolCurve
    if of == "result":
        low = max(0, bisect_left(times, start) - 1)
        high = bisect_right(times, end) + 1
        curve = Curve(*reduced(times[low:high], values[low:high], points))
    elif symbol is not None:
        candles = story.bars.candles().of(start, end, points // _CANDLE) if symbol == status.symbol else []
        curve = _price(story, symbol, start, end, points, candles)
    else:
        several = story.review(lambda review: review.several)
        curve = readings.wealth(start, end, points, compared=not several)
    flows = story.review(lambda review: [flow for flow in review.flows if start <= flow.time <= end]) or []
    return Series(
        of=of,
        symbol=symbol or None,
        unit=unit,
        since=start,
        until=end,
        first=first,
        last=last,
        times=curve.times,
        values=curve.values,
        candles=candles,
        holding=None if curve.holding is None else _shown(curve.holding),
        drawdown=None if curve.drawdown is None else _shown(curve.drawdown),
        regimes=readings.regimes(start, end, (end - start) // _RANGES),
        halts=readings.halts(start, end)[:_MOST_SPANS],
        flows=flows[-_MOST_SPANS:],
        marks=index.marks(start, end + 1, symbol),
    )


def _shown(values: Sequence[float | None]) -> list[float | None]:
    """What is computed here, without digits that say nothing and make the way to the page longer."""
    return [None if value is None else float(f"{value:.{_DIGITS}g}") for value in values]


def _price(  # noqa: PLR0913, PLR0917 - of which symbol, when, and how closely
    story: FollowedStory, symbol: str, start: int, end: int, points: int, candles: list[Candle]
) -> Curve | SymbolCurve:
    """The price of a symbol: as far as bars are known, their closes."""
    readings = story.readings
    if not readings.has_price or symbol != (story.status().symbol or ""):
        return readings.prices.of(symbol, start, end, points)
    if not candles:
        return readings.price(start, end, points)
    times, values, *_ = readings.price(start, min(end, candles[0].start), points)
    line = [(time, value) for time, value in zip(times, values, strict=True) if time <= candles[0].start]
    joined = [*line, *((candle.end, candle.close) for candle in candles)]
    return Curve([time for time, _ in joined], [value for _, value in joined])


def _earned(review: Review) -> tuple[str | None, list[int], list[float]]:
    """All that closing has earned, in the currency in which most was closed."""
    asset, points = review.result_curve()
    return asset, [time for time, _ in points], [earned for _, earned in points]
