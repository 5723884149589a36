"""The numbers of a bar before its interval is known: what files and exchanges give."""

from __future__ import annotations

from math import inf

from livestory.story.inputs import LEAST_INSTANT

Row = tuple[int, float, float, float, float, float | None]
"""Open time in microseconds; open, high, low, close; volume, None where it is unknown."""


def is_possible(row: Row) -> bool:
    """Whether it is since 1973, prices are finite, positive, between low and high, the volume finite, not negative."""
    time, open_, high, low, close, volume = row
    if time < LEAST_INSTANT:
        return False
    return 0.0 < low <= open_ <= high < inf and low <= close <= high and (volume is None or 0.0 <= volume < inf)
