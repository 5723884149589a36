"""The sheets of an Excel workbook (.xlsx) as rows of text."""

from __future__ import annotations

import datetime as dt
import warnings
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.errors import TableError
from livestory.extras import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.tables.source import TablePart


def sheets(source: TablePart) -> list[str]:
    """The names of its sheets that hold anything. Raises TableError, and InputError without the package."""
    with _opened(source) as book:
        names = [sheet.title for sheet in book.worksheets if any(map(_filled, sheet.iter_rows(values_only=True)))]
    if not names:
        message = f"{source}: empty, not one row; check that it was written to its end"
        raise TableError(message)
    return names


def rows(source: TablePart) -> Iterator[tuple[int, list[str]]]:
    """The header and each row with its line. Raises what `Table.rows` raises."""
    width = 0
    with _opened(source) as book:
        for line, cells in enumerate(book[source.sheet].iter_rows(), 1):
            fields = [_text(cell) for cell in cells]
            filled = sum(map(bool, fields))
            if not width and filled > 1:  # the titles above a header fill one cell
                width = len(fields)
            if width and filled:
                yield line, [*fields, *[""] * (width - len(fields))][:width]
    if not width:
        raise source.error(1, None, "no row of several cells in this sheet; there is no table")


def _filled(row: tuple[Any, ...]) -> bool:
    return any(value is not None for value in row)


@contextmanager
def _opened(source: TablePart) -> Iterator[Any]:
    try:
        import openpyxl  # noqa: PLC0415 - an extra, and heavy: imported only when used
    except ImportError as error:
        raise missing(error, f"{source}: Excel", "retell") from None
    try:
        with warnings.catch_warnings():  # of styles and the like that it leaves out
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(source.path, read_only=True, data_only=True)
            try:
                yield book
            finally:
                book.close()
    except TableError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a damaged workbook makes it stumble over
        reason = " ".join(str(error).split()) or type(error).__name__
        shown = reason if reason.isprintable() else ascii(reason)
        message = f"{source}: not readable as Excel, cut off or damaged ({shown[:200]}); save it again, or as CSV"
        raise TableError(message) from None


def _text(cell: Any) -> str:
    value, form = cell.value, str(getattr(cell, "number_format", "") or "")
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dt.datetime():
            is_day = value.time() == dt.time() and "h" not in form.casefold()
            return value.date().isoformat() if is_day else value.isoformat(" ")
        case dt.date() | dt.time():
            return value.isoformat()
        case int() | float():
            return f"{Decimal(repr(value)) * 100:f}%" if "%" in form else repr(value)
        case _:
            return "" if getattr(cell, "data_type", "") == "e" else str(value)
