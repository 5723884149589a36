"""A disk that fails, fills up or may not be written on: nothing acknowledged is lost, nothing is kept twice."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from livestory.errors import JournalError
from livestory.story.files.verify import verify
from livestory.story.journal.writer import Journal, JournalReader
from tests.journal.stories import DEMO, ended, entry, forked, observation, written

if TYPE_CHECKING:
    from collections.abc import Iterator

_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount or to become someone else")


class _Disk(apsw.VFS):
    """A VFS whose k-th write or sync from now on fails, once or from then on."""

    def __init__(self) -> None:
        super().__init__("failing", "")
        self.countdown = -1
        self.sticky = False

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 (apsw's name)
        return _File(self, name, flags)

    def step(self) -> None:
        if self.countdown == 0:
            self.countdown = 0 if self.sticky else -1
            message = "injected"
            raise apsw.IOError(message)
        self.countdown -= 1


class _File(apsw.VFSFile):
    def __init__(self, disk: _Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self.disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (apsw's name)
        self.disk.step()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 (apsw's name)
        self.disk.step()
        super().xSync(flags)


@pytest.fixture
def disk() -> Iterator[_Disk]:
    """The failing disk."""
    disk = _Disk()
    yield disk
    disk.unregister()


@pytest.mark.parametrize("sticky", [False, True])
def test_an_append_may_be_tried_again_after_any_failed_write_or_sync(
    tmp_path: Path, disk: _Disk, *, sticky: bool
) -> None:
    """Whatever fails, once or until it is mended, the retry keeps each event once and the chain whole."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO, vfs="failing")
    failed = 0
    for k in range(40):
        entries = [entry(3 * k + i) for i in range(3)]
        disk.countdown, disk.sticky = k % 20, sticky
        try:
            kept = journal.append(entries, [observation(k)], {"narrator": b"%d" % k})
        except JournalError as error:
            failed += 1
            assert "can't" in str(error)  # noqa: PT017 (whether it raises depends on where it fails)
            disk.countdown = -1
            kept = journal.append(entries, [observation(k)], {"narrator": b"%d" % k})
        disk.countdown = -1
        assert [event.seq for event in kept] == [3 * k + 1, 3 * k + 2, 3 * k + 3]
    journal.close()
    assert failed > 10
    report = verify(tmp_path / "live_story.db")
    assert (report.events, report.observations) == (120, 40)
    assert [finding.where for finding in report.findings] == [str(tmp_path / "live_story.txt")]  # none was written


def test_a_commit_that_failed_and_was_made_is_not_made_again(tmp_path: Path, disk: _Disk) -> None:
    """An append whose last sync fails may have committed; the retry returns what is there."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO, vfs="failing")
    doubtful = 0
    for k in range(12):
        disk.countdown = k
        try:
            journal.append([entry(k)])
        except JournalError:
            disk.countdown = -1
            doubtful += journal.has(entry(k).id)
            journal.append([entry(k)])
        disk.countdown = -1
        assert journal.last is not None
        assert journal.last.seq == k + 1
    journal.close()
    assert doubtful


def _fill(journal: Journal) -> None:
    for n in range(5_000):
        journal.append([entry(n)], [observation(n)], {"narrator": bytes(2_000)})


@_root_only
def test_a_full_disk_is_told_and_writing_goes_on_when_it_has_space(tmp_path: Path) -> None:
    """On a disk of one megabyte: append until it is full, free it, append again."""
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(
        ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        (mount / "ballast").write_bytes(bytes(300_000))
        journal = Journal.open(mount / "live_story.txt", DEMO)
        with pytest.raises(JournalError, match="the disk is full"):
            _fill(journal)
        count = 0 if journal.last is None else journal.last.seq
        assert count
        (mount / "ballast").unlink()
        assert [kept.seq for kept in journal.append([entry(count)])] == [count + 1]
        journal.close()
        with JournalReader.open(mount / "live_story.db") as reader:
            assert [kept.id for kept in reader.events(limit=9_999)] == [entry(n).id for n in range(count + 1)]
    finally:
        subprocess.run(["/usr/bin/umount", str(mount)], check=True)


def test_a_file_that_may_not_grow_is_told(tmp_path: Path) -> None:
    """The limit on a process's files is like a full disk; what was acknowledged stays."""

    def write(answer: int) -> None:
        journal = Journal.open(tmp_path / "live_story.txt", DEMO)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        count = 0
        try:
            for n in range(1000):
                journal.append([entry(n)])
                count += 1
        except JournalError as error:
            os.write(answer, b"%d %s" % (count, str(error).encode()))

    code, said = ended(*forked(write))
    count, error = said.split(b" ", 1)
    assert code == 0
    assert b"can't append" in error
    with JournalReader.open(tmp_path / "live_story.db") as reader:
        assert reader.last_seq == int(count) > 0


def _as_nobody() -> None:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that others may look into; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _open_to_all(folder: Path) -> None:
    """Let everyone read, and no one else write."""
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)


@_root_only
@pytest.mark.parametrize("writing", [False, True])
def test_a_reader_needs_no_write_access(public: Path, *, writing: bool) -> None:
    """Someone else reads the story and follows it, while it is written and after."""
    written(public / "live_story.txt", 10)
    _open_to_all(public)
    journal = Journal.open(public / "live_story.txt", DEMO) if writing else None
    hear, say = os.pipe()

    def read(answer: int) -> None:
        _as_nobody()
        with JournalReader.open(public / "live_story.txt") as reader:
            os.write(answer, b"%d" % reader.last_seq)
            os.read(hear, 1)
            os.write(answer, b" %d %d" % (reader.changed(), reader.last_seq))

    pid, pipe = forked(read)
    first = os.read(pipe, 100)
    if journal is not None:
        journal.append([entry(11)])
        journal.close()
    os.write(say, b".")
    code, rest = ended(pid, pipe)
    os.close(say)
    os.close(hear)
    assert code == 0
    assert first + rest == (b"10 1 11" if writing else b"10 0 10")


@_root_only
def test_a_folder_that_may_not_be_written_is_told_with_what_to_do(public: Path) -> None:
    """In a closed folder, and where the files are closed, opening says so and names the file."""
    written(public / "live_story.txt", 1)
    _open_to_all(public)

    def write(answer: int) -> None:
        _as_nobody()
        for path in (public / "live_story.txt", public / "new" / "live_story.txt"):
            try:
                Journal.open(path, DEMO)
            except JournalError as error:
                os.write(answer, str(error).encode())

    code, said = ended(*forked(write))
    assert code == 0
    assert said.count(b"permission is denied") == said.count(b"--dir") == 2


@_root_only
def test_a_read_only_journal_is_told(public: Path) -> None:
    """The lock may be had, the journal may not be written: opening or appending says that it is read-only."""
    written(public / "live_story.txt", 1)
    _open_to_all(public)
    public.chmod(0o777)
    (public / "live_story.lock").chmod(0o666)

    def write(answer: int) -> None:
        _as_nobody()
        try:
            Journal.open(public / "live_story.txt", DEMO).append([entry(2)])
        except JournalError as error:
            os.write(answer, str(error).encode())

    code, said = ended(*forked(write))
    assert code == 0
    assert b"read-only" in said
