"""Mean reversion: buys dips under the average in steps, sells in steps over it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from msgspec import Meta, Struct

from livestory.clock import HOUR
from livestory.durations import Duration
from livestory.story.reason import Reason
from livestory.story.reasons import MEAN_REVERSION, ROC, WARM_UP, DeclaredReason
from livestory.trading.market.bar import BAR, Bar, bars_in, name_of
from livestory.trading.strategy.indicators import Atr, Past, Sma
from livestory.trading.strategy.rebalance import Signal, Steps

Band = Annotated[float, Meta(gt=0, le=0.5)]


class MeanReversionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When mean reversion buys and sells. Bands are stated for a market as volatile as ``volatility``."""

    measure: Annotated[
        Literal["average", "rate_of_change"],
        Meta(description="Measure the price against its simple average over the window, or against the price then."),
    ] = "average"
    window: Annotated[
        Duration, Meta(ge=2 * BAR, multiple_of=BAR, description="Window of that measure. A multiple of 15m.")
    ] = 12 * HOUR
    entry: Annotated[Band, Meta(description="How far under it the first step is bought. Fraction, 0.025 is 2.5 %.")] = (
        0.025
    )
    entry_step: Annotated[
        Band, Meta(description="How much further under it each further step is bought. Fraction.")
    ] = 0.010
    exit: Annotated[Band, Meta(description="How far over it one step is sold. Fraction.")] = 0.010
    exit_all: Annotated[Band, Meta(description="How far over it the rest is sold. Fraction.")] = 0.025
    volatility: Annotated[
        float,
        Meta(gt=0, le=1, description="Average true range of a 15m bar at which the bands hold. Share of the price."),
    ] = 0.003
    volatility_window: Annotated[
        Duration, Meta(ge=2 * BAR, multiple_of=BAR, description="Window of that average true range. A multiple of 15m.")
    ] = 48 * HOUR
    least_scale: Annotated[
        float, Meta(gt=0, le=1, description="The bands' least multiple in a calm market; 1 = they never narrow.")
    ] = 0.5
    most_scale: Annotated[
        float, Meta(ge=1, le=10, description="The bands' largest multiple in a wild market; 1 = they never widen.")
    ] = 2.0

    def __post_init__(self) -> None:
        """Refuse a last exit below the first, with ValueError."""
        if self.exit_all < self.exit:
            message = "exit_all must not be below exit"
            raise ValueError(message)


class MeanReversion(Struct, tag=True):
    """Long only. Each step is bought further down; one step is sold at the first exit band, the rest at the last.

    The bands follow volatility: they are multiplied by ATR / price relative to ``settings.volatility``, within bounds.
    ATR is taken over days rather than the window, so that a dip doesn't widen the very band that it is to reach.
    """

    settings: MeanReversionSettings
    steps: Steps
    window: str
    suffix: str
    reference: Sma | Past
    atr: Atr
    bars: int = 0
    level: float = 0.0  # what the price is measured against
    deviation: float | None = None  # None until warm
    scale: float = 1.0
    recovering_from: int | None = None  # the step held when the price first reached the exit band of this recovery

    @classmethod
    def of(cls, settings: MeanReversionSettings, steps: Steps) -> Self:
        """The strategy before its first bar."""
        period, averaged = bars_in(settings.window), settings.measure == "average"
        reference: Sma | Past = Sma(period) if averaged else Past(period)
        atr = Atr(bars_in(settings.volatility_window))
        return cls(settings, steps, name_of(settings.window), "" if averaged else ROC, reference, atr)

    @property
    def bars_needed(self) -> int:
        """Bars until it can decide: the longer window, and one bar before it for the first rate or true range."""
        return bars_in(max(self.settings.window, self.settings.volatility_window)) + 1

    def on_bar(self, bar: Bar, weight: float) -> Signal:
        """Take the next bar and decide at its end; ``weight`` is the share of wealth held now."""
        self.update(bar)
        return self.decide(weight)

    def update(self, bar: Bar) -> None:
        """Take the next bar without deciding."""
        self.bars += 1
        close, settings = bar.close, self.settings
        level = self.reference.update(close)
        atr = self.atr.update(bar.high, bar.low, close)
        if level is None or atr is None:
            return
        self.level = level
        self.deviation = close / level - 1.0
        scale = atr / close / settings.volatility
        self.scale = min(max(scale, settings.least_scale), settings.most_scale)
        if self.deviation < 0.0:
            self.recovering_from = None

    def rest(self) -> None:
        """Another strategy decides for now: a recovery that is under way is forgotten."""
        self.recovering_from = None

    def decide(self, weight: float) -> Signal:
        """What to hold after the last bar; ``weight`` is the share of wealth held now."""
        deviation, settings, steps = self.deviation, self.settings, self.steps
        if deviation is None:
            return Signal(weight, WARM_UP(self.bars, self.bars_needed))
        reasons, step, holds = MEAN_REVERSION[self.suffix], steps.standing(weight), steps.worth_selling(weight)
        if holds and deviation >= settings.exit * self.scale:
            return self._recovery(weight, step, deviation)
        if step < steps.last and (deviation < 0.0 or not holds):
            band = -(settings.entry + step * settings.entry_step) * self.scale
            if deviation <= band:
                dip = reasons.dip_again if step else reasons.dip
                return Signal(steps.targets[step + 1], self._reason(dip, deviation, band), step + 1)
            no_dip = reasons.no_dip_again if step else reasons.no_dip
            return Signal(weight, self._reason(no_dip, deviation, band))
        return Signal(weight, self._reason(reasons.not_recovered, deviation, settings.exit * self.scale))

    def _recovery(self, weight: float, step: int, deviation: float) -> Signal:
        reasons, rest = MEAN_REVERSION[self.suffix], self.settings.exit_all * self.scale
        if deviation >= rest:
            return Signal(0.0, self._reason(reasons.recovered_all, deviation, rest))
        if self.recovering_from is None:
            self.recovering_from = step
        if step < self.recovering_from:
            return Signal(weight, self._reason(reasons.not_recovered_all, deviation, rest))
        target = self.steps.targets[max(step - 1, 0)]
        return Signal(target, self._reason(reasons.recovered, deviation, self.settings.exit * self.scale))

    def _reason(self, reason: DeclaredReason, deviation: float, limit: float) -> Reason:
        return reason(deviation, limit, self.level, self.window)
