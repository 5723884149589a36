"""The life of an order, and the ledger."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack, structs

from livestory import parse, render
from livestory.story.narrator import Narrator
from livestory.story.reason import Reason
from livestory.trading.exchange.records import Balances, Execution, OrderReport, OrderRequest, OrderStatus
from livestory.trading.execution.order_reporter import fill_of
from livestory.trading.execution.working_order import (
    FINAL,
    TRANSITIONS,
    ChildOrder,
    IllegalTransition,
    Order,
    OrderEvent,
    OrderState,
    OrderTable,
    WorkingOrder,
    client_order_id,
    id_prefix,
    nth_id,
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
REQUEST = OrderRequest(client_order_id="ls-1", side="buy", quantity=Decimal(3))
AFTER = Balances(base=Decimal(10), quote=Decimal("0.5"))
TICK = Decimal("0.00001")


def a_trade(number: int, quantity: str, price: str = "0.05") -> Execution:
    """One execution of the order."""
    return Execution(
        trade_id=f"t{number}",
        client_order_id="ls-1",
        time=2_000 + number,
        side="buy",
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal("0.001"),
    )


def an_entry(state: OrderState) -> ChildOrder:
    """A working order of one child that is as large as it, in that state."""
    return ChildOrder(REQUEST, 1_000, state)


def a_working_order(state: OrderState) -> WorkingOrder:
    """The order with that request."""
    return WorkingOrder(ORDER, [an_entry(state)])


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
    child = an_entry(state)
    if event in TRANSITIONS[state]:
        child.apply(event)
        assert child.state is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransition, match="ls-1"):
            child.apply(event)
        assert child == an_entry(state)


def test_an_unknown_order_is_neither_sent_again_nor_intended_again() -> None:
    """No way leads from a lost answer back to a send."""
    assert OrderEvent.SEND not in TRANSITIONS[OrderState.UNKNOWN]
    assert all(OrderEvent.SEND not in ways for state, ways in TRANSITIONS.items() if state != OrderState.INTENDED)
    assert all(OrderState.INTENDED not in ways.values() for ways in TRANSITIONS.values())


@given(st.permutations([a_trade(1, "1"), a_trade(2, "0.5"), a_trade(3, "1.5"), a_trade(2, "0.5"), a_trade(1, "1")]))
def test_trades_in_any_sequence_and_repeated_fill_an_order_once(trades: list[Execution]) -> None:
    """Each execution counts once, whatever comes first and whatever comes twice."""
    child = an_entry(OrderState.UNKNOWN)
    for trade in trades:
        child.add_execution(trade)
    assert child.state is OrderState.FILLED
    assert child.filled == ORDER.quantity


def test_a_trade_of_more_than_was_ordered_changes_nothing() -> None:
    """An exchange that fills too much contradicts the ledger, which says so and stays as it was."""
    child = an_entry(OrderState.OPEN)
    with pytest.raises(IllegalTransition, match="more than was ordered"):
        child.add_execution(a_trade(1, "3.1"))
    assert child == an_entry(OrderState.OPEN)


def test_a_fill_is_told_at_its_average_price_with_all_its_fees() -> None:
    """One order, one fill: 1 at 0.05 and 2 at 0.08 are 3 at 0.07."""
    working = a_working_order(OrderState.OPEN)
    working.last.add_execution(a_trade(1, "1", "0.05"))
    working.last.add_execution(a_trade(2, "2", "0.08"))
    fill = fill_of(working, AFTER, TICK)
    assert fill is not None
    assert (fill.quantity, fill.price, fill.fee, fill.wanted) == (Decimal(3), Decimal("0.07"), Decimal("0.002"), None)
    assert fill.time == 2_002
    assert fill.trade_id == "ls-1"
    assert fill.weight_after == pytest.approx(0.7 / 1.2)
    assert fill.wealth_after == pytest.approx(1.2)


def test_an_average_price_is_told_to_a_hundredth_of_a_tick() -> None:
    """And no finer: 1 at 0.05 and 2 at 0.05001 have an average without end. One price for all stays as it is."""
    working = a_working_order(OrderState.OPEN)
    working.last.add_execution(a_trade(1, "1", "0.05"))
    working.last.add_execution(a_trade(2, "2", "0.05001"))
    fill = fill_of(working, AFTER, TICK)
    assert fill is not None
    assert str(fill.price) == "0.0500067"
    (event,) = Narrator().take(fill)
    assert f"@ {fill.price} BTC" in event.line
    assert render(parse(event.line)) == event.line
    odd = a_working_order(OrderState.OPEN)
    odd.last.add_execution(a_trade(1, "1", "0.0500000123"))
    odd.last.add_execution(a_trade(2, "2", "0.0500000123"))
    same = fill_of(odd, AFTER, TICK)
    assert same is not None
    assert str(same.price) == "0.0500000123"


def test_a_fill_in_part_says_how_much_was_wanted() -> None:
    """The rest was cancelled; nothing filled at all is no fill."""
    working = a_working_order(OrderState.OPEN)
    assert fill_of(working, AFTER, TICK) is None
    working.last.add_execution(a_trade(1, "1"))
    working.last.apply_report(OrderReport(OrderStatus.CANCELLED, Decimal(1)))
    fill = fill_of(working, AFTER, TICK)
    assert working.last.state is OrderState.CANCELLED
    assert fill is not None
    assert (fill.quantity, fill.wanted) == (Decimal(1), Decimal(3))


def test_a_fee_of_unknown_worth_makes_the_whole_fee_unknown() -> None:
    """Unknown is never 0."""
    working = a_working_order(OrderState.OPEN)
    working.last.add_execution(a_trade(1, "1"))
    working.last.add_execution(structs.replace(a_trade(2, "2"), fee=None))
    fill = fill_of(working, AFTER, TICK)
    assert fill is not None
    assert fill.fee is None


def test_a_fill_found_late_says_when_it_was_and_how_it_was_found() -> None:
    """It is told now, and the rest of it is in the record."""
    working = a_working_order(OrderState.UNKNOWN)
    working.found = "asked"
    working.last.add_execution(a_trade(1, "3"))
    fill = fill_of(working, AFTER, TICK, told_at=9_000)
    assert fill is not None
    assert (fill.time, fill.found, fill.filled_at, fill.ordered) == (9_000, "asked", 2_001, 1_000)


@pytest.mark.parametrize("standing", [OrderStatus.FILLED, OrderStatus.CANCELLED])
def test_an_order_is_done_only_when_its_trades_add_up(standing: OrderStatus) -> None:
    """The exchange says that 2 are filled, and shows the trades of 1: there is more to come."""
    child = an_entry(OrderState.UNKNOWN)
    child.add_execution(a_trade(1, "1"))
    child.apply_report(OrderReport(standing, Decimal(2)))
    assert child.state == "partially_filled"
    child.add_execution(a_trade(2, "1"))
    child.apply_report(OrderReport(standing, Decimal(2)))
    assert child.state == "cancelled"


def test_an_order_that_is_not_found_is_where_it_was_and_one_that_is_found_lives_on() -> None:
    """Not found proves nothing."""
    missing, found = an_entry(OrderState.UNKNOWN), an_entry(OrderState.UNKNOWN)
    missing.apply_report(OrderReport(OrderStatus.NOT_FOUND))
    found.apply_report(OrderReport(OrderStatus.OPEN))
    assert (missing.state, missing.seen) == (OrderState.UNKNOWN, False)
    assert (found.state, found.seen) == (OrderState.OPEN, True)


def test_one_attempt_follows_another_only_when_the_first_can_trade_no_more() -> None:
    """And under another id."""
    working = a_working_order(OrderState.OPEN)
    second = structs.replace(REQUEST, client_order_id=working.next_id())
    with pytest.raises(IllegalTransition, match="is open"):
        working.intend(second, 3_000)
    working.last.apply_report(OrderReport(OrderStatus.CANCELLED))
    with pytest.raises(IllegalTransition, match="is cancelled"):
        working.intend(REQUEST, 3_000)
    assert working.intend(second, 3_000).state is OrderState.INTENDED
    assert len(working.children) == 2


def test_the_ledger_refuses_a_second_pursuit_of_the_same_order() -> None:
    """The first one stays as it was."""
    ledger = OrderTable()
    ledger.add(ORDER).intend(REQUEST, 1_000)
    with pytest.raises(IllegalTransition, match="already in the order table"):
        ledger.add(structs.replace(ORDER, quantity=Decimal(9)))
    assert [working.order for working in ledger.working] == [ORDER]


def test_the_ledger_gives_each_pursuit_that_is_over_up_once() -> None:
    """What lives stays, and what is not ours to tell is ignored."""
    ledger = OrderTable()
    other = structs.replace(ORDER, client_order_id="ls-2", time=500)
    for order in (ORDER, other):
        request = structs.replace(REQUEST, client_order_id=order.client_order_id)
        ledger.add(order).intend(request, order.time).apply(OrderEvent.SEND)
    assert ledger.since() == 500
    assert ledger.add_execution(a_trade(1, "3"))
    assert not ledger.add_execution(structs.replace(a_trade(2, "3"), client_order_id="somebody's"))
    ledger.working[0].over = True
    assert [working.order for working in ledger.take_finished()] == [ORDER]
    assert list(ledger.take_finished()) == []
    assert [working.order for working in ledger.working] == [other]


def test_a_trade_of_an_order_that_was_done_is_not_taken_into_it() -> None:
    """It is told on its own; the order was told."""
    ledger = OrderTable()
    child = ledger.add(ORDER).intend(REQUEST, 1_000)
    child.apply(OrderEvent.CANCEL)
    assert not ledger.add_execution(a_trade(1, "3"))
    assert child.trades == {}


def test_the_ledger_survives_being_saved() -> None:
    """Every amount comes back as the decimal it was."""
    ledger = OrderTable()
    ledger.add(ORDER).intend(REQUEST, 1_000).apply(OrderEvent.SEND)
    ledger.add_execution(a_trade(1, "1.00"))
    assert msgpack.decode(msgpack.encode(ledger), type=OrderTable) == ledger


@given(st.text(), st.integers(0, 253_402_300_800_000_000), st.sampled_from(["buy", "sell"]), st.integers(1, 9_999))
def test_a_client_order_id_is_one_that_exchanges_take(bot: str, bar: int, leg: str, request: int) -> None:
    """At most 36 plain characters, whatever the bot is called, and the same each time."""
    written = client_order_id(bot, bar, leg, request)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,36}", written)
    assert written == client_order_id(bot, bar, leg, request)


def test_client_order_ids_tell_bots_bars_legs_and_attempts_apart() -> None:
    """Change one of the four, and it is another order."""
    ids = {
        client_order_id(bot, bar, leg, request)
        for bot in ("a", "b")
        for bar in (1, 2)
        for leg in ("buy", "sell")
        for request in (1, 2)
    }
    assert len(ids) == 16


def test_a_bots_ids_have_its_prefix_and_attempts_follow_one_another() -> None:
    """The next child order's id is the last one's with the next number."""
    first = client_order_id("bot", 1_000, "sell")
    assert first.startswith(id_prefix("bot"))
    assert not first.startswith(id_prefix("another"))
    assert nth_id(first, 3) == client_order_id("bot", 1_000, "sell", 3)


def test_the_ledger_gives_back_what_can_not_be_of_its_order() -> None:
    """More than was sent, or of the other side: the order stays as it was, and waits for nothing to add up."""
    ledger = OrderTable()
    child = ledger.add(ORDER).intend(REQUEST, 1_000)
    child.apply(OrderEvent.SEND)
    assert ledger.add_execution(a_trade(1, "1"))
    assert not ledger.add_execution(a_trade(2, "2.1"))
    assert not ledger.add_execution(structs.replace(a_trade(3, "1"), side="sell"))
    assert (child.filled, child.state) == (Decimal(1), OrderState.PARTIALLY_FILLED)
    child.apply_report(OrderReport(OrderStatus.FILLED, Decimal("3.1")))
    assert child.state is OrderState.CANCELLED


def test_a_clock_that_was_set_right_pulls_back_every_instant_of_an_order_that_lies_ahead() -> None:
    """What was written in the past stays; a search that began in the future begins anew."""
    ahead = ChildOrder(REQUEST, 9_000, lost_at=9_100, missed_at=9_200, misses=4, short_at=9_300, ask_at=9_400)
    ahead.correct_clock(5_000, ask_within=1_000)
    assert (ahead.since, ahead.lost_at, ahead.short_at, ahead.ask_at) == (5_000, 5_000, 5_000, 6_000)
    assert (ahead.missed_at, ahead.misses) == (None, 0)
    past = ChildOrder(REQUEST, 1_000, lost_at=1_100, missed_at=1_200, misses=4, short_at=1_300, ask_at=1_400)
    past.correct_clock(5_000, ask_within=1_000)
    assert past == ChildOrder(REQUEST, 1_000, lost_at=1_100, missed_at=1_200, misses=4, short_at=1_300, ask_at=1_400)
