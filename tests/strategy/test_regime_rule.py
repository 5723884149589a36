"""The rule that tells a regime by its score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.story.regime_rule import regime_of

SCORES = st.floats(0, 100)
REGIMES = st.sampled_from(["TREND", "MEAN_REV"])


@pytest.mark.parametrize(
    ("score", "previous", "regime"),
    [
        (27.0, "MEAN_REV", "TREND"),
        (26.999, "MEAN_REV", "MEAN_REV"),
        (23.0, "TREND", "TREND"),
        (22.999, "TREND", "MEAN_REV"),
        (25.0, None, "TREND"),
        (24.999, None, "MEAN_REV"),
    ],
)
def test_it_switches_exactly_at_the_edges(score: float, previous: str | None, regime: str) -> None:
    """TREND from 27.0, MEAN_REV below 23.0, and the first reading at 25.0."""
    assert regime_of(score, previous, 25.0, 2.0) == regime


@given(st.floats(23, 27, exclude_max=True), REGIMES)
def test_between_the_edges_it_stays(score: float, previous: str) -> None:
    """A score that hovers at the threshold switches nothing."""
    assert regime_of(score, previous, 25.0, 2.0) == previous


@given(SCORES, SCORES, st.floats(0, 50), st.one_of(st.none(), REGIMES))
def test_it_settles_at_once(score: float, threshold: float, hysteresis: float, previous: str | None) -> None:
    """The same score again is never another switch."""
    first = regime_of(score, previous, threshold, hysteresis)
    assert regime_of(score, first, threshold, hysteresis) == first


@given(SCORES, SCORES, st.floats(0, 50), st.one_of(st.none(), REGIMES), SCORES)
def test_a_higher_score_is_never_less_of_a_trend(
    score: float, threshold: float, hysteresis: float, previous: str | None, rise: float
) -> None:
    """Where a score means TREND, every higher one does."""
    if regime_of(score, previous, threshold, hysteresis) == "TREND":
        assert regime_of(score + rise, previous, threshold, hysteresis) == "TREND"


@given(SCORES, SCORES, st.floats(0, 50))
def test_a_label_it_does_not_know_is_as_good_as_none(score: float, threshold: float, hysteresis: float) -> None:
    """Another bot's label gives no hold to the hysteresis."""
    assert regime_of(score, "CHOP", threshold, hysteresis) == regime_of(score, None, threshold, hysteresis)
