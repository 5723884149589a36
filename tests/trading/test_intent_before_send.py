"""Law 7, rehearsed with an exchange that is out of the process and loses answers."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from msgspec import field, msgpack

from livestory.trading.exchange import Accepted, Answer, Standing, Unanswered, exact
from livestory.trading.exchange.paper import PaperExchange
from livestory.trading.live_executor import STATE, LiveExecutor
from livestory.trading.orders import LedgerEntry, OrderLedger, OrderState
from tests.trading.rehearsal import FRICTIONLESS, RecordingStory, bars_of, scripted, wish

if TYPE_CHECKING:
    from livestory.trading.risk import Approved


class Elsewhere(PaperExchange):
    """Trades like the paper exchange, but answers as the script says: each word is one submit's fate."""

    fates: list[str] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    silent: bool = False

    @property
    def outside(self) -> bool:
        """Yes: whatever it holds is not in our transaction."""
        return True

    def submit(self, approved: Approved) -> Answer:
        """Taken, taken with the answer lost, or lost on the way."""
        self.submitted.append(approved.order.client_order_id)
        fate = self.fates.pop(0) if self.fates else "taken"
        if fate != "lost":
            super().submit(approved)
        return Accepted() if fate == "taken" else Unanswered()

    def query(self, client_order_id: str) -> Standing:
        """No answer while silent."""
        return None if self.silent else super().query(client_order_id)  # type: ignore[return-value]


def trading_elsewhere(story: RecordingStory, *fates: str) -> tuple[LiveExecutor, Elsewhere]:
    """An executor that wants half in the base asset, at an exchange outside."""
    executor = scripted(story, [wish(0.5)], paper=FRICTIONLESS)
    exchange = Elsewhere(FRICTIONLESS, base=exact(0.0), quote=exact(1.0), fates=list(fates))
    executor.state.exchange = executor._exchange = exchange  # noqa: SLF001  the seam that a later exchange uses
    return executor, exchange


def ledger_kept(story: RecordingStory) -> OrderLedger:
    """The order ledger as a new process would find it."""
    kept = msgpack.decode(story.states[STATE])["orders"]
    return msgpack.decode(msgpack.encode(kept), type=OrderLedger)


def test_an_intent_is_committed_before_it_is_sent() -> None:
    """With the observation that decided it; the id that is sent is the one in the ledger."""
    story = RecordingStory()
    executor, exchange = trading_elsewhere(story)
    executor.on_bar(bars_of([0.05])[0])
    assert len(story.commits) == 1
    (entry,) = ledger_kept(story).entries.values()
    assert entry.state is OrderState.INTENDED
    assert exchange.submitted == [entry.order.client_order_id]
    assert story.kept == len(story.told) == 3


def test_while_the_ledger_can_not_commit_nothing_is_sent() -> None:
    """The failure comes before the send."""

    class Full(RecordingStory):
        def commit(self, states: object) -> None:  # noqa: ARG002  it never gets that far
            raise OSError(28, "No space left on device")

    executor, exchange = trading_elsewhere(Full())
    with pytest.raises(OSError, match="No space"):
        executor.on_bar(bars_of([0.05])[0])
    assert exchange.submitted == []


def test_a_lost_answer_is_no_rejection_and_the_order_is_found_and_told_once() -> None:
    """Taken, the answer lost: its trade settles it; nothing is sent a second time."""
    story = RecordingStory()
    executor, exchange = trading_elsewhere(story, "unanswered")
    bars = bars_of([0.05] * 4)
    executor.on_bar(bars[0])
    (entry,) = executor.state.orders.in_state(OrderState.UNKNOWN)
    for bar in bars[1:]:
        executor.on_bar(bar)
    assert exchange.submitted == [entry.order.client_order_id]
    assert [fill.trade_id for fill in story.fills] == exchange.submitted


def test_an_unknown_order_blocks_others_until_the_exchange_has_said_what_became_of_it() -> None:
    """Silent: no other order. Proven absent: the next bar decides anew, under an id of its own."""
    story = RecordingStory()
    executor, exchange = trading_elsewhere(story, "lost")
    bars = bars_of([0.05] * 5)
    exchange.silent = True
    for bar in bars[:3]:
        executor.on_bar(bar)
    assert len(exchange.submitted) == 1
    blocked = story.observations[-1].no_trade_reason
    assert blocked is not None
    assert blocked.key == "order_open"
    exchange.silent = False
    for bar in bars[3:]:
        executor.on_bar(bar)
    assert len(set(exchange.submitted)) == 2
    assert len(story.fills) == 1
    assert executor.state.orders.entries == {}


def test_an_intent_found_at_the_start_is_asked_for_and_never_taken_as_sent_or_unsent() -> None:
    """The process died around the send: the exchange doesn't have the order, and the next bar decides anew."""
    story = RecordingStory()
    executor, exchange = trading_elsewhere(story)
    bars = bars_of([0.05] * 3)
    executor.on_bar(bars[0])
    (client_order_id,) = exchange.submitted
    for died_in in (OrderState.INTENDED, OrderState.SENT):
        order = executor.state.orders.entries[client_order_id].order
        state = deepcopy(executor.state)
        state.orders.entries[client_order_id] = LedgerEntry(order, died_in)
        state.exchange = PaperExchange.opened(FRICTIONLESS)
        again = RecordingStory()
        restarted = LiveExecutor(state, again, lambda: bars)
        assert restarted.state.orders.entries[client_order_id].state is OrderState.UNKNOWN
        for bar in bars:
            restarted.on_bar(bar)
        assert [skip.reason.key for skip in again.skips] == ["unfilled"]
        assert [fill.time for fill in again.fills] == [bars[2].open_time]
