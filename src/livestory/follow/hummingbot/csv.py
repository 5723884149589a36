"""The CSV of trades that Hummingbot wrote until 2024, `data/trades_….csv`: each fill a row, with all its digits."""

from __future__ import annotations

import csv
import os
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from livestory.errors import InputError
from livestory.follow.hummingbot.database import Page
from livestory.follow.hummingbot.records import fill_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livestory.story.inputs import Input

_NEEDED = {"market", "symbol", "timestamp", "order_id", "trade_type", "price", "amount", "exchange_trade_id"}
_ROWS = 1_000  # of one page
_LONGEST = 65_536  # bytes of a row
_MARK = 200  # bytes before a place


class HummingbotCsv:
    """Pages of its rows; a place is a position in the file, just behind a row."""

    tables: tuple[str, ...] = ("TradeFill",)

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def is_one(cls, path: Path) -> bool:
        """Whether the file is one, by its first line."""
        try:
            cls(path).header()
        except InputError:
            return False
        return True

    def state(self) -> object:
        """Equal to another time's where nothing was written in between. Raises InputError."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise self._unread(error) from error
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def page(self, table: str, after: int, reasons: Mapping[str, tuple[str, str]] | None = None) -> Page:
        """The rows behind the place ``after``; one that is being written waits for its end."""
        del table, reasons
        columns, begin = self.header()
        last, problems = max(after, begin), list[str]()
        inputs: list[Input] = []
        with self._open() as file:
            file.seek(last)
            for _ in range(_ROWS):
                line = file.readline(_LONGEST)
                if not line.endswith(b"\n"):
                    break
                last += len(line)
                try:
                    inputs.append(fill_of(_row(columns, line)))
                except ValueError as error:
                    problems.append(f"the row that ends at byte {last:,}: {error}")
        return Page(last, inputs, tuple(problems)) if last > max(after, begin) else Page(after, [])

    def mark(self, place: int) -> str | None:
        """What stands before a place; None where the file is shorter."""
        with self._open() as file:
            if os.fstat(file.fileno()).st_size < place:
                return None
            file.seek(max(0, place - _MARK))
            return file.read(min(place, _MARK)).decode("latin-1")

    def reasons(self) -> dict[str, tuple[str, str]]:
        """None: it says nothing of why."""
        return {}

    def kinds(self) -> set[tuple[str, str, str]]:
        """Of which configuration the fills are, in which market and pair."""
        columns, begin = self.header()
        found = set()
        with self._open() as file:
            file.seek(begin)
            for line in file:
                with suppress(ValueError):
                    row = _row(columns, line)
                    found.add((row.get("config_file_path", ""), row["market"], row["symbol"]))
        return found

    def header(self) -> tuple[list[str], int]:
        """Its columns, and where the first row begins. Raises InputError where it is no such file."""
        with self._open() as file:
            line = file.readline(_LONGEST)
        columns = line.decode("utf-8", "replace").strip().split(",")
        if not line.endswith(b"\n") or not set(columns) >= _NEEDED:
            message = (
                f"{self.path}: not a CSV of trades as Hummingbot writes one\n"
                f"Name its database, data/CONF.sqlite, or its data/trades_CONF.csv."
            )
            raise InputError(message)
        return columns, len(line)

    def _open(self) -> BinaryIO:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe is not waited for
            return os.fdopen(descriptor, "rb")
        except OSError as error:
            raise self._unread(error) from error

    def _unread(self, error: OSError) -> InputError:
        return InputError(f"{self.path}: can't be read: {error.strerror}\nName the file that Hummingbot writes.")


def _row(columns: list[str], line: bytes) -> dict[str, str]:
    """Raises ValueError where a row has other columns."""
    try:
        cells = next(csv.reader([line.decode("utf-8", "replace").replace("\0", "")]), [])
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if len(cells) != len(columns):
        message = f"{len(cells)} cells under {len(columns)} columns"
        raise ValueError(message)
    return dict(zip(columns, cells, strict=True))
