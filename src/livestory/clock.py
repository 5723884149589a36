"""Instants and clocks. An instant is an int: microseconds since the epoch, UTC."""

from __future__ import annotations

import operator
import re
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from livestory.plain import plain, shown

MICROSECOND = 1
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_TEXT = 100  # characters that a message repeats

# Magnitudes between which a bare number is seconds, milliseconds, microseconds or nanoseconds. Each range covers
# 1973 to 5138, so that the unit of any date a market has seen is unambiguous.
_LEAST_MILLIS, _LEAST_MICROS, _LEAST_NANOS = 10**11, 10**14, 10**17
END = 253_370_764_800 * SECOND
"""No instant is as late: 9999-01-01, after which comes the last year that a datetime has."""
RELEASED = 1_795_305_600 * SECOND
"""2026-11-22: no release is earlier, so that a machine's clock that is behind it is wrong."""

# Digits of a date written as one number (20240102093000). In these years it would otherwise be a moment of August 1970,
# of 1976 or of the 27th century, which nobody means.
_WRITTEN = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
_FIRST_WRITTEN, _LAST_WRITTEN = 1970, 2099
# Numbers of 100 nanoseconds that are of 1970 to 2100, and of 1973 to 1990 when taken for nanoseconds since the epoch.
_TICKS = (
    (".NET ticks", 621_355_968_000_000_000, 662_380_416_000_000_000),
    ("a Windows file time", 116_444_736_000_000_000, 157_469_184_000_000_000),
)
_EPOCH_TEXT = re.compile(r"\d{9,}(?:\.\d*)?")


def instant(value: datetime | date | Decimal | float | str) -> int:
    """The instant that a caller's timestamp names, in microseconds since the epoch, UTC.

    Takes an aware datetime, a naive one (read as UTC), a date (its midnight), an ISO 8601 text, or a number since the
    epoch in seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude (a bare number below 1e11 is
    seconds); the like of numpy and pandas; the digits of a date as one number (20240102093000).

    Raises ValueError for anything else, NaN, NaT and infinity included, and for a number that may mean two instants.
    """
    given = plain(value)
    if isinstance(given, str):
        given = _read(given)
    if isinstance(given, date):
        return _checked(_of_date(given), given)
    if isinstance(given, bool) or not hasattr(given, "as_integer_ratio"):  # as all numbers have, a Fraction too
        raise _no_timestamp(given)
    try:
        sensible = -_LEAST_NANOS * 100 < given < _LEAST_NANOS * 100  # NaN fails every comparison
    except InvalidOperation:  # Decimal's signaling NaN
        sensible = False
    if not sensible:
        raise _no_timestamp(given)
    return _checked(_micros(given), given)


def _no_timestamp(value: object) -> ValueError:
    return ValueError(f"not a timestamp: {shown(value)}")


def _read(text: str) -> datetime | Decimal:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        if len(text) > _MOST_TEXT:
            raise _no_timestamp(text) from None
        proper = text.strip().upper()  # a "z" is a "Z"
        if _EPOCH_TEXT.fullmatch(proper):
            return Decimal(proper)
        with suppress(ValueError):
            return datetime.fromisoformat(proper)
        raise error from None


def _of_date(value: date) -> int:
    if not isinstance(value, datetime):
        return as_instant(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if value != value:  # noqa: PLR0124 - pandas' NaT is a datetime, and equals nothing
        raise _no_timestamp(value)
    return as_instant(value if value.tzinfo is not None else value.replace(tzinfo=UTC))


def _checked(micros: int, value: object) -> int:
    if not 0 <= micros < END:
        message = f"not between 1970 and 9998: {shown(value)}"
        raise ValueError(message)
    return micros


def _micros(number: Any) -> int:
    size = abs(number)
    if size == int(size) and (form := _WRITTEN.get(len(digits := str(int(number))))) is not None:
        written = _written(digits, form)
        if written is not None:
            return written
    for name, least, end in _TICKS:
        if least <= number < end:
            ticks = as_datetime(int(number - least) // 10).isoformat(" ", "seconds")[:19]
            message = (
                f"{shown(number)} is two times: {ticks} in {name}, or nanoseconds since the epoch; give a datetime"
            )
            raise ValueError(message)
    if size >= _LEAST_NANOS:
        return int(number // 1000)
    if size >= _LEAST_MICROS:
        return int(number)
    micros: int = round(number * (1000 if size >= _LEAST_MILLIS else SECOND))
    return micros


def _written(digits: str, form: str) -> int | None:
    """The instant that the digits write out, where they are a date's."""
    if not _FIRST_WRITTEN <= int(digits[:4]) <= _LAST_WRITTEN:
        return None
    try:
        return as_instant(datetime.strptime(digits, form).replace(tzinfo=UTC))
    except ValueError:
        return None


def as_datetime(micros: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def as_instant(time: datetime) -> int:
    """The instant of an aware datetime, whatever its year."""
    return int((time - _EPOCH) // timedelta(microseconds=1))


class Clock(Protocol):
    """Where the present comes from; injected, so that time in a test or a replay is moved by hand."""

    def now(self) -> int:
        """The present instant: microseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> int:
        """The present instant: microseconds since the epoch, UTC."""
        return time.time_ns() // 1000


class Reading(NamedTuple):
    """What a clock said when a caller told something, as data: it is kept, and told again as it was."""

    now: int
    plausible: bool  # a machine's own clock, later than this release and not behind the story's last line


class BotClock(Struct, frozen=True):
    """A bot's own clock: what it says is looked at, because a clock in seconds would be told as one of 1970."""

    clock: Clock

    def now(self) -> int:
        """The present instant. Raises ValueError, which names the clock, for what is none."""
        try:
            given = self.clock.now()
        except Exception as error:
            message = f"the clock {shown(self.clock)} can't be read: {type(error).__name__}: {error}"
            raise ValueError(message) from error
        try:
            now = operator.index(given)
        except TypeError:
            now = -1
        if not _LEAST_MICROS <= now < END:
            message = f"the clock {shown(self.clock)} says {shown(given)}: expected whole microseconds since the epoch"
            raise ValueError(message)
        return now


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
