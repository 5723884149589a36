"""What the parameters of a request say, with the errors of errors.md for those that say nothing."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.clock import DAY
from tests.exchange.binance_spot.records import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.exchange.binance_spot.records import Rules

_MILLIS = 1000
_NUMBER = re.compile(r"^([0-9]{1,20})(\.[0-9]{1,20})?$")


def given(params: Mapping[str, str], name: str) -> str:
    """A parameter that must be there; raises `Refusal` (-1102)."""
    if not params.get(name):
        message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise Refusal(-1102, message)
    return params[name]


def number(rules: Rules, params: Mapping[str, str], name: str) -> Decimal:
    """A decimal of at most the precision of amounts; raises `Refusal` (-1102, -1100, -1111)."""
    text = given(params, name)
    if not _NUMBER.fullmatch(text):
        message = f"Illegal characters found in parameter '{name}'; legal range is '{_NUMBER.pattern}'."
        raise Refusal(-1100, message)
    value = Decimal(text)
    if value != rules.amount(value):
        message = f"Parameter '{name}' has too much precision."
        raise Refusal(-1111, message)
    return value


def check_symbol(rules: Rules, params: Mapping[str, str]) -> None:
    """Raise `Refusal` unless the one market that can be traded is asked for."""
    symbol = given(params, "symbol")
    if symbol not in {rules.symbol, rules.discount_symbol}:
        raise Refusal(-1121, "Invalid symbol.")
    if symbol != rules.symbol:
        raise Refusal(-2010, "This symbol is not permitted for this account.")


def span(params: Mapping[str, str], most: int = DAY) -> tuple[int, int]:
    """From when until when, in microseconds."""
    since, until = (int(params.get(name, unset)) for name, unset in (("startTime", 0), ("endTime", 10**15)))
    if "startTime" in params and "endTime" in params and (until - since) * _MILLIS > most:
        message = f"More than {most // DAY * 24} hours between startTime and endTime."
        raise Refusal(-1127, message)
    return since * _MILLIS, until * _MILLIS + 999


def page(found: list[Any], params: Mapping[str, str], *, forwards: bool) -> list[Any]:
    """The oldest of them if the question goes forwards, otherwise the newest; Binance gives 1,000 at most."""
    most = min(int(params.get("limit", 500)), 1000)
    return found[:most] if forwards else found[-most:]
