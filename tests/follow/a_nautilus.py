"""NautilusTrader as far as a StoryActor asks it, without it; `make peers` has the real one.

What it is given is what 1.221 gives: amounts as text, ids that have a value, an order's events in the cache.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livestory.clock import Clock
    from livestory.story.story_writer import StoryWriter

_NANOS = 1000  # of a microsecond


class Id(str):
    """An id, whose text is its value."""

    __slots__ = ()

    @property
    def value(self) -> str:
        return str(self)


class InstrumentId(Id):
    """A symbol at a venue."""

    __slots__ = ()

    @property
    def venue(self) -> Id:
        return Id(self.partition(".")[2])


class OrderFilled(SimpleNamespace):
    """The event of a fill."""

    @staticmethod
    def to_dict(event: OrderFilled) -> dict[str, Any]:
        return vars(event)


_ETH = InstrumentId("ETHUSDT.BINANCE")
_INSTRUMENT = SimpleNamespace(
    id=SimpleNamespace(symbol=Id("ETHUSDT")),
    multiplier=1,
    is_inverse=False,
    quote_currency=SimpleNamespace(code="USDT"),
    instrument_class=SimpleNamespace(name="SPOT"),
    get_base_currency=lambda: SimpleNamespace(code="ETH"),
)


class Actor:
    """The base of all actors; a node gives it what it asks."""

    msgbus: Any
    cache: Any
    clock: Any


def _trader() -> None:
    """Let `nautilus_trader.common.actor` be imported, where the real one is not installed."""
    for name in ("nautilus_trader", "nautilus_trader.common", "nautilus_trader.common.actor"):
        sys.modules.setdefault(name, ModuleType(name))
    sys.modules["nautilus_trader.common.actor"].Actor = Actor  # type: ignore[attr-defined]  # a module of our own


class Node:
    """A node whose venue remembers every fill."""

    def __init__(self) -> None:
        self.fills: list[OrderFilled] = []

    def fill(self, number: int, *, at: int, tag: str) -> None:
        """Buy or sell one ETH."""
        self.fills.append(
            OrderFilled(
                client_order_id=Id(f"O-{number}"), trade_id=Id(f"BINANCE-1-{number}"), instrument_id=_ETH, tags=[tag],
                order_side="BUY" if number % 2 else "SELL", last_qty="1.00000", last_px=f"20{number:02}.00",
                commission="0.20000000 USDT", ts_event=at * _NANOS,
            )
        )  # fmt: skip

    @contextmanager
    def run(self, story: Path, clock: Clock) -> Iterator[StoryWriter]:
        """A process of it: what was filled before is in its cache at the start, and the last fill is heard again."""
        _trader()
        from livestory.follow.nautilus import StoryActor  # noqa: PLC0415 - which imports the trader

        heard: list[Callable[[OrderFilled], None]] = []
        actor = StoryActor(story)
        orders = {fill.client_order_id: SimpleNamespace(tags=fill.tags, events=[fill]) for fill in self.fills}
        actor.msgbus = SimpleNamespace(
            subscribe=lambda _topic, hear: heard.append(hear), unsubscribe=lambda _topic, hear: heard.remove(hear)
        )
        actor.cache = SimpleNamespace(orders=orders.values, order=orders.get, instrument=lambda _id: _INSTRUMENT)
        actor.clock = SimpleNamespace(timestamp_ns=lambda: clock.now() * _NANOS)
        actor.on_start()
        for hear in heard:
            hear(self.fills[-1])
        yield actor._writer  # noqa: SLF001 - an actor has nothing of it to show
        actor.on_stop()
