"""What the bot does not report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.money import ToldInPart

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation


class Lacking(Struct):
    """Tells once, at the first observation, which parts of the story stay untold for want of a field."""

    told: bool = False

    def observe(self, observation: Observation, account: Account) -> tuple[ToldInPart, ...]:
        """What is lacking, at the first observation."""
        del account
        if self.told:
            return ()
        self.told = True
        o = observation
        given = {
            "wealth": o.wealth is not None,
            "price": o.price is not None,
            "regime": o.regime is not None or o.threshold is not None,
            "halted": o.halted is not None,
        }
        lacking = tuple(name for name, there in given.items() if not there)
        return (ToldInPart(lacking=lacking),) if lacking else ()
