"""One bar of a market, its numbers before its interval is known, and what tells one set of bars from any other."""

from __future__ import annotations

import hashlib
from math import inf, nan
from struct import Struct as Layout

from msgspec import Struct

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


_BAR = Layout("<q5d")  # open time; open, high, low, close, volume (unknown is NaN)
_INTERVAL = Layout("<q")


class BarsDigest:
    """SHA-256 over the bars' numbers, oldest first, and then their interval; not over their text or their files."""

    def __init__(self) -> None:
        """Begin with no bars."""
        self._sha = hashlib.sha256()

    def add(self, bar: Row) -> None:
        """Take in the next bar's row."""
        open_time, open_, high, low, close, volume = bar
        self._sha.update(_BAR.pack(open_time, open_, high, low, close, nan if volume is None else volume))

    def of(self, interval: int) -> str:
        """The digest of the bars added, each as long as ``interval``: 64 hex digits."""
        whole = self._sha.copy()
        whole.update(_INTERVAL.pack(interval))
        return whole.hexdigest()
