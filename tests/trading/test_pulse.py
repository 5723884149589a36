"""Waits for the stop, with beats in between, and the loop around both."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest

from livestory.clock import MINUTE, ManualClock
from livestory.trading.bar_loop import run
from livestory.trading.execution.working_order import IllegalTransition
from livestory.trading.executor import TimePassed
from livestory.trading.joining import Timer
from tests.trading.outside import Rehearsal
from tests.trading.rehearsal import MIDNIGHT, bars_of, wish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.trading.market.bar import Bar


def test_a_wait_is_filled_with_beats_that_know_the_time() -> None:
    """One after each slice."""
    beats: list[int] = []
    pulse = Timer(Event(), ManualClock(MIDNIGHT), every=1_000)
    pulse.attach(beats.append)
    assert not pulse.wait(0.02)
    assert len(beats) > 2
    assert set(beats) == {MIDNIGHT}


def test_it_is_set_when_the_stop_is_and_sets_it() -> None:
    """A wait ends then at once, without a beat."""
    stop, beats = Event(), list[int]()
    pulse = Timer(stop, ManualClock(), every=1_000)
    pulse.attach(beats.append)
    pulse.set()
    assert stop.is_set()
    assert pulse.wait(60)
    assert pulse.wait()
    assert beats == []


def test_a_beat_can_stop_the_wait_and_one_that_fails_leaves_it() -> None:
    """Whatever it raises."""
    stop = Event()
    pulse = Timer(stop, ManualClock(), every=1_000)
    pulse.attach(lambda _now: stop.set())
    assert pulse.wait()
    stop.clear()
    pulse.attach(lambda _now: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        pulse.wait()


def test_without_anything_attached_it_only_waits() -> None:
    """So that it can be made before there is anything to look after."""
    assert not Timer(Event(), ManualClock(), every=1_000).wait(0.005)


def test_half_a_pulse_is_not_committed() -> None:
    """An exchange that contradicts itself stops the bot, and what was told of it until then is not kept."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    kept = rehearsal.story.kept

    def waiting() -> Iterator[Bar]:
        rehearsal.executor.process(TimePassed(rehearsal.clock.now() + MINUTE))
        yield from bars_of([0.05], first=9)

    def contradiction(_now: int, _bar: object = None) -> bool:
        message = "too much"
        raise IllegalTransition(message)

    rehearsal.executor._manager.refresh = contradiction  # type: ignore[method-assign,assignment]  # noqa: SLF001  the seam
    with pytest.raises(IllegalTransition):
        run(rehearsal.executor, waiting(), Event(), commit_every=1)
    assert rehearsal.story.kept == kept
    assert rehearsal.story.ends == []
