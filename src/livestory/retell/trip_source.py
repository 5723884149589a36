"""A table of round trips as fills: each row is told at its entry and at its exit, all in the order of their times."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from livestory.clock import DAY
from livestory.errors import TableError
from livestory.retell.cells import is_unknown
from livestory.retell.readers import bad
from livestory.retell.shapes import declared
from livestory.retell.sorting import by_time
from livestory.retell.time_column import doubt_times, times_in, why_no_trade, without_others
from livestory.retell.trade_rows import AT_ONCE, ENTRY, EXIT, TripRows
from livestory.retell.whole_rows import whole_rows
from livestory.retell.words_of_cells import FLOWS, NO_TRADES, word_of
from livestory.story.inputs import Flow, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from livestory.retell.explain_story import SourceInput
    from livestory.retell.remarks import Remarks
    from livestory.retell.sorting import Row
    from livestory.retell.survey.survey import Survey
    from livestory.tables import Batch, Table

_CHUNK = 1024
_ORDERS = 4  # legs of one instant have their order beside the time
FLOW = "3"
"""What stands among the legs for money that came or went."""
_ORDER = {EXIT: 0, ENTRY: 1, AT_ONCE: 2, FLOW: 0}


def trips_of(
    tables: Sequence[Table],
    survey: Survey,
    remarks: Remarks,
    start: float | None,
    drop: Callable[[str, TableError], object],
) -> Iterator[Sequence[SourceInput]]:
    """Yield the fills of every row, in the order of their times.

    ``drop`` leaves out a column that can't be read. Raises TableError, and what ``drop`` raises.
    """
    trips = _Trips(tables, survey, remarks, drop)
    rows = TripRows(survey, remarks)
    wealth, first = start, True
    legs = by_time(trips.legs())
    while chunk := list(islice(legs, _CHUNK)):
        inputs: list[SourceInput] = []
        for key, line, (table, leg, *texts) in chunk:
            time = key // _ORDERS
            if leg == FLOW:
                inputs += trips.flows(int(table), time, line, texts)
                continue
            row = trips.values(int(table), line, texts)
            told = list(rows.inputs(ENTRY if leg == ENTRY else EXIT, time, row, f"{table}:{line}"))
            if first and wealth is None and row.get("wealth") is not None and row.get("fill_result") is not None:
                wealth = _before(row)
            if first and wealth is not None:
                inputs.append(Observation(time=time - 1, wealth=wealth))
            first = False
            if start is not None and leg != ENTRY and row.get("fill_result") is not None and "wealth" not in row:
                wealth = (wealth or 0.0) + float(row["fill_result"])
                told.append(Observation(time=time, wealth=wealth))
            inputs += told
        yield inputs
    if first:
        message = f"{tables[0]}: {remarks.nothing}"
        raise TableError(message)


def _before(row: dict[str, Any]) -> float:
    """The wealth before the first trade, of which the wealth after it is told."""
    before: float = row["wealth"] - float(row["fill_result"])
    return before


class _Trips:
    """The rows of round trips, and their cells as values."""

    def __init__(
        self, tables: Sequence[Table], survey: Survey, remarks: Remarks, drop: Callable[[str, TableError], object]
    ) -> None:
        self._drop = drop
        self._told: set[tuple[str, ...]] = set()  # cells of the trades that have an id
        self._tables = tables
        self._survey = survey
        self._remarks = remarks
        layout = survey.layout
        self._in_pairs = layout.shape is declared.PAIRS
        self._fields = dict(layout.fields)
        if self._in_pairs:
            of_pairs = layout.fields
            self._fields = {
                own: of_pairs[column] for own, column in _OF_PAIRS.items() if column in of_pairs
            }  # fmt: skip
        self._names = [own for own in self._fields if own not in {"entry_time", "exit_time"}]
        self._by_side = survey.by_side
        if self._by_side:
            self._names.append("fill_side")
            self._fields["fill_side"] = self._fields["entry_time"]

    def legs(self) -> Iterator[Row]:
        """Each entry and each exit, in the order of the rows."""
        for number, table in enumerate(self._tables):
            found = self._pairs(table) if self._in_pairs else self._rows(table)
            for line, entered, left, texts in found:
                if self._is_repeated(texts):
                    continue
                word = self._side(texts)
                if word in FLOWS and entered is not None:
                    self._remarks.told += 1
                    yield entered * _ORDERS + _ORDER[FLOW], line, [str(number), FLOW, *texts]
                    continue
                if word in NO_TRADES and is_unknown(texts[self._names.index("entry_price")]):
                    self._remarks.leave_out(f"its side is {word}")
                    continue
                times = [time for time in (entered, left) if time is not None]
                self._remarks.told += len(times) if self._in_pairs else 1
                doubt_times(self._remarks, min(times), max(times), self._survey.now)
                if left is None:
                    self._remarks.infer("a trade without an exit is open")
                if entered is not None:
                    yield entered * _ORDERS + _ORDER[ENTRY], line, [str(number), ENTRY, *texts]
                if left is not None:
                    order = AT_ONCE if entered == left else EXIT
                    yield left * _ORDERS + _ORDER[order], line, [str(number), order, *texts]

    def _side(self, texts: Sequence[str]) -> str:
        return word_of(texts[self._names.index("fill_side")]) if "fill_side" in self._names else ""

    def flows(self, table: int, time: int, line: int, texts: Sequence[str]) -> Iterator[Flow]:
        """The money that a row says to have come or gone. Raises TableError."""
        if "fill_result" in self._names:
            text = texts[self._names.index("fill_result")]
            reader = self._survey.readers["fill_result"]
            if amount := reader.value(self._tables[table], self._fields["fill_result"], line, text):
                yield Flow(time=time, amount=float(amount))

    def _is_repeated(self, texts: Sequence[str]) -> bool:
        """Whether a trade of that id and with all its cells was told before."""
        if "trade_id" not in self._names or not texts[self._names.index("trade_id")].strip():
            return False
        if tuple(texts) in self._told:
            self._remarks.leave_out("its trade id was told before")
            return True
        self._told.add(tuple(texts))
        return False

    def _timed(self, table: Table, batch: Batch, columns: Sequence[str]) -> tuple[Batch, list[Sequence[int | None]]]:
        """The rows, without those that are none, and the times in some of their columns."""

        def times(batch: Batch) -> list[Sequence[int | None]]:
            return [
                times_in(self._survey, own, table, batch.lines, batch.columns[fields[own]], needed=False)
                if own in fields and batch.lines
                else [None] * len(batch.lines)
                for own in columns
            ]

        fields = self._survey.layout.fields
        try:
            return batch, times(batch)
        except TableError:
            field = next(fields[own] for own in columns if own in fields)
            left = without_others(batch, field, self._survey.names, self._remarks)
            if len(left.lines) == len(batch.lines):
                raise
        return left, times(left)

    def _rows(self, table: Table) -> Iterator[tuple[int, int | None, int | None, list[str]]]:
        enters, leaves = self._fields.get("entry_time"), self._fields.get("exit_time")
        closes = self._fields["exit_price" if "exit_price" in self._fields else "fill_result"]
        for batch in whole_rows(table.batches, self._remarks):
            (lines, columns), (entries, exits) = self._timed(table, batch, ("entry_time", "exit_time"))
            for row, line in enumerate(lines):
                entered, left = entries[row], exits[row]
                if why := self._why_none([column[row] for column in columns], entered, left):
                    self._remarks.leave_out(why)
                    continue
                exit_ = columns[closes][row].strip()
                is_open = is_unknown(exit_) or self._is_open(columns, row)
                is_open = is_open or (left is None and leaves is not None and not exit_.strip("0."))  # no exit yet
                if enters is None:
                    self._remarks.infer("no times of entry: each trade is told at its exit")
                    entered = left
                elif leaves is None:
                    left = entered
                if is_open:
                    left = None
                elif left is None:
                    raise bad(table, line, leaves or 0, "", "a time, which every exit needs")
                if entered is None:
                    raise bad(table, line, enters or leaves or 0, "", "a time, which every row needs")
                texts = [columns[self._fields[own]][row] for own in self._names]
                if (trade := self._in_order(entered, left, texts)) is not None:
                    yield line, *trade

    def _in_order(self, entered: int, left: int | None, texts: list[str]) -> tuple[int, int | None, list[str]] | None:
        """A trade whose entry comes first; None where its exit can't come before it."""
        is_short = left is not None and left < entered
        if self._by_side:
            texts[-1] = "short" if is_short else "long"
        if left is None or not is_short:
            return entered, left, texts
        if not self._by_side:
            times = self._survey.times
            if times["entry_time"].days and not times["exit_time"].days and entered - left <= DAY:
                return left, left, texts  # of one day, at whose end the entry would stand
            self._remarks.leave_out("its exit is before its entry")
            return None
        enters, leaves = (self._names.index(own) for own in ("entry_price", "exit_price"))
        texts[enters], texts[leaves] = texts[leaves], texts[enters]  # sold first, and bought back
        return left, entered, texts

    def _why_none(self, fields: Sequence[str], entered: int | None, left: int | None) -> str | None:
        """The reason why a row is no trade; None if it is one, or half of one."""
        price = fields[self._fields["entry_price"]].strip()
        if entered is None and left is None:
            return why_no_trade(fields) or ("it has no time and no price" if is_unknown(price) else None)
        return "the price of its entry is 0" if price and not price.strip("0.,$€ ") else None

    def _is_open(self, columns: Sequence[Sequence[str]], row: int) -> bool:
        status = self._fields.get("status")
        return status is not None and columns[status][row].strip().casefold() in {"open", "opened", "active"}

    def _pairs(self, table: Table) -> Iterator[tuple[int, int | None, int | None, list[str]]]:
        """The two rows of each trade: the earlier one is the entry, of two at once the second, as exits stand first."""
        fields = self._survey.layout.fields
        waiting: dict[str, tuple[int, int, list[str]]] = {}
        for batch in whole_rows(table.batches, self._remarks):
            (lines, columns), (times,) = self._timed(table, batch, ("time",))
            for row, line in enumerate(lines):
                texts = [column[row] for column in columns]
                time = times[row]
                if time is None and is_unknown(texts[fields["fill_price"]]):
                    continue  # the exit of a trade that is open
                if time is None:
                    raise bad(table, line, fields["time"], texts[fields["time"]], "a time, which every row needs")
                number = texts[fields["number"]].strip()
                other = waiting.pop(number, None)
                if other is None:
                    waiting[number] = (line, time, texts)
                else:
                    yield self._pair((line, time, texts), other)
        for line, time, texts in waiting.values():
            self._remarks.infer("a trade without an exit is open")
            yield line, time, None, self._merged(texts, [""] * len(texts))

    def _pair(
        self, one: tuple[int, int, list[str]], other: tuple[int, int, list[str]]
    ) -> tuple[int, int | None, int | None, list[str]]:
        enters, leaves = (one, other) if one[1] <= other[1] else (other, one)
        fields = self._survey.layout.fields
        price = leaves[2][fields["fill_price"]].strip()
        texts = self._merged(enters[2], leaves[2])
        is_open = "reason" in fields and leaves[2][fields["reason"]].strip().casefold() == "open"
        return enters[0], enters[1], None if is_open or is_unknown(price) else leaves[1], texts

    def _merged(self, enters: list[str], leaves: list[str]) -> list[str]:
        """The cells of a trade, each from the row that says it."""
        fields = self._survey.layout.fields
        kind = enters[fields["kind"]].casefold()
        short = any(word in kind for word in _SHORT)
        cells = {
            own: (leaves if own.startswith(("exit", "fill_result")) else enters)[field]
            for own, field in self._fields.items()
        }
        return [("short" if short else "long") if own == "fill_side" else cells[own] for own in self._names]

    def values(self, table: int, line: int, texts: Sequence[str]) -> dict[str, Any]:
        """The cells of a trade as values. Raises TableError."""
        found = {}
        for own, text in zip(self._names, texts, strict=True):
            reader = self._survey.readers[_OF_PAIRS[own] if self._in_pairs else own]
            try:
                value = reader.value(self._tables[table], self._fields[own], line, text)
            except TableError as error:
                self._drop(own, error)
            if value is not None:
                found[own] = value
        if "entry_price" not in found or found["entry_price"] <= 0:
            text = texts[self._names.index("entry_price")]
            raise bad(self._tables[table], line, self._fields["entry_price"], text, "the price of the entry")
        return found


_SHORT = ("short", "leer", "cort", "court", "corto", "шорт", "корот", "空", "売", "숏", "매도")
"""What is in the words for a short trade, in the languages that a table of two rows a trade comes in."""
_OF_PAIRS = {
    "fill_side": "kind",
    "entry_price": "fill_price",
    "exit_price": "fill_price",
    "fill_quantity": "fill_quantity",
    "fill_result": "fill_result",
    "entry_reason": "reason",
    "exit_reason": "reason",
    "fill_symbol": "fill_symbol",
}
"""Where the columns of a round trip stand in the two rows of a trade."""
