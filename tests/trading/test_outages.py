"""An outage is told once it lasts, by the exchange's clock, whatever this machine's shows."""

from __future__ import annotations

import pytest

from livestory.clock import MINUTE
from livestory.story.kinds.exchange import CandlesRefused, ExchangeBack, ExchangeDown
from tests.trading.outside import Rehearsal
from tests.trading.rehearsal import wish


@pytest.mark.parametrize("ahead", [-3 * MINUTE, 0, 3 * MINUTE])
def test_an_outage_is_told_after_the_patience_by_whichever_clock(ahead: int) -> None:
    """Who met it knows only the machine's clock; not told at once where that is behind, nor late where it is ahead."""
    rehearsal = Rehearsal([wish(0.0)])
    rehearsal.bar()
    rehearsal.pulses(300, every=60)
    rehearsal.stage.off = ahead
    rehearsal.pulses(2)
    since = rehearsal.clock.now()
    rehearsal.executor.candles_down(rehearsal.machine.now(), "no answer")
    rehearsal.pulses(9)
    assert rehearsal.story.of(ExchangeDown) == []
    rehearsal.pulses(2)
    (down,) = rehearsal.story.of(ExchangeDown)
    assert down.since == since
    rehearsal.executor.candles_back()
    rehearsal.pulses(1)
    assert rehearsal.story.of(ExchangeBack)


def test_what_others_find_is_told_by_the_exchanges_clock_and_kept() -> None:
    """As candles that are refused; with the next pulse at the latest."""
    rehearsal = Rehearsal([wish(0.0)])
    rehearsal.bar()
    rehearsal.executor.report(rehearsal.clock.now(), CandlesRefused(problem="stale"))
    commits = len(rehearsal.story.commits)
    rehearsal.pulses(1)
    assert rehearsal.story.of(CandlesRefused)
    assert len(rehearsal.story.commits) == commits + 1
