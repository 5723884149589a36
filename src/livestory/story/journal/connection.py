"""How a connection to a journal's database is opened, to write and to read."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

import apsw

from livestory.errors import JournalError
from livestory.story.files.layout import no_file, real_path
from livestory.story.journal.checksum import teach
from livestory.story.journal.schema import PARTS

if TYPE_CHECKING:
    from pathlib import Path

_BUSY_TIMEOUT = 2_000  # milliseconds that a backup's or a tool's lock is waited for


def connect(path: Path, *, flags: int, vfs: str | None = None, immutable: bool = False) -> apsw.Connection:
    """A connection whose commits survive a power cut and whose -wal and -shm stay after it is closed.

    ``immutable``: nobody changes the file, and it has no log.
    """
    refuse_what_is_no_file(path)
    address = f"{path.absolute().as_uri()}?immutable=1" if immutable else str(path)
    db = apsw.Connection(address, flags=flags | (apsw.SQLITE_OPEN_URI if immutable else 0), vfs=vfs)
    db.set_busy_timeout(_BUSY_TIMEOUT)
    teach(db)
    if flags & apsw.SQLITE_OPEN_READWRITE:
        keep = ctypes.c_int(1)
        db.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep))
    return db


def refuse_what_is_no_file(path: Path) -> None:
    """Raise JournalError where a database is a pipe, which SQLite would wait for, a folder, or a device.

    SQLite takes those two for a disk that fails. The database itself may be a link.
    """
    real = real_path(path)
    for part in PARTS:
        if (trouble := no_file(name := real.with_name(real.name + part))) is not None:
            message = f"{name}: {trouble}\nMove it out of the way."
            raise JournalError(message)


def connect_reader(path: Path) -> tuple[apsw.Connection, bool]:
    """A connection that only reads, and whether it sees what is written from now on.

    SQLite needs a -shm beside a journal, and makes it where it lacks. Where it can't, on a read-only medium or in
    another user's folder, nobody writes the journal either: it is read as it lies there.
    """
    db = connect(path, flags=apsw.SQLITE_OPEN_READONLY)
    try:
        db.pragma("user_version")
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        db.close()
        real = path.resolve()
        log, index = real.with_name(f"{real.name}-wal"), real.with_name(f"{real.name}-shm")
        if os.path.lexists(index):
            raise
        if os.path.lexists(log) and log.stat().st_size:
            db = connect(path, flags=apsw.SQLITE_OPEN_READONLY, vfs="unix-none")
            db.pragma("locking_mode", "exclusive")  # with its index in memory
        else:
            db = connect(path, flags=apsw.SQLITE_OPEN_READONLY, immutable=True)
        return db, False
    except BaseException:
        db.close()
        raise
    return db, True
