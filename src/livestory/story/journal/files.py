"""The files that a journal's writer has open, and how they are put back where somebody took them away.

A file that was deleted or replaced is there for as long as a process has it open, and gone with it. So the writer looks
after each commit whether its files still stand under their names. Where they don't, it copies what it has open into a
new journal, and puts that in their place.
"""

from __future__ import annotations

import os
import stat
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from livestory.story.files.layout import make_folder, sync_folder, temporary, unused
from livestory.story.journal import queries
from livestory.story.journal.checksum import teach
from livestory.story.journal.faults import corrupt
from livestory.story.journal.schema import PARTS

if TYPE_CHECKING:
    from livestory.story.journal.entry import Kept

_PAGES = 1000  # copied at a time


class JournalFiles:
    """The journal, its -wal and its -shm, as an open connection has them."""

    def __init__(self, path: Path, db: apsw.Connection) -> None:
        """Note which files ``db`` has open for the journal at ``path``. Raises OSError where one is gone already."""
        self._path = path
        self._real = Path(db.filename)  # SQLite follows a link, and keeps -wal and -shm beside what it leads to
        found = [(f"{self._real}{part}", os.lstat(f"{self._real}{part}")) for part in PARTS]
        self._known = {name: (one.st_dev, one.st_ino) for name, one in found}
        if path.is_symlink():
            link = path.lstat()
            self._known[str(path)] = link.st_dev, link.st_ino
        self._log, self._index = f"{self._real}-wal", f"{self._real}-shm"
        self._log_size, self._index_size = (one.st_size for _, one in found[1:])
        self._changed = _version(found[0][1])

    def noted(self) -> bool:
        """`intact` after a commit, which may have changed the journal itself: that is noted."""
        found = self._found()
        if found is not None:
            self._changed = _version(found)
        return found is not None

    def intact(self) -> bool:
        """Whether each of them stands under its name, and nobody else has written in it."""
        found = self._found()
        return found is not None and _version(found) == self._changed

    def _found(self) -> os.stat_result | None:
        """What the journal itself is; None where one of the files is gone, replaced or cut."""
        try:
            found = [os.lstat(name) for name in self._known]
        except OSError:
            return None
        if any((one.st_dev, one.st_ino) != known for one, known in zip(found, self._known.values(), strict=True)):
            return None
        journal, log, index = found[:3]
        if log.st_size < self._log_size or index.st_size < self._index_size:
            return None
        self._log_size = log.st_size
        return journal

    def put_back(self, db: apsw.Connection, last: Kept | None) -> Path | None:
        """Put a journal of all that ``db`` holds in the place of what stands there now.

        Another's file that stands there is moved aside; its name is returned where it may hold something. Killed
        anywhere, it leaves the former state or the new one. Raises OSError, what SQLite raises, and JournalCorrupt
        where what is left is not all up to the event ``last``; then everything stays as it is.
        """
        target = self._path if self._gone(str(self._path)) else self._real
        make_folder(target.parent)
        self._heal_index()
        copy = temporary(target)
        copy.unlink(missing_ok=True)
        _copied(db, copy, last)
        aside = self._clear(target)
        copy.replace(target)
        sync_folder(target.parent)
        # Its own log may go only now: replayed over the copy, it changes nothing.
        for part in reversed(PARTS[1:]):
            target.with_name(target.name + part).unlink(missing_ok=True)
        sync_folder(target.parent)
        return aside

    def _gone(self, name: str) -> bool:
        """Whether something else or nothing stands under that name."""
        try:
            found = os.lstat(name)
        except OSError:
            return True
        return self._known.get(name, (found.st_dev, found.st_ino)) != (found.st_dev, found.st_ino)

    def _heal_index(self) -> None:
        """Give a -shm that was truncated its size again: to read what is mapped beyond its end ends the process.

        SQLite makes its contents again from the log.
        """
        with suppress(OSError):
            if not self._gone(self._index) and os.lstat(self._index).st_size < self._index_size:
                os.truncate(self._index, self._index_size)

    def _clear(self, target: Path) -> Path | None:
        """Move aside what stands in the way and is not the writer's own: another's log would be read as this one's."""
        aside, found = unused(target, "replaced"), None
        for part in (*PARTS[1:], "-journal", ""):
            name = target.with_name(target.name + part)
            if os.path.lexists(name) and (str(name) not in self._known or self._gone(str(name))):
                before = name.lstat()
                name.rename(aside.with_name(aside.name + part))
                if not part and stat.S_ISREG(before.st_mode) and before.st_size:
                    found = aside
        return found


def _version(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _copied(db: apsw.Connection, to: Path, last: Kept | None) -> None:
    """Copy page by page, durably, and look at the copy."""
    with closing(apsw.Connection(str(to))) as copy:
        copy.pragma("synchronous", "full")
        teach(copy)
        with copy.backup("main", db, "main") as copying:
            while not copying.done:
                copying.step(_PAGES)
        kept = queries.last_kept(copy)
        damage = queries.tail_damage(copy)
        if damage is None and last is not None:
            found = queries.kept_by_seq(copy, last.seq)
            damage = None if found == last else f"event {last.seq} is gone" if kept is None else "its end is gone"
        if damage is not None:
            raise corrupt(Path(db.filename), f"its files were changed while it was written: {damage}")
