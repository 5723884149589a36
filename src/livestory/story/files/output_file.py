"""Files that are written for a person: whole or not at all, and a link, a device or a pipe stays what it is."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple

from livestory.errors import InputError, LivestoryError
from livestory.story.files.layout import SQLITE, make_folder, sync_folder, temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT = Path("-")
"""The name of standard output, as `tar` and `curl` have it."""

_MOST_LINKS = 40  # as many as Linux follows
_MADE_UP = {errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG}
_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
# No file can be made beside it, or none can take its place, which may be a mount of this one file.
_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.EBUSY, errno.EXDEV}


class Target(NamedTuple):
    """What a name leads to."""

    name: Path  # as it was given
    path: Path  # behind all links
    descriptor: int | None  # of this process, where it is one: /dev/stdout, /dev/fd/63
    found: os.stat_result | None  # None where nothing is there yet

    @classmethod
    def of(cls, name: Path) -> Target:
        """Follow ``name``. Raises InputError where nothing can be written there, and OSError."""
        try:
            path, descriptor = (name, 1) if name == STDOUT else _followed(name)
            found = _found(path, descriptor)
        except OSError as error:
            if error.errno not in _MADE_UP:
                raise
            message = f"{name}: {error.strerror}\nName another file."
            raise InputError(message) from None
        target = cls(name, path, descriptor, found)
        if (problem := target._problem()) is not None:
            message = f"{name}: {problem}"
            raise InputError(message)
        return target

    @property
    def is_stream(self) -> bool:
        """Whether bytes go through it: a device, a pipe, what this process has open. It has no content to replace."""
        return self.descriptor is not None or (self.found is not None and not stat.S_ISREG(self.found.st_mode))

    @property
    def is_stdout(self) -> bool:
        """Whether it is where results are printed."""
        with suppress(OSError):
            return self.is_stream and self.found is not None and os.path.samestat(self.found, os.fstat(1))
        return False

    def _problem(self) -> str | None:
        """The error if nothing can be written there; None if it can."""
        if self.found is None:
            return None if self.descriptor is None else "is not open"
        if stat.S_ISDIR(self.found.st_mode):
            return "a folder; name a file in it"
        if stat.S_ISBLK(self.found.st_mode):
            return "a disk, which a file would destroy; name a file on it"
        if stat.S_ISSOCK(self.found.st_mode) and self.descriptor is None:
            return "a socket; name a file"
        return "a database, maybe a story's journal; name another file" if self._is_database() else None

    def _is_database(self) -> bool:
        if self.is_stream:
            return False
        with suppress(OSError), self.path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
        return False

    def open(self) -> IO[bytes]:
        """It, to be written in place, from its beginning where it has one. Raises OSError."""
        if self.descriptor is None:
            flags = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC | (0 if self.is_stream else os.O_CREAT | os.O_TRUNC)
            return os.fdopen(os.open(self.path, flags, 0o666), "wb")
        if sys.stdout is not None:
            sys.stdout.flush()  # what was printed comes first
        return os.fdopen(os.dup(self.descriptor), "wb")


@contextmanager
def replaced(name: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """A file whose content is what ``name`` holds once the with block has ended; an exception leaves it as it was.

    Links are followed. A device or a pipe is written to. A file with several names, one that is mounted and one in a
    folder where nothing can be made are overwritten; any other is replaced at one stroke. ``private``: for its owner's
    eyes only. Raises InputError where nothing can be written there, LivestoryError where another process is writing
    it, and OSError.
    """
    target = Target.of(name)
    scratch = None if target.is_stream else _scratch(target, private=private)
    if scratch is None:
        with TemporaryFile() as file:
            yield file
            _copy(file, target, private=private)
        return
    place = temporary(target.path)
    try:
        with scratch:
            yield scratch
            scratch.flush()
            os.fsync(scratch.fileno())
            _place(scratch, place, target, private=private)
    except OSError as error:
        if error.filename is None and error.errno in _WRITING:
            raise OSError(error.errno, error.strerror, str(name)) from error
        raise
    finally:
        place.unlink(missing_ok=True)


def _place(scratch: IO[bytes], place: Path, target: Target, *, private: bool) -> None:
    """Give ``target`` the content of ``scratch``, which lies at ``place``."""
    if target.found is not None and target.found.st_nlink > 1:
        _copy(scratch, target, private=private)
        return
    if target.found is not None and not private:
        os.fchmod(scratch.fileno(), stat.S_IMODE(target.found.st_mode))
    try:
        place.rename(target.path)
    except OSError as error:
        if error.errno not in _IN_PLACE:
            raise
        _copy(scratch, target, private=private)
    else:
        sync_folder(target.path.parent)


def _copy(file: IO[bytes], target: Target, *, private: bool) -> None:
    """Write what ``file`` holds to ``target`` itself."""
    file.seek(0)
    with target.open() as out:
        if private and not target.is_stream:
            os.fchmod(out.fileno(), 0o600)
        try:
            shutil.copyfileobj(file, out)
            out.flush()
            if not target.is_stream:
                os.fsync(out.fileno())
        except BrokenPipeError:
            raise
        except OSError as error:
            with suppress(OSError):
                out.close()  # which would try again what can't be written
            where = None if target.is_stdout else str(target.name)
            raise OSError(error.errno, error.strerror, where) from error


def _scratch(target: Target, *, private: bool) -> IO[bytes] | None:
    """A file beside ``target`` that this process alone writes; None where there can be none.

    Raises LivestoryError where another process has it: the next run of a timer may come before this one is done.
    """
    make_folder(target.path.parent)
    place = temporary(target.path)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(place, flags, 0o600 if private else 0o666)
    except OSError as error:
        if error.errno not in _IN_PLACE:
            raise
        return None
    file = os.fdopen(descriptor, "w+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), place.lstat()):
            if private:
                os.fchmod(descriptor, 0o600)
            file.truncate(0)
            return file
    except (BlockingIOError, FileNotFoundError):  # not there: it took its place between our opening and our locking
        pass
    file.close()
    message = f"{target.name}: another livestory is writing it now; wait for it"
    raise LivestoryError(message)


def _followed(name: Path) -> tuple[Path, int | None]:
    """The file behind all links, and the descriptor of this process that it is, if it is one."""
    path = name
    for _ in range(_MOST_LINKS):
        folder = os.path.realpath(path.parent)
        if folder == f"/proc/{os.getpid()}/fd" and path.name.isdecimal():
            return path, int(path.name)
        if not path.is_symlink():
            return path, None
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _found(path: Path, descriptor: int | None) -> os.stat_result | None:
    try:
        return path.stat() if descriptor is None else os.fstat(descriptor)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.EBADF}:
            raise
        return None
