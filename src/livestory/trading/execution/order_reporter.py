"""What became of orders, told: filled, put off, unknown, found again, and a sale that does not come about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from livestory.clock import SECOND
from livestory.story.halt_reasons import BREAKER, OWNER
from livestory.story.inputs import Fill, Skip
from livestory.story.kinds.exchange import OrderClear, OrderUnknown
from livestory.story.kinds.risk import SellStuck
from livestory.story.reason import Reason
from livestory.story.reasons import REJECTED, UNFILLED
from livestory.trading.exchange.records import Balances, Execution, Side
from livestory.trading.execution.working_order import ChildOrder, OrderState, WorkingOrder
from livestory.trading.session import Session
from livestory.trading.state import LAST_RETRY

_UNFILLED: Final = UNFILLED()
_NOTHING: Final = Balances(Decimal(0), Decimal(0))
_UNKNOWN_TOLD_AFTER = 10 * SECOND  # most lost answers are found in less


class OrderReporter:
    """Tells of the orders in one executor's table, each outcome once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._state = session.state
        self._story = session.story
        self._base = session.info.base
        self.began: int | None = None  # since when this process is there; what was filled before was filled while away

    def report_finished(self, time: int) -> None:
        """Tell every working order that is over, and take it from the order table."""
        for order in self._state.orders.take_finished():
            self._report(order, time)

    def report_strays(self, strays: Iterable[list[Execution]], time: int) -> None:
        """Tell the trades of orders that no table could keep before the bot died."""
        for trades in strays:
            fill = stray_fill(trades, self._held(), self._session.filters.tick, time)
            self._state.summary.on_fill(fill)
            self._story.take(fill)

    def report_unknown(self, now: int) -> None:
        """Tell the orders whose answer was lost and that are still looked for, and those that turned up open."""
        for working, child in self._state.orders.living():
            if child.state is not OrderState.UNKNOWN:
                if working.told_unknown:
                    self._clear(working, now, "open")
                    working.told_unknown = False
            elif not working.told_unknown and now - (child.lost_at or now) >= _UNKNOWN_TOLD_AFTER:
                working.told_unknown = True
                self._story.report(now, self._unknown(working, child, now))

    def put_off(self, side: Side, quantity: Decimal, time: int, reason: Reason) -> None:
        """Tell a trade that was wanted and is not made; once, until something else is said of it."""
        told = f"{side} {reason.key}"
        if told != self._state.put_off:
            self._state.put_off = told
            self._story.take(Skip(time=time, reason=reason, side=side, quantity=quantity or None))

    def report_stuck(self, now: int, problem: str, at_most: int = LAST_RETRY) -> None:
        """Count a sale of everything that did not come about, and tell it; it is tried again after ``at_most``."""
        sale, held = self._state.liquidation, self._held()
        sale.failed(now, at_most)
        told = SellStuck(
            position=float(held.base),
            base=self._base,
            tries=sale.tries,
            since=sale.since,
            problem=problem,
            retry_in=sale.retry_at - now,
            by=BREAKER if self._state.risk.hold is None else OWNER,
        )
        self._story.report(now, told)

    def _report(self, working: WorkingOrder, time: int) -> None:
        state, outside = self._state, self._session.outside
        if self.began is not None and working.trades and max(trade.time for trade in working.trades) < self.began:
            working.found = "away"
        fill = fill_of(working, self._held(), self._session.filters.tick, time if outside else None)
        if fill is not None:
            state.summary.on_fill(fill)
            self._story.take(fill)
            if working.exit:
                state.liquidation.went_through()
            return
        reason = working.last.refusal if working.children else None
        reason = reason or working.rest or _UNFILLED
        if working.told_unknown:
            self._clear(working, time, working.outcome)
        if working.exit and not working.withdrawn:
            self.report_stuck(time, reason.text if REJECTED.made(reason) else reason.key.replace("_", " "))
        elif not working.withdrawn and not working.told_unknown:
            self.put_off(working.order.side, working.order.quantity, time, reason)

    def _unknown(self, working: WorkingOrder, child: ChildOrder, now: int) -> OrderUnknown:
        return OrderUnknown(
            side=working.order.side,
            quantity=child.request.quantity,
            base=self._base or "",
            sent=child.since,
            waited=now - child.since,
            problem=child.problem or None,
            order_id=working.order.client_order_id,
        )

    def _clear(self, working: WorkingOrder, time: int, outcome: str) -> None:
        told = OrderClear(
            side=working.order.side,
            quantity=working.last.request.quantity,
            base=self._base or "",
            outcome=outcome,
            order_id=working.order.client_order_id,
        )
        self._story.report(time, told)

    def _held(self) -> Balances:
        return self._state.held() or _NOTHING


def fill_of(working: WorkingOrder, balances: Balances, tick: Decimal, told_at: int | None = None) -> Fill | None:
    """What was filled of an order, at its average price; None if nothing was.

    ``balances`` are those after it, ``tick`` is the step of the exchange's prices. ``told_at`` is the present; None:
    the fill is told at its own time. The id of the first child order stands for the trade: one order, one fill told.
    """
    order, trades = working.order, working.trades
    if not trades:
        return None
    filled, price = working.filled, _average(trades, tick)
    last = max(trade.time for trade in trades)
    late = working.found is not None and told_at is not None
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
        found=working.found,
        filled_at=last if late else None,
        ordered=order.time if late else None,
        rest=working.rest if filled != order.quantity else None,
    )


def stray_fill(trades: Sequence[Execution], balances: Balances, tick: Decimal, told_at: int) -> Fill:
    """What was filled of an order of ours that no table could keep before the bot died."""
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


def _average(trades: Sequence[Execution], tick: Decimal) -> Decimal:
    """The price itself where all have the same; else the average, to a hundredth of a tick."""
    if len({trade.price for trade in trades}) == 1:
        return trades[0].price
    filled = sum((trade.quantity for trade in trades), Decimal(0))
    average = sum((trade.quantity * trade.price for trade in trades), Decimal(0)) / filled
    return round(average / tick, 2) * tick


def _fees(trades: Sequence[Execution]) -> Decimal | None:
    fees = [trade.fee for trade in trades if trade.fee is not None]
    return sum(fees, Decimal(0)) if len(fees) == len(trades) else None
