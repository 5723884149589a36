"""Bars recorded in files, checked in one pass before the first one is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.errors import TableError
from livestory.trading.market.bar import Bar, BarsDigest
from livestory.trading.market.bar_files import BarFile, ascending, in_order, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_MOST_SPACINGS = 1000  # distinct ones; bars have a handful, and times with more are no series of bars


class _Spacing(Struct):
    """How many neighbours are this far apart, and the later one of the first two."""

    file: BarFile
    line: int
    time: int
    count: int = 1


class Census:
    """What the bars are, all together."""

    def __init__(self, files: Sequence[BarFile]) -> None:
        """Read all bars once.

        Raises TableError for whatever `bar_files.ascending` refuses, and for times with no common distance.
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
