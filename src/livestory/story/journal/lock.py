"""The lock that makes a journal's writer the only one."""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from livestory.errors import JournalHeld
from livestory.story.files.layout import make_folder, no_file, unused
from livestory.story.journal.faults import faults

if TYPE_CHECKING:
    from pathlib import Path

_ATTEMPTS = 5  # a reader that asks who writes holds the lock for an instant
_PAUSE = 0.01  # seconds


class WriterLock:
    """A lock file under `flock`: the kernel frees it when its process ends, however it ends.

    The file stays; it names the process that holds it, or held it last.
    """

    def __init__(self, path: Path, name: str) -> None:
        """Not to be called: `acquire` makes one."""
        self.path = path
        self._name = name
        self._descriptor = _taken(path, name)
        self._is = _identity(os.fstat(self._descriptor))
        _held.add(self)

    @classmethod
    def acquire(cls, path: Path, name: str) -> Self:
        """Take the lock for the bot ``name``.

        Raises JournalHeld, which names the holder, where another has it, and JournalError where the file can't be
        written.
        """
        with faults(path, "take the lock"):
            return cls(path, name)

    def renew(self) -> bool:
        """Take the lock again where its file was deleted or replaced; whether it was.

        Raises JournalHeld where another process has taken it
        meanwhile, and JournalError.
        """
        with suppress(OSError):
            if _identity(os.lstat(self.path)) == self._is:
                return False
        with faults(self.path, "take the lock again"):
            make_folder(self.path.parent)
            descriptor = _taken(self.path, self._name)
        os.close(self._descriptor)
        self._descriptor, self._is = descriptor, _identity(os.fstat(descriptor))
        return True

    def release(self) -> None:
        """Let another writer have it."""
        _held.discard(self)
        os.close(self._descriptor)

    def forget(self) -> None:
        """Drop a fork's copy, which would keep the lock for as long as the child runs."""
        os.close(self._descriptor)


def holder(path: Path) -> str | None:
    """Who writes now, such as "pid 4711, demo"; None where no one does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _name(descriptor)
    finally:
        os.close(descriptor)
    return None


def _taken(path: Path, name: str) -> int:
    """A descriptor of the file at ``path`` under a lock of this process, whose name is in it.

    What stands there and is no file is moved aside.
    """
    while True:
        if no_file(path) is not None:
            path.rename(unused(path, "replaced"))
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            _lock(path, descriptor)
            if _is_at(path, descriptor):  # else it was deleted before it was locked
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"pid {os.getpid()}, {name}\n".encode(), 0)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _lock(path: Path, descriptor: int) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if attempt == _ATTEMPTS - 1:
                message = (
                    f"{path}: the journal is being written by {_name(descriptor)}\n"
                    "Stop that process, or tell this story elsewhere with --dir."
                )
                raise JournalHeld(message) from error
            time.sleep(_PAUSE)
        else:
            return


def _name(descriptor: int) -> str:
    return os.pread(descriptor, 500, 0).decode(errors="replace").strip() or "another process"


def _is_at(path: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    return False


_held: weakref.WeakSet[WriterLock] = weakref.WeakSet()


def _forget_all() -> None:
    for lock in _held:
        lock.forget()
    _held.clear()


os.register_at_fork(after_in_child=_forget_all)
