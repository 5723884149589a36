"""Files as rows of text with their places: the one reader under bars, backtests and exports.

A file is text with separators (commas, semicolons, tabs, bars; UTF-8, UTF-16 or Windows-1252), JSON or JSON lines, as
it is, in gzip, zstd, xz, bzip2 or as members of a zip; or Parquet; an Excel workbook; a web page. It is told apart by
its first bytes, never by its name. Rows of text and Parquet stream: memory is flat in the size of the file.

A place is ``file:line:column``. The line counts from 1, the header included (in Parquet, JSON and Excel the header
counts as line 1, as if the file were exported); the column is the number of the field, from 1. A member of a zip is
``archive.zip/member.csv``, a sheet of a workbook ``book.xlsx/sheet``.
"""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from livestory.clock import instant
from livestory.errors import TableError
from livestory.tables import delimited, excel, json_records, parquet
from livestory.tables.delimited import Short, adds_up, is_remark, refuse
from livestory.tables.source import Batch, TablePart, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Batch", "Short", "Table", "adds_up", "instant_of", "is_remark", "refuse", "tables"]

T = TypeVar("T")

_LEAST_EPOCH_DIGITS = 9  # fewer are a date as ISO 8601 writes it without dashes, 20220101, not seconds since 1970
_OF_TEXT = (".csv", ".tsv")
_OF_JSON = (".json", ".jsonl", ".ndjson")
_OF_PAGES = (".html", ".htm")


class Table(Struct, frozen=True):
    """One table of a file; ``str(table)`` is its name in messages. Nothing is held open between two calls."""

    source: TablePart
    kind: str  # "delimited", "json", "html", "parquet" or "excel"

    def __str__(self) -> str:
        """The file as the caller named it, with the member of a zip or the sheet after it."""
        return str(self.source)

    @property
    def is_sheet(self) -> bool:
        """Whether it is one of several tables in one file, the others of which may hold something else."""
        return self.source.sheet is not None

    @property
    def is_of_commas(self) -> bool:
        """Whether a comma parts its fields, or might have: then one inside a number parts thousands."""
        return self.kind != "delimited" or delimited.separator_of(self.source) == ","

    def error(self, line: int, column: int | None, problem: str) -> TableError:
        """The error that says what is wrong at a place of this table, and what to do."""
        return self.source.error(line, column, problem)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its line, the header (where the file has one) like any other, rows without any text left out.

        Every row has as many fields as the first. NULL is the empty text, an instant of Parquet its microseconds since
        the epoch. What stands above the header (titles, comments, ``sep=;``) is passed over.

        Raises TableError for a file that is empty, cut off, damaged, ragged, no text or holds NUL bytes, and
        InputError where a package is needed that is not installed.
        """
        match self.kind:
            case "parquet":
                return parquet.rows(self.source)
            case "json":
                return json_records.rows(self.source)
            case "excel":
                return excel.rows(self.source)
            case "html":
                from livestory.tables import html  # noqa: PLC0415 - its parser waits for the first page

                return html.rows(self.source)
            case _:
                return delimited.rows(self.source)

    def batches(self, short: Short = refuse) -> Iterator[Batch]:
        """The same rows without the first, some at a time: several times faster, where a table has millions.

        Raises what `rows` raises; ``short`` may leave out a row of text that has too few fields.
        """
        match self.kind:
            case "parquet":
                return parquet.batches(self.source)
            case "json" | "excel" | "html":
                rows = self.rows()
                next(rows, None)
                return delimited.batched(rows)
            case _:
                return delimited.batches(self.source, short)

    def batches_or(self, read: Callable[[str, str], T | None], short: Short = refuse) -> Iterator[Batch | T]:
        """The same, but what ``read`` makes of some whole lines of text and their separator, where that is not None."""
        return delimited.batches_or(self.source, read, short) if self.kind == "delimited" else self.batches()


def tables(path: Path, name: str | None = None) -> list[Table]:
    """The tables of a file: one; or one for each table of a zip, in the archive's order; or one for each sheet.

    ``name`` is what messages call the file, where that is not its path.

    Raises TableError where the file is missing, unreadable, no regular file, or of a kind that can't be read.
    """
    if path.exists() and not path.is_file():
        what = (
            "a folder; name a file in it"
            if path.is_dir()
            else "not a regular file; it is read more than once, so save it to one first"
        )
        message = f"{path}: {what}"
        raise TableError(message)
    source = TablePart(path, name=name)
    try:
        kind = kind_of(source)
    except OSError as error:
        message = f"{path}: can't be read ({error.strerror}); check the name and the permissions"
        raise TableError(message) from None
    if kind == "zip":
        return _members(source)
    return _within(source, kind)


def _within(source: TablePart, kind: str) -> list[Table]:
    """The tables of a file that is no archive: mostly one."""
    names: list[str] = []
    if kind == "html":
        from livestory.tables import html  # noqa: PLC0415 - as above

        names = html.titles(source)
    elif kind == "json":
        names = json_records.tables(source)
    if not names:
        return [Table(source, kind)]
    return [Table(replace(source, sheet=name), kind) for name in names]


def _members(archive: TablePart) -> list[Table]:
    try:
        with zipfile.ZipFile(archive.path) as opened:
            contents = {each.filename: (each.CRC, each.file_size) for each in opened.infolist()}
            names = [name for name in contents if not _is_of_a_mac(name)]
    except (OSError, RuntimeError, ValueError, zipfile.BadZipFile) as error:  # a version or a name that can't be
        message = f"{archive.path}: this zip is cut off or damaged ({error}); fetch it again"
        raise TableError(message) from None
    if {"[Content_Types].xml", "xl/workbook.xml"} <= {*names}:
        return [
            Table(TablePart(archive.path, sheet=sheet, name=archive.name), "excel") for sheet in excel.sheets(archive)
        ]
    for endings in (_OF_TEXT, _OF_JSON, _OF_PAGES):
        if found := [name for name in names if name.lower().endswith(endings)]:
            members = [
                TablePart(archive.path, member=name, name=archive.name, content=contents[name]) for name in found
            ]
            return [table for member in members for table in _within(member, kind_of(member))]
    message = f"{archive.path}: no .csv file in this zip; pack the table as CSV"
    raise TableError(message)


def _is_of_a_mac(member: str) -> bool:
    """Whether it only holds what a Mac notes of another member."""
    parts = PurePosixPath(member).parts
    return bool(parts) and (parts[0] == "__MACOSX" or parts[-1].startswith("._"))


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
