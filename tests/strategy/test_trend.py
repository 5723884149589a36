"""Trend following, as an owner would put it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.story.reason import Reason
from livestory.trading.strategy.rebalance import Steps
from livestory.trading.strategy.trend import Trend, TrendSettings

if TYPE_CHECKING:
    from livestory.trading.strategy.rebalance import Signal
    from tests.strategy.conftest import MadeBars

STEPS = Steps.of(0.33, 0.97, 0.05)


def _decided(spread: float, weight: float) -> Signal:
    """What it decides once its averages stand ``spread`` apart."""
    strategy = Trend.of(TrendSettings(), STEPS)
    strategy.level, strategy.spread = 0.03, spread
    return strategy.decide(weight)


@pytest.mark.parametrize(
    ("spread", "weight", "told"),
    [
        (0.0029, 0.0, ("no_trend_up", 0.003, 0.0, 0)),
        (-0.01, 0.0, ("no_trend_up", 0.003, 0.0, 0)),
        (-0.01, 0.02, ("no_trend_up", 0.003, 0.02, 0)),
        (0.0031, 0.0, ("trend_up", 0.003, 0.33, 1)),
        (0.0500, 0.0, ("trend_up", 0.003, 0.33, 1)),
        (0.0031, 0.33, ("trend_no_stronger", 0.006, 0.33, 0)),
        (-0.0029, 0.33, ("trend_no_stronger", 0.006, 0.33, 0)),
        (0.0061, 0.33, ("trend_still_up", 0.006, 0.66, 2)),
        (0.0091, 0.66, ("trend_still_up", 0.009, 0.97, 3)),
        (0.0091, 0.95, ("trend_still_up", 0.009, 0.97, 3)),
        (0.0089, 0.95, ("trend_kept", -0.003, 0.95, 0)),
        (0.0500, 0.98, ("trend_kept", -0.003, 0.98, 0)),
        (-0.0029, 0.97, ("trend_kept", -0.003, 0.97, 0)),
        (-0.0031, 0.97, ("trend_down", -0.003, 0.0, 0)),
        (-0.0031, 0.10, ("trend_down", -0.003, 0.0, 0)),
    ],
)
def test_it_buys_the_rising_trend_in_steps_and_sells_the_falling_one_at_once(
    spread: float, weight: float, told: tuple[str, float, float, int]
) -> None:
    """Steps from 0.3 %, 0.6 % and 0.9 % over; all sold from 0.3 % under; in between all stays."""
    signal = _decided(spread, weight)
    limit = signal.reason.limit
    assert limit is not None
    assert (signal.reason.key, round(limit, 9), signal.target_weight, signal.step) == told


@pytest.mark.parametrize("average", ["ema", "sma"])
def test_a_reason_gives_the_averages_as_they_stand(made_bars: MadeBars, average: str) -> None:
    """A rise puts the fast one over the slow one, a fall under it; the slow one is what it is measured against."""
    settings = msgspec.convert({"average": average}, TrendSettings)
    name = average.upper()
    for change, key, word in ((0.01, "trend_up", "over"), (-0.01, "trend_down", "under")):
        strategy = Trend.of(settings, STEPS)
        prices = [0.03 * (1.0 + change) ** n for n in range(200)]
        for bar in made_bars(prices):
            signal = strategy.on_bar(bar, 0.0 if change > 0.0 else 0.33)
        spread, level = strategy.spread, strategy.level
        limit = 0.003 if change > 0.0 else -0.003
        assert signal.reason == Reason(key, spread, limit, level, f"{name} 20h {word} {name} 50h")
        assert min(prices) < level < max(prices)


def test_it_wants_nothing_before_the_slow_average_is_full(made_bars: MadeBars) -> None:
    """And says how many bars it has seen of those it needs."""
    strategy = Trend.of(TrendSettings(), STEPS)
    signals = [strategy.on_bar(bar, 0.4) for bar in made_bars([0.03] * 200)]
    assert strategy.bars_needed == 200
    assert {signal.target_weight for signal in signals} == {0.4}
    assert [signal.reason for signal in signals[:-1]] == [Reason("warm_up", n, 200) for n in range(1, 200)]
    assert signals[-1].reason.key == "trend_no_stronger"


@given(spreads=st.lists(st.floats(-0.003, 0.003, exclude_max=True), min_size=1, max_size=50), held=st.floats(0.05, 1.0))
def test_averages_that_stay_close_never_make_it_trade(spreads: list[float], held: float) -> None:
    """However often they cross."""
    assert all(_decided(spread, held).target_weight == held for spread in spreads)


@given(spread=st.floats(-0.1, 0.1), weight=st.floats(0.0, 1.0))
def test_it_buys_only_over_and_sells_only_under_the_band(spread: float, weight: float) -> None:
    """And wants at most the maximum, unless it holds more already."""
    signal = _decided(spread, weight)
    assert 0.0 <= signal.target_weight <= max(0.97, weight)
    if signal.target_weight > weight:
        assert spread >= 0.003
    if signal.target_weight < weight:
        assert spread < -0.003


def test_a_fast_average_that_is_not_faster_is_refused() -> None:
    """They would never cross the way they are meant to."""
    with pytest.raises(msgspec.ValidationError, match="fast must be shorter than slow"):
        msgspec.convert({"fast": 50 * 3_600_000_000}, TrendSettings)
