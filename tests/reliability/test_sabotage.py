"""Somebody deletes, truncates, renames or replaces the story file again and again; logrotate takes it away."""

from __future__ import annotations

import os
import random
import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from livestory import StoryWriter
from livestory.clock import ManualClock
from livestory.story.files.verify import verify
from livestory.story.journal.writer import JournalReader
from tests.reliability.amount import amount
from tests.reliability.told_bot import KEEP_DAYS, LONG, START, STEP, is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.reliability.conftest import Did

_EVERY = 0.01  # seconds
CHANCE = random.Random(9)  # noqa: S311 - what to do when, no secret
_VICTIM = "somebody else's\n"


@contextmanager
def itself(path: Path) -> Iterator[int]:
    """The file, and not what an earlier act has linked it to."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def deleted(path: Path) -> None:
    """Gone."""
    path.unlink()


def truncated(path: Path) -> None:
    """Cut anywhere."""
    with itself(path) as descriptor:
        os.ftruncate(descriptor, CHANCE.randrange(os.fstat(descriptor).st_size + 1))


def renamed(path: Path) -> None:
    """Somewhere else."""
    path.rename(path.with_name("moved"))


def linked(path: Path) -> None:
    """A link to somebody else's file."""
    path.unlink()
    path.symlink_to(path.with_name("victim"))


def piped(path: Path) -> None:
    """A pipe that nobody reads."""
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    """A folder, which a rename does not replace."""
    path.unlink()
    path.mkdir()


def a_folder_with_something_in_it(path: Path) -> None:
    """A folder that can't be removed either."""
    a_folder(path)
    (path / "mine").write_text(_VICTIM)


def scribbled_on(path: Path) -> None:
    """A line without an end."""
    with itself(path) as descriptor:
        os.lseek(descriptor, 0, os.SEEK_END)
        os.write(descriptor, b"half a line of somebody else's")


def logrotate_create(path: Path) -> None:
    """What ``create`` does: rename, and a new, empty file in its place."""
    path.rename(path.with_name("live_story.txt.1"))
    path.touch()


def logrotate_copytruncate(path: Path) -> None:
    """What ``copytruncate`` does: copy, then truncate; what comes between is not in the copy."""
    shutil.copyfile(path, path.with_name("live_story.txt.1"))
    os.truncate(path, 0)


_SABOTAGE = (deleted, truncated, renamed, linked, piped, a_folder, a_folder_with_something_in_it, scribbled_on)
_LOGROTATE = (logrotate_create, logrotate_copytruncate)


class Saboteur(threading.Thread):
    """Does one of these to a file every ten milliseconds, until it has done so many."""

    def __init__(self, path: Path, acts: Sequence[Callable[[Path], None]], times: int) -> None:
        """Not yet."""
        super().__init__()
        self.done = 0
        self._path, self._acts, self._times = path, acts, times

    def run(self) -> None:
        """Do it."""
        pause = threading.Event()
        while self.done < self._times:
            pause.wait(_EVERY)
            try:
                CHANCE.choice(self._acts)(self._path)
                self.done += 1
            except OSError:  # it isn't there yet, or no file
                continue


@pytest.mark.parametrize("acts", [_SABOTAGE, _LOGROTATE], ids=["sabotage", "logrotate"])
def test_whatever_is_done_to_the_file_every_line_is_kept_and_the_file_made_whole(
    memory: Path, did: Did, acts: Sequence[Callable[[Path], None]]
) -> None:
    """All the while a bot tells, over days that rotate; nothing is followed, waited for, split or lost.

    Every line is acknowledged at once: the journal needs no file. One event after the last act, the file is what the
    journal says.
    """
    path, clock, n = memory / "live_story.txt", ManualClock(START), 0
    (memory / "victim").write_text(_VICTIM)
    saboteur = Saboteur(path, acts, amount(250, 3_000))
    with StoryWriter(path, keep_days=KEEP_DAYS, max_wait=LONG, clock=clock) as story:
        story.note("0")
        saboteur.start()
        while saboteur.is_alive():
            n += 1
            clock.set(START + n * STEP // 20)
            (event,) = (each for each in story.note(f"{n}") or () if each.kind == "note")
            assert event.seq is not None
        saboteur.join()
        story.note("after")
        assert is_whole(story)
    assert (memory / "victim").read_text() == _VICTIM
    report = verify(path)
    assert report.findings == [], report.findings
    with JournalReader.open(path) as reader:
        events = reader.events(limit=10_000_000)
    notes = [event.line.rpartition(" | ")[2] for event in events if event.kind == "note"]
    assert notes == [*map(str, range(n + 1)), "after"]
    did(f"acts of {'sabotage' if acts is _SABOTAGE else 'logrotate'}", saboteur.done)
    did("lines told meanwhile", n)
