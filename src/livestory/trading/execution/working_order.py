"""A decision to trade, and the life of the orders at the exchange that carry it out.

A decision is an `Order`. A `WorkingOrder` carries it out by one `ChildOrder` after another, each an order at the
exchange under a client order id of its own. The table below has the rules for a child order:

- It is *intended* before it is sent, so that a restart knows of every order that may be outside.
- Until the exchange answers, it is *sent*; no answer makes it *unknown*, which is neither rejected nor accepted. Only
  what the exchange says of it afterwards, or the proof that it has no such order, leads out of there.
- One that the exchange had and no longer knows is unknown again, and can't be proven absent: it was there.
- One that is proven absent ends as cancelled. It is never sent again: what is decided next has another id.
- A trade may come before the answer to the order that it belongs to, since nobody promises their sequence.
- Filled, cancelled and rejected are final, and a child order is final only when its trades add up to what the exchange
  says that it filled.
- More traded under its id than was sent is a contradiction: the table keeps to what was sent, gives the trade back as
  one of an order it does not have, and no longer waits for anything to add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2s

from msgspec import Struct, field

from livestory.errors import LivestoryError
from livestory.story.reason import Reason
from livestory.trading.exchange.records import Execution, OrderReport, OrderRequest, OrderStatus, Side


class OrderState(StrEnum):
    """Where a child order is in its life."""

    INTENDED = "intended"
    SENT = "sent"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class OrderEvent(StrEnum):
    """What can happen to a child order."""

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
        **_FILLS,
    },
    OrderState.OPEN: {OrderEvent.LOSE: OrderState.UNKNOWN, **_FILLS},
    OrderState.PARTIALLY_FILLED: {
        OrderEvent.ACCEPT: OrderState.PARTIALLY_FILLED,
        OrderEvent.LOSE: OrderState.UNKNOWN,
        **_FILLS,
    },
    OrderState.FILLED: {},
    OrderState.CANCELLED: {},
    OrderState.REJECTED: {},
}

_SEEN = frozenset((OrderEvent.ACCEPT, OrderEvent.FILL_PART, OrderEvent.FILL))
FINAL = frozenset(state for state, ways in TRANSITIONS.items() if not ways)
UNANSWERED = frozenset((OrderState.INTENDED, OrderState.SENT, OrderState.UNKNOWN))


class IllegalTransition(LivestoryError):
    """Something happened to an order that can't happen in its state; the order is as it was."""


class Order(Struct, frozen=True, kw_only=True):
    """A decision to trade: what, and why. It never changes; what becomes of it is a `WorkingOrder`."""

    client_order_id: str  # of its first child order; it names the working order
    time: int  # of the decision, the end of its bar
    side: Side
    quantity: Decimal  # base asset, positive
    reference: Decimal  # the price at the decision
    target_weight: float
    weight_before: float
    reason: Reason
    step: int = 0  # which step of a staged entry this is, 0 = none


class ChildOrder(Struct):
    """An order at the exchange, and its life so far."""

    request: OrderRequest = field(name="attempt")
    since: int  # when it was intended
    state: OrderState = OrderState.INTENDED
    trades: dict[str, Execution] = field(default_factory=dict)  # by trade id
    seen: bool = False  # the exchange has shown that it has it
    lost_at: int | None = None  # since when its fate is not known
    missed_at: int | None = None  # when it was first looked for and not found; from there on the grace counts
    misses: int = 0  # answers since then that did not find it
    short_at: int | None = None  # since when the exchange says that more was filled than its trades show
    contradicted: bool = False  # more was traded under its id than was sent
    problem: str = ""  # what came instead of an answer
    refusal: Reason | None = None  # why the exchange rejected it
    asks: int = 0  # how often in vain it was asked for
    ask_at: int = 0  # when it is asked for next

    def apply(self, event: OrderEvent) -> None:
        """Move to the state that ``event`` leads to; raises `IllegalTransition` if it leads nowhere from here."""
        try:
            self.state = TRANSITIONS[self.state][event]
            self.seen = self.seen or event in _SEEN
        except KeyError:
            message = f"order {self.request.client_order_id}: {event} can't happen to an order that is {self.state}"
            raise IllegalTransition(message) from None

    def lose(self, now: int, problem: str = "") -> None:
        """Take in that there was no answer that tells."""
        self.apply(OrderEvent.LOSE)
        self.lost_at, self.missed_at, self.problem, self.asks, self.ask_at = now, None, problem, 0, 0
        self.misses = 0

    def reject(self, reason: Reason) -> None:
        """Take in that the exchange refused it."""
        self.apply(OrderEvent.REJECT)
        self.refusal = reason

    def add_execution(self, trade: Execution) -> None:
        """Take in an execution; one with a known id changes nothing.

        Raises `IllegalTransition` for a trade of a finished child order, or for more than was sent.
        """
        if trade.trade_id in self.trades:
            return
        rest = self.request.quantity - self.filled - trade.quantity
        if rest < 0:
            message = f"order {self.request.client_order_id}: trade {trade.trade_id} fills more than was ordered"
            raise IllegalTransition(message)
        self.apply(OrderEvent.FILL_PART if rest else OrderEvent.FILL)
        self.trades[trade.trade_id] = trade

    def apply_report(self, report: OrderReport) -> None:
        """Take in what the exchange says of it; not found says nothing, and a fill is taken from its trades alone."""
        if self.state in FINAL or report.status is OrderStatus.NOT_FOUND:
            return
        if report.status is not OrderStatus.OPEN and (report.filled == self.filled or self.contradicted):
            self.apply(OrderEvent.CANCEL)
        elif self.state is OrderState.UNKNOWN:
            self.apply(OrderEvent.ACCEPT)

    def correct_clock(self, now: int, ask_within: int) -> None:
        """Take in that it is ``now``: what lies further ahead was written by a clock that was wrong."""
        self.since, self.ask_at = min(self.since, now), min(self.ask_at, now + ask_within)
        if self.lost_at is not None:
            self.lost_at = min(self.lost_at, now)
        if self.missed_at is not None and self.missed_at > now:
            self.missed_at, self.misses = None, 0
        if self.short_at is not None:
            self.short_at = min(self.short_at, now)

    @property
    def filled(self) -> Decimal:
        """The quantity filled so far."""
        return sum((trade.quantity for trade in self.trades.values()), Decimal(0))


class WorkingOrder(Struct):
    """An order and its children, one after the other. It is over when the last is final and no other is due."""

    order: Order
    children: list[ChildOrder] = field(name="entries", default_factory=list)
    patience_ends: int | None = None  # until when it waits as a maker; None: it takes what the market offers
    withdrawn: bool = False  # what is open of it is cancelled, and nothing more is sent
    over: bool = False
    rest: Reason | None = None  # why the rest was given up
    exit: bool = False  # it sells everything, for the breaker or the owner
    outcome: str = "cancelled"  # of an unknown order that did not trade: "cancelled", "absent" or "owner"
    found: str | None = None  # how its fate came to be known late: "asked" or "away"
    told_unknown: bool = False

    @property
    def last(self) -> ChildOrder:
        """The present child order."""
        return self.children[-1]

    @property
    def living(self) -> ChildOrder | None:
        """The child order that may still trade."""
        return None if self.last.state in FINAL else self.last

    @property
    def unknown(self) -> bool:
        """Whether nobody knows if it stands at the exchange."""
        return self.last.state in UNANSWERED

    @property
    def trades(self) -> list[Execution]:
        """All its executions, child order by child order."""
        return [trade for child in self.children for trade in child.trades.values()]

    @property
    def filled(self) -> Decimal:
        """The quantity filled so far."""
        return sum((child.filled for child in self.children), Decimal(0))

    def intend(self, request: OrderRequest, now: int) -> ChildOrder:
        """Keep the intent of the next child order.

        Raises `IllegalTransition` while another may still trade, or where there is one of that id.
        """
        known = {child.request.client_order_id for child in self.children}
        if self.children and (self.living is not None or request.client_order_id in known):
            message = f"order {request.client_order_id}: {self.last.request.client_order_id} is {self.last.state}"
            raise IllegalTransition(message)
        self.children.append(ChildOrder(request, now))
        return self.last

    def end(self, rest: Reason | None = None) -> None:
        """Send nothing more of it; ``rest`` is why what is not filled is given up."""
        self.over, self.rest = True, self.rest or rest

    def stop_waiting(self) -> None:
        """Withdraw it where it waits as a maker, which takes someone to follow the book."""
        self.withdrawn = self.withdrawn or self.patience_ends is not None

    def next_id(self) -> str:
        """The client order id of the child order that would come next."""
        first = self.order.client_order_id
        return nth_id(first, len(self.children) + 1) if self.children else first


def client_order_id(bot: str, bar: int, leg: str, number: int = 1) -> str:
    """The id under which an order is sent: the same for the same decision, so that it can be asked for after a crash.

    ``bar`` is the end of the deciding bar in microseconds, ``leg`` a word that tells apart the orders of one bar; the
    first letter counts. At most 36 characters of ``[a-zA-Z0-9-]``, as exchanges ask.
    """
    return f"{id_prefix(bot)}{bar}-{leg[0]}-{number}"


def id_prefix(bot: str) -> str:
    """What the client order ids of a bot begin with, and no other's."""
    return f"ls-{blake2s(bot.encode(), digest_size=4).hexdigest()}-"


def nth_id(first: str, number: int) -> str:
    """The client order id of the child of that number, of the order whose first child has the id ``first``."""
    return f"{first.rpartition('-')[0]}-{number}"


class OrderTable(Struct):
    """The working orders, oldest first. It is committed with everything else that must survive."""

    working: list[WorkingOrder] = field(name="pursuits", default_factory=list)
    strays: dict[str, list[Execution]] = field(default_factory=dict)  # of orders of ours that are not here, by their id
    exits: int = 0  # sales of the same bar outside its own decision
    exits_of: int = 0  # that bar

    def __bool__(self) -> bool:
        return bool(self.working)

    def add(self, order: Order, patience_ends: int | None = None) -> WorkingOrder:
        """Begin a working order; raises `IllegalTransition` for an order that is already there."""
        if any(order.client_order_id == each.order.client_order_id for each in self.working):
            message = f"order {order.client_order_id} is already in the order table"
            raise IllegalTransition(message)
        self.working.append(WorkingOrder(order, patience_ends=patience_ends))
        return self.working[-1]

    def living(self) -> Iterator[tuple[WorkingOrder, ChildOrder]]:
        """Every child order that may still trade."""
        for working in self.working:
            if working.children and (child := working.living) is not None:
                yield working, child

    def since(self) -> int | None:
        """The instant before which no trade of a living child order can be; None if none lives."""
        return min((child.since for _, child in self.living()), default=None)

    def add_execution(self, trade: Execution) -> bool:
        """Take in an execution; False if its order is not one of those that live here, or can't have traded that."""
        for working in self.working:
            for child in working.children:
                if child.request.client_order_id == trade.client_order_id:
                    if trade.trade_id in child.trades:
                        return True
                    if child.state in FINAL:
                        return False  # what was proven to be done traded after all: it is told on its own
                    if child.request.side != trade.side or child.filled + trade.quantity > child.request.quantity:
                        child.contradicted = True
                        return False
                    child.add_execution(trade)
                    return True
        return False

    def take_finished(self) -> Iterator[WorkingOrder]:
        """Remove the working orders that are over, and give them, oldest first."""
        if any(working.over for working in self.working):
            over = [working for working in self.working if working.over]
            self.working = [working for working in self.working if not working.over]
            yield from over

    def next_exit(self, bar: int) -> int:
        """The number of the next sale that is sent after the bar that ended at ``bar``."""
        self.exits, self.exits_of = (self.exits + 1 if bar == self.exits_of else 1), bar
        return self.exits
