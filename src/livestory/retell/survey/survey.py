"""What is found out of a table, and its first cells as texts and as values: each judge adds to it what it finds."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from livestory.retell.cells import is_unknown
from livestory.retell.columns import INSTANTS
from livestory.retell.shapes.names import name_of
from livestory.retell.time_formats import with_clocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from livestory.errors import TableError
    from livestory.retell.readers import Reader
    from livestory.retell.remarks import Remarks
    from livestory.retell.shapes.layout import Layout
    from livestory.retell.survey.sample import Sample
    from livestory.retell.time_formats import Times

TIMES = INSTANTS | {"entry_time", "exit_time"}


class Survey:
    """How each column of a table is read, and what its rows are."""

    def __init__(self, sample: Sample, layout: Layout, now: int, remarks: Remarks) -> None:
        self.layout, self.now, self.remarks = layout, now, remarks
        self.sample, self.columns = sample, sample.columns
        self.names, self.called = sample.names, [name_of(name) for name in sample.names]
        self.unit, self.quote = layout.unit, layout.quote
        self.base: str | None = None
        self.mark = "."  # what stands before decimals
        self.clock: int | None = None  # the column of times of day beside one of days
        self.times: dict[str, Times] = {}
        self.readers: dict[str, Reader] = {}
        self.scale: dict[str, float] = {}  # what the numbers of a column are multiplied with
        self.in_coins = False  # a lone position is what is held
        self.lots: dict[str, Decimal] = {}  # how much a quantity of 1 is, by symbol
        self.of_hundred = False  # an option is so many of what its price is for
        self.opens = False  # long and short open a position, and a word such as exit closes what is open
        self.by_side = False  # what was bought and what was sold stand apart, and which came first says the side
        self.percent = False  # shares are hundredths
        self.unpriced: frozenset[str] = frozenset()  # symbols whose results and fees are in an unknown currency
        self.gross = False  # results are before the fees of their rows
        self.own_fees = False  # they are after those, and before the fees of the entries
        self.growth = False  # all returns so far are what 1 has become
        self.rights = False  # call and put are what was bought, and no directions
        self.shorts = False  # there are some, and nothing but the results tells which
        self.closes = False  # sides are those of the closing orders
        self.fees_are_negative = False  # they say what was paid
        self._values: dict[str, tuple[Reader, list[Any]]] = {}

    def texts(self, own: str) -> list[str]:
        """The column's first cells that are not empty."""
        texts = self.columns[self.layout.fields[own]]
        if own in self.times or own not in TIMES or self.clock is None:
            return [text for text in texts if text[:1].isdigit() or not is_unknown(text)]  # no unknown begins so
        return with_clocks(texts, self.columns[self.clock])

    def values(self, own: str) -> list[Any]:
        """What the column's first cells say, None where they can't be read."""
        if own not in self.layout.fields:
            return []
        reader = self.readers[own]
        known = self._values.get(own)
        if known is None or known[0] is not reader:
            known = self._values[own] = reader, self.read(reader, self.columns[self.layout.fields[own]])
        return known[1]

    @staticmethod
    def read(reader: Reader, texts: Sequence[str]) -> list[Any]:
        """What some cells say, None where they can't be read."""
        numbers = reader.at_once(texts)
        if numbers is not None:
            return numbers
        found: list[Any] = []
        for text in texts:
            try:
                found.append(None if is_unknown(text) else reader.read(text.strip()))
            except (ValueError, ArithmeticError):
                found.append(None)
        return found

    def numbers(self, own: str) -> list[float]:
        """The numbers among them that are finite."""
        return [value for value in self.values(own) if value is not None and -inf < value < inf]

    def rows(self, *names: str) -> list[dict[str, Any]]:
        """The first rows as values, in some of their columns."""
        size = len(self.columns[0]) if self.columns else 0
        filled = [self.values(own) or [None] * size for own in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*filled, strict=True)]

    def drop(self, own: str, why: str, *, doubted: bool = False) -> None:
        """Leave a column out, with a word."""
        self.layout = self.layout.without(own)
        words = f"{own.replace('_', ' ')} not used: {why}"
        if doubted:
            self.remarks.doubt(words)
        else:
            self.remarks.infer(words)

    def error(self, field: int | None, problem: str) -> TableError:
        """The error that says what is wrong with the table, or with one of its columns."""
        return self.sample.table.error(self.sample.line, None if field is None else field + 1, problem)
