"""From a proposed weight to an order's exact quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.trading.exchange import Balances, Filters, exact
from livestory.trading.orders import Order, client_order_id

if TYPE_CHECKING:
    from livestory.trading.exchange import Book
    from livestory.trading.market.bar import Bar
    from livestory.trading.strategy.rebalance import Proposal


def order_for(  # noqa: PLR0913 - what it is sized by, and where it comes from
    proposal: Proposal,
    bar: Bar,
    balances: Balances,
    filters: Filters,
    bot: str,
    *,
    book: Book | None = None,
    max_value: float | None = None,
) -> Order:
    """The order that brings the account to the proposal's weight at the bar's close.

    The quantity is on the exchange's step, rounded down, 0 if there is nothing to trade; a buy with its fee costs at
    most the free money there is, at the ``book``'s asking price where that is known. ``max_value``, in the quote asset,
    is the most that it is worth. Whether an exchange would take it is for `Filters.problem` to say.
    """
    price = exact(bar.close)
    wealth = balances.quote + balances.base * price
    wanted = exact(proposal.target_weight) * wealth / price - balances.base
    if proposal.side == "buy":
        dearest = price if book is None else max(price, book.ask)
        quantity = min(wanted, balances.quote_free / (dearest * (1 + filters.fee)))
    else:
        quantity = min(-wanted, balances.base_free)
    if max_value is not None:
        quantity = min(quantity, exact(max_value) / price)
    return Order(
        client_order_id=client_order_id(bot, bar.end, proposal.side),
        time=bar.end,
        side=proposal.side,
        quantity=filters.quantity(quantity),
        reference=price,
        target_weight=proposal.target_weight,
        weight_before=float(balances.base * price / wealth) if wealth else 0.0,
        reason=proposal.reason,
        step=proposal.step,
    )
