"""The rows of a table before one that is cut off, as what wrote it was interrupted: that one is left out, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from livestory.errors import RowCutOff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.retell.remarks import Remarks

T = TypeVar("T")


def whole_rows(batches: Iterator[T], remarks: Remarks | None = None) -> Iterator[T]:
    """All that is given of a table before its last row, where that is cut off; else all of it."""
    try:
        yield from batches
    except RowCutOff as cut:
        if remarks is not None:
            remarks.leave_out(f"line {cut.line} is cut off")
