"""Troubles that the bot itself reports, and their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.clock import HOUR
from livestory.story.kinds.exchange import ForeignOrders
from livestory.story.kinds.money import BalanceDiffers
from livestory.story.kinds.risk import SellStuck
from livestory.story.troubles import ENDS, Pair

if TYPE_CHECKING:
    from livestory.story.inputs import Fill
    from livestory.story.kinds.base import Facts

_AGAIN = HOUR  # after which a sale that is still stuck is told again


_BEGINNINGS = {pair.trouble: pair for pair in ENDS.values()}


class TroubleDetector(Struct):
    """Tells a trouble once, however often the bot reports it, and its end where its beginning was told.

    Two kinds are told more often: a balance that differs once more, and a sale that is stuck for another hour.
    """

    open: dict[str, int] = {}  # kind and subject -> since when; of foreign orders, how many
    stuck: int | None = None  # when a sale that is stuck was told last

    def tell(self, time: int, facts: Facts) -> tuple[Facts, ...]:
        """The facts, with how long a trouble lasted at its end; none where there is nothing new in them."""
        if type(facts) is SellStuck:
            return self._sell_stuck(time, facts)
        if type(facts) is ForeignOrders:
            return self._foreign_orders(facts)
        beginning, ending = _BEGINNINGS.get(type(facts)), ENDS.get(type(facts))
        if beginning is not None:
            return self._begin(time, facts, _name(beginning, facts))
        return self._end(time, facts, ending) if ending is not None else (facts,)

    def kinds(self, heard: int) -> set[str]:
        """The kinds of the events that told what is still wrong, the bot being ``heard`` last at that instant.

        Others' open orders are nothing wrong, nor is a lock. A sale that is stuck would have been told again within
        the hour.
        """
        kinds = {name.partition(" ")[0] for name in self.open} - {"foreign_orders", "entries_locked"}
        stuck = self.stuck is not None and heard - self.stuck < 2 * _AGAIN
        return kinds | {"sell_stuck"} if stuck else kinds

    def filled(self, fill: Fill) -> None:
        """A fill clears up its order; one that sells is the end of being stuck."""
        if self.open:
            self.open.pop(f"order_unknown {fill.trade_id or ''}", None)
        if fill.side == "sell":
            self.stuck = None

    def _begin(self, time: int, facts: Facts, name: str) -> tuple[Facts, ...]:
        if name in self.open:
            return (facts,) if isinstance(facts, BalanceDiffers) else ()
        self.open[name] = getattr(facts, "since", None) or time
        return (facts,)

    def _end(self, time: int, facts: Facts, pair: Pair) -> tuple[Facts, ...]:
        since = self.open.pop(_name(pair, facts), None)
        if since is None:
            return ()
        known = getattr(facts, pair.lasted) is not None
        return (facts if known else replace(facts, **{pair.lasted: max(0, time - since)}),)

    def _sell_stuck(self, time: int, facts: SellStuck) -> tuple[Facts, ...]:
        if self.stuck is not None and time - self.stuck < _AGAIN:
            return ()
        self.stuck = time
        return (facts,)

    def _foreign_orders(self, facts: ForeignOrders) -> tuple[Facts, ...]:
        name = f"foreign_orders {facts.symbol or ''}"
        if facts.count == self.open.get(name, 0):
            return ()
        self.open[name] = facts.count
        return (facts,)


def _name(pair: Pair, facts: Facts) -> str:
    subject = getattr(facts, pair.subject) if pair.subject else None
    return f"{pair.trouble.__struct_config__.tag} {subject or ''}"
