"""A journal that is another's, kept in step with it by a fleet: the same events and identity, and the same chain.

It has no narrator's state, so nobody goes on telling in it. Its cursors and its text are its own; how the bot is stands
in it as the bot's own livestory saw it. That its bot's journal was compacted is not repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import apsw
import msgspec

from livestory.errors import JournalForeign, LivestoryError
from livestory.story.absurd import absurd
from livestory.story.files.layout import Layout, make_folder
from livestory.story.journal import queries
from livestory.story.journal.checksum import GENESIS, ROWS, checksum, link
from livestory.story.journal.connection import connect
from livestory.story.journal.entry import STORED, Identity, Kept, from_row
from livestory.story.journal.faults import fault, faults
from livestory.story.journal.files import JournalFiles
from livestory.story.journal.lock import WriterLock
from livestory.story.journal.positions import KeptPositions
from livestory.story.journal.schema import PUT_META, PUT_STATE, STEPS
from livestory.story.journal.stored import EventRow, OtherRow, Rows, columns
from livestory.story.journal.writer import Journal

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

SNAPSHOT = "snapshot"
"""The state that says how the bot is."""
BEFORE_ALL = -(2**63)
"""Before every instant."""
_NAME = 200  # characters of a bot's name, its symbol and so on


class Origin(NamedTuple):
    """The journal that a replica is a copy of."""

    name: str  # as a person knows it
    journal: str  # its id
    identity: bytes  # as it is stored there
    created: int


class RowRefused(LivestoryError):
    """A row that can't be what the bot's journal has."""

    def __init__(self, seq: int, why: str) -> None:
        """``seq`` is that of the event, or of the one that it follows."""
        super().__init__(f"event {seq}: {why}")
        self.seq = seq
        self.why = why


class Replica(Journal):
    """The one writer's end of a replica. Not to be used by two threads at once."""

    @classmethod
    def of(cls, path: str | os.PathLike[str], origin: Origin) -> Self:
        """Open the replica at ``path`` (its text or its journal), or begin it.

        Raises JournalHeld, JournalForeign where another journal stands there, JournalNewer, JournalCorrupt, RowRefused
        and JournalError.
        """
        layout = Layout.of(path)
        with faults(layout.db, "create its folder"):
            make_folder(layout.db.parent)
        replica = cls(layout.db, WriterLock.acquire(layout.lock, "livestory fleet pull"), None)
        try:
            replica._follow(origin)
        except BaseException:
            replica.close()
            raise
        return replica

    @property
    def observed(self) -> int:
        """The time of the last observation. Raises JournalError."""
        db = self._connection("read")
        with faults(self.path, "read"):
            return int(db.execute("SELECT coalesce(max(time), ?) FROM observations", (BEFORE_ALL,)).get)

    def is_beyond(self, seq: int, observed: int) -> bool:
        """Whether it has more than up to that event and that observation. Raises JournalError."""
        return seq < (self.last.seq if self.last is not None else 0) or observed < self.observed

    def take(self, rows: Rows, snapshot: bytes | None, wrong: Callable[[Kept], str | None]) -> list[Kept]:
        """Keep these rows in one transaction, and how the bot is; returns the events as they are kept.

        Raises RowRefused where one does not follow the last, was altered, or where ``wrong`` says what is wrong with
        it; then none is kept. Raises JournalError.
        """
        db = self._guarded("append")
        kept = _chained(self.last, rows.events, wrong)
        last = kept[-1] if kept else self.last
        at, observed = last.seq if last is not None else 0, self.observed
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(_insert("events"), rows.events)
            for table, others in (("positions", rows.positions), ("observations", rows.observations)):
                db.executemany(_insert(table), [_values(row, table, at) for row in others])
            _look_at(db, observed, rows.observations, at)
            if snapshot is not None:
                db.execute(PUT_STATE, (SNAPSHOT, snapshot))
            db.execute("COMMIT")
        except BaseException as error:
            self._doubt()
            if isinstance(error, apsw.ConstraintError | apsw.MismatchError | OverflowError):
                raise RowRefused(at, f"a row of its batch is there twice, or can't be kept ({error})") from error
            if isinstance(error, apsw.Error | MemoryError):
                raise fault(self.path, "append", error) from error
            raise
        self.last = last
        self._look_after(db)
        return kept

    def rename(self, identity: bytes) -> None:
        """Take the identity that the bot's journal has by now, which may be fuller. Raises JournalError, RowRefused."""
        known = _identity(identity)
        if known != self.identity:
            db = self._guarded("append")
            with faults(self.path, "append"):
                db.execute(PUT_META, ("identity", identity.decode()))
            self.identity = known
            self._look_after(db)

    def _follow(self, origin: Origin) -> None:
        identity = _identity(origin.identity)
        meta: dict[str, str | int] = {
            "id": origin.journal,
            "identity": origin.identity.decode(),
            "created": origin.created,
            "replica": origin.name,
        }
        with faults(self.path, "open"):
            db = self._db = connect(self.path, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
            self.identity = self._prepared(db, identity, meta)
            if self.id != origin.journal or queries.replica(db) != origin.name:
                message = (
                    f"{self.path}: another story stands here, and not the copy of {origin.name}\n"
                    "Move it away, or pull the fleet into another folder with --dir."
                )
                raise JournalForeign(message)
            self._files = JournalFiles(self.path, db)
        self.rename(origin.identity)


def _identity(stored: bytes) -> Identity:
    try:
        found = msgspec.json.decode(stored, type=Identity)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RowRefused(0, f"whose story it is can't be read ({error})") from error
    if any(len(text) > _NAME or not text.isprintable() for text in msgspec.structs.astuple(found) if text is not None):
        raise RowRefused(0, "whose story it is holds what would forge, hide or split a line")
    return found


def _chained(last: Kept | None, rows: Sequence[EventRow], wrong: Callable[[Kept], str | None]) -> list[Kept]:
    """The events of these rows, where each follows the one before."""
    seq, before, told = (0, GENESIS, 0) if last is None else (last.seq, last.hash, last.told)
    kept = []
    for row in rows:
        event = Kept(*row[:8], row.shown)
        if event.seq != seq + 1:
            raise RowRefused(seq + 1, "it is missing")
        if link(before, event.record, event.line) != event.hash:
            raise RowRefused(event.seq, "it does not fit the chain")
        if event.told < told:
            raise RowRefused(event.seq, "it is told before the event in front of it")
        covered = event.seq, event.id, event.time, event.told, event.kind
        if row.checksum not in {0, checksum(*covered) if event.shown else checksum(*covered, 0)}:
            raise RowRefused(event.seq, "it was altered")
        if (what := wrong(event)) is not None:
            raise RowRefused(event.seq, what)
        seq, before, told = event.seq, event.hash, event.told
        kept.append(event)
    return kept


def _insert(table: str) -> str:
    names = EventRow._fields if table == "events" else columns(table, len(STEPS))
    return f"INSERT INTO {table}({', '.join(names)}) VALUES({', '.join('?' * len(names))})"


def _row_type(table: str, types: dict[str, type]) -> type[msgspec.Struct]:
    """A row's columns in their order: all may be empty but the time, and the checksum of an older schema's."""
    optional = [(name, types[name] | None, None) for name in columns(table, len(STEPS))[1:-1]]
    return msgspec.defstruct(table, [("time", int), *optional, ("checksum", int, 0)], forbid_unknown_fields=True)


_ROW_TYPES = {
    "observations": _row_type("observations", {**STORED, "after_seq": int, "positions": str}),
    "positions": _row_type("positions", dict.fromkeys(ROWS["positions"], str)),
}


def _values(row: OtherRow, table: str, at: int) -> tuple[Any, ...]:
    try:
        return msgspec.structs.astuple(msgspec.convert(row.columns, _ROW_TYPES[table]))
    except msgspec.ValidationError as error:
        raise RowRefused(at, f"a row of {table} can't be read ({error})") from error


def _look_at(db: apsw.Connection, after_time: int, rows: Sequence[OtherRow], last_seq: int) -> None:
    """Read the observations that were just kept, as every reader will. Raises RowRefused."""
    if not rows:
        return
    positions = KeptPositions(db)
    for *row, after, moves, kept in db.execute(f"{queries.observations(db)} WHERE time >= ?", (rows[0].time,)):
        try:
            seen = from_row(row, None if moves is None else positions.of(row[0], moves))
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
            raise RowRefused(last_seq, f"the observation of {row[0]} can't be read ({error})") from error
        values = (*row, after) if moves is None else (*row, after, moves)
        if absurd(seen):
            raise RowRefused(last_seq, f"the observation of {row[0]} has a number that nothing has")
        altered = kept not in {0, checksum(*values)} or seen.time != row[0]
        if altered or not 0 <= after <= last_seq or row[0] <= after_time:
            raise RowRefused(last_seq, f"the observation of {row[0]} was altered")
