"""The exchange's moods, and orders whose fate it did not tell. Each trouble has a kind for its end."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from msgspec import field

from livestory.story.facts.base import Facts


class ExchangeDown(Facts, frozen=True, kw_only=True, tag="exchange_down"):
    """The exchange can't be traded at: no answer, a ban, maintenance, a clock that it does not accept."""

    critical: ClassVar[bool] = True

    exchange: str | None = None
    problem: str = "no answer"  # in few words
    since: int | None = None
    tries: int | None = None
    lasting: bool = False  # it does not pass by itself
    orders_open: int | None = None
    position: float | None = None
    base: str | None = None
    weight: float | None = None


class ExchangeBack(Facts, frozen=True, kw_only=True, tag="exchange_back"):
    """The exchange answers again; what was missed is read."""

    exchange: str | None = None
    problem: str | None = None
    down: int | None = None
    missed_bars: int | None = None
    fills_found: int | None = None
    price_before: float | None = None
    price_after: float | None = None
    balance_difference: float | None = None  # 0 as expected
    unit: str | None = None


class OrderUnknown(Facts, frozen=True, kw_only=True, tag="order_unknown"):
    """An order was sent and not answered: nobody here knows whether it stands."""

    critical: ClassVar[bool] = True

    side: str
    quantity: Decimal
    base: str
    sent: int | None = None
    waited: int | None = None
    problem: str | None = None  # instead of an answer
    order_id: str | None = None


class OrderClear(Facts, frozen=True, kw_only=True, tag="order_clear"):
    """What became of an unknown order of which nothing was filled."""

    side: str
    quantity: Decimal
    base: str
    outcome: str  # "absent", "cancelled", "rejected", "open" or "owner", who took the balance as it is
    unknown_for: int | None = None
    problem: str | None = None  # why it was rejected
    order_id: str | None = None


class ForeignOrders(Facts, frozen=True, kw_only=True, tag="foreign_orders"):
    """Open orders that are not this bot's; none any more where ``count`` is 0."""

    count: int
    symbol: str | None = None


class FiltersChanged(Facts, frozen=True, kw_only=True, tag="filters_changed"):
    """The exchange's rules for orders changed: their values by their names."""

    symbol: str | None = None
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)


class ClockSkew(Facts, frozen=True, kw_only=True, tag="clock_skew"):
    """This machine's clock differs from the exchange's, which is allowed for from here on."""

    skew: int  # positive: this machine is ahead


class CandlesRefused(Facts, frozen=True, kw_only=True, tag="candles_refused"):
    """The exchange's candles are stale, malformed or revised."""

    problem: str
    since: int | None = None


class CandlesBack(Facts, frozen=True, kw_only=True, tag="candles_back"):
    """The candles are good again."""

    refused: int | None = None
    lasted: int | None = None
