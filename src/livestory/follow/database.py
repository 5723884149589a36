"""Another program's SQLite database, really read-only: no lock that stops its writer, no file beside it that was not.

SQLite leaves a -wal and a -shm behind where it reads a cleanly closed WAL database, and makes a rollback-mode writer
wait while it reads. So what lies beside the database decides how it is read, each time anew:

- nothing: `immutable`, without any lock; what changed meanwhile is read again;
- -wal and -shm: as SQLite reads beside a living writer, but with the -shm mapped for reading alone;
- a -wal alone, as in a copy: without locks, the index of the -wal in memory; what changed meanwhile is read again;
- a hot -journal: a transaction is being written, or was cut off: waited for.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import apsw

from livestory.errors import InputError, LivestoryError
from livestory.story.files.layout import SQLITE, real_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

S = TypeVar("S")
T = TypeVar("T")
Tables = dict[str, dict[str, str]]
"""The columns of each table, with what each is declared to hold."""
ALLOW = "Run livestory as the bot's own user, or let this user read the file and its folder."
"""What to do where a bot's file may not be read."""

_HEADER = 100
_WRITE_VERSION, _WAL = 18, 2  # a byte of the header, and its value where there is a log
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_WAL_HEADER = 32
_Stamp = tuple[int, int, int, int]  # device, inode, size, time of the last change
_NAME_IT = "Name the database that the bot writes."
_TRIES, _PAUSE = 25, 0.01  # for a writer that is just committing
_LONGEST = 0.02  # seconds of one read


class DatabaseNotNow(LivestoryError):
    """The database can't be read at this moment: its program is at work on it, or holds it locked."""


class _Beside(NamedTuple):
    """A database and what lies beside it, as far as a change of its content shows there."""

    database: _Stamp
    header: bytes  # with a count that each transaction of a rollback-mode writer raises
    log: _Stamp | None
    log_header: bytes
    has_index: bool
    hot: bool  # a transaction is being written, or was cut off


class Database:
    """One database of another program. Nothing is held open between two reads."""

    def __init__(self, *places: Path, name: str | None = None) -> None:
        """It lies at the first of these ``places`` where there is a file.

        ``name`` is what it is called in messages, where that is not its path.
        """
        self._places = places
        self._name = name
        self._has_broken_text = False  # as was seen
        self._schema: list[tuple[Any, ...]] = []
        self._tables: Tables = {}

    @property
    def path(self) -> Path:
        """Where it lies; where it lies nowhere, the place that is to be named."""
        there = (place for place in self._places if os.path.isfile(place))  # noqa: PTH113 - its own fails in a locked folder
        return self._places[0] if len(self._places) == 1 else next(there, self._places[0])

    @property
    def name(self) -> str:
        """What messages call it, and begin with."""
        return self._name or str(self.path)

    def read(self, ask: Callable[[apsw.Connection], T]) -> T:
        """What ``ask`` finds in one state of the database. It may be called again, and is to be short: `Patience`.

        Raises InputError where there is no such database, DatabaseNotNow, and what ``ask`` raises.
        """
        problem = "it changes all the time"
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE)
            before = self._beside()
            if before.hot:
                problem = "its program is writing a transaction, or was killed in one and mends that at its next start"
                continue
            try:
                found = self._ask(before, ask)
            except (apsw.BusyError, apsw.LockedError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.ProtocolError) as e:
                problem = f"its program holds it ({e})"
                continue
            except (apsw.SQLError, UnicodeDecodeError) as error:
                if isinstance(error, UnicodeDecodeError) and not self._has_broken_text:
                    self._has_broken_text = True
                    continue
                message = f"{self.name}: something in it is not as its program writes it ({error})"
                raise InputError(message) from error
            except (apsw.CorruptError, apsw.NotADBError, apsw.IOError) as error:
                if self._beside() == before:
                    message = f"{self.name}: the database is damaged ({error})"
                    raise InputError(message) from error
                continue
            if self._is_locked_by_sqlite(before) or self._beside() == before:
                return found
        message = f"{self.name}: can't be read now: {problem}"
        raise DatabaseNotNow(message)

    def state(self) -> object:
        """Equal to another time's where nothing was written in between. Raises as `read`."""
        return self._beside()

    def closed_at(self) -> int | None:
        """When its program closed it in order; None while it is open, was killed, or keeps no log. Raises as `read`.

        Who closes a database last takes its log away.
        """
        found = self._beside()
        closed = found.header[_WRITE_VERSION] == _WAL and found.log is None and not found.has_index
        return found.database[-1] // 1000 if closed else None

    def tables(self) -> Tables:
        """The names of its tables, each with those of its columns. Raises as `read`."""
        return self.read(self._tables_in)

    def read_by(self, look: Callable[[Tables], S], ask: Callable[[apsw.Connection, S], T]) -> T:
        """`read`, where ``ask`` is given what ``look`` makes of the tables: a new version of the bot changes them."""
        return self.read(lambda db: ask(db, look(self._tables_in(db))))

    def _tables_in(self, db: apsw.Connection) -> Tables:
        """Read through only where they have changed: that takes longer than what is asked of them each time."""
        schema = db.execute("SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
        if schema != self._schema:
            self._schema, self._tables = schema, _tables(db)
        return self._tables

    def _ask(self, beside: _Beside, ask: Callable[[apsw.Connection], T]) -> T:
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        uri = real_path(self.path).as_uri()
        if self._is_locked_by_sqlite(beside):
            db = apsw.Connection(f"{uri}?mode=ro&readonly_shm=1", flags=flags)
        elif beside.log is not None:
            db = apsw.Connection(f"{uri}?mode=ro", flags=flags, vfs="unix-none")
            db.pragma("locking_mode", "exclusive")  # with its index in memory
        else:
            db = apsw.Connection(f"{uri}?immutable=1", flags=flags)
        try:
            db.execute("BEGIN")
            if self._has_broken_text:
                _mend_texts(db)
            return ask(db)
        finally:
            db.close(force=True)

    @staticmethod
    def _is_locked_by_sqlite(beside: _Beside) -> bool:
        """Whether SQLite's own locks, in the -shm, keep a read in one state."""
        return beside.log is not None and beside.has_index

    def _beside(self) -> _Beside:
        path = real_path(self.path)
        database, header = self._stamp_and_head(path, _HEADER)
        if database is None:
            message = f"{self.name}: there is no such file\n{_NAME_IT}"
            raise InputError(message)
        if not header.startswith(SQLITE):
            what = "no SQLite database" if header else "empty: its program has written nothing yet"
            message = f"{self.name}: {what}\n{_NAME_IT}"
            raise InputError(message)
        log, log_header = self._stamp_and_head(path.with_name(f"{path.name}-wal"), _WAL_HEADER)
        _, journal = self._stamp_and_head(path.with_name(f"{path.name}-journal"), len(_JOURNAL_MAGIC))
        return _Beside(
            database=database,
            header=header,
            log=log,
            log_header=log_header,
            has_index=self._stamp_and_head(path.with_name(f"{path.name}-shm"), 0)[0] is not None,
            hot=journal == _JOURNAL_MAGIC,
        )

    def _stamp_and_head(self, path: Path, size: int) -> tuple[_Stamp | None, bytes]:
        """What a file is like, and how it begins; None: there is none. Raises InputError where it can't be read."""
        try:
            # Not to wait for a pipe's other end.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
                head, found = file.read(size), os.fstat(descriptor)
        except FileNotFoundError:
            return None, b""
        except OSError as error:
            what = self.name if path == real_path(self.path) else f"{self.name}: {path.name} beside it"
            remedy = ALLOW if isinstance(error, PermissionError) else _NAME_IT
            message = f"{what}: can't be read: {error.strerror}\n{remedy}"
            raise InputError(message) from error
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns), head


class Patience:
    """How long one read may go on: asked between two rows, it says when to stop and go on in the next read."""

    def __init__(self) -> None:
        """The read begins at this moment."""
        self._end = time.monotonic() + _LONGEST

    @property
    def is_over(self) -> bool:
        """Whether the read has taken long enough."""
        return time.monotonic() >= self._end


def _tables(db: apsw.Connection) -> Tables:
    found: Tables = {}
    for table, column, kind in db.execute(
        "SELECT each.name, of.name, of.type FROM sqlite_schema AS each, pragma_table_info(each.name, 'main') AS of "
        "WHERE each.type = 'table' AND each.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY each.name, of.cid"
    ):
        found.setdefault(table, {})[column] = kind
    return found


def _mend_texts(db: apsw.Connection) -> None:
    """Let tables show a byte that is no UTF-8 as its escape: one row with one would keep all from being read."""
    db.pragma("temp_store", "memory")
    db.create_scalar_function("shown", _escaped, 1, deterministic=True)
    for table, columns in _tables(db).items():
        shown = ", ".join(
            _quoted(name) if _is_key(name, kind) else _shown(_quoted(name)) for name, kind in columns.items()
        )
        db.execute(f"CREATE TEMP VIEW {_quoted(table)} AS SELECT rowid AS rowid, {shown} FROM main.{_quoted(table)}")  # noqa: S608 - its names


def _is_key(column: str, kind: str) -> bool:
    """Whether rows are found by a column of that name: it stays as it is, or its index would be of no use."""
    return kind.upper() == "INTEGER" and (column == "id" or column.endswith("_id"))


def _shown(column: str) -> str:
    return f"iif(typeof({column}) = 'text', shown(CAST({column} AS BLOB)), {column}) AS {column}"


def _escaped(*raw: Any) -> str:
    return str(raw[0], "utf-8", "backslashreplace")


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
