"""The readers' end of a journal: from any process, without write access, as many as like."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec

from livestory.errors import JournalError
from livestory.story.files.layout import Layout
from livestory.story.journal import queries, stored
from livestory.story.journal.checksum import checksum
from livestory.story.journal.connection import connect_reader
from livestory.story.journal.entry import Compacted, Cursor, Identity, Kept, ShownLine, from_row
from livestory.story.journal.faults import corrupt, faults
from livestory.story.journal.positions import Held, KeptPositions
from livestory.story.journal.schema import check_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import apsw

    from livestory.story.inputs import Observation
    from livestory.story.journal.stored import Rows

PAGE_BYTES = 4 * 1024 * 1024  # of events read at a time: an old journal may have lines of megabytes
_PAGE = 1000  # events, or observations, read at a time


class _Files(NamedTuple):
    """A journal's file and its -shm, as they stood when a reader was about to open them."""

    journal: Path
    was: os.stat_result
    shared: Path
    shared_was: os.stat_result | None  # None: it was made later

    @classmethod
    def of(cls, path: Path) -> _Files:
        """Those of the journal at ``path``. Raises OSError."""
        real = path.resolve()  # SQLite follows a link, and keeps the -shm beside what it leads to
        shared = real.with_name(f"{real.name}-shm")
        return cls(path, path.stat(), shared, shared.stat() if shared.exists() else None)

    def stand(self, *, live: bool) -> bool:
        """Return True if both files still stand there and, where nobody writes them (``live`` is False), are unchanged.

        Raises OSError.
        """
        found = self.journal.stat()
        if not os.path.samestat(found, self.was):
            return False
        if not live:
            return (found.st_size, found.st_mtime_ns) == (self.was.st_size, self.was.st_mtime_ns)
        if self.shared_was is None or not self.shared.exists():  # one that is gone, its writer has open still
            return True
        return os.path.samestat(self.shared.stat(), self.shared_was)


class JournalReader:
    """A journal as others read it. No transaction is held between calls. Not to be used by two threads at once."""

    def __init__(self, path: Path, db: apsw.Connection, files: _Files, *, live: bool) -> None:
        """Not to be called: `open` makes one."""
        self.path = path
        self._db = db
        self._live = live
        self._files = files
        with faults(path, "read"):
            self.id, self.identity, self.created = _meta(db, path)
            self.replica = queries.replica(db)  # of what it is a copy that a fleet made; None: it has its own writer
            self._version = db.pragma("data_version")

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open the journal of the story at ``path`` (its text or its journal) for reading.

        Raises JournalError where there is none yet or it can't be read, JournalNewer, JournalForeign, JournalCorrupt.
        """
        path = Layout.of(path).db
        with faults(path, "open"):
            if not path.exists():
                raise JournalError(_none(path))
            files = _Files.of(path)  # before they are opened: what takes their place from now on is seen
            db, live = connect_reader(path)
            try:
                version = check_version(db, path)
                if version:
                    return cls(path, db, files, live=live)
            except BaseException:
                db.close()
                raise
            db.close()
        raise JournalError(_none(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def last_seq(self) -> int:
        """The seq of the last event, 0 before the first. Raises JournalError."""
        with faults(self.path, "read"):
            return self._db.execute("SELECT max(seq) FROM events").get or 0

    def changed(self) -> bool:
        """Whether anything was committed since the last call (the first: since it was opened).

        Raises JournalError where another journal has taken its place: open that one.
        """
        with faults(self.path, "read"):
            if not self._files.stand(live=self._live):
                message = f"{self.path}: another journal has taken its place\nOpen it again."
                raise JournalError(message)
            before, self._version = self._version, self._db.pragma("data_version")
            return bool(before != self._version)

    def events(  # noqa: PLR0913 (each is one filter)
        self,
        after_seq: int = 0,
        before_seq: int | None = None,
        *,
        kinds: Collection[str] | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = 1000,
        most_bytes: int | None = None,
        newest_first: bool = False,
        shown: bool = False,
    ) -> list[Kept]:
        """Events in order of seq, at most ``limit``: after_seq < seq < before_seq, since <= time < until.

        ``shown``: only those whose line is shown. With ``most_bytes`` the one whose line and record reach them is the
        last. Where there are more, the next page begins at the last one's seq. Raises JournalError.
        """
        clauses, values = ["seq > ?"], [after_seq]
        bounds = (("seq < ?", before_seq), ("time >= ?", since), ("time < ?", until))
        for clause, bound in bounds:
            if bound is not None:
                clauses.append(clause)
                values.append(bound)
        if kinds is not None:
            clauses.append(f"kind IN ({', '.join('?' * len(kinds))})")
        order = "DESC" if newest_first else "ASC"
        with faults(self.path, "read"):
            if shown:
                clauses.append(queries.shown(self._db))
            query = f"{queries.events(self._db)} WHERE {' AND '.join(clauses)} ORDER BY seq {order} LIMIT ?"
            rows = self._db.execute(query, (*values, *(kinds or ()), limit))
            if most_bytes is None:
                return [queries.as_kept(row) for row in rows]
            found: list[Kept] = []
            for row in rows:
                found.append(queries.as_kept(row))
                most_bytes -= len(found[-1].line) + len(found[-1].record)
                if most_bytes <= 0:
                    break
            return found

    def pages(  # noqa: PLR0913 (as above)
        self,
        after_seq: int = 0,
        before_seq: int | None = None,
        *,
        kinds: Collection[str] | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = _PAGE,
        shown: bool = False,
    ) -> Iterator[list[Kept]]:
        """All of these events, at most ``limit`` at a time, and no more than fit into memory. Raises JournalError."""
        asked = partial(self.events, kinds=kinds, since=since, until=until, limit=limit, shown=shown)
        while page := asked(after_seq, before_seq, most_bytes=PAGE_BYTES):
            yield page
            after_seq = page[-1].seq

    def records(self, kinds: Collection[str], since: int, until: int) -> Iterator[tuple[int, str, bytes]]:
        """Time, kind and record of the events of these kinds in order, since <= time < until, a page at a time.

        Nothing else is read of them, which for a hundred thousand is most of the work. Raises JournalError.
        """
        query = f"""SELECT seq, time, kind, record FROM events WHERE seq > ? AND time >= ? AND time < ?
        AND kind IN ({", ".join("?" * len(kinds))}) ORDER BY seq LIMIT ?"""  # noqa: S608 (question marks)
        page: list[tuple[int, int, str, bytes]] = [(0, 0, "", b"")]
        while page:
            after, left = page[-1][0], PAGE_BYTES
            page = []
            with faults(self.path, "read"):
                for row in self._db.execute(query, (after, since, until, *kinds, _PAGE)):
                    page.append(row)
                    left -= len(row[3])
                    if left <= 0:
                        break
            for _, time, kind, record in page:
                yield time, kind, record

    def last_of(self, kinds: Collection[str], after_seq: int = 0) -> Kept | None:
        """The last event of these kinds after ``after_seq``. Kinds have no index. Raises JournalError."""
        return next(iter(self.events(after_seq, kinds=kinds, newest_first=True, limit=1)), None)

    def event(self, seq: int) -> Kept | None:
        """The event of that seq. Raises JournalError."""
        with faults(self.path, "read"):
            return queries.kept_by_seq(self._db, seq)

    def has(self, entry_id: str) -> bool:
        """Whether an event of that id is kept. Raises JournalError."""
        with faults(self.path, "read"):
            return queries.kept_by_id(self._db, entry_id) is not None

    def lines(self, after_seq: int = 0, limit: int = 1000) -> list[ShownLine]:
        """The text of the events after ``after_seq`` that are shown, in order, at most ``limit``.

        Raises JournalError.
        """
        with faults(self.path, "read"):
            return queries.lines(self._db, after_seq, limit)

    def rows(self, after_seq: int, after_time: int, limit: int = 1000) -> Rows:
        """What follows the event ``after_seq`` and the observation of ``after_time``, as it is stored.

        Raises JournalError.
        """
        with faults(self.path, "read"):
            return stored.read(self._db, after_seq, after_time, limit, PAGE_BYTES)

    def stored_identity(self) -> tuple[bytes, int]:
        """Whose it is as it is stored, and the schema it is stored in. Raises JournalError."""
        with faults(self.path, "read"):
            found: str | None = self._db.execute("SELECT value FROM meta WHERE key='identity'").get
            return (found or "{}").encode(), int(self._db.pragma("user_version"))

    def observations(self, since: int | None = None, until: int | None = None) -> Iterator[Observation]:
        """Observations in order of time, since <= time < until, a page at a time. Raises JournalError."""
        start, end = -(2**63) if since is None else since, queries.END if until is None else until
        while True:
            with faults(self.path, "read"):
                query = f"{queries.observations(self._db)} WHERE time >= ? AND time < ? ORDER BY time LIMIT ?"
                rows: list[tuple[Any, ...]] = self._db.execute(query, (start, end, _PAGE)).fetchall()
            positions = KeptPositions(self._db)
            for row in rows:
                yield self._observation(row, positions)
            if len(rows) < _PAGE:
                return
            start = int(rows[-1][0]) + 1

    def last_observation(self, until: int = queries.END) -> Observation | None:
        """The latest observation, of those up to and at ``until``. Raises JournalError."""
        with faults(self.path, "read"):
            query = f"{queries.observations(self._db)} WHERE time <= ? ORDER BY time DESC LIMIT 1"
            row = self._db.execute(query, (until,)).fetchone()
        return row and self._observation(row, KeptPositions(self._db))

    def held(self) -> Held:
        """The positions that were reported last; at the time 0 where none ever were. Raises JournalError."""
        try:
            with faults(self.path, "read"):
                return Held.last(self._db)
        except (ValueError, msgspec.MsgspecError) as error:
            raise corrupt(self.path, str(error)) from error

    def held_since(self, symbol: str, time: int) -> int | None:
        """Since when a position held at ``time`` is known to be open; None is unknown. Raises JournalError."""
        with faults(self.path, "read"):
            return queries.held_since(self._db, symbol, time)

    def compacted(self) -> Compacted | None:
        """Up to where its observations were thinned; None where they never were. Raises JournalError."""
        with faults(self.path, "read"):
            return queries.compacted(self._db)

    def state(self, name: str) -> bytes | None:
        """The state of that name. Raises JournalError."""
        with faults(self.path, "read"):
            return queries.state(self._db, name)

    def cursor(self, name: str) -> Cursor | None:
        """The cursor of that name. Raises JournalError."""
        with faults(self.path, "read"):
            return queries.cursor(self._db, name)

    def close(self) -> None:
        """Close the connection to the journal."""
        self._db.close()

    def _observation(self, row: tuple[Any, ...], positions: KeptPositions) -> Observation:
        *values, moves, kept = row
        if kept not in {0, checksum(*values) if moves is None else checksum(*values, moves)}:
            raise corrupt(self.path, f"the observation of {row[0]} was altered")
        try:
            if moves is None:
                return from_row(values[:-1], None)
            with faults(self.path, "read"):
                return from_row(values[:-1], positions.of(row[0], moves))
        except (ValueError, msgspec.MsgspecError) as error:
            raise corrupt(self.path, f"the observation of {row[0]} ({error})") from error


def _meta(db: apsw.Connection, path: Path) -> tuple[str, Identity, int]:
    try:
        return queries.meta(db)
    except (KeyError, TypeError, msgspec.MsgspecError) as error:
        raise corrupt(path, f"whose it is ({error!r})") from error


def _none(path: Path) -> str:
    return (
        f"{path}: no story has been written here yet\n"
        "Start one with: livestory run, or name its folder with --dir (the demo's is results/demo)."
    )
