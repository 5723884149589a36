"""The arc of a halt: the trip, the wait, the resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.story.account import tripped
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted, WaitOver

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation
    from livestory.story.kinds.base import Facts


class Breaker(Struct):
    """Tells the halts that the bot reports, once each, with their end. It never decides that the bot halts."""

    halted_since: int | None = None
    reason: str | None = None
    resume_at: int | None = None
    wait_over_told: bool = False
    told: dict[str, int] = {}  # halts that the bot tells of itself, as they happen: reason -> since when

    def observe(self, observation: Observation, account: Account) -> tuple[Facts, ...]:
        """The trip, the end of the wait or the resume, where this observation brings one."""
        halted = observation.halted
        if halted and observation.halt_reason in self.told:
            return ()
        if not halted:
            return self._resume(observation, account) if halted is False and self.halted_since is not None else ()
        if self.halted_since is None:
            return (self._halt(observation, account),)
        if not self.wait_over_told and self.resume_at is not None and observation.time >= self.resume_at:
            return self._wait_over(observation)
        return ()

    def halt(self, time: int, halted: Halted) -> tuple[Facts, ...]:
        """A halt that the bot tells of itself, unless it is told already; observations do not tell it again."""
        reason = halted.reason or ""
        if reason in self.told or (self.halted_since is not None and self.reason == halted.reason):
            return ()
        self.told[reason] = time
        return (halted,)

    def resume(self, time: int, over: Unhalted) -> tuple[Facts, ...]:
        """The end of a halt that the bot told of itself."""
        since = self.told.pop(over.reason or "", None)
        if since is None:
            return ()
        return (over if over.halted is not None else replace(over, halted=max(0, time - since)),)

    def _halt(self, o: Observation, account: Account) -> Facts:
        self.halted_since, self.reason, self.resume_at = o.time, o.halt_reason, o.resume_at
        self.wait_over_told = False
        if not tripped(o.halt_reason):
            return Halted(reason=o.halt_reason, position=o.position, base=account.base)
        rules = account.rules
        return BreakerTripped(
            drawdown=account.drawdown if o.wealth is not None else None,
            peak=account.as_wealth(account.peak) if o.wealth is not None else None,
            peak_time=account.peak_time if o.wealth is not None else None,
            wealth=o.wealth,
            unit=account.unit,
            limit=rules.breaker if rules is not None else None,
            since_resume=account.resumed_at,
            position=o.position,
            base=account.base,
            resume_at=o.resume_at,
            resume_score=o.resume_score,
        )

    def _wait_over(self, o: Observation) -> tuple[Facts, ...]:
        self.wait_over_told = True
        if not tripped(self.reason) or self.halted_since is None:
            return ()
        waited = (self.resume_at or o.time) - self.halted_since
        return (WaitOver(waited=waited, score=o.score, resume_score=o.resume_score),)

    def _resume(self, o: Observation, account: Account) -> tuple[Facts, ...]:
        halted = o.time - (self.halted_since or o.time)
        reason, self.halted_since, self.reason = self.reason, None, None
        if not tripped(reason):
            return (Unhalted(reason=reason, halted=halted),)
        sold_out = o.position == 0
        phoenix = Phoenix(
            halted=halted,
            score=o.score,
            resume_score=o.resume_score if o.resume_score is not None else _resume_score(account),
            sold_at=account.sold_at if sold_out else None,
            price=o.price if sold_out else None,
            wealth=o.wealth,
            regime=o.regime,
        )
        return (phoenix,)


def _resume_score(account: Account) -> float | None:
    return account.rules.resume_score if account.rules is not None else None
