"""The files of a story, by what the command line names; and how a former one makes room for a new one."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from livestory.story.files.layout import SQLITE, Layout

if TYPE_CHECKING:
    from pathlib import Path


_STORY = "live_story.txt"
_HEAD, _OWNER = 100, slice(68, 72)  # bytes of a database's header, and where it says whose it is


def story_in(folder: Path) -> Layout:
    """The files of the story that --dir names. Raises InputError for a name that is no story's."""
    from livestory.errors import InputError

    try:
        str(folder).encode()
    except UnicodeEncodeError:
        message = f"{folder}: not UTF-8, and a journal needs a name that is; rename it"
        raise InputError(message) from None
    if folder.suffix in {".txt", ".db"}:
        return Layout.of(folder)
    if folder.is_file():
        message = f"{folder}: a file that is no story's; a journal's name ends in .db, a story file's in .txt"
        raise InputError(message)
    return Layout.of(folder / _STORY)


def stories_in(folder: Path) -> list[Layout]:
    """The story that --dir names; of a folder without one of its own, those in the folders in it, where there are any.

    Raises InputError as `story_in` does.
    """
    own = story_in(folder)
    if own.db.exists() or own.text.exists() or not folder.is_dir():
        return [own]
    found = (story_in(one) for one in sorted(folder.iterdir()) if one.is_dir())
    return [layout for layout in found if layout.db.exists()] or [own]


def is_sqlite(file: Path) -> bool:
    """Whether a file is a SQLite database."""
    return _head(file).startswith(SQLITE)


def is_journal(file: Path) -> bool:
    """Whether a file is a database that livestory itself has written."""
    from livestory.story.journal.schema import APPLICATION_ID

    head = _head(file)
    return head.startswith(SQLITE) and int.from_bytes(head[_OWNER], "big") == APPLICATION_ID


def journal_in(file: Path, name: str | None = None) -> Path:
    """The journal that a file is, or that belongs to a story's text. Raises InputError where ``file`` is neither.

    ``name`` is what the file is called to its owner, where that is something else.
    """
    from livestory.errors import InputError
    from livestory.story.journal.schema import APPLICATION_ID

    name, head = name or str(file), _head(file)
    if head.startswith(SQLITE) and int.from_bytes(head[_OWNER], "big") != APPLICATION_ID:
        message = (
            f"{name}: a SQLite database, and no journal of livestory's\n"
            f"Tell a table of it: sqlite3 -header -csv {shlex.quote(name)} 'SELECT …' | livestory explain -"
        )
        raise InputError(message)
    journal = story_in(Layout.of(file).db).db
    if file != journal and (head.startswith(SQLITE) or not journal.exists()):
        message = f"{name}: a journal's name ends in .db, and this is no story file with its journal beside it"
        raise InputError(message)
    if not journal.exists():
        message = f"{name}: there is no such journal\nName a story's own, such as results/live_story.db."
        raise InputError(message)
    return journal


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_HEAD)
    except OSError:
        return b""  # whoever reads it says what is wrong with it


def move_aside(layout: Layout) -> Path | None:
    """Move a story with its archive into a new folder beside it; None where there is none.

    What is moved is a whole story there. Raises JournalHeld while it is being written, and OSError.
    """
    from livestory.story.files.layout import make_folder, sync_folder, unused
    from livestory.story.journal.lock import WriterLock

    parts = [path for path in (layout.inbox, *_files(layout)) if os.path.lexists(path)]
    if not parts:
        return None
    lock = WriterLock.acquire(layout.lock, "livestory run --fresh")
    try:
        aside = unused(layout.text.with_suffix(""), "former")
        for part in parts:
            target = aside / part.relative_to(layout.text.parent)
            make_folder(target.parent)
            part.rename(target)
            sync_folder(target.parent)
        (aside / layout.lock.name).touch()
        sync_folder(layout.text.parent)
    finally:
        lock.release()
    return aside


def _files(layout: Layout) -> list[Path]:
    """All files of a story but its lock. The journal is the last: while it is there, the others can be made again."""
    journal = [layout.db.with_name(layout.db.name + suffix) for suffix in ("-wal", "-shm", "")]
    return [layout.text, layout.bars, *layout.archives().values(), *journal]


def delete(layout: Layout, mode: str) -> None:
    """Delete the story of a bot in that mode, if there is one.

    Raises InputError where it is another's, JournalHeld while it is being written, and OSError.
    """
    from livestory.errors import InputError, JournalError
    from livestory.story.journal.lock import WriterLock
    from livestory.story.journal.reader import JournalReader

    try:
        with JournalReader.open(layout.db) as reader:
            found = reader.identity
    except JournalError:  # none there, or one that the writer will refuse or set aside
        return
    if found.mode != mode:
        message = (
            f"{layout.db}: another bot's story ({found.bot or 'without a name'}, {found.mode or 'mode not told'})\n"
            "Name another folder with --dir."
        )
        raise InputError(message)
    lock = WriterLock.acquire(layout.lock, f"livestory {mode}")
    try:
        for part in _files(layout):
            part.unlink(missing_ok=True)
    finally:
        lock.release()
