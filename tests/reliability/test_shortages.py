"""No descriptors, no memory, no right to write: the bot goes on, and its story is told when there is again."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from livestory import StoryWriter
from livestory.clock import ManualClock
from livestory.story.files.verify import verify
from livestory.story.journal.writer import JournalReader
from tests.reliability.conftest import mounted
from tests.reliability.keeping import kept, started_again
from tests.reliability.told_bot import LONG, START, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.reliability.conftest import Did
    from tests.reliability.stage import Stage

STEPS = 60
_DEV_FULL = os.makedev(1, 7)


@pytest.mark.parametrize("of", ["descriptors", "memory"])
def test_a_process_that_runs_short_loses_nothing(stage: Stage, memory: Path, did: Did, of: str) -> None:
    """Its orders are sent all the same, and each event is told once, in order, when there is enough again."""
    outcome = stage.play("starved", memory, count=STEPS, of=of)
    assert outcome.code == 0
    assert (outcome.all("flushed"), outcome.all("whole")) == ([True], [True])
    assert len(outcome.all("order")) == STEPS - 1
    started_again(memory / "live_story.txt", STEPS)
    events = kept(memory / "live_story.txt", outcome.all("kept"))
    notes = [event.line.rpartition(" | ")[2] for event in events if event.kind == "note"]
    assert notes == [f"note {n}" for n in range(1, STEPS)]
    assert any(event.kind == "story_late" for event in events)
    did(f"shortages of {of}")


@pytest.fixture
def disk(memory: Path, needs_mounts: None) -> Iterator[Path]:  # noqa: ARG001  asked for its refusal
    """A disk of one megabyte."""
    folder = memory / "disk"
    folder.mkdir()
    mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))
    yield folder
    subprocess.run(["/usr/bin/umount", "-l", str(folder)], check=True)


def _told(folder: Path) -> list[str]:
    with JournalReader.open(folder / "live_story.txt") as reader:
        return [event.line.rpartition(" | ")[2] for event in reader.events(limit=10_000) if event.kind == "note"]


def test_on_a_disk_that_is_read_only_lines_wait_until_it_is_writable(disk: Path, did: Did) -> None:
    """As a file system is that was mounted after an error; what such errors do midway stands in test_failing_disk."""
    clock = ManualClock(START)
    with StoryWriter(disk / "live_story.txt", max_wait=LONG, clock=clock) as story:
        story.note("before")
    mounted("-o", "remount,ro", str(disk))
    with StoryWriter(disk / "live_story.txt", max_wait=LONG, clock=clock) as story:
        (event,) = story.note("while read-only") or ()
        assert event.seq is None
        assert "read-only" in str(story.health.trouble).lower()
        mounted("-o", "remount,rw", str(disk))
        assert story.flush(LONG)
        assert is_whole(story)
    assert _told(disk) == ["before", "while read-only"]
    assert verify(disk / "live_story.txt").findings == []
    did("disks that were read-only")


@pytest.mark.parametrize("name", ["live_story.txt", "live_story.db"])
def test_a_device_that_is_always_full_stands_where_the_story_should(
    memory: Path,
    did: Did,
    needs_mounts: None,  # noqa: ARG001  only root makes devices
    name: str,
) -> None:
    """In place of the text it is refused by name and stays; in place of the journal lines wait until it is gone."""
    os.mknod(memory / name, stat.S_IFCHR | 0o666, _DEV_FULL)
    with StoryWriter(memory / "live_story.txt", max_wait=LONG, clock=ManualClock(START)) as story:
        story.note("one")
        if name.endswith(".db"):
            assert not story.health.ok
        else:
            assert "it is a device" in str(story.health.trouble)
            assert stat.S_ISCHR((memory / name).stat().st_mode)
        (memory / name).unlink()
        story.note("two")
        assert story.flush(LONG)
        assert is_whole(story)
    assert _told(memory) == ["one", "two"]
    assert verify(memory / "live_story.txt").findings == []
    did("devices that are always full")
