"""Indicators, a bar at a time in constant time: moving averages, the price a while back, and Wilder's ADX and ATR.

Each `update` returns None until its window is full. Equal to TA-Lib's SMA, EMA, ROCP, ADX and ATR from their first
value. Source of the last two: J. Welles Wilder, New Concepts in Technical Trading Systems (1978), in TA-Lib's reading
of the seeds (ta_ADX.c, ta_ATR.c).
"""

from __future__ import annotations

from math import fsum

from msgspec import Struct


class Sma(Struct, tag=True):
    """Simple moving average: the mean of the last ``period`` values."""

    period: int
    ring: list[float] = []
    oldest: int = 0
    total: float = 0.0

    def update(self, value: float) -> float | None:
        """Take the next value; the mean of the window, or None while it fills."""
        ring = self.ring
        if len(ring) < self.period:
            ring.append(value)
            if len(ring) < self.period:
                return None
            self.total = fsum(ring)
            return self.total / self.period
        oldest = self.oldest
        self.total += value - ring[oldest]
        ring[oldest] = value
        if oldest + 1 == self.period:
            self.oldest = 0
            self.total = fsum(ring)  # once a round, so that rounding errors never add up
        else:
            self.oldest = oldest + 1
        return self.total / self.period


class Ema(Struct, tag=True):
    """Exponential moving average with weight 2 / (period + 1), seeded by the mean of the first ``period`` values.

    Source: TA-Lib, ta_EMA.c (classic compatibility): ``ema += (value - ema) * 2 / (period + 1)``.
    """

    period: int
    count: int = 0
    total: float = 0.0
    average: float = 0.0

    def update(self, value: float) -> float | None:
        """Take the next value; the average, or None before the seed is complete."""
        if self.count == self.period:
            average = self.average + (value - self.average) * (2.0 / (self.period + 1))
            self.average = average
            return average
        self.count += 1
        self.total += value
        if self.count < self.period:
            return None
        self.average = self.total / self.period
        return self.average


class Past(Struct, tag=True):
    """The value ``period`` bars ago, from which the rate of change is ``value / past - 1`` (TA-Lib's ROCP)."""

    period: int
    ring: list[float] = []
    oldest: int = 0

    def update(self, value: float) -> float | None:
        """Take the next value; the one ``period`` bars before it, or None while there is none."""
        ring = self.ring
        if len(ring) < self.period:
            ring.append(value)
            return None
        oldest = self.oldest
        past = ring[oldest]
        ring[oldest] = value
        self.oldest = 0 if oldest + 1 == self.period else oldest + 1
        return past


_NOTHING = 1e-14  # TA-Lib takes a smaller range for no movement at all, and leaves the value as it was


class Atr(Struct):
    """Average true range over ``period`` bars, in the price's unit."""

    period: int
    count: int = 0  # true ranges seen, as far as the seed needs them
    close: float | None = None
    average: float = 0.0  # while it warms up, the sum

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take the next bar; the average true range, or None before ``period`` ranges."""
        before, self.close = self.close, close
        if before is None:
            return None
        true_range = _true_range(high, low, before)
        if self.count == self.period:
            self.average = (self.average * (self.period - 1) + true_range) / self.period
            return self.average
        self.count += 1
        self.average += true_range
        if self.count < self.period:
            return None
        self.average /= self.period
        return self.average


class Adx(Struct):
    """Average directional index over ``period`` bars, 0 (no direction) to 100; the first value at bar ``2 * period``.

    The first ``period - 1`` movements are summed, later ones smoothed; the first ``period`` directional indices are
    averaged, later ones smoothed.
    """

    period: int
    count: int = 0  # movements seen, as far as the seeds need them
    high: float = 0.0
    low: float = 0.0
    close: float | None = None
    plus: float = 0.0  # smoothed movement up
    minus: float = 0.0  # smoothed movement down
    span: float = 0.0  # smoothed true range
    index: float = 0.0  # while the second seed fills, the sum

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take the next bar; the index, or None before ``2 * period`` bars."""
        before = self.close
        up, down = high - self.high, self.low - low
        self.high, self.low, self.close = high, low, close
        if before is None:
            return None
        period = self.period
        true_range = _true_range(high, low, before)
        keep = 0.0 if self.count < period - 1 else 1.0 / period
        plus = self.plus - self.plus * keep + (up if up > down and up > 0.0 else 0.0)
        minus = self.minus - self.minus * keep + (down if down > up and down > 0.0 else 0.0)
        span = self.span - self.span * keep + true_range
        self.plus, self.minus, self.span = plus, minus, span
        return self._smoothed(plus, minus, span)

    def _smoothed(self, plus: float, minus: float, span: float) -> float | None:
        period, moved = self.period, plus + minus
        directed = abs(plus - minus) / moved * 100.0 if span > _NOTHING and 100.0 * moved > _NOTHING * span else None
        if self.count == 2 * period - 1:
            if directed is not None:
                self.index = (self.index * (period - 1) + directed) / period
            return self.index
        self.count += 1
        if self.count < period:
            return None
        self.index += directed or 0.0
        if self.count < 2 * period - 1:
            return None
        self.index /= period
        return self.index


def _true_range(high: float, low: float, before: float) -> float:
    """Wilder's true range: the bar's range, a gap from the close before it included."""
    return max(high, before) - min(low, before)
