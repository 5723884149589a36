"""The warning half-way to the breaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.risk import HalfWay

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation


class HalfWayWarning(Struct):
    """Tells once that the drawdown has come half-way to the limit; again only after it has halved in between."""

    told: bool = False

    def observe(self, observation: Observation, account: Account) -> tuple[HalfWay, ...]:
        """The warning, where this observation is the one."""
        rules = account.rules
        if rules is None or not rules.breaker or observation.wealth is None:
            return ()
        drawdown = account.drawdown
        warned_at = -rules.breaker * account.settings.half_way
        if self.told:
            if drawdown > warned_at / 2:
                self.told = False
            return ()
        if drawdown > warned_at or observation.halted is not False:
            return ()
        if drawdown <= -rules.breaker:  # past the limit already: the trip is the bot's to report
            return ()
        self.told = True
        peak = account.as_wealth(account.peak)
        warning = HalfWay(
            drawdown=drawdown,
            peak=peak,
            peak_time=account.peak_time,
            wealth=observation.wealth,
            limit=rules.breaker,
            unit=account.unit,
            since_resume=account.resumed_at,
            price=observation.price,
            price_at_limit=_price_at(peak * (1.0 - rules.breaker), observation),
        )
        return (warning,)


def _price_at(wealth: float, o: Observation) -> float | None:
    """The price at which the present position brings wealth to ``wealth``: the rest of it does not move with price."""
    if not o.position or o.price is None or o.wealth is None:
        return None
    price = (wealth - (o.wealth - o.position * o.price)) / o.position
    return price if price > 0 else None
