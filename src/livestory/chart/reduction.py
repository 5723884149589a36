"""Long series drawn on few pixels: fewer points, with every extreme kept."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def kept(times: Sequence[int], values: Sequence[float], points: int) -> list[int]:
    """The places of at most about ``points`` of the points (times ascending, values finite), in order: those that a
    line chart needs.

    The span is cut into ``points // 2`` stretches of equal time; of each the least and the greatest value stay, in
    their order, and so do the very first and last point: a peak of one bar is still there on a chart of ten years.
    """  # noqa: D205 - one sentence, longer than a line
    count = len(times)
    if count <= max(points, 2):
        return list(range(count))
    stretches = max(1, points // 2)
    start, span = times[0], times[-1] - times[0] + 1
    places = {0, count - 1}
    begin = 0
    for stretch in range(1, stretches + 1):
        end = bisect_left(times, start + -(-span * stretch // stretches), begin)
        if end > begin:
            chunk = values[begin:end]
            places.add(begin + chunk.index(min(chunk)))
            places.add(begin + chunk.index(max(chunk)))
            begin = end
    return sorted(places)


def reduced(times: Sequence[int], values: Sequence[float], points: int) -> tuple[list[int], list[float]]:
    """Times and values of the points that `kept` keeps."""
    places = kept(times, values, points)
    return [times[place] for place in places], [values[place] for place in places]


Point = tuple[int, tuple[float | None, ...]]
"""A time, and a value of each series at it."""


class Series:
    """Several series over the same times. Of each stretch of time the first and last point stay, and the points at
    which any of the series has its least or greatest value (M4: Jugel et al., VLDB 2014), so that no extreme is lost.

    A stretch is as long as it must be for there to be at most twice ``stretches`` of them.
    """  # noqa: D205 - one sentence, longer than a line

    def __init__(self, stretches: int = 800) -> None:
        self._most = 2 * stretches
        self._length = 1  # of a stretch
        self._end = 0  # of the present one
        self._present: list[Point] = []
        self._past: list[list[Point]] = []

    def add(self, time: int, values: tuple[float | None, ...]) -> None:
        """Take the next point; times ascend, values are finite or None."""
        if time >= self._end:
            self._close(time)
        self._present.append((time, values))

    def points(self) -> Iterator[Point]:
        """The points that stay, in their order."""
        for stretch in (*self._past, _extremes(self._present)):
            yield from stretch

    def _close(self, time: int) -> None:
        if self._present:
            self._past.append(_extremes(self._present))
        while len(self._past) >= self._most:
            first = self._past[0][0][0]
            self._length = max(2 * self._length, (time - first) // (self._most - 1) + 1)
            self._past = self._regrouped()
        self._present = []
        self._end = (time // self._length + 1) * self._length

    def _regrouped(self) -> list[list[Point]]:
        groups: dict[int, list[Point]] = {}
        for stretch in self._past:
            groups.setdefault(stretch[0][0] // self._length, []).extend(stretch)
        return [_extremes(points) for points in groups.values()]


def _extremes(points: Sequence[Point]) -> list[Point]:
    if len(points) <= 2:  # noqa: PLR2004 - the first and the last
        return list(points)
    kept = {0, len(points) - 1}
    for series in range(len(points[0][1])):
        known = [(values[series], place) for place, (_, values) in enumerate(points) if values[series] is not None]
        if known:
            kept |= {min(known)[1], max(known)[1]}
    return [points[place] for place in sorted(kept)]
