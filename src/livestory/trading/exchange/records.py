"""The records of an exchange: its filters, what an account holds, what is sent, and its possible answers.

Amounts and prices are `decimal.Decimal`: quantities in the base asset, prices and money in the quote asset.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Literal

from msgspec import Struct, field

from livestory.story.reason import Reason

Side = Literal["buy", "sell"]

_NONE = Decimal(0)


def exact(number: float) -> Decimal:
    """The decimal that a person or a file wrote for ``number``: 0.1 gives ``Decimal("0.1")``, not its binary tail."""
    return Decimal(repr(number))


class Filters(Struct, frozen=True):
    """An exchange's rules for an order's numbers, and its fee."""

    tick: Decimal  # the least difference between two prices
    step: Decimal  # the least difference between two quantities
    min_notional: Decimal  # the least value of an order, in the quote asset
    fee: Decimal  # share of a trade's value that taking costs, in the quote asset
    max_quantity: Decimal | None = None  # of one order
    min_quantity: Decimal = _NONE  # of one order

    def price(self, number: Decimal, against: Side) -> Decimal:
        """``number`` on the tick, rounded to the disadvantage of an order of the side ``against``; at least a tick."""
        rounding = ROUND_CEILING if against == "buy" else ROUND_FLOOR
        return max((number / self.tick).to_integral_value(rounding), Decimal(1)) * self.tick

    def quantity(self, number: Decimal) -> Decimal:
        """``number`` on the step, rounded down, at most the greatest; 0 if it is negative."""
        on_step = max((number / self.step).to_integral_value(ROUND_FLOOR), Decimal(0)) * self.step
        return on_step if self.max_quantity is None or on_step <= self.max_quantity else self._greatest()

    def problem(self, quantity: Decimal, price: Decimal) -> Reason | None:
        """Why an order of this size is impossible: "dust" (under the least quantity), "step_size" or "min_notional"."""
        least = max(self.step, self.min_quantity)
        if quantity < least:
            return Reason("dust", value=float(quantity), limit=float(least))
        if quantity % self.step:
            return Reason("step_size", value=float(quantity), limit=float(self.step))
        if quantity * price < self.min_notional:
            return Reason("min_notional", value=float(quantity * price), limit=float(self.min_notional))
        return None

    def _greatest(self) -> Decimal:
        return ((self.max_quantity or _NONE) / self.step).to_integral_value(ROUND_FLOOR) * self.step


class Holding(Struct, frozen=True, gc=False):
    """What an account holds, at a price."""

    position: float  # base asset
    price: float
    wealth: float  # everything, in the quote asset
    weight: float  # the share of wealth in the base asset, 0 to 1; 0 when there is nothing

    @property
    def exact_price(self) -> Decimal:
        """The price as it was written."""
        return exact(self.price)


class Balances(Struct, frozen=True, gc=False):
    """What the account holds in all, and how much of that open orders (anybody's) keep."""

    base: Decimal
    quote: Decimal
    base_locked: Decimal = _NONE
    quote_locked: Decimal = _NONE

    @property
    def base_free(self) -> Decimal:
        """The base asset that no open order keeps."""
        return self.base - self.base_locked

    @property
    def quote_free(self) -> Decimal:
        """The quote asset that no open order keeps."""
        return self.quote - self.quote_locked

    def at(self, price: float) -> Holding:
        """The same at ``price``, all of its figures at once."""
        position = float(self.base)
        held = position * price
        wealth = float(self.quote) + held
        return Holding(position, price, wealth, held / wealth if held else 0.0)

    def wealth(self, price: float) -> float:
        """Everything, in the quote asset, with the base asset at ``price``."""
        return float(self.quote) + float(self.base) * price

    def weight(self, price: float) -> float:
        """The share of wealth in the base asset at ``price``, 0 to 1; 0 when there is nothing."""
        return self.at(price).weight


class Book(Struct, frozen=True):
    """The best prices at which others stand ready."""

    bid: Decimal
    ask: Decimal

    @property
    def spread(self) -> Decimal:
        """How far they are apart, as a share of their middle."""
        return (self.ask - self.bid) * 2 / (self.ask + self.bid)


class Execution(Struct, frozen=True, kw_only=True):
    """One execution of an order. An order may have several; each has an id that never changes."""

    trade_id: str
    client_order_id: str  # "" for an order that is known to be none of ours
    time: int
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal | None  # its worth in the quote asset; None where it was taken in an asset of unknown price
    base_fee: Decimal = _NONE  # what of it was taken from the base asset
    quote_fee: Decimal = _NONE  # what of it was taken from the quote asset

    @property
    def base_change(self) -> Decimal:
        """What the trade did to the balance of the base asset."""
        return (self.quantity if self.side == "buy" else -self.quantity) - self.base_fee

    @property
    def quote_change(self) -> Decimal:
        """What the trade did to the balance of the quote asset."""
        value = self.quantity * self.price
        return (-value if self.side == "buy" else value) - self.quote_fee


class OrderRequest(Struct, frozen=True, kw_only=True):
    """What is sent: one order at the exchange. Its ``quantity`` is at most that of the order it belongs to."""

    client_order_id: str
    side: Side
    quantity: Decimal
    limit: Decimal | None = None  # None: at the market; else a limit order that is only ever the maker (post-only)


class OpenOrder(Struct, frozen=True, kw_only=True):
    """An order that stands open at the exchange, ours or not."""

    client_order_id: str
    side: Side
    quantity: Decimal
    filled: Decimal
    limit: Decimal | None


class AccountFlow(Struct, frozen=True, kw_only=True):
    """A deposit (positive) or withdrawal of one of the two assets, as the account's own history has it."""

    flow_id: str
    time: int
    asset: Literal["base", "quote"]
    amount: Decimal


class Trouble(Struct, frozen=True, kw_only=True):
    """The exchange does not answer as it should."""

    since: int  # the first failure; it and retry_at by this machine's clock
    problem: str  # for a person, nothing secret in it
    tries: int = 1
    retry_at: int | None = None  # it asked to be left alone until then, and is
    lasting: bool = False  # no patience helps (a wrong key, a clock that stays off): to be told, and stopped for


class Accepted(Struct, frozen=True):
    """The exchange has the order: it works on it, or is already done with it."""


class Rejected(Struct, frozen=True):
    """The exchange refused the order, or nothing was sent: it will never trade, that is proven."""

    reason: Reason


class Unanswered(Struct, frozen=True):
    """No answer that tells. The order may be there or not: query it, never guess, never send it again."""

    problem: str = ""


Answer = Accepted | Rejected | Unanswered


class OrderStatus(StrEnum):
    """What the exchange says that an order is."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"  # by the exchange or by us, expired included, with or without a part filled before
    NOT_FOUND = "not_found"  # not known there now; outside this process it may still come


class OrderReport(Struct, frozen=True, array_like=True):
    """What the exchange says of one order."""

    status: OrderStatus = field(name="standing")
    filled: Decimal = _NONE


def changes(before: Filters, after: Filters) -> dict[str, dict[str, str]]:
    """The filters that differ, by name: their values ``before`` and ``after``, as text."""
    names = [name for name in Filters.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    return {
        "before": {name: str(getattr(before, name)) for name in names},
        "after": {name: str(getattr(after, name)) for name in names},
    }
