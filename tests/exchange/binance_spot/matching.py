"""An account at an exchange and the matching of its orders; no HTTP, and no clock but the one it is given.

Nothing moves it but being used: what the clock has passed since is caught up with first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from itertools import takewhile
from threading import RLock
from typing import TYPE_CHECKING, Literal

from livestory.clock import DAY
from tests.exchange.binance_spot.fills import Book
from tests.exchange.binance_spot.prices import Prices
from tests.exchange.binance_spot.records import (
    ZERO,
    Fees,
    Flow,
    Order,
    OrderSide,
    Posting,
    Refusal,
    Rules,
    Trade,
    failed_filter,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livestory.clock import Clock
    from livestory.trading.market.bar import Bar
    from tests.exchange.binance_spot.fills import FillRule

_CLIENT_ID = re.compile(r"[a-zA-Z0-9\-_]{1,36}")


class Exchange:
    """One account and one market. Every method may be called from any thread."""

    def __init__(
        self,
        bars: Sequence[Bar],
        clock: Clock,
        *,
        balances: Mapping[str, Decimal] | None = None,
        fills: FillRule | None = None,
        rules: Rules | None = None,
        fees: Fees | None = None,
    ) -> None:
        self.lock = RLock()
        self.clock = clock
        self.ahead = 0
        self.prices = Prices(bars)
        self.rules = rules or Rules()
        self.fees = fees or Fees()
        self.fills = fills or Book()
        self.status: Literal["TRADING", "HALT", "BREAK"] = "TRADING"
        self.can_trade = self.can_withdraw = True
        # What the account is shown with, and how late.
        self.order_lag = self.trade_lag = self.balance_lag = 0
        self.repeat_trades = False

        self.orders: dict[int, Order] = {}
        self.live: dict[int, Order] = {}
        self.latest: dict[str, Order] = {}  # by client order id: an id is free again when its order is done
        self.trades: list[Trade] = []
        self.flows: list[Flow] = []
        self.opening = dict(balances or {self.rules.quote: Decimal(1)})
        self.free: dict[str, Decimal] = defaultdict(Decimal, self.opening)
        self.locked: dict[str, Decimal] = defaultdict(Decimal)
        self._postings: list[Posting] = []
        self._passed = self.now

    @property
    def now(self) -> int:
        """What its own clock shows."""
        return self.clock.now() + self.ahead

    @property
    def bars(self) -> list[Bar]:
        """The market's bars; a test may put others in their place."""
        return self.prices.bars

    @property
    def price(self) -> Decimal:
        """The present price."""
        return self.prices.at(self.now)

    @property
    def quote_fee_factor(self) -> Decimal:
        """What a buy costs against its value."""
        return 1 + (self.fees.rate if self.fees.asset == "quote" else ZERO)

    def catch_up(self) -> None:
        """Fill what time has filled."""
        with self.lock:
            now = self.now
            if now > self._passed:
                since, self._passed = self._passed, now
                if self.live:
                    self.fills.pass_time(self, since, now)

    # What its customers do.

    def place(
        self,
        side: OrderSide,
        quantity: Decimal,
        order_type: str = "MARKET",
        price: Decimal = ZERO,
        client_order_id: str = "",
        time_in_force: str = "GTC",
    ) -> Order:
        """Take an order, and fill of it what can be filled; raises `Refusal`, and then nothing has changed."""
        with self.lock:
            self.catch_up()
            number = len(self.orders) + 1
            order = Order(
                order_id=number,
                client_order_id=client_order_id or f"by-hand-{number}",
                side=side,
                type=order_type,
                quantity=quantity,
                price=price,
                time_in_force=time_in_force,
                time=self.now,
                update_time=self.now,
            )
            self._check(order)
            self._lock_funds(order)
            self.orders[number] = self.live[number] = self.latest[order.client_order_id] = order
            self.fills.arrive(self, order)
            return order

    def cancel(self, order: Order | None) -> Order:
        """Withdraw the rest of an order; raises `Refusal` for one that is not there or done."""
        with self.lock:
            self.catch_up()
            if order is None or not order.live:
                raise Refusal(-2011, "Unknown order sent.")
            self.finish(order, "CANCELED", self.now)
            return order

    def find(self, order_id: int | None, client_order_id: str | None) -> Order | None:
        """By the first id, which the second must agree with; or the latest of the second."""
        if order_id is None:
            return self.latest.get(client_order_id or "")
        order = self.orders.get(order_id)
        return order if order is not None and client_order_id in {None, order.client_order_id} else None

    # What happens from outside.

    def deposit(self, asset: str, amount: Decimal) -> None:
        """Money comes, and the history of deposits says so."""
        self._flow("deposit", asset, amount)

    def withdraw(self, asset: str, amount: Decimal, fee: Decimal = ZERO) -> None:
        """Money goes, and the history of withdrawals says so."""
        self._flow("withdraw", asset, -amount - fee, fee)

    def adjust(self, asset: str, amount: Decimal) -> None:
        """A balance changes, and no history says why."""
        self._flow("adjust", asset, amount)

    def set_price(self, price: Decimal | None) -> None:
        """Hold the price there until told otherwise, and fill what it fills; None: go by the bars again."""
        with self.lock:
            self.catch_up()
            self.prices.held = price
            if isinstance(self.fills, Book):
                self.fills.meet(self, self.now, self.price)

    # What it shows.

    def shows(self, order: Order) -> bool:
        """Whether an order is seen by now."""
        return order.time + self.order_lag <= self.now

    def shown_trades(self, among: Sequence[Trade]) -> list[Trade]:
        """Those of ``among`` that are seen by now, each as often as it is shown."""
        seen = self.now - self.trade_lag
        copies = 2 if self.repeat_trades else 1
        return [trade for trade in among if trade.time <= seen for _ in range(copies)]

    def trades_since(self, time: int) -> list[Trade]:
        """The trades from ``time`` on, by their ids, from which their times differ by much less than a day."""
        recent = takewhile(lambda trade: trade.time > time - DAY, reversed(self.trades))
        return [trade for trade in recent if trade.time >= time][::-1]

    def shown_balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Free and locked by asset, as of ``balance_lag`` ago."""
        listed = {*self.free, *self.locked, self.rules.base, self.rules.quote}
        shown = {asset: (self.free[asset], self.locked[asset]) for asset in listed}
        seen = self.now - self.balance_lag
        for posting in self._postings if self.balance_lag else ():
            if posting.time > seen:
                free, locked = shown[posting.asset]
                shown[posting.asset] = free - posting.free, locked - posting.locked
        return shown

    def total(self, asset: str) -> Decimal:
        """Free and locked."""
        return self.free[asset] + self.locked[asset]

    def conserved(self) -> None:
        """Assert that what there is is what there was, and came and went, and nothing else."""
        with self.lock:
            expected: dict[str, Decimal] = defaultdict(Decimal, self.opening)
            for flow in self.flows:
                expected[flow.asset] += flow.amount
            for trade in self.trades:
                direction = 1 if trade.side == "BUY" else -1
                expected[self.rules.base] += direction * trade.quantity
                expected[self.rules.quote] -= direction * trade.value
                expected[trade.fee_asset] -= trade.fee
            for asset in {*expected, *self.free, *self.locked}:
                assert self.total(asset) == expected[asset], (asset, self.total(asset), expected[asset])
                assert self.free[asset] >= 0, (asset, self.free[asset])
                held = sum((order.locked for order in self.live.values() if self._pays_with(order) == asset), ZERO)
                assert self.locked[asset] == held, (asset, self.locked[asset], held)

    # What fill rules do.

    def spendable(self, order: Order) -> Decimal:
        """What ``order`` may spend: what is free and what it has locked."""
        return self.free[self._pays_with(order)] + order.locked

    def trade(self, order: Order, quantity: Decimal, price: Decimal, time: int, *, maker: bool) -> None:
        """Execute ``quantity`` of a live order, and finish it when nothing remains."""
        rules = self.rules
        value = rules.amount(quantity * price)
        paid, received = (value, quantity) if order.side == "BUY" else (quantity, value)
        paying, receiving = (rules.quote, rules.base) if order.side == "BUY" else (rules.base, rules.quote)
        from_lock = min(order.locked, paid)
        order.locked -= from_lock
        self._post(time, paying, from_lock - paid, -from_lock)
        self._post(time, receiving, received)
        fee, fee_asset = self._fee(received, receiving, value)
        short = fee - self.free[fee_asset]
        if short > 0:  # a buy whose lock has the fee in it, and all else is locked too
            order.locked -= short
            self._post(time, fee_asset, short, -short)
        self._post(time, fee_asset, -fee)
        trade = Trade(
            id=len(self.trades) + 1,
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            side=order.side,
            price=price,
            quantity=quantity,
            value=value,
            fee=fee,
            fee_asset=fee_asset,
            maker=maker,
            time=time,
        )
        self.trades.append(trade)
        order.trades = [*order.trades, trade]
        order.executed += quantity
        order.value += value
        order.update_time = time
        if order.remaining:
            order.status = "PARTIALLY_FILLED"
            self._release(order, time, keep=self._needs(order) if order.type != "MARKET" else order.locked)
        else:
            self.finish(order, "FILLED", time)

    def finish(self, order: Order, status: str, time: int) -> None:
        """End a live order."""
        order.status = status
        order.update_time = time
        self._release(order, time, keep=ZERO)
        del self.live[order.order_id]

    def _check(self, order: Order) -> None:
        """Filters and market as errors.md refuses them, the request's form being checked already."""
        if not _CLIENT_ID.fullmatch(order.client_order_id):
            message = (
                "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."
            )
            raise Refusal(-1100, message)
        if self.status != "TRADING":
            raise Refusal(-1013, "Market is closed.")
        if not self.can_trade:
            raise Refusal(-2010, "This account may not place or cancel orders.")
        # "A unique id among open orders" (rest-api.md, New order): free again once the order with it is done.
        earlier = self.latest.get(order.client_order_id)
        if earlier is not None and earlier.live:
            raise Refusal(-2010, "Duplicate order sent.")
        failed = failed_filter(self.rules, order, self.fills.reference(self), len(self.live))
        if failed is not None:
            message = f"Filter failure: {failed}"
            raise Refusal(-2010 if failed == "MAX_NUM_ORDERS" else -1013, message)
        if order.type == "LIMIT_MAKER":
            best = self.fills.levels(self, order.side)[0].price
            if order.price >= best if order.side == "BUY" else order.price <= best:
                raise Refusal(-2010, "Order would immediately match and take.")

    def _lock_funds(self, order: Order) -> None:
        needed = self._needs(order)
        asset = self._pays_with(order)
        if needed > self.free[asset]:
            raise Refusal(-2010, "Account has insufficient balance for requested action.")
        order.locked = needed
        self._post(order.time, asset, -needed, needed)

    def _needs(self, order: Order) -> Decimal:
        if order.side == "SELL":
            return order.remaining
        if order.type == "MARKET":
            return self.rules.amount(self.fills.cost(self, order))
        return self.rules.amount(order.remaining * order.price * self.quote_fee_factor)

    def _pays_with(self, order: Order) -> str:
        return self.rules.quote if order.side == "BUY" else self.rules.base

    def _release(self, order: Order, time: int, keep: Decimal) -> None:
        freed = max(order.locked - keep, ZERO)
        order.locked -= freed
        self._post(time, self._pays_with(order), freed, -freed)

    def _fee(self, received: Decimal, asset: str, value: Decimal) -> tuple[Decimal, str]:
        fees, amount = self.fees, self.rules.amount
        if fees.asset == "quote":
            return amount(value * fees.rate), self.rules.quote
        if fees.asset == "BNB":
            in_bnb = amount(value * fees.rate * (1 - fees.discount) / fees.bnb_price)
            if in_bnb <= self.free["BNB"]:
                return in_bnb, "BNB"
        return amount(received * fees.rate), asset

    def _flow(
        self, kind: Literal["deposit", "withdraw", "adjust"], asset: str, amount: Decimal, fee: Decimal = ZERO
    ) -> None:
        with self.lock:
            self.catch_up()
            if self.free[asset] + amount < 0:
                message = f"no {-amount} {asset} are free"
                raise ValueError(message)
            flow = Flow(
                kind=kind, id=f"{kind}-{len(self.flows) + 1}", asset=asset, amount=amount, fee=fee, time=self.now
            )
            self.flows.append(flow)
            self._post(self.now, asset, amount)

    def _post(self, time: int, asset: str, free: Decimal, locked: Decimal = ZERO) -> None:
        if free or locked:
            self.free[asset] += free
            self.locked[asset] += locked
            self._postings.append(Posting(time, asset, free, locked))
