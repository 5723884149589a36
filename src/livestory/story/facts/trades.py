"""What was traded, what was not, and the regime it was traded in."""

from __future__ import annotations

from decimal import Decimal

from livestory.story.facts.base import Facts, OfACaller
from livestory.story.observation import Reason


class RegimeSwitch(OfACaller, frozen=True, kw_only=True, tag="regime"):
    """The market's regime as the bot sees it; ``previous`` is None at the first reading."""

    regime: str
    previous: str | None = None
    score: float | None = None
    limit: float | None = None  # the bound that the score crossed
    upper: float | None = None
    lower: float | None = None
    lasted: int | None = None  # how long the previous regime did
    halted: bool = False
    strategy: str | None = None


class Trade(OfACaller, frozen=True, kw_only=True, tag="trade"):
    """What was filled."""

    side: str
    quantity: Decimal
    price: Decimal
    base: str
    quote: str
    symbol: str | None = None
    effect: str | None = None
    short: bool = False
    reason: Reason | None = None
    step: int | None = None
    weight_before: float | None = None
    weight_after: float | None = None
    position_after: Decimal | None = None
    result: float | None = None  # of what this fill closed, after fees, as a share of its cost
    gain: Decimal | None = None  # the same in the quote asset
    fee: Decimal | None = None
    trade_id: str | None = None
    reference: Decimal | None = None
    wanted: Decimal | None = None
    wealth: float | None = None
    put_off: int | None = None
    found: str | None = None  # "away" (filled while the bot was down) or "asked" (after no answer)
    filled_at: int | None = None  # where it was told later
    ordered: int | None = None  # the instant of its order's bar
    rest: Reason | None = None  # why the rest of what was wanted was given up


class PutOff(OfACaller, frozen=True, kw_only=True, tag="put_off"):
    """A trade that was wanted and not made; told once until something is traded."""

    side: str | None = None
    quantity: Decimal | None = None
    base: str | None = None
    symbol: str | None = None
    reason: Reason


class Exposure(Facts, frozen=True, kw_only=True, tag="exposure"):
    """The weight that the bot wants changed, where nothing tells of fills; ``before`` is None at the first reading."""

    before: float | None = None
    after: float
    base: str
    price: float | None = None
    reason: Reason | None = None
