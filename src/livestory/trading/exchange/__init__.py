"""What the executor needs of an exchange: one narrow protocol, its records, and its possible answers.

Amounts and prices are `decimal.Decimal`: quantities in the base asset, prices and money in the quote asset.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from livestory.story.observation import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.trading.market.bar import Bar
    from livestory.trading.risk import Approved

Side = Literal["buy", "sell"]


def exact(number: float) -> Decimal:
    """The decimal that a person or a file wrote for ``number``: 0.1 gives ``Decimal("0.1")``, not its binary tail."""
    return Decimal(repr(number))


class Filters(Struct, frozen=True):
    """An exchange's rules for an order's numbers, and its fee."""

    tick: Decimal  # the least difference between two prices
    step: Decimal  # the least difference between two quantities
    min_notional: Decimal  # the least value of an order, in the quote asset
    fee: Decimal  # share of a trade's value, taken in the quote asset

    def price(self, number: Decimal, against: Side) -> Decimal:
        """``number`` on the tick, rounded to the disadvantage of an order of the side ``against``; at least a tick."""
        rounding = ROUND_CEILING if against == "buy" else ROUND_FLOOR
        return max((number / self.tick).to_integral_value(rounding), Decimal(1)) * self.tick

    def quantity(self, number: Decimal) -> Decimal:
        """``number`` on the step, rounded down; 0 if it is negative."""
        return max((number / self.step).to_integral_value(ROUND_FLOOR), Decimal(0)) * self.step

    def problem(self, quantity: Decimal, price: Decimal) -> Reason | None:
        """Why an order of this size is impossible: "dust" (under one step), "step_size" or "min_notional"."""
        if quantity < self.step:
            return Reason("dust", value=float(quantity), limit=float(self.step))
        if quantity % self.step:
            return Reason("step_size", value=float(quantity), limit=float(self.step))
        if quantity * price < self.min_notional:
            return Reason("min_notional", value=float(quantity * price), limit=float(self.min_notional))
        return None


class Balances(Struct, frozen=True, gc=False):
    """What the account holds."""

    base: Decimal
    quote: Decimal

    def wealth(self, price: float) -> float:
        """Everything, in the quote asset, with the base asset at ``price``."""
        return float(self.quote) + float(self.base) * price

    def weight(self, price: float) -> float:
        """The share of wealth in the base asset at ``price``, 0 to 1; 0 when there is nothing."""
        held = float(self.base) * price
        return held / (float(self.quote) + held) if held else 0.0


class Trade(Struct, frozen=True, kw_only=True):
    """One execution of an order. An order may have several; each has an id that never changes."""

    trade_id: str
    client_order_id: str
    time: int
    quantity: Decimal
    price: Decimal
    fee: Decimal  # in the quote asset


class Accepted(Struct, frozen=True):
    """The exchange has the order: it works on it, or is already done with it."""


class Rejected(Struct, frozen=True):
    """The exchange refused the order; it will never trade."""

    reason: Reason


class Unanswered(Struct, frozen=True):
    """No answer that tells. The order may be there or not: query it, never guess, never send it again."""


Answer = Accepted | Rejected | Unanswered


class Standing(StrEnum):
    """Where the exchange says that an order stands."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"  # by the exchange or by us, with or without a part filled before
    ABSENT = "absent"  # the exchange has no such order, and never will: proven, not just not yet seen


class Exchange(Protocol):
    """An account at an exchange, for one symbol. No method raises for trouble on the way: the answers tell it.

    The contract, for paper and for the outside world:

    - `submit` takes nothing but what risk has approved. A client order id that the exchange knows is not placed twice:
      the answer is the first order's.
    - A timeout is not a rejection: it is `Unanswered`, and `query` settles it.
    - `trades` may repeat itself (the order ledger knows each trade by its id) but leaves none out.
    - When `query` says that an order is done (filled, cancelled), all its trades have been given by `trades`.
    """

    @property
    def outside(self) -> bool:
        """Whether an order leaves this process: then its intent is committed before it is sent."""
        ...

    def filters(self) -> Filters:
        """The rules for an order's numbers."""
        ...

    def balances(self) -> Balances:
        """What the account holds now, orders in flight not counted."""
        ...

    def submit(self, approved: Approved) -> Answer:
        """Place a market order."""
        ...

    def cancel(self, client_order_id: str) -> Standing | None:
        """Withdraw what is still open of an order; where it then stands, None if there was no answer."""
        ...

    def query(self, client_order_id: str) -> Standing | None:
        """Where an order stands, None if there was no answer."""
        ...

    def trades(self, since: int, bar: Bar) -> Sequence[Trade]:
        """At least every execution from the instant ``since``, oldest first.

        ``bar`` has just been heard; a paper exchange trades at its open what was submitted before it.
        """
        ...
