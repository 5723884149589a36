"""Laws that hold for every detector, found by discovery, and for all of them together in the narrator."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from inspect import getmembers, isclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from livestory.story import detectors
from livestory.story.inputs import Observation
from livestory.story.line import parse, render
from livestory.story.narrator import Narrator, _Memory
from tests.story.inputs import NEW_YEARS_EVE, QUARTER, lives, told

if TYPE_CHECKING:
    from random import Random

    from livestory.story.event import Event
    from livestory.story.inputs import Input

_DETECTORS = sorted(detectors.__all__)


def test_every_module_of_the_package_is_a_detector_and_is_listed() -> None:
    """A detector that is not in ``__all__`` would escape the laws below; one no narrator asks would be dead."""
    for module in pkgutil.iter_modules(detectors.__path__):
        found = import_module(f"{detectors.__name__}.{module.name}")
        own = [
            name
            for name, value in getmembers(found, isclass)
            if value.__module__ == found.__name__ and issubclass(value, Struct) and name.endswith("Detector")
        ]
        assert own, module.name
        assert set(own) <= set(detectors.__all__), module.name
    asked = " ".join(map(str, msgspec.structs.fields(_Memory)))
    assert [name for name in _DETECTORS if not re.search(rf"\.{name}\b", asked)] == []


def test_every_detector_that_observes_has_its_place_among_those_that_are_asked() -> None:
    """One that is only a field of the narrator's memory would never tell anything, and nobody would notice."""
    placed = {type(observe.__self__).__name__ for observe in Narrator()._observers}  # type: ignore[attr-defined]  # noqa: SLF001
    observing = {name for name in _DETECTORS if hasattr(getattr(detectors, name), "observe")}
    assert observing - placed == {"ExposureDetector"}, "the one of retold stories alone; any other has no place"


@pytest.mark.parametrize("name", _DETECTORS)
def test_a_fresh_detector_is_its_own_saved_state(name: str) -> None:
    """All it remembers are its fields: saved and restored, it is equal."""
    detector = getattr(detectors, name)()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(detector), type=type(detector)) == detector


@settings(max_examples=150)
@given(lives())
def test_a_story_cut_anywhere_and_restored_goes_on_the_same(life: list[Input]) -> None:
    """For each cut k: telling all equals telling the first k, saving, restoring, telling the rest. Ids included."""
    whole = told(Narrator(), life)
    narrator, story = Narrator(), []
    for one in life:
        story += told(narrator, [one])
        saved = narrator.save()
        narrator = Narrator()
        narrator.restore(saved)
        assert narrator.save() == saved
    assert story == whole


@settings(max_examples=150)
@given(lives(), st.randoms(use_true_random=False))
def test_an_observation_seen_before_tells_nothing_and_is_counted(life: list[Input], random: Random) -> None:
    """Each observation again, at once or later, changes no line; the narrator counts it."""
    twice: list[Input] = []
    seen: list[Input] = []
    again = 0
    for one in life:
        twice.append(one)
        if isinstance(one, Observation):
            seen.append(one)
        if seen and random.randrange(2):
            twice.append(random.choice(seen))
            again += 1
    once, doubled = Narrator(), Narrator()
    assert [event.line for event in told(once, life)] == [event.line for event in told(doubled, twice)]
    assert doubled.seen_before == once.seen_before + again


@settings(max_examples=150)
@given(lives())
def test_every_line_that_is_told_can_be_read_back(life: list[Input]) -> None:
    """Nothing a bot reports, in any order, makes a line that is none; ids are unique."""
    events = told(Narrator(), life)
    for event in events:
        assert render(parse(event.line)) == event.line == render(event)
    assert len({event.id for event in events}) == len(events)


_REFUSED = "; failed: a reading was refused"  # which a week tells besides
_BAD = st.sampled_from([float("nan"), float("inf"), float("-inf"), 0.0, -1.0, 1e-9, 1e9])


@pytest.mark.parametrize("what", ["wealth", "price"])
@settings(max_examples=100)
@given(good=st.lists(st.floats(0.7, 1.4), min_size=2, max_size=30), bad=st.lists(_BAD, max_size=2), data=st.data())
def test_bad_readings_move_no_peak_no_drawdown_and_no_breaker(
    what: str, good: list[float], bad: list[float], data: st.DataObject
) -> None:
    """With bad readings in between, the story is the one where those were unknown, and two lines: refused, and back."""
    where = data.draw(st.integers(1, len(good) - 1))
    clean: list[float | None] = [*good[:where], *[None] * len(bad), *good[where:]]
    dirty: list[float | None] = [*good[:where], *bad, *good[where:]]
    without, story = Narrator(), Narrator()
    expected: list[Event] = []
    found: list[Event] = []
    for n, (unknown, reading) in enumerate(zip(clean, dirty, strict=True)):
        other: dict[str, Any] = {"price": 0.03} if what == "wealth" else {"wealth": 1.0 + n / 1000}
        time = NEW_YEARS_EVE + n * QUARTER
        expected += without.take(Observation(time=time, **{**other, what: unknown}))
        found += story.take(Observation(time=time, **{**other, what: reading}))
        moved = [(a.peak, a.record, a.drawdown, a.units, a.price) for a in (without.account, story.account)]
        assert moved[0] == moved[1]
    told_of = [event.kind for event in found if event.kind.startswith("reading")]
    assert told_of == (["reading_refused", "reading_back"] if bad else [])
    told = [event.line.replace(_REFUSED, "") for event in found if not event.kind.startswith("reading")]
    assert told == [event.line for event in expected]
