"""The simulated market is a random process that shows what its docstring promises, the same everywhere."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY, HOUR, MINUTE, instant
from livestory.trading.market.bar import is_possible
from livestory.trading.market.simulated import SimulatedBars, SimulatedSettings

if TYPE_CHECKING:
    from livestory.trading.market.bar import Bar

START = instant("2024-11-01")
BARS = 5760  # sixty days
DAYS = SimulatedSettings()

# Of seed 7, 500 bars.
FIRST = (0.04991, 0.04991, 0.0497, 0.0497, 290.1211)
DIGEST = "b8fffad4098688e953688061b677cdddcf940e373043f7435c9f6db9aab58521"


def drawn(seed: int, bars: int = BARS) -> list[Bar]:
    """The bars of a seed."""
    return list(SimulatedBars(seed, bars, START).read())


def crash(bars: list[Bar]) -> tuple[int, float]:
    """Where the deepest fall within three hours begins, and how deep it is."""
    falls = [min(bar.low for bar in bars[n + 1 : n + 13]) / bars[n].close - 1 for n in range(len(bars) - 13)]
    deepest = min(falls)
    return falls.index(deepest), deepest


@pytest.mark.parametrize("seed", range(20))
def test_bars_are_bars(seed: int) -> None:
    """Each opens where the last closed, on the price grid, with a high and a low that hold it, at a price in bounds."""
    bars = drawn(seed)
    assert len(bars) == BARS
    assert bars[0].open_time == START
    for before, after in pairwise(bars):
        assert (after.open_time, after.open) == (before.end, before.close)
    for bar in bars:
        prices = (bar.open, bar.high, bar.low, bar.close)
        assert is_possible((bar.open_time, *prices, bar.volume))
        assert prices == tuple(round(price, 5) for price in prices)
        assert 0.02 < bar.low <= bar.high < 0.1
        assert bar.end - bar.open_time == 15 * MINUTE
        assert bar.volume is not None
        assert bar.volume > 0


@pytest.mark.parametrize("seed", range(20))
def test_every_seed_rises_to_new_highs_and_then_crashes(seed: int) -> None:
    """A quarter to two fifths of the price goes within three hours, over several bars, after days of rising."""
    bars = drawn(seed, (DAYS.calm[1] + DAYS.rise[1] + DAY) // (15 * MINUTE))
    start, depth = crash(bars)
    assert -0.42 < depth < -0.24
    assert DAYS.calm[0] + DAYS.rise[0] <= (start + 1) * 15 * MINUTE <= DAYS.calm[1] + DAYS.rise[1] + HOUR
    falls = [after.close / before.close - 1 for before, after in pairwise(bars[start : start + 12])]
    assert sum(fall < -0.015 for fall in falls) >= 4
    assert min(falls) > -0.2
    first_days = bars[: DAYS.calm[0] // (15 * MINUTE)]
    lowest, highest = min(bar.low for bar in first_days), max(bar.high for bar in first_days)
    assert highest / lowest < 1.1
    assert bars[start].close > highest * 1.05


@pytest.mark.parametrize("seed", range(20))
def test_the_weeks_after_the_crash_are_lively(seed: int) -> None:
    """Some days trend by more than 3 %, and some hardly move."""
    bars = drawn(seed)
    start, _ = crash(bars[:1400])
    closes = [bar.close for bar in bars[start + 96 :: 96]]
    moves = [abs(after / before - 1) for before, after in pairwise(closes)]
    assert sum(move > 0.03 for move in moves) >= 5
    assert sum(move < 0.015 for move in moves) >= 5


def test_seeds_differ_visibly() -> None:
    """In where they start, how far they rise, when they crash and where they end."""
    runs = [drawn(seed) for seed in range(20)]
    for trait in (
        {bars[0].open for bars in runs},
        {crash(bars[:1400])[0] // 24 for bars in runs},
        {round(max(bar.high for bar in bars), 3) for bars in runs},
        {round(bars[-1].close, 3) for bars in runs},
    ):
        assert len(trait) >= 8


def test_a_seed_is_the_same_market_for_ever() -> None:
    """A change to these numbers is a change to every demo that anybody has kept: the journal then refuses to go on."""
    market = SimulatedBars(7, 500, START)
    first, *_ = market.read()
    assert (first.open, first.high, first.low, first.close, first.volume) == FIRST
    assert market.digest == DIGEST


def test_a_shorter_run_is_the_beginning_of_a_longer_one() -> None:
    """What comes does not depend on how long one looks."""
    assert drawn(3, 500) == drawn(3, 2000)[:500]


def test_other_settings_are_another_market() -> None:
    """The settings are what is drawn from."""
    fall = SimulatedSettings(crash_fall=(0.1, 0.1), crash_noise=(0.0, 0.0))
    bars = list(SimulatedBars(1, 1400, START, settings=fall).read())
    assert crash(bars)[1] > -0.15


def test_a_longer_interval_is_the_same_kind_of_market() -> None:
    """Drifts, volatilities and lengths are told a day, not a bar."""
    bars = list(SimulatedBars(1, 1440, START, HOUR).read())
    assert bars[-1].end == START + 60 * DAY
    assert -0.45 < min(after.close / before.close - 1 for before, after in zip(bars, bars[3:], strict=False)) < -0.2
