"""Which troubles there are and how each ends; and what failed, what the owner did and what is asked, counted."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from livestory.story.halt_reasons import ENDED_BY_OWNER, OWNER
from livestory.story.kinds import KINDS
from livestory.story.kinds.exchange import (
    CandlesBack,
    CandlesRefused,
    ExchangeBack,
    ExchangeDown,
    OrderClear,
    OrderUnknown,
)
from livestory.story.kinds.followed import EntriesLocked, HeardAgain, LockOver, NotHeard
from livestory.story.kinds.lifecycle import Resumed
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained, DataGap
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.trades import Trade
from livestory.story.standing import Health
from livestory.story.wording.standing import ASKING, BY_HAND, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.kinds.base import Facts


class Pair(NamedTuple):
    """A trouble and its end: the field that tells two of a kind apart, and the end's field for how long it lasted."""

    trouble: type[Facts]
    subject: str | None
    lasted: str


ENDS: dict[type[Facts], Pair] = {
    ExchangeBack: Pair(ExchangeDown, "exchange", "down"),
    OrderClear: Pair(OrderUnknown, "order_id", "unknown_for"),
    CandlesBack: Pair(CandlesRefused, None, "lasted"),
    BalanceExplained: Pair(BalanceDiffers, None, "lasted"),
    LockOver: Pair(EntriesLocked, "subject", "lasted"),
    HeardAgain: Pair(NotHeard, "source", "lasted"),
}
"""The kinds that tell the end of a trouble."""

HEALTH = frozenset(kind for name, kind in KINDS.items() if name in FAILED.keys() | BY_HAND.keys() | ASKING)
"""The kinds that tell of what failed, of the owner's hand, or of what is asked of him."""
_END_OF = {end: pair.trouble.__struct_config__.tag for end, pair in ENDS.items()}


class HealthTally(Struct, omit_defaults=True):
    """What failed in a period so far, and what the owner did."""

    failed: dict[str, int] = {}
    by_hand: dict[str, int] = {}
    bars_known: bool = False

    def hear(self, facts: Facts) -> None:
        """Count what has been told."""
        name = _name(type(facts))
        if name in FAILED and not (isinstance(facts, Resumed) and not facts.away):
            self.failed[name] = self.failed.get(name, 0) + (facts.bars if isinstance(facts, DataGap) else 1)
        if name in BY_HAND and not (isinstance(facts, Halted | Unhalted) and facts.reason != OWNER):
            self.by_hand[name] = self.by_hand.get(name, 0) + 1

    def take(self, later: HealthTally) -> None:
        """Count what came after all of this."""
        self.bars_known = self.bars_known or later.bars_known
        for counts, more in ((self.failed, later.failed), (self.by_hand, later.by_hand)):
            for name, count in more.items():
                counts[name] = counts.get(name, 0) + count

    def told(self, asked: Iterable[str]) -> Health | None:
        """The counts, with what waits for the owner at the end of the period; None where nobody can know."""
        names = {*asked, *(self.failed.keys() & {"alerts_given_up"})}
        if not (self.bars_known or self.failed or self.by_hand or names):
            return None
        return Health(failed=self.failed, by_hand=self.by_hand, asked=tuple(sorted(names)), bars_known=self.bars_known)


def asked_after(asked: list[str], facts: Facts) -> None:
    """Bring what waits for the owner up to date with what has been told. A list, so that its order is always one."""
    name = _name(type(facts))
    if not asked and name not in ASKING:
        return
    over: set[object] = set()
    if type(facts) in _END_OF:
        over = {_END_OF[type(facts)]}
    elif isinstance(facts, Unhalted):
        over = {"halted"}
    elif isinstance(facts, Trade):
        over = {"order_unknown"} if facts.found == "asked" else set()
        over |= {"sell_stuck"} if facts.side == "sell" else set()
    elif name in ASKING and name != "alerts_given_up":
        waits = facts.lasting if isinstance(facts, ExchangeDown) else not isinstance(facts, Halted)
        if name not in asked and (waits or (isinstance(facts, Halted) and facts.reason in ENDED_BY_OWNER)):
            asked.append(name)
    asked[:] = [each for each in asked if each not in over]


@cache
def _name(kind: type[Facts]) -> str:
    return str(kind.__struct_config__.tag)
