"""The rows of a table that are whole; those that are cut off, as their writer was stopped, are left out and said."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livestory.errors import TableError
    from livestory.retell.remarks import Remarks
    from livestory.tables import Short

T = TypeVar("T")

_MOST = 3  # rows with too few fields that may be interrupted ones, in however few
_SHARE = 100  # of so many rows one may be
_TOLD = 3  # whose lines are named


def whole_rows(read: Callable[[Short], Iterator[T]], remarks: Remarks | None = None) -> Iterator[T]:
    """All that ``read`` gives of a table but for rows with too few fields, if these are few.

    ``read`` is given what takes note of such a row. Raises TableError at one too many, and what ``read`` raises.
    """
    short: list[int] = []

    def note(line: int, error: TableError) -> None:
        short.append(line)
        if len(short) > max(_MOST, line // _SHARE):
            raise error
        if remarks is not None:
            where = f"line {line} is" if len(short) <= _TOLD else "more are"
            remarks.leave_out(f"{where} cut off")

    yield from read(note)
