"""A table as the inputs of a story."""

from __future__ import annotations

from itertools import chain, islice, repeat
from operator import le
from typing import TYPE_CHECKING, Any

from livestory.errors import TableError
from livestory.retell import cells
from livestory.retell.columns import FILL, OBSERVATION, TIME
from livestory.retell.header import Header
from livestory.retell.in_order import in_order as sorted_rows
from livestory.retell.inputs import Input, OutOfOrder
from livestory.story.observation import Fill, Flow, Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livestory.tables import Table

_CHUNK = 1024  # rows turned into values together
_USUAL = frozenset({TIME, "wealth", "price", "weight", "target_weight", "regime", "score", "threshold", "halted"})


class TableSource:
    """The tables of one file, read anew each time. Every row has its columns in the same places."""

    def __init__(
        self, name: str, tables: Sequence[Table], given: Mapping[str, str], threshold: float | None
    ) -> None:  # fmt: skip
        """Read the headers. ``threshold`` is what a score is held against where the table has none, to infer regimes.

        Raises TableError for a header that tells nothing, and for tables that differ.
        """
        self.name = name
        self._tables = tables
        headers = []
        for table in tables:
            line, names = next(table.rows())
            headers.append(Header.of(table, line, names, given))
            if headers[-1] != headers[0]:
                raise table.error(line, None, f"its columns are others than those of {tables[0]}; explain it alone")
        self._header = headers[0]
        self.knows: frozenset[str] | None = self._header.known
        self._threshold = threshold if {"regime", "threshold"}.isdisjoint(self._header.fields) else None

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """The inputs of its rows. Raises OutOfOrder and TableError."""
        last = 0
        chunks = self._sorted() if in_order else chain.from_iterable(map(_chunks, self._tables))
        told = False
        for table, lines, rows in chunks:
            columns = list(zip(*rows, strict=True))
            times = self._times(table, lines, columns[self._header.fields[TIME]])
            if times[0] < last or not all(map(le, times, islice(times, 1, None))):
                raise OutOfOrder
            last, told = times[-1], True
            yield self._inputs(table, lines, columns, times)
        if not told:
            message = f"{self._tables[0]}: no rows below the header; there is nothing to tell"
            raise TableError(message)

    def _sorted(self) -> Iterator[tuple[Table, Sequence[int], list[list[str]]]]:
        field = self._header.fields[TIME]

        def rows() -> Iterator[tuple[int, int, list[str]]]:
            for table, lines, chunk in chain.from_iterable(map(_chunks, self._tables)):
                times = self._times(table, lines, [row[field] for row in chunk])
                yield from zip(times, lines, chunk, strict=True)

        source = sorted_rows(rows())
        while chunk := list(islice(source, _CHUNK)):
            yield self._tables[0], [line for _, line, _ in chunk], [fields for _, _, fields in chunk]

    def _times(self, table: Table, lines: Sequence[int], texts: Sequence[str]) -> list[int]:
        field = self._header.fields[TIME]
        times = cells.values(table, TIME, field, lines, texts)
        if None in times:
            row = times.index(None)
            raise cells.bad(table, lines[row], field, texts[row], "a time, which every row needs")
        return list(times)

    def _inputs(
        self, table: Table, lines: Sequence[int], columns: Sequence[Sequence[str]], times: list[int]
    ) -> Sequence[Input]:
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

    def _of_row(self, table: Table, line: int, row: dict[str, Any]) -> Iterator[Input]:
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


def _chunks(table: Table) -> Iterator[tuple[Table, Sequence[int], list[list[str]]]]:
    rows = islice(table.rows(), 1, None)
    while chunk := list(islice(rows, _CHUNK)):
        yield table, [line for line, _ in chunk], [fields for _, fields in chunk]


def _observations(found: Mapping[str, Sequence[Any]]) -> list[Observation]:
    if found.keys() - _USUAL:
        return [Observation(**dict(zip(found, row, strict=True))) for row in zip(*found.values(), strict=True)]
    # Most tables have no more than these columns; named one by one, an observation is made in half the time.
    unknown = repeat(None)
    columns = (found.get(name, unknown) for name in ("wealth", "price", "weight", "target_weight", "regime", "score"))
    rows = zip(found[TIME], *columns, found.get("threshold", unknown), found.get("halted", unknown), strict=False)
    return [
        Observation(
            time=time,
            wealth=wealth,
            price=price,
            weight=weight,
            target_weight=target_weight,
            regime=regime,
            score=score,
            threshold=threshold,
            halted=halted,
        )
        for time, wealth, price, weight, target_weight, regime, score, threshold, halted in rows
    ]
