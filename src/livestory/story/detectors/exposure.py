"""Changes of exposure, where nothing tells of fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.trades import Exposure

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation

_ROUNDING = 1e-12  # a change of just exposure_told is one, however the floats were rounded


class Exposures(Struct):
    """Tells a target weight that differs from the last told one by ``exposure_told``, or that goes to nothing.

    A table may hold what the bot wanted and not what it traded: it is told as that. A narrator has it where asked.
    """

    told: float | None = None

    def observe(self, observation: Observation, account: Account) -> tuple[Exposure, ...]:
        """The change, where this observation makes one; the first reading is told unless it is nothing."""
        target, before = observation.target_weight, self.told
        if target is None or target == before:
            return ()
        if before is None and target == 0.0:
            self.told = target
            return ()
        change = abs(target - (before or 0.0))
        if before is not None and target != 0.0 and change < account.settings.exposure_told - _ROUNDING:
            return ()
        self.told = target
        exposure = Exposure(
            before=before, after=target, base=account.base, price=observation.price, reason=observation.no_trade_reason
        )
        return (exposure,)
