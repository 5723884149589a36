"""The rows of bar files as numbers: any CSV or Parquet with a header, and Binance's kline archives as they are."""

from __future__ import annotations

from itertools import chain
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from livestory.clock import as_datetime
from livestory.errors import TableError
from livestory.story.inputs import LEAST_INSTANT
from livestory.tables import Table, instant_of, tables
from livestory.trading.market.bar import is_possible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from livestory.trading.market.bar import Row

_TIMES: Final = ("open_time", "opentime", "timestamp", "datetime", "time", "date")  # the first one that a header has
_PRICES: Final = ("open", "high", "low", "close")
_ARCHIVE_WIDTH = 12  # Binance's kline archives: open time, open, high, low, close, volume, close time, …


class BarFile(Struct, frozen=True):
    """A table of bars, and which of its fields (from 0) are what: time, open, high, low, close and perhaps volume."""

    table: Table
    fields: tuple[int, ...]
    has_header: bool

    def error(self, line: int, value: int, problem: str) -> TableError:
        """The error at the n-th value of the Row in this line."""
        return self.table.error(line, self.fields[value] + 1, problem)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Each bar with its line; its numbers are possible ones, its place among the others is not looked at.

        Raises TableError for a value that is no time, no finite positive price, or a high or low that is exceeded.
        """
        pick = itemgetter(*self.fields)
        has_volume = len(self.fields) > len(_PRICES) + 1
        lines = self.table.rows()
        if self.has_header:
            next(lines)
        for line, texts in lines:
            picked = pick(texts)
            try:
                volume = float(picked[5]) if has_volume and picked[5] else None
                row = (
                    instant_of(picked[0]),
                    float(picked[1]),
                    float(picked[2]),
                    float(picked[3]),
                    float(picked[4]),
                    volume,
                )
            except ValueError:
                raise self._impossible(line, picked) from None
            if not is_possible(row):
                raise self._impossible(line, picked)
            yield line, row

    def _impossible(self, line: int, picked: tuple[str, ...]) -> TableError:
        time, *texts = picked
        try:
            is_early = instant_of(time) < LEAST_INSTANT
        except ValueError:
            problem = f"{time!r} is not a time; write ISO 8601, or seconds, ms, µs or ns since 1970"
            return self.error(line, 0, problem)
        if is_early:
            return self.error(line, 0, f"{time!r} is before 1973-03-03; correct or remove the bar")
        numbers = [_number(text) for text in texts]
        for value, (name, number) in enumerate(zip(_PRICES, numbers, strict=False), 1):
            if number is None or not 0.0 < number < inf:
                return self.error(line, value, f"{name} {texts[value - 1]!r} is not a price; correct or remove the bar")
        open_, high, low, close = (number or inf for number in numbers[:4])
        if high < max(open_, low, close):
            return self.error(line, 2, f"high {high} is below the bar's {max(open_, low, close)}; correct the bar")
        if low > min(open_, close):
            return self.error(line, 3, f"low {low} is above the bar's {min(open_, close)}; correct the bar")
        return self.error(line, 5, f"volume {texts[4]!r} is not a quantity; correct it, or leave it empty if unknown")


def in_order(files: Sequence[Path]) -> list[BarFile]:
    """The bar tables of all files, by their first bars.

    Raises TableError for a file that can't be read or has no bars.
    """
    started = []
    for table in chain.from_iterable(map(tables, files)):
        bars = _layout(table)
        first = next(bars.rows(), None)
        if first is None:
            raise table.error(1, None, "a header and no bars after it; check that the file was written to its end")
        started.append((first[1][0], bars))
    if not started:
        message = "no file of bars given; name one or more"
        raise TableError(message)
    return [bars for _, bars in sorted(started, key=itemgetter(0))]


def ascending(files: Sequence[BarFile]) -> Iterator[tuple[BarFile, int, Row]]:
    """Each bar with its file and line. Times never descend; an equal time is the same bar once more.

    Raises TableError for bars out of order, and for two bars of one time that disagree.
    """
    previous: Row | None = None
    where: tuple[BarFile, int] | None = None
    for file in files:
        for line, row in file.rows():
            if previous is not None and where is not None and row[0] <= previous[0] and row != previous:
                raise _disordered(file, line, row, f"{where[0].table}:{where[1]}", previous)
            previous, where = row, (file, line)
            yield file, line, row


def _disordered(file: BarFile, line: int, row: Row, before: str, previous: Row) -> TableError:
    time = moment(row[0])
    if row[0] < previous[0]:
        remedy = "sort the bars by time, and let no two files overlap"
        return file.error(line, 0, f"{time} comes after {moment(previous[0])} ({before}); {remedy}")
    names = ("time", *_PRICES, "volume")
    value = next(n for n, (this, that) in enumerate(zip(row, previous, strict=True)) if this != that)
    column = min(value, len(file.fields) - 1)
    problem = f"two bars of {time} disagree: {names[value]} {row[value]} here, {previous[value]} in {before}"
    return file.error(line, column, f"{problem}; remove the wrong one")


def _layout(table: Table) -> BarFile:
    line, first = next(table.rows())
    if first[0].isdigit():
        if len(first) != _ARCHIVE_WIDTH:
            problem = f"no header, and {len(first)} columns where Binance's archives have {_ARCHIVE_WIDTH}"
            raise table.error(line, 1, f"{problem}; begin with a header: {','.join((_TIMES[0], *_PRICES))}")
        return BarFile(table, (0, 1, 2, 3, 4, 5), has_header=False)
    names = [name.strip().lower().replace(" ", "_") for name in first]
    time = next((name for name in _TIMES if name in names), _TIMES[0])
    for name in (time, *_PRICES):
        if names.count(name) != 1:
            problem = f"{names.count(name) or 'no'} columns named {name!r}"
            raise table.error(line, None, f"{problem}; a header needs one each of {', '.join((time, *_PRICES))}")
    volume = ("volume",) if "volume" in names else ()
    return BarFile(table, tuple(names.index(name) for name in (time, *_PRICES, *volume)), has_header=True)


def moment(time: int) -> str:
    """An instant as the messages write it."""
    return f"{as_datetime(time):%Y-%m-%d %H:%M:%S}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
