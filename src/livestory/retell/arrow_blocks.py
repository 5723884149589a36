"""Large blocks of plain cells, read by Arrow where it is installed (the extra ``retell``).

Arrow reads plain numbers and ISO 8601 as Python does, to the last digit. What either might read differently is not
given to it, and what it can't read is left to the readers of cells.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from livestory.clock import END
from livestory.story.inputs import LEAST_INSTANT
from livestory.story.rows import MOST, Column

if TYPE_CHECKING:
    from collections.abc import Mapping

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+(?P<zone>Z|[-+][0-9:]+)?").fullmatch
_EPOCH = {10: 10**6, 13: 10**3, 16: 1}
"""How many microseconds a number since the epoch counts, by its digits."""


class ArrayColumn(Column):
    """A column of an array of numpy, in which nothing takes a step for each of its numbers."""

    def __init__(self, given: Any) -> None:
        super().__init__(given)
        self.at = given.item

    @cached_property
    def numbers(self) -> list[float | None]:
        """Its numbers as Python has them."""
        numbers: list[float | None] = self.given.tolist()
        return numbers

    @cached_property
    def extremes(self) -> tuple[float, float] | None:
        """The least and the greatest; None where one is NaN, infinite, or beyond all measure."""
        low, high = float(self.given.min()), float(self.given.max())  # of NaN both are NaN
        return (low, high) if low > -MOST and high < MOST else None

    @cached_property
    def changes(self) -> list[int]:
        """The places whose number is not that of the one before."""
        return _places(self.given[1:] != self.given[:-1], 1)

    def _places(self, compare: Any, bound: float) -> list[int]:
        return _places(compare(self.given, bound))


def _places(holds: Any, first: int = 0) -> list[int]:
    places: list[int] = (holds.nonzero()[0] + first).tolist()
    return places


def read(text: str, separator: str, width: int, columns: Mapping[str, int]) -> tuple[Any, dict[str, Column]] | None:
    """The times of some whole lines (an array of microseconds), and the numbers of ``columns``, by their names.

    Each line has ``width`` fields, of which the first is the time. None where a cell is anything else, or where Arrow
    is not installed.
    """
    arrow = _arrow()
    if arrow is None or '"' in text:
        return None
    first = text[: text.find(separator)]
    iso = _ISO(first)
    if iso is None and len(first) not in _EPOCH:
        return None
    names = [str(field) for field in range(width)]
    kinds = dict.fromkeys((names[field] for field in columns.values()), arrow.float64())
    kinds[names[0]] = arrow.int64() if iso is None else arrow.timestamp("us", "UTC" if iso["zone"] else None)
    try:
        table = _cut(arrow, text.encode(), separator, names, kinds)
    except arrow.ArrowInvalid:
        return None
    if not table.num_rows:
        return None
    times = _array(table, names[0], "int64")
    if iso is None:
        if not 10 ** (len(first) - 1) <= times.min() <= times.max() < 10 ** len(first):
            return None
        times = times * _EPOCH[len(first)]
    numbers: dict[str, Column] = {
        name: ArrayColumn(_array(table, names[field], "float64")) for name, field in columns.items()
    }
    possible = times.min() >= LEAST_INSTANT and times.max() < END
    return (times, numbers) if possible and all(column.extremes for column in numbers.values()) else None


def _cut(arrow: Any, content: bytes, separator: str, names: list[str], kinds: Mapping[str, Any]) -> Any:
    return arrow.csv.read_csv(
        arrow.py_buffer(content),
        arrow.csv.ReadOptions(use_threads=False, column_names=names, block_size=len(content) + 1),
        arrow.csv.ParseOptions(delimiter=separator, quote_char=False),
        arrow.csv.ConvertOptions(column_types=kinds, include_columns=list(kinds), null_values=[], check_utf8=False),
    )


def _array(table: Any, name: str, kind: str) -> Any:
    """A column in which nothing is missing, as an array. Arrow's own way imports pandas, where that is installed."""
    import numpy as np  # noqa: PLC0415 - as below

    (column,) = table.column(name).chunks  # one, of one block
    return np.frombuffer(column.buffers()[1], kind, len(column), column.offset * 8)


@cache
def _arrow() -> Any:
    """The package, or None."""
    try:
        import numpy as np  # noqa: F401, PLC0415 - of the same extra; both are heavy: imported for long tables alone
        import pyarrow.csv  # noqa: PLC0415 - as above
    except ImportError:
        return None
    return pyarrow
