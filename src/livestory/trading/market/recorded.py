"""Bars recorded in files, checked before the first one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.trading.market.bar import Bar
from livestory.trading.market.bar_files import ascending, in_order
from livestory.trading.market.census import Census

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


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
