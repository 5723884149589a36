"""Deep drawdowns of a bot that does not say whether it halts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.risk import Drawdown, DrawdownOver

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation
    from livestory.story.kinds.base import Facts


class DrawdownWarning(Struct):
    """Tells a drawdown of ``drawdown_told`` once, and its end at the next peak; it claims no halt."""

    since: int | None = None
    deepest: float = 0.0

    def observe(self, observation: Observation, account: Account) -> tuple[Facts, ...]:
        """The drawdown or its end, where this observation brings one."""
        wealth = observation.wealth
        if observation.halted is not None or wealth is None:
            return ()
        drawdown = account.drawdown
        if self.since is None:
            if drawdown > -account.settings.drawdown_told:
                return ()
            self.since, self.deepest = account.peak_time, drawdown
            peak = account.as_wealth(account.peak)
            return (Drawdown(drawdown=drawdown, peak=peak, wealth=wealth, unit=account.unit, peak_time=self.since),)
        if drawdown < 0.0:
            if drawdown < self.deepest:  # noqa: PLR1730 - at each bar of a drawdown, where min() takes longer
                self.deepest = drawdown
            return ()
        lasted = observation.time - self.since
        self.since = None
        return (DrawdownOver(wealth=wealth, unit=account.unit, lasted=lasted, deepest=self.deepest),)
