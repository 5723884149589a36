"""Long series made short: no extreme is lost, whatever their length and however they stream by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livestory.chart.reduction import Series

_VALUES = st.none() | st.floats(-1e6, 1e6)


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.tuples(_VALUES, _VALUES)), min_size=1, max_size=400),
    st.integers(2, 20),
)
def test_first_last_and_every_extreme_stay(steps: list[tuple[int, tuple[float | None, ...]]], stretches: int) -> None:
    """What stays are points of the series, in their order, with its ends and the extremes of each series."""
    time, points = 0, []
    for step, values in steps:
        time += step
        points.append((time, values))
    series = Series(stretches)
    for point in points:
        series.add(*point)
    kept = list(series.points())
    assert kept == [point for point in points if point in kept]
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    for number in range(2):
        whole = [value for _, values in points if (value := values[number]) is not None]
        left = [value for _, values in kept if (value := values[number]) is not None]
        if whole:
            assert (min(left), max(left)) == (min(whole), max(whole))
    assert len(kept) <= (2 * stretches + 1) * 6


def test_a_peak_of_one_point_in_a_million_stays() -> None:
    """And what stays is few."""
    series = Series()
    for number in range(1_000_000):
        series.add(number * 60_000_000, (float(number == 654_321), 1.0))
    kept = list(series.points())
    assert (654_321 * 60_000_000, (1.0, 1.0)) in kept
    assert len(kept) < 10_000
