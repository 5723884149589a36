"""Bars: what one holds, when one is possible, and how long are those that the executor trades by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import inf, nan
from struct import Struct as Layout
from typing import Protocol

from msgspec import Struct

from livestory.clock import HOUR, MINUTE
from livestory.story.inputs import LEAST_INSTANT


class Bar(Struct, frozen=True, gc=False):
    """Prices of one interval, in the quote asset; volume in the base asset; instants in microseconds, UTC.

    ``end`` is ``open_time`` plus the interval, whatever a file's own close time says: it is when the bar is known.
    """

    open_time: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None  # None where the source does not say


Row = tuple[int, float, float, float, float, float | None]
"""Open time in microseconds; open, high, low, close; volume, None where it is unknown."""


def is_possible(row: Row) -> bool:
    """Whether it is since 1973, prices are finite, positive, between low and high, the volume finite, not negative."""
    time, open_, high, low, close, volume = row
    if time < LEAST_INSTANT:
        return False
    return 0.0 < low <= open_ <= high < inf and low <= close <= high and (volume is None or 0.0 <= volume < inf)


_ROW = Layout("<q5d")  # open time; open, high, low, close, volume (unknown is NaN)
_INTERVAL = Layout("<q")


class BarsDigest:
    """SHA-256 over the bars' numbers, oldest first, and then their interval; not over their text or their files."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def add(self, bar: Row) -> None:
        """Take in the next bar's row."""
        open_time, open_, high, low, close, volume = bar
        self._sha.update(_ROW.pack(open_time, open_, high, low, close, nan if volume is None else volume))

    def of(self, interval: int) -> str:
        """The digest of the bars added, each as long as ``interval``: 64 hex digits."""
        whole = self._sha.copy()
        whole.update(_INTERVAL.pack(interval))
        return whole.hexdigest()


class Market(Protocol):
    """The bars of one market, oldest first.

    Every bar is complete when it is given and is never given differently later; open times ascend strictly and lie
    on a grid of ``interval``; ``bar.end == bar.open_time + interval``; a bar the source lacks is left out, never
    invented. Whatever is read, two readings agree on every bar that both give.
    """

    @property
    def symbol(self) -> str:
        """What is traded, base before quote: "ETH/BTC"."""
        ...

    @property
    def interval(self) -> int:
        """Length of a bar, microseconds."""
        ...

    @property
    def count(self) -> int | None:
        """How many bars ``read(None)`` gives; None where they have no end."""
        ...

    @property
    def digest(self) -> str | None:
        """What tells these bars from any others (`BarsDigest`), 64 hex digits; None where they have no end."""
        ...

    def read(self, after: int | None = None) -> Iterator[Bar]:
        """The bars that end after the instant ``after``, or all of them: how a run starts, and how it resumes.

        Where bars have no end it waits for the next one. Raises InputError (TableError for a file) for a source that
        can't give bars.
        """
        ...


BAR = 15 * MINUTE
"""Length of a bar. The regime score is defined on bars of 15 minutes, so the strategies take no other."""


def bars_in(length: int) -> int:
    """How many bars a length of time holds (microseconds, a multiple of `BAR`)."""
    return length // BAR


def name_of(length: int) -> str:
    """The short name of a length of time, as a reason carries it: "12h", "45m"."""
    return f"{length // MINUTE}m" if length % HOUR else f"{length // HOUR}h"


class HigherTimeframe(Struct):
    """Gathers bars into longer ones of ``span`` microseconds, aligned to the UTC clock.

    A longer bar is complete once its span is over: with the bar that ends there or, where that one is missing, with the
    first bar after it. It then holds whatever bars of its span there were; a span without any is skipped. Its volume
    is not gathered.
    """

    span: int
    gathered: int = 0  # bars of the span so far; 0 = between two spans
    start: int = 0
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0

    def update(self, bar: Bar) -> tuple[Bar, ...]:
        """Take the next bar; the longer bars that it completes: none, one, or two after a gap."""
        start = bar.open_time - bar.open_time % self.span
        late = (self._complete(),) if self.gathered and self.start != start else ()
        if self.gathered:
            self.high, self.low = max(self.high, bar.high), min(self.low, bar.low)
        else:
            self.start = start
            self.open, self.high, self.low = bar.open, bar.high, bar.low
        self.close = bar.close
        self.gathered += 1
        return late if bar.end < start + self.span else (*late, self._complete())

    def _complete(self) -> Bar:
        self.gathered = 0
        return Bar(self.start, self.start + self.span, self.open, self.high, self.low, self.close, None)
