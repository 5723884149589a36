"""What is around the bot's own orders at an exchange outside: its rules, others' orders, troubles; told as news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.clock import MINUTE, SECOND
from livestory.story.inputs import Statement
from livestory.story.kinds.exchange import ClockSkew, FiltersChanged, ForeignOrders
from livestory.trading.exchange import changes
from livestory.trading.outages import Outages, Place

if TYPE_CHECKING:
    from livestory.trading.dealing import Dealer
    from livestory.trading.exchange import Exchange, Filters
    from livestory.trading.executor_state import ExecutorState
    from livestory.trading.scene import Scene
    from livestory.trading.story_port import Story

_LOOKED_AT_EVERY = 5 * MINUTE
_WATCHED_EVERY = 10 * SECOND
_TRIED_AGAIN_AFTER = 30 * SECOND
_SKEW_TOLD_FROM = SECOND


class Surroundings:
    """Looks around, and tells what has changed."""

    def __init__(self, state: ExecutorState, exchange: Exchange, dealer: Dealer, story: Story, scene: Scene) -> None:
        """Nothing was seen yet."""
        self._state = state
        self._exchange = exchange
        self._dealer = dealer
        self._story = story
        self._scene = scene
        self.outages = Outages(exchange, story, scene)
        self._looked_at = 0
        self._foreign: int | None = None  # open orders of others
        self._skew = 0

    def refresh(self, now: int) -> Filters:
        """The exchange's rules for orders as they are now."""
        self._exchange.refresh(now)
        filters = self._exchange.filters()
        before, self._state.filters = self._state.filters, filters
        if before is not None and before != filters:
            self._story.take(Statement(now, (FiltersChanged(symbol=self._scene.symbol, **changes(before, filters)),)))
        skew = self._exchange.clock_ahead
        if abs(skew - self._skew) >= _SKEW_TOLD_FROM:
            self._skew = skew
            self._story.take(Statement(now, (ClockSkew(skew=skew),)))
        return filters

    def look(self, now: int) -> bool:
        """Every five minutes: whose orders are there. Whether something was told.

        More often where one of ours may come that the owner has given up, and anew where a clock was set back.
        """
        every = _WATCHED_EVERY if now < self._state.watched_until else _LOOKED_AT_EVERY
        if 0 <= now - self._looked_at < every:
            return False
        foreign = self._dealer.look_around()
        self._looked_at = now
        if foreign is None:
            self._looked_at += _TRIED_AGAIN_AFTER - _LOOKED_AT_EVERY
            return False
        before, self._foreign = self._foreign, foreign
        if foreign == before:
            return False
        self._story.take(Statement(now, (ForeignOrders(count=foreign, symbol=self._scene.symbol),)))
        return True

    def troubles(self, now: int, price: float | None = None) -> bool:
        """A trouble that lasts, or the end of one that was told. Whether something was told."""
        return self.outages.look(now, self._place(price))

    def fine(self, now: int, price: float) -> None:
        """The exchange answers, whatever was told before the start."""
        self.outages.tell_back(now, self._place(price))

    def _place(self, price: float | None) -> Place:
        state, held = self._state, self._state.held()
        price = price or state.summary.price
        return Place(
            price=price or None,
            position=None if held is None else float(held.base),
            weight=None if held is None else held.weight(price),
            orders_open=sum(1 for _ in state.orders.living()) if state.paper is None else None,
        )
