"""Reads along in a journal that others write, whatever becomes of it: late, deleted, replaced, put back, damaged."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.errors import JournalError
from livestory.story.files.layout import Layout
from livestory.story.journal.reader import PAGE_BYTES, JournalReader

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from livestory.story.journal.entry import Kept


_PAGE = 1000  # events read at a time
_REMEMBERED = 1000  # events whose hash is kept, to find where an older copy parts from what was read


class Change(Enum):
    """What became of a journal since the last look."""

    NONE = "none"
    GREW = "grew"  # something was committed
    REOPENED = "reopened"  # the same journal after a trouble, or as another file: it may have grown
    REPLACED = "replaced"  # another journal, or the first: its events count from 1
    REWOUND = "rewound"  # the same journal, without the last event that was read: an older copy was put back


class Trouble(Struct, frozen=True):
    """Why a journal can't be followed at present."""

    text: str  # what is wrong, where, and what to do
    missing: bool  # there is no journal under that name
    passing: bool  # it may end by itself; False for a journal that is damaged, newer or another program's


class StoryFollower:
    """Follows the journal of one story. Synchronous, and for one user at a time; it reads and never writes.

    A round of its user is `look`, then `page` until that is empty, then whatever else is asked of `reader`, and
    `recovered` where all of it went well. What these raise is handed to `failed`; the next `look` opens anew. A journal
    that another has taken the place of is opened anew by `look` itself and is no trouble.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Follow the story at ``path`` (its text or its journal) from its first event on; nothing is opened yet."""
        self.path = Layout.of(path).db
        self.journal: str | None = None  # the id of the journal that `seq` counts in
        self.seq = 0  # of the last event that was read
        self.trouble: Trouble | None = None
        self._read: deque[tuple[int, bytes]] = deque(maxlen=_REMEMBERED)  # seq and hash of the last events read
        self._reader: JournalReader | None = None
        self._openings = 0

    @property
    def reader(self) -> JournalReader:
        """The open journal, between a `look` and the next failure."""
        if self._reader is None:
            message = f"{self.path}: the journal is not open"
            raise JournalError(message)
        return self._reader

    @property
    def opening(self) -> int | None:
        """A number that is new with each opening; None while it is not open. May be read from any thread."""
        return self._openings if self._reader is not None else None

    def look(self) -> Change:
        """Open the journal where it is not open, and say what became of it. Raises JournalError and its kinds.

        After REPLACED `seq` is 0; after REWOUND that of the last event that was read and is still there, or 0 where
        none is remembered. Anything but NONE is a reason to read on.
        """
        if self._reader is not None:
            try:
                if not self._reader.changed():
                    return Change.NONE
                return Change.REWOUND if self._rewind(self._reader) else Change.GREW
            except JournalError as error:
                if type(error) is not JournalError:
                    raise
                self.close()  # what stands there now is opened, or says what is wrong
        self._reader = reader = JournalReader.open(self.path)
        self._openings += 1
        if reader.id != self.journal:
            self.journal, self.seq = reader.id, 0
            self._read.clear()
            return Change.REPLACED
        return Change.REWOUND if self._rewind(reader) else Change.REOPENED

    def page(self, limit: int = _PAGE) -> list[Kept]:
        """The next events, at most ``limit``; fewer where their lines and records come to some megabytes.

        Empty where all are read. Raises JournalError.
        """
        events = self.reader.events(self.seq, limit=limit, most_bytes=PAGE_BYTES)
        if events:
            self.seq = events[-1].seq
            self._read.extend((event.seq, event.hash) for event in events)
        return events

    def go_to(self, seq: int) -> None:
        """Take the events up to ``seq`` as read. Raises JournalError."""
        event = self.reader.event(seq)
        self.seq = seq
        self._read.clear()
        if event is not None:
            self._read.append((seq, event.hash))

    def failed(self, error: Exception) -> bool:
        """Close the journal, and keep ``error`` as the trouble. Whether it is another trouble than the last one."""
        self.close()
        journal = isinstance(error, JournalError)
        found = Trouble(str(error), journal and not _exists(self.path), type(error) is JournalError)
        new, self.trouble = found != self.trouble, found
        return new

    def recovered(self) -> bool:
        """Note that a round went well. Whether a trouble has ended with it."""
        ended, self.trouble = self.trouble is not None, None
        return ended

    def close(self) -> None:
        """Close the journal; the next `look` opens it."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _rewind(self, reader: JournalReader) -> bool:
        """Go back to the last event that was read and is still there; False where that is the last one."""
        if not self._read or _has(reader, *self._read[-1]):
            return False
        while self._read and not _has(reader, *self._read[-1]):
            self._read.pop()
        self.seq = self._read[-1][0] if self._read else 0
        return True


def _has(reader: JournalReader, seq: int, read_hash: bytes) -> bool:
    event = reader.event(seq)
    return event is not None and event.hash == read_hash


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder that can't be entered
        return True
