"""The first rows of a table, which all that is found out of it is found in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from msgspec import Struct

from livestory.retell.whole_rows import whole_rows
from livestory.tables import Table

ROWS = 20_000
"""As many rows are looked at."""


class Sample(Struct, frozen=True):
    """The first rows of a table, column by column."""

    table: Table
    line: int  # of the header
    names: list[str]
    columns: Sequence[Sequence[str]]

    @classmethod
    def of(cls, table: Table) -> Sample:
        """Look at a table. Raises TableError."""
        line, names = next(table.rows())
        columns: list[list[str]] = [[] for _ in names]
        for _, found in whole_rows(table.batches):
            for column, texts in zip(columns, found, strict=True):
                column.extend(islice(texts, ROWS - len(column)))
            if len(columns[0]) >= ROWS:
                break
        return cls(table, line, names, columns)
