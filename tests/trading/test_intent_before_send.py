"""Law 7: an order's intent is kept before it is sent, and an answer that is lost is neither yes nor no."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from msgspec import msgpack

from livestory.clock import MINUTE
from livestory.errors import JournalCorrupt, JournalError
from livestory.story.events import OrderClear, OrderUnknown
from livestory.story.observation import Reason
from livestory.story.words import Resume
from livestory.trading.exchange import Rejected
from livestory.trading.live_executor import STATE
from livestory.trading.orders import OrderLedger, OrderState
from livestory.trading.risk import RiskSettings
from tests.trading.outside import LOST, Rehearsal
from tests.trading.rehearsal import RecordingStory, wish

if TYPE_CHECKING:
    from collections.abc import Mapping

HALF = [wish(0.5)]


class Full(RecordingStory):
    """A story on a disk that is full while told so."""

    full = False

    def commit(self, states: Mapping[str, bytes]) -> None:
        if self.full:
            message = "the disk is full"
            raise JournalError(message)
        super().commit(states)


def ledger_kept(story: RecordingStory) -> OrderLedger:
    """The order ledger as a new process would find it."""
    kept = msgpack.decode(story.states[STATE])["orders"]
    return msgpack.decode(msgpack.encode(kept), type=OrderLedger)


def test_an_intent_is_committed_before_it_is_sent() -> None:
    """With the observation that decided it; the id that is sent is the one in the ledger."""
    rehearsal = Rehearsal(HALF)
    seen: list[OrderLedger] = []
    rehearsal.stage.check_intent = lambda _attempt: seen.append(ledger_kept(rehearsal.story))
    rehearsal.bar()
    ((pursuit,),) = [ledger.pursuits for ledger in seen]
    assert pursuit.last.state is OrderState.INTENDED
    assert [attempt.client_order_id for attempt in rehearsal.stage.sent] == [pursuit.order.client_order_id]


def test_while_the_ledger_can_not_commit_nothing_is_bought_and_that_is_told_once() -> None:
    """The intent is dropped; once it can be kept again the next bar decides anew."""
    story = Full()
    rehearsal = Rehearsal(HALF, story=story)
    story.full = True
    rehearsal.bar()
    rehearsal.bar()
    trouble = rehearsal.executor.ledger_trouble
    assert trouble == "the disk is full"
    assert rehearsal.stage.sent == []
    assert [skip.reason.key for skip in story.skips] == ["ledger"]
    story.full = False
    rehearsal.bar()
    assert rehearsal.executor.ledger_trouble is None
    assert len(rehearsal.stage.sent) == 1


def test_while_the_ledger_can_not_commit_what_reduces_the_position_is_sold() -> None:
    """Under an id that can be worked out again; it is told when the ledger can be kept."""
    story = Full()
    rehearsal = Rehearsal([wish(0.5), wish(0.0)], story=story)
    rehearsal.bar()
    story.full = True
    rehearsal.bar()
    rehearsal.pulses(3)
    assert [attempt.side for attempt in rehearsal.stage.sent] == ["buy", "sell"]
    assert story.kept < len(story.told)
    story.full = False
    rehearsal.pulses(1)
    assert story.kept == len(story.told)
    assert [fill.side for fill in story.fills] == ["buy", "sell"]


def test_a_sale_without_a_ledger_is_told_by_the_next_process() -> None:
    """Nothing of it was kept; its id has the bot's prefix, and the exchange has its trades."""
    story = Full()
    rehearsal = Rehearsal([wish(0.5), wish(0.0), wish(0.0)], story=story)
    rehearsal.bar()
    story.full = True
    rehearsal.bar()
    story.full = False
    rehearsal.restart()
    bought, sold = story.fills
    assert (bought.side, sold.side, sold.found) == ("buy", "sell", "away")
    assert (bought.quantity, sold.quantity) == (Decimal(100), Decimal("99.9"))  # the fee was taken in the base asset
    rehearsal.pulses(5)
    rehearsal.bar()
    assert len(story.fills) == 2


def test_a_journal_that_is_damaged_stops_the_bot() -> None:
    """That doesn't pass."""

    class Damaged(RecordingStory):
        def commit(self, states: Mapping[str, bytes]) -> None:  # noqa: ARG002  it never gets that far
            message = "damaged"
            raise JournalCorrupt(message)

    with pytest.raises(JournalCorrupt):
        Rehearsal(HALF, story=Damaged()).bar()


def test_a_lost_answer_is_no_rejection_and_the_order_is_found_and_told_once() -> None:
    """Taken, the answer lost: its trade settles it; nothing is sent a second time."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = ["lost"]
    rehearsal.bar()
    rehearsal.pulses(20)
    rehearsal.bar()
    assert len(rehearsal.stage.sent) == 1
    (fill,) = rehearsal.story.fills
    assert (fill.trade_id, fill.found) == (rehearsal.stage.sent[0].client_order_id, "asked")
    assert rehearsal.story.of(OrderUnknown) == []  # it was clear within seconds


def test_an_order_that_never_arrived_is_absent_only_after_the_grace_and_on_proof() -> None:
    """Told as unknown after ten seconds, absent after thirty; then the next bar decides anew under another id."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = [LOST]
    rehearsal.bar()
    rehearsal.pulses(28)
    (unknown,) = rehearsal.story.of(OrderUnknown)
    assert (unknown.side, unknown.problem) == ("buy", "timed out")
    assert rehearsal.state.orders
    rehearsal.pulses(15)
    (clear,) = rehearsal.story.of(OrderClear)
    assert (clear.outcome, clear.order_id) == ("absent", unknown.order_id)
    assert not rehearsal.state.orders
    rehearsal.bar()
    assert len({attempt.client_order_id for attempt in rehearsal.stage.sent}) == 2
    assert rehearsal.story.skips == []


@pytest.mark.parametrize("silent", ["query", "trades", "balances", "open_orders"])
def test_without_any_one_of_the_answers_there_is_no_proof_and_no_other_order(silent: str) -> None:
    """An hour long; every bar says why it does not trade."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = [LOST]
    rehearsal.bar()
    rehearsal.stage.silent = {silent}
    for _ in range(4):
        rehearsal.pulses(15 * 60, every=10)
        rehearsal.bar()
    assert len(rehearsal.stage.sent) == 1
    assert rehearsal.state.orders
    if silent != "balances":
        reason = rehearsal.story.observations[-1].no_trade_reason
        assert reason is not None
        assert reason.key == "unknown_order"
    rehearsal.stage.silent = set()
    rehearsal.pulses(45)
    assert not rehearsal.state.orders


def test_a_balance_that_is_not_to_the_last_digit_what_the_trades_make_it_proves_nothing() -> None:
    """Until the owner takes it as it is; then the bot goes on."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = [LOST]
    rehearsal.bar()
    rehearsal.stage.quote -= rehearsal.stage.filters().tick
    rehearsal.pulses(600, every=5)
    assert rehearsal.state.orders
    rehearsal.executor.hear(Resume(), rehearsal.clock.now())
    assert not rehearsal.state.orders
    assert [clear.outcome for clear in rehearsal.story.of(OrderClear)] == ["owner"]
    rehearsal.bar()
    rehearsal.pulses(3)
    assert [fill.found for fill in rehearsal.story.fills] == [None]


def test_a_deposit_that_the_history_has_does_not_spoil_the_proof() -> None:
    """It is in the books, to the last digit, and told."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = [LOST]
    rehearsal.bar()
    rehearsal.stage._pay(rehearsal.stage.filters().tick)  # noqa: SLF001  the stage's own way
    rehearsal.pulses(45)
    assert not rehearsal.state.orders
    assert [flow.source for flow in rehearsal.story.flows] == ["history"]


def test_an_order_that_was_there_is_never_called_absent() -> None:
    """The exchange took it, and finds it no more: it stays unknown until the exchange says what became of it."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.silent = {"trades"}
    rehearsal.bar()
    name = rehearsal.stage.sent[0].client_order_id
    placed = rehearsal.stage.orders[name]
    rehearsal.stage.trades_done[-1].shown_at = placed.shown_at = rehearsal.clock.now() + 10 * MINUTE
    rehearsal.stage.silent = set()
    rehearsal.pulses(300, every=5)
    (entry,) = [entry for _, entry in rehearsal.state.orders.living()]
    assert (entry.state, entry.seen) == (OrderState.UNKNOWN, True)
    rehearsal.pulses(310, every=5)
    assert [fill.trade_id for fill in rehearsal.story.fills] == [name]


@pytest.mark.parametrize("died", [OrderState.INTENDED, OrderState.SENT])
def test_an_intent_found_at_the_start_is_asked_for_and_never_taken_as_sent_or_unsent(died: OrderState) -> None:
    """The process died around the send, and the exchange does not have the order."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = [LOST]
    rehearsal.bar()
    rehearsal.state.orders.pursuits[0].last.state = died
    rehearsal.executor.commit()
    rehearsal.restart()
    (entry,) = [entry for _, entry in rehearsal.state.orders.living()]
    assert entry.state is OrderState.UNKNOWN
    rehearsal.pulses(25)
    assert rehearsal.state.orders
    rehearsal.pulses(20)
    assert not rehearsal.state.orders
    assert len(rehearsal.stage.sent) == 1


def test_a_rejection_is_told_and_not_tried_again_within_the_bar() -> None:
    """No order loop: one order a bar, one line for the same reason."""
    rehearsal = Rehearsal(HALF, risk=RiskSettings())
    refusal = Rejected(Reason("insufficient_funds", value=1.0, limit=0.5))
    rehearsal.stage.fates = [refusal, refusal]
    for _ in range(2):
        rehearsal.bar()
        rehearsal.pulses(30)
    assert len(rehearsal.stage.sent) == 2
    assert [skip.reason.key for skip in rehearsal.story.skips] == ["insufficient_funds"]
