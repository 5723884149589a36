"""Whether a journal was written, told by its files alone: of hundreds, none need be open for it."""

from __future__ import annotations

import os
from time import time_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TICK = 50_000_000  # nanoseconds; what is written within them may have one time of writing


class Touched:
    """Whether a journal was written since it was looked at, by the files themselves: it need not be open."""

    def __init__(self, journal: Path) -> None:
        self._files = str(journal), f"{journal}-wal"
        self._seen: tuple[_File | None, ...] | None = None

    def __bool__(self) -> bool:
        """Whether anything was written since `look`, or might have been."""
        return self._seen is None or self._seen != self._stamp()

    def look(self) -> None:
        """Take what stands there now as seen: to be called before it is read."""
        stamp, now = self._stamp(), time_ns()
        settled = all(file is None or now - file[1] > _TICK for file in stamp)
        self._seen = stamp if settled else None

    def forget(self) -> None:
        """Take nothing as seen."""
        self._seen = None

    def _stamp(self) -> tuple[_File | None, ...]:
        return tuple(map(_stat, self._files))


_File = tuple[int, int, int]


def _stat(file: str) -> _File | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - a path object costs more than the question
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
