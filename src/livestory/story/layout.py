"""Where the files of one story lie, and how one of them is moved out of the way."""

from __future__ import annotations

import os
import re
import time
from datetime import date
from pathlib import Path
from typing import Self

from msgspec import Struct

from livestory.errors import InputError


class Layout(Struct, frozen=True):
    """A story's files, all named after its text: for ``results/live_story.txt`` the journal is ``live_story.db``."""

    text: Path  # what a person reads
    db: Path  # the journal
    lock: Path  # who writes
    archive: Path  # the folder of the older days

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Self:
        """The files of the story at ``path``, which names its text or its journal.

        Raises InputError where ``path`` names no file.
        """
        path = Path(path)
        if path.suffix == ".lock" or not path.name:
            message = f"{path}: not the name of a story file\nName it like results/live_story.txt."
            raise InputError(message)
        text = path.with_suffix(".txt") if path.suffix == ".db" else path
        return cls(text, path.with_suffix(".db"), path.with_suffix(".lock"), path.parent / "archive")

    @property
    def inbox(self) -> Path:
        """The folder where other processes leave words for the writer."""
        return self.text.with_suffix(".inbox")

    def archived(self, day: date) -> Path:
        """The archive of one day told."""
        return self.archive / f"{self.text.stem}-{day.isoformat()}.txt.gz"

    def archives(self) -> dict[date, Path]:
        """The archives that are there, by day."""
        pattern = re.compile(re.escape(self.text.stem) + r"-(\d{4}-\d\d-\d\d)\.txt\.gz")
        found = ((pattern.fullmatch(path.name), path) for path in _listed(self.archive))
        return {date.fromisoformat(match[1]): path for match, path in found if match}

    def leftovers(self) -> list[Path]:
        """Temporary files that a writer which was killed has left."""
        pattern = re.compile(re.escape(f".{self.text.stem}-") + r"\d{4}-\d\d-\d\d\.txt\.gz\.tmp")
        archived = [path for path in _listed(self.archive) if pattern.fullmatch(path.name)]
        return [path for path in (temporary(self.text),) if os.path.lexists(path)] + archived


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
