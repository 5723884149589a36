"""What the owner can choose about the telling."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from livestory.clock import DAY, HOUR
from livestory.settings import Duration, check


class StorySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events are worth a line."""

    detail: Annotated[
        Literal["normal", "all"],
        Meta(description="Which lines the text shows: those that matter, or all that the journal has."),
    ] = "normal"
    ath_min_gain: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Least gain over the last told all-time high that tells a new one; 0 tells each. Share.",
        ),
    ] = 0.01
    hysteresis: Annotated[
        float,
        Meta(
            ge=0, le=50, description="Distance from the threshold at which an inferred regime switches. Score points."
        ),
    ] = 2.0
    half_way: Annotated[
        float,
        Meta(gt=0, le=1, description="Share of the breaker's limit at which the drawdown is told as a warning. Share."),
    ] = 0.5
    drawdown_told: Annotated[
        float,
        Meta(gt=0, lt=1, description="Drawdown told for a bot that does not report whether it halts. Share."),
    ] = 0.2
    exposure_told: Annotated[
        float,
        Meta(gt=0, le=1, description="Least change of target weight told from a table that has no fills. Share."),
    ] = 0.01
    quiet: Annotated[
        Duration,
        Meta(description="Silence after which a sign of life is told. Duration."),
    ] = 12 * HOUR
    quiet_shown: Annotated[
        tuple[Duration, ...],
        Meta(
            max_length=10,
            description="Silences in the text after which a sign of life is shown; the last one again and again.",
            extra_json_schema={"unit": "duration", "example": ["1d", "3d", "7d"]},
        ),
    ] = (DAY, 3 * DAY, 7 * DAY)
    day_moved: Annotated[
        float,
        Meta(ge=0, le=1, description="Move of wealth from which a day is shown in which nothing else happened. Share."),
    ] = 0.01
    record_again: Annotated[
        float,
        Meta(ge=0, le=1, description="Gain over the day's shown all-time high from which another is shown. Share."),
    ] = 0.05
    implausible: Annotated[
        float,
        Meta(gt=1, description="Factor between two readings of wealth or price that is not believed at once. Factor."),
    ] = 10.0
    keep_days: Annotated[
        int,
        Meta(
            ge=1,
            le=36_500,
            description="UTC days that stay in the story file, today included; a replay keeps them all.",
            extra_json_schema={"unit": "days"},
        ),
    ] = 7
    keep_observations: Annotated[
        Duration,
        Meta(ge=DAY, description="Age from which livestory compact thins observations to hourly extremes. Duration."),
    ] = 400 * DAY

    def __post_init__(self) -> None:
        """Raises ValueError where a setting is out of its range."""
        check(self)
