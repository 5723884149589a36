"""Where the bytes of a table lie, and how they are unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import sys
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from msgspec import Struct

from livestory.errors import TableError
from livestory.extras import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK = 1 << 16  # bytes read at a time
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2"}
_KINDS = {b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"PAR1": "parquet"}
_NOT_TABLES = {
    b"ARROW1": "a Feather file",
    b"FEA1": "a Feather file",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF",
    b"\x80\x04": "a pickle of Python",
    b"\x80\x05": "a pickle of Python",
    b"<?xml": "XML",
    b"version https://git-lfs": "a pointer of Git LFS (git lfs pull fetches the file)",
}
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|table|div|meta)\b", re.IGNORECASE)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\]])")
_FOUR = 4  # bytes: two characters of UTF-16
_TOLD_BY = 512  # bytes at a file's start that say what it is
FAILURES = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile)
"""What reading raises where what is packed is damaged; a damaged zstd's error is known by its name alone."""


class Batch(NamedTuple):
    """Some rows of a table, one below the other: their lines, and their fields column by column."""

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]


class TablePart(Struct, frozen=True):
    """A file, a member of a zip or a sheet of a workbook."""

    path: Path
    member: str | None = None  # of a zip
    sheet: str | None = None  # of a workbook
    name: str | None = None  # what messages call the file; None: its path
    content: tuple[int, int] | None = None  # of a zip's member: its checksum and size, alike where the same file is

    def __str__(self) -> str:
        """The file as the caller named it, with what is meant of it after it."""
        part = self.member or self.sheet
        name = self.name or str(self.path)
        return f"{name}/{part}" if part else name

    def error(self, line: int, column: int | None, problem: str) -> TableError:
        """The error that says what is wrong at a place of this table, and what to do."""
        return TableError.at(self, line, column, problem)

    def damaged(self, line: int, error: Exception) -> TableError:
        """The error where what is packed can't be unpacked any further."""
        return self.error(line, None, f"the compressed file is cut off or damaged here ({error}); fetch it again")

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Its bytes, unpacked; text is UTF-8, or whatever it is where that can't be told from its first bytes.

        Raises TableError, and while it is read one of `FAILURES`.
        """
        # The buffers are for speed alone: line by line, gzip and zip streams are several times slower without.
        try:
            with self._packed() as file:
                yield self._text(file)
        # RuntimeError: encrypted, or a method that is not built in.
        except (OSError, RuntimeError, zipfile.BadZipFile) as error:
            damaged = self.member is not None and not isinstance(error, RuntimeError)
            problem = "this zip is cut off or damaged" if damaged else "can't be read"
            message = f"{self}: {problem} ({error}); fetch it again, or unpack it by hand"
            raise TableError(message) from None

    def _text(self, file: IO[bytes]) -> IO[bytes]:
        """The file unpacked, and UTF-16 as UTF-8."""
        try:
            stream = io.BufferedReader(_unpacked(self, file), BLOCK)  # type: ignore[type-var]  # typeshed wants a RawIOBase
            start = stream.peek(_FOUR)[:_FOUR]
        except Exception as error:
            if is_damage(error):
                raise self.damaged(1, error) from None
            raise
        # UTF-16 is known by its mark, or by the NULs of two characters.
        nul = "".join(str(int(byte == 0)) for byte in start)
        marked = start[:2] in {b"\xff\xfe", b"\xfe\xff"}
        encoding = "utf-16" if marked else {"0101": "utf-16-le", "1010": "utf-16-be"}.get(nul)
        if encoding is not None:
            stream = io.BufferedReader(_AsUtf8(stream, encoding), BLOCK)  # type: ignore[assignment]  # as above
        start = stream.peek(BLOCK)
        return io.BufferedReader(_WithLineFeeds(stream), BLOCK) if b"\r" in start and b"\n" not in start else stream

    @contextmanager
    def _packed(self) -> Iterator[IO[bytes]]:
        if self.member is None:
            with self.path.open("rb", BLOCK) as file:
                yield file
        else:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as member:
                yield io.BufferedReader(member, BLOCK)  # type: ignore[type-var]  # as above


def is_damage(error: Exception) -> bool:
    """Whether an error says that what is packed is damaged."""
    return isinstance(error, FAILURES) or type(error).__name__ == "ZstdError"  # it is there only with its package


def kind_of(source: TablePart) -> str:
    """What its bytes are: "delimited", "json", "html", "parquet" or "zip".

    Raises OSError, and TableError for what is no table.
    """
    try:
        with source._packed() as file:  # noqa: SLF001 - of this module
            start = file.read(_TOLD_BY)
        kind = next((kind for magic, kind in _KINDS.items() if start.startswith(magic)), None)
        if kind is not None:
            return kind
        if any(start.startswith(magic) for magic in (*_PACKED, b"\xff\xfe", b"\xfe\xff")):
            with source.opened() as stream:
                start = stream.read(_TOLD_BY)
    except Exception as error:
        if is_damage(error) or (source.member is not None and isinstance(error, OSError | RuntimeError)):
            return "delimited"  # whose reader says where
        raise
    what = next((what for magic, what in _NOT_TABLES.items() if start.startswith(magic)), None)
    if what is not None:
        ways = ": pandas.read_feather(FILE).to_csv(OTHER)" if "Feather" in what else ""
        problem = f"{what}, not a table that can be read"
        message = f"{source}: {problem}; save the table as CSV, Excel (.xlsx) or Parquet{ways}"
        raise TableError(message)
    return "json" if _JSON.match(start) else "html" if _PAGE.match(start) else "delimited"


def _unpacked(source: TablePart, file: IO[bytes]) -> IO[bytes]:
    start = file.peek(8)  # type: ignore[attr-defined]  # it is buffered
    packing = next((packing for magic, packing in _PACKED.items() if start.startswith(magic)), None)
    match packing:
        case "gzip":
            return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]  # typeshed has it no IO
        case "xz":
            return lzma.LZMAFile(file)
        case "bzip2":
            return bz2.BZ2File(file)
        case "zstd":
            return _zstd(source, file)
        case _:
            return file


def _zstd(source: TablePart, file: IO[bytes]) -> IO[bytes]:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 - imported only when used: an extra, until Python has it
        else:
            from backports import zstd  # noqa: PLC0415 - as above
    except ImportError as error:
        raise missing(error, f"{source}: zstd", "retell") from None
    return zstd.ZstdFile(file)  # type: ignore[return-value]  # as gzip's


class _WithLineFeeds(io.RawIOBase):
    """Text of an old Mac, whose lines end with a carriage return alone."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as below
        content = self._stream.read(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(content)] = content
        return len(content)


class _AsUtf8(io.RawIOBase):
    """Text of another encoding as UTF-8."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding=encoding, newline="", errors="replace")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is not sized
        content = self._text.read(max(1, len(buffer) // 4)).encode("utf-8", "replace")
        buffer[: len(content)] = content
        return len(content)
