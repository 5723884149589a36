"""Moving averages, and the price that lies a while back, a bar at a time in constant time.

Each `update` returns None until the window is full. Equal to TA-Lib's SMA, EMA and ROCP from their first value.
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
