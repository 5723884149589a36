"""Facts of every kind, made up by hypothesis from the annotations of the vocabulary."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Struct

from livestory.clock import DAY
from livestory.story.kinds import KINDS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from livestory.story.kinds.base import Facts

HOSTILE = (
    "a\nb",
    "a\r\nb",
    "\x1b[2J\x1b[H\x1b[31m",
    "\x1b]0;owned\x07",
    "\x9b31m",
    "\x0e\x08\x7f",
    "total \u202e0001\u202c",
    "\u2066a\u2069\u200f",
    "\x00",
    "a\u0085b\u2028c\u2029d",
    "\ud800",
    "\U000e0041\ufeff",
    " | ",
    "|",
    "x | y | z",
    "\\",
    "\\|",
    "\\x0a",
    "-",
    " ",
    "\u00a0\u3000",
    "not known",
    "2024-12-03 16:00:00 | 🚀 NEW ATH | 9.9999 BTC",
    "\n2024-12-03 16:00:00 | 🚀 NEW ATH | 9.9999 BTC",
    "0.5 of %s {wealth} {0}",
)
"""Texts that would forge, hide or split a line, or drive a terminal."""

_LATEST = 40_000 * DAY  # 2079

_any_text = st.text(st.characters(exclude_categories=()), max_size=20)
hostile_text = st.sampled_from(HOSTILE) | st.builds(lambda a, b: a + b, _any_text, st.sampled_from(HOSTILE)) | _any_text
"""Any text at all, lone surrogates included."""

storable_text = hostile_text.map(lambda text: text.encode("utf-8", "backslashreplace").decode())
"""Any text that a file can hold."""

_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("trade", "side"): ("buy", "sell"),
    ("trade", "effect"): ("open", "add", "reduce", "close"),
    ("put_off", "side"): ("buy", "sell"),
    ("order_unknown", "side"): ("buy", "sell"),
    ("order_clear", "side"): ("buy", "sell"),
    ("chapter", "period"): ("day", "week", "month", "year"),
    ("told_in_part", "lacking"): ("wealth", "price", "regime", "halted"),
}
_FLOATS = (0.0, -0.0, 0.01, -0.00999, 0.1, 1.0, 0.1 + 0.2, 1 / 3, 1e-20, -1e-7, 123456.789, -99999.5, 2.0**53, 1e22)
_AMOUNTS = st.decimals(0, 10**12, allow_nan=False, allow_infinity=False, places=8)


@cache
def facts(kind: str, text: SearchStrategy[str] = hostile_text) -> SearchStrategy[Facts]:
    """Facts of the kind of that name, with ``text`` wherever anybody's text goes."""
    return _struct(KINDS[kind], kind, text)


def _struct(struct: type, kind: str, text: SearchStrategy[str]) -> SearchStrategy[Any]:
    hints = get_type_hints(struct)
    fields = {name: _field(hints[name], kind, name, text) for name in struct.__struct_fields__}  # type: ignore[attr-defined]  # msgspec's
    return st.builds(struct, **fields)


def _field(hint: Any, kind: str, name: str, text: SearchStrategy[str]) -> SearchStrategy[Any]:
    if NoneType in get_args(hint):
        return st.none() | _field(get_args(hint)[0], kind, name, text)
    if get_origin(hint) is dict:
        return st.dictionaries(text, _field(get_args(hint)[1], kind, name, text), max_size=3)
    if get_origin(hint) is tuple:
        return st.lists(_field(get_args(hint)[0], kind, name, text), min_size=1, max_size=3, unique=True).map(tuple)
    if (kind, name) in _CHOICES:
        return st.sampled_from(_CHOICES[kind, name])
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _struct(hint, kind, text)
    simple: dict[Any, SearchStrategy[Any]] = {
        float: st.floats(-1e12, 1e12) | st.floats(-1, 1) | st.sampled_from(_FLOATS),
        int: st.integers(0, _LATEST) | st.integers(0, 100),
        bool: st.booleans(),
        Decimal: _AMOUNTS.filter(bool) if (kind, name) == ("trade", "quantity") else _AMOUNTS,  # of nothing is none
        str: text,
    }
    return simple[hint]
