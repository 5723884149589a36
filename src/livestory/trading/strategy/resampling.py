"""Bars of a higher timeframe out of those that arrive, none told before it is complete."""

from __future__ import annotations

from msgspec import Struct

from livestory.trading.market.bar import Bar


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
