"""The breaker at an exchange outside: it says selling, sells, and does not give up."""

from __future__ import annotations

from decimal import Decimal

from msgspec import structs

from livestory.clock import HOUR, MINUTE
from livestory.story.commands import Halt, Resume
from livestory.story.kinds.risk import SellStuck
from livestory.story.reason import Reason
from livestory.trading.exchange.records import Rejected
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.executor import OperatorCommand
from livestory.trading.risk import RiskSettings
from tests.trading.outside import LOST, Rehearsal
from tests.trading.rehearsal import wish

RISK = RiskSettings(breaker=0.1, cooldown=HOUR, max_weight=1.0)
LIMIT = OrderSettings(kind="limit", patience=10 * MINUTE)
REFUSED = Rejected(Reason("rejected", text="Account is frozen."))


def invested() -> Rehearsal:
    """A bot that holds nine tenths in the base asset."""
    rehearsal = Rehearsal([wish(0.9)], risk=RISK)
    rehearsal.bar()
    rehearsal.pulses(3)
    rehearsal.bar()
    return rehearsal


def test_a_trip_is_told_and_everything_is_sold_at_the_market_within_seconds() -> None:
    """First the observation that says so, then the sale; what is left is less than can be sold."""
    rehearsal = invested()
    rehearsal.bar(0.04)
    trip = rehearsal.story.observations[-1]
    assert (trip.halted, trip.halt_reason, trip.no_trade_reason) == (True, "breaker", None)
    rehearsal.pulses(2)
    sold = rehearsal.story.fills[-1]
    assert sold.reason is not None
    assert (sold.side, sold.reason.key) == ("sell", "breaker")
    assert rehearsal.story.told.index(sold) > rehearsal.story.told.index(trip)
    assert rehearsal.stage.sent[-1].limit is None
    assert rehearsal.stage.base < rehearsal.stage.filters().step
    rehearsal.pulses(60)
    rehearsal.bar(0.04)
    seen = rehearsal.story.observations[-1]
    assert seen.no_trade_reason is not None
    assert seen.no_trade_reason.key == "halted"
    assert len(rehearsal.stage.sent) == 2


def test_a_buy_that_stands_in_the_book_is_cancelled_first() -> None:
    """What was filled of it is told, and sold with the rest."""
    rehearsal = Rehearsal([wish(0.5), wish(0.9)], LIMIT, RISK)
    rehearsal.bar()
    rehearsal.stage.price = Decimal("0.04999")
    rehearsal.pulses(2)
    rehearsal.stage.price = Decimal("0.05")
    rehearsal.bar()
    assert rehearsal.stage.open_orders()
    rehearsal.trip()
    rehearsal.pulses(5)
    assert rehearsal.stage.open_orders() == []
    assert rehearsal.stage.base < rehearsal.stage.filters().step
    assert [fill.side for fill in rehearsal.story.fills] == ["buy", "sell"]


def test_a_sale_that_is_refused_is_told_and_tried_again_ever_more_slowly() -> None:
    """Each try under an id of its own, of one leg; the story is told of each and decides what is news."""
    rehearsal = invested()
    rehearsal.stage.fates = [REFUSED] * 4
    rehearsal.bar(0.04)
    rehearsal.pulses(40)
    stuck = rehearsal.story.of(SellStuck)
    assert [told.tries for told in stuck] == [1, 2, 3, 4]
    assert {told.problem for told in stuck} == {"Account is frozen."}
    assert [told.retry_in for told in stuck] == [2_000_000, 4_000_000, 8_000_000, 16_000_000]
    names = [request.client_order_id for request in rehearsal.stage.sent[1:]]
    assert [name.split("-")[3:] for name in names] == [["e", str(number)] for number in range(1, 6)]
    assert [fill.side for fill in rehearsal.story.fills] == ["buy", "sell"]


def test_an_account_that_does_not_answer_is_a_sale_that_is_stuck() -> None:
    """Nobody knows what is free to be sold."""
    rehearsal = invested()
    rehearsal.bar(0.05)
    rehearsal.trip()
    rehearsal.stage.silent = {"balances"}
    rehearsal.pulses(3)
    assert [told.problem for told in rehearsal.story.of(SellStuck)] == ["no answer", "no answer"]


def test_an_unknown_order_keeps_the_sale_waiting_for_a_minute_and_no_longer() -> None:
    """Then it is cancelled by its id, and what is free is sold beside it; it stays unknown until it is clear."""
    rehearsal = invested()
    rehearsal.wants(wish(0.5))
    rehearsal.stage.fates = [LOST]
    rehearsal.stage.silent = {"query"}
    rehearsal.bar()
    rehearsal.trip()
    rehearsal.pulses(55)
    assert len(rehearsal.stage.sent) == 2
    rehearsal.pulses(10)
    sale = rehearsal.stage.sent[2]
    assert (sale.client_order_id.split("-")[3], sale.side) == ("e", "sell")
    assert rehearsal.stage.base < rehearsal.stage.filters().step
    assert [working.unknown for working in rehearsal.executor.state.orders.working] == [True]
    rehearsal.stage.silent = set()
    rehearsal.pulses(45)
    assert not rehearsal.executor.state.orders
    assert [fill.side for fill in rehearsal.story.fills] == ["buy", "sell"]


def test_a_trip_that_would_come_while_the_owner_holds_the_bot_comes_after() -> None:
    """Nothing is sold against the owner's word, and no selling is told that does not happen."""
    rehearsal = invested()
    rehearsal.executor.process(OperatorCommand(Halt(), rehearsal.clock.now()))
    rehearsal.bar(0.03)
    rehearsal.pulses(5)
    assert len(rehearsal.stage.sent) == 1
    held = rehearsal.story.observations[-1]
    assert (held.halted, held.halt_reason) == (True, "owner")
    rehearsal.executor.process(OperatorCommand(Resume(), rehearsal.clock.now()))
    rehearsal.bar(0.03)
    rehearsal.pulses(5)
    assert rehearsal.story.observations[-1].halt_reason == "breaker"
    assert [fill.side for fill in rehearsal.story.fills] == ["buy", "sell"]


def test_the_breaker_sells_only_until_it_resumes() -> None:
    """Phoenix: the account buys again."""
    rehearsal = invested()
    rehearsal.wants(wish(0.9, 50.0))
    rehearsal.bar(0.04)
    rehearsal.pulses(5)
    rehearsal.executor.state.risk.resume_at = rehearsal.clock.now()
    rehearsal.bar(0.04)
    rehearsal.pulses(5)
    assert [fill.side for fill in rehearsal.story.fills] == ["buy", "sell", "buy"]
    assert rehearsal.executor.state.liquidation.since is None


def test_an_order_of_its_own_that_can_not_be_withdrawn_is_told_and_what_is_free_is_sold() -> None:
    """A minute is waited for it and no longer; what it keeps stays, and the owner hears why."""
    rehearsal = Rehearsal([wish(0.9), wish(0.9), wish(0.5)], LIMIT, RISK)
    stage = rehearsal.stage
    rehearsal.bar()
    stage.price = Decimal("0.04999")
    rehearsal.pulses(2)
    stage.price = Decimal("0.05")
    rehearsal.bar()
    rehearsal.pulses(2)
    rehearsal.bar()
    (standing,) = stage.open_orders() or []
    stage.cancel = lambda _name: None  # type: ignore[method-assign,assignment]
    rehearsal.trip()
    rehearsal.pulses(70)
    assert stage.base == standing.quantity
    assert {told.problem for told in rehearsal.story.of(SellStuck)} == {"an order of its own can't be withdrawn"}


def test_a_sale_that_nobody_says_anything_about_is_told_after_a_minute() -> None:
    """It was accepted, and then there was silence: no second one is sent."""
    rehearsal = invested()
    rehearsal.trip()
    rehearsal.stage.silent = {"trades", "query"}
    rehearsal.pulses(60)
    assert rehearsal.story.of(SellStuck) == []
    rehearsal.pulses(30)
    assert rehearsal.story.of(SellStuck)
    assert len(rehearsal.stage.sent) == 2


def test_a_position_that_others_orders_keep_is_a_sale_that_is_stuck_and_no_dust() -> None:
    """Told with what is held; it is sold within seconds once it is free."""
    rehearsal = invested()
    stage = rehearsal.stage
    account = stage.account
    stage.account = lambda: structs.replace(account(), base_locked=account().base)  # type: ignore[method-assign]
    rehearsal.trip()
    rehearsal.pulses(600)
    told = rehearsal.story.of(SellStuck)
    assert {(each.problem, each.position) for each in told} == {("other open orders keep it back", 179.82)}
    assert rehearsal.story.skips == []
    stage.account = account  # type: ignore[method-assign]
    rehearsal.pulses(12)
    assert stage.base < stage.filters().step
