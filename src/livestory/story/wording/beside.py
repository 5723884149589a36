"""A value beside the limit that a rule compares it with: what is printed says of the two what the rule found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Number = Callable[[float, int], str]  # of a number, with so many digits more than it usually has

_MOST = 4  # digits more; what is nearer than they show is written as the next number on its side
_STEPS = range(-15, 16)  # powers of ten, from less than any number shows up to more


def beside(value: float, limit: float, number: Number, number_of_limit: Number | None = None) -> tuple[str, str]:
    """``-19.97%`` and ``-20.0%``: both with as many digits as show whether the value is under, at or over its limit."""
    of_limit = number_of_limit or number
    told, told_limit = number(value, 0), of_limit(limit, 0)
    if not (math.isfinite(value) and math.isfinite(limit)):
        return told, told_limit
    side = _side(value, limit)
    if _side(_read(told), _read(told_limit)) == side:
        return told, told_limit
    for more in range(1, _MOST + 1):
        told, told_limit = _shortest(value, number, more), _shortest(limit, of_limit, more)
        if _side(_read(told), _read(told_limit)) == side:
            return told, told_limit
    nearest = (number(limit + side * 10.0**step, _MOST) for step in _STEPS)
    return next((each for each in nearest if _side(_read(each), _read(told_limit)) == side), told), told_limit


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def _shortest(value: float, number: Number, most: int) -> str:
    """The number with up to so many digits more, and no zero that says nothing."""
    exactly = number(value, most)
    return next(each for each in (number(value, more) for more in range(most + 1)) if _read(each) == _read(exactly))


def _read(text: str) -> float:
    return float(text.rstrip("%").replace(",", ""))


def read_again(value: float, number: Number, read: Callable[[str], object]) -> str:
    """The text that ``read`` has read as the value, of those that `beside` may have written."""
    texts = (number(value, more) for more in range(_MOST + 1))
    return next((text for text in texts if read(text) == value), number(value, 0))
