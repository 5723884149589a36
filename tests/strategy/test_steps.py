"""The rungs of a staged position."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.trading.strategy.rebalance import Steps

ALLOCATIONS = st.floats(0.05, 1.0)
MAXIMA = st.floats(0.01, 1.0)


@pytest.mark.parametrize(
    ("max_weight", "targets"),
    [(0.97, (0.0, 0.33, 0.66, 0.97)), (0.75, (0.0, 0.33, 0.66, 0.75)), (0.70, (0.0, 0.33, 0.70)), (0.2, (0.0, 0.2))],
)
def test_each_step_is_a_third_and_the_last_one_what_remains(max_weight: float, targets: tuple[float, ...]) -> None:
    """A rest too small to be a trade of its own goes with the step before it."""
    assert Steps.of(0.33, max_weight, 0.05).targets == pytest.approx(targets)


@given(ALLOCATIONS, MAXIMA, st.floats(0.0, 0.05))
def test_steps_rise_from_nothing_to_exactly_the_maximum(allocation: float, max_weight: float, least: float) -> None:
    """None is past the maximum, none but a last one is larger than the allocation, and each can be reached."""
    steps = Steps.of(allocation, max_weight, least)
    assert steps.targets[0] == 0.0
    assert steps.targets[-1] == max_weight
    assert list(steps.targets) == sorted(set(steps.targets))
    for before, after in zip(steps.targets, steps.targets[1:], strict=False):
        assert after - before <= allocation + least + 1e-9
    assert [steps.standing(target) for target in steps.targets] == list(range(steps.last + 1))


@given(ALLOCATIONS, MAXIMA, st.floats(0.0, 1.0))
def test_a_weight_stands_on_the_step_with_the_nearest_target(
    allocation: float, max_weight: float, weight: float
) -> None:
    """So a step filled in part, or one whose share drifted with the price, is not mistaken for another."""
    steps = Steps.of(allocation, max_weight, 0.05)
    nearest = min(abs(weight - target) for target in steps.targets)
    assert abs(weight - steps.targets[steps.standing(weight)]) == pytest.approx(nearest, abs=1e-12)


def test_what_rounding_leaves_behind_is_not_worth_selling() -> None:
    """Nor is nothing, even where the least change worth a trade is 0."""
    steps = Steps.of(0.33, 0.97, 0.05)
    assert [steps.worth_selling(weight) for weight in (0.0, 0.001, 0.05, 0.97)] == [False, False, True, True]
    assert not Steps.of(0.33, 0.97, 0.0).worth_selling(0.0)
