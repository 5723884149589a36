"""The times of a table as people and their tools write them, read by what the whole column holds.

``20240102093000``, ticks and Excel's serial days; ``1/2/2024 9:30 PM``, ``2 Jan 2024``, ``09:30 Europe/Berlin``. Which
of two days 1/2/2024 is, the column decides; where it can't, that is said. A row of a day without a time of day is that
day's close: it stands at the midnight that ends the day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from operator import ge, le
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from livestory.clock import DAY, SECOND, as_instant, instant
from livestory.errors import InputError
from livestory.tables import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BITCOIN = instant("2009-01-01")
"""No market that a bot trades is older; a time before it is doubted."""

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_HOURS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "CET": 1, "WEST": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9, "SGT": 8, "HKT": 8,
    "AEST": 10, "AEDT": 11,
}  # fmt: skip
_DATE = (
    r"(?P<first>[0-9]{1,4})(?P<part>[-./ ])(?P<second>[0-9]{1,2}|[A-Za-z]{3,9})\.?(?:(?P=part)|, ?)"
    r"(?P<third>[0-9]{1,4})"
    r"|(?P<name>[A-Za-z]{3,9})\.? (?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,? (?P<year>[0-9]{4})"
)
_CLOCK = (
    r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2})(?::(?P<second_>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?(?![A-Za-z]))?"
)
_ZONE = r"(?P<zone>\(?[A-Za-z]{1,5}\)?|[A-Z][A-Za-z_]+/[A-Za-z_/]+)?(?P<offset>[-+][0-9]{1,2}(?::?[0-9]{2})?)?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
_WRITTEN = re.compile(rf"{_WEEKDAY}(?:{_DATE})(?:(?:T|[ ,;]+|\s+-\s+)\s*{_CLOCK}\s*{_ZONE})?", re.IGNORECASE)
_AFTER_OFFSET = re.compile(r"(?<=[-+0-9Z])\s*[\[(][A-Za-z][\w /()+-]*[\])]")  # as Java and JavaScript repeat the zone
_OF_C = re.compile(r"[A-Za-z]{3} ([A-Za-z]{3}) {1,2}([0-9]{1,2}) ([0-9:]{8}) ([0-9]{4})")  # C's asctime
_LONGEST = 60
_YEAR_DIGITS = 4
_NOON, _HOURS_OF_DAY = 12, 24
_TICKS_1970 = 621_355_968_000_000_000
_SERIAL = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")
_SERIAL_1970 = 25_569
_DECIMALS_OF_SECONDS = 6  # of a day
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])").fullmatch
_AMBIGUOUS = {"IST", "CST", "AST", "PKT"}


class Times(NamedTuple):
    """How a column's times are read."""

    read: Callable[[str], int]  # raises ValueError
    plain: bool = False  # as `instant_of` reads them, and nothing else
    days: bool = False  # days without a time of day
    said: str = ""  # what was inferred, in words


class _Close(NamedTuple):
    """Where a row stands that names a day and no time of day."""

    after: int  # the day's beginning
    said: str


_CLOSE = _Close(DAY, "a day's row stands at its close, 24:00")
_IN_ITS_DAY = _Close(DAY - SECOND, "trades of a day without a time stand at its end, 23:59:59")


def without_midnight(day: str) -> str:
    """A day, where what wrote it put midnight behind it."""
    return day.strip().removesuffix(".000").removesuffix("00:00:00").rstrip(" T")


def with_clocks(days: Iterable[str], clocks: Iterable[str]) -> list[str]:
    """The times of which the days and the times of day stand in two columns."""
    return [f"{without_midnight(day)} {clock.strip()}" for day, clock in zip(days, clocks, strict=True)]


def zone_of(name: str) -> tzinfo:
    """The time zone of that name or offset. Raises InputError."""
    found = re.fullmatch(r"(?:UTC|GMT)?\s*([-+])\s*([0-9]{1,2}):?([0-9]{2})?", name.strip())
    if name.strip().upper() in _HOURS:
        return timezone(timedelta(hours=_HOURS[name.strip().upper()]))
    try:
        return ZoneInfo(name.strip()) if found is None else _offset("".join(each or "" for each in found.groups()))
    except (ValueError, OSError, LookupError):
        message = f"--tz {name}: not a time zone such as Europe/Berlin, UTC or +02:00"
        raise InputError(message) from None


def times_of(
    cells: Iterable[str], zone: tzinfo | None, now: int, beside: Iterable[str] = (), *, traded: bool = False
) -> Times:
    """How the cells of a column are read, which stand for times up to about ``now``.

    ``zone`` is that of times that name none; None: UTC. ``beside`` are the times of the table's other columns, which
    have day and month in the same order. ``traded``: at the times something was traded, so that each lies in its day.
    """
    texts = [each.strip() for each in cells]
    if not texts:
        return Times(instant_of, plain=True)
    close = _IN_ITS_DAY if traded else _CLOSE
    if all(re.fullmatch(r"[0-9]+(?:[.,][0-9]*)?", each) for each in texts):
        return _of_numbers(texts, now, close)
    if all(map(_MONTH, texts)):
        return Times(_end_of_month, days=True, said="a month's row stands at its end")
    days = all(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", each) for each in texts)
    if zone is None and not days and _all(instant_of, texts):
        return Times(instant_of, plain=True)
    order, said = _order_of([*texts, *(each.strip() for each in beside)], now)
    days = days or not any(":" in each or re.search(r"[0-9] ?[AaPp][Mm]", each) for each in texts)
    after = close.after if days else 0

    @lru_cache(4096)
    def read(text: str) -> int:
        return _read(text.strip(), order, zone or UTC) + after

    words = close.said if days else ""
    return Times(read, days=days, said="; ".join(filter(None, (said, words))))


def _end_of_month(text: str) -> int:
    year, month = map(int, text.strip().split("-"))
    return instant(f"{year + month // 12:04}-{month % 12 + 1:02}-01")


def _of_numbers(texts: list[str], now: int, close: _Close) -> Times:
    days = all(len(each) == 8 and each[:2] in {"19", "20"} for each in texts)  # noqa: PLR2004 - 20240102
    candidates = (
        Times(instant_of, plain=True),
        Times(_ticks, said="times read as .NET ticks"),
        Times(_short, said="times read as YYMMDDhhmm"),
        Times(_serial, said="times read as Excel's serial days"),
    )
    if days and _all(instant_of, texts):
        return Times(lambda text: instant_of(text.strip()) + close.after, days=True, said=close.said)
    for each in candidates:
        if _all(lambda text, read=each.read: BITCOIN <= read(text) <= now + DAY or _refuse(text), texts):  # type: ignore[misc]
            whole = each.read is _serial and not any("." in text for text in texts)
            return Times(lambda text: _serial(text) + close.after, days=True, said=each.said) if whole else each
    return candidates[0]


def _all(read: Callable[[str], object], texts: list[str]) -> bool:
    try:
        for each in texts:
            read(each)
    except (ValueError, OverflowError):
        return False
    return True


def _refuse(text: str) -> int:
    raise ValueError(text)


def _ticks(text: str) -> int:
    return int(text) // 10 - _TICKS_1970 // 10


def _short(text: str) -> int:
    forms = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S"}
    return as_instant(datetime.strptime(text.strip(), forms.get(len(text.strip()), "none")).replace(tzinfo=UTC))


def _serial(text: str) -> int:
    if not _SERIAL.fullmatch(text.strip()):
        raise ValueError(text)
    number = text.strip().replace(",", ".")
    exact = 1000 if len(number.partition(".")[2]) > _DECIMALS_OF_SECONDS else SECOND
    return round((float(number) - _SERIAL_1970) * DAY / exact) * exact


class _Order(NamedTuple):
    """Which parts of a date such as 05/03/24 are its day, its month and its year."""

    day: int
    month: int
    year: int


_SEVERAL = 3  # dates, whose order says something
_DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST = _Order(0, 1, 2), _Order(1, 0, 2), _Order(2, 1, 0)
_PARTS = re.compile(r"([0-9]{1,2})[-./ ]([0-9]{1,2})[-./ ]((?:[0-9]{2}){1,2})(?![0-9])")


def _are_dates(parts: list[tuple[int, ...]], order: _Order, now: int) -> bool:
    """Whether dates with that order are in order, where they are several, and none of them is ahead of now."""
    try:
        times = [instant(_date(*(each[place] for place in reversed(order)))) for each in parts]
    except ValueError:
        return False
    ascend = all(map(le, times, times[1:])) or all(map(ge, times, times[1:]))
    return max(times) <= now + DAY and (ascend or len(times) < _SEVERAL)


def _order_of(texts: Iterable[str], now: int) -> tuple[_Order, str]:
    """What stands first in the dates, and what is to be said of that."""
    found = [match for text in dict.fromkeys(each[:10] for each in texts) if (match := _PARTS.match(text))]
    if not found:
        return _DAY_FIRST, ""
    parts = [tuple(map(int, each.groups())) for each in found]
    if any(len(each[3]) == 2 for each in found) and _is_year_first(parts, now):  # noqa: PLR2004 - 24 for 2024
        return _YEAR_FIRST, "dates read as year, month, day"
    days, months = (any(each[place] > _NOON for each in parts) for place in (0, 1))
    if days != months:
        return (_DAY_FIRST if days else _MONTH_FIRST), ""
    likely = [order for order in (_DAY_FIRST, _MONTH_FIRST) if not days and _are_dates(parts, order, now)]
    if len(likely) == 1:
        first = "day" if likely[0] is _DAY_FIRST else "month"
        return likely[0], f"dates read with the {first} first: else they would be out of order, or ahead of now"
    # Nothing decides: with points and dashes it is the day in most countries, with slashes the month in most tables.
    first = "month" if any("/" in each[0] for each in found) else "day"
    order = _MONTH_FIRST if first == "month" else _DAY_FIRST
    return order, f"nothing says whether day or month comes first in the dates: the {first} is taken"


def _is_year_first(parts: list[tuple[int, ...]], now: int) -> bool:
    """Whether dates of two digits each make sense with the year first, and less or none the other way round."""
    first, last = _span(parts, _YEAR_FIRST, now), _span(parts, _DAY_FIRST, now)
    return first is not None and (last is None or first < last)


def _span(parts: list[tuple[int, ...]], order: _Order, now: int) -> int | None:
    """From the first of the dates to the last; None where one of them is none, or of no time in which bots trade."""
    try:
        times = [instant(_date(*(each[place] for place in reversed(order)))) for each in parts]
    except ValueError:
        return None
    return max(times) - min(times) if min(times) >= BITCOIN and max(times) <= now + DAY else None


def _date(year: int, month: int, day: int) -> datetime:
    return datetime(year + (2000 if year < 100 else 0), month, day, tzinfo=UTC)  # noqa: PLR2004 - 24 is 2024


def _read(text: str, order: _Order, zone: tzinfo) -> int:
    text = _AFTER_OFFSET.sub("", text) if text.endswith(("]", ")")) else text
    text = text.partition(" as of ")[0]  # Schwab's: booked on one day, as of another
    if len(text) > _LONGEST:
        raise ValueError(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _parsed(text, order)
    return instant(found if found.tzinfo is not None else found.replace(tzinfo=zone))


def _parsed(text: str, order: _Order) -> datetime:
    if of_c := _OF_C.fullmatch(text):
        text = f"{of_c[2]} {of_c[1]} {of_c[4]} {of_c[3]}"
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return datetime.fromtimestamp(instant_of(text) / 1_000_000, UTC)  # an epoch among others
    if found["name"]:
        year, month, day = found["year"], found["name"], found["day"]
    elif len(found["first"]) == _YEAR_DIGITS:
        year, month, day = found["first"], found["second"], found["third"]
    else:
        parts = found["first"], found["second"], found["third"]
        day, month, year = (parts[place] for place in (order if parts[1].isdigit() else _DAY_FIRST))
    hour = int(found["hour"] or 0)
    fraction = int((found["fraction"] or "0").ljust(9, "0")) // 1000
    of_day = int(found["minute"] or 0), int(found["second_"] or 0), fraction
    if hour > _HOURS_OF_DAY or (hour == _HOURS_OF_DAY and any(of_day)):
        raise ValueError(text)
    if half := (found["half"] or "")[:1].casefold():
        if not 1 <= hour <= _NOON:
            raise ValueError(text)
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    number = int(month) if month.isdigit() else _MONTHS.get(month[:3].casefold(), 0)
    date = _date(int(year), number, int(day)) + timedelta(days=hour // _HOURS_OF_DAY)  # 24:00 ends a day
    return datetime.combine(date, time(hour % _HOURS_OF_DAY, *of_day), _zone(found["zone"], found["offset"]))


def _zone(name: str | None, offset: str | None) -> tzinfo | None:
    if offset:
        return _offset(offset)
    if not name:
        return None
    plain = name.strip("()")
    if plain.upper() in _AMBIGUOUS:
        raise ValueError(name)
    if plain.upper() in _HOURS:
        return timezone(timedelta(hours=_HOURS[plain.upper()]))
    try:
        return ZoneInfo(plain)
    except (OSError, LookupError) as error:
        raise ValueError(name) from error


def _offset(text: str) -> tzinfo:
    digits = text[1:].replace(":", "")
    digits = digits.zfill(len(digits) + len(digits) % 2)
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if text.startswith("-") else away)
