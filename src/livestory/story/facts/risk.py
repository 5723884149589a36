"""Records, drawdowns, and what keeps the bot from trading."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from livestory.story.facts.base import Facts, OfACaller


class NewHigh(OfACaller, frozen=True, kw_only=True, tag="ath"):
    """An all-time high of the unit value; the balance is shown."""

    wealth: float
    unit: str
    previous: float | None = None
    price: float | None = None
    next_told: float | None = None


class HalfWay(Facts, frozen=True, kw_only=True, tag="halfway"):
    """The drawdown is half-way to the breaker."""

    drawdown: float
    peak: float
    peak_time: int | None = None
    wealth: float
    limit: float
    unit: str
    since_resume: int | None = None  # the resume the drawdown counts from; None = the record
    price: float | None = None
    price_at_limit: float | None = None


class Drawdown(Facts, frozen=True, kw_only=True, tag="drawdown"):
    """A deep drawdown of a bot that does not say whether it halts."""

    drawdown: float
    peak: float
    wealth: float
    unit: str
    peak_time: int


class DrawdownOver(Facts, frozen=True, kw_only=True, tag="drawdown_over"):
    """The peak of a told drawdown is reached again."""

    wealth: float
    unit: str
    lasted: int
    deepest: float


class BreakerTripped(OfACaller, frozen=True, kw_only=True, tag="breaker"):
    """The safety breaker tripped."""

    critical: ClassVar[bool] = True

    drawdown: float | None = None
    peak: float | None = None
    peak_time: int | None = None
    wealth: float | None = None
    unit: str | None = None
    limit: float | None = None
    since_resume: int | None = None
    position: float | None = None
    base: str | None = None
    resume_at: int | None = None
    resume_score: float | None = None


class WaitOver(Facts, frozen=True, kw_only=True, tag="wait_over"):
    """The breaker's cooldown ended without a resume."""

    waited: int
    score: float | None = None
    resume_score: float | None = None


class Phoenix(OfACaller, frozen=True, kw_only=True, tag="phoenix"):
    """Trading resumes after the breaker."""

    critical: ClassVar[bool] = True

    halted: int | None = None
    score: float | None = None
    resume_score: float | None = None
    sold_at: Decimal | None = None
    price: float | None = None
    wealth: float | None = None
    regime: str | None = None


class Halted(Facts, frozen=True, kw_only=True, tag="halted"):
    """The bot halted for a reason other than the breaker."""

    critical: ClassVar[bool] = True

    reason: str | None = None  # "owner", "journal" (a new one, and the account holds something), or any words
    position: float | None = None
    base: str | None = None
    cancelled: int | None = None  # orders; None: the bot reports its halt with its observations
    orders_open: int | None = None  # that are not cancelled yet
    selling: bool = False


class Unhalted(Facts, frozen=True, kw_only=True, tag="unhalted"):
    """A halt for a reason other than the breaker is over."""

    reason: str | None = None
    halted: int | None = None
    bars: int | None = None  # that passed meanwhile
    kept_back: int | None = None  # trades that would have been made
    still: str | None = None  # the reason of another halt that goes on


class SellStuck(Facts, frozen=True, kw_only=True, tag="sell_stuck"):
    """The bot must sell and can't; the sale itself is the end of it."""

    critical: ClassVar[bool] = True

    position: float | None = None
    base: str | None = None
    by: str = "breaker"  # or "owner"
    problem: str | None = None
    tries: int | None = None
    since: int | None = None
    retry_in: int | None = None
    needs: str | None = None  # of the owner


class DailyLimit(Facts, frozen=True, kw_only=True, tag="daily_limit"):
    """The daily loss limit blocks buys until the day ends."""

    critical: ClassVar[bool] = True

    day_return: float | None = None
    limit: float | None = None
    position: float | None = None
    base: str | None = None
    weight: float | None = None
    drawdown: float | None = None
    breaker: float | None = None


class DailyLimitOver(Facts, frozen=True, kw_only=True, tag="daily_limit_over"):
    """The day of the daily loss limit ended."""

    blocked: int
    weight: float | None = None
    base: str | None = None
    drawdown: float | None = None
