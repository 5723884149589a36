"""What was acknowledged survives a power cut: an ext4 of our own is shut down while a bot writes on it."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY
from livestory.errors import JournalError
from livestory.story.journal import Journal, JournalReader
from livestory.story.story_file import StoryFile
from livestory.story.verify import verify
from tests.journal.stories import DEMO, START, ended, entry, forked, observation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
_NO_LOG_FLUSH = struct.pack("I", 2)  # drop what is in memory, as a power cut does
_CUTS = 5
_NUMBER = 8  # bytes of an acknowledgement


def _run(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


class Disk:
    """A file system in a file, whose power can be cut."""

    def __init__(self, folder: Path) -> None:
        """Make it."""
        self.image, self.mount = folder / "image", folder / "mount"
        self.mount.mkdir()
        self.image.touch()
        os.truncate(self.image, 48 * 2**20)
        self.made = _run("mkfs.ext4", "-q", "-F", str(self.image)) and self.on()

    def on(self) -> bool:
        """Mount it."""
        return _run("mount", "-o", "loop", str(self.image), str(self.mount))

    def off(self) -> None:
        """Unmount it."""
        _run("umount", str(self.mount))

    def cut(self) -> None:
        """Lose all that was not synced."""
        descriptor = os.open(self.mount, os.O_RDONLY)
        fcntl.ioctl(descriptor, _SHUTDOWN, _NO_LOG_FLUSH)
        os.close(descriptor)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk that is on."""
    disk = Disk(tmp_path)
    if not disk.made:
        pytest.skip("mounting a file system of one's own is not permitted here")
    yield disk
    disk.off()


def _write(path: Path, synchronous: str, answer: int) -> None:
    """Tell twenty events a day, so that days are archived meanwhile, until the disk is gone."""
    journal, text = Journal.open(path, DEMO), StoryFile(path, 2)
    text.open(journal)
    journal._connection("append").pragma("synchronous", synchronous)  # noqa: SLF001 (the control needs the wrong one)
    n = journal.last.seq if journal.last else 0
    while True:
        n += 1
        try:
            text.append(journal.append([entry(n, START + n // 20 * DAY)], [observation(n)]))
        except (JournalError, OSError):
            signal.pause()
        os.write(answer, n.to_bytes(_NUMBER, "big"))


@pytest.mark.parametrize("synchronous", ["full", "normal"])
def test_acknowledged_survives_power_cuts(disk: Disk, synchronous: str) -> None:
    """Cut again and again nothing is lost; with synchronous=NORMAL it is, which shows that the cuts are real."""
    path = disk.mount / "results" / "live_story.txt"
    lost = 0
    for cut in range(_CUTS):
        pid, read = forked(lambda answer: _write(path, synchronous, answer))
        heard = b"".join(os.read(read, _NUMBER) for _ in range(20 + 37 * cut))
        disk.cut()
        os.kill(pid, signal.SIGKILL)
        heard += ended(pid, read)[1]
        disk.off()
        assert disk.on()
        try:
            with JournalReader.open(path) as reader:
                there = reader.last_seq
        except JournalError:
            there = 0  # not even the journal's beginning was synced
        lost += there < int.from_bytes(heard[-_NUMBER:], "big")
        if synchronous == "full":
            journal, text = Journal.open(path, DEMO), StoryFile(path, 2)
            text.open(journal)
            text.close()
            journal.close()
            assert verify(path).findings == []
    assert lost == 0 if synchronous == "full" else lost
