"""What became of orders, told: filled, put off, unknown, found again, and a sale that does not come about."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from livestory.clock import SECOND
from livestory.story.inputs import Skip, Statement
from livestory.story.kinds.exchange import OrderClear, OrderUnknown
from livestory.story.kinds.risk import SellStuck
from livestory.story.reason import Reason
from livestory.trading.exchange import Balances
from livestory.trading.fills import fill_of, stray_fill
from livestory.trading.orders import OrderState
from livestory.trading.selling_out import LAST_RETRY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.trading.exchange import Exchange, Side, Trade
    from livestory.trading.executor_state import ExecutorState
    from livestory.trading.orders import LedgerEntry, Pursuit
    from livestory.trading.scene import Scene
    from livestory.trading.story_port import Story

_UNFILLED: Final = Reason("unfilled")
_NOTHING: Final = Balances(Decimal(0), Decimal(0))
_UNKNOWN_TOLD_AFTER = 10 * SECOND  # most lost answers are found in less


class Outcomes:
    """Tells of the orders in one executor's ledger, each outcome once."""

    def __init__(self, state: ExecutorState, exchange: Exchange, story: Story, scene: Scene) -> None:
        """Told with the names of ``scene``."""
        self._state = state
        self._exchange = exchange
        self._story = story
        self._scene = scene
        self.began: int | None = None  # since when this process is there; what was filled before was filled while away

    def tell_over(self, time: int) -> bool:
        """Tell every pursuit that is over, and take it from the ledger; whether there was any."""
        over = list(self._state.orders.take_over())
        for pursuit in over:
            self._tell(pursuit, time)
        return bool(over)

    def tell_strays(self, strays: Iterable[list[Trade]], time: int) -> None:
        """Tell the trades of orders that the ledger could not keep before the bot died."""
        for trades in strays:
            fill = stray_fill(trades, self._held(), self._exchange.filters().tick, time)
            self._state.summary.on_fill(fill)
            self._story.take(fill)

    def tell_unknown(self, now: int) -> None:
        """Tell the orders whose answer was lost and that are still looked for, and those that turned up open."""
        for pursuit, entry in self._state.orders.living():
            if entry.state is not OrderState.UNKNOWN:
                if pursuit.told_unknown:
                    self._clear(pursuit, now, "open")
                    pursuit.told_unknown = False
            elif not pursuit.told_unknown and now - (entry.lost_at or now) >= _UNKNOWN_TOLD_AFTER:
                pursuit.told_unknown = True
                self._story.take(Statement(now, (self._unknown(pursuit, entry, now),)))

    def put_off(self, side: Side, quantity: Decimal, time: int, reason: Reason) -> None:
        """Tell a trade that was wanted and is not made; once, until something else is said of it."""
        told = f"{side} {reason.key}"
        if told != self._state.put_off:
            self._state.put_off = told
            self._story.take(Skip(time=time, reason=reason, side=side, quantity=quantity or None))

    def stuck(self, now: int, problem: str, at_most: int = LAST_RETRY) -> None:
        """Count a sale of everything that did not come about, and tell it; it is tried again after ``at_most``."""
        sale, held = self._state.sale, self._held()
        sale.failed(now, at_most)
        told = SellStuck(
            position=float(held.base),
            base=self._scene.base,
            tries=sale.tries,
            since=sale.since,
            problem=problem,
            retry_in=sale.retry_at - now,
            by="breaker" if self._state.risk.hold is None else "owner",
        )
        self._story.take(Statement(now, (told,)))

    def _tell(self, pursuit: Pursuit, time: int) -> None:
        state, outside = self._state, self._state.paper is None
        if self.began is not None and pursuit.trades and max(trade.time for trade in pursuit.trades) < self.began:
            pursuit.found = "away"
        fill = fill_of(pursuit, self._held(), self._exchange.filters().tick, time if outside else None)
        if fill is not None:
            state.summary.on_fill(fill)
            self._story.take(fill)
            if pursuit.exit:
                state.sale.went_through()
            return
        reason = pursuit.last.refusal if pursuit.entries else None
        reason = reason or pursuit.rest or _UNFILLED
        if pursuit.told_unknown:
            self._clear(pursuit, time, pursuit.outcome)
        if pursuit.exit and not pursuit.withdrawn:
            self.stuck(time, reason.text if reason.key == "rejected" else reason.key.replace("_", " "))
        elif not pursuit.withdrawn and not pursuit.told_unknown:
            self.put_off(pursuit.order.side, pursuit.order.quantity, time, reason)

    def _unknown(self, pursuit: Pursuit, entry: LedgerEntry, now: int) -> OrderUnknown:
        return OrderUnknown(
            side=pursuit.order.side,
            quantity=entry.attempt.quantity,
            base=self._scene.base or "",
            sent=entry.since,
            waited=now - entry.since,
            problem=entry.problem or None,
            order_id=pursuit.order.client_order_id,
        )

    def _clear(self, pursuit: Pursuit, time: int, outcome: str) -> None:
        told = OrderClear(
            side=pursuit.order.side,
            quantity=pursuit.last.attempt.quantity,
            base=self._scene.base or "",
            outcome=outcome,
            order_id=pursuit.order.client_order_id,
        )
        self._story.take(Statement(time, (told,)))

    def _held(self) -> Balances:
        return self._state.held() or _NOTHING
