"""Power cuts: an ext4 of our own is shut down without its log while a bot writes on it."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.errors import JournalError
from livestory.story.journal.writer import JournalReader
from tests.reliability.amount import amount
from tests.reliability.conftest import mounted, unable
from tests.reliability.keeping import begun_by_an_older_livestory, kept, started_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.reliability.conftest import Did
    from tests.reliability.stage import Stage

CHANCE = random.Random(8)  # noqa: S311 - when to cut, no secret
A_STORY = 20  # cuts that one story has to bear
A_REPLAY = 5
_MKFS = "/usr/sbin/mkfs.ext4"


class Disk:
    """A file system in a file."""

    def __init__(self, folder: Path, size: int = 48 * 2**20) -> None:
        """Make it, of so many bytes, and turn it on."""
        self.image, self.mount = folder / "image", folder / "mount"
        self.mount.mkdir()
        with self.image.open("wb") as image:
            image.truncate(size)
        if not Path(_MKFS).exists():
            unable("needs mkfs.ext4, of Debian's e2fsprogs")
        subprocess.run([_MKFS, "-q", "-F", str(self.image)], check=True)
        self.on()

    def on(self) -> None:
        """Mount it, which replays its log."""
        mounted("-o", "loop", str(self.image), str(self.mount))

    def off(self) -> None:
        """Unmount it."""
        subprocess.run(["/usr/bin/umount", str(self.mount)], check=True)


@pytest.fixture
def disk(memory: Path, needs_mounts: None) -> Iterator[Disk]:  # noqa: ARG001  asked for its refusal
    """A disk that is on."""
    disk = Disk(memory)
    yield disk
    disk.off()


def test_a_bot_whose_power_is_cut_again_and_again_keeps_what_was_acknowledged(
    stage: Stage, disk: Disk, did: Did
) -> None:
    """While it opens, upgrades, tells, rotates; the text catches up from the journal."""
    cuts, acknowledged = amount(80, 1_600), 0
    for story in range(-(-cuts // A_STORY)):
        path, heard, step = disk.mount / str(story) / "live_story.txt", list[tuple[int, str, str]](), 1
        begun_by_an_older_livestory(path)
        for _ in range(A_STORY):
            after, pause = CHANCE.choice([0, 1, CHANCE.randrange(80)]), CHANCE.random() * CHANCE.choice([0, 0.01])
            outcome = stage.play(
                "story", path.parent, kill_after=after, pause=pause, disk=disk.mount, first=step, count=10_000
            )
            disk.off()
            disk.on()
            heard += outcome.all("kept")
            step = max(step, outcome.last_step) + 1
            started_again(path, step)
            kept(path, heard)
        acknowledged += len(heard)
        shutil.rmtree(path.parent)
    did("power cuts of a bot", cuts)
    did("events acknowledged before them", acknowledged)


def test_a_replay_whose_power_is_cut_tells_the_story_of_one_that_never_was(
    stage: Stage, disk: Disk, memory: Path, did: Did
) -> None:
    """The executor's state and its story are of one commit, whichever is the last that reached the disk."""
    whole = memory / "whole" / "live_story.txt"
    assert stage.play("replay", whole.parent, group=50).code == 0
    expected = [event.line for event in kept(whole, []) if event.kind != "resumed"]
    for story in range(amount(6, 60)):
        path, heard = disk.mount / str(story) / "live_story.txt", list[tuple[int, str, str]]()
        for _ in range(A_REPLAY):
            after, group = CHANCE.randrange(1, 5), CHANCE.choice([7, 20, 50])
            outcome = stage.play("replay", path.parent, kill_after=after, disk=disk.mount, group=group)
            disk.off()
            disk.on()
            heard += [event for commit in outcome.all("committed") for event in commit]
        assert stage.play("replay", path.parent, group=50).code == 0
        assert [event.line for event in kept(path, heard) if event.kind != "resumed"] == expected
        shutil.rmtree(path.parent)
        did("power cuts of a replay", A_REPLAY)


def test_with_less_care_events_are_lost_so_the_cuts_are_real(stage: Stage, disk: Disk, did: Did) -> None:
    """The control: with synchronous=NORMAL what was acknowledged is not there after the cut."""
    cuts = amount(5, 50)
    lost = 0
    for cut in range(cuts):
        path = disk.mount / str(cut) / "live_story.txt"
        begun_by_an_older_livestory(path)
        outcome = stage.play(
            "story", path.parent, kill_after=60, disk=disk.mount, first=1, count=10_000, synchronous="normal"
        )
        disk.off()
        disk.on()
        acknowledged = outcome.all("kept")
        try:
            with JournalReader.open(path) as reader:
                there = {event.id for event in reader.events(limit=100_000)}
        except JournalError:
            there = set()  # not even its beginning was synced
        lost += any(id_ not in there for _, id_, _ in acknowledged)
    assert lost
    did("power cuts with synchronous=NORMAL", cuts)
    did("of which lost events", lost)
