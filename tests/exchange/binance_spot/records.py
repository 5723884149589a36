"""What the exchange keeps: a market's rules, what a trade costs, orders, trades, flows, and a refusal.

Names and values are those of Binance's public documentation (the repository binance/binance-spot-api-docs, files
rest-api.md, filters.md, errors.md, faqs/commission_faq.md); instants are microseconds, as everywhere in livestory.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, Decimal
from typing import Literal

from msgspec import Struct

ZERO = Decimal(0)
OrderSide = Literal["BUY", "SELL"]


class Refusal(Exception):
    """The exchange's error, as errors.md has it: HTTP status, code, message."""

    def __init__(self, code: int, message: str, status: int = 400, **headers: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Rules(Struct, frozen=True, kw_only=True):
    """A market and its filters (filters.md); a test changes them by putting others in their place."""

    base: str = "ETH"
    quote: str = "BTC"
    tick: Decimal = Decimal("0.00001")
    step: Decimal = Decimal("0.0001")
    min_quantity: Decimal = Decimal("0.0001")
    max_quantity: Decimal = Decimal(100_000)
    market_max_quantity: Decimal = Decimal(10_000)
    min_notional: Decimal = Decimal("0.0001")
    max_notional: Decimal = Decimal(9_000_000)
    multiplier_up: Decimal = Decimal(5)  # PERCENT_PRICE_BY_SIDE, the same on both sides
    multiplier_down: Decimal = Decimal("0.2")
    max_orders: int = 200
    precision: int = 8  # decimals of amounts; Binance's own is 8
    order_types: tuple[str, ...] = ("LIMIT", "LIMIT_MAKER", "MARKET")

    @property
    def symbol(self) -> str:
        """As the exchange writes it."""
        return self.base + self.quote

    @property
    def discount_symbol(self) -> str:
        """The market that prices a fee in BNB."""
        return f"BNB{self.quote}"

    def text(self, number: Decimal) -> str:
        """``number`` as the exchange writes an amount or a price."""
        return f"{number:.{self.precision}f}"

    def amount(self, number: Decimal) -> Decimal:
        """``number`` cut to the precision of amounts."""
        return number.quantize(Decimal(1).scaleb(-self.precision), ROUND_DOWN)

    def on_tick(self, number: Decimal, side: OrderSide) -> Decimal:
        """``number`` on the tick, rounded against an order of ``side``; at least a tick."""
        rounding = ROUND_CEILING if side == "BUY" else ROUND_DOWN
        return max((number / self.tick).to_integral_value(rounding), Decimal(1)) * self.tick

    def on_step(self, number: Decimal) -> Decimal:
        """``number`` on the step, rounded down."""
        return (number / self.step).to_integral_value(ROUND_DOWN) * self.step


class Fees(Struct, frozen=True, kw_only=True):
    """What a trade costs, and in what.

    Binance takes it from what is received (commission_faq.md): the base asset of a buy, the quote asset of a sale; in
    BNB, at a discount, where the account wants that and has enough. "quote" is what a paper account does.
    """

    rate: Decimal = Decimal("0.001")
    asset: Literal["received", "quote", "BNB"] = "received"
    bnb_price: Decimal = Decimal("0.0095")  # in the quote asset
    discount: Decimal = Decimal("0.25")


class Order(Struct, kw_only=True, eq=False):
    """An order the exchange took, from the first to the last."""

    order_id: int
    client_order_id: str
    side: OrderSide
    type: str
    quantity: Decimal
    price: Decimal  # 0 for a market order
    time_in_force: str
    time: int
    update_time: int
    status: str = "NEW"
    executed: Decimal = ZERO
    value: Decimal = ZERO  # executed, in the quote asset
    locked: Decimal = ZERO  # of what it pays with
    trades: list[Trade] = []

    @property
    def remaining(self) -> Decimal:
        """What is not executed."""
        return self.quantity - self.executed

    @property
    def live(self) -> bool:
        """Whether it may still trade."""
        return self.status in {"NEW", "PARTIALLY_FILLED"}


class Trade(Struct, frozen=True, kw_only=True):
    """One execution."""

    id: int
    order_id: int
    client_order_id: str
    side: OrderSide
    price: Decimal
    quantity: Decimal
    value: Decimal  # in the quote asset
    fee: Decimal
    fee_asset: str
    maker: bool
    time: int


class Flow(Struct, frozen=True, kw_only=True):
    """A change of a balance from outside; ``kind`` "adjust" stands in no history of the exchange."""

    kind: Literal["deposit", "withdraw", "adjust"]
    id: str
    asset: str
    amount: Decimal  # what the balance changed by, a withdrawal's fee included
    fee: Decimal
    time: int


class Posting(Struct, frozen=True):
    """One change of one balance, kept so that the account can be shown as it was."""

    time: int
    asset: str
    free: Decimal
    locked: Decimal


def failed_filter(rules: Rules, order: Order, reference: Decimal, live: int) -> str | None:
    """The first filter that ``order`` fails, as filters.md defines them; None if it passes all.

    ``reference`` is the price that a market order's value, and a limit order's price, is judged by; ``live`` is how
    many orders are open already.
    """
    market = order.type == "MARKET"
    price = reference if market else order.price
    passed = {
        "LOT_SIZE": rules.min_quantity <= order.quantity <= rules.max_quantity and not order.quantity % rules.step,
        "MARKET_LOT_SIZE": not market or order.quantity <= rules.market_max_quantity,
        "PRICE_FILTER": market or (price > 0 and not price % rules.tick),
        "PERCENT_PRICE_BY_SIDE": reference * rules.multiplier_down <= price <= reference * rules.multiplier_up,
        "NOTIONAL": rules.min_notional <= order.quantity * price <= rules.max_notional,
        "MAX_NUM_ORDERS": live < rules.max_orders,
    }
    return next((name for name, passes in passed.items() if not passes), None)
