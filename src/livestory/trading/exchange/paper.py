"""A paper exchange: it trades at recorded prices, with slippage and fees, and does the same each time."""

# ruff: noqa: D102 - what a method of an exchange does stands in `Exchange`
from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from livestory.story.reason import Reason
from livestory.story.reasons import INSUFFICIENT_FUNDS
from livestory.trading.exchange.protocol import checked
from livestory.trading.exchange.records import (
    Accepted,
    AccountFlow,
    Answer,
    Balances,
    Execution,
    Filters,
    OpenOrder,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Rejected,
    exact,
)
from livestory.trading.market.bar import Bar
from livestory.trading.risk import Approved

_NOT_FOUND = OrderReport(OrderStatus.NOT_FOUND)
_REMEMBERED = 32  # finished orders that `query` and the check for doubled ids still know


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

    outside: ClassVar[bool] = False  # the account is saved in the same transaction as the intent
    trouble: ClassVar[None] = None  # it always answers
    closed: ClassVar[None] = None  # and takes orders at any time
    has_flows: ClassVar[bool] = False
    clock_ahead: ClassVar[int] = 0  # there is but one clock

    settings: PaperSettings
    base: Decimal
    quote: Decimal
    pending: dict[str, OrderRequest] = {}
    finished: dict[str, OrderReport] = {}  # the last ones, oldest first
    recent: list[Execution] = []  # executions at the last bar that had any

    @classmethod
    def opened(cls, settings: PaperSettings) -> PaperExchange:
        """A new account with the balances of ``settings``."""
        return cls(settings, base=exact(settings.base_balance), quote=exact(settings.quote_balance))

    def refresh(self, now: int) -> None:
        """Do nothing: filters do not age here."""

    def filters(self) -> Filters:
        rules = self.settings
        return Filters(exact(rules.tick), exact(rules.step), exact(rules.min_notional), exact(rules.fee))

    def balances(self) -> Balances:
        return Balances(self.base, self.quote)

    def book(self) -> None:
        """There is none: bars have no book."""
        return

    def submit(self, approved: Approved, request: OrderRequest) -> Answer:
        """Take a market order for the next bar's open. A client order id that is known is not placed twice.

        Rejects one that the filters forbid ("dust", "step_size", "min_notional") or that asks for more than there is
        at the price it was decided at ("insufficient_funds"). Raises as `Exchange.submit` does.
        """
        request = checked(approved, request)
        if request.client_order_id in self.pending or request.client_order_id in self.finished:
            return Accepted()
        price = approved.order.reference
        problem = self.filters().problem(request.quantity, price) or self._shortfall(request, price)
        if problem is not None:
            return Rejected(problem)
        self.pending[request.client_order_id] = request
        return Accepted()

    def cancel(self, client_order_id: str) -> OrderReport:
        """Withdraw an order that no bar has filled yet."""
        if self.pending.pop(client_order_id, None) is not None:
            self._finish(client_order_id, OrderReport(OrderStatus.CANCELLED))
        return self.query(client_order_id)

    def query(self, client_order_id: str) -> OrderReport:
        """What became of an order; of the finished ones, the last 32 are known."""
        if client_order_id in self.pending:
            return OrderReport(OrderStatus.OPEN)
        return self.finished.get(client_order_id, _NOT_FOUND)

    def executions(self, since: int, bar: Bar | None = None) -> Sequence[Execution]:
        """Fill what is pending at the open of ``bar``; the executions of the last bar that had any, from ``since``."""
        if self.pending and bar is not None:
            requests, self.pending, self.recent = self.pending, {}, []
            for request in requests.values():
                self._fill(request, bar)
        return [trade for trade in self.recent if trade.time >= since]

    def open_orders(self) -> Sequence[OpenOrder]:
        """What waits for the next bar."""
        return [
            OpenOrder(client_order_id=name, side=each.side, quantity=each.quantity, filled=Decimal(0), limit=each.limit)
            for name, each in self.pending.items()
        ]

    def flows(self, since: int) -> Sequence[AccountFlow]:  # noqa: ARG002  there are none at any time
        return ()

    def close(self) -> None:
        """Nothing is held open."""

    def flow(self, amount: float) -> None:
        """Pay in, or take out as much as there is. In the quote asset."""
        self.quote = max(self.quote + exact(amount), Decimal(0))

    def _shortfall(self, request: OrderRequest, price: Decimal) -> Reason | None:
        needed, held = (
            (request.quantity * price, self.quote) if request.side == "buy" else (request.quantity, self.base)
        )
        return INSUFFICIENT_FUNDS(value=float(needed), limit=float(held)) if needed > held else None

    def _fill(self, request: OrderRequest, bar: Bar) -> None:
        filters, side = self.filters(), request.side
        slipped = 1 + exact(self.settings.slippage) * (1 if side == "buy" else -1)
        price = filters.price(exact(bar.open) * slipped, against=side)
        affordable = self.quote / (price * (1 + filters.fee)) if side == "buy" else self.base
        quantity = min(request.quantity, filters.quantity(affordable))
        # Two orders may have been taken against the same money; what the first one left may be too little to trade.
        if filters.problem(quantity, price) is not None:
            self._finish(request.client_order_id, OrderReport(OrderStatus.CANCELLED))
            return
        fee = quantity * price * filters.fee
        trade = Execution(
            trade_id=f"{request.client_order_id}-1",
            client_order_id=request.client_order_id,
            time=bar.open_time,
            side=side,
            quantity=quantity,
            price=price,
            fee=fee,
            quote_fee=fee,
        )
        self.base, self.quote = self.base + trade.base_change, self.quote + trade.quote_change
        whole = quantity == request.quantity
        self._finish(
            request.client_order_id, OrderReport(OrderStatus.FILLED if whole else OrderStatus.CANCELLED, quantity)
        )
        self.recent.append(trade)

    def _finish(self, client_order_id: str, report: OrderReport) -> None:
        self.finished[client_order_id] = report
        if len(self.finished) > _REMEMBERED:
            del self.finished[next(iter(self.finished))]
