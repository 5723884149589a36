"""What the first rows of a table say of how all of it is to be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, islice
from math import inf, log
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from livestory.errors import InputError
from livestory.retell import cells
from livestory.retell.balances import is_cash, is_statement
from livestory.retell.cells import CURRENCY, is_unknown
from livestory.retell.columns import INSTANTS, OBSERVATION, TIME
from livestory.retell.lots import FOREX, in_another_currency, lots_of, of_fills, of_trips
from livestory.retell.readers import ANY_SIDE, AS_LONG, IS_BUYER, OF_NUMBERS, Reader, reader_of
from livestory.retell.shapes import declared
from livestory.retell.shapes.names import name_of
from livestory.retell.time_formats import Times, times_of, with_clocks, without_midnight, zone_of
from livestory.retell.trip_results import has_moved, is_against
from livestory.retell.words_of_cells import CLOSE, NO_TRADES, OPTIONS_ENDED, SIDES, are_effects, word_of
from livestory.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo
    from decimal import Decimal

    from livestory.retell.remarks import Remarks
    from livestory.retell.shapes.recognised import Layout

ROWS = 20_000
"""As many rows are looked at."""
TIMES = INSTANTS | {"entry_time", "exit_time"}
_WEIGHTS = ("weight", "target_weight")
_MOST_LEVERAGE = 10.0  # beyond it a weight is in percent
_WHOLE = 1.5  # a weight above it is leverage, or in percent
_ALIKE = 0.1  # how far a drawdown may be from what the wealth says, as a share of it
_CLOSE = 0.002
_PERCENT = 0.01
_MOST_SCORE = 100.0
_CLEARLY = 0.25
_FEW = 0.1
_HALF = 0.5
_HAS_LETTERS = re.compile(r"[^\W\d_]{2}").search
_NEARLY_ALL = 0.8
_A_DAY = 0.05  # what hardly a strategy makes from row to row
_CLOCK = re.compile(r"\s*[0-9]{1,2}:[0-9]{2}")
_IS_DEAL = re.compile(r"(?:avg)?(?:buy|bought|sell|sold).*").fullmatch
_CLOCKS = frozenset({"time", "hour", "clock", "tradetime", "exectime", "executiontime", "filltime", "ordertime"})
_SYMBOLS = frozenset({
    "symbol", "symbols", "pair", "instrument", "ticker", "tradingpair", "asset", "coin", "bot", "code", "tscode",
})  # fmt: skip
_WON = re.compile(r".*(?:pnl|profit|gain|return|won|result|pl$)").match
_IN_AND_OUT = frozenset({"incomingoutgoing", "inout", "moneyinout", "mutation", "cashflow"})
"""Columns of what came to an account or left it."""
_OWN_WEALTH = 3  # times that wealth moves more from row to row than within one symbol, where each has its own
_LONGEST = 20  # characters of a cell that a remark repeats


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
        for _, found in table.batches():
            for column, texts in zip(columns, found, strict=True):
                column.extend(islice(texts, ROWS - len(column)))
            if len(columns[0]) >= ROWS:
                break
        return cls(table, line, names, columns)


class Survey:
    """The reader of each column."""

    def __init__(self, sample: Sample, layout: Layout, zone: tzinfo | None, now: int, remarks: Remarks) -> None:
        """Look at the first rows. Raises TableError."""
        self.layout, self.now = layout, now
        self.names, self._names = sample.names, [name_of(name) for name in sample.names]
        self._sample, self._columns, self._remarks = sample, sample.columns, remarks
        self.unit, self.quote = layout.unit, layout.quote
        self.scale: dict[str, float] = {}  # what the numbers of a column are multiplied with
        self.lots: dict[str, Decimal] = {}  # how much a quantity of 1 is, by symbol
        self.opens = False  # long and short open a position, and a word such as exit closes what is open
        self.by_side = False  # what was bought and what was sold stand apart, and which came first says the side
        self.percent = False  # shares are hundredths
        self.unpriced: frozenset[str] = frozenset()  # symbols whose results and fees are in an unknown currency
        self.gross = False  # results are before the fees of their rows
        self.shorts = False  # there are some, and nothing but the results tells which
        self.closes = False  # sides are those of the closing orders
        self.mark = self._decimal_mark(sample.table)
        self.clock = self._clock_column(sample.names)
        self.times: dict[str, Times] = {}
        self._find_times(zone)
        self.readers: dict[str, Reader] = {own: self._reader(own) for own in layout.fields if own not in self.times}
        if layout.shape is declared.WEALTH:
            self._judge_series(sample)
            self._judge_symbols(sample)
        self._judge_cells()
        self.unit = self.unit or self._unit_of("wealth", sample)
        for own in ("fill_price", "fill_result", "entry_price"):
            self.quote = self.quote or self._unit_of(own)
        self.base = self._unit_of("fill_quantity")
        self.fees_are_negative = self._are_fees_negative()  # they say what was paid
        self._judge_numbers()
        self.in_coins = self._is_in_coins()
        if layout.shape is declared.TRIPS:
            self._judge_trips()
        elif layout.shape is declared.FILLS:
            self._judge_sides(sample)

    def _find_times(self, zone: tzinfo | None) -> None:
        """Find out how each column of times is written; ``zone`` is that of a time which names none."""
        found = {
            own: [each for each in self._texts(own) if any(map(str.isdigit, each))]
            for own in self.layout.fields
            if own in TIMES
        }
        zone = zone or self._named_zone()
        for own, texts in found.items():
            beside = chain.from_iterable(others for other, others in found.items() if other != own)
            traded = self.layout.shape in {declared.FILLS, declared.TRIPS, declared.PAIRS}
            self.times[own] = times_of(texts, self._zone_of(own) or zone, self.now, beside, traded=traded)
            self._remarks.infer(self.times[own].said)

    def _judge_numbers(self) -> None:
        """Find out in what the numbers of each column are, and leave out those that say nothing or contradict."""
        for own in _WEIGHTS:
            self._weigh(own)
        shape = self.layout.shape
        if shape is declared.RETURNS:
            self._weigh_returns()
        elif shape is declared.WEALTH:
            self._judge_drawdown()
            self._judge_score()
            self._refuse_nothing()
            self._refuse_statement()
        elif shape in {declared.TRIPS, declared.FILLS}:
            self._judge_results()
            if shape is declared.FILLS and is_cash(self._rows("wealth", "fill_side", "fill_quantity", "fill_price")):
                self.drop("wealth", "it is the cash, without what was bought for it")

    def _reader(self, own: str) -> Reader:
        called = self._names[self.layout.fields[own]].spellings[0]
        if own == "fill_side" and self.layout.shape is declared.FILLS:
            if called == "isbuyer":
                return IS_BUYER
            if are_effects(self._texts(own)):
                return AS_LONG
            return ANY_SIDE
        return reader_of(own, self.mark)

    def _texts(self, own: str) -> list[str]:
        texts = self._columns[self.layout.fields[own]]
        if own in self.times or own not in TIMES or self.clock is None:
            return [text for text in texts if not is_unknown(text)]
        return with_clocks(texts, self._columns[self.clock])

    def _zone_of(self, own: str) -> tzinfo | None:
        """The zone that the name of a column of times gives."""
        name = self._names[self.layout.fields[own]].zone
        if name is None:
            return None
        try:
            return zone_of(name)
        except InputError:
            return None

    def _named_zone(self) -> tzinfo | None:
        """The zone that a column of the table names in each row."""
        field = next((n for n, name in enumerate(self._names) if name.spellings[0] == "timezone"), None)
        named = {text.strip() for text in self._columns[field]} if field is not None else set()
        try:
            return zone_of(named.pop()) if len(named) == 1 else None
        except InputError:
            return None

    def _judge_cells(self) -> None:
        """Leave out the columns of a usual name in which not one cell is what it should be: words for numbers."""
        for own, reader in self.readers.items():
            if own not in self.layout.fields or not self.layout.can_spare(own):
                continue
            known = self._texts(own)
            if known and not any(_is_read(reader, text.strip()) for text in known):
                self.drop(own, f"{known[0].strip()[:_LONGEST]!r} is not {reader.expected}")

    def _judge_series(self, sample: Sample) -> None:
        """Refuse a wealth for each of several, such as models, at each time. Raises TableError."""
        if "wealth" not in self.layout.fields:
            return
        times = Counter(self._columns[self.layout.fields[TIME]])
        again = {time for time, rows in times.items() if rows > 1}
        if len(again) < _HALF * len(times):
            return
        order = {time: place for place, time in enumerate(times)}
        rows = sorted(range(len(self._columns[0])), key=lambda row: order[self._columns[self.layout.fields[TIME]][row]])
        wealth = self._values("wealth")
        for field, texts in enumerate(self._columns):
            of_time: dict[str, set[str]] = {time: set() for time in again}
            for time, text in zip(self._columns[self.layout.fields[TIME]], texts, strict=True):
                if time in again and _HAS_LETTERS(text):
                    of_time[time].add(text)
            several = sum(len(each) > 1 for each in of_time.values()) > _HALF * len(again)
            if not several or field in self.layout.fields.values() or len({*texts}) > _HALF * len(texts):
                continue
            moved, within = _moved([texts[row] for row in rows], [wealth[row] for row in rows])
            if moved > within:  # else it is one wealth, told after each of several trades
                problem = f"a wealth for each {sample.names[field].strip()} at one time"
                raise sample.table.error(sample.line, field + 1, f"{problem}; keep the rows of one")

    def _judge_symbols(self, sample: Sample) -> None:
        """Of a table whose rows are of several symbols, what is of one symbol alone is not told. Raises TableError."""
        field = next((n for n, name in enumerate(self._names) if name.spellings[0] in _SYMBOLS), None)
        if field is None or len({text.strip() for text in self._columns[field]} - {""}) <= 1:
            return
        for own in ("price", "position", "weight", "target_weight", "score", "regime"):
            if own in self.layout.fields:
                self.drop(own, "the rows are of several symbols")
        moved, within = _moved(self._columns[field], self._values("wealth"))
        if moved > _OWN_WEALTH * (within + _FEW):
            problem = "a wealth for each of several symbols, which is none of the whole account"
            raise sample.table.error(sample.line, field + 1, f"{problem}; keep the rows of one, or add them up")

    def _decimal_mark(self, table: Table) -> str:
        """What stands before decimals: one way in all of a table."""
        columns = [self._texts_of(field) for own, field in self.layout.fields.items() if own in OF_NUMBERS]
        odd = [texts for texts in columns if "," in (joined := "".join(texts)) or "." in joined.replace(".", "", 1)]
        if not any("," in "".join(texts) for texts in columns) and table.is_of_commas:
            return "."
        mark = cells.decimal_mark(text for texts in odd for text in texts)
        if mark is None:
            mark = "." if table.is_of_commas else ","
            self._remarks.infer(
                f"nothing says what the comma in numbers is: read as {'thousands' if mark == '.' else 'decimals'}"
            )
        elif mark == ",":
            self._remarks.infer("numbers have a decimal comma")
        return mark

    def _texts_of(self, field: int) -> Sequence[str]:
        return self._columns[field]

    def _clock_column(self, names: Sequence[str]) -> int | None:
        """The column of times of day beside one of days."""
        day = self.layout.fields.get(TIME)
        if day is None or any(":" in text for text in map(without_midnight, self._columns[day])):
            return None
        for field in range(len(names)):
            texts = self._columns[field]
            if (
                field != day
                and any(each in _CLOCKS for each in self._names[field].spellings)
                and any(texts)
                and all(_CLOCK.match(text) or not text.strip() for text in texts)
            ):
                return field
        return None

    def _unit_of(self, own: str, sample: Sample | None = None) -> str | None:
        """The unit that is written into the cells, where all have the same.

        Raises TableError where they have several, which can't be told as one: ``sample`` asks for that.
        """
        if own not in self.layout.fields:
            return None
        units = set()
        for text in self._texts(own)[:1000]:
            try:
                units.add(cells.written(text, self.mark).unit)
            except ValueError:
                continue
        named = units - {None}
        if len(named) > 1 and sample is not None:
            problem = f"{own} in {' and '.join(sorted(filter(None, named)))}; keep the rows of one of them"
            raise sample.table.error(sample.line, self.layout.fields[own] + 1, problem)
        return named.pop() if len(units) == len(named) == 1 else None

    def _values(self, own: str) -> list[Any]:
        """What the column's first cells say, None where they can't be read."""
        if own not in self.layout.fields:
            return []
        reader, texts = self.readers[own], self._columns[self.layout.fields[own]]
        found: list[Any] = []
        if (numbers := reader.at_once(texts)) is not None:
            return numbers
        for text in texts:
            try:
                found.append(None if is_unknown(text) else reader.read(text.strip()))
            except (ValueError, ArithmeticError):
                found.append(None)
        return found

    def _numbers(self, own: str) -> list[float]:
        return [value for value in self._values(own) if value is not None and -inf < value < inf]

    def _are_fees_negative(self) -> bool:
        amounts = [
            fee.amount
            for own in ("fill_fee", "other_fee", "entry_fee", "exit_fee")
            for fee in self._values(own)
            if fee is not None and fee.amount
        ]
        found = bool(amounts) and all(amount < 0 for amount in amounts)
        if found:
            self._remarks.infer("fees are negative: read as paid")
        return found

    def _weigh(self, own: str) -> None:
        most = max(map(abs, self._numbers(own)), default=0.0)
        name = own.replace("_", " ")
        if most > _MOST_LEVERAGE and own not in self.layout.given:
            self.scale[own] = _PERCENT
            self._remarks.infer(f"{name} read as percent")
        elif most > _WHOLE:
            self._remarks.doubt(f"{name} above 1, up to {most:g}")

    def _weigh_returns(self) -> None:
        if "return" not in self.layout.fields:
            return
        returns = [abs(each) for each in self._numbers("return")]
        name = self._names[self.layout.fields["return"]].spellings[0]
        named = "pct" in name or "percent" in name  # and yet some so called are shares of 1
        if max(returns, default=0.0) > 1 or (named and sum(returns) > _A_DAY * len(returns)):
            self.scale["return"] = _PERCENT
            self._remarks.infer("returns read as percent")

    def _refuse_nothing(self) -> None:
        """Refuse a table of which no column is left. Raises TableError."""
        if not self.layout.fields.keys() & {*OBSERVATION[1:]}:
            why = "; ".join([*self._remarks.inferred, *self._remarks.doubts])
            problem = f"nothing to tell besides the time: {why}; name another with --columns"
            raise self._sample.table.error(self._sample.line, None, problem)

    def _refuse_statement(self) -> None:
        """Refuse the cash of an account, from which purchases go. Raises TableError."""
        field = self.layout.fields.get("wealth")
        if field is None or "wealth" in self.layout.given:
            return
        others = [n for n in range(len(self._names)) if n not in self.layout.fields.values()]
        words = [self._columns[n] for n in others]
        bought = {
            row
            for texts in words
            for row, text in enumerate(texts)
            if _HAS_LETTERS(text) and SIDES.get(word_of(text)) == "buy"
        }
        read = reader_of("wealth", self.mark)
        amounts = []
        for n in others:
            called = self._names[n].spellings[0]
            column = [_read_by(read, text) for text in self._columns[n]]
            paid = any((column[row] or 0) < 0 for row in bought) and not _WON(called)
            if paid or called in _IN_AND_OUT:
                amounts.append(column)
        if is_statement(self._values("wealth"), amounts):
            problem = f"a statement of cash: {declared.LEDGER.advice}"
            raise self._sample.table.error(self._sample.line, field + 1, problem)

    def _judge_score(self) -> None:
        scores = self._numbers("score")
        alone = self.layout.fields.keys() == {TIME, "score"} and len(self._names) > len(self.layout.fields)
        if alone and self._names[self.layout.fields["score"]].spellings[0] == "score":
            self.drop("score", "nothing says that it is a regime's")
        elif scores and any(not 0 <= score <= _MOST_SCORE for score in scores) and "regime" not in self.layout.fields:
            self.drop("score", "beyond 0 to 100, so no regime score")

    def _judge_drawdown(self) -> None:
        if "drawdown" not in self.layout.fields or "halted" in self.layout.fields:
            return
        told = [value if value is None or -inf < value < inf else None for value in self._values("drawdown")]
        wealth = self._values("wealth") or [None] * len(told)
        known = [(each, money) for each, money in zip(told, wealth, strict=True) if each is not None]
        if not any(each for each, _ in known):
            return
        scale = min((1.0, -1.0, 0.01, -0.01), key=lambda scale: _error(known, scale))
        if _error(known, scale) > 1:
            self.drop("drawdown", "it contradicts wealth, so it is not believed", doubted=True)
        elif scale != 1.0:
            self.scale["drawdown"] = scale
            way = " in percent" if abs(scale) < 1 else ""
            self._remarks.infer(f"drawdown read as {'positive' if scale < 0 else 'negative'}{way}")

    def _is_in_coins(self) -> bool:
        """Whether a lone position is what is held, by what wealth and price did: then its weight follows."""
        if not self.layout.lone_position or not {"wealth", "price", "position"} <= self.layout.fields.keys():
            return False
        rows = [
            row
            for row in zip(*(self._values(own) for own in ("wealth", "price", "position")), strict=True)
            if None not in row and row[0] and row[1]
        ]
        held = weighed = 0.0
        for before, after in zip(rows, islice(rows, 1, None), strict=False):
            won, moved = after[0] - before[0], after[1] - before[1]
            held += (won - before[2] * moved) ** 2
            weighed += (won - before[2] * before[0] * moved / before[1]) ** 2
        found = held < _CLEARLY * weighed
        if found:
            self._remarks.infer("position read as held: weight = position × price / wealth")
        return found

    def _judge_trips(self) -> None:
        names = ("entry_price", "exit_price", "share", "fill_result")
        rows = self._rows(*names)
        moves = [
            (abs(row["share"]), abs(float(row["exit_price"] / row["entry_price"]) - 1))
            for row in rows
            if row["share"] is not None and row["entry_price"] and row["exit_price"]
        ]
        self.percent = sum(share for share, _ in moves) > _MOST_LEVERAGE * sum(move for _, move in moves) > 0
        says_side = self.layout.fields.keys() & {"fill_side", "closing_side"}
        legs = [self.layout.fields.get(own) for own in ("entry_time", "exit_time", "entry_price", "exit_price")]
        named = [self._names[field].spellings[0] for field in legs if field is not None]
        self.by_side = not says_side and len(named) == len(legs) and all(map(_IS_DEAL, named))
        if self.by_side:
            self.readers["fill_side"] = reader_of("fill_side", self.mark)
            return
        if says_side == {"fill_side"}:
            self.closes = self._are_of_the_close(sum(map(has_moved, rows)))
        if says_side or any(map(_is_negative, self._values("fill_quantity"))):
            return
        against = sum(is_against(row, 100 if self.percent else 1) for row in rows)
        self.shorts = against > _FEW * len(rows)
        if rows:
            self._remarks.infer("no side in it: " + ("told from the results" if self.shorts else "all taken as long"))

    def _are_of_the_close(self, moved: int) -> bool:
        """Whether the sides are those of the closing orders: then results contradict nearly all of them."""
        rows = self._rows("entry_price", "exit_price", "share", "fill_result", "fill_side")
        against = 0
        for row in rows:
            side = SIDES.get(row["fill_side"] or "")
            is_short = is_against(row, 100 if self.percent else 1)
            against += side is not None and has_moved(row) and is_short != (side == "sell")
        found = against > _NEARLY_ALL * moved > 0
        if found:
            self._remarks.infer("sides read as those of the closing orders, by the results")
        return found

    def _judge_sides(self, sample: Sample) -> None:
        """Whether long and short are what was opened. Raises TableError where nothing says what was closed."""
        field = self.layout.fields.get("fill_side")
        if field is None:
            return
        words = set(self._values("fill_side"))
        said = {text.casefold() for text in self._texts("fill_side")}
        if said and all("signal" in text for text in said):
            problem = "sides are signals, which say what was wanted and not what was filled"
            raise sample.table.error(sample.line, field + 1, f"{problem}; explain the fills, or the account's wealth")
        if ended := words & OPTIONS_ENDED:
            problem = f"options that ended without a trade ({', '.join(sorted(ended))}), which no price tells"
            advice = "explain the account's wealth, or delete the rows of options"
            raise sample.table.error(sample.line, field + 1, f"{problem}; {advice}")
        if self.readers["fill_side"] is AS_LONG:
            self._take_as_long(sample)
        if not words & {"long", "short"} or "fill_effect" in self.layout.fields:
            return
        self.opens = CLOSE in words
        if not self.opens and words <= {"long", "short", None} | NO_TRADES:
            problem = "sides are long and short, and nothing says which rows open a position and which close one"
            if "wealth" in self.layout.fields:
                self._remarks.doubt(f"no trades are told: {problem}")
                self._remarks.read_as = "wealth"
                left = {own: place for own, place in self.layout.fields.items() if own in OBSERVATION}
                self.layout = replace(self.layout, shape=declared.WEALTH, fields=left)
                return
            raise sample.table.error(
                sample.line, field + 1, f"{problem}; name the column that does: --columns fill_effect=…"
            )

    def _take_as_long(self, sample: Sample) -> None:
        """Take entries without a direction as long. Raises TableError where the results say otherwise."""
        entries: dict[str | None, Decimal] = {}
        against = moved = 0
        for row in self._rows("fill_symbol", "fill_side", "fill_price", "fill_result"):
            symbol, price = row["fill_symbol"], row["fill_price"]
            if row["fill_side"] == "open long" and price:
                entries[symbol] = price
            elif entries.get(symbol) and price and row["fill_result"] and row["fill_side"] == "close long":
                moved += 1
                against += is_against(
                    {"entry_price": entries[symbol], "exit_price": price, "fill_result": row["fill_result"]}, 1
                )
        if against > _FEW * moved:
            problem = "entries and exits without a direction, and by the results some of them were short"
            field = self.layout.fields["fill_side"] + 1
            raise sample.table.error(
                sample.line, field, f"{problem}; name the column that says it: --columns fill_side=…"
            )
        self._remarks.infer("no direction in it: all taken as long")

    def _rows(self, *names: str) -> list[dict[str, Any]]:
        """The first rows as values, in some of their columns."""
        size = len(self._columns[0]) if self._columns else 0
        filled = [self._values(own) or [None] * size for own in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*filled, strict=True)]

    def _judge_percent(self) -> None:
        """A column of results that are all in percent holds shares, and no money."""
        field = self.layout.fields.get("fill_result")
        texts = self._texts("fill_result") if field is not None else []
        if not texts or not all("%" in text for text in texts):
            return
        self.drop("fill_result", "it is in percent")
        if field is not None and self.layout.shape is declared.TRIPS and "share" not in self.layout.fields:
            self.layout = replace(self.layout, fields=self.layout.fields | {"share": field})
            self.readers["share"] = reader_of("share", self.mark)

    def _judge_results(self) -> None:
        """Leave out results that are none, and find out of how much each quantity is by those that are."""
        self._judge_percent()
        if "fill_result" not in self.layout.fields:
            return
        if (unit := self._other_currency()) is not None:
            self.drop("fill_result", f"it is in {unit}")
            return
        results = [value for value in self._values("fill_result") if value is not None]
        if len(results) > 1 and not any(results):
            self.drop("fill_result", "it is 0 throughout")
            return
        of_row = ("fill_symbol", "fill_quantity", "fill_result")
        if self.layout.shape is declared.FILLS and _are_payments(self._rows(*of_row, "fill_price")):
            self.drop("fill_result", "it is what was paid")
            return
        if self.layout.shape is declared.TRIPS:
            closed = [*of_trips(self._rows(*of_row, "entry_price", "exit_price"))]
        else:
            closed = [*of_fills(self._rows(*of_row, "fill_side", "fill_price"), SIDES)]
        self.lots = lots_of(closed)
        self._judge_currencies(closed)
        told = dict.fromkeys(self.lots.values())
        if told:
            self._remarks.infer(f"a quantity of 1 is {' or '.join(f'{lot:f}' for lot in told)} by the results")
        known = self.layout.fields.keys() & {"fill_fee", "entry_fee", "exit_fee", "funding"}
        if not self.layout.gross or not known:
            return
        if "fill_fee_asset" in self.layout.fields:
            self.drop("fill_result", "it is before fees, which are known")
            return
        self.gross = True
        swap = " and swap" if "funding" in self.layout.fields else ""
        self._remarks.infer(f"results are before fees{swap}, which are taken off")

    def _judge_currencies(self, closed: Iterable[tuple[str, Decimal]]) -> None:
        """Of currency pairs whose results are in the account's currency, take the lot, and no result and no fee."""
        others = in_another_currency(closed)
        if not others:
            return
        self.unpriced = frozenset(others)
        self.lots |= dict.fromkeys(others, FOREX)
        self._remarks.infer(
            f"results and fees of {', '.join(others)} not used: they are in the account's currency, not in the quote's"
        )

    def _other_currency(self) -> str | None:
        """The currency of the results, where that of the prices is known to be another."""
        name = self._names[self.layout.fields["fill_result"]]
        called = f"currency{name.spellings[0]}"
        beside = next((n for n, each in enumerate(self._names) if each.spellings[0] == called), None)
        units = {name.unit} if beside is None else {text.strip() for text in self._columns[beside]}
        quotes = {text.strip() for text in self._texts("quote")} if "quote" in self.layout.fields else set()
        quotes = quotes or ({self.layout.quote} if self.layout.quote else set())
        units, quotes = units - {None, ""}, quotes - {""}
        known = units and quotes and all(CURRENCY(str(unit)) for unit in units | quotes)
        return " and ".join(sorted(map(str, units))) if known and units != quotes else None

    def drop(self, own: str, why: str, *, doubted: bool = False) -> None:
        """Leave a column out, with a word."""
        self.layout = self.layout.without(own)
        words = f"{own.replace('_', ' ')} not used: {why}"
        if doubted:
            self._remarks.doubt(words)
        else:
            self._remarks.infer(words)


def _are_payments(fills: Iterable[Mapping[str, Any]]) -> bool:
    """Whether what is called the result of each fill is its price times its quantity, but for fees."""
    paid = [
        abs(fill["fill_result"]) / abs(fill["fill_quantity"] * fill["fill_price"])
        for fill in fills
        if fill["fill_result"] and fill["fill_quantity"] and fill["fill_price"]
    ]
    return len(paid) > 1 and all(abs(each - 1) < _CLEARLY for each in paid)


def _moved(names: Iterable[str], values: Iterable[float | None]) -> tuple[float, float]:
    """The sum of the changes of wealth from row to row, and that between rows of the same name."""
    moved = within = 0.0
    last: float | None = None
    of: dict[str, float] = {}
    for name, wealth in zip(names, values, strict=False):
        if wealth is None or not 0 < wealth < inf:
            continue
        moved += abs(log(wealth / (last or wealth)))
        within += abs(log(wealth / of.get(name, wealth)))
        last = of[name] = wealth
    return moved, within


def _read_by(reader: Reader, text: str) -> float | None:
    try:
        found: float = reader.read(text.strip())
    except (ValueError, ArithmeticError):
        return None
    return found


def _is_read(reader: Reader, text: str) -> bool:
    try:
        reader.read(text)
    except (ValueError, ArithmeticError, msgspec.DecodeError):
        return False
    return True


def _is_negative(value: Any) -> bool:
    return value is not None and value < 0


def _error(rows: Iterable[tuple[float, float | None]], scale: float) -> float:
    """The largest difference between a column and the drawdown computed from wealth; up to 1 they count as equal."""
    peak, worst = 0.0, 0.0
    for told, wealth in rows:
        drawdown = told * scale
        if drawdown > _CLOSE or drawdown < -1:
            return inf
        if wealth is None or not 0 < wealth < inf:
            continue
        if not peak and drawdown > -1:
            peak = wealth / (1 + drawdown)
        peak = max(peak, wealth)
        measured = wealth / peak - 1
        worst = max(worst, abs(measured - drawdown) / (_CLOSE + _ALIKE * abs(measured)))
    return worst
