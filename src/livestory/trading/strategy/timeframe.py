"""The bars that the strategies are made for, lengths of time counted in them, and longer bars made of them."""

from __future__ import annotations

from msgspec import Struct

from livestory.clock import HOUR, MINUTE
from livestory.trading.market.bar import Bar

BAR = 15 * MINUTE
"""Length of a bar. The regime score is defined on bars of 15 minutes, so the strategies take no other."""


def bars_in(length: int) -> int:
    """How many bars a length of time holds (microseconds, a multiple of `BAR`)."""
    return length // BAR


def name_of(length: int) -> str:
    """The short name of a length of time, as a reason carries it: "12h", "45m"."""
    return f"{length // MINUTE}m" if length % HOUR else f"{length // HOUR}h"


class HigherTimeframe(Struct):
    """Gathers bars into longer ones of ``span`` microseconds, aligned to the UTC clock.

    A longer bar is complete once its span is over: with the bar that ends there or, where that one is missing, with the
    first bar after it. It then holds whatever bars of its span there were; a span without any is skipped. Its volume
    is not gathered.
    """

    span: int
    gathered: int = 0  # bars of the span so far; 0 = between two spans
    start: int = 0
    open: float = 0.0
    high: float = 0.0
    low: float = 0.0
    close: float = 0.0

    def update(self, bar: Bar) -> tuple[Bar, ...]:
        """Take the next bar; the longer bars that it completes: none, one, or two after a gap."""
        start = bar.open_time - bar.open_time % self.span
        late = (self._complete(),) if self.gathered and self.start != start else ()
        if self.gathered:
            self.high, self.low = max(self.high, bar.high), min(self.low, bar.low)
        else:
            self.start = start
            self.open, self.high, self.low = bar.open, bar.high, bar.low
        self.close = bar.close
        self.gathered += 1
        return late if bar.end < start + self.span else (*late, self._complete())

    def _complete(self) -> Bar:
        self.gathered = 0
        return Bar(self.start, self.start + self.span, self.open, self.high, self.low, self.close, None)
