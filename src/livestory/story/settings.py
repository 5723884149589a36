"""What the owner can choose about the telling."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from livestory.clock import DAY, HOUR
from livestory.durations import Duration

_MOST = 2**63  # beyond which no number fits a file


Detail = Literal["normal", "all"]
BenchmarkOf = Literal["base", "basket"]


class StorySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events are worth a line."""

    detail: Annotated[
        Detail,
        Meta(description="Which lines the text shows: those that matter, or all that the journal has."),
    ] = "normal"
    benchmark: Annotated[
        BenchmarkOf,
        Meta(
            description="What a return is held against: the base asset, in a story of one symbol; or, of several, "
            "the basket of its first day's positions, bought and held."
        ),
    ] = "base"
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
    liquidation_near: Annotated[
        float,
        Meta(gt=0, lt=1, description="Distance of a price from that of liquidation under which it is told. Share."),
    ] = 0.1
    drawdown_told: Annotated[
        float,
        Meta(gt=0, lt=1, description="Drawdown told for a bot that does not report whether it halts. Share."),
    ] = 0.2
    exposure_told: Annotated[
        float,
        Meta(gt=0, le=1, description="Least change of target weight told from a table that has no fills. Share."),
    ] = 0.01
    funding_told: Annotated[
        float,
        Meta(ge=0, le=1, description="Least payment of funding told, of the position that it is paid for. Share."),
    ] = 0.001
    quiet: Annotated[
        Duration,
        Meta(description="Silence after which a sign of life is told. Duration."),
    ] = 12 * HOUR
    quiet_shown: Annotated[
        Duration,
        Meta(
            description="Silence in the text after which a sign of life is shown, and after 3, 7, 14 … times as long."
        ),
    ] = DAY
    day_moved: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Move of wealth from which a day is shown in which nothing else happened; "
            "a fall within it shows it from twice that. Share.",
        ),
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
        for name, words in (("detail", get_args(Detail)), ("benchmark", get_args(BenchmarkOf))):
            if getattr(self, name) not in words:
                message = f"{name} {getattr(self, name)!r}: expected one of {', '.join(words)}"
                raise ValueError(message)
        _check(self)


def _check(settings: Struct) -> None:
    """Raise ValueError where a number of ``settings`` is not in its declared range; a file's are checked as it is read.

    The message names the setting and the range.
    """
    for name, (kind, ranges) in _numbers(type(settings)).items():
        value = getattr(settings, name)
        right = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
        if not (right and abs(value) < _MOST and all(_within(value, sign, bound) for sign, bound in ranges)):
            bounds = " and ".join(f"{sign} {bound:,}" for sign, bound in ranges)
            what = "a whole number" if kind is int else "a finite number"
            message = f"{name} {value!r}: expected {what} {bounds}".rstrip()
            raise ValueError(message)


def _within(value: float, sign: str, bound: float) -> bool:
    return {">=": value >= bound, ">": value > bound, "<=": value <= bound, "<": value < bound}[sign]


@cache
def _numbers(settings: type[Struct]) -> dict[str, tuple[Any, list[tuple[str, float]]]]:
    """The settings that are numbers: of what type, and with which bounds. A duration is not negative."""
    found = {}
    for name, hint in get_type_hints(settings, include_extras=True).items():
        kind, *metas = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if kind in {int, float}:
            given = [
                *((">=", meta.ge) for meta in metas if isinstance(meta, Meta)),
                *((">", meta.gt) for meta in metas if isinstance(meta, Meta)),
                *(("<=", meta.le) for meta in metas if isinstance(meta, Meta)),
                *(("<", meta.lt) for meta in metas if isinstance(meta, Meta)),
            ]
            ranges = [(sign, bound) for sign, bound in given if bound is not None]
            found[name] = kind, ranges if any(sign in {">=", ">"} for sign, _ in ranges) else [(">=", 0), *ranges]
    return found
