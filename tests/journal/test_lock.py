"""The lock file: one writer, whatever becomes of the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.errors import JournalError, JournalHeld
from livestory.story.files.story_text import replace
from livestory.story.journal import lock as journal_lock
from livestory.story.journal.lock import WriterLock, holder
from livestory.story.journal.writer import Journal
from tests.journal.stories import DEMO, written

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it leads to keeps its content, also where the link is put there in the last instant."""
    (tmp_path / "victim").write_text("somebody else's")
    link = tmp_path / "live_story.lock"
    link.symlink_to("victim")
    assert holder(link) is None
    with monkeypatch.context() as patch:
        patch.setattr(journal_lock, "no_file", lambda _path: None)
        with pytest.raises(JournalError, match=r"live_story\.lock: can't take the lock"):
            Journal.open(tmp_path / "live_story.txt", DEMO)
    Journal.open(tmp_path / "live_story.txt", DEMO).close()
    assert (tmp_path / "victim").read_text() == "somebody else's"
    assert next(tmp_path.glob("live_story.lock.replaced-*")).is_symlink()


@pytest.mark.parametrize("lay", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_in_the_place_of_the_lock_keeps_no_bot_out(tmp_path: Path, lay: Callable[[Path], None]) -> None:
    """It is moved aside at the start as under a running bot; verify says no more than that."""
    written(tmp_path / "live_story.txt", 3)
    (tmp_path / "live_story.lock").unlink()
    lay(tmp_path / "live_story.lock")
    assert holder(tmp_path / "live_story.lock") is None
    Journal.open(tmp_path / "live_story.txt", DEMO).close()
    assert len(list(tmp_path.glob("live_story.lock.replaced-*"))) == 1


def test_a_lock_deleted_before_it_was_locked_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleted and made again between its opening and its locking: the new file is the one that is locked."""
    path, locked, times = tmp_path / "live_story.lock", journal_lock._lock, []  # noqa: SLF001 - where the race is

    def lock(at: Path, descriptor: int) -> None:
        times.append(at)
        if len(times) == 1:
            at.unlink()
            at.touch()
        locked(at, descriptor)

    monkeypatch.setattr(journal_lock, "_lock", lock)
    held = WriterLock.acquire(path, "demo")
    assert len(times) == 2
    assert holder(path) == f"pid {os.getpid()}, demo"
    with pytest.raises(JournalHeld):
        WriterLock.acquire(path, "another")
    held.release()


def test_a_lock_whose_file_is_gone_is_taken_again(tmp_path: Path) -> None:
    """Of what is no file, under another name; of a file that another has locked, not before that one lets go."""
    path = tmp_path / "live_story.lock"
    held = WriterLock.acquire(path, "demo")
    assert not held.renew()
    path.unlink()
    assert held.renew()
    assert holder(path) == f"pid {os.getpid()}, demo"
    path.unlink()
    path.mkdir()
    assert held.renew()
    assert next(tmp_path.glob("live_story.lock.replaced-*")).is_dir()
    path.unlink()
    other = WriterLock.acquire(path, "another")
    with pytest.raises(JournalHeld, match="another"):
        held.renew()
    other.release()
    assert held.renew()
    held.release()


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is renamed, and which files and folders are synced, in order."""
    done: list[str] = []
    synced, renamed = os.fsync, os.rename

    def fsync(descriptor: int) -> None:
        done.append(f"sync {os.path.relpath(Path(f'/proc/self/fd/{descriptor}').readlink(), tmp_path)}")
        synced(descriptor)

    def rename(source: Path, target: Path) -> None:
        done.append(f"rename {os.path.relpath(source, tmp_path)}")
        renamed(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    return done


def test_a_journal_set_aside_is_so_after_a_power_cut(tmp_path: Path, steps: list[str]) -> None:
    """The folder is synced once all its parts have their new names, the journal's own last."""
    written(tmp_path / "live_story.txt", 3)
    steps.clear()
    Journal.set_aside(tmp_path / "live_story.txt")
    assert steps == [*(f"rename live_story.db{part}" for part in ("-wal", "-shm", "")), "sync ."]


def test_a_text_replaced_is_so_after_a_power_cut(tmp_path: Path, steps: list[str]) -> None:
    """Its content is synced before it takes its place, its folder after that."""
    os.close(replace(tmp_path / "live_story.txt", [b"a line\n"]))
    assert steps == ["sync .live_story.txt.tmp", "rename .live_story.txt.tmp", "sync ."]
