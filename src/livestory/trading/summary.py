"""A run in numbers, kept up to date bar by bar."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from livestory.story.inputs import Fill
    from livestory.trading.market.bar import Bar


class Summary(Struct):
    """What became of the bot from its first bar to its last. Wealth, prices and fees are in the quote asset."""

    bars: int = 0
    first_time: int | None = None  # open of the first bar
    last_time: int | None = None  # end of the last bar
    first_wealth: float = 0.0  # at the first bar's open
    wealth: float = 0.0  # at the last bar's end; before the first, at its open
    first_price: float = 0.0
    price: float = 0.0  # likewise; 0 before any is known
    buys: int = 0
    sells: int = 0
    fees: Decimal = Decimal(0)
    peak: float = 0.0
    max_drawdown: float = 0.0  # deepest, from the highest wealth before it; 0 or negative

    def begin(self, bar: Bar, wealth: float) -> None:
        """Take the first bar's open and the wealth there as what everything is compared with."""
        self.first_time = bar.open_time
        self.first_price = self.price = bar.open
        self.first_wealth = self.peak = self.wealth = wealth

    def on_bar(self, bar: Bar, wealth: float) -> None:
        """Take in a bar's end."""
        self.bars += 1
        self.last_time = bar.end
        self.price = bar.close
        self.wealth = wealth
        if wealth > self.peak:
            self.peak = wealth
        elif self.peak:
            self.max_drawdown = min(self.max_drawdown, (wealth - self.peak) / self.peak)

    def pass_over(self, bar: Bar) -> None:
        """Take in a bar at whose end nobody knows the wealth."""
        self.bars += 1
        self.last_time = bar.end
        self.price = bar.close

    def on_fill(self, fill: Fill) -> None:
        """Count a fill and its fee."""
        if fill.side == "buy":
            self.buys += 1
        else:
            self.sells += 1
        self.fees += fill.fee or 0

    @property
    def gain(self) -> float | None:
        """The return from the first bar's open to the last bar's close; None before there is one."""
        return self.wealth / self.first_wealth - 1 if self.bars and self.first_wealth else None

    @property
    def holding_gain(self) -> float | None:
        """The return of having held the base asset alone over the same bars."""
        return self.price / self.first_price - 1 if self.bars and self.first_price else None
