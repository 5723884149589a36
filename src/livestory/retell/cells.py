"""The cells of a table as values; one that can't be read is told with its place."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from types import NoneType
from typing import TYPE_CHECKING, Any, NoReturn, get_args, get_type_hints

import msgspec

from livestory.clock import SECOND, instant
from livestory.retell.columns import FILL, FLAGS, INSTANTS, OBSERVATION
from livestory.story.arguments import decimal
from livestory.story.inputs import Fill, Observation
from livestory.story.reason import Reason
from livestory.tables import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.errors import TableError
    from livestory.tables import Table

_UNKNOWN = frozenset({"", "nan", "na", "n/a", "null", "none", "-"})  # as tables write an empty cell
_YES_NO = dict.fromkeys(("1", "1.0", "true", "yes", "t"), True) | dict.fromkeys(("0", "0.0", "false", "no", "f"), False)
_SIDES = {"buy": "buy", "b": "buy", "sell": "sell", "s": "sell"}
_LONGEST = 40  # characters of a cell that a message repeats


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
    return msgspec.json.decode(text, type=Reason) if text.startswith("{") else Reason("", text=text)


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
