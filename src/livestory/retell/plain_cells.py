"""Blocks of a table in which each row is a time and plain numbers, read without a step for each of their cells.

What is read here is what the readers of cells would have read, to the last digit. A block that holds anything else (an
empty cell, a quote, a remark, a total, another form of time) is not read: it goes the usual way, which also says what
is wrong with a cell, and where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from livestory.errors import TableError
from livestory.retell import arrow_blocks
from livestory.retell.columns import TIME
from livestory.retell.readers import number
from livestory.retell.time_column import ends, times_in
from livestory.story.rows import PASSED, Column

if TYPE_CHECKING:
    from livestory.retell.survey.survey import Survey
    from livestory.tables import Table

_MOST_REFUSED = 8  # blocks; a table of which so many are not plain is read the usual way
LARGE = 1 << 18  # characters of a block from which on Arrow is quicker


class PlainBatch(NamedTuple):
    """Some rows of a table as values: their times, and their numbers by the columns that are told."""

    times: list[int]
    values: dict[str, Column]  # all are known
    ascend: bool = False  # the times are known to ascend strictly


class PlainCells:
    """Reads blocks of one table, as its survey has found them to be."""

    def __init__(self, table: Table, survey: Survey) -> None:
        self._table, self._survey = table, survey
        self._width = len(survey.names)
        self._columns = {column: field for column, field in survey.layout.fields.items() if column != TIME}
        self._refused = 0

    @staticmethod
    def are_told(survey: Survey) -> bool:
        """Return True if the first column is the time, and all others that are used are plain numbers."""
        fields = survey.layout.fields
        if fields.get(TIME) != 0 or not survey.times[TIME].plain or survey.clock is not None or survey.scale:
            return False
        return all(column in PASSED and survey.readers[column].read is number for column in fields if column != TIME)

    def read(self, text: str, separator: str) -> PlainBatch | None:
        """The rows of some whole lines; None where they are not plain."""
        if self._refused >= _MOST_REFUSED:
            return None
        found = None
        if "\r" not in text or text.count("\r") == text.count("\r\n"):
            found = self._by_arrow(text, separator) if len(text) >= LARGE else None
            found = found or self._read(text, separator)
        self._refused = 0 if found is not None else self._refused + 1
        return found

    def _by_arrow(self, text: str, separator: str) -> PlainBatch | None:
        found = arrow_blocks.read(text, separator, self._width, self._columns)
        if found is None:
            return None
        array, columns = found
        read = array.tolist()
        times = ends(read)
        return PlainBatch(times, columns, ascend=times is read and bool((array[1:] > array[:-1]).all()))

    def _read(self, text: str, separator: str) -> PlainBatch | None:
        if "n" in text:  # a null, or a NaN
            return None
        if separator != "," and "," in text:  # a decimal comma would part a number in two
            return None
        lines = text.removesuffix("\n").split("\n")
        length = lines[0].find(separator)
        # Where its time stood, each row has a null: so a row with a number too few or too many can't be missed.
        numbers = f",{_NO_TIME}".join([line[length:] for line in lines])
        try:
            cells = _decode(f"[{_NO_TIME}{numbers if separator == ',' else numbers.replace(separator, ',')}]")
        except msgspec.DecodeError:
            return None
        count, width = len(lines), self._width
        if len(cells) != count * width or cells[::width].count(None) != count:
            return None
        try:
            times = times_in(self._survey, TIME, self._table, range(count), [line[:length] for line in lines])
        except TableError:
            return None
        return PlainBatch(times, {name: Column(cells[field::width]) for name, field in self._columns.items()})


_NO_TIME = "null"
_decode = msgspec.json.Decoder(list[float | None]).decode
