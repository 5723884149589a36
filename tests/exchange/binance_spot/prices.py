"""The market's price at every instant, from recorded bars."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livestory.trading.market.bar import Bar


class Point(NamedTuple):
    """A price at an instant."""

    time: int
    price: Decimal


class Prices:
    """The price runs in straight lines from a bar's open to its extremes and its close, a third of the bar each.

    A bar that rises meets its low first, one that falls its high. Between bars the price stays. ``held``, where it is
    set, is the price whatever the bars say.
    """

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.bars = list(bars)
        self.held: Decimal | None = None

    def index(self, now: int) -> int:
        """The place of the last bar that has opened by ``now``; -1 before the first."""
        return bisect_right(self.bars, now, key=lambda bar: bar.open_time) - 1

    def opened(self, now: int) -> Bar:
        """The bar that opened last."""
        return self.bars[max(self.index(now), 0)]

    def following(self, now: int) -> Bar | None:
        """The first bar that ends after ``now``: it has opened already, or is the next to open."""
        place = self.index(now)
        if place < 0 or self.bars[place].end <= now:
            place += 1
        return self.bars[place] if place < len(self.bars) else None

    def at(self, now: int) -> Decimal:
        """The present price."""
        if self.held is not None:
            return self.held
        corners = self._corners(self.opened(now))
        for (start, first), (end, last) in pairwise(corners):
            if now < end:
                return first + (last - first) * max(now - start, 0) / (end - start)
        return corners[-1].price

    def last_close(self, now: int) -> Decimal:
        """The close of the last bar that is over; what a bot that goes by bars knows."""
        if self.held is not None:
            return self.held
        place = self.index(now)
        if place >= 0 and self.bars[place].end > now:
            place -= 1
        return _decimal(self.bars[place].close) if place >= 0 else self.at(now)

    def path(self, since: int, until: int) -> Iterator[Point]:
        """The corners after ``since``, oldest first, and the price at ``until``."""
        if self.held is None:
            for place in range(max(self.index(since), 0), self.index(until) + 1):
                yield from (corner for corner in self._corners(self.bars[place]) if since < corner.time < until)
        yield Point(until, self.at(until))

    def so_far(self, bar: Bar, now: int) -> tuple[float, float, float]:
        """High, low and last price of an open ``bar``."""
        seen = [point.price for point in self._corners(bar) if point.time <= now] + [self.at(now)]
        return float(max(seen)), float(min(seen)), float(seen[-1])

    @staticmethod
    def _corners(bar: Bar) -> list[Point]:
        middle = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
        length = bar.end - bar.open_time
        prices = bar.open, *middle, bar.close
        return [Point(bar.open_time + length * place // 3, _decimal(price)) for place, price in enumerate(prices)]


def _decimal(number: float) -> Decimal:
    return Decimal(repr(number))
