"""A text that is a mount of its own, and journals on media that nobody may write: with real mounts, as root."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory import StoryWriter
from livestory.clock import DAY, ManualClock
from livestory.errors import InputError, JournalError
from livestory.story.files.backup import backup
from livestory.story.files.verify import verify
from livestory.story.journal.writer import JournalReader
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")


@contextmanager
def _mounted(what: Path, at: Path, *options: str) -> Iterator[None]:
    made = subprocess.run(["/usr/bin/mount", "--bind", str(what), str(at)], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        for option in options:
            subprocess.run(["/usr/bin/mount", "-o", f"remount,bind,{option}", str(at)], check=True)
        yield
    finally:
        subprocess.run(["/usr/bin/umount", str(at)], check=True)


def _notes(text: str) -> list[str]:
    return [line.rpartition(" | ")[2] for line in text.splitlines()]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A text that is a file of the host, as in a container."""
    host, path = tmp_path / "host.txt", tmp_path / "story" / "live_story.txt"
    path.parent.mkdir()
    host.touch()
    path.touch()
    with _mounted(host, path):
        yield path


def test_a_text_that_is_a_mount_is_written_in_place(tmp_path: Path, mounted: Path) -> None:
    """From the first line on, over a truncation and days that rotate away; what others wrote in it is kept aside."""
    host, clock = tmp_path / "host.txt", ManualClock("2024-12-03 12:00")
    host.write_text("somebody else's\n")
    with StoryWriter(mounted, max_wait=LONG, keep_days=1, clock=clock) as story:
        story.note("one")
        assert story.health.ok
        assert _notes(host.read_text(encoding="utf-8")) == ["one"]
        os.truncate(mounted, 5)
        story.note("two")
        assert _notes(host.read_text(encoding="utf-8")) == ["one", "two"]
        clock.set(clock.now() + DAY)
        story.note("three")
        assert story.health.ok
    assert _notes(host.read_text(encoding="utf-8")) == ["three"]
    assert next(mounted.parent.glob("live_story.txt.replaced-*")).read_text() == "somebody else's\n"
    assert verify(mounted).findings == []


@pytest.mark.parametrize("left", [0, 10, 60])
def test_a_mounted_text_half_rewritten_is_completed_at_the_next_start(mounted: Path, left: int) -> None:
    """A kill while it is written leaves a beginning, or a part of one day that was archived."""
    clock = ManualClock("2024-12-03 12:00")
    with StoryWriter(mounted, max_wait=LONG, clock=clock) as story:
        for n in range(3):
            story.note(f"{n}")
    os.truncate(mounted, left)
    with StoryWriter(mounted, max_wait=LONG, clock=clock) as story:
        assert story.health.ok
    assert _notes(mounted.read_text(encoding="utf-8")) == ["0", "1", "2"]
    assert not list(mounted.parent.glob("*.replaced-*"))


def test_a_mounted_text_that_may_not_be_written_is_told_and_the_journal_goes_on(tmp_path: Path) -> None:
    """By its name; once it may be, it is made whole."""
    host, path = tmp_path / "host.txt", tmp_path / "story" / "live_story.txt"
    path.parent.mkdir()
    host.touch()
    path.touch()
    with StoryWriter(path, max_wait=LONG) as story:
        with _mounted(host, path, "ro"):
            (event,) = story.note("one") or ()
            assert event.seq is not None
            assert "live_story.txt" in (story.health.trouble or "")
        story.note("two")
        assert story.health.ok
    assert _notes(path.read_text(encoding="utf-8"))[:2] == ["one", "two"]


def test_a_device_mounted_over_the_text_is_refused_by_name(tmp_path: Path) -> None:
    """Nothing is written into it."""
    path = tmp_path / "live_story.txt"
    path.touch()
    with _mounted(Path("/dev/null"), path), StoryWriter(path, max_wait=LONG) as story:
        (event,) = story.note("one") or ()
        assert event.seq is not None
        assert "live_story.txt" in (story.health.trouble or "")


@pytest.mark.parametrize("files", [("",), ("", "-wal"), ("", "-wal", "-shm")], ids=["lone", "with -wal", "with both"])
def test_a_journal_on_a_read_only_medium_is_read(tmp_path: Path, files: tuple[str, ...]) -> None:
    """By every reader, with what stands in its -wal, though no -shm can be made beside it."""
    with StoryWriter(tmp_path / "live_story.txt", max_wait=LONG) as story:
        for n in range(3):
            story.note(f"{n}")
        if files == ("",):
            story.close()
        medium = tmp_path / "medium"
        medium.mkdir()
        for part in files:
            shutil.copy(tmp_path / f"live_story.db{part}", medium)
    shutil.copy(tmp_path / "live_story.txt", medium)
    (medium / "live_story.lock").touch()
    with _mounted(medium, medium, "ro"):
        with JournalReader.open(medium / "live_story.txt") as reader:
            assert [event.line.rpartition(" | ")[2] for event in reader.events()] == ["0", "1", "2"]
            assert not reader.changed()
        assert verify(medium / "live_story.txt").findings == []
        assert backup(medium / "live_story.txt", tmp_path / "story.tar.gz").last_seq == 3


def test_a_lone_journal_that_changes_after_all_is_opened_again(tmp_path: Path) -> None:
    """It was taken for one that nobody writes; the reader says so rather than mix two states."""
    with StoryWriter(tmp_path / "live_story.txt", max_wait=LONG) as story:
        story.note("0")
    medium, shown = tmp_path / "medium", tmp_path / "shown"
    medium.mkdir()
    shown.mkdir()
    shutil.copy(tmp_path / "live_story.db", medium)
    with _mounted(medium, shown, "ro"), JournalReader.open(shown / "live_story.txt") as reader:
        with (medium / "live_story.db").open("ab") as file:
            file.write(bytes(4096))
        with pytest.raises(JournalError, match="Open it again"):
            reader.changed()


def test_a_device_is_never_replaced_by_a_story(tmp_path: Path) -> None:
    """Root may: /dev/null would be a file from then on, for every program of the machine. It is refused by name."""
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("devices can't be made here")
    with StoryWriter(device, max_wait=LONG) as story:
        assert story.note("told")
        assert f"it is a device: '{device}'" in str(story.health.trouble)
    assert stat.S_ISCHR(device.lstat().st_mode)


@pytest.mark.parametrize("name", ["live_story.db-wal", "live_story.db-shm", "live_story.db-journal", "live_story.lock"])
def test_the_name_of_a_journals_own_file_is_no_storys(tmp_path: Path, name: str) -> None:
    """A text under it would be read as a part of the journal beside it."""
    with pytest.raises(InputError, match="not the name of a story file"):
        StoryWriter(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
