"""Switches of the market's regime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.trades import RegimeSwitch
from livestory.story.regime_rule import regime_of

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation


class Regime(Struct):
    """Tells the regime that the bot reports; where it reports only score and threshold, infers it by `regime_of`."""

    regime: str | None = None
    since: int = 0  # 0 is unknown

    def observe(self, observation: Observation, account: Account) -> tuple[RegimeSwitch, ...]:
        """The switch, where this observation makes one."""
        regime = observation.regime
        if regime is None:
            if observation.score is None or observation.threshold is None:
                return ()
            regime = regime_of(observation.score, self.regime, observation.threshold, account.settings.hysteresis)
        if regime == self.regime:
            return ()
        previous, self.regime = self.regime, regime
        known = self.since > 0
        lasted, self.since = observation.time - self.since, observation.time
        rules = account.rules
        hysteresis = account.settings.hysteresis
        if rules is not None and rules.hysteresis is not None:
            hysteresis = rules.hysteresis
        threshold = observation.threshold
        upper = lower = None
        if threshold is not None and regime in {"TREND", "MEAN_REV"}:
            upper, lower = threshold + hysteresis, threshold - hysteresis
        switch = RegimeSwitch(
            regime=regime,
            previous=previous,
            score=observation.score,
            limit=upper if regime == "TREND" else lower,
            upper=upper,
            lower=lower,
            lasted=lasted if previous and known else None,
            halted=observation.halted is True,
            strategy=rules.strategy if rules is not None else None,
        )
        return (switch,)

    def check(self, score: float, threshold: float, hysteresis: float) -> tuple[RegimeSwitch, ...]:
        """The plan's own call: score and threshold alone."""
        regime = regime_of(score, self.regime, threshold, hysteresis)
        if regime == self.regime:
            return ()
        self.regime, self.since = regime, 0
        return (RegimeSwitch(regime=regime, score=score),)
