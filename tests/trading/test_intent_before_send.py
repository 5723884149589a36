"""Law 7: an order's intent is kept before it is sent, and an answer that is lost is neither yes nor no."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from msgspec import msgpack, structs

from livestory.clock import HOUR, MINUTE, SECOND
from livestory.errors import JournalCorrupt, JournalError
from livestory.story.commands import Resume
from livestory.story.kinds.exchange import OrderClear, OrderUnknown
from livestory.story.reason import Reason
from livestory.trading.exchange.records import Balances, OpenOrder, Rejected, Side
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.execution.working_order import OrderState, OrderTable
from livestory.trading.executor import OperatorCommand
from livestory.trading.risk import RiskSettings
from livestory.trading.session import STATE
from tests.trading.outside import LOST, Rehearsal
from tests.trading.rehearsal import RecordingStory, wish

if TYPE_CHECKING:
    from collections.abc import Mapping

HALF = [wish(0.5)]
PATIENT = OrderSettings(kind="limit", patience=10 * MINUTE)


class Full(RecordingStory):
    """A story on a disk that is full while told so."""

    full = False

    def commit(self, states: Mapping[str, bytes]) -> None:
        if self.full:
            message = "the disk is full"
            raise JournalError(message)
        super().commit(states)


def ledger_kept(story: RecordingStory) -> OrderTable:
    """The order ledger as a new process would find it."""
    kept = msgpack.decode(story.states[STATE])["orders"]
    return msgpack.decode(msgpack.encode(kept), type=OrderTable)


def test_an_intent_is_committed_before_it_is_sent() -> None:
    """With the observation that decided it; the id that is sent is the one in the ledger."""
    rehearsal = Rehearsal(HALF)
    seen: list[OrderTable] = []
    rehearsal.stage.check_intent = lambda _attempt: seen.append(ledger_kept(rehearsal.story))
    rehearsal.bar()
    ((working,),) = [ledger.working for ledger in seen]
    assert working.last.state is OrderState.INTENDED
    assert [request.client_order_id for request in rehearsal.stage.sent] == [working.order.client_order_id]


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
    assert [request.side for request in rehearsal.stage.sent] == ["buy", "sell"]
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
    assert len({request.client_order_id for request in rehearsal.stage.sent}) == 2
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
    rehearsal.executor.process(OperatorCommand(Resume(), rehearsal.clock.now()))
    assert not rehearsal.state.orders
    assert [clear.outcome for clear in rehearsal.story.of(OrderClear)] == ["owner"]
    rehearsal.bar()
    rehearsal.pulses(3)
    assert [fill.found for fill in rehearsal.story.fills] == [None]


def test_a_deposit_that_the_history_has_does_not_spoil_the_proof() -> None:
    """It is in the expected, to the last digit, and told."""
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
    (child,) = [child for _, child in rehearsal.state.orders.living()]
    assert (child.state, child.seen) == (OrderState.UNKNOWN, True)
    rehearsal.pulses(310, every=5)
    assert [fill.trade_id for fill in rehearsal.story.fills] == [name]


@pytest.mark.parametrize("died", [OrderState.INTENDED, OrderState.SENT])
def test_an_intent_found_at_the_start_is_asked_for_and_never_taken_as_sent_or_unsent(died: OrderState) -> None:
    """The process died around the send, and the exchange does not have the order."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = [LOST]
    rehearsal.bar()
    rehearsal.state.orders.working[0].last.state = died
    rehearsal.executor.commit()
    rehearsal.restart()
    (child,) = [child for _, child in rehearsal.state.orders.living()]
    assert child.state is OrderState.UNKNOWN
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


@pytest.mark.parametrize("step", [-300, 45, 90, 300])
def test_a_clock_that_is_set_wrong_shortly_before_a_bar_costs_no_fill(step: int) -> None:
    """The exchange turns the first request away, and the right time is known from there on."""
    rehearsal = Rehearsal([wish(0.0), wish(0.5), wish(0.5)])
    rehearsal.bar()
    rehearsal.pulses(400)
    rehearsal.stage.off = step * SECOND
    rehearsal.bar()
    rehearsal.pulses(60)
    assert [fill.quantity for fill in rehearsal.story.fills] == [Decimal(100)]
    assert rehearsal.state.expected.since < rehearsal.clock.now()
    rehearsal.bar()
    reason = rehearsal.story.observations[-1].no_trade_reason
    assert reason is not None
    assert reason.key == "small_change"


def test_a_trade_that_the_books_have_left_behind_is_read_again() -> None:
    """The exchange says that the order is filled, and thirty seconds later still no trade has come."""
    rehearsal = Rehearsal(HALF)
    rehearsal.bar()
    rehearsal.state.expected.since = rehearsal.clock.now() + MINUTE
    rehearsal.pulses(25)
    assert rehearsal.story.fills == []
    rehearsal.pulses(15)
    assert [fill.quantity for fill in rehearsal.story.fills] == [Decimal(100)]
    assert not rehearsal.state.expected.difference(rehearsal.stage.account())


def test_a_leap_of_the_clock_is_no_grace() -> None:
    """An order is absent only after five answers that did not find it, however much time is said to have passed."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = [LOST]
    rehearsal.bar()
    rehearsal.pulses(1)
    rehearsal.clock.set(rehearsal.clock.now() + MINUTE)
    rehearsal.pulses(5)
    assert rehearsal.state.orders
    rehearsal.pulses(30)
    assert not rehearsal.state.orders


def test_a_timer_of_a_clock_that_was_wrong_lies_no_further_ahead_than_it_may_wait() -> None:
    """Written by a clock two hours ahead: the order is looked for at once all the same, and its grace begins anew."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.fates = [LOST]
    rehearsal.bar()
    (child,) = [child for _, child in rehearsal.state.orders.living()]
    ahead = rehearsal.clock.now() + 2 * HOUR
    child.since = child.lost_at = child.missed_at = child.ask_at = ahead
    rehearsal.pulses(25)
    assert rehearsal.state.orders
    rehearsal.pulses(35)
    assert not rehearsal.state.orders


def test_what_the_exchange_rounds_does_not_spoil_the_proof() -> None:
    """A part is filled for an amount of nine decimals, of which eight are paid; the next child order never arrives."""
    rehearsal = Rehearsal([wish(0.5)], PATIENT)
    rehearsal.stage.price = Decimal("0.05003")
    rehearsal.bar(0.05003)
    placed = rehearsal.stage.orders[rehearsal.stage.sent[0].client_order_id]
    part = Decimal("0.0007")
    rehearsal.stage._execute(placed.request.client_order_id, "buy", part, placed.request.limit, rehearsal.clock.now())  # type: ignore[arg-type]  # noqa: SLF001
    placed.executed = part
    rehearsal.stage.fates = [LOST]
    rehearsal.stage.price = Decimal("0.05010")
    rehearsal.pulses(60)
    assert len(rehearsal.stage.sent) == 2
    assert rehearsal.state.expected.difference(rehearsal.stage.account())
    assert not rehearsal.state.orders
    assert [fill.quantity for fill in rehearsal.story.fills] == [part]


def test_what_others_orders_have_kept_all_along_does_not_spoil_the_proof_and_more_than_that_does() -> None:
    """An order on another market is in no list of open orders here."""
    before, meanwhile = Rehearsal([wish(0.5)], PATIENT), Rehearsal([wish(0.5)], PATIENT)
    for rehearsal in (before, meanwhile):
        rehearsal.stage.fates = [LOST]
        rehearsal.stage.kept = Decimal("0.1") if rehearsal is before else Decimal(0)
        rehearsal.bar()
        rehearsal.stage.kept = Decimal("0.1")
        rehearsal.pulses(60)
    assert not before.state.orders
    assert meanwhile.state.orders


def test_more_traded_than_was_sent_is_told_on_its_own_and_stops_nothing() -> None:
    """Somebody has used the bot's id: the order is withdrawn, and a new process gets along with it too."""
    rehearsal = Rehearsal(HALF, PATIENT)
    rehearsal.bar()
    name = rehearsal.stage.sent[0].client_order_id
    rehearsal.stage._execute(name, "buy", Decimal(150), Decimal("0.05"), at=rehearsal.clock.now())  # noqa: SLF001
    rehearsal.pulses(5)
    rehearsal.restart()
    rehearsal.pulses(5)
    assert [fill.quantity for fill in rehearsal.story.fills] == [Decimal(150)]
    assert rehearsal.stage.open_orders() == []
    assert not rehearsal.state.orders


def test_the_wait_after_a_trade_is_kept_with_the_intent() -> None:
    """A process that dies right after the send leaves a trade behind that the next one has to wait after."""

    class Killed(BaseException):
        """The process is no more."""

    def kill(step: str) -> None:
        if step == "before the reply":
            raise Killed

    rehearsal = Rehearsal(HALF)
    rehearsal.stage.die = kill
    with pytest.raises(Killed):
        rehearsal.bar()
    rehearsal.stage.die = lambda _step: None
    rehearsal.restart()
    rehearsal.pulses(3)
    assert [fill.quantity for fill in rehearsal.story.fills] == [Decimal(100)]
    assert rehearsal.state.bars_since_trade == 0


def test_an_order_that_can_not_be_withdrawn_keeps_the_breaker_waiting_no_longer_than_a_minute() -> None:
    """What it keeps is not free; the rest is sold."""
    rehearsal = Rehearsal([wish(0.9), wish(0.9), wish(0.5)], PATIENT)
    rehearsal.bar()
    rehearsal.stage.price = Decimal("0.04999")
    rehearsal.pulses(2)
    rehearsal.stage.price = Decimal("0.05")
    rehearsal.bar()
    rehearsal.pulses(2)
    rehearsal.bar()
    rehearsal.stage.cancel = lambda client_order_id: None  # type: ignore[method-assign]  # noqa: ARG005
    kept = rehearsal.stage.account()
    assert kept.base_locked
    rehearsal.trip()
    rehearsal.pulses(50)
    assert [request.side for request in rehearsal.stage.sent] == ["buy", "sell"]
    rehearsal.pulses(20)
    assert rehearsal.stage.sent[-1].quantity == kept.base_free
    assert rehearsal.stage.account().base_free == 0


def test_nothing_is_sent_before_the_exchange_has_said_which_orders_stand_open() -> None:
    """One of ours may stand there from a process that could keep no ledger."""
    rehearsal = Rehearsal(HALF)
    rehearsal.stage.silent = {"open_orders"}
    rehearsal.bar()
    assert rehearsal.stage.sent == []
    assert [skip.reason.key for skip in rehearsal.story.skips] == ["exchange_down"]
    rehearsal.stage.silent = set()
    rehearsal.bar()
    assert len(rehearsal.stage.sent) == 1


def test_an_instant_from_before_the_clock_was_set_right_moves_neither_books_nor_timers() -> None:
    """It may lie in the future, and what is traded until then would be taken for older than the expected."""
    rehearsal = Rehearsal(HALF)
    rehearsal.bar()
    manager, since = rehearsal.executor._manager, rehearsal.state.expected.since  # noqa: SLF001  it is told an instant
    rehearsal.stage.silent = {"query"}
    rehearsal.stage.off = 5 * MINUTE
    manager.refresh(rehearsal.machine.now())
    assert rehearsal.stage.clock_ahead == 5 * MINUTE
    assert rehearsal.state.expected.since == since
    rehearsal.stage.silent = set()
    rehearsal.pulses(2)
    assert [fill.quantity for fill in rehearsal.story.fills] == [Decimal(100)]


def test_an_order_that_the_open_orders_show_is_not_absent_though_it_is_not_found_by_its_id() -> None:
    """One of the two answers is late; what stands open may still trade."""
    rehearsal = Rehearsal(HALF, PATIENT)
    rehearsal.stage.fates = ["lost"]
    rehearsal.stage.not_found = True
    rehearsal.bar()
    rehearsal.pulses(120)
    assert [each.client_order_id for each in rehearsal.stage.open_orders() or ()] == [
        request.client_order_id for request in rehearsal.stage.sent
    ]
    assert rehearsal.story.of(OrderClear) == []
    assert rehearsal.state.orders


@pytest.mark.parametrize(
    ("base", "quote", "absent"),
    [("2", "0.05", True), ("0", "0", True), ("2.01", "0.05", False), ("2", "0.0501", False)],
)
def test_an_order_is_absent_only_where_what_is_locked_is_locked_by_others(
    base: str,
    quote: str,
    absent: bool,  # noqa: FBT001
) -> None:
    """A buy locks its rest at its limit, a sale its rest, one at the market nothing."""
    rehearsal = Rehearsal(HALF)
    stage = rehearsal.stage
    stage.fates = [LOST]
    rehearsal.bar()
    shown, held = stage.open_orders, stage.balances
    rows: list[tuple[Side, str, str | None]] = [("buy", "2", "0.05"), ("sell", "3", "0.06"), ("buy", "9", None)]
    others = [
        OpenOrder(client_order_id=side, side=side, quantity=Decimal(quantity), filled=Decimal(1),
                  limit=None if limit is None else Decimal(limit))
        for side, quantity, limit in rows
    ]  # fmt: skip

    def balances() -> Balances | None:
        known = held()
        return known and structs.replace(known, base_locked=Decimal(base), quote_locked=Decimal(quote))

    stage.open_orders = lambda: [*(shown() or []), *others]  # type: ignore[method-assign]
    stage.balances = balances  # type: ignore[method-assign]
    rehearsal.pulses(60)
    assert [clear.outcome for clear in rehearsal.story.of(OrderClear)] == ["absent"] * absent


def test_an_order_whose_trade_is_found_at_the_last_look_is_not_absent() -> None:
    """And none is while its trades can't be read."""
    rehearsal = Rehearsal(HALF)
    stage = rehearsal.stage
    stage.fates, stage.not_found = ["lost"], True
    hidden, trades = [True], stage.executions
    stage.executions = lambda since, bar=None: [] if hidden[0] else trades(since, bar)  # type: ignore[method-assign]
    rehearsal.bar()
    manager = rehearsal.executor._manager  # noqa: SLF001 - it is asked for its last look alone
    ((working, child),) = rehearsal.state.orders.living()
    hidden[0] = False
    assert not manager._is_absent(child, rehearsal.machine.now())  # noqa: SLF001
    assert working.filled == working.order.quantity
