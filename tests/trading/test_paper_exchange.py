"""The paper exchange, against an account kept by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import msgpack

from livestory.story.reason import Reason
from livestory.trading.exchange.paper import PaperExchange, PaperSettings
from livestory.trading.exchange.records import (
    Accepted,
    Answer,
    Balances,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Rejected,
    exact,
)
from livestory.trading.execution.working_order import Order
from livestory.trading.risk import Approved, Risk, RiskSettings
from tests.trading.rehearsal import FRICTIONLESS, MIDNIGHT, QUARTER, bar_at

ZERO = Decimal(0)


def an_order(side: Literal["buy", "sell"], quantity: str | Decimal, reference: str | Decimal, number: int = 1) -> Order:
    """An order to be placed."""
    return Order(
        client_order_id=f"ls-{number}",
        time=MIDNIGHT,
        side=side,
        quantity=Decimal(quantity),
        reference=Decimal(reference),
        target_weight=0.5,
        weight_before=0.0,
        reason=Reason("dip"),
    )


def submit(exchange: PaperExchange, order: Order) -> Answer:
    """Place an order with the approval of a risk that has nothing against it."""
    approved = Risk(RiskSettings()).approve(order)
    assert isinstance(approved, Approved)
    return exchange.submit(approved, the_whole(order))


def the_whole(order: Order) -> OrderRequest:
    """All of an order, at the market."""
    return OrderRequest(client_order_id=order.client_order_id, side=order.side, quantity=order.quantity)


def reason_of(answer: Answer) -> str | None:
    """The key of a rejection."""
    return answer.reason.key if isinstance(answer, Rejected) else None


def test_an_order_fills_at_the_next_bars_open_with_slippage_and_fee() -> None:
    """2 ETH at an open of 0.05: 0.05% slipped to 0.050025, on the tick 0.05003; the fee a thousandth of the value."""
    exchange = PaperExchange.opened(PaperSettings())
    assert submit(exchange, an_order("buy", "2", "0.049")) == Accepted()
    assert exchange.balances() == Balances(ZERO, Decimal("1.0"))
    (trade,) = exchange.executions(MIDNIGHT, bar_at(5, 0.05, 0.9))
    assert trade.time == MIDNIGHT + 5 * QUARTER
    assert (trade.quantity, trade.price, trade.fee) == (Decimal(2), Decimal("0.05003"), Decimal("0.00010006"))
    assert exchange.balances() == Balances(Decimal(2), Decimal("1.0") - Decimal("0.10006") - Decimal("0.00010006"))


def test_a_sale_slips_downwards() -> None:
    """0.05 less 0.05% is 0.049975, on the tick 0.04997."""
    exchange = PaperExchange.opened(PaperSettings(base_balance=2, quote_balance=0))
    submit(exchange, an_order("sell", "2", "0.05"))
    (trade,) = exchange.executions(MIDNIGHT, bar_at(1, 0.05, 0.05))
    assert trade.price == Decimal("0.04997")
    assert exchange.balances() == Balances(ZERO, Decimal("0.09994") - Decimal("0.00009994"))


@pytest.mark.parametrize(
    ("order", "key"),
    [
        (an_order("buy", "0.00009", "0.05"), "dust"),
        (an_order("buy", "0", "0.05"), "dust"),
        (an_order("buy", "0.10005", "0.05"), "step_size"),
        (an_order("buy", "0.0019", "0.05"), "min_notional"),
        (an_order("buy", "20.0001", "0.05"), "insufficient_funds"),
        (an_order("sell", "3.0001", "0.05"), "insufficient_funds"),
        (an_order("buy", "0.002", "0.05"), None),
        (an_order("sell", "3", "0.05"), None),
    ],
)
def test_an_order_that_can_not_be_is_rejected_with_its_reason(order: Order, key: str | None) -> None:
    """And nothing is left of it."""
    exchange = PaperExchange.opened(PaperSettings(base_balance=3))
    before = exchange.balances()
    assert reason_of(submit(exchange, order)) == key
    assert exchange.query("ls-1").status is (OrderStatus.OPEN if key is None else OrderStatus.NOT_FOUND)
    assert exchange.balances() == before


def test_a_buy_that_became_too_dear_is_filled_as_far_as_the_money_goes() -> None:
    """20 ETH decided at 0.05 with 1 BTC; at 0.06 the money buys 16.6666."""
    exchange = PaperExchange.opened(FRICTIONLESS)
    submit(exchange, an_order("buy", "20", "0.05"))
    (trade,) = exchange.executions(MIDNIGHT, bar_at(1, 0.06, 0.06))
    assert trade.quantity == Decimal("16.6666")
    assert exchange.query("ls-1") == OrderReport(OrderStatus.CANCELLED, Decimal("16.6666"))
    assert exchange.quote >= 0


def test_two_buys_against_the_same_money_do_not_spend_it_twice() -> None:
    """The second finds nothing left and is cancelled without a trade."""
    exchange = PaperExchange.opened(FRICTIONLESS)
    submit(exchange, an_order("buy", "20", "0.05", 1))
    submit(exchange, an_order("buy", "20", "0.05", 2))
    assert [trade.client_order_id for trade in exchange.executions(MIDNIGHT, bar_at(1, 0.05, 0.05))] == ["ls-1"]
    assert exchange.query("ls-2") == OrderReport(OrderStatus.CANCELLED)


def test_a_known_client_order_id_is_not_placed_twice() -> None:
    """Neither while it waits nor after it was filled."""
    exchange = PaperExchange.opened(FRICTIONLESS)
    for _ in range(2):
        assert submit(exchange, an_order("buy", "2", "0.05")) == Accepted()
    assert len(exchange.executions(MIDNIGHT, bar_at(1, 0.05, 0.05))) == 1
    assert submit(exchange, an_order("buy", "2", "0.05")) == Accepted()
    assert exchange.executions(MIDNIGHT + 2 * QUARTER, bar_at(2, 0.05, 0.05)) == []
    assert exchange.base == 2


def test_a_cancelled_order_is_never_filled() -> None:
    """And an unknown one stands nowhere."""
    exchange = PaperExchange.opened(FRICTIONLESS)
    submit(exchange, an_order("buy", "2", "0.05"))
    assert exchange.cancel("ls-1") == OrderReport(OrderStatus.CANCELLED)
    assert exchange.cancel("ls-9") == OrderReport(OrderStatus.NOT_FOUND)
    assert exchange.executions(MIDNIGHT, bar_at(1, 0.05, 0.05)) == []
    assert exchange.base == 0


def test_only_an_approved_order_can_be_submitted() -> None:
    """A bare order is turned away before anything happens."""
    exchange = PaperExchange.opened(FRICTIONLESS)
    with pytest.raises(TypeError, match="only an Approved"):
        exchange.submit(an_order("buy", "2", "0.05"), the_whole(an_order("buy", "2", "0.05")))  # type: ignore[arg-type]  # that is the point
    assert exchange == PaperExchange.opened(FRICTIONLESS)


@pytest.mark.parametrize("other", [an_order("buy", "3", "0.05"), an_order("sell", "1", "0.05")])
def test_nothing_but_what_was_approved_is_sent(other: Order) -> None:
    """Neither more of it nor its opposite."""
    exchange = PaperExchange.opened(PaperSettings(base_balance=3))
    approved = Risk(RiskSettings()).approve(an_order("buy", "2", "0.05"))
    assert isinstance(approved, Approved)
    with pytest.raises(ValueError, match="not what was approved"):
        exchange.submit(approved, the_whole(other))
    assert exchange.pending == {}


prices = st.integers(1, 20_000).map(lambda ticks: ticks / 100_000)
quantities = st.integers(0, 400_000).map(lambda steps: steps * Decimal("0.0001"))


class PaperAccount(RuleBasedStateMachine):
    """Whatever is ordered, cancelled and heard: nothing is owed, nothing is made, only fees and slips are lost."""

    @initialize(
        base=st.integers(0, 20), fee=st.sampled_from([0, 0.001, 0.05]), slippage=st.sampled_from([0, 0.0005, 0.02])
    )
    def open_account(self, base: int, fee: float, slippage: float) -> None:
        self.settings = PaperSettings(base_balance=base, fee=fee, slippage=slippage)
        self.exchange = PaperExchange.opened(self.settings)
        self.base, self.quote = Decimal(base), Decimal(1)
        self.orders: dict[str, Order] = {}
        self.filled: set[str] = set()
        self.bar = 0

    @rule(
        side=st.sampled_from(["buy", "sell"]),
        quantity=quantities,
        reference=prices,
        number=st.integers(1, 30),
    )
    def order(self, side: Literal["buy", "sell"], quantity: Decimal, reference: float, number: int) -> None:
        order = an_order(side, quantity, exact(reference), number)
        if isinstance(submit(self.exchange, order), Accepted):
            self.orders.setdefault(order.client_order_id, order)

    @rule(number=st.integers(1, 30))
    def cancel(self, number: int) -> None:
        self.exchange.cancel(f"ls-{number}")

    @rule(open_=prices)
    def hear(self, open_: float) -> None:
        self.bar += 1
        bar = bar_at(self.bar, open_, open_)
        before = self.base * exact(open_) + self.quote
        for trade in self.exchange.executions(bar.open_time, bar):
            order = self.orders[trade.client_order_id]
            assert trade.client_order_id not in self.filled
            self.filled.add(trade.client_order_id)
            assert 0 < trade.quantity <= order.quantity
            assert trade.quantity % exact(self.settings.step) == 0
            assert trade.price % exact(self.settings.tick) == 0
            assert trade.quantity * trade.price >= exact(self.settings.min_notional)
            assert trade.fee == trade.quantity * trade.price * exact(self.settings.fee)
            sign = 1 if order.side == "buy" else -1
            assert sign * (trade.price - exact(open_)) >= 0 or trade.price == exact(self.settings.tick)
            self.base += sign * trade.quantity
            self.quote -= sign * trade.quantity * trade.price + trade.fee
        lost = before - (self.base * exact(open_) + self.quote)
        assert lost >= 0 or exact(open_) == exact(self.settings.tick)
        assert self.exchange.pending == {}

    @rule()
    def restart(self) -> None:
        self.exchange = msgpack.decode(msgpack.encode(self.exchange), type=PaperExchange)

    @invariant()
    def the_account_is_what_the_trades_made_it(self) -> None:
        if hasattr(self, "exchange"):
            assert self.exchange.balances() == Balances(self.base, self.quote)
            assert self.base >= 0
            assert self.quote >= 0


PaperAccount.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=40, deadline=None)
test_no_sequence_of_orders_and_bars_makes_or_owes_money = PaperAccount.TestCase
