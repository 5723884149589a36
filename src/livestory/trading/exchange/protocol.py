"""What the executor needs of an exchange: one narrow protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from livestory.trading.exchange.records import (
    AccountFlow,
    Answer,
    Balances,
    Book,
    Execution,
    Filters,
    OpenOrder,
    OrderReport,
    OrderRequest,
    Trouble,
)
from livestory.trading.market.bar import Bar
from livestory.trading.risk import Approved


class Exchange(Protocol):
    """An account at an exchange, for one symbol. No method raises for trouble on the way: the answers tell it.

    The contract, for paper and for the outside world:

    - `submit` takes nothing but what risk has approved. A timeout is not a rejection: it is `Unanswered`, and `query`
      settles it. What was not sent at all (a ban, a market that is closed) is `Rejected`.
    - `trades` may repeat itself (the order ledger knows each trade by its id), may be late, but leaves none out that
      is older than one it gives. A trade whose order is not known yet makes the answer None, not a foreign trade.
    - A report may be older or newer than what `trades` gives: an order is done when its trades add up to the report's
      ``filled``.
    - None is no answer, and never an empty one. `trouble` then says why.
    """

    @property
    def outside(self) -> bool:
        """Whether an order leaves this process: then its intent is committed before it is sent."""
        ...

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong since the first call that failed; None after one that succeeded."""
        ...

    @property
    def closed(self) -> str | None:
        """The exchange's word for a market that takes no orders, as of the last refresh; None while it trades."""
        ...

    @property
    def has_flows(self) -> bool:
        """Whether the account's deposits and withdrawals can be read."""
        ...

    @property
    def clock_ahead(self) -> int:
        """How far this machine's clock was ahead of the exchange's at the last refresh, in microseconds."""
        ...

    def refresh(self, now: int) -> None:
        """Read the clock, the filters and the market's status anew where they are older than an hour; else nothing."""
        ...

    def filters(self) -> Filters:
        """The rules for an order's numbers, as of the last refresh."""
        ...

    def balances(self) -> Balances | None:
        """What the account holds now, None if there was no answer."""
        ...

    def book(self) -> Book | None:
        """The best prices now, None if there was no answer or where there is no book."""
        ...

    def submit(self, approved: Approved, request: OrderRequest) -> Answer:
        """Place ``request``, of the order that was approved.

        Raises TypeError for anything but an `Approved`, ValueError for a request of another side or a greater
        quantity than its order's.
        """
        ...

    def cancel(self, client_order_id: str) -> OrderReport | None:
        """Withdraw what is still open of an order; what is then known of it, None if there was no answer."""
        ...

    def query(self, client_order_id: str) -> OrderReport | None:
        """What is known of an order, None if there was no answer."""
        ...

    def executions(self, since: int, bar: Bar | None = None) -> Sequence[Execution] | None:
        """At least every execution of the account from the instant ``since``, oldest first; None: no answer.

        ``bar`` has just been heard; a paper exchange trades at its open what was submitted before it.
        """
        ...

    def open_orders(self) -> Sequence[OpenOrder] | None:
        """Every order of the account that stands open for the symbol, None if there was no answer."""
        ...

    def flows(self, since: int) -> Sequence[AccountFlow] | None:
        """Deposits and withdrawals that were completed from the instant ``since``, oldest first; None: no answer."""
        ...

    def close(self) -> None:
        """Let go of connections; nothing is asked after it."""
        ...


def checked(approved: Approved, request: OrderRequest) -> OrderRequest:
    """The request, if it is of the order that was approved. Raises as `Exchange.submit` does."""
    if not isinstance(approved, Approved):
        message = f"only an Approved order can be submitted, not {approved!r}"  # type: ignore[unreachable]
        raise TypeError(message)
    order = approved.order
    if request.side != order.side or request.quantity > order.quantity:
        message = f"{request.client_order_id}: not what was approved"
        raise ValueError(message)
    return request
