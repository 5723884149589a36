"""A paper exchange: it trades at recorded prices, with slippage and fees, and does the same each time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from livestory.story.observation import Reason
from livestory.trading.exchange import Accepted, Answer, Balances, Filters, Rejected, Standing, Trade, exact
from livestory.trading.orders import Order
from livestory.trading.risk import Approved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.trading.market.bar import Bar

_REMEMBERED = 64  # finished orders that `query` and the check for doubled ids still know


class PaperSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a paper account begins with, and the market it trades in."""

    quote_balance: Annotated[
        float, Meta(ge=0, le=1e15, description="Quote asset held at the first start. In the quote asset.")
    ] = 1.0
    base_balance: Annotated[
        float, Meta(ge=0, le=1e15, description="Base asset held at the first start. In the base asset.")
    ] = 0.0
    slippage: Annotated[
        float, Meta(ge=0, lt=1, description="How much worse than the bar's open an order is filled. A share.")
    ] = 0.0005
    fee: Annotated[float, Meta(ge=0, lt=1, description="Fee of a trade. A share of its value.")] = 0.001
    tick: Annotated[
        float, Meta(gt=0, le=1e6, description="Least difference between two prices. In the quote asset.")
    ] = 0.00001
    step: Annotated[
        float, Meta(gt=0, le=1e6, description="Least difference between two quantities. In the base asset.")
    ] = 0.0001
    min_notional: Annotated[float, Meta(ge=0, le=1e15, description="Least value of an order. In the quote asset.")] = (
        0.0001
    )


class PaperExchange(Struct):
    """An account on paper. A market order fills at the open of the next bar heard, never at the bar that decided it.

    Balances never go below zero: a buy that has become too dear by then is filled as far as the money goes, fee
    included, and its rest is cancelled. Satisfies `livestory.trading.exchange.Exchange`.
    """

    settings: PaperSettings
    base: Decimal
    quote: Decimal
    pending: dict[str, Order] = {}
    finished: dict[str, Standing] = {}  # the last ones, oldest first
    recent: list[Trade] = []  # executions at the last bar that had any

    @classmethod
    def opened(cls, settings: PaperSettings) -> PaperExchange:
        """A new account with the balances of ``settings``."""
        return cls(settings, base=exact(settings.base_balance), quote=exact(settings.quote_balance))

    @property
    def outside(self) -> bool:
        """No: the account is saved in the same transaction as the intent."""
        return False

    def filters(self) -> Filters:
        """The rules for an order's numbers, from the settings."""
        rules = self.settings
        return Filters(exact(rules.tick), exact(rules.step), exact(rules.min_notional), exact(rules.fee))

    def balances(self) -> Balances:
        """What the account holds."""
        return Balances(self.base, self.quote)

    def submit(self, approved: Approved) -> Answer:
        """Take a market order for the next bar's open.

        Rejects one that the filters forbid ("dust", "step_size", "min_notional") or that asks for more than there is
        at the price it was decided at ("insufficient_funds"). Raises TypeError for anything but an `Approved`.
        """
        if not isinstance(approved, Approved):
            message = f"only an Approved order can be submitted, not {approved!r}"  # type: ignore[unreachable]
            raise TypeError(message)
        order = approved.order
        if order.client_order_id in self.pending or order.client_order_id in self.finished:
            return Accepted()
        problem = self.filters().problem(order.quantity, order.reference) or self._shortfall(order)
        if problem is not None:
            return Rejected(problem)
        self.pending[order.client_order_id] = order
        return Accepted()

    def cancel(self, client_order_id: str) -> Standing:
        """Withdraw an order that no bar has filled yet."""
        if self.pending.pop(client_order_id, None) is not None:
            self._finish(client_order_id, Standing.CANCELLED)
        return self.query(client_order_id)

    def query(self, client_order_id: str) -> Standing:
        """Where an order stands; of the finished ones, the last 64 are known."""
        if client_order_id in self.pending:
            return Standing.OPEN
        return self.finished.get(client_order_id, Standing.ABSENT)

    def trades(self, since: int, bar: Bar) -> Sequence[Trade]:
        """Fill what is pending at the open of ``bar``; the executions of the last bar that had any, from ``since``."""
        if self.pending:
            orders, self.pending, self.recent = self.pending, {}, []
            for order in orders.values():
                self._fill(order, bar)
        return [trade for trade in self.recent if trade.time >= since]

    def _shortfall(self, order: Order) -> Reason | None:
        needed, held = (
            (order.quantity * order.reference, self.quote) if order.side == "buy" else (order.quantity, self.base)
        )
        return Reason("insufficient_funds", value=float(needed), limit=float(held)) if needed > held else None

    def _fill(self, order: Order, bar: Bar) -> None:
        filters = self.filters()
        slipped = 1 + exact(self.settings.slippage) * (1 if order.side == "buy" else -1)
        price = filters.price(exact(bar.open) * slipped, against=order.side)
        affordable = self.quote / (price * (1 + filters.fee)) if order.side == "buy" else self.base
        quantity = min(order.quantity, filters.quantity(affordable))
        # Two orders may have been taken against the same money; what the first one left may be too little to trade.
        if filters.problem(quantity, price) is not None:
            self._finish(order.client_order_id, Standing.CANCELLED)
            return
        value = quantity * price
        fee = value * filters.fee
        if order.side == "buy":
            self.base, self.quote = self.base + quantity, self.quote - value - fee
        else:
            self.base, self.quote = self.base - quantity, self.quote + value - fee
        self._finish(order.client_order_id, Standing.FILLED if quantity == order.quantity else Standing.CANCELLED)
        self.recent.append(
            Trade(
                trade_id=f"{order.client_order_id}-1",
                client_order_id=order.client_order_id,
                time=bar.open_time,
                quantity=quantity,
                price=price,
                fee=fee,
            )
        )

    def _finish(self, client_order_id: str, standing: Standing) -> None:
        self.finished[client_order_id] = standing
        if len(self.finished) > _REMEMBERED:
            del self.finished[next(iter(self.finished))]
