"""Records of the unit value, drawdowns, and the way to the breaker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import HOUR
from livestory.story.inputs import Observation, RecordCheck, Statement
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.risk import HalfWay
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from tests.story.inputs import RULES, START, kinds, lines, observations


def test_two_hundred_bars_of_one_percent_are_two_hundred_records() -> None:
    """The gain is measured from the last record that was told, not from the last bar."""
    assert kinds(Narrator(), *observations([1.01**n for n in range(201)])) == ["ath"] * 200


def test_a_climb_too_slow_to_tell_at_each_bar_is_told_at_each_percent() -> None:
    """A tenth of a percent a bar: every tenth bar."""
    assert len(kinds(Narrator(), *observations([1.001**n for n in range(201)]))) == 20


@given(st.lists(st.floats(-0.009, 0.0099), min_size=1, max_size=100))
def test_jitter_at_the_peak_is_not_told(jitter: list[float]) -> None:
    """Whatever happens within a percent of the record is no news."""
    assert kinds(Narrator(), *observations([1.0, *(1.0 + move for move in jitter)])) == []


def test_each_new_peak_is_told_where_no_gain_is_asked_for() -> None:
    """``ath_min_gain`` 0: each higher wealth, no equal one."""
    narrator = Narrator(settings=StorySettings(ath_min_gain=0.0))
    assert kinds(narrator, *observations([1.0, 1.0, 1.0001, 1.0001, 0.9, 1.0001, 1.0002])) == ["ath", "ath"]


def test_a_record_says_over_what_and_from_where_the_next_is_told() -> None:
    """The why of the ideal week; where the text does not show all, from where on the same day has another."""
    highs = observations([1.0234, 1.0567], price=0.034, halted=False, regime="TREND")
    told = lines(Narrator(settings=StorySettings(detail="all")), *highs)[-1]
    assert told == "🚀 NEW ATH | 1.0567 BTC | +3.3% over 1.0234, price 0.034; next one told from 1.0673"
    story = lines(Narrator(), *observations([1.0234, 1.0567], price=0.034, halted=False, regime="TREND"))
    assert story[-1] == f"{told}, today from 1.1095"


@pytest.mark.parametrize("raised_first", [True, False])
def test_check_ath_works_in_both_calling_orders(raised_first: bool) -> None:  # noqa: FBT001
    """The caller may have raised its peak to the wealth already, or raise it afterwards."""
    narrator, peak, records = Narrator(), 1.0, []
    for wealth in (1.0, 1.005, 1.02, 0.9, 1.019, 1.029, 1.031, 1.031):
        if raised_first:
            peak = max(peak, wealth)
        told_now = [event.facts for event in narrator.take(RecordCheck(START, wealth, peak))]
        records += [facts.wealth for facts in told_now if isinstance(facts, AllTimeHigh)]
        peak = max(peak, wealth)
    assert records == [1.02, 1.031]


def test_check_ath_takes_a_peak_from_before_the_story() -> None:
    """A peak above every wealth seen is the one to beat; one above today's wealth alone changes nothing."""
    narrator = Narrator()
    assert narrator.take(RecordCheck(START, 1.0, 2.0)) == ()
    assert narrator.take(RecordCheck(START, 1.5, 2.0)) == ()
    assert narrator.take(RecordCheck(START, 2.01, 2.01)) == ()
    assert len(narrator.take(RecordCheck(START, 2.05, 2.05))) == 1
    assert narrator.take(RecordCheck(START, 1.0, 2.05)) == ()
    assert len(narrator.take(RecordCheck(START, 2.08, 2.05))) == 1


def test_check_ath_tells_a_first_wealth_above_its_peak() -> None:
    """On first use the caller's peak is the reference, if it is below."""
    assert len(Narrator().take(RecordCheck(START, 1.0567, 1.0234))) == 1
    assert Narrator().take(RecordCheck(START, 1.0567, 1.0567)) == ()


def test_check_ath_tells_each_new_peak_where_no_gain_is_asked_for() -> None:
    """And none that is only equal."""
    narrator = Narrator(settings=StorySettings(ath_min_gain=0.0))
    told_of = [len(narrator.take(RecordCheck(START, wealth, 1.0))) for wealth in (1.0, 1.0, 1.0001, 1.0001, 1.0)]
    assert told_of == [0, 0, 1, 0, 0]


def test_a_record_told_by_one_call_is_not_told_by_another() -> None:
    """observe(), check_ath() and log_event() share one record."""
    narrator = Narrator()
    lines(narrator, *observations([1.0]))
    assert len(narrator.take(RecordCheck(START + 1, 1.5, 1.5))) == 1
    assert narrator.take(RecordCheck(START + 2, 1.5, 1.5)) == ()
    assert "ath" not in kinds(narrator, Observation(time=START + HOUR, wealth=1.5))
    narrator.take(Statement(START + 3, (AllTimeHigh(wealth=1.9, unit="BTC"),)))
    assert narrator.take(RecordCheck(START + 4, 1.9, 1.9)) == ()


def test_a_deep_drawdown_of_a_bot_that_says_nothing_of_halts_is_told_with_its_end() -> None:
    """It claims no halt; told once, however long it lasts."""
    story = kinds(Narrator(), *observations([1.0, 0.81, 0.79, 0.7, 0.9, 0.79, 1.0, 0.79]))
    assert story == ["drawdown", "drawdown_over", "drawdown"]
    over = lines(Narrator(), *observations([1.0, 0.7, 1.0], price=0.03, regime="TREND"))[-1]
    assert over == "🟩 Drawdown Over | back at 1.0000 BTC | under its record for 30m, deepest -30.0%"


def test_a_bot_that_reports_its_halts_gets_no_drawdown_line() -> None:
    """The breaker's own lines tell of it."""
    assert kinds(Narrator(), *observations([1.0, 0.5, 0.9], halted=False)) == []


def test_half_way_to_the_breaker_is_told_once_and_again_after_a_recovery() -> None:
    """Again only when the drawdown has halved in between."""
    narrator = Narrator()
    narrator.take(Statement(START, (RULES,)))
    falls = [1.0, 0.95, 0.901, 0.89, 0.94, 0.89, 0.96, 0.89]
    assert kinds(narrator, *observations(falls, halted=False)) == ["halfway", "halfway"]


def test_half_way_names_the_price_at_which_the_breaker_would_trip() -> None:
    """Half of the wealth in the asset: a fifth of it lost is two fifths of the price."""
    narrator = Narrator()
    narrator.take(Statement(START, (RULES,)))
    narrator.take(Observation(time=START, wealth=1.0, price=0.05, position=10.0, halted=False))
    seen = Observation(time=START + 1, wealth=0.89, price=0.039, position=10.0, halted=False)
    (event,) = narrator.take(seen)
    assert isinstance(event.facts, HalfWay)
    assert event.facts.price_at_limit == pytest.approx(0.03)


def test_without_rules_or_reported_halts_nothing_is_half_way() -> None:
    """The story does not know a breaker that nobody told it."""
    assert "halfway" not in kinds(Narrator(), *observations([1.0, 0.85], halted=False))
    narrator = Narrator()
    narrator.take(Statement(START, (RULES,)))
    assert "halfway" not in kinds(narrator, *observations([1.0, 0.85]))


def test_a_record_says_when_it_was_had_unless_a_flow_has_moved_its_balance_since() -> None:
    """After a resume it is still the highest of all; a new one above it has its own time."""
    narrator = Narrator()
    bar = iter(range(1000))

    def record(wealth: float, *, halted: bool = False, flow: float | None = None) -> tuple[float, int | None]:
        time = next(bar)
        narrator.take(
            Observation(time=START + time * HOUR, wealth=wealth, halted=halted, halt_reason="breaker", flow=flow)
        )
        found = narrator.account.to_record()
        assert found is not None
        return round(found.wealth, 9), None if found.at is None else (found.at - START) // HOUR

    assert [record(wealth) for wealth in (4.0, 5.0, 4.5, 5.0)] == [(4.0, 0), (5.0, 1), (5.0, 1), (5.0, 3)]
    assert [record(3.0, halted=True), record(3.0), record(3.5)] == [(5.0, 3)] * 3
    assert record(6.0) == (6.0, 7)
    assert record(11.0, flow=6.0) == (13.2, None)
    assert record(14.0) == (14.0, 9)
