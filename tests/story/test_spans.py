"""Halts that overlap: each ends with its own end, and the time of none is lost or counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY, HOUR
from livestory.retell.summary import SummaryBuilder
from livestory.story.digest.period import Period, Span, gather
from livestory.story.digest.prose import digest
from livestory.story.inputs import Statement
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted
from livestory.story.narrator import Narrator
from livestory.story.review.review import Review
from livestory.story.settings import StorySettings
from livestory.story.spans import HaltSpan, HaltSpans, RegimeSpans
from tests.story.inputs import START

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts

MAINTENANCE = [
    (0, Halted(reason="maintenance", told=True)),
    (4, Halted(reason="news", told=True)),
    (5, Unhalted(reason="news", told=True)),
    (9, Unhalted(reason="maintenance", told=True)),
]
"""Nine days of maintenance with a day's halt for another reason in it."""
HELD = [
    (0, BreakerTripped(drawdown=-0.2)),
    (1, Halted(reason="owner", cancelled=0)),
    (3, Unhalted(reason="owner", bars=1, still="breaker")),
    (9, Phoenix()),
]
"""The breaker's halt, with one by its owner in it."""


def heard(told: list[tuple[int, Facts]]) -> HaltSpans[HaltSpan]:
    """All of them, each at its day."""
    spans = HaltSpans(HaltSpan)
    for day, facts in told:
        spans.hear(day * DAY, facts)
    return spans


@pytest.mark.parametrize("told", [MAINTENANCE, HELD])
def test_a_halt_inside_another_ends_alone(told: list[tuple[int, Facts]]) -> None:
    """The outer one goes on until its own end."""
    spans = heard(told)
    (outer, inner) = spans.spans
    assert (outer.began, outer.ended) == (0, 9 * DAY)
    assert (inner.began, inner.ended) == tuple(day * DAY for day, _ in told[1:3])
    assert spans.until(20 * DAY) == [(0, 9 * DAY)]


def test_a_halt_without_a_reason_ends_before_the_last_one() -> None:
    """As the bot's own word has it; also in a digest."""
    told: list[tuple[int, Facts]] = [
        *((0, Halted(told=True)), (1, BreakerTripped(told=True))),
        *((2, Unhalted(told=True, still="breaker")), (3, Phoenix(told=True))),
    ]
    assert [(span.began, span.ended) for span in heard(told).spans] == [(0, 2 * DAY), (DAY, 3 * DAY)]
    period = gather(Period(Span("week", 0, 7 * DAY), None, None), [(day * DAY, facts) for day, facts in told], None)
    assert [(halt.reason, halt.ended and halt.ended.time) for halt in period.halts] == [
        *(("", 2 * DAY), ("breaker", 3 * DAY))
    ]


def test_an_end_without_a_reason_is_that_of_the_last_halt() -> None:
    """And one of a halt that nobody has heard of ends none."""
    spans = heard([*MAINTENANCE[:2], (5, Unhalted()), (6, Phoenix())])
    assert [halt.ended for halt in spans.spans] == [None, 5 * DAY]
    assert spans.until(7 * DAY) == [(0, 7 * DAY)]


def test_halts_apart_are_told_apart() -> None:
    """One that goes on lasts to the end that is asked for."""
    spans = heard([(0, BreakerTripped()), (1, Phoenix()), (3, Halted(reason="owner"))])
    assert spans.until(4 * DAY) == [(0, DAY), (3 * DAY, 4 * DAY)]


def test_a_regime_lasts_until_the_next() -> None:
    """The last to the end."""
    regimes = RegimeSpans()
    for time, regime in ((1, "TREND"), (4, "MEAN_REV")):
        regimes.switch(time, regime)
    assert list(regimes.until(9)) == [(1, 4, "TREND"), (4, 9, "MEAN_REV")]


def test_the_summary_has_all_the_time_of_a_halt_with_another_in_it() -> None:
    """Nine days, not one."""
    narrator = Narrator(settings=StorySettings(quiet=0))
    builder = SummaryBuilder(narrator.account)
    review = Review(None)
    for day, facts in MAINTENANCE:
        for event in narrator.take(Statement(START + day * DAY, (facts,))):
            builder.on_event(event)
            review.take(1, event.time, event.facts)
    assert "2 halts, 9d in all" in "; ".join(builder.build(halts=True, exposures=False).why(0))
    assert [(halt.began, halt.ended) for halt in review.halts] == [
        (START, START + 9 * DAY),
        (START + 4 * DAY, START + 5 * DAY),
    ]


def test_a_digest_tells_a_halt_that_goes_on_under_another() -> None:
    """Trading does not go on where the owner's halt ends and the breaker's doesn't, also when that began before."""
    for told, known in ((HELD[:3], True), (HELD[1:3], False)):
        period = Period(Span("week", START, START + 7 * DAY), "ETH/BTC", "BTC")
        gather(period, [(START + day * DAY + HOUR, facts) for day, facts in told], None)
        assert period.halted is not None
        assert (period.halted.reason, period.halted.began is not None) == ("breaker", known)
        text = digest(period).text()
        assert "hat halt ended" in text
        assert "trading resumed" not in text
        assert "t is still halted" in text
