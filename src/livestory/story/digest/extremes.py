"""What stands out among a period's trades and positions: the best, the worst, and what came near its liquidation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from decimal import Decimal

    from livestory.story.kinds.risk import LiquidationNear, LiquidationOver
    from livestory.story.positions import RoundTrip
    from livestory.story.results import TripGist


class Ended(NamedTuple):
    """A round trip that ended, and what it earned."""

    result: Decimal
    time: int
    symbol: str
    short: bool


class Extremes(Struct):
    """The best and the worst round trip in each currency, with when they ended."""

    best: dict[str, Ended] = {}
    worst: dict[str, Ended] = {}

    def take(self, time: int, trip: RoundTrip | TripGist, symbol: str | None) -> None:
        """Take one that ended at that instant; of equal ones the first stays."""
        if trip.result is None:
            return
        asset = trip.asset or ""
        best, worst = self.best.get(asset), self.worst.get(asset)
        is_best = best is None or trip.result > best.result
        is_worst = worst is None or trip.result < worst.result
        if is_best or is_worst:
            ended = Ended(trip.result, time, trip.symbol or symbol or "", trip.short)
            if is_best:
                self.best[asset] = ended
            if is_worst:
                self.worst[asset] = ended


class Warned(NamedTuple):
    """A position that came near its liquidation; ``over`` is None where it still is."""

    time: int
    near: LiquidationNear
    over: LiquidationOver | None = None
