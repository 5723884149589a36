"""A table's times as instants."""

from __future__ import annotations

from functools import lru_cache

from livestory.clock import instant

_LEAST_EPOCH_DIGITS = 9  # fewer are a date as ISO 8601 writes it without dashes, 20220101, not seconds since 1970


def instant_of(text: str) -> int:
    """The instant that a table's time names: ISO 8601 (UTC where it has no zone), or a number since the epoch.

    A number counts seconds, milliseconds, microseconds or nanoseconds, found for each one by its size. Raises
    ValueError for anything else.
    """
    if text.isdigit() and len(text) >= _LEAST_EPOCH_DIGITS:
        return instant(int(text))
    try:
        # ISO 8601 is slow to read, and a table has few days and few times of day: each is read once.
        return _instant(text[:10]) + _instant("1970-01-01" + text[10:])
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return instant(text)
    return instant(number)


@lru_cache(maxsize=4096)
def _instant(text: str) -> int:
    return instant(text)
