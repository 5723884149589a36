"""A backup that a disk or a stranger has changed: restored whole and sound, or not at all, and nothing beside it."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from livestory.story.journal.writer import JournalReader
from tests.fuzz.mutation import Example, examples
from tests.fuzz.oracle import asked, bounded, still_at_it
from tests.web.teller import Teller

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.conftest import Tried

_NAMES = (
    "../evil.txt",
    "/evil.txt",
    "live_story.db",
    "archive/../../evil.txt",
    "archive/live_story-2024-12-03.txt.gz",
    "x\n\x1b[31m",
)
_KINDS = (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE)


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[bytes]]:
    """A backup, and the hashes of the events in it."""
    folder = tmp_path_factory.mktemp("bot")
    with Teller(folder / "live_story.txt") as teller:
        teller.begin().bars(30).trade().note("kept")
        assert asked("backup", folder / "b.tgz", "--dir", folder).exit_code == 0
    return (folder / "b.tgz").read_bytes(), _hashes(folder)


def _hashes(folder: Path) -> list[bytes]:
    with JournalReader.open(folder / "live_story.txt") as reader:
        return [event.hash for event in reader.events()]


def test_a_changed_backup_is_restored_sound_or_refused(
    backup: tuple[bytes, list[bytes]], tmp_path: Path, tried: Tried
) -> None:
    """Its bytes, those of the tar within, and what the tar says of its members; nothing lands outside."""
    content, hashes = backup
    file, folder = tmp_path / "b.tgz", tmp_path / "restored"
    with bounded():
        for example in examples(90, 2_000):
            still_at_it()
            file.write_bytes(_changed(example, content))
            shutil.rmtree(folder, ignore_errors=True)
            result = asked("restore", file, "--dir", folder)
            assert sorted(path.name for path in tmp_path.iterdir()) in (["b.tgz"], ["b.tgz", "restored"]), str(example)
            if result.exit_code:
                left = [path.name for path in folder.iterdir()] if folder.exists() else []
                assert set(left) <= {"live_story.lock"}, f"{example}: {left}"
                tried("backups", "refused")
                continue
            assert asked("verify", "--dir", folder).exit_code == 0, str(example)
            assert _hashes(folder) == hashes, str(example)
            tried("backups", "restored")


def _changed(example: Example, content: bytes) -> bytes:
    match example.random.randrange(3):
        case 0:
            return example.mutated(content)
        case 1:
            return gzip.compress(example.mutated(gzip.decompress(content)), 1)
        case _:
            return _with_a_member(example, content)


def _with_a_member(example: Example, content: bytes) -> bytes:
    """The same tar with one member more, of another kind, name or place."""
    changed = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=changed, mode="w:gz") as new:
        members = old.getmembers()
        place = example.random.randrange(len(members) + 1)
        for number, member in enumerate([*members[:place], None, *members[place:]]):
            if member is not None:
                new.addfile(member, old.extractfile(member))
                continue
            odd = tarfile.TarInfo(example.random.choice(_NAMES))
            odd.type, odd.linkname = example.random.choice(_KINDS), example.random.choice(_NAMES)
            data = b"evil" if odd.type == tarfile.REGTYPE else b""
            odd.size = len(data)
            new.addfile(odd, io.BytesIO(data))
            assert number == place
    return changed.getvalue()
