"""Days, weeks, months and years, in UTC, as a story counts them.

A day is (00:00, next 00:00]: the observation at midnight belongs to the day that ends there. Weeks end on Monday 00:00
(ISO 8601), months on the first, years on 1 January.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from livestory.clock import DAY, as_datetime, as_instant

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = 3  # the weekday of 1970-01-01, a Thursday


def _day(time: int) -> tuple[int, int]:
    start = (time - 1) // DAY * DAY
    return start, start + DAY


def _week(time: int) -> tuple[int, int]:
    day = (time - 1) // DAY
    start = (day - (day + _EPOCH) % 7) * DAY
    return start, start + 7 * DAY


def _month(time: int) -> tuple[int, int]:
    first = as_datetime(_day(time)[0]).replace(day=1)
    return as_instant(first), as_instant((first + timedelta(days=32)).replace(day=1))


def _year(time: int) -> tuple[int, int]:
    first = as_datetime(_day(time)[0]).replace(month=1, day=1)
    return as_instant(first), as_instant(datetime(first.year + 1, 1, 1, tzinfo=first.tzinfo))


def _remembering(find: Callable[[int], tuple[int, int]]) -> Callable[[int], tuple[int, int]]:
    """The same, looking first at the period found last: a story asks for the same one again and again."""
    last = 0, 0

    def found(time: int) -> tuple[int, int]:
        nonlocal last
        period = last  # whole, whichever thread has found it
        if not period[0] < time <= period[1]:
            period = last = find(time)
        return period

    return found


PERIODS: dict[str, Callable[[int], tuple[int, int]]] = {
    "day": _day,
    "week": _week,
    "month": _remembering(_month),
    "year": _remembering(_year),
}
"""Each period's start and end, of the one that holds an instant."""
