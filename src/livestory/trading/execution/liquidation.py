"""The sale of everything, for the breaker or at the owner's word: at the market, until nothing is left."""

from __future__ import annotations

from decimal import Decimal

from livestory.clock import SECOND
from livestory.trading.exchange.records import Balances, exact
from livestory.trading.execution.order_manager import OrderManager
from livestory.trading.execution.order_reporter import OrderReporter
from livestory.trading.execution.tactics import Send
from livestory.trading.execution.working_order import Order, client_order_id
from livestory.trading.risk import Approved
from livestory.trading.session import Session
from livestory.trading.state import SALE_TRIED_EVERY, LiquidationState

SETTLED_WITHIN = 60 * SECOND
"""An order in its way keeps the sale waiting no longer without a word."""

_OWN = "an order of its own can't be withdrawn"


class Liquidation:
    """Sells everything at an exchange outside, for as long as risk wants it."""

    def __init__(self, session: Session, manager: OrderManager, reporter: OrderReporter) -> None:
        self._session = session
        self._state = session.state
        self._exchange = session.exchange
        self._manager = manager
        self._reporter = reporter

    def proceed(self, now: int) -> None:
        """Withdraw what else is open; then, unless a try has just failed, sell what is free."""
        state = self._state
        sale = state.liquidation
        if not state.risk.sells_out:
            if sale.since is not None:
                state.liquidation = LiquidationState()
            return
        if sale.since is None:
            sale.since = now
        others = [working for working in state.orders.working if not (working.exit or working.withdrawn)]
        for working in others:
            working.withdrawn = True
        if others:
            self._manager.follow_up(now)
        if now < sale.retry_at or self._blocked(now, sale.since):
            return
        balances = self._exchange.balances()
        if balances is None:
            self._reporter.report_stuck(now, "no answer")
        else:
            self._sell(now, balances)

    def _blocked(self, now: int, since: int) -> bool:
        """Whether an order that lives keeps the sale from being sent; where that lasts, it is told."""
        sale = self._state.liquidation
        if self._manager.clear_the_way(now, since, SETTLED_WITHIN):
            sale.blocked_since = None
            return False
        if sale.blocked_since is None:
            sale.blocked_since = now
        if now - sale.blocked_since > SETTLED_WITHIN:
            self._reporter.report_stuck(now, _OWN, SALE_TRIED_EVERY)
        return True

    def _sell(self, now: int, balances: Balances) -> None:
        state, filters, book = self._state, self._session.filters, self._exchange.book()
        price = exact(state.summary.price) if book is None else book.bid
        quantity = filters.quantity(balances.base_free)
        problem = filters.problem(quantity, price)
        if problem is not None and filters.problem(filters.quantity(balances.base), price) is None:
            stuck = _OWN if state.orders else "other open orders keep it back"
            self._reporter.report_stuck(now, stuck, SALE_TRIED_EVERY)
            return
        if problem is not None:
            state.liquidation.rest(now)
            if balances.base:
                self._reporter.put_off("sell", quantity, now, problem)
            return
        verdict = state.risk.approve(self._order(now, quantity, balances))
        if isinstance(verdict, Approved):
            self._manager.place(verdict, Send(quantity, None), now, exits=True)
            self._manager.follow_up(now)

    def _order(self, now: int, quantity: Decimal, balances: Balances) -> Order:
        """The next sale after the last bar, of a leg of its own."""
        state, proposal = self._state, self._state.risk.sell_all()
        bar, price = state.summary.last_time or now, state.summary.price
        return Order(
            client_order_id=client_order_id(state.bot, bar, "exit", state.orders.next_exit(bar)),
            time=bar,
            side="sell",
            quantity=quantity,
            reference=exact(price),
            target_weight=0.0,
            weight_before=balances.weight(price),
            reason=proposal.reason,
        )
