"""The life of an order, and the ledger of orders that still live.

The rules that the table below spells out:

- An order is *intended* before it is sent, so that a restart knows of every order that may be outside.
- Until the exchange answers, an order is *sent*; no answer makes it *unknown*, which is neither rejected nor accepted.
  Only what the exchange says of it afterwards leads out of there.
- An order that the exchange proves not to have ends as cancelled. It is never sent again: the next bar decides anew.
- A trade may come before the answer to the order that it belongs to, since nobody promises their sequence.
- Filled, cancelled and rejected are final. Nothing is traded after them (the exchange's contract).
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from hashlib import blake2s
from typing import TYPE_CHECKING

from msgspec import Struct, field

from livestory.errors import LivestoryError
from livestory.story.observation import Fill, Reason
from livestory.trading.exchange import Balances, Side, Standing, Trade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class OrderState(StrEnum):
    """Where an order is in its life."""

    INTENDED = "intended"
    SENT = "sent"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class OrderEvent(StrEnum):
    """What can happen to an order."""

    SEND = "send"
    ACCEPT = "accept"
    REJECT = "reject"
    LOSE = "lose"  # no answer that tells
    FILL_PART = "fill_part"
    FILL = "fill"  # completely
    CANCEL = "cancel"  # nothing more will be filled


_FILLS: Mapping[OrderEvent, OrderState] = {
    OrderEvent.FILL_PART: OrderState.PARTIALLY_FILLED,
    OrderEvent.FILL: OrderState.FILLED,
    OrderEvent.CANCEL: OrderState.CANCELLED,
}

TRANSITIONS: Mapping[OrderState, Mapping[OrderEvent, OrderState]] = {
    OrderState.INTENDED: {
        OrderEvent.SEND: OrderState.SENT,
        OrderEvent.LOSE: OrderState.UNKNOWN,  # a restart can't know whether it was sent
        OrderEvent.CANCEL: OrderState.CANCELLED,
    },
    OrderState.SENT: {
        OrderEvent.ACCEPT: OrderState.OPEN,
        OrderEvent.REJECT: OrderState.REJECTED,
        OrderEvent.LOSE: OrderState.UNKNOWN,
        **_FILLS,
    },
    OrderState.UNKNOWN: {
        OrderEvent.ACCEPT: OrderState.OPEN,
        OrderEvent.REJECT: OrderState.REJECTED,
        **_FILLS,
    },
    OrderState.OPEN: _FILLS,
    OrderState.PARTIALLY_FILLED: {OrderEvent.ACCEPT: OrderState.PARTIALLY_FILLED, **_FILLS},
    OrderState.FILLED: {},
    OrderState.CANCELLED: {},
    OrderState.REJECTED: {},
}

FINAL = frozenset(state for state, ways in TRANSITIONS.items() if not ways)


class IllegalTransition(LivestoryError):
    """Something happened to an order that can't happen in its state; the order is as it was."""


class Order(Struct, frozen=True, kw_only=True):
    """A market order: what is to be traded, and why. It never changes; its life is a `LedgerEntry`."""

    client_order_id: str
    time: int  # of the decision, the end of its bar
    side: Side
    quantity: Decimal  # base asset, positive
    reference: Decimal  # the price at the decision
    target_weight: float
    weight_before: float
    reason: Reason
    step: int = 0  # which step of a staged entry this is, 0 = none


class LedgerEntry(Struct):
    """One order's life so far."""

    order: Order
    state: OrderState = OrderState.INTENDED
    trades: dict[str, Trade] = field(default_factory=dict)  # by trade id

    def happen(self, event: OrderEvent) -> None:
        """Move to the state that ``event`` leads to; raises `IllegalTransition` if it leads nowhere from here."""
        try:
            self.state = TRANSITIONS[self.state][event]
        except KeyError:
            message = f"order {self.order.client_order_id}: {event} can't happen to an order that is {self.state}"
            raise IllegalTransition(message) from None

    def trade(self, trade: Trade) -> None:
        """Take in an execution; one with a known id changes nothing.

        Raises `IllegalTransition` for a trade of a finished order, or for more than was ordered.
        """
        if trade.trade_id in self.trades:
            return
        rest = self.order.quantity - self.filled - trade.quantity
        if rest < 0:
            message = f"order {self.order.client_order_id}: trade {trade.trade_id} fills more than was ordered"
            raise IllegalTransition(message)
        self.happen(OrderEvent.FILL_PART if rest else OrderEvent.FILL)
        self.trades[trade.trade_id] = trade

    def stand(self, standing: Standing) -> None:
        """Take in where the exchange says that the order stands."""
        if standing in (Standing.CANCELLED, Standing.ABSENT):
            self.happen(OrderEvent.CANCEL)
        elif self.state is OrderState.UNKNOWN:
            self.happen(OrderEvent.ACCEPT)  # a fill is taken from its trades, never from a standing

    @property
    def filled(self) -> Decimal:
        """The quantity filled so far."""
        return sum((trade.quantity for trade in self.trades.values()), Decimal(0))

    def fill(self, balances: Balances) -> Fill | None:
        """What was filled, at its average price, for the story; None if nothing was.

        ``balances`` are those after it. The client order id stands for the trade: one order, one fill told.
        """
        if not self.trades:
            return None
        order, filled, trades = self.order, self.filled, self.trades.values()
        price = sum((trade.quantity * trade.price for trade in trades), Decimal(0)) / filled
        return Fill(
            time=max(trade.time for trade in trades),
            side=order.side,
            quantity=filled,
            price=price,
            fee=sum((trade.fee for trade in trades), Decimal(0)),
            trade_id=order.client_order_id,
            reason=order.reason,
            step=order.step or None,
            weight_before=order.weight_before,
            weight_after=balances.weight(float(price)),
            wealth_after=balances.wealth(float(price)),
            reference=order.reference,
            wanted=None if filled == order.quantity else order.quantity,
        )


class OrderLedger(Struct):
    """The orders that still live, by client order id. It is committed with everything else that must survive."""

    entries: dict[str, LedgerEntry] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether any order lives."""
        return bool(self.entries)

    def intend(self, order: Order) -> LedgerEntry:
        """Keep the intent of ``order``; raises `IllegalTransition` for an id that is already there."""
        if order.client_order_id in self.entries:
            message = f"order {order.client_order_id} is already in the ledger"
            raise IllegalTransition(message)
        entry = self.entries[order.client_order_id] = LedgerEntry(order)
        return entry

    def in_state(self, *states: OrderState) -> list[LedgerEntry]:
        """The entries in one of ``states``, oldest first."""
        return [entry for entry in self.entries.values() if entry.state in states]

    def since(self) -> int:
        """The instant before which no trade of a living order can be."""
        return min(entry.order.time for entry in self.entries.values())

    def trade(self, trade: Trade) -> None:
        """Take in an execution; one of an order that doesn't live here is not ours to tell."""
        entry = self.entries.get(trade.client_order_id)
        if entry is not None:
            entry.trade(trade)

    def take_finished(self) -> Iterator[LedgerEntry]:
        """Remove the orders that are done, oldest first."""
        for client_order_id, entry in list(self.entries.items()):
            if entry.state in FINAL:
                del self.entries[client_order_id]
                yield entry


def client_order_id(bot: str, bar: int, leg: str, attempt: int = 1) -> str:
    """The id under which an order is sent: the same for the same decision, so that it can be asked for after a crash.

    ``bar`` is the end of the deciding bar in microseconds, ``leg`` a word that tells apart the orders of one bar; the
    first letter counts. At most 36 characters of ``[a-zA-Z0-9-]``, as exchanges ask.
    """
    return f"ls-{blake2s(bot.encode(), digest_size=4).hexdigest()}-{bar}-{leg[0]}-{attempt}"
