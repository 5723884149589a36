"""Halts that a table does not report and that are inferred from it, where the owner asks for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation

_ROUNDING = 1e-12  # a drawdown of just the limit reaches it, however the floats were rounded


class InferredHalt(Struct):
    """A trip is a target weight of nothing at or over the breaker's drawdown, a resume the next exposure."""

    breaker: float  # drawdown, as a positive share
    halted: bool = False

    def judge(self, observation: Observation, account: Account) -> Observation:
        """The observation with the halt that it stands for, before ``account`` has taken it."""
        if observation.halted is not None:
            return observation
        target, wealth = observation.target_weight, observation.wealth
        if target is not None and self.halted:
            self.halted = target == 0.0
        elif target == 0.0 and wealth is not None and account.peak:
            drawdown = observation.drawdown
            if drawdown is None:
                drawdown = account.drawdown_at(account.value_at(wealth - (observation.flow or 0.0)))
            self.halted = drawdown <= _ROUNDING - self.breaker
        return replace(observation, halted=self.halted)
