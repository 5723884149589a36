"""From executions to the one fill that the story tells of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from livestory.story.inputs import Fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.trading.exchange import Balances, Trade
    from livestory.trading.orders import Pursuit


def fill_of(pursuit: Pursuit, balances: Balances, tick: Decimal, told_at: int | None = None) -> Fill | None:
    """What was filled of an order, at its average price; None if nothing was.

    ``balances`` are those after it, ``tick`` is the step of the exchange's prices. ``told_at`` is the present; None:
    the fill is told at its own time. The id of the first attempt stands for the trade: one order, one fill told.
    """
    order, trades = pursuit.order, pursuit.trades
    if not trades:
        return None
    filled, price = pursuit.filled, _average(trades, tick)
    last = max(trade.time for trade in trades)
    late = pursuit.found is not None and told_at is not None
    return Fill(
        time=last if told_at is None else told_at,
        side=order.side,
        quantity=filled,
        price=price,
        fee=_fees(trades),
        trade_id=order.client_order_id,
        reason=order.reason,
        step=order.step or None,
        weight_before=order.weight_before,
        weight_after=balances.weight(float(price)),
        wealth_after=balances.wealth(float(price)),
        reference=order.reference,
        wanted=None if filled == order.quantity else order.quantity,
        found=pursuit.found,
        filled_at=last if late else None,
        ordered=order.time if late else None,
        rest=pursuit.rest if filled != order.quantity else None,
    )


def stray_fill(trades: Sequence[Trade], balances: Balances, tick: Decimal, told_at: int) -> Fill:
    """What was filled of an order of ours that the ledger could not keep before the bot died."""
    price = _average(trades, tick)
    return Fill(
        time=told_at,
        side=trades[0].side,
        quantity=sum((trade.quantity for trade in trades), Decimal(0)),
        price=price,
        fee=_fees(trades),
        trade_id=f"{trades[0].client_order_id}-{trades[0].trade_id}",
        weight_after=balances.weight(float(price)),
        wealth_after=balances.wealth(float(price)),
        found="away",
        filled_at=max(trade.time for trade in trades),
    )


def _average(trades: Sequence[Trade], tick: Decimal) -> Decimal:
    """The price itself where all have the same; else the average, to a hundredth of a tick."""
    if len({trade.price for trade in trades}) == 1:
        return trades[0].price
    filled = sum((trade.quantity for trade in trades), Decimal(0))
    average = sum((trade.quantity * trade.price for trade in trades), Decimal(0)) / filled
    return round(average / tick, 2) * tick


def _fees(trades: Sequence[Trade]) -> Decimal | None:
    fees = [trade.fee for trade in trades if trade.fee is not None]
    return sum(fees, Decimal(0)) if len(fees) == len(trades) else None
