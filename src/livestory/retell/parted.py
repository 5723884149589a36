"""Cells that hold two things, parted: ``BTCUSDT Long·Cross`` is a symbol and a side, ``2001INCH`` may be 200 1INCH.

And what two cells hold together: a day of entry, and a time of day beside it. Objects become columns of their own.
"""

from __future__ import annotations

import re
from ast import literal_eval
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from livestory.retell.cells import written
from livestory.retell.options import are_rights, are_several, described, is_option, told_apart
from livestory.retell.shapes.names import name_of
from livestory.retell.time_formats import with_clocks
from livestory.retell.whole_rows import whole_rows
from livestory.story.symbol import assets
from livestory.tables import Batch, Table, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from livestory.tables import Short

T = TypeVar("T")

_WITH_SIDE = re.compile(r"\s*(\S+)[ _](long|short)\b[^a-z]*(?:cross|isolated)?[^a-z]*", re.IGNORECASE).fullmatch
_CLOCK = re.compile(r"\s*(?:[0-9]{1,2}:[0-9]{2}(?::[0-9.]+)?(?: ?[AaPp][Mm])?)?\s*").fullmatch
_SYMBOLS = frozenset({"futures", "symbol", "contract", "pair", "position"})
_NAMED = frozenset({"symbol", "pair", "market", "instrument", "ticker", "asset", "coin", "product", "security", "item"})
_QUANTITIES = frozenset({"amount", "quantity", "executed", "filled", "qty", "size", "volume"})
_PRICES = frozenset({"price", "rate"})
_QUOTES = frozenset({"currency", "quoteasset", "quotecurrency"})
_PAIRS = frozenset({"pair", "symbol", "market"})
_FEES = frozenset({"fee", "commission"})
_OF_OPTIONS = ("symbol", "ticker", "instrument", "underlying", "root", "underlyingsymbol", "stock", "asset")
_DAYS = frozenset({"expiry", "expiration", "expirationdate", "expirydate", "expdate", "exp", "maturity"})
_STRIKES = frozenset({"strike", "strikeprice"})
_RIGHTS = frozenset(
    {"right", "type", "putcall", "callput", "callorput", "putorcall", "optiontype", "opttype", "cp", "pc"}
)
_SEVERAL = 2
_TOLD = _PRICES | {
    "entryprice",
    "avgprice",
    "fillprice",
    "close",
    "equity",
    "balance",
    "portfoliovalue",
    "wealth",
    "value",
}
_OF_DAYS = ("date", "tradedate", "day", "entrydate", "tradeday")
_OF_BINANCE = frozenset({"executed", "quantity", "amount"}) | _FEES


class Parted(Table, frozen=True):
    """A table in which the cells of some columns are parted."""

    with_side: int = -1  # the column that holds symbols with their sides
    pairs: int = -1  # the column of pairs whose base begins with a digit
    amounts: tuple[int, ...] = ()  # columns that may end with that base
    fees: tuple[int, ...] = ()
    days: tuple[tuple[int, int, int], ...] = ()  # columns of days, of their times of day, and where both then stand
    units: tuple[int, int] | None = None  # the columns of a quantity and a price whose units make the symbol
    quote: int = -1  # the column of prices whose units differ
    option: tuple[int, ...] = ()  # the columns of symbols, and of days, strikes and rights that tell one from the next
    described: tuple[int, int] | None = None  # the columns of symbols, and of words that name an option
    objects: tuple[tuple[int, str], ...] = ()  # columns of objects, each with a key that becomes a column
    ended: tuple[int, int] | None = None  # the columns of sides, and of what else happened where one is empty

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """As the table has them."""
        rows = self._whole.rows()
        line, names = next(rows)
        added = {"side": self.with_side >= 0, "symbol": self.units is not None, "quote asset": self.quote >= 0}
        yield line, [*names, *(name for name, is_there in added.items() if is_there), *(key for _, key in self.objects)]
        for line, fields in rows:
            yield line, [column[0] for column in self._parted([[field] for field in fields])]

    def batches(self, short: Short = refuse) -> Iterator[Batch]:
        """As the table has them."""
        for lines, columns in self._whole.batches(short):
            yield Batch(lines, self._parted(columns))

    def batches_or(
        self,
        read: Callable[[str, str], T | None],  # noqa: ARG002 - whole lines say nothing of what was parted
        short: Short = refuse,
    ) -> Iterator[Batch | T]:
        """As the table has them."""
        return self.batches(short)

    @property
    def _whole(self) -> Table:
        return Table(self.source, self.kind)

    def _parted(self, columns: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        found = list(columns)
        if self.with_side >= 0:
            cells = [_WITH_SIDE(text) for text in columns[self.with_side]]
            found[self.with_side] = [
                cell[1] if cell else text for cell, text in zip(cells, found[self.with_side], strict=True)
            ]
            found.append([cell[2] if cell else "" for cell in cells])
        if self.option:
            symbol, *legs = self.option
            found[symbol] = told_apart(columns[symbol], [columns[leg] for leg in legs])
        elif self.described is not None:
            symbol, words = self.described
            found[symbol] = list(map(described, columns[symbol], columns[words]))
        if self.ended is not None:
            side, other = self.ended
            found[side] = [
                text if text.strip() else word for text, word in zip(columns[side], columns[other], strict=True)
            ]
        for day, clock, place in self.days:
            found[place] = with_clocks(columns[day], columns[clock])
        if self.units is not None:
            found.append(list(map(_symbol, *(columns[field] for field in self.units))))
        if self.quote >= 0:
            found.append([_unit(text) for text in columns[self.quote]])
        held = {column: list(map(_object, columns[column])) for column in {column for column, _ in self.objects}}
        found += [[_text(each.get(key)) for each in held[column]] for column, key in self.objects]
        for field in (*self.amounts, *self.fees):
            rows = zip(columns[field], columns[self.pairs], strict=True)
            found[field] = [_of_base(text, pair, is_fee=field in self.fees) for text, pair in rows]
        return found


def parted(table: Table) -> Table:
    """The table, or one whose cells are parted where its first ones hold two things. Raises TableError."""
    _, header = next(table.rows())
    names = [name_of(name).spellings[0] for name in header]
    first = next(whole_rows(table.batches), None)
    if first is None:
        return table
    with_side = next(
        (n for n, name in enumerate(names) if name in _SYMBOLS and all(map(_WITH_SIDE, first.columns[n]))), -1
    )
    pairs = next((n for n, name in enumerate(names) if name in _PAIRS and any(map(_digit, first.columns[n]))), -1)
    days = _days(names, first)
    units = _units(names, first)
    prices = [n for n, name in enumerate(names) if name in _PRICES and not _QUOTES & {*names}]
    quote = next((n for n in prices if len({_unit(text) for text in first.columns[n]} - {""}) > 1), -1)
    option, words = _option(names, first), _described(names, first)
    ended = (names.index("action"), names.index("subtype")) if {"action", "subtype"} <= {*names} else None
    objects = _objects(names, first)
    kinds = (objects, with_side >= 0, pairs >= 0, days, units, quote >= 0, option, words, ended)
    if not any(kinds):
        return table
    amounts = [n for n, name in enumerate(names) if pairs >= 0 and name in _OF_BINANCE]
    return Parted(
        table.source,
        table.kind,
        with_side=with_side,
        pairs=pairs,
        amounts=tuple(n for n in amounts if names[n] not in _FEES),
        fees=tuple(n for n in amounts if names[n] in _FEES),
        days=days,
        units=units,
        quote=-1 if units is not None else quote,
        option=option,
        described=words,
        ended=ended,
        objects=objects,
    )


def _objects(names: Sequence[str], first: Batch) -> tuple[tuple[int, str], ...]:
    """The columns of objects with their keys, where the table has no price and no wealth besides."""
    if {*names} & _TOLD:
        return ()
    found: dict[str, int] = {}
    for column, texts in enumerate(first.columns):
        if any(texts) and all(text.lstrip().startswith("{") for text in texts if text.strip()):
            for each in map(_object, texts):
                for key in each:
                    if name_of(key).spellings[0] not in names:
                        found.setdefault(key, column)
    return tuple((column, key) for key, column in found.items())


def _object(text: str) -> dict[str, Any]:
    """What a cell holds as an object, of JSON or of Python; nothing where it is none."""
    for read in (msgspec.json.decode, literal_eval):
        with suppress(ValueError, SyntaxError, msgspec.DecodeError, RecursionError, MemoryError):
            found = read(text)
            return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}
    return {}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _days(names: Sequence[str], first: Batch) -> tuple[tuple[int, int, int], ...]:
    """The columns of days with those of times of day: of each leg its own, or one day for the entry and the exit."""
    clocks = {name: n for n, name in enumerate(names) if name.endswith("time") and all(map(_CLOCK, first.columns[n]))}
    found = [
        (names.index(f"{leg}date"), clocks[f"{leg}time"], names.index(f"{leg}date"))
        for leg in ("entry", "exit", "open", "close", "buy", "sell")
        if f"{leg}time" in clocks and f"{leg}date" in names
    ]
    day = next((names.index(name) for name in _OF_DAYS if name in names), -1)
    for legs in (("entrytime", "exittime"), ("opentime", "closetime"), ("buytime", "selltime")):
        if day >= 0 and not found and clocks.keys() >= {*legs}:
            found = [(day, clocks[leg], clocks[leg]) for leg in legs]
    return tuple(found)


def _option(names: Sequence[str], first: Batch) -> tuple[int, ...]:
    """The columns of symbols that stand for several options each, and of what tells these apart."""
    symbol = next((names.index(name) for name in _OF_OPTIONS if name in names), -1)
    legs = [next((n for n, name in enumerate(names) if name in known), -1) for known in (_DAYS, _STRIKES)]
    legs.append(next((n for n, name in enumerate(names) if name in _RIGHTS and are_rights(first.columns[n])), -1))
    legs = [leg for leg in legs if leg >= 0]
    if (
        symbol < 0
        or len(legs) < _SEVERAL
        or not are_several(first.columns[symbol], [first.columns[leg] for leg in legs])
    ):
        return ()
    return (symbol, *legs)


def _described(names: Sequence[str], first: Batch) -> tuple[int, int] | None:
    """The columns of symbols, and of descriptions that name the options of one symbol."""
    symbol = next((names.index(name) for name in _OF_OPTIONS if name in names), -1)
    for words in (n for n, name in enumerate(names) if name == "description" and symbol >= 0):
        rows = zip(first.columns[symbol], first.columns[words], strict=True)
        if any(described(one, text) != one and not is_option(one) for one, text in rows):
            return symbol, words
    return None


def _units(names: Sequence[str], first: Batch) -> tuple[int, int] | None:
    """The columns of a quantity and a price, each cell with its unit, in a table that names no symbol."""
    if _NAMED & {*names}:
        return None
    places = [next((n for n, name in enumerate(names) if name in known), None) for known in (_QUANTITIES, _PRICES)]
    quantity, price = places
    if quantity is None or price is None:
        return None
    texts = [text for place in (quantity, price) for text in first.columns[place] if text.strip()]
    return (quantity, price) if texts and all(map(_unit, texts)) else None


def _unit(text: str) -> str:
    for mark in ".,":
        with suppress(ValueError):
            return written(text, mark).unit or ""
    return ""


def _symbol(quantity: str, price: str) -> str:
    return f"{_unit(quantity)}/{_unit(price)}" if _unit(quantity) and _unit(price) else ""


def _digit(pair: str) -> str | None:
    """The base of a pair, where it begins with a digit."""
    base = assets(pair.strip())[0] or ""
    return base if base[:1].isdigit() and not base.isdigit() else None


def _of_base(text: str, pair: str, *, is_fee: bool) -> str:
    base = _digit(pair)
    amount = text.strip().upper().removesuffix(base or "").strip()
    if base is None or not amount or amount == text.strip().upper():
        return text
    return f'{{"cost": "{amount}", "currency": "{base}"}}' if is_fee else amount
