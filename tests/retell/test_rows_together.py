"""Rows of which nothing is to be told are taken together: the same events and memory as if each were taken alone."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.retell.arrow_blocks import ArrayColumn
from livestory.retell.explain_story import Reteller, RetellingSettings
from livestory.story import detectors as d
from livestory.story.kinds.lifecycle import Rules
from livestory.story.narrator import Narrator
from livestory.story.rows import Column, Rows
from livestory.story.settings import StorySettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

    from livestory.story.account import Account
    from livestory.story.event import Event
    from livestory.story.inputs import Observation

START = 1_704_153_600_000_000  # a midnight
MINUTE = 60_000_000
CALM = (-0.001, -1e-16, 0.0, 0.0, 1e-16, 0.001)
STEPS = st.one_of(st.sampled_from(CALM), st.sampled_from((*CALM, -0.4, -0.15, -0.05, 0.004, 0.01, 0.03, 0.3, 5.0)))
WAITS = st.one_of(st.just(1), st.sampled_from((1, 1, 15, 60)), st.sampled_from((60, 719, 720, 1440, 4000)))
ODD = st.sampled_from((None, 0.0, -1.0, float("nan"), float("inf"), 1e301))
COLUMNS = ("price", "score", "target_weight", "position")


class Source:
    """A table that says what its columns say."""

    name = "t.csv"
    compacted: int | None = None

    def __init__(self, columns: Iterable[str]) -> None:
        self.knows: frozenset[str] | None = frozenset(columns) | {"time"}

    def inputs(self, *, in_order: bool) -> Iterator[Rows]:
        """Not asked: the test hands them in."""
        raise NotImplementedError


class Heard:
    """A listener that keeps what it hears."""

    wants_observations = False
    wants_unshown = True

    def __init__(self) -> None:
        self.events: list[Event] = []

    def begin(self) -> None:
        """Nothing is forgotten."""

    def on_observation(self, account: Account, time: int) -> None:
        """Not asked for."""

    def on_event(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)

    def end(self, head: Event, summary: Event) -> None:
        """Keep both."""
        self.events += [head, summary]


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """Wealth that wanders, jumps or stands still, with some other columns, and now and then a cell that is odd."""
    count = draw(st.integers(1, 120))
    times, wealth = [START + draw(st.integers(0, 1500)) * MINUTE], [draw(st.sampled_from((1.0, 1e-7, 100.0, 3e5)))]
    steps = draw(st.lists(draw(st.sampled_from((st.sampled_from(CALM), STEPS))), min_size=count, max_size=count))
    waits = draw(st.lists(draw(st.sampled_from((st.just(1), WAITS))), min_size=count, max_size=count))
    for step, wait in zip(steps, waits, strict=True):
        times.append(times[-1] + wait * MINUTE)
        wealth.append(wealth[-1] * (1.0 + step))
    columns: dict[str, list[float | None]] = {"wealth": [*wealth]}
    for name in draw(st.sets(st.sampled_from(COLUMNS))):
        values = st.sampled_from((22.9, 23.0, 25.0, 27.0, 30.0) if name == "score" else (0.0, 0.02, 0.5, 0.501, 1.0))
        kept = draw(st.lists(values, min_size=4, max_size=4))
        columns[name] = [kept[place * 4 // (count + 1)] for place in range(count + 1)]
    if "score" in columns:
        columns["threshold"] = [25.0] * (count + 1)
    for place, value in draw(st.lists(st.tuples(st.integers(0, count), ODD), max_size=2)):
        draw(st.sampled_from(sorted(columns.items())))[1][place] = value
    arrays = draw(st.booleans())
    return Rows(times, {name: _column(column, array=arrays) for name, column in columns.items()})


def _column(numbers: list[float | None], *, array: bool) -> Column:
    """The numbers as a list, or as an array has them where it can."""
    known = [each for each in numbers if each is not None and -inf < each < inf]
    return ArrayColumn(np.array(known)) if array and len(known) == len(numbers) else Column(numbers)


def told(rows: Rows, rules: Rules | None, quiet: int, *, together: bool) -> tuple[list[Event], bytes]:
    """The events of a table, and what the narrator remembers at its end."""
    heard = Heard()
    settings = RetellingSettings(symbol=None, unit=None, story=StorySettings(quiet=quiet), rules=rules)
    reteller = Reteller(Source(rows.columns), settings, [heard])
    reteller.take(rows if together else list(rows))
    reteller.end()
    return heard.events, reteller.state()


@given(
    rows=tables(),
    rules=st.sampled_from((None, Rules(breaker=0.2))),
    quiet=st.sampled_from((0, 30 * MINUTE, 720 * MINUTE)),
)
@settings(max_examples=300, deadline=None)
def test_rows_taken_together_are_the_story_of_each_of_them(rows: Rows, rules: Rules | None, quiet: int) -> None:
    """Any table, with any odd cells, ties and gaps: not one event and not one byte of memory differs."""
    assert told(rows, rules, quiet, together=True) == told(rows, rules, quiet, together=False)


def test_most_rows_of_a_calm_table_are_taken_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of minutes without news is not stepped through."""
    count = 5000
    rows = Rows(
        [START + each * MINUTE for each in range(count)],
        {"wealth": Column([100.0 + each % 7 / 100 for each in range(count)]), "price": Column([5.0] * count)},
    )
    stepped: list[Observation] = []
    take = Narrator.take

    def counted(self: Narrator, given: Observation) -> tuple[Event, ...]:
        stepped.append(given)
        return take(self, given)

    monkeypatch.setattr(Narrator, "take", counted)
    told(rows, None, 0, together=True)
    assert len(stepped) < 100


def test_a_detector_that_does_not_say_where_it_is_silent_is_asked_of_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adds a detector can't forget it: without `until` no rows are taken together."""
    monkeypatch.delattr(d.DrawdownDetector, "until")
    passed: list[Rows] = []
    monkeypatch.setattr(Narrator, "_pass", lambda _, rows: passed.append(rows))
    told(Rows([START + each for each in range(1, 100)], {"wealth": Column([1.0] * 99)}), None, 0, together=True)
    assert not passed
