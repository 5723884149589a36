"""The arc of a halt, the daily loss limit, and switches of the regime."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.story.inputs import Fill, Observation, RegimeCheck, Statement
from livestory.story.kinds.risk import Halted, Phoenix, Unhalted
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from tests.story.inputs import QUARTER, RULES, START, kinds, lines


def _halt(n: int, *, halted: bool | None, **fields: Any) -> Observation:
    given = {"wealth": 0.8, "price": 0.03, "position": 9.0, "score": 20.0, "resume_score": 30.0, **fields}
    return Observation(time=START + n * QUARTER, halted=halted, **given)


def test_a_trip_its_wait_and_its_resume_are_one_arc() -> None:
    """Each is told once: the trip at its bar, the wait when it is over in vain, the Phoenix when it resumes."""
    narrator = Narrator()
    narrator.take(Statement(START - 1, (RULES,)))
    due = START + 5 * QUARTER
    arc = [
        _halt(0, halted=False, wealth=1.0),
        _halt(1, halted=True, wealth=0.79, resume_at=due),
        _halt(2, halted=True, wealth=0.79, resume_at=due, position=0.0),
        _halt(5, halted=True, resume_at=due, position=0.0),
        _halt(6, halted=True, resume_at=due, position=0.0),
        _halt(7, halted=False, wealth=0.81, score=31.0, position=0.0),
        _halt(8, halted=False, wealth=0.8, position=0.0),
    ]
    story = [line for one in arc for line in lines(narrator, one) if "Told in Part" not in line]
    assert story == [
        (
            "🚨 SAFETY BREAKER TRIPPED | DD: -21.0% | from 1.0000 to 0.7900 at bar close, limit -20.0%; "
            "selling all 9 ETH; no buys before 16:15, then only with score ≥ 30"
        ),
        (
            "⏳ Wait Over | still halted | 1h are over, but score 20.0 < 30; "
            "may buy again from the first bar with 30 or more; no date can be told"
        ),
        (
            "🔥 PHOENIX ACTIVATED | Resuming Trading | halted 1h 30m; score 31.0 ≥ 30; DD counts anew from 0.8100; "
            "breaker now at 0.6480 BTC"
        ),
    ]
    assert narrator.account.drawdown == pytest.approx(0.8 / 0.81 - 1)
    assert narrator.account.record == 1.0


def test_a_resume_tells_what_was_sold_only_where_nothing_is_held() -> None:
    """A bot that kept or bought back its position has no price at which it stayed out."""
    for position, told in [(0.0, (Decimal("0.03"), 0.03)), (3.0, (None, None))]:
        narrator = Narrator()
        narrator.take(Statement(START - 1, (RULES,)))
        due = START + 2 * QUARTER
        before: list[Observation | Fill] = [
            _halt(0, halted=False, wealth=1.0),
            Fill(time=START, side="buy", quantity=Decimal(9), price=Decimal("0.04"), trade_id="in"),
            Fill(time=START, side="sell", quantity=Decimal(9), price=Decimal("0.03"), trade_id="out"),
            _halt(1, halted=True, wealth=0.79, resume_at=due, position=0.0),
        ]
        for one in before:
            narrator.take(one)
        [back] = narrator.take(_halt(2, halted=False, score=31.0, position=position))
        assert isinstance(back.facts, Phoenix)
        assert (back.facts.sold_at, back.facts.price) == told


def test_a_drawdown_is_told_from_exactly_the_share_that_is_set() -> None:
    """A tenth is a drawdown of a tenth, not of a little more."""
    narrator = Narrator(settings=StorySettings(drawdown_told=0.25))
    assert "drawdown" not in kinds(narrator, _halt(0, halted=None, wealth=1.0), _halt(1, halted=None, wealth=0.7501))
    assert "drawdown" in kinds(narrator, _halt(2, halted=None, wealth=0.75))


@given(st.lists(st.sampled_from([None, False]), min_size=1, max_size=20), st.floats(0.01, 0.9))
def test_a_trip_that_the_bot_did_not_report_is_never_announced(halted: list[bool | None], wealth: float) -> None:
    """Whatever the drawdown."""
    narrator = Narrator()
    narrator.take(Statement(START - 1, (RULES,)))
    seen = [Observation(time=START + n * QUARTER, wealth=wealth if n else 1.0, halted=h) for n, h in enumerate(halted)]
    assert not {"breaker", "phoenix", "wait_over", "halted"} & set(kinds(narrator, *seen))


def test_a_bot_that_forgets_to_say_whether_it_halts_neither_resumes_nor_trips_again() -> None:
    """None is unknown: the halt goes on, and its end still counts the drawdown anew."""
    narrator = Narrator()
    seen = [
        _halt(0, halted=False, wealth=1.0),
        _halt(1, halted=True),
        _halt(2, halted=None),
        _halt(3, halted=True),
        _halt(4, halted=None),
        _halt(5, halted=False, wealth=0.8),
    ]
    assert [kind for kind in kinds(narrator, *seen) if kind != "drawdown"] == ["breaker", "phoenix"]
    assert narrator.account.drawdown == 0.0


def test_a_resume_without_a_reading_counts_from_the_first_wealth_after_it() -> None:
    """The balance read failed at that very bar."""
    narrator = Narrator()
    seen = [_halt(0, halted=False, wealth=1.0), _halt(1, halted=True), _halt(2, halted=False, wealth=None),
            _halt(3, halted=False, wealth=0.7)]  # fmt: skip
    kinds(narrator, *seen)
    assert narrator.account.drawdown == 0.0
    assert narrator.account.resumed_at == seen[-1].time


def test_a_halt_by_the_owner_is_no_trip() -> None:
    """Halted and resumed by hand."""
    narrator = Narrator()
    seen = [_halt(0, halted=False), _halt(1, halted=True, halt_reason="owner"), _halt(5, halted=False)]
    story = [line for one in seen for line in lines(narrator, one) if "Told in Part" not in line]
    assert story == [
        "✋ Halted by You | no new orders | keeps 9 ETH; goes on when you say so",
        "▶️ Resumed by You | halted 1h",
    ]


def test_the_daily_loss_limit_is_told_with_its_end() -> None:
    """Once, however often the bot reports it."""
    narrator = Narrator()
    narrator.take(Statement(START - 1, (RULES,)))
    hits = [False, True, True, None, True, False, False]
    seen = [
        Observation(time=START + n * QUARTER, wealth=1.0, price=0.03, halted=False, regime="TREND", daily_loss_hit=hit,
                    day_return=-0.033, position=21.0, weight=0.64)
        for n, hit in enumerate(hits)
    ]  # fmt: skip
    assert lines(narrator, *seen)[1:] == [
        (
            "🛑 Daily Loss Limit | Day: -3.3% | limit -3.0%; no buys until 00:00; keeps 21 ETH (64%) and may sell; "
            "DD 0.0%, breaker still at -20.0%"
        ),
        "🟩 Daily Loss Limit Over | blocked 1h | may buy again; 64% ETH, DD 0.0%",
    ]


def test_a_regime_is_inferred_with_hysteresis_where_the_bot_gives_only_its_score() -> None:
    """TREND from 27, MEAN_REV below 23; the first reading needs neither."""
    scores = [26.0, 24.0, 23.0, 22.9, 26.9, 27.0, 23.0]
    seen = [Observation(time=START + n * QUARTER, score=s, threshold=25.0) for n, s in enumerate(scores)]
    story = [line.split(" | ")[:2] for line in lines(Narrator(), *seen) if "Regime Switch" in line]
    assert story == [
        ["🔄 Regime Switch: TREND", "Score: 26.0"],
        ["🔄 Regime Switch: MEAN_REV", "Score: 22.9"],
        ["🔄 Regime Switch: TREND", "Score: 27.0"],
    ]


def test_the_regime_that_the_bot_reports_is_told_whatever_its_score() -> None:
    """The bot decides; a word that contradicts the limits claims none of them."""
    seen = [
        Observation(time=START + n * QUARTER, regime=regime, score=30.0, threshold=25.0)
        for n, regime in enumerate(["MEAN_REV", "TREND", "MEAN_REV", "sideways", "sideways"])
    ]
    story = [line.partition(" | ")[2] for line in lines(Narrator(), *seen) if "Regime Switch" in line]
    assert story == [
        "Score: 30.0 | first reading; TREND from 27.0, MEAN_REV below 23.0, between them it stays",
        "Score: 30.0 | over 27.0 after 15m of MEAN_REV",
        "Score: 30.0 | after 15m of TREND",
        "Score: 30.0 | after 15m of MEAN_REV",
    ]


def test_the_plans_own_check_and_observations_share_one_regime() -> None:
    """And no duration is made up for a regime whose beginning is unknown."""
    narrator = Narrator()
    assert len(narrator.take(RegimeCheck(START, 32.5, 25))) == 1
    assert narrator.last_regime == "TREND"
    assert narrator.take(RegimeCheck(START + 1, 23.0, 25)) == ()
    assert lines(narrator, Observation(time=START + 2, regime="TREND"))[0].startswith("ℹ️ Told in Part")
    switch = lines(narrator, Observation(time=START + 3, regime="MEAN_REV", score=20.0))
    assert switch == ["🔄 Regime Switch: MEAN_REV | Score: 20.0"]
    narrator.take(RegimeCheck(START + 4, 32.5, 25))
    assert lines(narrator, Observation(time=START + 5, regime="MEAN_REV", score=20.0)) == switch


def test_a_word_that_ends_a_halt_ends_the_one_that_was_told_and_not_the_one_that_is_seen() -> None:
    """Without a reason the one without; what observations say of another halt goes on, until they say that it ends."""
    narrator = Narrator()
    told: list[Any] = [
        _halt(0, halted=False, wealth=1.0),
        Statement(START + 1, (Halted(told=True),)),
        _halt(1, halted=True, wealth=0.79, halt_reason="breaker"),
        Statement(START + QUARTER + 1, (Unhalted(told=True),)),
        _halt(2, halted=True, halt_reason="breaker"),
        Statement(START + 2 * QUARTER + 1, (Unhalted(reason="owner"),)),
        _halt(3, halted=False),
    ]
    found = [event.facts for one in told for event in narrator.take(one)]
    ends = [(type(each), each.still) for each in found if isinstance(each, Phoenix | Unhalted)]
    assert ends == [(Unhalted, "breaker"), (Phoenix, None)]
