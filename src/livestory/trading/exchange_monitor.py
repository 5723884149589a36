"""What is around the bot's own orders at an exchange outside: its rules, others' orders, troubles; told as news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from livestory.clock import MINUTE, SECOND
from livestory.story.events import ClockSkew, ExchangeBack, ExchangeDown, FiltersChanged, ForeignOrders
from livestory.trading.exchange.records import Trouble, changes

if TYPE_CHECKING:
    from livestory.trading.exchange.protocol import Exchange
    from livestory.trading.exchange.records import Filters
    from livestory.trading.execution.order_manager import OrderManager
    from livestory.trading.run_info import RunInfo
    from livestory.trading.state import ExecutorState
    from livestory.trading.story_port import Story

_LOOKED_AT_EVERY = 5 * MINUTE
_WATCHED_EVERY = 10 * SECOND
_TRIED_AGAIN_AFTER = 30 * SECOND
_SKEW_TOLD_FROM = SECOND


class ExchangeMonitor:
    """Looks around, and tells what has changed."""

    def __init__(
        self, state: ExecutorState, exchange: Exchange, dealer: OrderManager, story: Story, scene: RunInfo
    ) -> None:
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
            self._story.tell(now, FiltersChanged(symbol=self._scene.symbol, **changes(before, filters)))
        skew = self._exchange.clock_ahead
        if abs(skew - self._skew) >= _SKEW_TOLD_FROM:
            self._skew = skew
            self._story.tell(now, ClockSkew(skew=skew))
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
        self._story.tell(now, ForeignOrders(count=foreign, symbol=self._scene.symbol))
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


class Place(Struct, frozen=True):
    """Where the bot stands as the exchange goes silent or comes back."""

    price: float | None
    position: float | None
    weight: float | None
    orders_open: int | None  # at an exchange outside


class Outages:
    """Watches the account's side and the candles' side of one exchange; they are one trouble to the reader."""

    def __init__(self, exchange: Exchange, story: Story, scene: RunInfo) -> None:
        """Nothing is known to be wrong."""
        self._exchange = exchange
        self._story = story
        self._scene = scene
        self._candles: Trouble | None = None
        self._since: int | None = None
        self._told = False
        self._price: float | None = None
        self._missed = 0

    def candles_down(self, since: int, problem: str) -> None:
        """The candles have not come since the instant ``since``."""
        tries = 1 if self._candles is None else self._candles.tries + 1
        self._candles = Trouble(since=since, problem=problem, tries=tries)

    def candles_back(self) -> None:
        """The candles come again; the missed ones are heard next."""
        self._candles = None

    def missed(self) -> None:
        """Count a bar that went by without being decided at."""
        self._missed += 1

    def look(self, now: int, place: Place) -> bool:
        """Tell a trouble that lasts, and the end of one that was told; whether anything may have been told."""
        trouble = self._exchange.trouble or self._candles
        if trouble is not None:
            if self._since is None:
                # Whoever met the trouble has only the machine's clock; what is told is told by the exchange's.
                self._since, self._price = trouble.since - self._exchange.clock_ahead, place.price
            if self._told or not (trouble.lasting or now - self._since >= self._scene.patience):
                return False
            self._told = True
            self._tell_down(now, structs.replace(trouble, since=self._since), place)
            return True
        told, self._told, self._since = self._told, False, None
        missed, self._missed = self._missed, 0
        if told:
            self.tell_back(now, place, missed)
        return told

    def tell_back(self, now: int, place: Place, missed: int | None = None) -> None:
        """Tell that the exchange answers; the story knows whether it had told that it did not."""
        back = ExchangeBack(
            exchange=self._scene.exchange or self._scene.market,
            missed_bars=missed,
            price_before=self._price,
            price_after=place.price,
            unit=self._scene.unit,
        )
        self._story.tell(now, back)
        self._price = None

    def _tell_down(self, now: int, trouble: Trouble, place: Place) -> None:
        down = ExchangeDown(
            exchange=self._scene.exchange or self._scene.market,
            problem=trouble.problem,
            since=trouble.since,
            tries=trouble.tries,
            lasting=trouble.lasting,
            orders_open=place.orders_open,
            position=place.position,
            base=self._scene.base,
            weight=place.weight,
        )
        self._story.tell(now, down)
