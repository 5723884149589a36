"""Bars drawn as candles: as many bars in one candle as the screen needs, none left out and none invented."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import NamedTuple

from livestory.clock import DAY

_GATHERED = (1, 2, 4, 8, 16, 24, 48, 96, 192)  # bars in a candle; of 15 minutes: up to two days
_MONDAY = 4 * DAY  # 1970-01-05: candles of a week begin on a Monday


class Candle(NamedTuple):
    """The prices of the bars from ``start`` to ``end``, in microseconds."""

    start: int
    end: int
    open: float
    high: float
    low: float
    close: float


class Candles:
    """The bars of one market, 40 bytes each. They are added in order of time; one thread adds, others may read."""

    def __init__(self) -> None:
        self._opens, self._highs, self._lows, self._closes = array("d"), array("d"), array("d"), array("d")
        self._times = array("q")  # when each opened
        self._interval: int | None = None  # the shortest time between two bars; None: not known yet

    def add(self, time: int, open_: float, high: float, low: float, close: float) -> None:
        """Take the next bar, by when it opened; one that is not later than the last is passed over."""
        if self._times:
            apart = time - self._times[-1]
            if apart <= 0:
                return
            self._interval = apart if self._interval is None else min(self._interval, apart)
        self._opens.append(open_)
        self._highs.append(high)
        self._lows.append(low)
        self._closes.append(close)
        self._times.append(time)

    def of(self, start: int, end: int, most: int) -> list[Candle]:
        """The candles of that time, at most about so many, and one more on each side. A gap between bars stays one."""
        interval = self._interval
        if interval is None or end < start:
            return []
        span = self._span(interval, end - start, most)
        first = (start - _MONDAY) // span * span + _MONDAY - span
        low = bisect_left(self._times, first)
        last = bisect_left(self._times, end + span)
        found: list[Candle] = []
        while low < last:
            begin = (self._times[low] - _MONDAY) // span * span + _MONDAY
            high = bisect_left(self._times, begin + span, low, last)
            found.append(
                Candle(
                    begin,
                    begin + span,
                    self._opens[low],
                    max(self._highs[low:high]),
                    min(self._lows[low:high]),
                    self._closes[high - 1],
                )
            )
            low = high
        return found

    @staticmethod
    def _span(interval: int, time: int, most: int) -> int:
        """How long a candle lasts, so that no more than that stand in that time."""
        for bars in _GATHERED:
            if time <= bars * interval * most:
                return bars * interval
        week = 7 * DAY
        return -(-max(time // most, _GATHERED[-1] * interval) // week) * week
