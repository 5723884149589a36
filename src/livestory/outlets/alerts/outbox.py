"""The outbox: what waits for each channel, what was tried, what was delivered. Every commit survives a power cut.

It lies beside the journal, which has a writer of its own and is never written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import apsw
import msgspec
from msgspec import Struct

from livestory.errors import InputError, JournalCorrupt
from livestory.story.commands import AlertsLost
from livestory.story.files.layout import Layout
from livestory.story.journal.connection import refuse_what_is_no_file
from livestory.story.journal.faults import faults

_APPLICATION_ID = 0x4C495641  # "LIVA"
_VERSION = 1
_BUSY = 2_000  # milliseconds that a reader's or a backup's lock is waited for
_TABLES = (
    """CREATE TABLE channels(name TEXT PRIMARY KEY, journal TEXT NOT NULL, seq INTEGER NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, last_delivered INTEGER,
    pace BLOB NOT NULL DEFAULT x'80', trouble TEXT, not_before INTEGER NOT NULL DEFAULT 0,
    id TEXT, upto INTEGER, first_try INTEGER, attempts INTEGER NOT NULL DEFAULT 0, in_doubt INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID""",
    """CREATE TABLE waiting(n INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER,
    told INTEGER NOT NULL, kind TEXT NOT NULL, critical INTEGER NOT NULL, line TEXT NOT NULL, record BLOB NOT NULL,
    added INTEGER NOT NULL, UNIQUE(channel, key))""",
    "CREATE TABLE owed(n INTEGER PRIMARY KEY, word BLOB NOT NULL)",
    "CREATE TABLE kept(key TEXT PRIMARY KEY, value) WITHOUT ROWID",
)
_COLUMNS = (
    "name, journal, seq, delivered, failed, last_delivered, pace, trouble, not_before, id, upto, first_try, attempts, "
    "in_doubt, (SELECT value FROM kept WHERE key='tried/'||name), (SELECT value FROM kept WHERE key='refused/'||name), "
    "(SELECT value FROM kept WHERE key='doubtful/'||name)"
)

_NO_ATTEMPT = "id=NULL, upto=NULL, attempts=0, in_doubt=0, not_before=0"


class QueuedLine(Struct, frozen=True, gc=False):
    """A line that waits for a channel."""

    n: int  # its place among all that ever waited
    key: str  # the event's journal and id; what is not in a journal has a key of its own
    seq: int | None
    told: int
    kind: str
    critical: bool
    line: str
    record: bytes
    added: int  # when it began to wait


class Pace(Struct):
    """What a channel was sent lately: all that its policy remembers over a restart."""

    sent: dict[str, int] = {}  # when a message held a line of that kind
    tokens: float | None = None  # messages that may go at once, at `counted`; None: as many as an hour has
    counted: int = 0


class DeliveryAttempt(Struct, frozen=True):
    """A message that was begun: its lines are those that wait up to ``upto``, whatever came after."""

    id: str  # the same at each try
    upto: int
    first_try: int
    attempts: int
    in_doubt: bool  # the service may have accepted it


class ChannelState(Struct, frozen=True):
    """The state of a channel: how far it has delivered, what it is trying, and its last trouble."""

    name: str
    journal: str
    seq: int
    delivered: int
    failed: int
    last_delivered: int | None
    pace: Pace
    trouble: str | None
    not_before: int  # the service asked to wait until then
    attempt: DeliveryAttempt | None
    tried: int = 0  # how long the first message that waits has been tried, microseconds
    refused: int = 0  # the lines up to here were refused and are stepped over; 0: none
    doubtful: int = 0  # the lines up to here may have been accepted before


class Backlog(Struct, frozen=True):
    """What waits for a channel."""

    lines: int
    oldest: int | None  # when the first of them began to wait


def outbox_path(layout: Layout) -> Path:
    """Where the outbox of a story lies."""
    return layout.db.with_suffix(".alerts.db")


class Outbox:
    """An open outbox. One process writes it; others may read. Methods raise JournalError, which names its file."""

    def __init__(self, path: Path, db: apsw.Connection) -> None:
        self.path = path
        self._db = db

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for writing; it is made where there is none. Raises JournalError, JournalCorrupt and InputError."""
        with faults(path, "open"):
            refuse_what_is_no_file(path)
            db = apsw.Connection(str(path))
            try:
                db.set_busy_timeout(_BUSY)
                version = _checked(db, path)
                db.pragma("journal_mode", "wal")
                db.pragma("synchronous", "full")
                if not version:
                    with db:
                        for statement in _TABLES:
                            db.execute(statement)
                        db.pragma("application_id", _APPLICATION_ID)
                        db.pragma("user_version", _VERSION)
                verdict = str(db.execute("PRAGMA quick_check(1)").get)
                if verdict != "ok":
                    raise apsw.CorruptError(verdict)  # noqa: TRY301 - as SQLite itself says it
            except BaseException:
                db.close()
                raise
        return cls(path, db)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Open for reading; None where there is none yet."""
        if not path.exists():
            return None
        with faults(path, "open"):
            refuse_what_is_no_file(path)
            db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            try:
                db.set_busy_timeout(_BUSY)
                if _checked(db, path):
                    return cls(path, db)
            except BaseException:
                db.close()
                raise
            db.close()
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; what was committed stays."""
        self._db.close()

    def state(self, channel: str) -> ChannelState | None:
        """The state of the channel of that name; None if there is none yet."""
        return next(iter(self._states("WHERE name=?", channel)), None)

    def states(self) -> list[ChannelState]:
        """The states of all channels there ever were, in the order of their names."""
        return self._states("ORDER BY name")

    def _states(self, which: str, *values: str) -> list[ChannelState]:
        with faults(self.path, "read"):
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM channels {which}", values).fetchall()  # noqa: S608 - our words
        with self._decoding():
            return [_state(*row) for row in rows]

    def enrol(self, channel: str, journal: str, seq: int) -> None:
        """Let a channel follow that journal from after ``seq`` on."""
        with self._writing():
            self._db.execute(
                "INSERT INTO channels(name, journal, seq) VALUES(?,?,?) "
                "ON CONFLICT(name) DO UPDATE SET journal=excluded.journal, seq=excluded.seq",
                (channel, journal, seq),
            )

    def add(self, lines: Iterable[tuple[str, QueuedLine]], cursors: Mapping[str, int], journal: str = "") -> None:
        """Let lines wait for channels, and move the channels' cursors in that journal; all of it or nothing."""
        with self._writing():
            self._db.executemany(
                "INSERT INTO waiting(channel, key, seq, told, kind, critical, line, record, added) "
                "VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(channel, key) DO NOTHING",
                ((to, w.key, w.seq, w.told, w.kind, w.critical, w.line, w.record, w.added) for to, w in lines),
            )
            self._db.executemany(
                "UPDATE channels SET seq=? WHERE name=? AND journal=?",
                ((seq, name, journal) for name, seq in cursors.items()),
            )

    def waiting(
        self, channel: str, *, after: int = 0, upto: int | None = None, limit: int, most_bytes: int
    ) -> list[QueuedLine]:
        """The first lines that wait for a channel, in order; at least one, however long it is."""
        lines: list[QueuedLine] = []
        with faults(self.path, "read"):
            rows = self._db.execute(
                "SELECT n, key, seq, told, kind, critical, line, record, added FROM waiting "
                "WHERE channel=? AND n>? AND n<=? ORDER BY n LIMIT ?",
                (channel, after, 2**63 - 1 if upto is None else upto, limit),
            )
            for row in rows:
                line = _waiting(*row)
                most_bytes -= len(line.line.encode("utf-8", "surrogatepass")) + len(line.record)
                if lines and most_bytes < 0:
                    break
                lines.append(line)
        return lines

    def backlog(self, channel: str) -> Backlog:
        """The number of lines that wait for a channel, and since when."""
        with faults(self.path, "read"):
            row = self._db.execute("SELECT count(*), min(added) FROM waiting WHERE channel=?", (channel,)).fetchone()
            return Backlog(*(row or (0, None)))

    def begin(self, channel: str, message: str, upto: int, now: int) -> None:
        """Record that the message is about to be sent: from now on it may have been."""
        with self._writing():
            self._db.execute(
                "UPDATE channels SET first_try=CASE WHEN id=?1 THEN first_try ELSE ?3 END, "
                "attempts=CASE WHEN id=?1 THEN attempts + 1 ELSE 1 END, in_doubt=1, id=?1, upto=?2 WHERE name=?4",
                (message, upto, now, channel),
            )

    def delay(self, channel: str, trouble: str, not_before: int, *, in_doubt: bool, tried: int) -> None:
        """Record that the message was not accepted, or that nobody knows, and why."""
        with self._writing():
            self._db.execute(
                "UPDATE channels SET trouble=?, not_before=?, in_doubt=? WHERE name=?",
                (trouble, not_before, in_doubt, channel),
            )
            self._keep(f"tried/{channel}", tried)

    def step_over(self, channel: str, refused: int) -> None:
        """End the attempt; the lines up to ``refused`` wait while those behind are tried, and with 0 no longer."""
        with self._writing():
            self._db.execute(
                "INSERT INTO kept SELECT 'doubtful/'||name, upto FROM channels WHERE name=? AND in_doubt AND upto "
                "ON CONFLICT(key) DO UPDATE SET value=max(value, excluded.value)",
                (channel,),
            )
            self._db.execute(f"UPDATE channels SET {_NO_ATTEMPT} WHERE name=?", (channel,))  # noqa: S608 - our words
            self._keep(f"refused/{channel}", refused or None)

    def delivered(self, channel: str, upto: int, pace: Pace, now: int, *, after: int = 0) -> None:
        """Record that the service has accepted the message of the lines after ``after`` up to ``upto``."""
        with self._writing():
            self._end(channel, upto, "delivered", after)
            self._db.execute(
                "UPDATE channels SET last_delivered=?, pace=?, trouble=NULL WHERE name=?",
                (now, msgspec.msgpack.encode(pace), channel),
            )

    def give_up(self, channel: str, upto: int, loss: AlertsLost | None) -> None:
        """Drop the message that ends with the line ``upto``; the story has yet to tell the ``loss``."""
        with self._writing():
            self._end(channel, upto, "failed")
            if loss is not None:
                self._db.execute("INSERT INTO owed(word) VALUES(?)", (msgspec.json.encode(loss),))

    def losses(self) -> list[tuple[int, AlertsLost]]:
        """The losses that the story has not told yet, each with its number for `loss_reported`."""
        with faults(self.path, "read"):
            rows: list[tuple[Any, ...]] = self._db.execute("SELECT n, word FROM owed ORDER BY n").fetchall()
        with self._decoding():
            return [(n, msgspec.json.decode(loss, type=AlertsLost)) for n, loss in rows]

    def loss_reported(self, number: int) -> None:
        """Record that the story has been told of the loss of that number."""
        with self._writing():
            self._db.execute("DELETE FROM owed WHERE n=?", (number,))

    def kept(self, key: str) -> int | None:
        """A number kept under that key."""
        with faults(self.path, "read"):
            value: int | None = self._db.execute("SELECT value FROM kept WHERE key=?", (key,)).get
            return value

    def add_own(self, lines: Iterable[tuple[str, QueuedLine]], key: str, value: int | None) -> None:
        """Let lines wait that are not the story's, and keep under ``key`` that they were said."""
        with self._writing():
            self.add(lines, {})
            self._keep(key, value)

    def _keep(self, key: str, value: int | None) -> None:
        self._db.execute("DELETE FROM kept WHERE key=?", (key,))
        if value is not None:
            self._db.execute("INSERT INTO kept VALUES(?,?)", (key, value))

    def _end(self, channel: str, upto: int, count: str, after: int = 0) -> None:
        self._db.execute("DELETE FROM waiting WHERE channel=? AND n>? AND n<=?", (channel, after, upto))
        self._db.execute(
            f"UPDATE channels SET {count}={count}+? WHERE name=?",  # noqa: S608 - our words
            (self._db.changes(), channel),
        )
        # What was stepped over ends while the message behind it goes on being tried.
        self._db.execute(f"UPDATE channels SET {_NO_ATTEMPT} WHERE name=? AND upto<=?", (channel, upto))  # noqa: S608
        if not after:
            self._keep(f"tried/{channel}", None)
            self._keep(f"refused/{channel}", None)

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except msgspec.MsgspecError as error:
            message = f"{self.path}: damaged ({error})\nMove it away; alerts then go on from the story's end."
            raise JournalCorrupt(message) from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction; within another one, a part of it."""
        with faults(self.path, "write"), self._db:
            yield


def _checked(db: apsw.Connection, path: Path) -> int:
    """Its version; 0 for a file that holds nothing yet. Raises InputError for what is not this version's."""
    version, owner = int(db.pragma("user_version")), db.pragma("application_id")
    empty = not db.execute("SELECT 1 FROM sqlite_schema").get
    if (owner != _APPLICATION_ID and not empty) or version > _VERSION:
        message = (
            f"{path}: made by a newer livestory, or by another program\nUpgrade livestory, or move that file away."
        )
        raise InputError(message)
    return version


def _waiting(*row: Any) -> QueuedLine:
    n, key, seq, told, kind, critical, line, record, added = row
    return QueuedLine(n, key, seq, told, kind, bool(critical), line, record, added)


def _state(*row: Any) -> ChannelState:
    *plain, pace, trouble, not_before, message, upto, first_try, attempts, in_doubt, tried, refused, doubtful = row
    name, journal, seq, delivered, failed, last_delivered = plain
    attempt = None if message is None else DeliveryAttempt(message, upto, first_try, attempts, bool(in_doubt))
    pace = msgspec.msgpack.decode(pace, type=Pace)
    so_far = tried or 0, refused or 0, doubtful or 0
    return ChannelState(
        name, journal, seq, delivered, failed, last_delivered, pace, trouble, not_before, attempt, *so_far
    )
