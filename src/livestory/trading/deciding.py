"""From a strategy's wish to what is proposed at the end of a bar, with everything that stands before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from livestory.story.reason import Reason
from livestory.trading.exchange import exact
from livestory.trading.pursuit import first_step
from livestory.trading.risk import HALTED, Refused
from livestory.trading.sizing import order_for
from livestory.trading.strategy.rebalance import rebalance

if TYPE_CHECKING:
    from livestory.trading.exchange import Balances, Exchange, Filters
    from livestory.trading.executor_state import ExecutorState
    from livestory.trading.market.bar import Bar
    from livestory.trading.orders import Order
    from livestory.trading.pursuit import OrderSettings, Send
    from livestory.trading.strategy.rebalance import Proposal
    from livestory.trading.strategy.signal import Signal

_ORDER_OPEN: Final = Reason("order_open")
_UNKNOWN_ORDER: Final = Reason("unknown_order")


def proposed(  # noqa: PLR0913, PLR0917 - what the bar brought, and the rules it is seen by
    state: ExecutorState, filters: Filters, bar: Bar, signal: Signal, balances: Balances, weight: float
) -> Proposal | Reason | None:
    """The trade that is wanted at the end of ``bar``, or why there is none.

    None: everything is being sold at an exchange outside, which `selling_out` does, at its own pace.
    """
    risk = state.risk
    busy = state.orders or state.orders.strays
    if risk.hold is None and risk.resume_at is None and not busy:  # as at nearly every bar
        return rebalance(risk.cap(signal), weight, state.bars_since_trade, state.settings.rebalance)
    if risk.sells_out and state.paper is None:
        left = filters.problem(filters.quantity(balances.base), exact(bar.close)) is None
        return None if left or state.orders else risk.held or HALTED
    if busy:
        return _UNKNOWN_ORDER if any(pursuit.unknown for pursuit in state.orders.pursuits) else _ORDER_OPEN
    if risk.sells_out:
        return risk.sell_all() if filters.quantity(balances.base) else risk.held or HALTED
    if risk.held is not None:
        return risk.held
    return rebalance(risk.cap(signal), weight, state.bars_since_trade, state.settings.rebalance)


def order_wanted(  # noqa: PLR0913, PLR0917 - what is proposed, where, and the rules it must fit
    state: ExecutorState,
    exchange: Exchange,
    filters: Filters,
    settings: OrderSettings,
    proposal: Proposal,
    bar: Bar,
    balances: Balances,
) -> tuple[Order, Send | Reason] | Reason:
    """The order for a proposal, with its first attempt or what puts it off outside; or why risk refuses it."""
    outside = exchange.outside
    book, most = (exchange.book(), settings.max_value) if outside else (None, None)
    order = order_for(proposal, bar, balances, filters, state.bot, book=book, max_value=most)
    verdict = state.risk.approve(order)
    if isinstance(verdict, Refused):
        return verdict.reason
    problem = filters.problem(order.quantity, order.reference)
    if problem is None and exchange.closed is not None:
        problem = Reason("market_halted", text=exchange.closed)
    return order, problem or first_step(order, filters, settings, book, outside=outside)
