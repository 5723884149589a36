"""Interactive Brokers' statements: a file with a table in each section, of which the trades are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_START = ["Statement", "Header"]
_SECTIONS, _HEADER, _DATA = {"Trades", "Transaction History"}, "Header", "Data"
_KIND = 2  # the field that says what a row is: an order; or one of its executions, or a lot that it closed


def is_statement(first: list[str]) -> bool:
    """Whether a file that begins with such a row is one."""
    return first[:2] == _START


def trades_of(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """The header and the orders of such a statement's trades; all rows of any other file."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    if not is_statement(first):
        yield first
        yield from rows
        return
    section, width, kind, has_kinds = None, 0, None, False
    for fields in rows:
        if fields[0] in _SECTIONS and fields[1:2] == [_HEADER] and section is None:
            section, width, has_kinds = fields[0], len(fields), fields[0] == "Trades"
            yield fields
        elif fields[:2] == [section, _DATA] and len(fields) == width:
            kind = kind or fields[_KIND]  # an order comes before what belongs to it
            if fields[_KIND] == kind or not has_kinds:
                yield fields
