"""The storyteller: what was told and not committed is told again, and the story is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.clock import HOUR, ManualClock
from livestory.errors import JournalCorrupt
from livestory.story.files.story_file import StoryFile
from livestory.story.files.verify import verify
from livestory.story.inputs import Begin, Observation, Statement
from livestory.story.journal.writer import Identity, Journal, JournalReader
from livestory.story.kinds.telling import Note
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from livestory.story.writing.store import StoryStore
from livestory.story.writing.synchronous import SynchronousWriter
from tests.story.inputs import NEW_YEARS_EVE, lives

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from livestory.story.event import Event
    from livestory.story.inputs import Input
    from livestory.story.journal.writer import Kept

ETH = Identity(bot="demo", symbol="ETH/BTC", unit="BTC")


def _teller(folder: Path) -> SynchronousWriter:
    return SynchronousWriter(folder / "live_story.txt", ETH, StorySettings())


def _tell(teller: SynchronousWriter, life: Sequence[Input]) -> None:
    for one in life:
        teller.take(one)


def _records(folder: Path) -> list[tuple[int, str, bytes, str, bytes]]:
    with JournalReader.open(folder / "live_story.txt") as reader:
        return [(kept.seq, kept.id, kept.record, kept.line, kept.hash) for kept in reader.events(limit=10_000)]


@settings(max_examples=40)
@given(life=lives(most=15), data=st.data())
def test_killed_between_commits_the_story_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, life: list[Input], data: st.DataObject
) -> None:
    """Fed, dropped without a commit, opened again and fed again from the last commit: the same bytes and hashes."""
    whole, cut = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("cut")
    first = data.draw(st.integers(0, len(life)))
    killed = data.draw(st.integers(first, len(life)))
    with _teller(whole) as teller:
        _tell(teller, life[:first])
        teller.commit({"bot": b"1"})
        _tell(teller, life[first:])
        teller.commit({"bot": b"2"})
    with _teller(cut) as teller:
        _tell(teller, life[:first])
        teller.commit({"bot": b"1"})
        _tell(teller, life[first:killed])  # and dies here
    with _teller(cut) as teller:
        assert teller.state("bot") == b"1"
        _tell(teller, life[first:])
        teller.commit({"bot": b"2"})
    assert _records(cut) == _records(whole)
    assert (cut / "live_story.txt").read_bytes() == (whole / "live_story.txt").read_bytes()
    assert verify(cut / "live_story.txt").findings == []


def test_nothing_is_durable_before_the_commit(tmp_path: Path) -> None:
    """Events, observations and the bot's own state are kept in one transaction."""
    path = tmp_path / "live_story.txt"
    with _teller(tmp_path) as teller:
        teller.take(Begin(time=NEW_YEARS_EVE, wealth=1.0))
        teller.take(Observation(time=NEW_YEARS_EVE + 1, wealth=1.0))
        assert path.read_text() == ""
        assert teller.state("bot") is None
        kept = teller.commit({"bot": b"state"})
        assert [event.seq for event in kept] == [1, 2]
        assert teller.state("bot") == b"state"
        assert teller.commit({}) == []
    with JournalReader.open(path) as reader:
        assert len(list(reader.observations())) == 1


def test_subscribers_hear_what_is_committed_and_nothing_else(tmp_path: Path) -> None:
    """With its seq."""
    heard: list[int | None] = []
    with _teller(tmp_path) as teller:
        teller.subscribe(lambda event: heard.append(event.seq))
        teller.take(Begin(time=NEW_YEARS_EVE))
        teller.commit({})
        teller.take(Observation(time=NEW_YEARS_EVE + 1, wealth=1.0))
    assert heard == [1]


def test_a_directory_in_place_of_the_text_does_not_stop_a_commit(tmp_path: Path) -> None:
    """It is moved out of the way, and the text is made again from the journal."""
    path = tmp_path / "live_story.txt"
    with _teller(tmp_path) as teller:
        teller.take(Begin(time=NEW_YEARS_EVE))
        teller.commit({})
        path.unlink()
        path.mkdir()
        (path / "in the way").touch()
        teller.take(Observation(time=NEW_YEARS_EVE + 1, wealth=1.0))
        assert len(teller.commit({})) == 1
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    assert verify(path).findings == []


class _StuckFile(StoryFile):
    """A text that can't be written for a while."""

    stuck = True

    def append(self, kept: Sequence[Kept]) -> None:
        if self.stuck:
            message = "No space left on device"
            raise OSError(message)
        super().append(kept)


def test_a_text_that_can_not_be_written_stops_no_commit_and_is_told_when_it_can(tmp_path: Path) -> None:
    """The journal goes on; afterwards the text is complete, and one line says what came late."""
    path = tmp_path / "live_story.txt"
    clock, text, narrator = ManualClock(NEW_YEARS_EVE), _StuckFile(path, None), Narrator()
    journal = Journal.open(path, ETH)
    store = StoryStore(journal, text, clock)
    text.open(journal)

    def keep(note: str) -> list[Event]:
        return store.keep(narrator.take(Statement(clock.now(), (Note(text=note),))), (), {})

    assert [event.seq for note in ("a", "b") for event in keep(note)] == [1, 2]
    assert store.trouble == "No space left on device"
    clock.set(NEW_YEARS_EVE + HOUR)
    text.stuck = False
    assert [event.seq for event in keep("c")] == [3]
    assert not store.trouble
    (late,) = narrator.take(Statement(clock.now(), (*store.news(),)))
    assert late.line.partition(" | ")[2] == (
        "🩹 Story Late | 2 lines, 1h | No space left on device (21:00 to 22:00); the bot went on"
    )
    store.close()
    assert [line.rpartition(" | ")[2] for line in path.read_text(encoding="utf-8").splitlines()] == ["a", "b", "c"]


def test_a_state_that_can_not_be_read_is_told_and_the_lock_is_let_go(tmp_path: Path) -> None:
    """Whoever repairs the journal can open it."""
    with _teller(tmp_path) as teller:
        teller.commit({})
    for _ in range(2):
        journal = Journal.open(tmp_path / "live_story.txt", ETH)
        journal.append(states={"narrator": b"damage"})
        journal.close()
        with pytest.raises(JournalCorrupt, match="narrator's state in the journal can't be read"):
            _teller(tmp_path)
