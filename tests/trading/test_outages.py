"""An outage is told once it lasts, by the exchange's clock, whatever this machine's shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory.clock import MINUTE, SECOND
from livestory.story.kinds.exchange import CandlesRefused, ExchangeBack, ExchangeDown
from tests.trading.outside import Rehearsal
from tests.trading.rehearsal import wish

if TYPE_CHECKING:
    from livestory.trading.exchange.records import Execution
    from livestory.trading.market.bar import Bar


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


def test_an_exchange_that_does_not_answer_is_asked_ever_less_often() -> None:
    """After 1, 2, 4, 8 seconds and then every ten; once it has answered, from the beginning."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    manager, stage = rehearsal.executor._manager, rehearsal.stage  # noqa: SLF001 - it is told an instant
    asked: list[int] = []
    trades = stage.executions

    def executions(since: int, bar: Bar | None = None) -> list[Execution] | None:
        asked.append(since)
        return trades(since, bar)

    stage.executions = executions  # type: ignore[method-assign]
    now = rehearsal.machine.now()
    for _ in range(2):
        stage.silent = {"trades"}
        for number, seconds in enumerate((1, 2, 4, 8, 10, 10), 1):
            assert not manager.refresh(now)
            assert not manager.refresh(now + seconds * SECOND - 1)
            assert len(asked) == number
            now += seconds * SECOND
        stage.silent = set()
        assert manager.refresh(now)
        asked.clear()
