"""Files as rows of text with their places: the one reader under bars, backtests and exports.

A file is CSV (UTF-8, separated by commas), CSV in gzip or zstd, CSV members of a zip, or Parquet, told apart by its
first bytes, never by its name. Rows stream: memory is flat in the size of the file.

A place is ``file:line:column``. The line counts from 1, the header included (in Parquet the header counts as line 1,
as if the file were exported); the column is the number of the field, from 1. A member of a zip is
``archive.zip/member.csv``.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zipfile
import zlib
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from msgspec import Struct

from livestory.clock import instant
from livestory.errors import TableError
from livestory.extras import missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from duckdb import DuckDBPyConnection

_LONGEST_LINE = 1 << 20  # bytes; a longer one is no table, and would be held in memory whole
_BLOCK = 1 << 16  # bytes read at a time
_BATCH = 2048  # rows fetched at a time, DuckDB's own vector size
_LEAST_EPOCH_DIGITS = 9  # fewer are a date as ISO 8601 writes it without dashes, 20220101, not seconds since 1970
_KINDS = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PAR1": "parquet",
}


class Batch(NamedTuple):
    """Some rows of a table, one below the other: their lines, and their fields column by column."""

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]


class Table(Struct, frozen=True):
    """One table of a file; ``str(table)`` is its name in messages. Nothing is held open between two calls."""

    path: Path
    kind: str  # "csv", "gzip", "zstd", "zip" or "parquet"
    member: str | None = None  # of a zip
    name: str | None = None  # what messages call it; None: its path

    def __str__(self) -> str:
        """The file as the caller named it, with the member of a zip after it."""
        name = self.name or str(self.path)
        return f"{name}/{self.member}" if self.member else name

    def error(self, line: int, column: int | None, problem: str) -> TableError:
        """The error that says what is wrong at a place of this table, and what to do."""
        return TableError.at(self, line, column, problem)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its line, the header (where the file has one) like any other, blank lines left out.

        Every row has as many fields as the first; a Parquet NULL is the empty text, a timestamp its microseconds
        since the epoch.

        Raises TableError for a file that is empty, cut off, damaged, ragged, not UTF-8 or holds NUL bytes, and
        InputError where Parquet needs a package that is not installed.
        """
        return _parquet_rows(self) if self.kind == "parquet" else _csv_rows(self)

    def batches(self) -> Iterator[Batch]:
        """The same rows without the first, some at a time: several times faster, where a table has millions.

        Raises what `rows` raises.
        """
        return _parquet_batches(self) if self.kind == "parquet" else _csv_batches(self)


def instant_of(text: str) -> int:
    """The instant that a table's time names: ISO 8601 (UTC where it has no zone), or a number since the epoch.

    A number counts seconds, milliseconds, microseconds or nanoseconds, found for each one by its size. Raises
    ValueError for anything else.
    """
    if text.isdigit() and len(text) >= _LEAST_EPOCH_DIGITS:
        return instant(int(text))
    try:
        # ISO 8601 is slow to read, and a table has few days and few times of day: each is read once.
        return _instant(text[:10]) + _instant("1970-01-01" + text[10:])
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return instant(text)
    return instant(number)


@lru_cache(maxsize=4096)
def _instant(text: str) -> int:
    return instant(text)


def tables(path: Path, name: str | None = None) -> list[Table]:
    """The tables of a file: one, or one for each CSV member of a zip, in the archive's order.

    ``name`` is what messages call the file, where that is not its path.

    Raises TableError where the file is missing, unreadable, no regular file, or of a kind that can't be read.
    """
    if path.exists() and not path.is_file():
        message = f"{path}: not a regular file; it is read more than once, so save it to one first"
        raise TableError(message)
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        message = f"{path}: can't be read ({error.strerror}); check the name and the permissions"
        raise TableError(message) from None
    kind = next((kind for magic, kind in _KINDS.items() if start.startswith(magic)), "csv")
    return _members(path, name) if kind == "zip" else [Table(path, kind, name=name)]


def _members(path: Path, name: str | None) -> list[Table]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member for member in archive.namelist() if member.lower().endswith(".csv")]
    except (OSError, RuntimeError, ValueError, zipfile.BadZipFile) as error:  # a version or a name that can't be
        message = f"{path}: this zip is cut off or damaged ({error}); fetch it again"
        raise TableError(message) from None
    if not names:
        message = f"{path}: no .csv file in this zip; pack the table as CSV"
        raise TableError(message)
    return [Table(path, "zip", member, name) for member in names]


class _Block(NamedTuple):
    """Some whole lines of a file."""

    line: int  # the number of the first one
    text: str


def _csv_rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    with _opened(table) as stream:
        yield from _parsed(table, _blocks(table, stream))


def _csv_batches(table: Table) -> Iterator[Batch]:
    with _opened(table) as stream:
        blocks, first, width = _blocks(table, stream), 1, 0
        for block in blocks:
            columns = _split(block.text, width)
            if columns is None:  # from here on, however little it may be, it is the CSV reader's
                rows = islice(_parsed(table, chain([block], blocks), width), first, None)
                while batch := list(islice(rows, _BATCH)):
                    places, fields = zip(*batch, strict=True)
                    yield Batch(places, list(zip(*fields, strict=True)))
                return
            width = len(columns)
            lines = range(block.line, block.line + len(columns[0]))[first:]
            if lines:
                yield Batch(lines, [column[first:] for column in columns])
            first = 0


def _split(text: str, width: int) -> list[list[str]] | None:
    """The columns of lines that all have ``width`` fields (0: as many as the first), and no quotes; else None."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    width = width or text.partition("\n")[0].count(",") + 1
    spaced = " " in text and (", " in text or "\n " in text or text.startswith(" "))
    if width == 1 or spaced or '"' in text or "\r" in text:
        return None
    text = text.removesuffix("\n")
    # One call splits all lines: each line's first field keeps its line end before it, which shows where it stands.
    fields = text.replace("\n", ",\n").split(",")
    first = "".join(fields[::width]).split("\n")
    if len(fields) != width * len(first) or text.count("\n") != len(first) - 1:
        return None
    return [first, *(fields[number::width] for number in range(1, width))]


def _parsed(table: Table, blocks: Iterable[_Block], width: int = 0) -> Iterator[tuple[int, list[str]]]:
    """The rows, of ``width`` fields, or 0: as many as the first one has."""
    blocks = iter(blocks)
    block = next(blocks, _Block(1, ""))
    before = block.line - 1
    texts = (io.StringIO(each.text, newline="\n") for each in chain([block], blocks))
    # Blocks are iterated without a step in Python for each line.
    reader = csv.reader(chain.from_iterable(texts), skipinitialspace=True, strict=True)
    try:
        for fields in reader:
            if len(fields) != width or not width:
                if not fields:
                    continue
                if width:
                    raise _ragged(table, before + reader.line_num, len(fields), width)
                width = len(fields)
            yield before + reader.line_num, fields
    except csv.Error as error:
        problem = f"not CSV ({error}); check the quotes and line ends here"
        raise table.error(before + max(reader.line_num, 1), None, problem) from None
    if not width:
        message = f"{table}: empty, not one row; check that it was written to its end"
        raise TableError(message)


def _ragged(table: Table, line: int, fields: int, width: int) -> TableError:
    problem = (
        f"fields: {fields}, where the first row has {width}; the row is cut off, or a comma is missing or too many"
    )
    return table.error(line, min(fields, width) + 1, problem)


@contextmanager
def _opened(table: Table) -> Iterator[IO[bytes]]:
    # The buffers are for speed alone: line by line, gzip and zip streams are several times slower without.
    try:
        if table.member is not None:
            with zipfile.ZipFile(table.path) as archive, archive.open(table.member) as member:
                yield io.BufferedReader(member, _BLOCK)  # type: ignore[type-var]  # typeshed wants a RawIOBase
        elif table.kind == "gzip":
            with gzip.open(table.path) as stream:
                yield io.BufferedReader(stream, _BLOCK)
        elif table.kind == "zstd":
            with _zstd_opened(table) as stream:
                yield stream
        else:
            with table.path.open("rb", _BLOCK) as file:
                yield file
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:  # RuntimeError: encrypted, or a method not built in
        damaged = table.member is not None and not isinstance(error, RuntimeError)
        problem = "this zip is cut off or damaged" if damaged else "can't be read"
        message = f"{table}: {problem} ({error}); fetch it again, or unpack it by hand"
        raise TableError(message) from None


def _zstd_opened(table: Table) -> IO[bytes]:
    try:
        # Imported only when used: an extra, until Python itself has it.
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415
        else:
            from backports import zstd  # noqa: PLC0415
    except ImportError as error:
        raise missing(error, f"{table}: zstd", "retell") from None
    return io.BufferedReader(zstd.open(table.path), _BLOCK)


def _blocks(table: Table, stream: IO[bytes]) -> Iterator[_Block]:
    line, encoding = 1, "utf-8-sig"
    try:
        while block := stream.read(_BLOCK):
            last = len(block) - block.rfind(b"\n") - 1
            block += stream.readline(_LONGEST_LINE - last) if last else b""
            yield _Block(line, _text(table, line, block, encoding))
            line += block.count(b"\n")
            encoding = "utf-8"
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise _damaged(table, line, error) from None
    except Exception as error:
        if type(error).__name__ == "ZstdError":  # it is there only where its package is
            raise _damaged(table, line, error) from None
        raise


def _text(table: Table, line: int, block: bytes, encoding: str) -> str:
    if not block.endswith(b"\n") and len(block) - block.rfind(b"\n") - 1 >= _LONGEST_LINE:
        problem = "a line of more than 1 MiB; this is no table of rows"
        raise table.error(line + block.count(b"\n"), None, problem)
    try:
        text = block.decode(encoding)
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 (byte 0x{error.object[error.start]:02x}); save the file as UTF-8"
        position = len(block) - len(error.object) + error.start  # without a byte order mark the object is shorter
        raise table.error(*_place(line, block, position), problem) from None
    if "\0" in text:
        raise table.error(*_place(line, block, block.index(b"\0")), "a NUL byte; the file is damaged here")
    return text


def _damaged(table: Table, line: int, error: Exception) -> TableError:
    return table.error(line, None, f"the compressed file is cut off or damaged here ({error}); fetch it again")


def _place(line: int, block: bytes, position: int) -> tuple[int, int]:
    """The line and field of a byte of a block that begins with ``line``."""
    before = block[:position]
    return line + before.count(b"\n"), before.rpartition(b"\n")[2].count(b",") + 1


def _parquet_rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    names, batches = _parquet(table)
    yield 1, names
    for line, fields in enumerate(chain.from_iterable(batches), 2):
        yield line, list(fields)


def _parquet_batches(table: Table) -> Iterator[Batch]:
    line = 2
    for rows in _parquet(table)[1]:
        yield Batch(range(line, line + len(rows)), list(zip(*rows, strict=True)))
        line += len(rows)


def _parquet(table: Table) -> tuple[list[str], Iterator[list[tuple[str, ...]]]]:
    try:
        import duckdb  # noqa: PLC0415 - an extra, and heavy: imported only when used
    except ImportError as error:
        raise missing(error, f"{table}: Parquet", "retell") from None

    def unreadable(error: Exception) -> TableError:
        reason = str(error).splitlines()[0]
        shown = reason if reason.isprintable() else ascii(reason)  # it may repeat bytes of the file
        return TableError(f"{table}: not readable as Parquet, cut off or damaged ({shown}); fetch or write it again")

    def batches() -> Iterator[list[tuple[str, ...]]]:
        with connection:
            try:
                cursor = connection.execute(query, [str(table.path)])
                while batch := cursor.fetchmany(_BATCH):
                    if any(None in row for row in batch):  # DuckDB takes a column at its word that it has no NULL
                        raise unreadable(ValueError("NULL in a column that has none"))
                    yield batch
            except duckdb.Error as error:
                raise unreadable(error) from None

    connection = duckdb.connect(config={"threads": 1})
    try:
        names, query = _parquet_query(connection, str(table.path))
    except duckdb.Error as error:
        connection.close()
        raise unreadable(error) from None
    return names, batches()


def _parquet_query(connection: DuckDBPyConnection, path: str) -> tuple[list[str], str]:
    # Text made by DuckDB, because iterating its datetimes is slow; instants as integers keep their zone out of it.
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    names = [str(row[0]) for row in described]
    columns = []
    for name, kind in ((row[0], str(row[1])) for row in described):
        quoted = '"' + name.replace('"', '""') + '"'
        value = f"epoch_us({quoted})" if kind.startswith(("TIMESTAMP", "DATE")) else quoted
        columns.append(f"coalesce({value}::VARCHAR, '')")
    return names, f"SELECT {', '.join(columns)} FROM read_parquet(?)"  # noqa: S608 - identifiers quoted above
