"""How orders fill: against a synthetic book, or at the next bar's open as on paper."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from tests.exchange.binance_spot.records import ZERO

if TYPE_CHECKING:
    from tests.exchange.binance_spot.matching import Exchange
    from tests.exchange.binance_spot.records import Order, OrderSide


class Level(NamedTuple):
    """One price of the book."""

    price: Decimal
    quantity: Decimal


class FillRule(Protocol):
    """What the exchange asks when an order arrives and when time has passed."""

    def levels(self, exchange: Exchange, side: OrderSide) -> list[Level]:
        """What an order of ``side`` would meet, the best price first."""
        ...

    def reference(self, exchange: Exchange) -> Decimal:
        """The price that a market order's value is judged by."""
        ...

    def cost(self, exchange: Exchange, order: Order) -> Decimal:
        """What a market order to buy needs in the quote asset."""
        ...

    def arrive(self, exchange: Exchange, order: Order) -> None:
        """Fill what ``order`` takes at once."""
        ...

    def pass_time(self, exchange: Exchange, since: int, until: int) -> None:
        """Fill what the live orders met after ``since``, up to ``until``."""
        ...


class Book:
    """A book around the present price: ``spread`` is a share of it, and each of its ``depth`` levels a tick apart.

    A market order takes level after level, and expires with what the book could not give (market_orders_faq.md). A
    limit order takes what it may, and its rest waits: it fills at its price, at each corner of the price's path at most
    one level's quantity.
    """

    def __init__(
        self, spread: Decimal = Decimal("0.0005"), level_quantity: Decimal = Decimal(5), depth: int = 10
    ) -> None:
        self.spread = spread
        self.level_quantity = level_quantity
        self.depth = depth

    def levels(self, exchange: Exchange, side: OrderSide) -> list[Level]:
        """What an order of ``side`` would meet, the best price first."""
        return self._levels(exchange, side, exchange.price)

    def _levels(self, exchange: Exchange, side: OrderSide, price: Decimal) -> list[Level]:
        tick = exchange.rules.tick
        away = 1 if side == "BUY" else -1
        best = exchange.rules.on_tick(price * (1 + away * self.spread / 2), side)
        if side == "BUY" and best <= exchange.rules.on_tick(price * (1 - self.spread / 2), "SELL"):
            best += tick  # a book is never locked
        prices = (best + away * tick * place for place in range(self.depth))
        return [Level(price, self.level_quantity) for price in prices if price > 0]

    def reference(self, exchange: Exchange) -> Decimal:
        """The present price."""
        return exchange.price

    def cost(self, exchange: Exchange, order: Order) -> Decimal:
        """What the levels that it takes cost."""
        left, cost = order.quantity, ZERO
        for level in self.levels(exchange, "BUY"):
            taken = min(left, level.quantity)
            left, cost = left - taken, cost + taken * level.price
        return cost * exchange.quote_fee_factor

    def arrive(self, exchange: Exchange, order: Order) -> None:
        """Take what the book has within the order's price."""
        within = [level for level in self.levels(exchange, order.side) if _reaches(order, level.price)]
        if order.time_in_force == "FOK" and sum(level.quantity for level in within) < order.quantity:
            exchange.finish(order, "EXPIRED", order.time)
            return
        for level in within:
            if order.remaining:
                exchange.trade(order, min(order.remaining, level.quantity), level.price, order.time, maker=False)
        if order.live and (order.type == "MARKET" or order.time_in_force != "GTC"):
            exchange.finish(order, "EXPIRED", order.time)

    def pass_time(self, exchange: Exchange, since: int, until: int) -> None:
        """Fill what rests, corner by corner of the price's path."""
        for time, price in exchange.prices.path(since, until):
            if not exchange.live:
                return
            self.meet(exchange, time, price)

    def meet(self, exchange: Exchange, time: int, price: Decimal) -> None:
        """Fill the resting limit orders that ``price`` reaches."""
        best = {side: self._levels(exchange, side, price)[0].price for side in ("BUY", "SELL")}
        for order in list(exchange.live.values()):
            if order.type != "MARKET" and _reaches(order, best[order.side]):
                exchange.trade(order, min(order.remaining, self.level_quantity), order.price, time, maker=True)


class NextOpen(Book):
    """As the paper exchange of livestory: a market order fills at the open of the first bar that ends after it came.

    That is the bar after the one it was decided at. It trades ``slippage`` worse than the open, as far as the money
    goes, fee included; the rest expires. With ``known`` "close", it rests until that bar is over, which is when the
    paper exchange fills it. Limit orders meet a book without depth or spread to speak of.
    """

    def __init__(
        self, slippage: Decimal = Decimal("0.0005"), known: Literal["open", "close"] = "open", spread: Decimal = ZERO
    ) -> None:
        super().__init__(spread, Decimal(1_000_000), 1)
        self.slippage = slippage
        self.known = known

    def reference(self, exchange: Exchange) -> Decimal:
        """The last close."""
        return exchange.prices.last_close(exchange.now)

    def cost(self, exchange: Exchange, order: Order) -> Decimal:
        """Its value at the last close; the fee is found when it fills."""
        return order.quantity * self.reference(exchange)

    def arrive(self, exchange: Exchange, order: Order) -> None:
        """Leave a market order to its bar, which may have opened."""
        if order.type != "MARKET":
            super().arrive(exchange, order)
        elif self._due(exchange, order) <= exchange.now:
            self._fill(exchange, order)

    def pass_time(self, exchange: Exchange, since: int, until: int) -> None:
        """Fill market orders whose bar has come, then what rests."""
        for order in list(exchange.live.values()):
            if order.type == "MARKET" and self._due(exchange, order) <= until:
                self._fill(exchange, order)
        super().pass_time(exchange, since, until)

    def _due(self, exchange: Exchange, order: Order) -> float:
        bar = exchange.prices.following(order.time)
        if bar is None:
            return float("inf")
        return bar.open_time if self.known == "open" else bar.end

    def _fill(self, exchange: Exchange, order: Order) -> None:
        rules, bar = exchange.rules, exchange.prices.following(order.time)
        assert bar is not None
        opened = exchange.prices.held or Decimal(repr(bar.open))
        price = rules.on_tick(opened * (1 + self.slippage * (1 if order.side == "BUY" else -1)), order.side)
        time = max(order.time, bar.open_time)
        held = exchange.spendable(order)
        affordable = held / (price * exchange.quote_fee_factor) if order.side == "BUY" else held
        quantity = min(order.quantity, rules.on_step(affordable))
        if quantity >= rules.step and quantity * price >= rules.min_notional:
            exchange.trade(order, quantity, price, time, maker=False)
        if order.live:
            exchange.finish(order, "EXPIRED", time)


def _reaches(order: Order, price: Decimal) -> bool:
    if order.type == "MARKET":
        return True
    return price <= order.price if order.side == "BUY" else price >= order.price
