"""What the first rows of a table say of how all of it is to be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from livestory.retell import cells
from livestory.retell.cells import UNKNOWN
from livestory.retell.columns import INSTANTS, TIME
from livestory.retell.readers import OF_NUMBERS, Reader, reader_of
from livestory.retell.shapes import declared
from livestory.retell.times import Times, times_of
from livestory.retell.trade_rows import is_against
from livestory.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

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
_HUNDRED = 100.0
_CLEARLY = 0.25
_FEW = 0.1
_CLOCK = re.compile(r"\s*[0-9]{1,2}:[0-9]{2}")


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
    """How each column is read."""

    def __init__(self, sample: Sample, layout: Layout, zone: tzinfo | None, now: int, remarks: Remarks) -> None:
        """Look at the first rows. Raises TableError."""
        self.layout = layout
        self.now = now
        self._columns = sample.columns
        self._remarks = remarks
        self.mark = self._decimal_mark(sample.table)
        self.clock = self._clock_column(sample.names)
        self.times: dict[str, Times] = {}
        for own in (own for own in layout.fields if own in TIMES):
            texts = [each for each in self._texts(own) if any(map(str.isdigit, each))]
            self.times[own] = times_of(texts, zone, now)
            remarks.infer(self.times[own].said)
        self.readers: dict[str, Reader] = {
            own: reader_of(own, self.mark) for own in layout.fields if own not in self.times
        }
        self.unit, self.quote = layout.unit, layout.quote
        for own in ("wealth", "fill_price", "fill_result", "entry_price"):
            self._unit_of(own)
        self.fees_are_negative = self._are_fees_negative()
        self.scale: dict[str, float] = {}  # what the numbers of a column are multiplied with
        for own in _WEIGHTS:
            self._weigh(own)
        if layout.shape is declared.RETURNS:
            self._weigh_returns()
        if layout.shape is declared.WEALTH:
            self._judge_drawdown()
            self._judge_score()
        self.in_coins = self._is_in_coins()
        self.percent = self.shorts = False
        if layout.shape is declared.TRIPS:
            self._judge_trips()

    def _texts(self, own: str) -> list[str]:
        texts = self._columns[self.layout.fields[own]]
        if own in self.times or own not in TIMES or self.clock is None:
            return [text for text in texts if text.strip().casefold() not in UNKNOWN]
        return [f"{day.strip()} {clock.strip()}" for day, clock in zip(texts, self._columns[self.clock], strict=True)]

    def _decimal_mark(self, table: Table) -> str:
        """What stands before decimals: one way in all of a table."""
        columns = [self._texts_of(field) for own, field in self.layout.fields.items() if own in OF_NUMBERS]
        odd = [texts for texts in columns if "," in (joined := "".join(texts)) or "." in joined.replace(".", "", 1)]
        if not any("," in text for texts in columns for text in texts) and table.is_of_commas:
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
        if day is None:
            return None
        for field, name in enumerate(names):
            texts = self._columns[field]
            if (
                field != day
                and name.strip(" <>").casefold() in {"time", "hour", "clock"}
                and texts
                and all(map(_CLOCK.match, texts))
            ):
                return field
        return None

    def _unit_of(self, own: str) -> None:
        """The unit that is written into the cells, where all have the same."""
        if own not in self.layout.fields:
            return
        units = set()
        for text in self._texts(own)[:1000]:
            try:
                units.add(cells.written(text, self.mark).unit)
            except ValueError:
                continue
        (unit,) = units if len(units) == 1 else (None,)
        if own == "wealth":
            self.unit = self.unit or unit
        else:
            self.quote = self.quote or unit

    def _values(self, own: str) -> list[Any]:
        """What the column's first cells say, None where they can't be read."""
        if own not in self.layout.fields:
            return []
        reader = self.readers[own]
        found = []
        for text in self._columns[self.layout.fields[own]]:
            try:
                found.append(None if text.strip().casefold() in UNKNOWN else reader.read(text.strip()))
            except (ValueError, ArithmeticError):
                found.append(None)
        return found

    def _numbers(self, own: str) -> list[float]:
        return [value for value in self._values(own) if value is not None and -inf < value < inf]

    def _are_fees_negative(self) -> bool:
        amounts = [
            fee.amount
            for own in ("fill_fee", "entry_fee", "exit_fee")
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
            self.scale[own] = 1 / _HUNDRED
            self._remarks.infer(f"{name} read as percent")
        elif most > _WHOLE:
            self._remarks.doubt(f"{name} above 1, up to {most:g}")

    def _weigh_returns(self) -> None:
        if max(map(abs, self._numbers("return")), default=0.0) > 1:
            self.scale["return"] = 1 / _HUNDRED
            self._remarks.infer("returns read as percent")

    def _judge_score(self) -> None:
        scores = self._numbers("score")
        if scores and not all(0 <= score <= _HUNDRED for score in scores) and "regime" not in self.layout.fields:
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
        if not self.layout.lone_position or not {"wealth", "price"} <= self.layout.fields.keys():
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
        columns = [self._values(own) or None for own in names]
        size = len(self._columns[0]) if self._columns else 0
        filled = [column or [None] * size for column in columns]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*filled, strict=True)]
        moves = [
            (abs(row["share"]), abs(float(row["exit_price"] / row["entry_price"]) - 1))
            for row in rows
            if row["share"] is not None and row["entry_price"] and row["exit_price"]
        ]
        self.percent = sum(share for share, _ in moves) > _MOST_LEVERAGE * sum(move for _, move in moves) > 0
        if "fill_side" in self.layout.fields or any(map(_is_negative, self._values("fill_quantity"))):
            return
        against = sum(is_against(row, 100 if self.percent else 1) for row in rows)
        self.shorts = against > _FEW * len(rows)
        if rows:
            self._remarks.infer("no side in it: " + ("told from the results" if self.shorts else "all taken as long"))

    def drop(self, own: str, why: str, *, doubted: bool = False) -> None:
        """Leave a column out, with a word."""
        self.layout = self.layout.without(own)
        words = f"{own.replace('_', ' ')} not used: {why}"
        if doubted:
            self._remarks.doubt(words)
        else:
            self._remarks.infer(words)


def _is_negative(value: Any) -> bool:
    return value is not None and value < 0


def _error(rows: Iterable[tuple[float, float | None]], scale: float) -> float:
    """How far a column is from the drawdown that wealth shows, at most, in units of what is alike."""
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
