"""What buying and holding the first positions would have made: the benchmark of a portfolio, where it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from msgspec import Struct

from livestory.clock import DAY
from livestory.story.periods import PERIODS
from livestory.story.symbol import assets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livestory.story.inputs import PositionReading


class Basket(Struct):
    """The positions of the first day that has any, each bought as large as it was seen first, a short as well."""

    until: int  # the end of that day
    quote: str | None
    worth: dict[str, float] = {}  # of each, as it was bought
    bought_at: dict[str, float] = {}
    prices: dict[str, float] = {}  # told last
    told: dict[str, int] = {}  # when

    @classmethod
    def of(cls, time: int, positions: Mapping[str, PositionReading]) -> Self | None:
        """The basket that begins with the positions of that instant; None where none has a price."""
        priced = (symbol for symbol, each in positions.items() if each.quantity and each.price and each.price > 0)
        first = next(priced, None)
        if first is None:
            return None
        begun = cls(PERIODS["day"](time)[1], assets(first)[1])
        begun.read(time, positions)
        return begun

    def read(self, time: int, positions: Mapping[str, PositionReading]) -> None:
        """Take the prices that are told; of what is no longer held, a bot may tell one with a quantity of 0."""
        for symbol in self.prices if time > self.until else positions:
            reading = positions.get(symbol)
            if reading is None or not reading.price or reading.price <= 0:
                continue
            price = float(reading.price)
            if symbol not in self.worth:
                if not reading.quantity or assets(symbol)[1] != self.quote:  # no rate makes two currencies one
                    continue
                self.worth[symbol], self.bought_at[symbol] = abs(float(reading.quantity)) * price, price
            self.prices[symbol], self.told[symbol] = price, time

    def unpriced(self, time: int) -> tuple[str, ...]:
        """The symbols of which no price was told in the day before that instant."""
        return tuple(symbol for symbol, told in self.told.items() if told < time - DAY)

    def value(self, time: int) -> float | None:
        """What 1 has become by then; None where a price is not known."""
        if self.unpriced(time):
            return None
        now = sum(worth * self.prices[symbol] / self.bought_at[symbol] for symbol, worth in self.worth.items())
        return now / sum(self.worth.values())
