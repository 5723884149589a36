"""What a period came to, and signs of life."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from livestory.story.facts.base import Facts
from livestory.story.observation import Reason


class BarCount(Struct, frozen=True, omit_defaults=True):
    """How often one reason kept the bot from trading, and the time it came nearest to its limit."""

    bars: int
    nearest: Reason


class Chapter(Facts, frozen=True, kw_only=True, tag="chapter"):
    """A day, week, month or year that ended."""

    period: str  # "day", "week", "month" or "year"
    start: int
    end: int
    since: int | None = None  # from where it counts, where that is not its start: the story began, or was away, then
    wealth: float | None = None
    wealth_before: float | None = None
    unit: str
    change: float | None = None  # return of the unit value: deposits and withdrawals left out
    holding: float | None = None  # return of the base asset, had it been held
    base: str | None = None
    buys: int = 0
    sells: int = 0
    trades_known: bool = True
    exposures: int = 0  # changes of it, told where trades are not known
    fees: Decimal = Decimal(0)
    deepest: float | None = None
    deepest_from: int | None = None
    deepest_at: int | None = None
    bars: int = 0
    trips: int = 0
    halted: int = 0
    trend_share: float | None = None
    regime: str | None = None
    drawdown: float | None = None  # at its end, where that is nearer to the breaker's limit than to the peak
    limit: float | None = None  # of the breaker
    flow: float = 0.0
    best: float | None = None
    best_day: int | None = None
    worst: float | None = None
    worst_day: int | None = None
    no_trade: tuple[BarCount, ...] = ()


class Quiet(Facts, frozen=True, kw_only=True, tag="quiet"):
    """Nothing was told for a while: a sign of life, and why nothing was traded."""

    silence: int
    bars: int
    halted: bool | None = None
    halt_reason: str | None = None
    resume_at: int | None = None
    resume_score: float | None = None
    score: float | None = None
    position: float | None = None
    base: str | None = None
    quote: str | None = None
    weight: float | None = None
    target_weight: float | None = None
    price: float | None = None
    sold_at: Decimal | None = None
    drawdown: float | None = None  # as in a chapter
    limit: float | None = None
    no_trade: tuple[BarCount, ...] = ()
