"""Money that came or went, and what the readings of it, of prices and of bars are worth."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from livestory.story.facts.base import Facts, OfACaller


class DataGap(Facts, frozen=True, kw_only=True, tag="gap"):
    """Bars that never came."""

    bars: int
    first: int  # the instant at which the first missing observation was due
    last: int
    price_before: float | None = None
    price_after: float | None = None


class FlowTold(OfACaller, frozen=True, kw_only=True, tag="flow"):
    """A deposit or a withdrawal: not profit, not loss."""

    amount: float
    unit: str
    came: int | None = None
    wealth_before: float | None = None
    wealth_after: float | None = None
    record_before: float | None = None
    record_after: float | None = None
    drawdown: float | None = None
    source: str | None = None  # "history" (of the account, at the exchange) or "you"
    counted: bool = False  # its wealth was told before, as a balance that differs


class BalanceDiffers(Facts, frozen=True, kw_only=True, tag="balance_differs"):
    """The balance is not what the trades make it, and nothing explains it yet."""

    critical: ClassVar[bool] = True

    difference: float  # read less expected
    wealth: float | None = None
    expected: float | None = None
    unit: str
    base_difference: Decimal | None = None  # in the base asset
    base: str | None = None
    swap: bool = False  # one asset for the other at about the price: neither gain nor loss


class BalanceExplained(Facts, frozen=True, kw_only=True, tag="balance_explained"):
    """What the balance differed by is known."""

    difference: float
    unit: str
    by: str  # "history", "you", or "gone": the balance is as expected again
    lasted: int | None = None


class ReadingRefused(Facts, frozen=True, kw_only=True, tag="reading_refused"):
    """A reading that can't be true."""

    what: str  # "wealth", "price" or "score"
    reading: str
    expected: float | None = None
    unit: str


class ReadingBack(Facts, frozen=True, kw_only=True, tag="reading_back"):
    """The readings are believed again."""

    what: str
    value: float
    unit: str
    refused: int


class ToldInPart(Facts, frozen=True, kw_only=True, tag="told_in_part"):
    """What the bot does not report, and what therefore stays untold."""

    lacking: tuple[str, ...]
