"""The meta strategy, and which strategy a configuration asks for."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from msgspec import Meta as Field
from msgspec import Struct

from livestory.story.reasons import WARM_UP
from livestory.story.regime_rule import Regime, regime_of
from livestory.trading.market.bar import Bar
from livestory.trading.strategy.mean_reversion import MeanReversion, MeanReversionSettings
from livestory.trading.strategy.rebalance import RebalanceSettings, Signal, Steps
from livestory.trading.strategy.regime_score import RegimeScore, RegimeSettings
from livestory.trading.strategy.trend import Trend, TrendSettings


class Meta(Struct, tag=True):
    """Follows the trend in TREND and trades dips in MEAN_REV; the strategy that isn't asked goes on taking bars."""

    settings: RegimeSettings
    score: RegimeScore
    mean_reversion: MeanReversion
    trend: Trend
    bars: int = 0
    regime: Regime | None = None

    @classmethod
    def of(cls, settings: RegimeSettings, mean_reversion: MeanReversion, trend: Trend) -> Self:
        """The strategy before its first bar."""
        return cls(settings, RegimeScore.of(settings), mean_reversion, trend)

    @property
    def bars_needed(self) -> int:
        """Bars until it can decide in either regime."""
        return max(self.score.bars_needed, self.mean_reversion.bars_needed, self.trend.bars_needed)

    def on_bar(self, bar: Bar, weight: float) -> Signal:
        """Take the next bar and decide at its end; ``weight`` is the share of wealth held now."""
        self.bars += 1
        self.mean_reversion.update(bar)
        self.trend.update(bar)
        score = self.score.update(bar)
        if score is None:
            return Signal(weight, WARM_UP(self.bars, self.score.bars_needed))
        settings = self.settings
        regime = regime_of(score, self.regime, settings.threshold, settings.hysteresis)
        if regime != self.regime:
            self.regime = regime
            self.mean_reversion.rest()
        signal = (self.trend if regime == "TREND" else self.mean_reversion).decide(weight)
        return Signal(signal.target_weight, signal.reason, signal.step, regime, score)


Choice = Literal["meta", "mean_reversion", "trend"]
Strategy = Meta | MeanReversion | Trend
"""Any of the strategies, as it is saved and restored."""


class StrategySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The strategy and everything that it is set by."""

    kind: Annotated[
        Choice,
        Field(description="Who decides: one strategy always, or the market's regime which of them (meta)."),
    ] = "meta"
    mean_reversion: MeanReversionSettings = MeanReversionSettings()
    trend: TrendSettings = TrendSettings()
    regime: RegimeSettings = RegimeSettings()
    rebalance: RebalanceSettings = RebalanceSettings()

    @property
    def regime_used(self) -> RegimeSettings | None:
        """The regime's settings; None where one strategy always decides, and no regime is measured."""
        return self.regime if self.kind == "meta" else None


def strategy_of(settings: StrategySettings, max_weight: float) -> Strategy:
    """The strategy before its first bar; it never wants more than ``max_weight``, a share of wealth."""
    sizes = settings.rebalance
    steps = Steps.of(sizes.step_allocation, max_weight, sizes.threshold)
    mean_reversion = MeanReversion.of(settings.mean_reversion, steps)
    trend = Trend.of(settings.trend, steps)
    if settings.kind == "mean_reversion":
        return mean_reversion
    return trend if settings.kind == "trend" else Meta.of(settings.regime, mean_reversion, trend)
