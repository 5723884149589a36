"""A story as one file, taken while its bot runs: the journal at one instant, with its text and archive; and back.

A gzipped tar that anybody can open: ``live_story.db``, ``live_story.txt``, ``archive/live_story-2024-11-26.txt.gz``, …,
and ``live_story.bars.csv`` where the bot has kept its bars.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import tarfile
import zlib
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from livestory.errors import InputError, JournalCorrupt
from livestory.story.files.layout import Layout, make_folder, open_file, sync_folder
from livestory.story.files.output_file import Target, replaced
from livestory.story.files.story_file import CURSOR, day_told, pages
from livestory.story.files.story_text import compressed, encoded
from livestory.story.files.verify import Verification, verify
from livestory.story.journal.connection import connect_reader
from livestory.story.journal.faults import faults
from livestory.story.journal.lock import WriterLock
from livestory.story.journal.reader import JournalReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from livestory.story.journal.entry import ShownLine

ENDINGS = (".tar.gz", ".tgz")
_PRIVATE = 0o600
_FASTEST = 1  # of gzip: a third of the time of the default for a tenth more bytes


class Saved(NamedTuple):
    """What a backup holds."""

    last_seq: int
    size: int  # bytes of the file


def backup(path: str | os.PathLike[str], out: Path) -> Saved:
    """Write the story at ``path`` (its text or its journal) to ``out``, whole or not at all, for its owner's eyes only.

    The bot goes on meanwhile: what it tells during the backup is not in it. Raises InputError for the name of ``out``,
    JournalError and OSError.
    """
    layout = Layout.of(path)
    target = Target.of(out)
    if not target.is_stream and not out.name.endswith(ENDINGS):
        message = f"{out}: name the backup like story-2024-12-03.tar.gz"
        raise InputError(message)
    make_folder(target.path.parent)
    beside = not target.is_stream and os.access(target.path.parent, os.W_OK)
    room = target.path.parent if beside else None  # for a copy of the journal; None: the system's temporary folder
    with replaced(out, private=True) as file, TemporaryDirectory(prefix=".livestory-", dir=room) as scratch:
        snapshot = Path(scratch, layout.db.name)
        _copy(layout.db, snapshot)
        with JournalReader.open(snapshot) as journal:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=_FASTEST) as tar:
                _add(tar, snapshot.name, snapshot)
                for name, content in _text(journal, layout):
                    _add(tar, name, content)
                if (bars := _bars(layout)) is not None:
                    _add(tar, f"{layout.name}.bars.csv", bars)
            return Saved(journal.last_seq, file.tell())


def _copy(journal: Path, to: Path) -> None:
    """The journal as it is at this instant. Its writer is not held up, however long this takes."""
    JournalReader.open(journal).close()  # which says what is wrong with it in words
    with faults(journal, "copy"), closing(connect_reader(journal)[0]) as db:
        db.execute("VACUUM INTO ?", (str(to),))


def _text(journal: JournalReader, layout: Layout) -> Iterator[tuple[str, bytes]]:
    """The text and the archive that the journal comes to, by their names: what stands in the folder may be ahead."""
    cursor = journal.cursor(CURSOR)
    end = cursor.seq if cursor is not None else 0
    live: list[bytes] = []
    day: date | None = None
    told: list[ShownLine] = []
    for page in pages(journal):
        live.append(encoded(line for line in page if line.seq > end))
        for line in page:
            if line.seq > end:
                break
            if day is not None and day != day_told(line.told):
                yield _archived(layout, day, told)
                told = []
            day = day_told(line.told)
            told.append(line)
    if day is not None:
        yield _archived(layout, day, told)
    yield f"{layout.name}.txt", b"".join(live)


def _bars(layout: Layout) -> bytes | None:
    """The bars as far as they are whole; nothing depends on them, and who can't read them has none."""
    try:
        with open_file(layout.bars) as file:
            content = file.read()
    except OSError:
        return None
    return content[: content.rfind(b"\n") + 1]


def _archived(layout: Layout, day: date, told: list[ShownLine]) -> tuple[str, bytes]:
    path = layout.archived(day)
    return f"{path.parent.name}/{path.name}", compressed(encoded(told))


def _add(tar: tarfile.TarFile, name: str, content: Path | bytes) -> None:
    member = tarfile.TarInfo(name)
    member.mode = _PRIVATE
    if isinstance(content, bytes):
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
        return
    member.size, member.mtime = content.stat().st_size, int(content.stat().st_mtime)
    with content.open("rb") as file:
        tar.addfile(member, file)


_GIVE = "Give a file that livestory backup wrote."
_ARCHIVED = r"archive/{stem}-(\d{{4}}-\d\d-\d\d)\.txt\.gz"


@contextmanager
def unpacked(file: Path, target: Layout) -> Iterator[tuple[Layout, Verification]]:
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


def _sound(story: Layout, file: Path) -> Verification:
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
        bars = [story.bars] if os.path.lexists(story.bars) else []
        places = (target.db, target.text, *target.archives().values(), *([target.bars] if bars else []))
        there = [path for path in places if os.path.lexists(path)]
        if there:
            message = (
                f"{there[0]}: a story is there already\n"
                "Restore into another folder with --dir, or move this story aside with --fresh."
            )
            raise InputError(message)
        for part in (story.db, story.text, *story.archives().values(), *bars):
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
    if name == f"{stem}.bars.csv":
        return story.bars
    day = re.fullmatch(_ARCHIVED.format(stem=re.escape(stem)), name)
    return story.archive / f"{story.name}-{day[1]}.txt.gz" if day else None
