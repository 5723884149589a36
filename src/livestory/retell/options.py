"""Options: how their contracts are named, and what one is by what was paid for it."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LOT = Decimal(100)
"""Shares of a contract, where money shows that it is not 1."""
_NAMED = re.compile(
    r"[A-Z.]{1,6} *[0-9]{6}[CP][0-9]{8}|[A-Z]+-[0-9A-Z]{5,8}-[0-9]+(?:[.d][0-9]+)?-[CP](?:-[A-Z]+)?"
    r"|(?=.*[0-9]).*\s(?:C|P|CALL|PUT)(?:[\s/].*)?|[A-Z].*-[0-9.]+-[CP](?:/.*)?|[A-Z&-]+[0-9]{2}[A-Z0-9]{3,}[CP]E",
    re.IGNORECASE,
).fullmatch
_DESCRIBED = re.compile(
    r"\b(?P<root>[A-Z][A-Z.]{0,5}) +(?P<day>[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}) +(?P<right>call|put) +"
    r"\$?(?P<strike>[0-9.,]+)",
    re.IGNORECASE,
).search
_SHORT = {"call": "C", "put": "P", "ce": "C", "pe": "P"}
_ALIKE = Decimal("0.05")  # how far fees may bring what was paid from what prices make
_MOST = 0.8
_SEVERAL = 2


@lru_cache(4096)
def is_option(name: str) -> bool:
    """Whether a symbol names the right, the strike and the day of an option."""
    return _NAMED(name.strip()) is not None


def is_counted_in_shares(name: str) -> bool:
    """Whether the quantities of such an option are of what it is on, as in India."""
    return name.strip().upper().endswith(("CE", "PE"))


def are_rights(cells: Iterable[str]) -> bool:
    """Whether the cells of a column say call or put, as far as they say anything."""
    words = {text.strip().casefold() for text in cells} - {""}
    return bool(words) and words <= {*_SHORT, "c", "p"}


def told_apart(symbols: Sequence[str], legs: Sequence[Sequence[str]]) -> list[str]:
    """The symbols of rows, those of options with what tells one of them from the next: day, strike and right."""
    return [
        _joined(symbol, leg) if all(map(str.strip, leg)) else symbol
        for symbol, *leg in zip(symbols, *legs, strict=True)
    ]


def described(symbol: str, description: str) -> str:
    """The option that some words describe, or else the symbol beside them."""
    found = _DESCRIBED(description)
    return _joined(found["root"], [found["day"], found["strike"], found["right"]]) if found else symbol


def are_several(symbols: Sequence[str], legs: Iterable[Sequence[str]]) -> bool:
    """Whether one symbol stands for several options."""
    known: dict[str, tuple[str, ...]] = {}
    rows = zip(symbols, zip(*legs, strict=True), strict=True)
    return any(known.setdefault(symbol, leg) != leg for symbol, leg in rows if any(map(str.strip, leg)))


def is_of_hundred(fills: Iterable[Mapping[str, Any]], paid: Iterable[Decimal | None]) -> bool:
    """Whether an option is 100 of what its price is for, by what was paid in each row."""
    shares = []
    for fill, money in zip(fills, paid, strict=True):
        if money and fill["fill_quantity"] and fill["fill_price"] and is_option(fill["fill_symbol"] or ""):
            shares.append(abs(money / (fill["fill_quantity"] * fill["fill_price"])) / LOT - 1)
    alike = sum(abs(share) < _ALIKE for share in shares)
    return bool(_SEVERAL <= alike >= _MOST * len(shares))


def _joined(symbol: str, leg: Iterable[str]) -> str:
    """One name of an option: ``SPY-1-5-2024-475-C``."""
    words = [_SHORT.get(text.strip().casefold(), text.strip().partition(" ")[0]) for text in (symbol, *leg)]
    return "-".join(word.replace("/", "-").removesuffix(".0") for word in words)
