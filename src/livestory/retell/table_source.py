"""A table as the inputs of a story: its rows in the order of their times, its cells as values."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal, InvalidOperation
from itertools import islice, repeat
from math import inf
from operator import itemgetter, le
from tempfile import TemporaryFile
from types import NoneType
from typing import IO, TYPE_CHECKING, Any, NoReturn, get_args, get_type_hints

import msgspec
from msgspec import msgpack

from livestory.clock import SECOND, instant
from livestory.errors import TableError
from livestory.retell.columns import FILL, FLAGS, INSTANTS, OBSERVATION, TIME, Header
from livestory.retell.explain_story import OutOfOrder, SourceInput
from livestory.story.arguments import decimal
from livestory.story.inputs import LEAST_INSTANT, Fill, Flow, Observation
from livestory.story.reason import Reason, in_own_words
from livestory.tables import Batch, instant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from livestory.tables import Table

_ONE = 1.0 + 1e-9  # the whole wealth, however it was rounded
_CHUNK = 1024  # sorted rows turned into values together
_RUN = 100_000  # rows sorted in memory
_LENGTH = 4  # bytes before each row of a run on disk
_UNKNOWN = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})  # as tables write an empty cell
_YES_NO = dict.fromkeys(("1", "1.0", "true", "yes", "t"), True) | dict.fromkeys(("0", "0.0", "false", "no", "f"), False)
_SIDES = {"buy": "buy", "b": "buy", "sell": "sell", "s": "sell"}
_LONGEST = 40  # characters of a cell that a message repeats
Row = tuple[int, int, Sequence[str]]  # time, line, fields


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
            positions = values(table, "position", field, lines, columns[field])
            if any(position is not None and _ONE < abs(position) < inf for position in positions):
                return header
        return header.with_target()

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[SourceInput]]:
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

        source = by_time(rows())
        while chunk := list(islice(source, _CHUNK)):
            _, lines, fields = zip(*chunk, strict=True)
            yield self._tables[0], Batch(lines, list(zip(*fields, strict=True)))

    def _times(self, table: Table, lines: Sequence[int], texts: Sequence[str]) -> list[int]:
        field = self._header.fields[TIME]
        times = values(table, TIME, field, lines, texts)
        if None in times or min(times) < LEAST_INSTANT:
            row = next(row for row, time in enumerate(times) if time is None or time < LEAST_INSTANT)
            expected = "a time, which every row needs" if times[row] is None else "a time since 1973"
            raise bad(table, lines[row], field, texts[row], expected)
        return times

    def _inputs(
        self, table: Table, lines: Sequence[int], columns: Sequence[Sequence[str]], times: list[int]
    ) -> Sequence[SourceInput]:
        found: dict[str, Sequence[Any]] = {
            column: values(table, column, field, lines, columns[field])
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

    def _of_row(self, table: Table, line: int, row: dict[str, Any]) -> Iterator[SourceInput]:
        observed = {column: row[column] for column in OBSERVATION if row.get(column) is not None}
        if row.get("fill_side") is not None:
            for column in ("fill_quantity", "fill_price"):
                if row[column] is None:
                    raise bad(table, line, self._header.fields[column], "", f"the {column[5:]} of the fill")
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


_decode = msgpack.Decoder(Row).decode


def by_time(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows by time; those of one time stay in the order in which they stood. Raises OSError."""
    source = iter(rows)
    with ExitStack() as files:
        runs = []
        while run := sorted(islice(source, _RUN), key=itemgetter(0)):
            file = files.enter_context(TemporaryFile())
            for row in run:
                packed = msgpack.encode(row)
                file.write(len(packed).to_bytes(_LENGTH, "little") + packed)
            file.seek(0)
            runs.append(_read(file))
        yield from heapq.merge(*runs, key=itemgetter(0))


def _read(file: IO[bytes]) -> Iterator[Row]:
    while length := file.read(_LENGTH):
        yield _decode(file.read(int.from_bytes(length, "little")))


def values(table: Table, column: str, field: int, lines: Sequence[int], texts: Sequence[str]) -> list[Any]:
    """What the cells of ``column`` say, one a line; None where a cell is empty. Raises TableError for a bad one."""
    read, expected = _READERS[column]
    try:
        if read is instant_of:
            return _ends(_instants(texts))
        return _numbers(texts) if read is float else list(map(read, texts))
    except (ValueError, InvalidOperation, msgspec.DecodeError):
        pass
    return [_value(table, field, line, text, read, expected) for line, text in zip(lines, texts, strict=True)]


def _numbers(texts: Sequence[str]) -> list[float]:
    """As `float` reads them. Raises ValueError where one of them is none, or NaN."""
    try:
        found = _decode_numbers(f"[{','.join(texts)}]")  # in a third of the time
    except msgspec.DecodeError:
        found = list(map(float, texts))  # JSON knows no .5, +1 or inf
    if len(found) != len(texts) or _is_nan(sum(found)):
        raise ValueError
    return found


_decode_numbers = msgspec.json.Decoder(list[float]).decode


def _instants(texts: Sequence[str]) -> list[int]:
    """As `instant_of`, but without a call for each of them."""
    if texts[0].isdigit():
        return list(map(instant_of, texts))
    return [_DAYS[text[:10]] + _CLOCKS[text[10:]] for text in texts]


class _Instants(dict[str, int]):
    """Instants by their texts: a table has few days and few times of day, and each is read once."""

    def __init__(self, before: str) -> None:
        self._before = before  # what makes the text a whole timestamp

    def __missing__(self, text: str) -> int:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[text] = instant(self._before + text)
        return found


_REMEMBERED = 4096
_DAYS, _CLOCKS = _Instants(""), _Instants("1970-01-01")


def _ends(times: list[int]) -> list[int]:
    """The times, but a column of close times as bars' ends: exchanges write the end less a milli- or microsecond."""
    if times[0] % SECOND < _CLOSE:
        return times
    return [time + -time % SECOND if time % SECOND >= _CLOSE else time for time in times]


_CLOSE = SECOND - 1000


def _value(  # noqa: PLR0913, PLR0917 - a cell and its place
    table: Table, field: int, line: int, text: str, read: Callable[[str], Any], expected: str
) -> Any:
    stripped = text.strip()
    if stripped.casefold() in _UNKNOWN:
        return None
    try:
        return read(stripped)
    except (ValueError, InvalidOperation, msgspec.DecodeError):
        raise bad(table, line, field, text, expected) from None


def bad(table: Table, line: int, field: int, text: str, expected: str) -> TableError:
    """The error that says what a cell is not."""
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return table.error(line, field + 1, f"{shown!r} is not {expected}; correct the cell, or leave it empty")


def _is_nan(number: float) -> bool:
    return number != number  # noqa: PLR0124 - so NaN is


def _flag(text: str) -> bool:
    return _YES_NO[text.casefold()] if text.casefold() in _YES_NO else _refuse()


def _amount(text: str) -> Decimal:
    amount = _money(text)
    return amount if amount >= 0 else _refuse()


def _money(text: str) -> Decimal:
    return decimal(text, "amount", signed=True)


def _reason(text: str) -> Reason:
    if not text:
        raise ValueError
    return msgspec.json.decode(text, type=Reason) if text.startswith("{") else in_own_words(text)


def _side(text: str) -> str:
    return _SIDES[text.casefold()] if text.casefold() in _SIDES else _refuse()


def _text(text: str) -> str:
    return text or _refuse()


def _refuse() -> NoReturn:
    raise ValueError


def _reader(column: str, hint: Any) -> tuple[Callable[[str], Any], str]:
    kind = next((each for each in get_args(hint) if each is not NoneType), hint)
    if column in INSTANTS:
        return instant_of, "a time (ISO 8601, or seconds, ms, µs or ns since 1970)"
    if column in FLAGS:
        return _flag, "a flag (1 or 0)"
    if column == "fill_side":
        return _side, "buy or sell"
    if column in {"fill_quantity", "fill_price"}:
        return _amount, "an amount"
    named: dict[Any, tuple[Callable[[str], Any], str]] = {
        float: (float, "a number"),
        Decimal: (_money, "an amount"),
        int: (int, "a whole number"),
        Reason: (_reason, "a reason"),
    }
    return named.get(kind, (_text, "a text"))


_HINTS, _FILL_HINTS = get_type_hints(Observation), get_type_hints(Fill)
_READERS = {column: _reader(column, _HINTS[column]) for column in OBSERVATION} | {
    column: _reader(column, _FILL_HINTS[field]) for column, field in FILL.items()
}
