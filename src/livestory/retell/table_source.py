"""A table as the inputs of a story."""

from __future__ import annotations

from itertools import islice, repeat
from math import inf
from operator import le
from typing import TYPE_CHECKING, Any

from livestory.errors import TableError
from livestory.retell import cells
from livestory.retell.columns import FILL, OBSERVATION, TIME
from livestory.retell.header import Header
from livestory.retell.in_order import in_order as sorted_rows
from livestory.retell.inputs import Given, OutOfOrder
from livestory.story.inputs import LEAST_INSTANT, Fill, Flow, Observation
from livestory.tables import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livestory.retell.in_order import Row
    from livestory.tables import Table

_ONE = 1.0 + 1e-9  # the whole wealth, however it was rounded
_CHUNK = 1024  # sorted rows turned into values together


class TableSource:
    """The tables of one file, read anew each time. Every row has its columns in the same places."""

    compacted: int | None = None

    def __init__(
        self, name: str, tables: Sequence[Table], given: Mapping[str, str], threshold: float | None
    ) -> None:  # fmt: skip
        """Read the headers. ``threshold`` is what a score is held against where the table has none, to infer regimes.

        Raises TableError for a header that tells nothing, tables that differ, and a lone position that is no number.
        """
        self.name = name
        self._tables = tables
        headers = []
        for table in tables:
            line, names = next(table.rows())
            headers.append(Header.of(table, line, names, given))
            if headers[-1] != headers[0]:
                raise table.error(line, None, f"its columns are others than those of {tables[0]}; explain it alone")
        self._header = self._settled(headers[0])
        self.knows: frozenset[str] | None = self._header.known
        self._threshold = threshold if {"regime", "threshold"}.isdisjoint(self._header.fields) else None

    def _settled(self, header: Header) -> Header:
        """A lone position is the target weight, as backtests have it, or how much is held, if it goes beyond one."""
        field = header.fields.get("position")
        if field is None or not header.lone_position:
            return header
        for table, (lines, columns) in self._batches():
            positions = cells.values(table, "position", field, lines, columns[field])
            if any(position is not None and _ONE < abs(position) < inf for position in positions):
                return header
        return header.with_target()

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Given]]:
        """The inputs of its rows. Raises OutOfOrder and TableError."""
        last = 0
        told = False
        for table, (lines, columns) in self._sorted() if in_order else self._batches():
            times = self._times(table, lines, columns[self._header.fields[TIME]])
            if times[0] < last or not all(map(le, times, islice(times, 1, None))):
                raise OutOfOrder
            last, told = times[-1], True
            if inputs := self._inputs(table, lines, columns, times):
                yield inputs
        if not told:
            message = f"{self._tables[0]}: no rows below the header; there is nothing to tell"
            raise TableError(message)

    def _batches(self) -> Iterator[tuple[Table, Batch]]:
        return ((table, batch) for table in self._tables for batch in table.batches())

    def _sorted(self) -> Iterator[tuple[Table, Batch]]:
        field = self._header.fields[TIME]

        def rows() -> Iterator[Row]:
            for table, (lines, columns) in self._batches():
                times = self._times(table, lines, columns[field])
                yield from zip(times, lines, zip(*columns, strict=True), strict=True)

        source = sorted_rows(rows())
        while chunk := list(islice(source, _CHUNK)):
            _, lines, fields = zip(*chunk, strict=True)
            yield self._tables[0], Batch(lines, list(zip(*fields, strict=True)))

    def _times(self, table: Table, lines: Sequence[int], texts: Sequence[str]) -> list[int]:
        field = self._header.fields[TIME]
        times = cells.values(table, TIME, field, lines, texts)
        if None in times or min(times) < LEAST_INSTANT:
            row = next(row for row, time in enumerate(times) if time is None or time < LEAST_INSTANT)
            expected = "a time, which every row needs" if times[row] is None else "a time since 1973"
            raise cells.bad(table, lines[row], field, texts[row], expected)
        return times

    def _inputs(
        self, table: Table, lines: Sequence[int], columns: Sequence[Sequence[str]], times: list[int]
    ) -> Sequence[Given]:
        found: dict[str, Sequence[Any]] = {
            column: cells.values(table, column, field, lines, columns[field])
            for column, field in self._header.fields.items()
            if column != TIME
        }
        found[TIME] = times
        if self._threshold is not None:
            found["threshold"] = [self._threshold] * len(times)
        if not self._header.fills and "flow" not in found:
            return _observations(found)
        rows = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
        return [each for line, row in zip(lines, rows, strict=True) for each in self._of_row(table, line, row)]

    def _of_row(self, table: Table, line: int, row: dict[str, Any]) -> Iterator[Given]:
        observed = {column: row[column] for column in OBSERVATION if row.get(column) is not None}
        if row.get("fill_side") is not None:
            for column in ("fill_quantity", "fill_price"):
                if row[column] is None:
                    raise cells.bad(table, line, self._header.fields[column], "", f"the {column[5:]} of the fill")
            fill = {field: row[column] for column, field in FILL.items() if row.get(column) is not None}
            yield Fill(time=row[TIME], **fill)
            if self._shared(observed):
                return
        elif observed.keys() == {TIME, "flow"}:
            yield Flow(time=row[TIME], amount=row["flow"])
            return
        if observed.keys() - {TIME, "threshold"}:
            yield Observation(**observed)

    def _shared(self, observed: Mapping[str, Any]) -> bool:
        """Whether what a fill's row observes is said of the fill: its price, its reason."""
        fields = self._header.fields
        own = {fields[column] for column in FILL if column in fields}
        return all(fields.get(column, -1) in own for column in observed.keys() - {TIME, "threshold"})


def _observations(found: Mapping[str, Sequence[Any]]) -> list[Observation]:
    # By place and not by name: a million observations are made in a third of the time.
    last = max(map(OBSERVATION.index, found))
    return list(map(Observation, *(found.get(name, repeat(None)) for name in OBSERVATION[: last + 1])))
