"""What went wrong with the journal, in words: the operation, the file, the cause and what to do."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw

from livestory.errors import JournalCorrupt, JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SPACE = "the disk is full", "Free some space."
_READ_ONLY = "it is read-only", "Make the folder and the files in it writable, or choose another with --dir."
_DENIED = (
    "permission is denied",
    "Give this user access to the folder and the files in it, or choose another with --dir.",
)
_BUSY = "another program has locked it", "Wait for the backup or the tool that holds it, or end it."
_IO = "the disk fails", "Look at the system's log; what was acknowledged stays."
_NO_DESCRIPTOR = "no file descriptor is free", "Close what holds so many files, or raise the limit: ulimit -n."
_CLASH = "another writer has changed it", "End the other writer."

_OF_SQLITE: tuple[tuple[type[BaseException], tuple[str, str]], ...] = (
    (apsw.FullError, _SPACE),
    (apsw.ReadOnlyError, _READ_ONLY),
    (apsw.PermissionsError, _DENIED),
    (apsw.CantOpenError, ("it can't be opened", "Check that the folder is there and that this user may write in it.")),
    (apsw.BusyError, _BUSY),
    (apsw.LockedError, _BUSY),
    (apsw.ProtocolError, _BUSY),
    (apsw.ConstraintError, _CLASH),
    (apsw.IOError, _IO),
    (apsw.NoMemError, ("memory is short", "End what uses it.")),
)
_OF_SYSTEM = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EIO: _IO,
    errno.EMFILE: _NO_DESCRIPTOR,
    errno.ENFILE: _NO_DESCRIPTOR,
}


def corrupt(path: Path, what: str) -> JournalCorrupt:
    """The error for a journal whose contents are damaged at ``what``."""
    what = " ".join(what.split())  # SQLite repeats statements, of several lines
    return JournalCorrupt(f"{path}: the journal is damaged: {what}\nSee what is left with: livestory verify {path}")


def fault(path: Path, operation: str, error: Exception) -> JournalError:
    """The JournalError that tells ``error``, met in ``operation`` ("append") on the file ``path``."""
    if isinstance(error, apsw.CorruptError | apsw.NotADBError | apsw.SQLError | UnicodeDecodeError):
        return corrupt(path, str(error))
    cause, remedy = _cause(error)
    return JournalError(f"{path}: can't {operation}: {cause} ({error})\n{remedy}")


@contextmanager
def faults(path: Path, operation: str) -> Iterator[None]:
    """Raise what SQLite and the system raise within as the JournalError that tells it."""
    try:
        yield
    except (apsw.Error, OSError, MemoryError, UnicodeDecodeError) as error:
        raise fault(path, operation, error) from error


def _cause(error: Exception) -> tuple[str, str]:
    if isinstance(error, OSError):
        return _OF_SYSTEM.get(error.errno or 0, ("the system refuses", "Check the path, or choose another with --dir."))
    for kind, told in _OF_SQLITE:
        if isinstance(error, kind):
            return told
    return "SQLite refuses", "Run: livestory verify"
