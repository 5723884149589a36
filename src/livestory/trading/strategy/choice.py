"""Which strategy a configuration asks for, built from its settings."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta as Field
from msgspec import Struct

from livestory.trading.strategy.mean_reversion import MeanReversion, MeanReversionSettings
from livestory.trading.strategy.meta import Meta
from livestory.trading.strategy.rebalance import RebalanceSettings
from livestory.trading.strategy.regime_score import RegimeSettings
from livestory.trading.strategy.steps import Steps
from livestory.trading.strategy.trend import Trend, TrendSettings

Strategy = Meta | MeanReversion | Trend
"""Any of the strategies, as it is saved and restored."""


class StrategySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The strategy and everything that it is set by."""

    kind: Annotated[
        Literal["meta", "mean_reversion", "trend"],
        Field(description="Who decides: one strategy always, or the market's regime which of them (meta)."),
    ] = "meta"
    mean_reversion: MeanReversionSettings = MeanReversionSettings()
    trend: TrendSettings = TrendSettings()
    regime: RegimeSettings = RegimeSettings()
    rebalance: RebalanceSettings = RebalanceSettings()


def strategy_of(settings: StrategySettings, max_weight: float) -> Strategy:
    """The strategy before its first bar; it never wants more than ``max_weight``, a share of wealth."""
    sizes = settings.rebalance
    steps = Steps.of(sizes.step_allocation, max_weight, sizes.threshold)
    mean_reversion = MeanReversion.of(settings.mean_reversion, steps)
    trend = Trend.of(settings.trend, steps)
    if settings.kind == "mean_reversion":
        return mean_reversion
    return trend if settings.kind == "trend" else Meta.of(settings.regime, mean_reversion, trend)
