"""A column's cells as values: numbers, amounts, flags, sides, reasons. Times are read by `time_formats`."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, get_args, get_type_hints

import msgspec

from livestory.retell.cells import UNKNOWN, written
from livestory.retell.columns import FILL, FLAGS, INSTANTS, OBSERVATION, TIME
from livestory.retell.words_of_cells import EFFECTS, NO_TRADES, effect_of, effect_of_code, is_known, word_of
from livestory.story.arguments import decimal
from livestory.story.inputs import Fill, Observation
from livestory.story.reason import Reason, in_own_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.errors import TableError
    from livestory.tables import Table

_YES_NO = dict.fromkeys(("1", "1.0", "true", "yes", "t"), True) | dict.fromkeys(("0", "0.0", "false", "no", "f"), False)
_LONGEST = 40  # characters of a cell that a message repeats
_FEE = re.compile(
    r"""["']?(?P<key>cost|amount|currency|token|percent|percent_token)["']?\s*:\s*["']?(?P<value>[^"',}\]]+)"""
)


class Fee(NamedTuple):
    """What a fill cost, and in which asset; ``share`` of what was paid, where that is how it is told."""

    amount: Decimal | None
    asset: str | None = None
    share: Decimal | None = None


class Reader(NamedTuple):
    """How the cells of a column are read."""

    read: Callable[[str], Any]  # raises ValueError
    expected: str

    def values(self, table: Table, field: int, lines: Sequence[int], texts: Sequence[str]) -> list[Any]:
        """What the cells say, one a line; None where a cell is empty. Raises TableError for a bad one."""
        found: list[Any] | None = self.at_once(texts)
        if found is not None:
            return found
        return [self.value(table, field, line, text) for line, text in zip(lines, texts, strict=True)]

    def at_once(self, texts: Sequence[str]) -> list[float] | None:
        """What the cells of a column of numbers say, where each is one and is plainly written; else None."""
        try:
            return _numbers(texts) if self.read is number else None
        except ValueError:
            return None

    def value(self, table: Table, field: int, line: int, text: str) -> Any:
        """What a cell says; None where it is empty. Raises TableError."""
        stripped = text.strip()
        if stripped.casefold() in UNKNOWN:
            return None
        try:
            return self.read(stripped)
        except (ValueError, InvalidOperation, OverflowError, msgspec.DecodeError):
            raise bad(table, line, field, text, self.expected) from None


def reader_of(column: str, mark: str) -> Reader:
    """How a column is read, but for times; ``mark`` stands before decimals."""
    if column in FLAGS:
        return Reader(_flag, "a flag (1 or 0)")
    if column in {"fill_side", "closing_side"}:
        return Reader(_side, "buy or sell")
    if column == "fill_effect":
        return Reader(_effect, "open, add, reduce or close")
    if column in _FEES:
        return Reader(partial(_fee, mark=mark), "a fee")
    kind = _KINDS.get(column, Decimal if column in _MONEY else str)
    if kind is float:
        return Reader(number if mark == "." else partial(number, mark=mark), "a number")
    named: dict[Any, tuple[Callable[[str], Any], str]] = {
        Decimal: (partial(money, mark=mark), "an amount"),
        int: (int, "a whole number"),
        Reason: (_reason, "a reason"),
    }
    return Reader(*named.get(kind, (_text, "a text")))


def bad(table: Table, line: int, field: int, text: str, expected: str) -> TableError:
    """The error that says what a cell is not."""
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return table.error(line, field + 1, f"{shown!r} is not {expected}; correct the cell, or leave it empty")


def number(text: str, mark: str = ".") -> float:
    """A number as people write one; a percentage is its share."""
    if mark == ".":
        with suppress(ValueError):
            return float(text)
    found = written(text, mark)
    return float(found.text) / (100 if found.percent else 1)


def money(text: str, mark: str = ".") -> Decimal:
    """An amount as people write one."""
    with suppress(ValueError):
        if mark == ".":
            return decimal(text, "amount", signed=True)
    found = written(text, mark)
    amount = decimal(found.text, "amount", signed=True)
    return amount / 100 if found.percent else amount


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


def _is_nan(value: float) -> bool:
    return value != value  # noqa: PLR0124 - so NaN is


def _fee(text: str, mark: str) -> Fee:
    """``0.1``, ``0.002ETH``, ``['0.4 USDT']``, or an object with its cost and currency, or a share."""
    if text[0] in "[{" and ":" in text:
        found: dict[str, str] = {}
        for each in _FEE.finditer(text):
            found.setdefault(each["key"], each["value"].strip())
        amount = found.get("cost") or found.get("amount")
        asset = found.get("currency") or found.get("token")
        if amount is not None:
            return Fee(money(amount), asset)
        if "percent" in found:
            return Fee(None, found.get("percent_token"), money(found["percent"]))
        if "fee_type" in text or "{}" in text:
            return Fee(None)
        raise ValueError(text)
    plain = text.strip("[]'\" ")
    return _plain_fee(plain, mark) if plain else Fee(None)


def _plain_fee(text: str, mark: str) -> Fee:
    with suppress(ValueError):
        if mark == ".":
            return Fee(decimal(text, "fee", signed=True))
    found = written(text, mark)
    amount = decimal(found.text, "fee", signed=True)
    return Fee(None, None, amount / 100) if found.percent else Fee(amount, found.unit)


def _flag(text: str) -> bool:
    return _YES_NO[text.casefold()] if text.casefold() in _YES_NO else _refuse()


def _reason(text: str) -> Reason:
    try:
        return msgspec.json.decode(text, type=Reason) if text.startswith("{") else in_own_words(text)
    except RecursionError:
        _refuse()


def _side(text: str) -> str:
    word = word_of(text)
    return word if is_known(word) else _refuse()


def _effect(text: str) -> str:
    return EFFECTS.get(text.casefold().replace("_", " ")) or effect_of_code(text) or effect_of(text) or _refuse()


def _buyers(text: str) -> str:
    return "buy" if _flag(text) else "sell"


def _entries(text: str) -> str:
    effect = effect_of(text)
    if effect is None:
        return word_of(text) if word_of(text) in NO_TRADES else _refuse()
    return f"{effect} long"


AS_LONG = Reader(_entries, "an entry or an exit")
"""How the side of a fill is read from a column that tells entries from exits and says no direction."""
ANY_SIDE = Reader(word_of, "buy or sell")
"""How it is read where what is no side may stand between the trades."""
IS_BUYER = Reader(_buyers, "whether it was a buyer's (true or false)")
"""How the side of a fill is read from a column that says who it was."""


def _text(text: str) -> str:
    return text


def _refuse() -> NoReturn:
    raise ValueError


def _kind(hint: Any) -> Any:
    return next((each for each in get_args(hint) if each is not NoneType), hint)


_HINTS, _FILL_HINTS = get_type_hints(Observation), get_type_hints(Fill)
_KINDS = (
    {column: _kind(_HINTS[column]) for column in OBSERVATION}
    | {column: _kind(_FILL_HINTS[field]) for column, field in FILL.items()}
    | {
        "share": float,
        "return": float,
        "cumulative": float,
        "won": float,
        "entry_reason": Reason,
        "exit_reason": Reason,
        "reason": Reason,
    }
)
NEEDED = frozenset({
    TIME, "wealth", "fill_side", "fill_quantity", "fill_price", "return", "cumulative", "won", "entry_time",
    "exit_time", "entry_price", "exit_price", "number", "kind",
})  # fmt: skip
"""The columns that a table is not told without: a bad cell in one is an error, else the column is left out."""
_MONEY = frozenset(
    {"funding", "entry_price", "exit_price", "limit_price", "cost", "paid", "entry_fee_rate", "exit_fee_rate"}
)
_FEES = frozenset({"fill_fee", "other_fee", "entry_fee", "exit_fee"})
OF_NUMBERS = (
    frozenset({column for column, kind in _KINDS.items() if kind in {float, Decimal}} | _MONEY | _FEES) - INSTANTS
)
"""The columns that hold numbers."""
