"""The meta strategy: the market's regime decides which strategy decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from msgspec import Struct

from livestory.story.reason import Reason
from livestory.story.regime_rule import Regime, regime_of
from livestory.trading.strategy.mean_reversion import MeanReversion
from livestory.trading.strategy.regime_score import RegimeScore, RegimeSettings
from livestory.trading.strategy.signal import Signal
from livestory.trading.strategy.trend import Trend

if TYPE_CHECKING:
    from livestory.trading.market.bar import Bar


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
            return Signal(weight, Reason("warm_up", self.bars, self.score.bars_needed))
        settings = self.settings
        regime = regime_of(score, self.regime, settings.threshold, settings.hysteresis)
        if regime != self.regime:
            self.regime = regime
            self.mean_reversion.rest()
        signal = (self.trend if regime == "TREND" else self.mean_reversion).decide(weight)
        return Signal(signal.target_weight, signal.reason, signal.step, regime, score)
