"""What `append` keeps, against a model made of lists and dicts."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from livestory.errors import JournalCorrupt, JournalError, JournalHeld
from livestory.story.inputs import Observation
from livestory.story.journal.checksum import GENESIS, link
from livestory.story.journal.writer import Cursor, Entry, Journal, JournalReader
from livestory.story.reason import Reason
from tests.journal.stories import DEMO, entry, observation

_SMALL = st.integers(1, 12)  # so that ids and times come again


class Model(RuleBasedStateMachine):
    """The journal does what lists and dicts would do, whenever it is closed and opened again."""

    @initialize()
    def begin(self) -> None:
        """Start with nothing."""
        self.folder = Path(tempfile.mkdtemp())
        self.journal = Journal.open(self.folder / "live_story.txt", DEMO)
        self.events: dict[str, Entry] = {}
        self.observed: dict[int, Observation] = {}
        self.states: dict[str, bytes] = {}
        self.cursor: Cursor | None = None

    @rule(
        numbers=st.lists(_SMALL, max_size=4),
        seen=st.lists(_SMALL, max_size=4),
        states=st.dictionaries(st.sampled_from(["narrator", "risk"]), st.binary(max_size=40)),
        text=st.text(st.characters(codec="utf-8"), max_size=8),
    )
    def append(self, numbers: list[int], seen: list[int], states: dict[str, bytes], text: str) -> None:
        """Events, observations and states go in together; what is there already stays as it was."""
        entries = [Entry(f"{n}", n, n, "note", bytes([n]), f"{n} {text}") for n in numbers]
        kept = self.journal.append(entries, [observation(n) for n in seen], states, {"tail": Cursor(len(self.events))})
        self.cursor = Cursor(len(self.events))
        for one in entries:
            self.events.setdefault(one.id, one)
        for n in seen:
            self.observed.setdefault(observation(n).time, observation(n))
        self.states |= states
        assert [event.line for event in kept] == [self.events[one.id].line for one in entries]
        assert [event.seq for event in kept] == [list(self.events).index(one.id) + 1 for one in entries]

    @rule()
    def reopen(self) -> None:
        """Closing and opening changes nothing."""
        self.journal.close()
        self.journal = Journal.open(self.folder / "live_story.txt", DEMO)

    @rule(n=_SMALL)
    def look_up(self, n: int) -> None:
        """An id is known once it was kept, alone and among others."""
        assert self.journal.has(f"{n}") == (f"{n}" in self.events)
        assert self.journal.known([f"{n}", "none", *map(str, range(600, 1200))]) == self.events.keys() & {f"{n}"}

    @invariant()
    def agrees(self) -> None:
        """A reader sees the model, chained, and `told` never goes back."""
        reader = JournalReader.open(self.folder / "live_story.db")
        kept = reader.events()
        assert [(one.id, one.time, one.record, one.line) for one in kept] == [
            (one.id, one.time, one.record, one.line) for one in self.events.values()
        ]
        before, told = GENESIS, 0
        for seq, one in enumerate(kept, 1):
            assert (one.seq, one.hash) == (seq, link(before, one.record, one.line))
            assert one.told == max(told, self.events[one.id].told)
            before, told = one.hash, one.told
        assert list(reader.observations()) == [self.observed[time] for time in sorted(self.observed)]
        assert self.journal.states() == self.states
        assert self.journal.cursor("tail") == reader.cursor("tail") == self.cursor
        assert self.journal.last == (kept[-1] if kept else None)
        reader.close()

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "journal"):
            self.journal.close()
            shutil.rmtree(self.folder)


Model.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
test_the_journal_does_what_lists_and_dicts_would_do = Model.TestCase


def test_an_observation_comes_back_as_it_was(tmp_path: Path) -> None:
    """Unknown stays None, False stays False, and a reason keeps its numbers."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    full = Observation(
        time=1_733_184_000_000_000,
        wealth=1.0234,
        price=0.0329,
        weight=0.0,
        target_weight=0.25,
        regime="TREND",
        halted=False,
        daily_loss_hit=True,
        resume_at=1_733_788_800_000_000,
        no_trade_reason=Reason("band", -0.026, 0.025, 0.0303, "12h"),
    )
    bare = Observation(time=full.time + 1)
    journal.append((), [full, bare])
    journal.close()
    reader = JournalReader.open(tmp_path / "live_story.db")
    assert list(reader.observations()) == [full, bare]
    assert reader.last_observation() == bare
    first = next(reader.observations())
    assert (first.halted, first.daily_loss_hit) == (False, True)
    assert all(type(flag) is bool for flag in (first.halted, first.daily_loss_hit))
    reader.close()


def test_a_lock_is_waited_for_and_told(tmp_path: Path) -> None:
    """A backup's exclusive lock fails an append after a bounded wait; the same call succeeds once it is gone."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    other = apsw.Connection(str(tmp_path / "live_story.db"))
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError, match="another program has locked it"):
        journal.append([entry(1)])
    other.execute("ROLLBACK")
    assert [kept.seq for kept in journal.append([entry(1)])] == [1]
    other.close()
    journal.close()


def test_a_second_writer_does_not_tear_the_chain(tmp_path: Path) -> None:
    """Someone deletes the lock and a second writer begins: the first yields, and goes on once that one has ended."""
    first = Journal.open(tmp_path / "live_story.txt", DEMO)
    (tmp_path / "live_story.lock").unlink()
    second = Journal.open(tmp_path / "live_story.txt", DEMO)
    second.append([entry(1)])
    with pytest.raises(JournalHeld, match=rf"written by pid {os.getpid()}, demo"):
        first.append([entry(2)])
    second.close()
    assert [kept.seq for kept in first.append([entry(2)])] == [2]
    first.close()


def test_damage_found_while_reading_is_called_so(tmp_path: Path) -> None:
    """A page that is no page any more raises JournalCorrupt with the file's name."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    journal.append([entry(n) for n in range(200)])
    journal.close()
    with (tmp_path / "live_story.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_000)
    with pytest.raises(JournalCorrupt, match=r"live_story\.db"):
        Journal.open(tmp_path / "live_story.txt", DEMO)
