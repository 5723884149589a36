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


def _day(time: int) -> tuple[int, int]:
    start = (time - 1) // DAY * DAY
    return start, start + DAY


def _week(time: int) -> tuple[int, int]:
    day = as_datetime(_day(time)[0])
    start = as_instant(day - timedelta(days=day.weekday()))
    return start, start + 7 * DAY


def _month(time: int) -> tuple[int, int]:
    first = as_datetime(_day(time)[0]).replace(day=1)
    return as_instant(first), as_instant((first + timedelta(days=32)).replace(day=1))


def _year(time: int) -> tuple[int, int]:
    first = as_datetime(_day(time)[0]).replace(month=1, day=1)
    return as_instant(first), as_instant(datetime(first.year + 1, 1, 1, tzinfo=first.tzinfo))


PERIODS: dict[str, Callable[[int], tuple[int, int]]] = {"day": _day, "week": _week, "month": _month, "year": _year}
"""Each period's start and end, of the one that holds an instant."""
