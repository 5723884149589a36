"""Trend following: buys in steps while the fast average is over the slow one, sells all once it is under."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from msgspec import Meta, Struct

from livestory.clock import HOUR
from livestory.durations import Duration
from livestory.story.reason import Reason
from livestory.story.reasons import (
    NO_TREND_UP,
    TREND_DOWN,
    TREND_KEPT,
    TREND_NO_STRONGER,
    TREND_STILL_UP,
    TREND_UP,
    WARM_UP,
    DeclaredReason,
)
from livestory.trading.market.bar import BAR, Bar, bars_in, name_of
from livestory.trading.strategy.indicators import Ema, Sma
from livestory.trading.strategy.rebalance import Signal, Steps


class TrendSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When trend following buys and sells."""

    average: Annotated[
        Literal["ema", "sma"], Meta(description="Which averages cross: exponential (ema) or simple (sma).")
    ] = "ema"
    fast: Annotated[
        Duration, Meta(ge=2 * BAR, multiple_of=BAR, description="Window of the fast average. A multiple of 15m.")
    ] = 20 * HOUR
    slow: Annotated[
        Duration, Meta(ge=2 * BAR, multiple_of=BAR, description="Window of the slow average. A multiple of 15m.")
    ] = 50 * HOUR
    band: Annotated[
        float,
        Meta(ge=0, le=0.2, description="How far past the slow average the fast one must be to count. Fraction."),
    ] = 0.003
    step_band: Annotated[
        float, Meta(ge=0, le=0.2, description="How much further over it each further step is bought. Fraction.")
    ] = 0.003

    def __post_init__(self) -> None:
        """Refuse a fast average that isn't faster, with ValueError."""
        if self.fast >= self.slow:
            message = "fast must be shorter than slow"
            raise ValueError(message)


class Trend(Struct, tag=True):
    """Long only. Buys from ``band`` over, each further step further over; sells all below ``band`` under.

    Between the two it keeps what it has, so that averages which stay close don't make it trade back and forth.
    """

    settings: TrendSettings
    steps: Steps
    over: str
    under: str
    fast: Ema | Sma
    slow: Ema | Sma
    bars: int = 0
    level: float = 0.0  # the slow average
    spread: float | None = None  # fast / slow - 1; None until warm

    @classmethod
    def of(cls, settings: TrendSettings, steps: Steps) -> Self:
        """The strategy before its first bar."""
        average = Ema if settings.average == "ema" else Sma
        fast, slow = (f"{settings.average.upper()} {name_of(window)}" for window in (settings.fast, settings.slow))
        pair = average(bars_in(settings.fast)), average(bars_in(settings.slow))
        return cls(settings, steps, f"{fast} over {slow}", f"{fast} under {slow}", *pair)

    @property
    def bars_needed(self) -> int:
        """Bars until it can decide: the slow window."""
        return bars_in(self.settings.slow)

    def on_bar(self, bar: Bar, weight: float) -> Signal:
        """Take the next bar and decide at its end; ``weight`` is the share of wealth held now."""
        self.update(bar)
        return self.decide(weight)

    def update(self, bar: Bar) -> None:
        """Take the next bar without deciding."""
        self.bars += 1
        fast, slow = self.fast.update(bar.close), self.slow.update(bar.close)
        if fast is None or slow is None:
            return
        self.level = slow
        self.spread = fast / slow - 1.0

    def decide(self, weight: float) -> Signal:
        """What to hold after the last bar; ``weight`` is the share of wealth held now."""
        spread, settings, steps = self.spread, self.settings, self.steps
        if spread is None:
            return Signal(weight, WARM_UP(self.bars, self.bars_needed))
        standing = steps.standing(weight)
        if spread < -settings.band and steps.worth_selling(weight):
            return Signal(0.0, self._reason(TREND_DOWN, spread, -settings.band))
        step = min(standing + 1, steps.last)
        band = settings.band + (step - 1) * settings.step_band
        target = steps.targets[step]
        if spread >= band and weight < target:
            return Signal(target, self._reason(TREND_STILL_UP if standing else TREND_UP, spread, band), step)
        if standing == steps.last:
            return Signal(weight, self._reason(TREND_KEPT, spread, -settings.band))
        return Signal(weight, self._reason(TREND_NO_STRONGER if standing else NO_TREND_UP, spread, band))

    def _reason(self, reason: DeclaredReason, spread: float, limit: float) -> Reason:
        return reason(spread, limit, self.level, self.over if spread >= 0.0 else self.under)
