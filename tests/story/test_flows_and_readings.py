"""Deposits, withdrawals, and readings that can not be true."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import HOUR
from livestory.story.inputs import Flow, Observation, Statement
from livestory.story.narrator import Narrator
from tests.story.inputs import QUARTER, RULES, START, at, kinds, lines, observations


@given(
    st.lists(st.tuples(st.floats(0.95, 1.06), st.sampled_from([0.0, 0.0, 0.5, -0.2, 3.0])), min_size=1, max_size=40),
    st.booleans(),
)
def test_a_story_with_flows_is_the_story_without_and_the_flow_lines(
    moves: list[tuple[float, float]],
    by_call: bool,  # noqa: FBT001
) -> None:
    """Deposits and withdrawals make no record, no drawdown, no warning and no return, however they are reported."""
    with_flows, without = Narrator(), Narrator()
    for narrator in (with_flows, without):
        narrator.take(Statement(START - 1, (RULES,)))
        narrator.take(Observation(time=START, wealth=1.0, halted=False))
    wealth = value = 1.0
    seen: tuple[list[Any], list[Any]] = ([], [])
    for n, (change, amount) in enumerate(moves, 1):
        value *= change
        flow = max(amount, -wealth * change * 0.5)
        time = START + n * 6 * HOUR
        if flow and by_call:  # a flow() comes before the observation that holds it
            early = with_flows.take(Flow(time=time - 1, amount=flow))
            seen[0].extend((e.kind, _share(e)) for e in early if e.kind != "flow")
            wealth = (wealth + flow) * change
        else:
            wealth = wealth * change + flow
        told_flow = flow if flow and not by_call else None
        a = with_flows.take(Observation(time=time, wealth=wealth, halted=False, flow=told_flow))
        b = without.take(Observation(time=time, wealth=value, halted=False))
        seen[0].extend((e.kind, _share(e)) for e in a if e.kind not in {"flow", "quiet"})
        seen[1].extend((e.kind, _share(e)) for e in b if e.kind != "quiet")  # a flow is news, and so ends a silence
    assert seen[0] == seen[1]
    assert with_flows.account.drawdown == pytest.approx(without.account.drawdown, abs=1e-9)


def _share(event: Any) -> object:
    share = getattr(event.facts, "change", getattr(event.facts, "drawdown", None))
    return None if share is None else round(share, 9)


def test_a_withdrawal_of_everything_and_a_return_are_neither_loss_nor_record() -> None:
    """The unit value waits."""
    narrator = Narrator()
    lines(narrator, *observations([1.0, 0.9]))
    narrator.take(Flow(time=START + HOUR, amount=-0.9))
    narrator.take(Flow(time=START + 2 * HOUR, amount=5.0))
    assert kinds(narrator, Observation(time=START + 3 * HOUR, wealth=5.0)) == []
    assert narrator.account.drawdown == pytest.approx(-0.1)


def test_a_withdrawal_of_everything_in_an_observation_is_neither_loss_nor_record() -> None:
    """Its wealth of nothing is not believed, its flow is; nothing is divided by it, and what comes back is no gain."""
    narrator = Narrator()
    lines(narrator, Observation(time=START, wealth=1.0))
    for n, (wealth, flow) in enumerate([(0.0, -1.0), (-0.5, -0.1), (0.5, 0.5), (0.5, None)], 1):
        kinds(narrator, Observation(time=START + n * QUARTER, wealth=wealth, flow=flow))
    assert narrator.account.value == pytest.approx(1.0)
    assert narrator.account.drawdown == pytest.approx(0.0)


@pytest.mark.parametrize("flow", [None, 5.0])
def test_what_comes_back_after_a_withdrawal_of_everything_is_no_gain(flow: float | None) -> None:
    """Told as a flow with the observation, or not told at all."""
    narrator = Narrator()
    lines(narrator, *observations([1.0, 0.9]))
    narrator.take(Flow(time=START + HOUR, amount=-0.9))
    assert kinds(narrator, Observation(time=START + 3 * HOUR, wealth=5.0, flow=flow)) == (["flow"] if flow else [])
    assert narrator.account.drawdown == pytest.approx(-0.1)


def test_a_first_wealth_that_is_all_deposited_just_now_is_believed() -> None:
    """The bot reports its initial deposit as a flow."""
    narrator = Narrator()
    assert kinds(narrator, Observation(time=START, wealth=1.0, flow=1.0)) == ["flow"]
    assert narrator.account.value == 1.0


def test_a_flow_of_a_bar_whose_balance_is_unknown_is_no_profit_at_the_next() -> None:
    """The deposit is taken at once, the wealth when it is known."""
    narrator = Narrator()
    lines(narrator, *observations([1.0]))
    lines(narrator, Observation(time=START + QUARTER, flow=1.0))
    assert kinds(narrator, Observation(time=START + 2 * QUARTER, wealth=2.0)) == []
    assert narrator.account.value == pytest.approx(1.0)


def test_a_flow_counts_once_in_its_chapter() -> None:
    """However it was reported."""
    narrator = Narrator()
    narrator.take(Observation(time=START, wealth=1.0))
    narrator.take(Observation(time=START + HOUR, wealth=1.5, flow=0.5))
    narrator.take(Flow(time=START + 2 * HOUR, amount=0.25))
    (chapter,) = narrator.take(Observation(time=at("2024-12-04 00:00:00"), wealth=1.75))
    assert "1.0000 → 1.7500, deposit 0.7500 left out" in chapter.line
    assert "| 0.0% to 1.7500 BTC |" in chapter.line


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0, -1.0, 1e6])
def test_a_reading_that_can_not_be_true_is_told_once_with_its_end(bad: float) -> None:
    """The balance read failed, or the exchange answered nonsense."""
    narrator = Narrator()
    seen = [1.0, bad, bad, 1.001]
    fields = {"price": 0.03, "halted": False, "regime": "TREND"}
    story = lines(narrator, *observations(seen, **fields))[1:]
    assert len(story) == 2
    assert story[0].startswith("⚠️ Reading Refused | Balance: ")
    assert story[0].endswith(" BTC | not believed: 1.0000 BTC expected; breaker and record untouched")
    assert story[1] == "✅ Reading Back | Balance: 1.0010 BTC | 2 observations without it"


def test_a_wealth_that_stays_where_it_was_not_believed_is_believed_the_third_time() -> None:
    """The world did change: nobody told of the deposit."""
    assert kinds(Narrator(), *observations([1.0, 50.0, 50.1, 49.9]))[:2] == ["reading_refused", "reading_back"]


def test_readings_that_do_not_agree_are_never_believed() -> None:
    """Noise is no new world."""
    narrator = Narrator()
    noise = [50.0, 0.001, 9e9, 1e-6, 7e4, 0.002, 3e8]
    assert kinds(narrator, *observations([1.0, *noise])) == ["reading_refused"]
    assert narrator.account.peak == 1.0


@pytest.mark.parametrize("name", ["drawdown", "position", "weight", "target_weight", "threshold", "day_return", "flow"])
def test_no_other_number_of_an_observation_can_be_infinite(name: str) -> None:
    """It is refused and told; in particular no drawdown is made of NaN. Nor can it be larger than any amount."""
    for number in (float("nan"), 1e300):
        _refuses(name, number)


def test_a_first_wealth_larger_than_any_amount_is_refused() -> None:
    """Also where it comes again and again: a line and a page have no room for it."""
    assert kinds(Narrator(), *observations([1e300] * 4, price=0.03))[0] == "reading_refused"
    assert "reading_back" not in kinds(Narrator(), *observations([1.0, 1e300, 1e300, 1e300, 1e300]))


def _refuses(name: str, number: float) -> None:
    narrator = Narrator()
    narrator.take(Statement(START - 1, (RULES,)))
    bad: dict[str, Any] = {name: number}
    seen = [Observation(time=START + n, wealth=1.0, **bad) for n in range(3)]
    assert kinds(narrator, *seen) == ["reading_refused"]
