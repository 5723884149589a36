"""Bars that never came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.money import DataGap

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation


class Gaps(Struct):
    """Tells one line for a hole between two observations, where the bot says when the next one is due."""

    due: int | None = None
    spacing: int = 0
    price: float | None = None

    def forgive(self) -> None:
        """Expect nothing: the bot was away, which is told with its return."""
        self.due = None

    def observe(self, observation: Observation, account: Account) -> tuple[DataGap, ...]:
        """The gap that this observation ends."""
        del account
        time, due, price = observation.time, self.due, self.price
        following = observation.next_due
        if following is not None and following <= time:  # no date that anything could come too late for
            following = None
        if following is not None:
            self.spacing = following - time
        self.due, self.price = following, observation.price
        if due is None or time <= due or following is None:
            return ()
        bars = round((time - due) / self.spacing)
        if not bars:
            return ()
        last = due + (bars - 1) * self.spacing
        return (DataGap(bars=bars, first=due, last=last, price_before=price, price_after=observation.price),)
