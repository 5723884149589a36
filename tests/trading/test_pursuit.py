"""A limit order that follows the book for a while, and what stands before any order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import structs

from livestory.clock import MINUTE
from livestory.story.kinds.risk import SellStuck
from livestory.story.reason import Reason
from livestory.trading.exchange.records import Book, Filters, Rejected
from livestory.trading.execution.tactics import OrderSettings
from tests.simulation.world import TICK
from tests.trading.outside import Rehearsal
from tests.trading.rehearsal import wish

LIMIT = OrderSettings(kind="limit", patience=MINUTE, reprices=3)
TAKER = structs.replace(LIMIT, then="take")
PRICE = Decimal("0.05000")


def waiting(settings: OrderSettings = LIMIT) -> Rehearsal:
    """A bot whose buy stands in the book."""
    rehearsal = Rehearsal([wish(0.5)], settings)
    rehearsal.bar()
    assert [request.limit for request in rehearsal.stage.sent] == [PRICE]
    return rehearsal


def test_it_stands_at_the_best_price_of_its_own_side_and_is_told_when_it_is_filled() -> None:
    """A buy at the bid; the price comes to it, and it pays what it stood at."""
    rehearsal = waiting()
    rehearsal.pulses(3)
    assert rehearsal.story.fills == []
    rehearsal.stage.price = PRICE - TICK
    rehearsal.pulses(2)
    (fill,) = rehearsal.story.fills
    assert (fill.price, fill.wanted, fill.rest) == (PRICE, None, None)
    assert len(rehearsal.stage.sent) == 1


def test_it_follows_a_price_that_moves_away_and_no_other() -> None:
    """Cancelled first, sent again under the next id; never two at once, and never beyond its number."""
    rehearsal = waiting()
    for ticks in range(1, 6):
        rehearsal.stage.price = PRICE + ticks * TICK
        rehearsal.pulses(2)
    assert [request.limit for request in rehearsal.stage.sent] == [PRICE + ticks * TICK for ticks in range(4)]
    assert [request.client_order_id[-1] for request in rehearsal.stage.sent] == ["1", "2", "3", "4"]
    assert rehearsal.stage.breaches == []


def test_it_follows_no_further_than_the_greatest_spread_from_the_decision() -> None:
    """The price has run away by a percent: the order stands a third of that behind."""
    rehearsal = waiting()
    rehearsal.stage.price = PRICE * Decimal("1.01")
    rehearsal.pulses(2)
    assert rehearsal.stage.sent[-1].limit == Decimal("0.05015")


def test_when_its_patience_ends_the_rest_is_given_up_and_the_part_is_told() -> None:
    """With what was wanted, and why there is no more."""
    rehearsal = waiting()
    placed = rehearsal.stage.orders[rehearsal.stage.sent[0].client_order_id]
    rehearsal.stage._execute(placed.request.client_order_id, "buy", Decimal(10), PRICE, at=rehearsal.clock.now())  # noqa: SLF001
    placed.executed = Decimal(10)
    rehearsal.pulses(70)
    (fill,) = rehearsal.story.fills
    assert (fill.quantity, fill.wanted) == (Decimal(10), Decimal(100))
    assert fill.rest is not None
    assert (fill.rest.key, fill.rest.limit, fill.rest.text) == ("not_offered", 0.003, "1m")
    assert rehearsal.stage.open_orders() == []


def test_given_up_with_nothing_filled_it_is_a_trade_put_off() -> None:
    """Once."""
    rehearsal = waiting()
    rehearsal.pulses(70)
    assert [skip.reason.key for skip in rehearsal.story.skips] == ["not_offered"]


def test_or_the_rest_is_taken_from_the_market() -> None:
    """As the settings say; one fill tells both."""
    rehearsal = waiting(TAKER)
    rehearsal.pulses(70)
    assert [request.limit for request in rehearsal.stage.sent] == [PRICE, None]
    (fill,) = rehearsal.story.fills
    assert fill.trade_id == rehearsal.stage.sent[0].client_order_id


@pytest.mark.parametrize("filled", [None, Decimal(10)])
def test_an_order_at_the_market_that_stays_open_is_withdrawn_when_the_patience_ends(filled: Decimal | None) -> None:
    """As in a market that is halted: the rest is given up and told so, and the next bar decides anew."""
    rehearsal = Rehearsal([wish(0.5)], OrderSettings(patience=MINUTE))
    rehearsal.stage._work = lambda *_: None  # type: ignore[method-assign] # noqa: SLF001 - nothing is matched
    rehearsal.bar()
    (request,) = rehearsal.stage.sent
    placed = rehearsal.stage.orders[request.client_order_id]
    if filled is not None:
        rehearsal.stage._execute(request.client_order_id, "buy", filled, PRICE, at=rehearsal.clock.now())  # noqa: SLF001
        placed.executed = filled
    done = []
    for seconds in (50, 20):
        rehearsal.pulses(seconds)
        done.append(placed.done)
    assert done == [False, True]
    why = [skip.reason for skip in rehearsal.story.skips] + [fill.rest for fill in rehearsal.story.fills]
    assert why == [Reason("not_offered", text="1m")]
    assert not rehearsal.state.orders
    rehearsal.bar()
    assert len(rehearsal.stage.sent) == 2


def test_a_sale_of_everything_that_stays_open_is_sent_again() -> None:
    """Withdrawn first; and that it did not come about is told."""
    rehearsal = Rehearsal([wish(0.5)], OrderSettings(patience=MINUTE))
    rehearsal.bar()
    rehearsal.pulses(2)
    rehearsal.stage._work = lambda *_: None  # type: ignore[method-assign] # noqa: SLF001 - nothing is matched
    rehearsal.trip()
    rehearsal.pulses(70)
    assert [request.side for request in rehearsal.stage.sent] == ["buy", "sell", "sell"]
    assert [stuck.problem for stuck in rehearsal.story.of(SellStuck)] == ["not offered"]
    assert rehearsal.stage.breaches == []


def test_nothing_is_taken_where_the_spread_is_too_wide() -> None:
    """Neither at first nor for the rest."""
    rehearsal = waiting(TAKER)
    rehearsal.stage.book = lambda: Book(PRICE, PRICE * 2)  # type: ignore[method-assign]
    rehearsal.pulses(70)
    assert len(rehearsal.stage.sent) == 1
    wide = Rehearsal([wish(0.5)], OrderSettings(max_spread=0.0001))
    wide.bar()
    assert wide.stage.sent == []
    (skip,) = wide.story.skips
    assert (skip.reason.key, skip.reason.limit) == ("spread", 0.0001)


def test_one_that_would_be_the_taker_is_tried_again_at_the_new_price() -> None:
    """The price came to meet it between the look and the order."""
    rehearsal = Rehearsal([wish(0.5)], LIMIT)
    rehearsal.stage.fates = [Rejected(Reason("would_take"))]
    rehearsal.bar()
    assert len(rehearsal.stage.sent) == 2
    assert rehearsal.story.skips == []


def test_without_a_book_there_is_no_order() -> None:
    """It is told once, whatever the kind."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.stage.silent = {"book"}
    rehearsal.bar()
    rehearsal.bar()
    assert rehearsal.stage.sent == []
    assert [skip.reason.key for skip in rehearsal.story.skips] == ["exchange_down"]


def test_a_market_that_takes_no_orders_is_not_sent_any() -> None:
    """With the exchange's own word for it."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.stage.closed = "BREAK"
    rehearsal.bar()
    assert rehearsal.stage.sent == []
    assert [(skip.reason.key, skip.reason.text) for skip in rehearsal.story.skips] == [("market_halted", "BREAK")]


def test_an_order_is_cut_to_the_greatest_value() -> None:
    """5 were wanted, one order buys for 2."""
    rehearsal = Rehearsal([wish(0.5)], OrderSettings(max_value=2.0))
    rehearsal.bar()
    assert rehearsal.stage.sent[0].quantity == Decimal(40)


@pytest.mark.parametrize(("most", "kept"), [("1.00005", "1.0000"), (None, "7.1234")])
def test_a_quantity_is_at_most_the_exchanges_greatest(most: str | None, kept: str) -> None:
    """On the step, too."""
    filters = Filters(TICK, Decimal("0.0001"), Decimal(0), Decimal(0), Decimal(most) if most else None)
    assert filters.quantity(Decimal("7.12345")) == Decimal(kept)


def test_nothing_is_bought_at_the_market_once_the_price_has_run_away() -> None:
    """Neither the rest when the patience ends, nor at a bar that was heard late; a sale goes through all the same."""
    rehearsal = waiting(TAKER)
    rehearsal.stage.price = PRICE * Decimal("1.08")
    rehearsal.pulses(70)
    assert rehearsal.story.fills == []
    assert [skip.reason.key for skip in rehearsal.story.skips] == ["not_offered"]
    late = Rehearsal([wish(0.5), wish(0.5), wish(0.0)])
    for expected in ([], ["buy"], ["buy", "sell"]):
        away = Decimal("1.1") if expected == [] else Decimal("0.9") if "sell" in expected else Decimal(1)
        price = PRICE * away
        late.stage.book = lambda price=price: Book(price, price + TICK)  # type: ignore[misc, method-assign]
        late.bar()
        late.pulses(3)
        assert [request.side for request in late.stage.sent] == expected
    assert [(skip.reason.key, skip.reason.limit) for skip in late.story.skips] == [("not_offered", 0.003)]


def test_an_order_whose_answer_was_lost_follows_the_book_again_once_it_is_found() -> None:
    """It was never in question that it is wanted."""
    rehearsal = Rehearsal([wish(0.5)], LIMIT)
    rehearsal.stage.fates = ["lost"]
    rehearsal.bar()
    rehearsal.pulses(3)
    rehearsal.stage.price = PRICE + TICK
    rehearsal.pulses(3)
    assert [request.limit for request in rehearsal.stage.sent] == [PRICE, PRICE + TICK]


def test_patience_that_a_wrong_clock_has_set_ends_no_later_than_it_may() -> None:
    """Set by a clock an hour ahead."""
    rehearsal = waiting()
    (working,) = rehearsal.state.orders.working
    working.patience_ends = (working.patience_ends or 0) + 60 * MINUTE
    rehearsal.pulses(70)
    assert [skip.reason.key for skip in rehearsal.story.skips] == ["not_offered"]


def test_no_child_of_an_order_is_sent_while_one_of_ours_stands_that_the_table_does_not_have() -> None:
    """It may be the same trade, sent by a process that could keep no intent; the rest of the order is given up."""
    rehearsal = waiting()
    rehearsal.state.orders.strays["ls-of-an-earlier-process"] = []
    rehearsal.stage.silent = {"query"}
    rehearsal.stage.price = PRICE + TICK
    rehearsal.pulses(3)
    assert [request.limit for request in rehearsal.stage.sent] == [PRICE]
    assert [skip.reason.key for skip in rehearsal.story.skips] == ["order_open"]
    assert not rehearsal.state.orders
