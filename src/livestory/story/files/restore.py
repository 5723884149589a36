"""A backup put back: looked at from end to end before it takes its place."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tarfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from livestory.errors import InputError, JournalCorrupt
from livestory.story.files.layout import Layout, make_folder, sync_folder
from livestory.story.files.verify import Report, verify
from livestory.story.journal.lock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Iterator

_GIVE = "Give a file that livestory backup wrote."
_ARCHIVED = r"archive/{stem}-(\d{{4}}-\d\d-\d\d)\.txt\.gz"


@contextmanager
def unpacked(file: Path, target: Layout) -> Iterator[tuple[Layout, Report]]:
    """The story in the backup ``file``, unpacked beside ``target`` under its names, and found to be sound.

    It is gone at the end, unless `install` has moved it. Raises InputError where ``file`` is no backup,
    JournalCorrupt where what it holds is damaged, JournalNewer, JournalForeign and OSError.
    """
    try:
        with tarfile.open(file, "r:gz") as tar:
            stem = _stem(tar, file)
            make_folder(target.text.absolute().parent)
            with TemporaryDirectory(prefix=f".{target.text.stem}.restored-", dir=target.text.parent) as scratch:
                story = Layout.of(Path(scratch, target.text.name))
                _unpack(tar, stem, story, file)
                yield story, _sound(story, file)
    except OSError as error:
        if error.filename is None and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:  # met in writing
            raise OSError(error.errno, error.strerror, str(target.text.parent)) from error
        raise
    except (tarfile.TarError, EOFError, zlib.error) as error:
        message = f"{file}: not a backup, or a part of one ({error})\n{_GIVE}"
        raise InputError(message) from error


def _sound(story: Layout, file: Path) -> Report:
    story.lock.touch()
    report = verify(story.text)
    if report.findings:
        first = report.findings[0]
        what = " ".join(f"{first.where.removeprefix(f'{story.text.parent}/')}: {first.what}".split())
        message = f"{file}: what it holds is damaged: {what}\nNothing was restored; take another backup."
        raise JournalCorrupt(message)
    return report


def install(story: Layout, target: Layout) -> None:
    """Move an unpacked story to where nothing is. The journal goes first: the rest can be made again from it.

    Raises InputError where there is something, JournalHeld, and OSError.
    """
    lock = WriterLock.acquire(target.lock, "livestory restore")
    try:
        there = [path for path in (target.db, target.text, *target.archives().values()) if os.path.lexists(path)]
        if there:
            message = (
                f"{there[0]}: a story is there already\n"
                "Restore into another folder with --dir, or move this story aside with --fresh."
            )
            raise InputError(message)
        for part in (story.db, story.text, *story.archives().values()):
            place = target.text.parent / part.relative_to(story.text.parent)
            make_folder(place.parent)
            part.rename(place)
            sync_folder(place.parent)
    finally:
        lock.release()


def _stem(tar: tarfile.TarFile, file: Path) -> str:
    """The name of the story in it, by its journal, which comes first."""
    first = tar.next()
    if first is None or not first.name.endswith(".db"):
        message = f"{file}: not a backup of a story: it does not begin with a journal\n{_GIVE}"
        raise InputError(message)
    return first.name.removesuffix(".db")


def _unpack(tar: tarfile.TarFile, stem: str, story: Layout, file: Path) -> None:
    """Write out what belongs to a story, by the names it has there; nothing else, wherever it would lead."""
    for member in tar:
        place = _place(member.name, stem, story)
        content = tar.extractfile(member) if member.isreg() else None
        if place is None or content is None:
            message = f"{file}: not a backup of a story: it holds {member.name!r}\n{_GIVE}"
            raise InputError(message)
        make_folder(place.parent)
        with place.open("xb") as out:
            shutil.copyfileobj(content, out)
            out.flush()
            os.fsync(out.fileno())


def _place(name: str, stem: str, story: Layout) -> Path | None:
    """Where a file of the backup belongs; None where it belongs to no story."""
    if name == f"{stem}.db" and "/" not in name:
        return story.db
    if name == f"{stem}.txt":
        return story.text
    day = re.fullmatch(_ARCHIVED.format(stem=re.escape(stem)), name)
    return story.archive / f"{story.name}-{day[1]}.txt.gz" if day else None
