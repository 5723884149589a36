"""A limit order that follows the book for a while, and what stands before any order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import structs

from livestory.clock import MINUTE
from livestory.story.observation import Reason
from livestory.trading.exchange import Book, Filters, Rejected
from livestory.trading.pursuit import OrderSettings
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
    assert [attempt.limit for attempt in rehearsal.stage.sent] == [PRICE]
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
    assert [attempt.limit for attempt in rehearsal.stage.sent] == [PRICE + ticks * TICK for ticks in range(4)]
    assert [attempt.client_order_id[-1] for attempt in rehearsal.stage.sent] == ["1", "2", "3", "4"]
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
    rehearsal.stage._execute(placed.attempt.client_order_id, "buy", Decimal(10), PRICE, at=rehearsal.clock.now())  # noqa: SLF001
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
    assert [attempt.limit for attempt in rehearsal.stage.sent] == [PRICE, None]
    (fill,) = rehearsal.story.fills
    assert fill.trade_id == rehearsal.stage.sent[0].client_order_id


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
