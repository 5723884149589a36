"""Text on disk: writing it whole or not at all, comparing it with what it should be."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from livestory.story.files.layout import make_folder, sync_folder, temporary, unused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from livestory.story.journal.entry import ShownLine

_LINE = 1 << 20  # bytes of one line that are looked at; no line of a story comes near
_STORY = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \| .*\n")
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def encoded(lines: Iterable[ShownLine]) -> bytes:
    """The lines as they stand in a story file."""
    return "".join([f"{line.line}\n" for line in lines]).encode()


def open_regular(path: Path) -> int | None:
    """A descriptor that appends to the regular file ``path``; None where there is none. Links are not followed.

    Raises OSError where it can't be opened.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it. Raises OSError, after which a part of it may be there."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def complete(descriptor: int, pages: Iterable[bytes]) -> bool:
    """Append what the file lacks of ``pages``; False, with nothing written, where it is not a beginning of them.

    Raises OSError, after which a part of it may be there.
    """
    offset, behind = 0, False
    for page in pages:
        found = b"" if behind else _read(descriptor, len(page), offset)
        if not page.startswith(found):
            return False
        if len(found) < len(page):
            behind = True
            write_all(descriptor, page[len(found) :])
        offset += len(page)
    return behind or os.fstat(descriptor).st_size <= offset


def replace(path: Path, pages: Iterable[bytes]) -> int:
    """Put a file of ``pages`` in the place of ``path``, whole or not at all, durably.

    A file that is a mount of its own, as containers have them, can't be replaced: it is written anew in place. Killed
    meanwhile, that leaves a beginning of the pages, which `complete` completes.

    Returns a descriptor that appends to it. Raises OSError, also for a device, which is nobody's to replace.
    """
    if is_device(path):
        raise OSError(errno.EEXIST, "it is a device", str(path))
    make_folder(path.parent)
    scratch = temporary(path)
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, _FLAGS | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        for page in pages:
            write_all(descriptor, page)
        os.fsync(descriptor)
        try:
            scratch.rename(path)
        except OSError as error:
            mounted = open_regular(path) if error.errno == errno.EBUSY else None
            if mounted is None:
                raise
            whole, descriptor = descriptor, mounted
            _rewrite(descriptor, whole)
            scratch.unlink()
        sync_folder(path.parent)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_device(path: Path) -> bool:
    """Whether ``path`` is a character or block device, such as /dev/null."""
    with suppress(OSError):
        return stat.S_IFMT(path.lstat().st_mode) in {stat.S_IFCHR, stat.S_IFBLK}
    return False


def _rewrite(descriptor: int, source: int) -> None:
    """Give one open file the content of another, which is closed with that."""
    try:
        os.ftruncate(descriptor, 0)
        offset = 0
        while part := os.pread(source, _LINE, offset):
            write_all(descriptor, part)
            offset += len(part)
        os.fsync(descriptor)
    finally:
        os.close(source)


def set_aside(path: Path) -> Path:
    """Move what is at ``path`` and not ours out of the way: ``live_story.txt.replaced-20241203T150000Z``."""
    aside = unused(path, "replaced")
    try:
        path.rename(aside)
    except OSError as error:
        if error.errno != errno.EBUSY or not stat.S_ISREG(path.lstat().st_mode):
            raise
        # A mount of its own: its content is moved, the file stays.
        copy = os.open(aside, _FLAGS | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            _rewrite(copy, os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC))
        finally:
            os.close(copy)
        sync_folder(path.parent)
    return aside


def foreign(path: Path, ours: Iterable[bytes]) -> list[bytes]:
    """The lines of the file at ``path`` that are not in the pages ``ours``; of a folder, its name."""
    descriptor = open_regular(path)
    if descriptor is None:
        return [os.fsencode(path)] if stat.S_ISDIR(path.lstat().st_mode) else []
    found: list[bytes] = []
    known = {line for page in ours for line in page.splitlines(keepends=True)}
    with os.fdopen(descriptor, "rb") as file:
        for read in iter(lambda: file.readline(_LINE), b""):
            line = read.strip(b"\0")  # a power cut leaves zeros where the end of a growing file was not written yet
            torn = not line.endswith(b"\n") and any(one.startswith(line) for one in known)
            if line and line not in known and not torn:
                found.append(line)
    return found


def is_of_a_story(line: bytes) -> bool:
    """Whether a line begins as those of a story do."""
    return _STORY.match(line) is not None


def compressed(content: bytes) -> bytes:
    """As a gzip file; the same content gives the same bytes."""
    import gzip  # noqa: PLC0415 - needed once a day, and 10 ms of every start otherwise

    target = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as file:
        file.write(content)
    return target.getvalue()


def uncompressed(path: Path) -> bytes:
    """What is in the gzip file ``path``. Raises OSError, and ValueError where it is cut, damaged or no file."""
    import gzip  # noqa: PLC0415 - as above

    if not stat.S_ISREG(path.lstat().st_mode):
        message = "it is no file"
        raise ValueError(message)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        with os.fdopen(descriptor, "rb") as packed, gzip.open(packed) as file:
            return file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(str(error)) from error


def _read(descriptor: int, size: int, offset: int) -> bytes:
    parts: list[bytes] = []
    while size and (part := os.pread(descriptor, size, offset)):
        parts.append(part)
        size -= len(part)
        offset += len(part)
    return b"".join(parts)
