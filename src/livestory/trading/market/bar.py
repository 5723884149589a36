"""One bar of a market."""

from __future__ import annotations

from msgspec import Struct


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
