"""Tables without a header, whose first row holds values already."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livestory.retell.shapes import declared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.tables import Table

_IS_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)").fullmatch
_IS_TIME = re.compile(r"\s*(?:[0-9]{9,}(?:\.0)?|[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}[T 0-9:.Z+-]*)\s*").fullmatch
_OF_A_CANDLE = 5  # numbers: open, high, low, close and a volume


def refuse_values(table: Table, line: int, names: Sequence[str]) -> None:
    """Refuse such a table: in place of ``names`` it has a time and numbers. Raises TableError."""
    if not any(map(_IS_TIME, names)) or any(re.search(r"[A-Za-z]{3}", name) for name in names):
        return
    numbers = [float(name) for name in names if _IS_NUMBER(name) and not _IS_TIME(name)]
    problem = "no header: the first row holds values already; put the names of the columns above it"
    if _are_candles(numbers):
        problem = f"candles without a header: {declared.CANDLES.advice}"
    raise table.error(line, None, problem)


def _are_candles(numbers: Sequence[float]) -> bool:
    if len(numbers) < _OF_A_CANDLE:
        return False
    opened, high, low, closed = numbers[: _OF_A_CANDLE - 1]
    return low <= min(opened, closed) and high >= max(opened, closed)
