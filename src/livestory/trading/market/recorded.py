"""Bars recorded in files, checked in one pass before the first one is told.

A file is any CSV or Parquet with a header, or one of Binance's kline archives or of MetaTrader's exports as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import chain, islice
from math import inf
from operator import itemgetter
from pathlib import Path
from typing import Final

from msgspec import Struct

from livestory.clock import as_datetime
from livestory.errors import TableError
from livestory.story.inputs import LEAST_INSTANT
from livestory.tables import Table, adds_up, instant_of, tables
from livestory.trading.market.bar import Bar, BarsDigest, Row, is_possible

_TIMES: Final = ("open_time", "opentime", "timestamp", "datetime", "time", "date")  # the first one that a header has
_PRICES: Final = ("open", "high", "low", "close")
_VOLUMES: Final = ("volume", "tickvol", "vol")
_DAY = re.compile(r"[0-9]{4}\.[0-9]{2}\.[0-9]{2}")
_TIME_OF_DAY = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?|[0-9]{4,6}")
_METATRADER_WIDTH = 7  # MetaTrader 4's bars without a header: day, time, open, high, low, close, volume
_ARCHIVE_WIDTH = 12  # Binance's kline archives: open time, open, high, low, close, volume, close time, …


class BarFile(Struct, frozen=True):
    """A table of bars, and which of its fields (from 0) are what: time, open, high, low, close and perhaps volume."""

    table: Table
    fields: tuple[int, ...]
    has_header: bool
    clock: int | None = None  # the field of the time of day, where it stands beside the day

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
            if self.clock is not None:
                picked = (f"{picked[0].strip().replace('.', '-')}T{texts[self.clock].strip()}", *picked[1:])
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
                if adds_up(picked[0]):  # a sum below the bars is none of them
                    continue
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
    if _DAY.fullmatch(first[0]) and len(first) == _METATRADER_WIDTH:
        return BarFile(table, (0, 2, 3, 4, 5, 6), has_header=False, clock=1)
    names = [name.strip(" <>").lower().replace(" ", "_") for name in first]
    time = next((name for name in _TIMES if name in names), _TIMES[0])
    clock = _clock(table, names) if time == "time" and names.count("date") == 1 else None
    time = time if clock is None else "date"
    for name in (time, *_PRICES):
        if names.count(name) != 1:
            problem = f"{names.count(name) or 'no'} columns named {name!r}"
            raise table.error(line, None, f"{problem}; a header needs one each of {', '.join((time, *_PRICES))}")
    volume = next(((name,) for name in _VOLUMES if name in names), ())
    fields = tuple(names.index(name) for name in (time, *_PRICES, *volume))
    return BarFile(table, fields, has_header=True, clock=clock)


def _clock(table: Table, names: Sequence[str]) -> int | None:
    """The field of a time that only says when on the day beside it."""
    field = names.index("time")
    _, bar = next(islice(table.rows(), 1, None), (1, [""] * len(names)))
    return field if _TIME_OF_DAY.fullmatch(bar[field].strip()) else None


def moment(time: int) -> str:
    """An instant as the messages write it."""
    return f"{as_datetime(time):%Y-%m-%d %H:%M:%S}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_MOST_SPACINGS = 1000  # distinct ones; bars have a handful, and times with more are no series of bars


class _Spacing(Struct):
    """A distance between neighbouring bars: the later bar of the first such pair, and the number of pairs."""

    file: BarFile
    line: int
    time: int
    count: int = 1


class Census:
    """What the bars are, all together."""

    def __init__(self, files: Sequence[BarFile]) -> None:
        """Read all bars once.

        Raises TableError for whatever `ascending` refuses, and for times with no common distance.
        """
        self.count = self.duplicates = 0
        self.first = self.last = 0  # open times; the files have a bar each
        self.digest = BarsDigest()
        self._spacings: dict[int, _Spacing] = {}
        self._start = files[0]
        for file, line, row in ascending(files):
            time = row[0]
            if self.count == 0:
                self.first = time
            elif time == self.last:
                self.duplicates += 1
                continue
            else:
                self._space(time - self.last, file, line, time)
            self.last = time
            self.count += 1
            self.digest.add(row)

    def _space(self, apart: int, file: BarFile, line: int, time: int) -> None:
        spacing = self._spacings.get(apart)
        if spacing is not None:
            spacing.count += 1
        elif len(self._spacings) < _MOST_SPACINGS:
            self._spacings[apart] = _Spacing(file, line, time)
        else:
            problem = "the times up to here have no common distance; only bars of one interval are read, not trades"
            raise file.error(line, 0, problem)

    def interval(self, wanted: int | None = None) -> int:
        """The most common distance between neighbours, in microseconds; of a lone bar, the one ``wanted``.

        Raises TableError where it is not the one wanted, where a lone bar has none, and at the first bar off its grid.
        """
        if not self._spacings:
            if wanted is None:
                message = f"{self._start.table}: one bar alone does not say how long it is; give two or more"
                raise TableError(message)
            return wanted
        common = max(self._spacings, key=lambda apart: (self._spacings[apart].count, -apart))
        if wanted not in (None, common):
            problem = f"bars of {timedelta(microseconds=common)}, where {timedelta(microseconds=wanted)} is configured"
            message = f"{self._start.table}: {problem}; change the configuration or the files"
            raise TableError(message)
        for apart, spacing in self._spacings.items():
            if apart % common:
                raise _off_grid(spacing, apart, common)
        return common


def _off_grid(spacing: _Spacing, apart: int, interval: int) -> TableError:
    problem = f"{moment(spacing.time)} comes {timedelta(microseconds=apart)} after the bar before it"
    remedy = f"bars are {timedelta(microseconds=interval)} long here: remove or correct this one"
    return spacing.file.error(spacing.line, 0, f"{problem}, which is off their grid; {remedy}")


class RecordedBars:
    """The bars of one or several files, which are taken in the order of their first bars.

    A file is what `livestory.tables` reads. Its first row names the columns in any case and order: a time (open_time,
    timestamp, datetime, time or date), open, high, low, close, and volume where it has one (otherwise a bar's volume
    is None); other columns are ignored. Without a header it must be one of Binance's kline archives. A time is the
    bar's open: ISO 8601 (UTC where it names no zone) or a number since the epoch, whose unit is found for each value.

    The constructor reads everything once, so that no run stops half-way for a bad bar; memory is flat in the number
    of bars. A bar that repeats its neighbour exactly is dropped, and counted in ``duplicates``.

    Raises TableError, with its place, for a file that can't be read, a value that is no time or price, a high or low
    that its own bar exceeds, bars out of order, two that disagree, and times off the grid of the interval.
    """

    symbol: str
    interval: int  # the most common distance between neighbours, microseconds
    count: int  # duplicates left out
    first: int  # open time of the first bar
    last: int  # open time of the last bar
    missing: int  # bars that the grid has between first and last, and the files have not
    duplicates: int
    digest: str

    def __init__(self, files: Sequence[Path], interval: int | None = None, symbol: str = "ETH/BTC") -> None:
        """Read and check the bars of ``files``; ``interval`` is what they must have, and is needed for a lone bar."""
        self.symbol = symbol
        self._sources = in_order(files)
        census = Census(self._sources)
        self.interval = census.interval(interval)
        self.count, self.duplicates = census.count, census.duplicates
        self.first, self.last = census.first, census.last
        self.missing = (self.last - self.first) // self.interval + 1 - self.count
        self.digest = census.digest.of(self.interval)

    def read(self, after: int | None = None) -> Iterator[Bar]:
        """The bars that end after the instant ``after``, or all of them."""
        length = self.interval
        previous = self.first - length if after is None else after - length
        for _, _, (open_time, open_, high, low, close, volume) in ascending(self._sources):
            if open_time > previous:
                previous = open_time
                yield Bar(open_time, open_time + length, open_, high, low, close, volume)
