"""A caller's time that can't be true: doubted by a plausible clock, told once, and nothing after it is silenced."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory import Narrator, Observation, Rules, StorySettings, StoryWriter
from livestory.clock import DAY, RELEASED, ManualClock, Reading, as_datetime, instant
from livestory.story.inputs import Fill, Flow, Input, Statement
from livestory.story.journal.writer import JournalReader
from livestory.story.kinds.telling import Note
from tests.story.inputs import QUARTER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livestory.story.event import Event

CENTURY = 36_525 * DAY
NOW = RELEASED + 400 * DAY + 10 * QUARTER


class _Machine:
    """The machine's clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        monkeypatch.setattr(time, "time_ns", lambda: self.now * 1000)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> _Machine:
    """A machine whose clock stands at NOW."""
    return _Machine(monkeypatch)


def _story(folder: Path, **options: Any) -> StoryWriter:
    return StoryWriter(folder / "live_story.txt", strict=True, max_wait=30.0, **options)


def _seen(at: int, wealth: float = 1.0, *, halted: bool = False) -> Observation:
    return Observation(
        time=at, wealth=wealth, price=0.05, regime="TREND", halted=halted, halt_reason="breaker" if halted else None
    )


def _kinds(events: tuple[Event, ...] | None) -> list[str]:
    return [event.kind for event in events or ()]


def test_one_observation_from_the_next_century_silences_nothing(tmp_path: Path, machine: _Machine) -> None:
    """It is set aside and told once; the breaker's trip after it is told, the next good one says that all is well."""
    with _story(tmp_path) as story:
        story.observe(_seen(NOW - QUARTER))
        assert _kinds(story.observe(_seen(NOW + CENTURY))) == ["time_doubted"]
        assert story.observe(_seen(NOW + 2 * CENTURY)) is None
    machine.now += QUARTER
    with _story(tmp_path) as story:
        assert _kinds(story.observe(_seen(machine.now, 0.7, halted=True))) == ["time_back", "breaker"]
        assert story.observe(_seen(machine.now + 1, 0.7, halted=True)) is None
    lines = (tmp_path / "live_story.txt").read_text("utf-8")
    assert "🕰️ Time Doubted | observe: 2127-12-" in lines
    assert "36525d ahead of the clock; set aside; believed when three in a row agree" in lines
    assert "| 2 calls with a time that was not believed" in lines
    with JournalReader.open(tmp_path / "live_story.txt") as reader:
        assert [one.time for one in reader.observations()] == [NOW - QUARTER, machine.now, machine.now + 1]


_FACTS: dict[str, Callable[[StoryWriter, int], tuple[Event, ...] | None]] = {
    "fill": lambda s, at: s.fill("buy", 1, "0.05", timestamp=at),
    "skip": lambda s, at: s.skip(f"reason {at}", timestamp=at),
    "flow": lambda s, at: s.flow(0.1, timestamp=at),
    "note": lambda s, at: s.note("hello", timestamp=at),
    "log_event TRADE": lambda s, at: s.log_event(at, "TRADE", "BUY 1 @ 0.05"),
    "log_event START": lambda s, at: s.log_event(at, "START", "1"),
    "log_event STOP": lambda s, at: s.log_event(at, "STOP", ""),
    "log_event BREAKER": lambda s, at: s.log_event(at, "BREAKER", "-21.2%"),
}


@pytest.mark.parametrize("call", sorted(_FACTS))
def test_a_fact_with_a_doubtful_time_is_told_at_the_clocks_with_the_given_one_beside_it(
    tmp_path: Path, machine: _Machine, call: str
) -> None:
    """It has happened, whenever it was: never lost; the doubt is told once."""
    del machine
    with _story(tmp_path) as story:
        doubt, fact = _FACTS[call](story, NOW + CENTURY) or ()
        assert (doubt.kind, fact.time) == ("time_doubted", NOW)
        assert "told at the clock's time" in doubt.line
        given = as_datetime(NOW + CENTURY).isoformat(" ", "seconds")[:19]
        assert fact.line.endswith(f"given the time {given}, which is not believed")
        (again,) = _FACTS[call](story, NOW + CENTURY + 1) or ()
        assert again.kind == fact.kind
        assert _kinds(_FACTS[call](story, NOW)) == ["time_back", fact.kind]


def test_checks_and_rules_with_a_doubtful_time_are_told_at_the_clocks(tmp_path: Path, machine: _Machine) -> None:
    """What they find is of now."""
    del machine
    with _story(tmp_path) as story:
        far = NOW + CENTURY
        for told in (
            story.check_regime_switch(40, 25, timestamp=far),
            story.check_ath(2.0, 1.0, timestamp=far),
            story.rules(Rules(breaker=0.2), timestamp=far),
        ):
            assert [(event.time, event.seq is not None) for event in told or ()] == [(NOW, True)] * 2


def test_three_times_in_a_row_that_agree_are_believed(tmp_path: Path, machine: _Machine) -> None:
    """Then it is the machine's clock that is wrong; the same time again counts once, one that goes back begins anew."""
    del machine
    far = NOW + CENTURY
    with _story(tmp_path) as story:
        assert _kinds(story.observe(_seen(far))) == ["time_doubted"]
        for at in (far, far, far - QUARTER, far, far):
            assert story.observe(_seen(at)) is None
        assert "time_back" in _kinds(story.observe(_seen(far + QUARTER)))
        assert _kinds(story.observe(_seen(far + 2 * QUARTER, 2.0))) == ["ath"]
        (fill,) = story.fill("buy", 1, 1, timestamp=far + 2 * QUARTER) or ()
        assert fill.time == far + 2 * QUARTER


def test_a_believed_time_that_goes_back_takes_no_belief_away(tmp_path: Path, machine: _Machine) -> None:
    """Whatever is less than a month behind the latest believed one is believed, in whatever order they come."""
    del machine
    far = NOW + CENTURY
    with _story(tmp_path) as story:
        for days in (0, 1, 2):
            story.note("far", timestamp=far + days * DAY)
        for days in (33, 3, 64, 95, 5):
            (note,) = story.note("believed", timestamp=far + days * DAY) or ()
            assert note.time == far + days * DAY
        doubt, note = story.note("a month and more", timestamp=far + 127 * DAY) or ()
        assert (doubt.kind, note.time) == ("time_doubted", NOW)


def test_wild_times_that_do_not_agree_are_never_believed(tmp_path: Path, machine: _Machine) -> None:
    """However many."""
    del machine
    with _story(tmp_path) as story:
        story.observe(_seen(NOW))
        for number in range(1, 20):
            assert _kinds(story.observe(_seen(NOW + number * 365 * DAY))) == ["time_doubted"][: number == 1]


@pytest.mark.parametrize("clock_says", [0, RELEASED - 1, NOW - 2 * DAY])
def test_a_clock_behind_the_release_or_the_storys_last_line_doubts_nobody(
    tmp_path: Path, machine: _Machine, clock_says: int
) -> None:
    """A machine that boots in 1970 loses nothing."""
    with _story(tmp_path) as story:
        story.note("before the reboot")
    machine.now = clock_says
    with _story(tmp_path) as story:
        assert "time_doubted" not in _kinds(story.observe(_seen(NOW + QUARTER)))
        (fill,) = story.fill("buy", 1, 1, timestamp=NOW + QUARTER) or ()
        assert fill.time == NOW + QUARTER


def test_an_injected_clock_doubts_nobody(tmp_path: Path) -> None:
    """A backtest's clock may stand still."""
    with _story(tmp_path, clock=ManualClock(NOW)) as story:
        assert "time_doubted" not in _kinds(story.observe(_seen(NOW + CENTURY)))


@pytest.mark.parametrize("wrong", [CENTURY, -40 * 365 * DAY])
@pytest.mark.parametrize("call", ["fill", "skip", "flow", "note", "log_event TRADE"])
def test_days_go_on_closing_after_a_fact_with_a_wrong_time(tmp_path: Path, call: str, wrong: int) -> None:
    """Also where the clock is the bot's own and can't say so: chapters follow what is observed."""
    start = instant("2024-12-02 00:15:00")

    def told(folder: Path, *, badly: bool) -> list[str]:
        own = ManualClock(start)
        with _story(folder, clock=own, settings=StorySettings(quiet=0, detail="all")) as story:
            for number in range(96 * 3):
                at = start + number * QUARTER
                own.set(as_datetime(at))
                story.observe(_seen(at, 1 + number / 1e5))
                if badly and number == 10:
                    _FACTS[call](story, at + wrong)
        lines = (folder / "live_story.txt").read_text("utf-8").splitlines()
        return [line.partition(";")[0] for line in lines if "📖 Day" in line]

    days = told(tmp_path / "good", badly=False)
    assert len(days) == 3
    assert len(told(tmp_path / "bad", badly=True)) == 3
    if call in {"note", "skip"}:
        assert told(tmp_path / "bad2", badly=True) == days


_given = st.sampled_from([0, QUARTER, DAY, DAY + 1, 30 * DAY, CENTURY, CENTURY + QUARTER, CENTURY + DAY, -CENTURY])
_calls = st.lists(st.tuples(st.sampled_from(["observe", "fill", "flow", "tell"]), _given, st.booleans()), max_size=25)


def _called(narrator: Narrator, number: int, call: tuple[str, int, bool]) -> tuple[Event, ...]:
    name, ahead, plausible = call
    now = NOW + number * QUARTER
    at = max(0, now + ahead)
    given: dict[str, Input] = {
        "observe": _seen(at),
        "fill": Fill(time=at, side="buy", quantity=Decimal(1), price=Decimal(1)),
        "flow": Flow(time=at, amount=0.5),
        "tell": Statement(at, (Note(text="x"),)),
    }
    return narrator.judge(given[name], Reading(now, plausible)).events


@settings(max_examples=100)
@given(_calls)
def test_a_doubt_survives_a_restart_at_every_point(calls: list[tuple[str, int, bool]]) -> None:
    """Told at once, or cut, saved and restored between any two calls: the same events."""
    whole, cut = Narrator(), Narrator()
    for number, call in enumerate(calls):
        expected = _called(whole, number, call)
        saved = cut.save()
        cut = Narrator()
        cut.restore(saved)
        assert _called(cut, number, call) == expected


@settings(max_examples=100)
@given(_calls)
def test_no_fact_is_ever_lost_for_its_time(calls: list[tuple[str, int, bool]]) -> None:
    """Each fill, flow and note is told, whatever the clock thinks of its time."""
    narrator = Narrator()
    kinds = {"fill": "trade", "flow": "flow", "tell": "note"}
    for number, call in enumerate(calls):
        told = _kinds(_called(narrator, number, call))
        assert call[0] == "observe" or kinds[call[0]] in told
