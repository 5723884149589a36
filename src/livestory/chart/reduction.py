"""Long series drawn on few pixels: fewer points, with every extreme kept."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def reduced(times: Sequence[int], values: Sequence[float], points: int) -> tuple[list[int], list[float]]:
    """At most about ``points`` of the points (times ascending, values finite): those that a line chart needs.

    The span is cut into ``points // 2`` stretches of equal time; of each the least and the greatest value stay, in
    their order, and so do the very first and last point: a peak of one bar is still there on a chart of ten years.
    """
    count = len(times)
    if count <= max(points, 2):
        return list(times), list(values)
    stretches = max(1, points // 2)
    start, span = times[0], times[-1] - times[0] + 1
    kept = {0, count - 1}
    begin = 0
    for stretch in range(1, stretches + 1):
        end = bisect_left(times, start + -(-span * stretch // stretches), begin)
        if end > begin:
            chunk = values[begin:end]
            kept.add(begin + chunk.index(min(chunk)))
            kept.add(begin + chunk.index(max(chunk)))
            begin = end
    order = sorted(kept)
    return [times[place] for place in order], [values[place] for place in order]
