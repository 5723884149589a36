"""The story of a NautilusTrader node or backtest, told from inside: `node.trader.add_actor(StoryActor(path))`.

The engine calls an actor between its own steps with nothing around it, so every error is caught and logged here, and
nothing is waited for: commits are made on the story's own thread.
"""

from __future__ import annotations

import functools
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from livestory.story.story_writer import StoryWriter

try:
    from nautilus_trader.common.actor import Actor
except ImportError as error:
    message = (
        "StoryActor needs nautilus_trader, which is not installed here; "
        "install livestory into the environment of NautilusTrader"
    )
    raise ImportError(message, name=error.name) from error

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger("livestory")


def _harmless(method: Callable[..., None]) -> Callable[..., None]:
    """Keep every error from the engine."""

    @functools.wraps(method)
    def guarded(*given: Any) -> None:
        try:
            method(*given)
        except Exception:  # noqa: BLE001 - the engine goes on, whatever it is
            _log.exception("%s was not told", method.__name__)

    return guarded


class StoryActor(Actor):  # type: ignore[misc]  # nautilus_trader comes without types
    """Tells fills with their fees and the strategy's tags, refused orders, and the start and stop of the trader."""

    def __init__(self, path: str | os.PathLike[str], *, name: str | None = None) -> None:
        """Write into the story file at ``path``; ``name`` is the bot's."""
        super().__init__()
        self._writer: Any = None  # where the story can't be written
        try:
            self._writer = StoryWriter(path, name=name, symbol=None, max_wait=0.0)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("the story can't be written")

    @_harmless
    def on_start(self) -> None:
        """Listen, say that the trader runs, and tell what it found filled before: what was told is not told again."""
        if self._writer is None:
            return
        self.msgbus.subscribe("events.order.*", self._heard)
        self._writer.started(timestamp=_time(self.clock.timestamp_ns()))
        found = [event for order in self.cache.orders() for event in order.events]
        for event in sorted(found, key=attrgetter("ts_event")):
            self._heard_of_fill(event)

    @_harmless
    def on_stop(self) -> None:
        """Say that the trader stopped; all is durable when this returns, or after five seconds of a slow disk."""
        if self._writer is None:
            return
        self.msgbus.unsubscribe("events.order.*", self._heard)
        self._writer.stopped("NautilusTrader", timestamp=_time(self.clock.timestamp_ns()))
        self._writer.close()

    @_harmless
    def _heard(self, event: Any) -> None:
        self._heard_of_fill(event)
        if type(event).__name__ in {"OrderDenied", "OrderRejected"}:
            self._refused(event)

    @_harmless
    def _heard_of_fill(self, event: Any) -> None:
        if type(event).__name__ == "OrderFilled":
            self._filled(event)

    def _filled(self, event: Any) -> None:
        given, order = type(event).to_dict(event), self.cache.order(event.client_order_id)
        instrument = self.cache.instrument(event.instrument_id)
        fee, _, asset = (given["commission"] or "").partition(" ")
        quantity = Decimal(given["last_qty"]) * Decimal(str(instrument.multiplier))
        self._writer.fill(
            given["order_side"].lower(),
            quantity / Decimal(given["last_px"]) if instrument.is_inverse else quantity,
            given["last_px"],
            reason=", ".join(order.tags) if order is not None and order.tags else None,
            fee=fee or None,
            fee_asset=asset or None,
            order_id=given["client_order_id"],
            trade_id=_trade_id(event),
            symbol=_symbol(instrument),
            timestamp=_time(given["ts_event"]),
        )

    def _refused(self, event: Any) -> None:
        order = self.cache.order(event.client_order_id)
        self._writer.skip(
            event.reason,
            side=order.side_string().lower() if order is not None else None,
            symbol=_symbol(self.cache.instrument(event.instrument_id)),
            timestamp=_time(event.ts_event),
        )


def _trade_id(event: Any) -> str:
    """What tells a fill from all others. A simulated venue counts its trades anew with each start, its orders never."""
    trade, venue = event.trade_id.value, event.instrument_id.venue.value
    simulated = trade.startswith((f"{venue}-", "T-"))
    return f"{event.instrument_id} {f'{event.client_order_id} ' if simulated else ''}{trade}"


def _symbol(instrument: Any) -> str:
    """BASE/QUOTE, and what it is settled in where that makes a contract of it."""
    base = instrument.get_base_currency()
    pair = f"{base.code if base is not None else instrument.id.symbol.value}/{instrument.quote_currency.code}"
    return pair if instrument.instrument_class.name == "SPOT" else f"{pair}:{instrument.get_settlement_currency().code}"


def _time(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
