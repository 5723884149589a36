"""The sale of everything, for the breaker or at the owner's word: at the market, until nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import MINUTE, SECOND
from livestory.trading.exchange import exact
from livestory.trading.orders import Order, client_order_id
from livestory.trading.pursuit import Send

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from livestory.trading.dealing import Dealer
    from livestory.trading.exchange import Balances, Exchange
    from livestory.trading.executor_state import ExecutorState
    from livestory.trading.outcomes import Outcomes

SETTLED_WITHIN = 60 * SECOND
"""An order in its way keeps the sale waiting no longer without a word."""

LOOKED_AT_EVERY = 10 * SECOND
"""A sale that waits for others, for orders to be withdrawn, is tried this often at the least."""

_OWN = "an order of its own can't be withdrawn"
_FIRST_RETRY, LAST_RETRY = 2 * SECOND, 5 * MINUTE


class Sale(Struct):
    """How selling everything goes."""

    since: int | None = None  # when it was first wanted; None: it is not
    tries: int = 0  # in vain, in a row
    retry_at: int = 0
    blocked_since: int | None = None  # since when an order of the bot's own stands in its way

    def failed(self, now: int, at_most: int = LAST_RETRY) -> None:
        """Count a try in vain; the next one waits twice as long as the last, from 2 s to ``at_most``."""
        self.retry_at = now + min(_FIRST_RETRY << min(self.tries, 10), at_most)
        self.tries += 1

    def went_through(self) -> None:
        """Something was sold; what is left follows at once."""
        self.tries, self.retry_at = 0, 0

    def rest(self, now: int) -> None:
        """There is nothing to sell now; something may still come, from an order that nobody knows of."""
        self.tries, self.retry_at = 0, now + LOOKED_AT_EVERY


class SellingOut:
    """Sells everything at an exchange outside, for as long as risk wants it."""

    def __init__(
        self,
        state: ExecutorState,
        exchange: Exchange,
        dealer: Dealer,
        outcomes: Outcomes,
        follow_up: Callable[[int], object],
    ) -> None:
        """``follow_up`` asks what became of the orders that live, does what is due about them, and tells it."""
        self._state = state
        self._exchange = exchange
        self._dealer = dealer
        self._outcomes = outcomes
        self._follow_up = follow_up

    def look(self, now: int) -> None:
        """Withdraw what else is open; then, unless a try has just failed, sell what is free."""
        state = self._state
        sale, pursuits = state.sale, state.orders.pursuits
        if not state.risk.sells_out:
            if sale.since is not None:
                state.sale = Sale()
            return
        if sale.since is None:
            sale.since = now
        others = [pursuit for pursuit in pursuits if not (pursuit.exit or pursuit.withdrawn)]
        for pursuit in others:
            pursuit.withdrawn = True
        if others:
            self._follow_up(now)
        if now < sale.retry_at or self._blocked(now, sale.since):
            return
        balances = self._exchange.balances()
        if balances is None:
            self._outcomes.stuck(now, "no answer")
        else:
            self._sell(now, balances)

    def _blocked(self, now: int, since: int) -> bool:
        """Whether an order that lives keeps the sale from being sent; where that lasts, it is told."""
        sale = self._state.sale
        if self._dealer.out_of_the_way(now, since, SETTLED_WITHIN):
            sale.blocked_since = None
            return False
        if sale.blocked_since is None:
            sale.blocked_since = now
        if now - sale.blocked_since > SETTLED_WITHIN:
            self._outcomes.stuck(now, _OWN, LOOKED_AT_EVERY)
        return True

    def _sell(self, now: int, balances: Balances) -> None:
        state, filters, book = self._state, self._exchange.filters(), self._exchange.book()
        price = exact(state.summary.price) if book is None else book.bid
        quantity = filters.quantity(balances.base_free)
        problem = filters.problem(quantity, price)
        if problem is not None and filters.problem(filters.quantity(balances.base), price) is None:
            stuck = _OWN if state.orders else "other open orders keep it back"
            self._outcomes.stuck(now, stuck, LOOKED_AT_EVERY)
            return
        if problem is not None:
            state.sale.rest(now)
            if balances.base:
                self._outcomes.put_off("sell", quantity, now, problem)
            return
        order = self._order(now, quantity, balances)
        pursuit = state.orders.pursue(order)
        pursuit.exit = True
        before, state.bars_since_trade = state.bars_since_trade, 0  # which is kept with the intent
        self._dealer.send(pursuit, Send(order.quantity, None), now)
        if pursuit.entries and pursuit.last.refusal is None:
            state.put_off = ""
        else:
            state.bars_since_trade = before
        self._follow_up(now)

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
