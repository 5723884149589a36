"""What becomes of a wish: a proposal, or the reason why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.story.reason import Reason
from livestory.trading.strategy.rebalance import Proposal, RebalanceSettings, Signal, rebalance

WHY = Reason("dip", -0.026, -0.025, 0.0303, "12h")
RULES = RebalanceSettings(threshold=0.05, cooldown=4)
WEIGHTS = st.floats(0.0, 1.0)


def test_a_wish_that_is_large_and_late_enough_is_proposed() -> None:
    """With its own reason and step."""
    assert rebalance(Signal(0.33, WHY, 1), 0.0, None, RULES) == Proposal(0.33, "buy", WHY, 1)
    assert rebalance(Signal(0.0, WHY), 0.33, 4, RULES) == Proposal(0.0, "sell", WHY, 0)


def test_without_a_wish_the_strategys_own_reason_stands() -> None:
    """Neither rule has kept anything back, whatever the time since the last trade."""
    assert rebalance(Signal(0.4, WHY), 0.4, 1, RULES) is WHY


@pytest.mark.parametrize(("target", "change"), [(0.75, 0.02), (0.69, -0.04)])
def test_a_small_change_is_kept_back_and_says_what_was_wished(target: float, change: float) -> None:
    """The threshold comes before the cooldown: what is too small isn't put off, it isn't wanted."""
    reason = rebalance(Signal(target, WHY), 0.73, 1, RULES)
    assert isinstance(reason, Reason)
    assert reason.value == pytest.approx(change)
    assert (reason.key, reason.limit, reason.against, reason.text) == ("small_change", 0.05, target, "dip")


def test_a_hasty_trade_is_kept_back_and_says_for_how_long() -> None:
    """Three bars after the last one, with four to wait."""
    assert rebalance(Signal(0.33, WHY, 1), 0.0, 3, RULES) == Reason("cooldown", 3, 4, 0.33, "dip")


@given(WEIGHTS, WEIGHTS, st.one_of(st.none(), st.integers(1, 10)), st.floats(0, 0.5), st.integers(0, 10))
def test_a_proposal_obeys_both_rules_and_a_refusal_names_the_broken_one(
    target: float, weight: float, since: int | None, threshold: float, cooldown: int
) -> None:
    """And a proposal's side is the way from what is held to what is wanted."""
    verdict = rebalance(Signal(target, WHY), weight, since, RebalanceSettings(threshold=threshold, cooldown=cooldown))
    if isinstance(verdict, Proposal):
        assert abs(target - weight) >= threshold
        assert since is None or since >= cooldown
        assert verdict.side == ("buy" if target > weight else "sell")
        assert verdict.target_weight == target
    elif target == weight:
        assert verdict is WHY
    else:
        assert verdict.value is not None
        assert verdict.limit is not None
        assert verdict.key == ("small_change" if abs(target - weight) < threshold else "cooldown")
        assert abs(verdict.value) < verdict.limit
