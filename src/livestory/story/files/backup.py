"""A story as one file, taken while its bot runs: the journal at one instant, with the text and archive it comes to.

A gzipped tar that anybody can open: ``live_story.db``, ``live_story.txt``, ``archive/live_story-2024-11-26.txt.gz``, …
"""

from __future__ import annotations

import io
import os
import tarfile
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from livestory.errors import InputError
from livestory.story.files.layout import Layout, make_folder
from livestory.story.files.output_file import Target, replaced
from livestory.story.files.story_file import CURSOR, day_told, pages
from livestory.story.files.story_text import compressed, encoded
from livestory.story.journal.faults import faults
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.schema import connect_reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from livestory.story.journal.entry import Line

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
    room = target.path.parent if beside else None  # for a copy of the journal; None: where the system keeps such
    with replaced(out, private=True) as file, TemporaryDirectory(prefix=".livestory-", dir=room) as scratch:
        snapshot = Path(scratch, layout.db.name)
        _copy(layout.db, snapshot)
        with JournalReader.open(snapshot) as journal:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=_FASTEST) as tar:
                _add(tar, snapshot.name, snapshot)
                for name, content in _text(journal, layout):
                    _add(tar, name, content)
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
    told: list[Line] = []
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


def _archived(layout: Layout, day: date, told: list[Line]) -> tuple[str, bytes]:
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
