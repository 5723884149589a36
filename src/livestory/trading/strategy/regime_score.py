"""The regime score: how directed the market moves, over three timeframes at once."""

from __future__ import annotations

from typing import Annotated, Self

from msgspec import Meta, Struct

from livestory.clock import HOUR
from livestory.trading.market.bar import BAR, Bar, HigherTimeframe, bars_in
from livestory.trading.strategy.indicators import Adx

_ROUNDING = 1e-9

Weight = Annotated[float, Meta(ge=0, le=1)]


class RegimeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the market's regime is told apart."""

    threshold: Annotated[float, Meta(ge=0, le=100, description="Score between the two regimes. 0 to 100.")] = 25.0
    hysteresis: Annotated[
        float,
        Meta(
            ge=0,
            le=50,
            description="How far past the threshold the score must go to switch; a story that goes on keeps its own "
            "until one is set. Points of score.",
        ),
    ] = 7.0
    adx_period: Annotated[int, Meta(ge=2, le=200, description="Period of Wilder's ADX. Bars of each timeframe.")] = 14
    weight_15m: Annotated[Weight, Meta(description="Share of the ADX of 15-minute bars in the score. 0 to 1.")] = 0.2
    weight_30m: Annotated[Weight, Meta(description="Share of the ADX of 30-minute bars in the score. 0 to 1.")] = 0.3
    weight_1h: Annotated[Weight, Meta(description="Share of the ADX of one-hour bars in the score. 0 to 1.")] = 0.5

    def __post_init__(self) -> None:
        """Refuse shares that don't add up, with ValueError."""
        if abs(self.weight_15m + self.weight_30m + self.weight_1h - 1.0) > _ROUNDING:
            message = "weight_15m, weight_30m and weight_1h must add up to 1"
            raise ValueError(message)


class RegimeScore(Struct):
    """The weighted mean of Wilder's ADX on 15-minute, 30-minute and one-hour bars: 0 (ranging) to 100 (trending).

    The ADX of a longer bar counts from the moment that bar is complete, so the score never looks ahead.
    Source: DESIGN, issue 2: 0.2 ADX(15m) + 0.3 ADX(30m) + 0.5 ADX(1h).
    """

    settings: RegimeSettings
    adx_15m: Adx
    adx_30m: Adx
    adx_1h: Adx
    half_hours: HigherTimeframe
    hours: HigherTimeframe
    last_30m: float | None = None
    last_1h: float | None = None

    @classmethod
    def of(cls, settings: RegimeSettings) -> Self:
        """A score that has seen no bar yet."""
        period = settings.adx_period
        spans = HigherTimeframe(2 * BAR), HigherTimeframe(HOUR)
        return cls(settings, Adx(period), Adx(period), Adx(period), *spans)

    @property
    def bars_needed(self) -> int:
        """Bars until the first score at the latest, where none is missing: ``2 * period`` hours of them."""
        return 2 * self.settings.adx_period * bars_in(HOUR)

    def update(self, bar: Bar) -> float | None:
        """Take the next 15-minute bar; the score at its end, or None until all three timeframes are warm."""
        quarter = self.adx_15m.update(bar.high, bar.low, bar.close)
        for longer in self.half_hours.update(bar):
            self.last_30m = self.adx_30m.update(longer.high, longer.low, longer.close)
        for longer in self.hours.update(bar):
            self.last_1h = self.adx_1h.update(longer.high, longer.low, longer.close)
        half, hour = self.last_30m, self.last_1h
        if quarter is None or half is None or hour is None:
            return None
        settings = self.settings
        return settings.weight_15m * quarter + settings.weight_30m * half + settings.weight_1h * hour
