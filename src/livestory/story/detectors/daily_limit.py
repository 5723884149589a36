"""The daily loss limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.risk import DailyLimit, DailyLimitOver

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation
    from livestory.story.kinds.base import Facts


class DailyLossLimit(Struct):
    """Tells when the limit that the bot reports begins to block buys, and when it ends."""

    since: int | None = None

    def observe(self, observation: Observation, account: Account) -> tuple[Facts, ...]:
        """The block or its end, where this observation brings one."""
        hit = observation.daily_loss_hit
        if hit is None or hit == (self.since is not None):
            return ()
        if self.since is not None:
            blocked = observation.time - self.since
            self.since = None
            return (
                DailyLimitOver(
                    blocked=blocked, weight=observation.weight, base=account.base, drawdown=account.drawdown
                ),
            )  # fmt: skip
        self.since = observation.time
        rules = account.rules
        limit = DailyLimit(
            day_return=observation.day_return,
            limit=rules.daily_loss if rules is not None else None,
            position=observation.position,
            base=account.base,
            weight=observation.weight,
            drawdown=account.drawdown,
            breaker=rules.breaker if rules is not None else None,
        )
        return (limit,)
