"""The bars that the strategies are made for, and lengths of time counted in them."""

from __future__ import annotations

from livestory.clock import HOUR, MINUTE

BAR = 15 * MINUTE
"""Length of a bar. The regime score is defined on bars of 15 minutes, so the strategies take no other."""


def bars_in(length: int) -> int:
    """How many bars a length of time holds (microseconds, a multiple of `BAR`)."""
    return length // BAR


def name_of(length: int) -> str:
    """The short name of a length of time, as a reason carries it: "12h", "45m"."""
    return f"{length // MINUTE}m" if length % HOUR else f"{length // HOUR}h"
