"""The numbers of a bar before its interval is known: what files and exchanges give."""

from __future__ import annotations

from math import inf

Row = tuple[int, float, float, float, float, float | None]
"""Open time in microseconds; open, high, low, close; volume, None where it is unknown."""


def is_possible(row: Row) -> bool:
    """Whether prices are finite, positive and between low and high, and the volume finite and not negative."""
    _, open_, high, low, close, volume = row
    return 0.0 < low <= open_ <= high < inf and low <= close <= high and (volume is None or 0.0 <= volume < inf)
