"""A trade of freqtrade's with its orders, whichever of its files it comes from. Money is in the stake currency."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import lru_cache

from msgspec import Struct

from livestory.story.absurd import MOST_DIGITS

ALL = "*"
"""All pairs."""
ROUTINE = " after an exit"
"""What the name of an arc ends in that follows each exit."""
_COOLDOWN = "Cooldown period"  # what the reason of freqtrade's CooldownPeriod begins with


@lru_cache(10_000, typed=True)  # of a trade, an order and their fees most numbers come again
def decimal_of(value: float | str | Decimal | None) -> Decimal | None:
    """Just what a number shows: the float 0.1 is 0.1, and not 0.1000000000000000055. Raises ValueError for none."""
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_finite() and number.adjusted() <= MOST_DIGITS:
        return number
    problem = "is larger than any amount" if number.is_finite() else "is no number"
    message = f"{str(value)[:40]!r} {problem}"
    raise ValueError(message)


def quote_of(pair: str) -> str:
    """The currency in which a pair is priced."""
    return pair.partition("/")[2].partition(":")[0]


class Order(Struct, frozen=True, kw_only=True):
    """One order of a trade, as far as it is filled."""

    order_id: str
    is_entry: bool
    is_open: bool = False
    filled: Decimal = Decimal(0)
    price: Decimal | None = None  # average
    time: int  # when it was filled, or made where that is all there is
    wanted: Decimal | None = None
    tag: str | None = None
    cancelled: str | None = None  # why; "" where it was, and no reason is kept
    fee_base: Decimal | None = None  # taken out of the base asset


class Trade(Struct, frozen=True, kw_only=True):
    """From flat to flat in one pair; ``closed`` is None while it is open."""

    key: str  # that tells it from all other trades
    pair: str
    opened: int
    closed: int | None = None
    is_open: bool = False
    is_pending: bool = False  # before 2021, where orders were not kept: its entry is not filled
    short: bool = False
    orders: tuple[Order, ...] = ()
    amount: Decimal
    open_rate: Decimal
    close_rate: Decimal | None = None
    fee_open: Decimal | None = None  # as a share
    fee_close: Decimal | None = None
    fee_open_cost: Decimal | None = None  # of the first entry
    fee_open_currency: str | None = None
    fee_close_cost: Decimal | None = None  # of the first exit
    fee_close_currency: str | None = None
    profit: Decimal | None = None  # as freqtrade reports it, once closed
    funding: Decimal = Decimal(0)
    enter_tag: str | None = None
    exit_reason: str | None = None
    stake: str | None = None  # currency

    @property
    def stake_currency(self) -> str:
        """In which its result is counted: before 2022 only the pair says so."""
        return self.stake or quote_of(self.pair)


class Lock(Struct, frozen=True, kw_only=True):
    """What keeps freqtrade from entering a pair, or with ``pair`` None any of them, until ``end``."""

    key: int
    pair: str | None
    side: str  # "long", "short" or "*"
    reason: str
    begin: int
    end: int
    active: bool = True

    @property
    def is_automatic(self) -> bool:
        """Whether it only keeps freqtrade from entering twice on one candle, as it does after each exit."""
        return self.reason == "Auto lock"

    @property
    def is_routine(self) -> bool:
        """Whether it follows each exit: a pause that is meant, and no news."""
        return self.reason.startswith(_COOLDOWN)

    @property
    def name(self) -> str:
        """Of the arc that it is part of."""
        return (self.pair or ALL) + (ROUTINE if self.is_routine else "")
