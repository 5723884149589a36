"""Bars drawn as candles: none is left out, whatever their number, and a gap stays a gap."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from livestory.chart.candles import Candle, Candles
from livestory.clock import DAY, MINUTE

BAR = 15 * MINUTE
START = 20_058 * DAY  # a Sunday


@given(st.lists(st.tuples(st.integers(1, 300), st.floats(1.0, 2.0)), min_size=2, max_size=200), st.integers(3, 60))
def test_candles_have_every_bar_once(steps: list[tuple[int, float]], most: int) -> None:
    """Opens with the first of its bars, closes with the last; nothing higher or lower is lost; there are few enough."""
    candles, bars, time = Candles(), [], START
    for step, price in steps:
        time += step * BAR
        bars.append((time, price, price * 1.01, price * 0.99, price * 1.001))
        candles.add(*bars[-1])
    found = candles.of(bars[0][0], time, most)
    assert len(found) <= most + 3
    told = 0
    for candle in found:
        inside = [bar for bar in bars if candle.start <= bar[0] < candle.end]
        told += len(inside)
        highs, lows = [bar[2] for bar in inside], [bar[3] for bar in inside]
        assert candle[2:] == (inside[0][1], max(highs), min(lows), inside[-1][4])
    assert told == len(bars)
    assert all(one.end <= other.start for one, other in pairwise(found))


def test_a_gap_between_bars_stays_one() -> None:
    """No candle stands where no bar was; of one bar alone nobody knows how long it lasted."""
    candles = Candles()
    candles.add(START, 1.0, 3.0, 0.5, 2.0)
    assert candles.of(START, START + DAY, 100) == []
    candles.add(START + BAR, 2.0, 2.0, 2.0, 2.0)
    candles.add(START + 20 * BAR, 5.0, 6.0, 4.0, 5.5)
    assert candles.of(START, START + DAY, 100) == [
        Candle(START, START + BAR, 1.0, 3.0, 0.5, 2.0),
        Candle(START + BAR, START + 2 * BAR, 2.0, 2.0, 2.0, 2.0),
        Candle(START + 20 * BAR, START + 21 * BAR, 5.0, 6.0, 4.0, 5.5),
    ]
    assert [(candle.start, candle.end) for candle in candles.of(START, START + 400 * DAY, 60)] == [
        (START - 6 * DAY, START + DAY)  # a week begins on a Monday
    ]
