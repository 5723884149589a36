"""Instants and clocks. An instant is an int: microseconds since the epoch, UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

MICROSECOND = 1
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Magnitudes between which a bare number is seconds, milliseconds, microseconds or nanoseconds. Each range covers
# 1973 to 5138, so that the unit of any date a market has seen is unambiguous.
_LEAST_MILLIS, _LEAST_MICROS, _LEAST_NANOS = 10**11, 10**14, 10**17
END = 253_370_764_800 * SECOND
"""No instant is as late: 9999-01-01, after which comes the last year that a datetime has."""


def instant(value: datetime | float | str) -> int:
    """The instant that a caller's timestamp names, in microseconds since the epoch, UTC.

    Takes an aware datetime, a naive one (read as UTC), an ISO 8601 text, or a number since the epoch in seconds,
    milliseconds, microseconds or nanoseconds, told apart by magnitude (a bare number below 1e11 is seconds).

    Raises ValueError for anything else, NaN and infinity included.
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return _checked(as_instant(aware), value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"not a timestamp: {value!r}"
        raise ValueError(message)
    if not -_LEAST_NANOS * 100 < value < _LEAST_NANOS * 100:  # NaN fails every comparison
        message = f"not a timestamp: {value!r}"
        raise ValueError(message)
    return _checked(_micros(value), value)


def _checked(micros: int, value: object) -> int:
    if not 0 <= micros < END:
        message = f"not between 1970 and 9998: {value!r}"
        raise ValueError(message)
    return micros


def _micros(number: float) -> int:
    size = abs(number)
    if size >= _LEAST_NANOS:
        return int(number // 1000)
    if size >= _LEAST_MICROS:
        return int(number)
    if size >= _LEAST_MILLIS:
        return round(number * 1000)
    return round(number * SECOND)


def as_datetime(micros: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def as_instant(time: datetime) -> int:
    """The instant of an aware datetime, whatever its year."""
    return (time - _EPOCH) // timedelta(microseconds=1)


class Clock(Protocol):
    """Where the present comes from; injected, so that time in a test or a replay is moved by hand."""

    def now(self) -> int:
        """The present instant."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> int:
        """The present instant."""
        return time.time_ns() // 1000


def monotonic() -> int:
    """Microseconds since some moment of the past, by a clock that nobody sets: what durations are measured by."""
    return time.monotonic_ns() // 1000


class ManualClock:
    """A clock that stands still until it is moved: a test's, or a replay's, whose bars move it."""

    def __init__(self, start: datetime | float | str = 0) -> None:
        """Stand at ``start``, any timestamp that `instant` reads."""
        self._now = instant(start)

    def now(self) -> int:
        """The instant it was last moved to."""
        return self._now

    def set(self, to: datetime | float | str) -> None:
        """Move to ``to``, forwards or backwards."""
        self._now = instant(to)
