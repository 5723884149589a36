"""The times of a column's cells, many at once."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice
from math import inf
from operator import itemgetter, le
from typing import TYPE_CHECKING, Any

from livestory.clock import DAY, SECOND, as_datetime, instant
from livestory.retell.cells import is_unknown
from livestory.retell.readers import bad
from livestory.retell.sorting import neighbours
from livestory.retell.time_formats import BITCOIN
from livestory.story.inputs import LEAST_INSTANT
from livestory.tables import Batch, adds_up, instant_of, is_remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.retell.remarks import Remarks
    from livestory.retell.survey.survey import Survey
    from livestory.tables import Table

_IS_SUM = re.compile(r"\s*[-+(]?[$€£]?[0-9][0-9., ]*%?\)?\s*").fullmatch
_WIDE = 4  # columns, in a few of which sums stand
_A_TIME = "a time (ISO 8601, or seconds, ms, µs or ns since 1970)"


def times_in(  # noqa: PLR0913 - a column and its place
    survey: Survey, column: str, table: Table, lines: Sequence[int], texts: Sequence[str], *, needed: bool = True
) -> list[Any]:
    """The instants of a column. Raises TableError where one is none, or is missing and ``needed``."""
    times, field = survey.times[column], survey.layout.fields[column]
    found: list[Any]
    try:
        found = ends(_instants(texts)) if times.plain else list(map(times.read, texts))
        if min(found) >= LEAST_INSTANT:
            return found
    except (ValueError, OverflowError):
        found = [_instant(table, field, line, text, times.read) for line, text in zip(lines, texts, strict=True)]
    bad_row = next(
        (
            row
            for row, time in enumerate(found)
            if (time is None and needed) or (inf if time is None else time) < LEAST_INSTANT
        ),
        None,
    )
    if bad_row is not None:
        expected = "a time, which every row needs" if found[bad_row] is None else "a time since 1973"
        raise bad(table, lines[bad_row], field, texts[bad_row], expected)
    return found


def _instant(table: Table, field: int, line: int, text: str, read: Any) -> int | None:
    if is_unknown(text):
        return None
    try:
        found: int = read(text.strip())
    except (ValueError, OverflowError):
        raise bad(table, line, field, text, _A_TIME) from None
    return found


def without_others(batch: Batch, field: int, names: Sequence[str], remarks: Remarks) -> Batch:
    """The rows without those that are none, such as totals and the header again; ``field`` holds their time."""
    left = []
    for row, text in enumerate(batch.columns[field]):
        why = _why_no_row(text, [column[row] for column in batch.columns], names)
        if why is None:
            left.append(row)
        else:
            remarks.leave_out(why)
    return Batch([batch.lines[row] for row in left], [[column[row] for row in left] for column in batch.columns])


def _why_no_row(time: str, fields: Sequence[str], names: Sequence[str]) -> str | None:
    """The reason to leave out a row whose time can't be read; None if it holds data, and its time is an error."""
    if list(fields) == list(names):
        return "the header again"
    if time.startswith("#") or (is_remark(time) and not any(map(str.strip, fields[1:]))):
        return "a remark"
    if any(map(str.isdigit, time)):
        return None
    rest = [text for text in fields if text.strip()]
    if not time.strip() and not any(map(_IS_SUM, rest)):
        return "a remark"
    sums = (
        len(fields) >= _WIDE and len(rest) <= len(fields) // 2 and not time.strip() and all(map(_IS_SUM, rest))
    )  # sums, without a word
    return "it adds up others" if sums else why_no_trade(fields)


def why_no_trade(fields: Sequence[str]) -> str | None:
    """The reason to leave out a row without a time; None if nothing in it gives one."""
    return "it adds up others" if any(map(adds_up, fields)) else None


def doubt_times(remarks: Remarks, first: int, last: int, now: int) -> None:
    """Say aloud that times can hardly be true."""
    if last > now + DAY:
        remarks.doubt(f"times reach into {as_datetime(last):%Y-%m-%d}, ahead of now")
    if first < BITCOIN:
        remarks.doubt(f"times begin in {as_datetime(first):%Y}, before there was Bitcoin")


def _instants(texts: Sequence[str]) -> list[int]:
    """As `instant_of`, but without a call for each of them."""
    if texts[0].isdigit():
        return list(map(instant_of, texts))
    if not all(neighbours(le, texts)):
        return [_DAYS[text[:_DAY]] + _CLOCKS[text[_DAY:]] for text in texts]
    found: list[int] = []
    while len(found) < len(texts):  # where texts ascend, all between two that begin alike do
        day = texts[len(found)][:_DAY]
        end = bisect_right(texts, day, len(found), key=_day_of)
        midnight = _DAYS[day]
        found += [midnight + clock for clock in map(_clock, map(_clock_of, islice(texts, len(found), end)))]
    return found


def _day_of(text: str) -> str:
    return text[:_DAY]


class _Instants(dict[str, int]):
    """Instants by their texts: a table has few days and few times of day, and each is read once."""

    def __init__(self, before: str) -> None:
        self._before = before  # what makes the text a whole timestamp

    def __missing__(self, text: str) -> int:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[text] = instant(self._before + text)
        return found


_REMEMBERED = 4096
_DAY = len("2024-12-03")
_DAYS, _CLOCKS = _Instants(""), _Instants("1970-01-01")
_clock, _clock_of = _CLOCKS.__getitem__, itemgetter(slice(_DAY, None))


def ends(times: list[int]) -> list[int]:
    """The times, but a column of close times as bars' ends: exchanges write the end less a milli- or microsecond."""
    if times[0] % SECOND < _CLOSE:
        return times
    return [time + -time % SECOND if time % SECOND >= _CLOSE else time for time in times]


_CLOSE = SECOND - 1000
