"""The table of the orders that still live; it is saved with the executor's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from livestory.trading.exchange.records import Execution
from livestory.trading.execution.working_order import FINAL, ChildOrder, IllegalTransition, Order, WorkingOrder

if TYPE_CHECKING:
    from collections.abc import Iterator


class OrderTable(Struct):
    """The working orders, oldest first. It is committed with everything else that must survive."""

    working: list[WorkingOrder] = field(name="pursuits", default_factory=list)
    strays: dict[str, list[Execution]] = field(default_factory=dict)  # of orders of ours that are not here, by their id
    exits: int = 0  # sales of the same bar outside its own decision
    exits_of: int = 0  # that bar

    def __bool__(self) -> bool:
        """Whether any order lives."""
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
