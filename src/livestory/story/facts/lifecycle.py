"""The bot's comings and goings, and the rules that it follows."""

from __future__ import annotations

from msgspec import field

from livestory.story.facts.base import Facts, OfACaller


class Started(OfACaller, frozen=True, kw_only=True, tag="started"):
    """The bot's first start: the story begins."""

    wealth: float | None = None
    unit: str
    mode: str | None = None
    market: str | None = None
    symbol: str | None = None
    interval: int | None = None
    position: float | None = None
    cash: float | None = None
    price: float | None = None
    first: bool = False  # livestory began it, and knows that nothing came before


class Resumed(Facts, frozen=True, kw_only=True, tag="resumed"):
    """The bot came back."""

    away: int | None = None  # None in a replay, where no time passes
    last_heard: int
    clean: bool  # it had said goodbye
    missed_bars: int | None = None
    wealth: float | None = None
    expected: float | None = None
    unit: str
    mode: str | None = None  # where orders leave the machine: "testnet" or "live"
    fills_found: int | None = None  # while it was away, each told on a line of its own


class Stopped(OfACaller, frozen=True, kw_only=True, tag="stopped"):
    """The bot said goodbye."""

    by: str  # "you", "bars" (a replay's end), "error", "system" (SIGTERM), or a caller's own words
    wealth: float | None = None
    position: float | None = None
    base: str | None = None
    unit: str | None = None
    orders_open: int | None = None


class Rules(Facts, frozen=True, kw_only=True, tag="rules"):
    """The rules in force. None is unknown; a rule that is off is 0."""

    breaker: float | None = None  # drawdown that trips it, as a positive share
    cooldown: int | None = None
    resume_score: float | None = None
    daily_loss: float | None = None
    max_weight: float | None = None
    threshold: float | None = None
    hysteresis: float | None = None
    ath_min_gain: float | None = None
    base: str | None = None
    strategy: str | None = None
    step: float | None = None  # share of wealth of one step of a staged entry
    fee: float | None = None  # share of a trade that it is reckoned to cost
    # Everything else that is set, by the configuration's names; told when it changes.
    settings: dict[str, str] = field(default_factory=dict)


class RulesChanged(Facts, frozen=True, kw_only=True, tag="rules_changed"):
    """The rules that changed since the story last told them."""

    before: Rules
    after: Rules
