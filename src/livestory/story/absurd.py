"""Numbers that are too large, or have too many digits, to be any bot's."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

_LAST = 253_402_300_800_000_000  # the end of the year 9999; no count is larger either
_DIGITS = 100  # before or behind the point
MOST_DIGITS = 30  # of an exact amount before the point, and half of what is after it; no market needs more
LARGEST = 1e39  # of any other number: no float of 32 bits is larger


def is_amount(number: float) -> bool:
    """Whether it may be an amount, a price or a measure: neither NaN nor infinite, nor larger than any."""
    return -LARGEST < number < LARGEST


def absurd(value: object) -> bool:
    """Whether anywhere in it is a number beyond all that there is, or a decimal that is none."""
    match value:
        case int():
            return not -_LAST <= value < _LAST
        case Decimal():
            return not value.is_finite() or abs(value.adjusted()) > _DIGITS
        case Struct():
            return any(absurd(getattr(value, name)) for name in value.__struct_fields__)
        case dict():
            return any(map(absurd, value.values()))
        case tuple() | list() | set() | frozenset():
            return any(map(absurd, value))
    return False
