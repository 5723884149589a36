"""A table as the inputs of a story: its rows in the order of their times, its cells as values."""

from __future__ import annotations

import re
from datetime import tzinfo
from functools import partial
from itertools import groupby, islice, repeat
from math import inf
from operator import eq, ge, itemgetter, le, lt
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from livestory.clock import DAY, instant
from livestory.errors import TableError
from livestory.retell.cells import is_unknown
from livestory.retell.columns import COLUMNS, OBSERVATION, TIME
from livestory.retell.explain_story import OutOfOrder, SourceInput, StartOver
from livestory.retell.options import is_counted_in_shares, is_option
from livestory.retell.parted import parted
from livestory.retell.plain_cells import PlainBatch, PlainCells
from livestory.retell.remarks import Remarks
from livestory.retell.shapes import declared
from livestory.retell.shapes.recognised import recognised
from livestory.retell.sorting import by_time, neighbours
from livestory.retell.survey.sample import Sample
from livestory.retell.survey.surveyed import surveyed
from livestory.retell.time_column import doubt_times, times_in, without_others
from livestory.retell.time_formats import with_clocks
from livestory.retell.trade_rows import FillRows, Place, symbol_of
from livestory.retell.trip_source import trips_of
from livestory.retell.whole_rows import whole_rows
from livestory.retell.words_of_cells import FILLED, SIDES
from livestory.story.inputs import LEAST_INSTANT, Observation
from livestory.story.rows import PASSED, Column, Rows
from livestory.story.symbol import assets, canonical, is_contract, settled_in
from livestory.story.wording import numbers
from livestory.tables import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from livestory.retell.shapes.layout import Layout
    from livestory.retell.sorting import Row
    from livestory.retell.survey.survey import Survey
    from livestory.tables import Table

_ONE = 1.0 + 1e-9  # the whole wealth, however it was rounded
_IN_ROWS = PASSED | {TIME}
_OF_DERIBIT = re.compile(r"(?:BTC|ETH)-(?:PERPETUAL|[0-9]{1,2}[A-Z]{3}[0-9]{2})").fullmatch
_CHUNK = 1024  # sorted rows turned into values together
_OF_OUR_BOT = frozenset(
    ["halted", "regime", "threshold", "no_trade_reason", "day_return", "next_due", "resume_at", "target_weight"]
)


class Asked(Struct, frozen=True, kw_only=True):
    """How a table is to be read, where the caller says so."""

    shape: str | None = None
    zone: tzinfo | None = None  # of times that name none; None: UTC
    start: float | None = None  # wealth before the first row
    now: int = instant("9998-01-01")  # a time a day beyond it is doubted


class TableSource:
    """The tables of one file, read anew each time. Every row has its columns in the same places."""

    compacted: int | None = None

    def __init__(
        self,
        name: str,
        tables: Sequence[Table],
        given: Mapping[str, str],
        threshold: float | None,
        asked: Asked = Asked(),  # noqa: B008 - it is frozen
    ) -> None:
        """Look at the headers and the first rows.

        ``threshold`` is what a score is held against where the table has none, to infer regimes. Raises TableError for
        a header that tells nothing, tables that differ, and what is refused by its name.
        """
        self.name = name
        self.gone = 0  # rows at the end whose wealth is not above 0
        self.remarks = Remarks()
        self._asked = asked
        self._given = given
        self._dropped: dict[str, str] = {}  # columns, each with why
        self._tables, self._sample, layout = _chosen(tables, given, asked.shape, self.remarks)
        self._recognised = layout
        self._survey = self._surveyed()
        layout = self._survey.layout
        self.symbols = self._named_symbols()
        self._refuse_inverse()
        if layout.shape is declared.RETURNS and "won" in layout.fields and asked.start is None:
            problem = "what was won in each row, and no wealth: say what it began with, as --start 1000"
            raise self._tables[0].error(self._sample.line, layout.fields["won"] + 1, problem)
        self.knows: frozenset[str] | None = self._known()
        self._threshold = threshold if {"regime", "threshold"}.isdisjoint(layout.fields) else None

    @property
    def is_export(self) -> bool:
        """Whether livestory's own bot is told of: an export has its column names, and others seldom those alone."""
        return {*self._sample.names} <= {*COLUMNS} and bool(_OF_OUR_BOT & {*self._sample.names})

    @property
    def unit(self) -> str | None:
        """What its wealth is counted in, where a column's name or all of its cells say so."""
        return self._survey.unit

    @property
    def symbol(self) -> str | None:
        """The symbol, where it names one and no other, or the cells of its quantities and prices name the assets."""
        survey = self._survey
        if "fill_symbol" not in survey.layout.fields and survey.base and survey.quote:
            return canonical(f"{survey.base}/{survey.quote}")
        return self.symbols[0] if len(self.symbols) == 1 else None

    def _known(self) -> frozenset[str]:
        """What it says; where a position is in coins, its weight is worked out."""
        return self._survey.layout.known | ({"target_weight"} if self._survey.in_coins else set())

    def _surveyed(self) -> Survey:
        layout = self._recognised
        for column in self._dropped:
            layout = layout.without(column)
        self.remarks = Remarks(
            read_as=None if self.is_export else _read_as(layout),
            unused=layout.unused,
            inferred=list(self.remarks.inferred),
        )
        survey = surveyed(self._sample, layout, self._asked.zone, self._asked.now, self.remarks)
        if survey.clock is not None:
            clock = self._sample.names[survey.clock].strip()
            self.remarks.unused = tuple(name for name in self.remarks.unused if name != clock)
        for column, why in self._dropped.items():
            self.remarks.infer(f"{column.replace('_', ' ')} not used: {why}")
        survey.layout = self._settled(survey)
        return survey

    def _settled(self, survey: Survey) -> Layout:
        """A lone position is the target weight, as backtests have it, or how much is held, if it goes beyond one."""
        layout = survey.layout
        field = layout.fields.get("position")
        if field is None or not layout.lone_position:
            return layout
        if survey.in_coins:
            return layout
        reader = survey.readers["position"]
        for table, (lines, columns) in self._batches():
            try:
                positions = reader.values(table, field, lines, columns[field])
            except TableError:
                if "position" in layout.given:
                    raise
                return layout  # it is left out where its cells are read
            if any(position is not None and _ONE < abs(position) < inf for position in positions):
                return layout
        survey.readers["target_weight"] = reader
        return layout.with_target()

    def _named_symbols(self) -> tuple[str, ...]:
        """The symbols that the whole table names."""
        field = self._survey.layout.fields.get("fill_symbol")
        if field is None:
            return ()
        quote = self._survey.layout.fields.get("quote")
        names = set()
        for _, (_, columns) in self._batches():
            quotes = columns[quote] if quote is not None else repeat(None)
            names |= {(name.strip(), paid and paid.strip()) for name, paid in zip(columns[field], quotes, strict=False)}
        paid = self._survey.quote
        return tuple(sorted({symbol_of(name, of or paid) for name, of in names if not is_unknown(name)}))

    def _doubt_options(self) -> None:
        """Say that the size of an option's contract is not known, where no result tells it."""
        lots = self._survey.lots
        options = [name for name in self.symbols if is_option(name) and name not in lots]
        if options and not self._survey.of_hundred and not is_counted_in_shares(options[0]):
            self.remarks.doubt(f"{options[0]} is an option: how much one contract is, nothing says, so it is told as 1")

    def _refuse_inverse(self) -> None:
        """Refuse contracts that are settled in what they are on. Raises TableError."""
        for symbol in self.symbols:
            base = assets(symbol)[0]
            if (is_contract(symbol) and settled_in(symbol) == base) or _OF_DERIBIT(symbol):
                field = self._survey.layout.fields["fill_symbol"]
                problem = f"{symbol} is settled in the coin that it is on: its quantities are contracts, not coins"
                raise self._tables[0].error(self._sample.line, field + 1, f"{problem}; explain the account's wealth")

    @property
    def quote(self) -> str | None:
        """What its trades are paid in, where all of them are in one."""
        quotes = {assets(symbol)[1] for symbol in self.symbols} - {None}
        return quotes.pop() if len(quotes) == 1 else (None if quotes else self._survey.quote)

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[SourceInput] | Rows]:
        """The inputs of its rows. Raises OutOfOrder, StartOver and TableError."""
        self.remarks.rows.clear()
        self.remarks.told = 0
        self._doubt_options()
        layout = self._survey.layout
        if layout.shape in {declared.TRIPS, declared.PAIRS}:
            trips = trips_of(self._tables, self._survey, self.remarks, self._asked.start, self._drop)
            return _latest(trips, self.remarks)
        return _latest(self._inputs_by_row(in_order=in_order), self.remarks)

    def _inputs_by_row(self, *, in_order: bool) -> Iterator[Sequence[SourceInput] | Rows]:
        last = 0
        told = False
        survey = self._survey
        self._rows = FillRows(survey, self.remarks)
        self._index = self._asked.start or 1.0
        self._begun = False
        self._later = self.gone = first = 0
        for table, batch in self._sorted() if in_order else self._quick_batches():
            plain = batch if isinstance(batch, PlainBatch) else None
            if isinstance(batch, PlainBatch):
                times, ascend = batch.times, batch.ascend
            else:
                lines, columns, times = self._timed(table, batch)
                ascend = False
            if not times:
                continue
            if times[0] < last or not (ascend or all(neighbours(le, times))):
                raise OutOfOrder
            first, last = first or times[0], times[-1]
            inputs = (
                self._told_of(times, dict(plain.values), ascend=ascend)
                if plain is not None
                else self._inputs(table, lines, columns, times)
            )
            if inputs:
                told = True
                yield inputs
        if told:
            doubt_times(self.remarks, first, last, self._asked.now)
        if self.gone:
            rows = numbers.count(self.gone, "row")
            self.remarks.doubt(f"wealth is not above 0 in the last {rows}, which is not believed: all may be lost")
        if not told:
            message = f"{self._tables[0]}: {self.remarks.nothing}"
            raise TableError(message)

    def _batches(self) -> Iterator[tuple[Table, Batch]]:
        return ((table, batch) for table in self._tables for batch in whole_rows(table.batches, self.remarks))

    def _quick_batches(self) -> Iterator[tuple[Table, Batch | PlainBatch]]:
        if not PlainCells.are_told(self._survey):
            return self._batches()
        return (
            (table, batch)
            for table in self._tables
            for batch in whole_rows(partial(table.batches_or, PlainCells(table, self._survey).read), self.remarks)
        )

    def _sorted(self) -> Iterator[tuple[Table, Batch]]:
        def rows() -> Iterator[Row]:
            for table, batch in self._batches():
                lines, columns, times = self._timed(table, batch)
                yield from zip(times, lines, zip(*columns, strict=True), strict=True)

        source: Iterator[Row] = by_time(rows())
        if self._is_newest_first():  # of one time, the last row was the first to happen
            source = (row for _, same in groupby(source, itemgetter(0)) for row in reversed(list(same)))
        while chunk := list(islice(source, _CHUNK)):
            _, lines, fields = zip(*chunk, strict=True)
            yield self._tables[0], Batch(lines, list(zip(*fields, strict=True)))

    def _is_newest_first(self) -> bool:
        sample = self._sample
        batch = Batch(range(len(sample.columns[0])), sample.columns)
        batch = without_others(batch, self._survey.layout.fields[TIME], sample.names, Remarks())
        try:
            times = self._times(self._tables[0], *batch)
        except TableError:
            return False
        return times[0] > times[-1] and all(neighbours(ge, times))

    def _timed(self, table: Table, batch: Batch) -> tuple[Sequence[int], Sequence[Sequence[str]], list[int]]:
        """The rows of a batch that have a time, with it: totals and headers in between are left out."""
        try:
            return *batch, self._times(table, *batch)
        except TableError:
            field = self._survey.layout.fields[TIME]
            left = without_others(self._with_times(batch), field, self._sample.names, self.remarks)
            if len(left.lines) == len(batch.lines):
                raise
        return *left, self._times(table, *left) if left.lines else []

    def _with_times(self, batch: Batch) -> Batch:
        """The rows without those that have no time, as they are orders that were never filled, or no trades."""
        fields = self._survey.layout.fields
        said = fields.get("status", fields.get("fill_side"))
        if said is None or self._survey.layout.shape is not declared.FILLS:
            return batch
        rows = []
        for row, (text, cell) in enumerate(zip(batch.columns[fields[TIME]], batch.columns[said], strict=True)):
            word = cell.strip().casefold()
            if "status" in fields and is_unknown(text) and word not in FILLED:
                self.remarks.leave_out(f"orders that are {word}")
            elif "status" not in fields and is_unknown(text) and is_unknown(cell):
                self.remarks.leave_out("its side is empty")
            else:
                rows.append(row)
        return Batch([batch.lines[row] for row in rows], [[column[row] for row in rows] for column in batch.columns])

    def _times(self, table: Table, lines: Sequence[int], columns: Sequence[Sequence[str]]) -> list[int]:
        field = self._survey.layout.fields[TIME]
        texts = columns[field]
        if self._survey.clock is not None:
            texts = with_clocks(texts, columns[self._survey.clock])
        return times_in(self._survey, TIME, table, lines, texts)

    def _inputs(
        self, table: Table, lines: Sequence[int], columns: Sequence[Sequence[str]], times: list[int]
    ) -> Sequence[SourceInput] | Rows:
        found = self._values(table, lines, columns)
        layout = self._survey.layout
        if layout.shape is declared.RETURNS:
            own = next(own for own in ("return", "cumulative", "won") if own in found)
            return self._of_returns(times, found[own], own)
        if not layout.fills and "flow" not in found:
            return self._told_of(times, found)
        found = self._completed(times, found)
        rows = (dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True))
        inputs: list[SourceInput] = []
        for line, row in zip(lines, rows, strict=True):
            of_row = [*self._rows.inputs(Place(table, line), row)]
            self.remarks.told += bool(of_row) and layout.fills
            inputs += of_row
        return [*self._before(times[0], found), *inputs] if inputs else inputs

    def _told_of(
        self, times: list[int], found: dict[str, Sequence[Any]], *, ascend: bool = False
    ) -> list[SourceInput] | Rows:
        return _observations(self._completed(times, found), ascend=ascend)

    def _completed(self, times: list[int], found: dict[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Columns with the times, and with what follows from others."""
        found[TIME] = times
        if "wealth" in found and "flow" not in found:
            self._count_gone(found["wealth"])
        if self._threshold is not None:
            found["threshold"] = Column.same(self._threshold, len(times))
        if self._survey.in_coins:
            held = zip(found["position"], found["price"], found["wealth"], strict=True)
            found["target_weight"] = [
                p * price / wealth if None not in {p, price, wealth} and wealth else None for p, price, wealth in held
            ]
        return found

    def _count_gone(self, wealth: Sequence[float | None]) -> None:
        """Count the rows at the table's end whose wealth is none: all may be lost, or it was not read."""
        if (last := wealth[-1]) is None or last > 0:
            self.gone = 0
            return
        gone = next((rows for rows, each in enumerate(reversed(wealth)) if each is not None and each > 0), None)
        self.gone = self.gone + len(wealth) if gone is None else gone

    def _before(self, time: int, found: Mapping[str, Sequence[Any]]) -> Iterator[SourceInput]:
        """The wealth before the first row, where it is given, or follows from what that row won."""
        if self._begun:
            return
        self._begun = True
        won, wealth = found.get("fill_result"), found.get("wealth")
        start, sides = self._asked.start, found.get("fill_side")
        trades = not sides or sides[0] in SIDES
        if start is None and trades and won and wealth and won[0] is not None and wealth[0] is not None:
            start = wealth[0] - float(won[0])
        if start is not None and wealth:
            yield Observation(time=time - 1, wealth=start)

    def _values(self, table: Table, lines: Sequence[int], columns: Sequence[Sequence[str]]) -> dict[str, Sequence[Any]]:
        survey = self._survey
        found: dict[str, Sequence[Any]] = {}
        for column, field in survey.layout.fields.items():
            if column == TIME:
                continue
            try:
                if column in survey.times:
                    found[column] = times_in(survey, column, table, lines, columns[field], needed=False)
                else:
                    found[column] = survey.readers[column].values(table, field, lines, columns[field])
            except TableError as error:
                self._drop(column, error)
            if column in survey.scale:
                scale = survey.scale[column]
                found[column] = [None if each is None else each * scale for each in found[column]]
        return found

    def _drop(self, column: str, error: TableError) -> None:
        """Begin anew without a column that the story can do without."""
        if not self._survey.layout.can_spare(column):
            raise error
        self._dropped[column] = str(error).partition(": ")[2].partition(";")[0]
        self._survey = self._surveyed()
        self.knows = self._known()
        raise StartOver

    def _of_returns(self, times: Sequence[int], returns: Sequence[float | None], own: str) -> list[SourceInput]:
        inputs: list[SourceInput] = []
        if not self._begun:
            self._begun = True
            daily = not self._survey.times[TIME].days and not any(time % DAY for time in times)
            self._later = DAY if daily else 0  # a day's return is known at its close
            step = times[1] - times[0] if len(times) > 1 else DAY
            before = max(LEAST_INSTANT, times[0] + self._later - max(step, 1))
            inputs.append(Observation(time=before, wealth=self._index))
        for time, each in zip(times, returns, strict=True):
            if each is not None:
                self._index = self._after(each, own)
            told = Observation(time=time + self._later, wealth=self._index)
            if inputs[-1:] and inputs[-1].time == told.time:  # several of one time are all told
                inputs[-1] = told
            else:
                inputs.append(told)
        self.remarks.told += len(times)
        return inputs

    def _after(self, told: float, own: str) -> float:
        """Wealth after a return, after all so far, or after what was won."""
        match own:
            case "return":
                return self._index * (1.0 + told)
            case "cumulative":
                return (self._asked.start or 1.0) * (told if self._survey.growth else 1.0 + told)
            case _:
                return self._index + told


def _chosen(
    tables: Sequence[Table], given: Mapping[str, str], shape: str | None, remarks: Remarks
) -> tuple[Sequence[Table], Sample, Layout]:
    """The tables that are told: all of a file, or the first sheet of a workbook that has anything to tell."""
    if tables[0].is_sheet:
        problems = []
        for each in tables:
            try:
                table = parted(each)
                sample = Sample.of(table)
                layout = recognised(table, sample.line, sample.names, sample.columns, given, shape)
            except TableError as error:
                problems.append(error)
                continue
            others = [
                name
                for name in (str(each).rpartition("/")[2] for each in tables)
                if not str(table).endswith(f"/{name}")
            ]
            if others:
                what = "sheet" if table.kind == "excel" else "table"
                remarks.infer(f"{what} {str(table).rpartition('/')[2]} read, not {', '.join(others)}")
            return [table], sample, layout
        raise problems[0]
    tables = list(map(parted, _each_once(tables, remarks)))
    sample = Sample.of(tables[0])
    for table in tables[1:]:
        line, names = next(table.rows())
        if names != sample.names:
            raise table.error(line, None, f"its columns are others than those of {tables[0]}; explain it alone")
    return tables, sample, recognised(tables[0], sample.line, sample.names, sample.columns, given, shape)


def _each_once(tables: Sequence[Table], remarks: Remarks) -> Sequence[Table]:
    """The tables of a zip, without what is the same file under another name."""
    known: dict[object, Table] = {}
    for table in tables:
        before = known.setdefault(table.source.content or table, table)
        if before is not table:
            remarks.infer(f"{table.source.member} is the same file as {before.source.member}: told once")
    return [*known.values()]


def _read_as(layout: Layout) -> str:
    name = layout.shape.name
    if layout.shape is declared.WEALTH and "wealth" not in layout.fields:
        name = "observations"
    return name + (f", {layout.writer}" if layout.writer else "")


def _latest(chunks: Iterable[Sequence[SourceInput] | Rows], remarks: Remarks) -> Iterator[Sequence[SourceInput] | Rows]:
    """Of observations of one time, one after the other, the last, which knows what those before it knew."""
    held: Sequence[SourceInput] = []
    for chunk in chunks:
        if isinstance(chunk, Rows) and (not held or held[0].time < chunk.first_time):
            if held:
                yield held
            if len(chunk) > 1:
                yield chunk.part(0, len(chunk) - 1)
            held = [chunk[-1]]
            continue
        given = [*held, *chunk]
        times = [each.time for each in given]
        if any(neighbours(eq, times)):
            given = _merged(given, remarks)
        held = given[-1:]
        if len(given) > 1:
            yield given[:-1]
    if held:
        yield held


def _merged(given: Sequence[SourceInput], remarks: Remarks) -> list[SourceInput]:
    merged: list[SourceInput] = []
    at: dict[int, int] = {}  # of a time, where its observation stands
    for each in given:
        if isinstance(each, Observation):
            place = at.get(each.time)
            if place is not None:
                remarks.leave_out("a later one has the same time")
                before = merged[place]
                own = {name: value for name in OBSERVATION if (value := getattr(each, name)) is not None}
                merged[place] = replace(before, **own)
                continue
            at = {each.time: len(merged)}
        merged.append(each)
    return merged


def _observations(found: Mapping[str, Sequence[Any]], *, ascend: bool) -> list[SourceInput] | Rows:
    times = found[TIME]
    if "wealth" in found and found.keys() <= _IN_ROWS and (ascend or all(neighbours(lt, times))):
        return Rows(times, {name: Column.of(column) for name, column in found.items() if name != TIME})
    # By place and not by name: a million observations are made in a third of the time.
    last = max(map(OBSERVATION.index, found))
    return list(map(Observation, *(found.get(name, repeat(None)) for name in OBSERVATION[: last + 1])))
