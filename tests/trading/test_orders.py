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
from livestory.trading.exchange import Attempt, Balances, Report, Standing, Trade
from livestory.trading.fills import fill_of
from livestory.trading.orders import (
    FINAL,
    TRANSITIONS,
    IllegalTransition,
    LedgerEntry,
    Order,
    OrderEvent,
    OrderLedger,
    OrderState,
    Pursuit,
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
ATTEMPT = Attempt(client_order_id="ls-1", side="buy", quantity=Decimal(3))
AFTER = Balances(base=Decimal(10), quote=Decimal("0.5"))
TICK = Decimal("0.00001")


def a_trade(number: int, quantity: str, price: str = "0.05") -> Trade:
    """One execution of the order."""
    return Trade(
        trade_id=f"t{number}",
        client_order_id="ls-1",
        time=2_000 + number,
        side="buy",
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal("0.001"),
    )


def an_entry(state: OrderState) -> LedgerEntry:
    """The attempt at the whole order, in that state."""
    return LedgerEntry(ATTEMPT, 1_000, state)


def a_pursuit(state: OrderState) -> Pursuit:
    """The order with that attempt."""
    return Pursuit(ORDER, [an_entry(state)])


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
    entry = an_entry(state)
    if event in TRANSITIONS[state]:
        entry.happen(event)
        assert entry.state is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransition, match="ls-1"):
            entry.happen(event)
        assert entry == an_entry(state)


def test_an_unknown_order_is_neither_sent_again_nor_intended_again() -> None:
    """No way leads from a lost answer back to a send."""
    assert OrderEvent.SEND not in TRANSITIONS[OrderState.UNKNOWN]
    assert all(OrderEvent.SEND not in ways for state, ways in TRANSITIONS.items() if state != OrderState.INTENDED)
    assert all(OrderState.INTENDED not in ways.values() for ways in TRANSITIONS.values())


@given(st.permutations([a_trade(1, "1"), a_trade(2, "0.5"), a_trade(3, "1.5"), a_trade(2, "0.5"), a_trade(1, "1")]))
def test_trades_in_any_sequence_and_repeated_fill_an_order_once(trades: list[Trade]) -> None:
    """Each execution counts once, whatever comes first and whatever comes twice."""
    entry = an_entry(OrderState.UNKNOWN)
    for trade in trades:
        entry.trade(trade)
    assert entry.state is OrderState.FILLED
    assert entry.filled == ORDER.quantity


def test_a_trade_of_more_than_was_ordered_changes_nothing() -> None:
    """An exchange that fills too much contradicts the ledger, which says so and stays as it was."""
    entry = an_entry(OrderState.OPEN)
    with pytest.raises(IllegalTransition, match="more than was ordered"):
        entry.trade(a_trade(1, "3.1"))
    assert entry == an_entry(OrderState.OPEN)


def test_a_fill_is_told_at_its_average_price_with_all_its_fees() -> None:
    """One order, one fill: 1 at 0.05 and 2 at 0.08 are 3 at 0.07."""
    pursuit = a_pursuit(OrderState.OPEN)
    pursuit.last.trade(a_trade(1, "1", "0.05"))
    pursuit.last.trade(a_trade(2, "2", "0.08"))
    fill = fill_of(pursuit, AFTER, TICK)
    assert fill is not None
    assert (fill.quantity, fill.price, fill.fee, fill.wanted) == (Decimal(3), Decimal("0.07"), Decimal("0.002"), None)
    assert fill.time == 2_002
    assert fill.trade_id == "ls-1"
    assert fill.weight_after == pytest.approx(0.7 / 1.2)
    assert fill.wealth_after == pytest.approx(1.2)


def test_an_average_price_is_told_to_a_hundredth_of_a_tick() -> None:
    """And no finer: 1 at 0.05 and 2 at 0.05001 have an average without end. One price for all stays as it is."""
    pursuit = a_pursuit(OrderState.OPEN)
    pursuit.last.trade(a_trade(1, "1", "0.05"))
    pursuit.last.trade(a_trade(2, "2", "0.05001"))
    fill = fill_of(pursuit, AFTER, TICK)
    assert fill is not None
    assert str(fill.price) == "0.0500067"
    (event,) = Narrator().take(fill)
    assert f"@ {fill.price} BTC" in event.line
    assert render(parse(event.line)) == event.line
    odd = a_pursuit(OrderState.OPEN)
    odd.last.trade(a_trade(1, "1", "0.0500000123"))
    odd.last.trade(a_trade(2, "2", "0.0500000123"))
    same = fill_of(odd, AFTER, TICK)
    assert same is not None
    assert str(same.price) == "0.0500000123"


def test_a_fill_in_part_says_how_much_was_wanted() -> None:
    """The rest was cancelled; nothing filled at all is no fill."""
    pursuit = a_pursuit(OrderState.OPEN)
    assert fill_of(pursuit, AFTER, TICK) is None
    pursuit.last.trade(a_trade(1, "1"))
    pursuit.last.stand(Report(Standing.CANCELLED, Decimal(1)))
    fill = fill_of(pursuit, AFTER, TICK)
    assert pursuit.last.state is OrderState.CANCELLED
    assert fill is not None
    assert (fill.quantity, fill.wanted) == (Decimal(1), Decimal(3))


def test_a_fee_of_unknown_worth_makes_the_whole_fee_unknown() -> None:
    """Unknown is never 0."""
    pursuit = a_pursuit(OrderState.OPEN)
    pursuit.last.trade(a_trade(1, "1"))
    pursuit.last.trade(structs.replace(a_trade(2, "2"), fee=None))
    fill = fill_of(pursuit, AFTER, TICK)
    assert fill is not None
    assert fill.fee is None


def test_a_fill_found_late_says_when_it_was_and_how_it_was_found() -> None:
    """It is told now, and the rest of it is in the record."""
    pursuit = a_pursuit(OrderState.UNKNOWN)
    pursuit.found = "asked"
    pursuit.last.trade(a_trade(1, "3"))
    fill = fill_of(pursuit, AFTER, TICK, told_at=9_000)
    assert fill is not None
    assert (fill.time, fill.found, fill.filled_at, fill.ordered) == (9_000, "asked", 2_001, 1_000)


@pytest.mark.parametrize("standing", [Standing.FILLED, Standing.CANCELLED])
def test_an_order_is_done_only_when_its_trades_add_up(standing: Standing) -> None:
    """The exchange says that 2 are filled, and shows the trades of 1: there is more to come."""
    entry = an_entry(OrderState.UNKNOWN)
    entry.trade(a_trade(1, "1"))
    entry.stand(Report(standing, Decimal(2)))
    assert entry.state == "partially_filled"
    entry.trade(a_trade(2, "1"))
    entry.stand(Report(standing, Decimal(2)))
    assert entry.state == "cancelled"


def test_an_order_that_is_not_found_is_where_it_was_and_one_that_is_found_lives_on() -> None:
    """Not found proves nothing."""
    missing, found = an_entry(OrderState.UNKNOWN), an_entry(OrderState.UNKNOWN)
    missing.stand(Report(Standing.NOT_FOUND))
    found.stand(Report(Standing.OPEN))
    assert (missing.state, missing.seen) == (OrderState.UNKNOWN, False)
    assert (found.state, found.seen) == (OrderState.OPEN, True)


def test_one_attempt_follows_another_only_when_the_first_can_trade_no_more() -> None:
    """And under another id."""
    pursuit = a_pursuit(OrderState.OPEN)
    second = structs.replace(ATTEMPT, client_order_id=pursuit.next_id())
    with pytest.raises(IllegalTransition, match="is open"):
        pursuit.intend(second, 3_000)
    pursuit.last.stand(Report(Standing.CANCELLED))
    with pytest.raises(IllegalTransition, match="is cancelled"):
        pursuit.intend(ATTEMPT, 3_000)
    assert pursuit.intend(second, 3_000).state is OrderState.INTENDED
    assert len(pursuit.entries) == 2


def test_the_ledger_refuses_a_second_pursuit_of_the_same_order() -> None:
    """The first one stays as it was."""
    ledger = OrderLedger()
    ledger.pursue(ORDER).intend(ATTEMPT, 1_000)
    with pytest.raises(IllegalTransition, match="already in the ledger"):
        ledger.pursue(structs.replace(ORDER, quantity=Decimal(9)))
    assert [pursuit.order for pursuit in ledger.pursuits] == [ORDER]


def test_the_ledger_gives_each_pursuit_that_is_over_up_once() -> None:
    """What lives stays, and what is not ours to tell is ignored."""
    ledger = OrderLedger()
    other = structs.replace(ORDER, client_order_id="ls-2", time=500)
    for order in (ORDER, other):
        attempt = structs.replace(ATTEMPT, client_order_id=order.client_order_id)
        ledger.pursue(order).intend(attempt, order.time).happen(OrderEvent.SEND)
    assert ledger.since() == 500
    assert ledger.trade(a_trade(1, "3"))
    assert not ledger.trade(structs.replace(a_trade(2, "3"), client_order_id="somebody's"))
    ledger.pursuits[0].over = True
    assert [pursuit.order for pursuit in ledger.take_over()] == [ORDER]
    assert list(ledger.take_over()) == []
    assert [pursuit.order for pursuit in ledger.pursuits] == [other]


def test_a_trade_of_an_order_that_was_done_is_not_taken_into_it() -> None:
    """It is told on its own; the order was told."""
    ledger = OrderLedger()
    entry = ledger.pursue(ORDER).intend(ATTEMPT, 1_000)
    entry.happen(OrderEvent.CANCEL)
    assert not ledger.trade(a_trade(1, "3"))
    assert entry.trades == {}


def test_the_ledger_survives_being_saved() -> None:
    """Every amount comes back as the decimal it was."""
    ledger = OrderLedger()
    ledger.pursue(ORDER).intend(ATTEMPT, 1_000).happen(OrderEvent.SEND)
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


def test_a_bots_ids_have_its_prefix_and_attempts_follow_one_another() -> None:
    """The next attempt's id is the last one's with the next number."""
    first = client_order_id("bot", 1_000, "sell")
    assert first.startswith(id_prefix("bot"))
    assert not first.startswith(id_prefix("another"))
    assert nth_id(first, 3) == client_order_id("bot", 1_000, "sell", 3)


def test_the_ledger_gives_back_what_can_not_be_of_its_order() -> None:
    """More than was sent, or of the other side: the order stays as it was, and waits for nothing to add up."""
    ledger = OrderLedger()
    entry = ledger.pursue(ORDER).intend(ATTEMPT, 1_000)
    entry.happen(OrderEvent.SEND)
    assert ledger.trade(a_trade(1, "1"))
    assert not ledger.trade(a_trade(2, "2.1"))
    assert not ledger.trade(structs.replace(a_trade(3, "1"), side="sell"))
    assert (entry.filled, entry.state) == (Decimal(1), OrderState.PARTIALLY_FILLED)
    entry.stand(Report(Standing.FILLED, Decimal("3.1")))
    assert entry.state is OrderState.CANCELLED
