"""What a reader sees, from another process or this one."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from livestory.errors import JournalCorrupt, JournalError, JournalNewer
from livestory.story.journal.writer import Entry, Journal, JournalReader
from tests.journal.stories import DEMO, entry, observation, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[JournalReader]:
    """A reader of 30 events, every third of them a note, and 2,500 observations."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    notes = [Entry(f"{n}", n * 10, n * 10, "note" if n % 3 == 0 else "trade", b"", f"{n}") for n in range(1, 31)]
    journal.append(notes, [observation(n) for n in range(2_500)], {"narrator": b"state"})
    journal.close()
    with JournalReader.open(tmp_path / "live_story.txt") as opened:
        yield opened


@pytest.mark.parametrize(
    ("filters", "seqs"),
    [
        ({}, range(1, 31)),
        ({"after_seq": 10, "before_seq": 14}, [11, 12, 13]),
        ({"kinds": ["note"], "limit": 3}, [3, 6, 9]),
        ({"kinds": ["note", "trade"], "after_seq": 28}, [29, 30]),
        ({"kinds": []}, []),
        ({"since": 50, "until": 80}, [5, 6, 7]),
        ({"newest_first": True, "limit": 2}, [30, 29]),
        ({"newest_first": True, "limit": 2, "before_seq": 29, "kinds": ["note"]}, [27, 24]),
    ],
)
def test_events_are_filtered_and_paged(reader: JournalReader, filters: dict[str, object], seqs: object) -> None:
    """Bounds on seq leave out their own, time runs from `since` to before `until`."""
    assert [event.seq for event in reader.events(**filters)] == list(seqs)  # type: ignore[arg-type, call-overload]


def test_observations_stream_between_two_instants(reader: JournalReader) -> None:
    """They come in order of time over several pages, from `since` to before `until`."""
    times = [observation(n).time for n in range(2_500)]
    assert [one.time for one in reader.observations()] == times
    assert [one.time for one in reader.observations(times[100], times[1_200])] == times[100:1_200]


def test_single_things_are_found_by_name(reader: JournalReader) -> None:
    """An event by seq, a state by name, whose story it is; None for what is not there."""
    event = reader.event(7)
    assert event is not None
    assert (event.seq, event.line) == (7, "7")
    assert reader.event(31) is None
    assert (reader.has("7"), reader.has("31")) == (True, False)
    assert (reader.state("narrator"), reader.state("risk"), reader.cursor("page")) == (b"state", None, None)
    assert (reader.identity, reader.last_seq, reader.last_observation()) == (DEMO, 30, observation(2_499))


def test_a_reader_notices_each_commit_and_holds_no_transaction(tmp_path: Path) -> None:
    """`changed` says so once per change; an unfinished stream keeps no checkpoint from completing."""
    written(tmp_path / "live_story.txt", 2_000)
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    with JournalReader.open(tmp_path / "live_story.db") as reader:
        assert not reader.changed()
        stream = reader.observations()
        next(stream)
        journal.append([entry(3_000)])
        assert reader.changed()
        assert not reader.changed()
        assert reader.last_seq == 2_001
        journal.append([entry(3_001)])
        db = apsw.Connection(str(tmp_path / "live_story.db"))
        busy, size, done = db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone() or (1, 0, 0)
        db.close()
        assert (busy, size) == (0, done)
    journal.close()


def test_a_reader_notices_that_another_journal_took_the_place_of_its_own(tmp_path: Path) -> None:
    """It says so instead of waiting for ever at a journal that nobody writes any more."""
    written(tmp_path / "live_story.txt", 2)
    with JournalReader.open(tmp_path / "live_story.db") as reader:
        Journal.set_aside(tmp_path / "live_story.txt", "before")
        with pytest.raises(JournalError, match=r"can't read|another journal"):
            reader.changed()
        written(tmp_path / "live_story.txt", 1)
        with pytest.raises(JournalError, match="another journal has taken its place"):
            reader.changed()


def test_a_reader_says_what_keeps_it_from_reading(tmp_path: Path) -> None:
    """A newer journal and a damaged one have the errors that a writer gets."""
    written(tmp_path / "live_story.txt", 2)
    db = apsw.Connection(str(tmp_path / "live_story.db"))
    db.pragma("user_version", 99)
    db.close()
    with pytest.raises(JournalNewer):
        JournalReader.open(tmp_path / "live_story.db")
    (tmp_path / "live_story.db").write_bytes(b"no database at all" * 300)
    with pytest.raises(JournalCorrupt):
        JournalReader.open(tmp_path / "live_story.db")


@pytest.mark.parametrize(
    ("lay", "kind"),
    [
        (Path.mkdir, "a folder"),
        (os.mkfifo, "a pipe or a device"),
        (lambda path: path.symlink_to("live_story.db"), "a link"),
    ],
    ids=["folder", "pipe", "link"],
)
@pytest.mark.parametrize("suffix", [".db", ".db-wal", ".db-shm"])
def test_what_is_no_file_is_told_as_that_and_never_waited_for(
    tmp_path: Path, suffix: str, lay: Callable[[Path], None], kind: str
) -> None:
    """Neither by a reader nor by a writer: a pipe has no end, and no disk has failed. The journal may be a link."""
    path = tmp_path / "live_story.txt"
    written(path, 3)
    place = path.with_suffix(suffix)
    place.rename(tmp_path / "moved")
    if (suffix, kind) == (".db", "a link"):
        place.symlink_to(place.name)
        with pytest.raises(JournalError, match="it is a link, not a file"):
            Journal.open(path, DEMO)
        place.unlink()
        place.symlink_to("moved")
        with JournalReader.open(path) as reader:
            assert reader.last_seq == 3
        return
    lay(place)
    for opened in (JournalReader.open, partial(Journal.open, identity=DEMO)):
        with pytest.raises(JournalError, match=rf"live_story\{suffix}: it is {kind}, not a file"):
            opened(path)
