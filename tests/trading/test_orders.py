"""The life of an order, and the ledger."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack, structs

from livestory.story.observation import Reason
from livestory.trading.exchange import Balances, Standing, Trade
from livestory.trading.orders import (
    FINAL,
    TRANSITIONS,
    IllegalTransition,
    LedgerEntry,
    Order,
    OrderEvent,
    OrderLedger,
    OrderState,
    client_order_id,
)

ORDER = Order(
    client_order_id="ls-1",
    time=1_000,
    side="buy",
    quantity=Decimal(3),
    reference=Decimal("0.05"),
    target_weight=0.5,
    weight_before=0.0,
    reason=Reason("dip"),
)
AFTER = Balances(base=Decimal(10), quote=Decimal("0.5"))


def a_trade(number: int, quantity: str, price: str = "0.05") -> Trade:
    """One execution of the order."""
    return Trade(
        trade_id=f"t{number}",
        client_order_id="ls-1",
        time=2_000 + number,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal("0.001"),
    )


def test_every_state_and_every_event_has_its_place_in_the_table() -> None:
    """A state without a row, or an event that nothing answers, is a hole in the rules."""
    assert set(TRANSITIONS) == set(OrderState)
    assert {event for ways in TRANSITIONS.values() for event in ways} == set(OrderEvent)


def test_every_living_order_can_still_end() -> None:
    """From each state some sequence of events leads to a final one."""
    ending = set(FINAL)
    for _ in OrderState:
        ending |= {state for state, ways in TRANSITIONS.items() if ending & set(ways.values())}
    assert ending == set(OrderState)
    assert {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED} == FINAL


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("event", OrderEvent)
def test_an_illegal_transition_raises_and_changes_nothing(state: OrderState, event: OrderEvent) -> None:
    """What the table doesn't have can't happen."""
    entry = LedgerEntry(ORDER, state)
    if event in TRANSITIONS[state]:
        entry.happen(event)
        assert entry.state is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransition, match="ls-1"):
            entry.happen(event)
        assert entry == LedgerEntry(ORDER, state)


def test_an_unknown_order_is_neither_sent_again_nor_intended_again() -> None:
    """No way leads from a lost answer back to a send."""
    assert OrderEvent.SEND not in TRANSITIONS[OrderState.UNKNOWN]
    assert all(OrderEvent.SEND not in ways for state, ways in TRANSITIONS.items() if state != OrderState.INTENDED)
    assert all(OrderState.INTENDED not in ways.values() for ways in TRANSITIONS.values())


@given(st.permutations([a_trade(1, "1"), a_trade(2, "0.5"), a_trade(3, "1.5"), a_trade(2, "0.5"), a_trade(1, "1")]))
def test_trades_in_any_sequence_and_repeated_fill_an_order_once(trades: list[Trade]) -> None:
    """Each execution counts once, whatever comes first and whatever comes twice."""
    entry = LedgerEntry(ORDER, OrderState.UNKNOWN)
    for trade in trades:
        entry.trade(trade)
    assert entry.state is OrderState.FILLED
    assert entry.filled == ORDER.quantity


def test_a_trade_of_more_than_was_ordered_changes_nothing() -> None:
    """An exchange that fills too much contradicts the ledger, which says so and stays as it was."""
    entry = LedgerEntry(ORDER, OrderState.OPEN)
    with pytest.raises(IllegalTransition, match="more than was ordered"):
        entry.trade(a_trade(1, "3.1"))
    assert entry == LedgerEntry(ORDER, OrderState.OPEN)


def test_a_fill_is_told_at_its_average_price_with_all_its_fees() -> None:
    """One order, one fill: 1 at 0.05 and 2 at 0.08 are 3 at 0.07."""
    entry = LedgerEntry(ORDER, OrderState.OPEN)
    entry.trade(a_trade(1, "1", "0.05"))
    entry.trade(a_trade(2, "2", "0.08"))
    fill = entry.fill(AFTER)
    assert fill is not None
    assert (fill.quantity, fill.price, fill.fee, fill.wanted) == (Decimal(3), Decimal("0.07"), Decimal("0.002"), None)
    assert fill.time == 2_002
    assert fill.trade_id == "ls-1"
    assert fill.weight_after == pytest.approx(0.7 / 1.2)
    assert fill.wealth_after == pytest.approx(1.2)


def test_a_fill_in_part_says_how_much_was_wanted() -> None:
    """The rest was cancelled; nothing filled at all is no fill."""
    entry = LedgerEntry(ORDER, OrderState.OPEN)
    assert entry.fill(AFTER) is None
    entry.trade(a_trade(1, "1"))
    entry.stand(Standing.CANCELLED)
    fill = entry.fill(AFTER)
    assert entry.state is OrderState.CANCELLED
    assert fill is not None
    assert (fill.quantity, fill.wanted) == (Decimal(1), Decimal(3))


def test_a_lost_order_that_the_exchange_does_not_have_ends() -> None:
    """Proven absent is as good as cancelled; found open, it lives on."""
    absent, found = LedgerEntry(ORDER, OrderState.UNKNOWN), LedgerEntry(ORDER, OrderState.UNKNOWN)
    absent.stand(Standing.ABSENT)
    found.stand(Standing.OPEN)
    assert (absent.state, found.state) == (OrderState.CANCELLED, OrderState.OPEN)


def test_the_ledger_refuses_a_second_intent_with_the_same_id() -> None:
    """The first entry stays as it was."""
    ledger = OrderLedger()
    ledger.intend(ORDER).happen(OrderEvent.SEND)
    with pytest.raises(IllegalTransition, match="already in the ledger"):
        ledger.intend(structs.replace(ORDER, quantity=Decimal(9)))
    assert ledger.entries["ls-1"] == LedgerEntry(ORDER, OrderState.SENT)


def test_the_ledger_gives_each_finished_order_up_once() -> None:
    """What lives stays, and what is not ours to tell is ignored."""
    ledger = OrderLedger()
    other = structs.replace(ORDER, client_order_id="ls-2", time=500)
    for order in (ORDER, other):
        ledger.intend(order).happen(OrderEvent.SEND)
    assert ledger.since() == 500
    ledger.trade(a_trade(1, "3"))
    ledger.trade(structs.replace(a_trade(2, "3"), client_order_id="somebody's"))
    assert [entry.order for entry in ledger.take_finished()] == [ORDER]
    assert list(ledger.take_finished()) == []
    assert list(ledger.entries) == ["ls-2"]


def test_the_ledger_survives_being_saved() -> None:
    """Every amount comes back as the decimal it was."""
    ledger = OrderLedger()
    ledger.intend(ORDER).happen(OrderEvent.SEND)
    ledger.trade(a_trade(1, "1.00"))
    assert msgpack.decode(msgpack.encode(ledger), type=OrderLedger) == ledger


@given(st.text(), st.integers(0, 253_402_300_800_000_000), st.sampled_from(["buy", "sell"]), st.integers(1, 9_999))
def test_a_client_order_id_is_one_that_exchanges_take(bot: str, bar: int, leg: str, attempt: int) -> None:
    """At most 36 plain characters, whatever the bot is called, and the same each time."""
    written = client_order_id(bot, bar, leg, attempt)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,36}", written)
    assert written == client_order_id(bot, bar, leg, attempt)


def test_client_order_ids_tell_bots_bars_legs_and_attempts_apart() -> None:
    """Change one of the four, and it is another order."""
    ids = {
        client_order_id(bot, bar, leg, attempt)
        for bot in ("a", "b")
        for bar in (1, 2)
        for leg in ("buy", "sell")
        for attempt in (1, 2)
    }
    assert len(ids) == 16
