"""Where the files of one story lie, and how one of them is moved out of the way."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from datetime import date
from pathlib import Path
from typing import IO, Self

from msgspec import Struct

from livestory.errors import InputError

SQLITE = b"SQLite format 3\0"
"""What every SQLite database begins with."""
_OURS = (".txt", ".db", ".lock", ".inbox")
_OF_A_JOURNAL = {".lock", ".db-wal", ".db-shm", ".db-journal"}  # what stands beside one, and is no text
_STORY = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \| ")


class Layout(Struct, frozen=True):
    """A story's files, all named after its text: for ``results/live_story.txt`` the journal is ``live_story.db``.

    Any other ending stays in their names, so that ``scout.v1`` and ``scout.v2`` share none: ``scout.v1.db``. A story
    that an earlier livestory began as ``scout.db`` keeps that, as long as it is the only one that may have it.
    """

    text: Path  # what a person reads
    db: Path  # the journal
    lock: Path  # who writes
    archive: Path  # the folder of the older days

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Self:
        """The files of the story at ``path``, which names its text or its journal.

        Raises InputError where ``path`` names no file, or the journal may be another text's.
        """
        path = Path(path)
        if path.suffix in _OF_A_JOURNAL or not path.name:
            message = f"{path}: not the name of a story file\nName it like results/live_story.txt."
            raise InputError(message)
        text = _text_of(path) if path.suffix == ".db" else path
        db = _journal_of(text)
        return cls(text, db, db.with_suffix(".lock"), path.parent / "archive")

    @property
    def inbox(self) -> Path:
        """The folder where other processes leave words for the writer."""
        return self.db.with_suffix(".inbox")

    @property
    def sources(self) -> Path:
        """Who may tell the story over HTTP by a secret of its own."""
        return self.db.with_suffix(".sources")

    @property
    def shares(self) -> Path:
        """The links by which others may see it in percent, as hashes."""
        return self.db.with_suffix(".shares")

    @property
    def bars(self) -> Path:
        """The bars that the bot has heard, where it writes them down."""
        return self.db.with_suffix(".bars.csv")

    @property
    def name(self) -> str:
        """What the names of all its files begin with."""
        return self.db.stem

    def archived(self, day: date) -> Path:
        """The archive of one day told."""
        return self.archive / f"{self.name}-{day.isoformat()}.txt.gz"

    def archives(self) -> dict[date, Path]:
        """The archives that are there, by day."""
        pattern = re.compile(re.escape(self.name) + r"-(\d{4}-\d\d-\d\d)\.txt\.gz")
        found = ((pattern.fullmatch(path.name), path) for path in _listed(self.archive))
        return {date.fromisoformat(match[1]): path for match, path in found if match}

    def leftovers(self) -> list[Path]:
        """Temporary files that a writer which was killed has left."""
        pattern = re.compile(re.escape(f".{self.name}-") + r"\d{4}-\d\d-\d\d\.txt\.gz\.tmp")
        archived = [path for path in _listed(self.archive) if pattern.fullmatch(path.name)]
        return [path for path in (temporary(self.text),) if os.path.lexists(path)] + archived


def _journal_of(text: Path) -> Path:
    former, own = text.with_suffix(".db"), text.with_name(f"{text.name}.db")
    if text.suffix == ".txt":
        db, others = former, _sharing(former, text) if os.path.lexists(former) and not os.path.lexists(text) else []
    elif os.path.lexists(own):
        db, others = own, _sharing(own, text)
    else:
        others = _sharing(former, text) if os.path.lexists(former) else []
        db = former if os.path.lexists(former) and (not others or _tells(text)) else own
        others = others if db == former else []
    if others:
        message = (
            f"{db}: it may be the journal of {others[0].name} as well as of {text.name}\n"
            f"If it is that of {others[0].name}, name this story otherwise; else move that file to another folder."
        )
        raise InputError(message)
    return db


def _text_of(db: Path) -> Path:
    text = db.with_suffix(".txt")
    others = [] if os.path.lexists(text) else _sharing(db, text)
    return others[0] if others else text


def _sharing(db: Path, text: Path) -> list[Path]:
    """The stories beside ``text`` whose journal ``db`` may be, too.

    A file of SQLite's is never opened: to close it again takes every lock from it that this process has.
    """
    named = (one for one in (db.with_suffix(".txt"), db.with_suffix("")) if one != text and _tells(one, new=True))
    others = (
        path
        for path in _listed(db.parent)
        if path.stem == db.stem and path != text and not path.suffix.startswith(_OURS)
        if path.suffix and not os.path.lexists(path.with_name(f"{path.name}.db")) and _tells(path)
    )
    return [*named, *others]


def _tells(path: Path, *, new: bool = False) -> bool:
    """Whether ``path`` is the text of a story; a ``new`` one may have no line yet."""
    try:
        if not path.is_file() or path.is_symlink():
            return False
        with path.open("rb") as file:
            beginning = file.read(40)
        return _STORY.match(beginning) is not None or (new and not beginning)
    except OSError:
        return False


def temporary(path: Path) -> Path:
    """Where the next content of ``path`` is written before it takes its place."""
    return path.with_name(f".{path.name}.tmp")


def unused(path: Path, label: str) -> Path:
    """A name beside ``path`` that nothing has yet: ``live_story.db.damaged-20241203T150000Z``."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name, count = path.with_name(f"{path.name}.{label}-{stamp}"), 1
    while os.path.lexists(name):
        count += 1
        name = path.with_name(f"{path.name}.{label}-{stamp}-{count}")
    return name


def real_path(path: Path) -> Path:
    """Where its links lead; unlike `Path.resolve`, without an error for one that leads to itself."""
    return Path(os.path.realpath(path))


def no_file(path: Path) -> str | None:
    """What stands at ``path`` and is no regular file, in words; None for a file, and for nothing. Raises OSError."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISREG(mode):
        return None
    kind = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
    return f"it is {kind}, not a file"


def open_file(path: Path) -> IO[bytes]:
    """The regular file at ``path``, to read: a pipe would be waited for. Raises OSError."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return file


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create ``folder`` and those above it, so that they survive a power cut. Raises OSError."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
