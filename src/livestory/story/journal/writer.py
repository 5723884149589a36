"""The journal: events, observations, states and cursors of one story, in SQLite. It is the only truth.

One writer, held by a lock; readers from any process (`JournalReader`). An entry is kept exactly once: what `append`
has returned survives SIGKILL and a power cut, and an `append` that raised may be called again with the same entries.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

import apsw
import msgspec

from livestory.clock import SystemClock
from livestory.errors import JournalError, JournalForeign
from livestory.story.files.layout import Layout, make_folder, sync_folder, unused
from livestory.story.journal import queries
from livestory.story.journal.checksum import GENESIS, link
from livestory.story.journal.connection import connect
from livestory.story.journal.entry import Answer, Cursor, Entry, Identity, Kept, Request, ShownLine, as_row
from livestory.story.journal.faults import corrupt, fault, faults
from livestory.story.journal.files import JournalFiles
from livestory.story.journal.lock import WriterLock
from livestory.story.journal.positions import Held, moving
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.schema import (
    INSERT_EVENT,
    INSERT_OBSERVATION,
    INSERT_POSITION,
    PARTS,
    PUT_ANSWER,
    PUT_CURSOR,
    PUT_META,
    PUT_STATE,
    check_version,
    prepare,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from livestory.story.inputs import Observation

__all__ = ["Answer", "Cursor", "Entry", "Identity", "Journal", "JournalReader", "Kept", "Request", "ShownLine"]

_log = logging.getLogger("livestory")
_NOTHING: Mapping[str, bytes] = {}
_NO_CURSORS: Mapping[str, Cursor] = {}
_NO_META: Mapping[str, str | int] = {}


class Journal:
    """The writer's end of a journal. Not to be used by two threads at once."""

    def __init__(self, path: Path, lock: WriterLock, vfs: str | None) -> None:
        """Not to be called: `open` makes one."""
        self.path = path
        self.id = ""  # random, of this journal for ever
        self.identity = Identity()
        self.last: Kept | None = None
        self.replaced: list[Path] = []  # other journals that stood in the place of this one, moved aside
        self._lock = lock
        self._vfs = vfs
        self._salt = os.urandom(4).hex()  # of this opening
        self._tried: set[str] = set()  # ids of entries that may be kept though their append has failed
        self._stale = False  # whether `last` may not be the last any more
        self._held: Held | None = None  # the positions kept last; None: not looked up yet
        self._db: apsw.Connection | None = None
        self._files: JournalFiles | None = None

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], identity: Identity, *, name: str | None = None, vfs: str | None = None
    ) -> Self:
        """Open the journal of the story at ``path`` (its text or its journal) for writing, or begin it.

        ``name`` is what the lock file calls the writer (by default ``identity.bot``); ``vfs`` names an SQLite VFS,
        through which a test makes the disk fail.

        Raises JournalHeld, JournalForeign, JournalNewer, JournalCorrupt and JournalError.
        """
        layout = Layout.of(path)
        with faults(layout.db, "create its folder"):
            make_folder(layout.db.parent)
        lock = WriterLock.acquire(layout.lock, name or identity.bot or "a bot")
        journal = cls(layout.db, lock, vfs)
        try:
            journal._begin(identity)
        except BaseException:
            journal.close()
            raise
        return journal

    @staticmethod
    def set_aside(path: str | os.PathLike[str], label: str = "damaged") -> Path:
        """Move a journal away, so that a new one can be begun: ``live_story.db.damaged-20241203T150000Z``.

        Its -wal and -shm go with it, so that the moved journal can be opened where it is. Returns its new name.
        Raises JournalHeld and JournalError.
        """
        layout = Layout.of(path)
        lock = WriterLock.acquire(layout.lock, "set aside")
        try:
            with faults(layout.db, "set aside"):
                aside = unused(layout.db, label)
                # The journal itself goes last: SQLite would delete a -wal that has lost its journal.
                for suffix in (*PARTS[1:], *PARTS[:1]):
                    part = layout.db.with_name(layout.db.name + suffix)
                    if os.path.lexists(part):
                        part.rename(aside.with_name(aside.name + suffix))
                sync_folder(layout.db.parent)
        finally:
            lock.release()
        return aside

    @staticmethod
    def read_through(path: str | os.PathLike[str]) -> None:
        """Read every byte of a journal. Raises JournalError where the disk does not give them."""
        layout = Layout.of(path)
        for part in (layout.db, layout.db.with_name(f"{layout.db.name}-wal")):
            with faults(part, "read"), suppress(FileNotFoundError), part.open("rb") as file:
                while file.read(1 << 20):
                    pass

    def append(
        self,
        entries: Sequence[Entry] = (),
        observations: Sequence[Observation] = (),
        states: Mapping[str, bytes] = _NOTHING,
        cursors: Mapping[str, Cursor] = _NO_CURSORS,
        requests: Sequence[Request] = (),
    ) -> list[Kept]:
        """Keep all of it in one transaction and return the events as they are kept, in the order of ``entries``.

        An entry whose id is there already, and an observation whose time is, are not stored again. An id that is a
        count (12.0) and was kept by an earlier opening belongs to another event: then the entry gets one of its own.
        ``told`` never goes back: an entry told before the last one counts as told with it.

        Raises JournalError (JournalCorrupt): then all or nothing of it was kept, and the same call, made again, keeps
        it once.
        """
        db = self._guarded("append")
        try:
            db.execute("BEGIN IMMEDIATE")
            last = self.last
            kept = []
            for entry in entries:
                event = self._kept(db, entry, last)
                if last is None or event.seq > last.seq:
                    last = event
                kept.append(event)
            after = last.seq if last is not None else 0
            if observations:
                rows = [(*as_row(observation), self._moving(db, observation), after) for observation in observations]
                db.executemany(INSERT_OBSERVATION, rows)
            if states:
                db.executemany(PUT_STATE, states.items())
            if cursors:
                db.executemany(PUT_CURSOR, ((name, at.seq, at.state) for name, at in cursors.items()))
            if requests:
                db.executemany(PUT_ANSWER, (_answered(request, kept) for request in requests))
            db.execute("COMMIT")
        except BaseException as error:
            self._tried.update(entry.id for entry in entries)
            self._held = None
            self._doubt()
            if isinstance(error, apsw.Error | MemoryError):
                raise fault(self.path, "append", error) from error
            raise
        self.last = last
        self._tried.clear()
        self._look_after(db)
        return kept

    def guard(self) -> None:
        """Put back what was taken away from under the writer: the lock, the journal, its -wal and -shm.

        `append` does it by itself. Raises JournalHeld where another has become the writer, and JournalError.
        """
        self._guarded("guard")

    def has(self, entry_id: str) -> bool:
        """Whether an event of that id is kept. Raises JournalError."""
        with self._reading() as db:
            return queries.has(db, entry_id)

    def known(self, entry_ids: Sequence[str]) -> set[str]:
        """Those of the ids whose event is kept. Raises JournalError."""
        with self._reading() as db:
            return queries.known(db, entry_ids)

    def ids(self, prefix: str) -> set[str]:
        """The ids of the events whose id begins with ``prefix``. Raises JournalError."""
        with self._reading() as db:
            return queries.ids(db, prefix)

    def event(self, entry_id: str) -> Kept | None:
        """The event of that id. Raises JournalError."""
        with self._reading() as db:
            return queries.kept_by_id(db, entry_id)

    def answer(self, request: str) -> Answer | None:
        """The answer to the request of that id, if it was kept. Raises JournalError."""
        with self._reading() as db:
            return queries.answer(db, request)

    def lines(self, after_seq: int = 0, limit: int = 1000) -> list[ShownLine]:
        """The text of the events after ``after_seq`` that are shown, in order, at most ``limit``.

        Raises JournalError.
        """
        with self._reading() as db:
            return queries.lines(db, after_seq, limit)

    def state(self, name: str) -> bytes | None:
        """The state of that name. Raises JournalError."""
        with self._reading() as db:
            return queries.state(db, name)

    def states(self) -> dict[str, bytes]:
        """All states, by name. Raises JournalError."""
        with self._reading() as db:
            return queries.states(db)

    def cursor(self, name: str) -> Cursor | None:
        """The cursor of that name. Raises JournalError."""
        with self._reading() as db:
            return queries.cursor(db, name)

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        """The connection, whose faults while something is read are raised as JournalError."""
        db = self._connection("read")
        with faults(self.path, "read"):
            yield db

    def close(self) -> None:
        """Let another writer have it."""
        if self._db is not None and self._files is not None:
            with suppress(JournalError):  # nothing of it is waited for any more
                self.guard()
        self.let_go()

    def let_go(self) -> None:
        """Close what a fork has inherited.

        Its parent writes on: what stands under the files' names is not looked at, lest an older journal be put back.
        """
        self._drop()
        self._lock.release()

    def _begin(self, identity: Identity) -> None:
        with faults(self.path, "open"):
            db = self._db = connect(
                self.path, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, vfs=self._vfs
            )
            stored = self._prepared(db, identity)
            self.identity = _agreed(stored, identity, self.path)
            if self.identity != stored:
                db.execute(PUT_META, ("identity", msgspec.json.encode(self.identity).decode()))
            self._files = JournalFiles(self.path, db)

    def _prepared(self, db: apsw.Connection, identity: Identity, meta: Mapping[str, str | int] = _NO_META) -> Identity:
        """Bring the tables up to date, and read where the journal ends; returns whose it is."""
        if check_version(db, self.path) and not meta:
            refuse_replica(queries.replica(db), self.path)
        prepare(db, self.path, identity, SystemClock().now(), meta=meta)
        try:
            damage = queries.tail_damage(db)
            self.id, stored, _ = queries.meta(db)
        except (KeyError, TypeError, msgspec.MsgspecError) as error:
            raise corrupt(self.path, f"whose it is ({error!r})") from error
        if damage is not None:
            raise corrupt(self.path, damage)
        self.last = queries.last_kept(db)
        return stored

    def _guarded(self, operation: str) -> apsw.Connection:
        """The open connection of the one writer, whose files stand where they belong."""
        if self._lock.renew():
            _log.error("%s: the lock was deleted or replaced; it is taken again", self._lock.path)
            self._stale = True  # another may have written meanwhile
        db = self._connection(operation)
        if self._files is not None and not self._files.intact():
            self._put_back(db, operation)
            db = self._connection(operation)
        if self._stale:
            with faults(self.path, operation):
                self.last = queries.last_kept(db)
            self._stale, self._held = False, None
        return db

    def _kept(self, db: apsw.Connection, entry: Entry, last: Kept | None) -> Kept:
        """The event of the entry, which follows ``last`` unless it is there already."""
        event = _following(last, entry, entry.id)
        if (there := _there(db, event)) is None:
            return event
        ours = entry.id in self._tried and there.record == entry.record
        if ours or not entry.numbered:
            return there
        event = _following(last, entry, f"{entry.id}-{self._salt}")
        return _there(db, event) or event

    def _moving(self, db: apsw.Connection, observation: Observation) -> str | None:
        """Keep what has changed of its positions; returns what its own row keeps of them."""
        if observation.positions is None:
            return None
        if self._held is None:
            try:
                self._held = Held.last(db)
            except (ValueError, msgspec.MsgspecError) as error:
                raise corrupt(self.path, str(error)) from error
        if observation.time <= self._held.time:  # it is there already
            return None
        db.executemany(INSERT_POSITION, self._held.changes(observation.time, observation.positions))
        self._held = Held(observation.time, observation.positions)
        return moving(observation.positions)

    def _look_after(self, db: apsw.Connection) -> None:
        """After a commit: put back what was taken away from under it."""
        if self._files is not None and not self._files.intact(after_commit=True):
            self._put_back(db, "append")

    def _put_back(self, db: apsw.Connection, operation: str) -> None:
        """Let this journal stand again where it was moved, deleted or replaced; with it the open connection is new."""
        if self._files is None:
            return
        with faults(self.path, f"put it back to {operation}"):
            aside = self._files.put_back(db, self.last)
        _log.error(
            "%s: the journal was moved, deleted or replaced while it was written; all of it was put back", self.path
        )
        if aside is not None:
            self.replaced.append(aside)
        self._drop()
        self._connection(operation)

    def _doubt(self) -> None:
        """Whether the last commit was made is in doubt until the tail is read again.

        By a new connection; but where the files were taken away, the open one is all there is.
        """
        if self._db is None or self._files is None or self._files.intact(after_commit=True):
            self._drop()
            return
        self._stale = True
        with suppress(apsw.Error):
            self._db.execute("ROLLBACK")

    def _connection(self, operation: str) -> apsw.Connection:
        """The open connection; after a failure a new one, with the tail read again."""
        if self._db is None:
            with faults(self.path, f"open to {operation}"):
                if not os.path.lexists(self.path):
                    raise corrupt(self.path, "it was deleted or moved")
                db = connect(self.path, flags=apsw.SQLITE_OPEN_READWRITE, vfs=self._vfs)
                try:
                    db.pragma("synchronous", "full")
                    if queries.meta(db)[0] != self.id:
                        raise corrupt(self.path, "another journal stands in its place")
                    db.pragma("journal_mode", "wal")  # one that was put back is not yet
                    self.last = queries.last_kept(db)
                    self._files = JournalFiles(self.path, db)
                except (KeyError, TypeError, msgspec.MsgspecError) as error:
                    raise corrupt(self.path, f"whose it is ({error!r})") from error
                self._db = db
        return self._db

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with suppress(apsw.Error):  # of the checkpoint at the end, which the next one makes up for
                db.close(force=True)


def refuse_replica(replica: str | None, path: Path) -> None:
    """Raise JournalForeign where the journal is a copy, which has no writer but the fleet."""
    if replica is not None:
        message = (
            f"{path}: a copy of {replica} from a fleet, which nobody writes but livestory fleet pull\n"
            "Write where that bot runs, or name another folder with --dir."
        )
        raise JournalForeign(message)


_DIGEST = 64  # hexadecimal digits


def _there(db: apsw.Connection, event: Kept) -> Kept | None:
    """The event that has its id already; None where there was none, and it is kept now."""
    db.execute(INSERT_EVENT, (event.seq, event.id, event.time, event.told, event.kind, event.record, event.line,
                              event.hash, event.shown))  # fmt: skip
    return None if db.changes() else queries.kept_by_id(db, event.id)


def _following(last: Kept | None, entry: Entry, entry_id: str) -> Kept:
    seq, before, told = (1, GENESIS, entry.told) if last is None else (last.seq + 1, last.hash, last.told)
    return Kept(
        seq,
        entry_id,
        entry.time,
        max(told, entry.told),
        entry.kind,
        entry.record,
        entry.line,
        link(before, entry.record, entry.line),
        entry.shown,
    )


def _answered(request: Request, kept: Sequence[Kept]) -> tuple[str, bytes, str]:
    """The row of its answer: the seqs of its events, whenever they were kept."""
    seqs = [*request.before, *(kept[place].seq for place in request.places)]
    return request.id, request.digest, msgspec.json.encode(seqs).decode()


def _agreed(stored: Identity, given: Identity, path: Path) -> Identity:
    """The one identity of both. Raises JournalForeign where they contradict each other.

    A mode is known of every bot that livestory runs: a story without one is somebody else's bot's.
    """
    known, wanted = msgspec.structs.asdict(stored), msgspec.structs.asdict(given)
    differing = [name for name in known if None not in (known[name], wanted[name]) and known[name] != wanted[name]]
    if stored.mode is None and given.mode is not None:
        differing.append("mode")
    if differing:
        what = ", ".join(f"{name} {_short(known[name])}, not {_short(wanted[name])}" for name in differing)
        message = (
            f"{path}: another story: {what}\n"
            "Tell this one in a folder of its own (with --dir, or begin anew with --fresh)."
        )
        raise JournalForeign(message)
    return Identity(**{name: wanted[name] if value is None else value for name, value in known.items()})


def _short(value: str | None) -> str:
    """A name whole; of a digest, which nobody reads, as much as tells it from others."""
    if value is None:
        return "none"
    return value if len(value) < _DIGEST else f"{value[:8]}…"
