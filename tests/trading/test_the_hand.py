"""The owner's words: halt, resume, flow, note; taken from the story's inbox between bars."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from livestory.clock import MINUTE, SECOND
from livestory.story.commands import Command, Flow, Halt, Note, Resume
from livestory.story.files.inbox import Posted
from livestory.story.kinds.exchange import OrderClear
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.telling import Note as NoteTold
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.executor import OperatorCommand
from tests.trading.outside import LOST, Rehearsal
from tests.trading.rehearsal import FRICTIONLESS, RecordingStory, bars_of, scripted, wish

if TYPE_CHECKING:
    from livestory.trading.exchange.records import Balances


def say(rehearsal: Rehearsal, word: Command) -> None:
    """Leave a word, and let a second pass."""
    rehearsal.story.posted.append(Posted("1", rehearsal.clock.now(), word))
    rehearsal.pulses(1)


def test_halted_the_bot_sends_nothing_and_keeps_what_it_holds() -> None:
    """Open orders are cancelled; each bar says why nothing is traded; a restart changes nothing about it."""
    rehearsal = Rehearsal([wish(0.5)], OrderSettings(kind="limit", patience=5 * MINUTE))
    rehearsal.bar()
    say(rehearsal, Halt())
    (halted,) = rehearsal.story.of(Halted)
    assert (halted.reason, halted.cancelled, halted.selling, halted.position) == ("owner", 1, False, 0.0)
    assert rehearsal.stage.open_orders() == []
    assert rehearsal.story.posted == []
    rehearsal.restart()
    rehearsal.bar()
    rehearsal.pulses(60)
    assert len(rehearsal.stage.sent) == 1
    seen = rehearsal.story.observations[-1]
    assert (seen.halted, seen.halt_reason) == (True, "owner")
    assert seen.no_trade_reason is not None
    assert seen.no_trade_reason.key == "owner"


def test_told_to_it_sells_everything_and_stays_halted() -> None:
    """With the owner as the reason."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    rehearsal.pulses(3)
    say(rehearsal, Halt(sell=True))
    rehearsal.pulses(3)
    bought, sold = rehearsal.story.fills
    assert (bought.side, sold.side) == ("buy", "sell")
    assert sold.reason is not None
    assert sold.reason.key == "owner"
    rehearsal.bar()
    rehearsal.pulses(60)
    assert len(rehearsal.stage.sent) == 2


def test_resumed_it_goes_on_with_the_next_bar() -> None:
    """The end says how many bars it lasted."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    rehearsal.pulses(3)
    say(rehearsal, Halt())
    rehearsal.wants(wish(0.9))
    for _ in range(3):
        rehearsal.bar()
    say(rehearsal, Resume())
    (over,) = rehearsal.story.of(Unhalted)
    assert (over.reason, over.bars, over.still) == ("owner", 3, None)
    rehearsal.bar()
    rehearsal.pulses(3)
    assert len(rehearsal.story.fills) == 2


def test_resumed_while_the_breaker_halts_it_says_so() -> None:
    """One halt is over, the other is not."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    say(rehearsal, Halt())
    rehearsal.trip()
    say(rehearsal, Resume())
    assert [over.still for over in rehearsal.story.of(Unhalted)] == ["breaker"]


@pytest.mark.parametrize("sell", [False, True])
def test_on_paper_the_words_do_the_same(sell: bool) -> None:  # noqa: FBT001  a case of the table
    """The order that waits for the next open is cancelled; selling happens at the next bars."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.5), wish(0.5), wish(0.9)], paper=FRICTIONLESS)
    bars = bars_of([0.05] * 6)
    for bar in bars[:2]:
        executor.process(bar)
    executor.process(bars[2])
    assert executor.state.orders
    executor.process(OperatorCommand(Halt(sell=sell), bars[2].end))
    assert not executor.state.orders
    for bar in bars[3:]:
        executor.process(bar)
    assert [fill.side for fill in story.fills] == (["buy", "sell"] if sell else ["buy"])
    assert [halted.cancelled for halted in story.of(Halted)] == [1]
    assert story.skips == []


def test_a_flow_on_paper_is_paid_in_or_out() -> None:
    """At most what there is; it is neither gain nor loss."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.0)], paper=FRICTIONLESS)
    bars = bars_of([0.05] * 3)
    executor.process(bars[0])
    executor.process(OperatorCommand(Flow(amount=-0.5), bars[0].end))
    executor.process(bars[1])
    assert executor.state.risk.drawdown == 0.0
    assert story.observations[-1].wealth == 0.5
    executor.process(OperatorCommand(Flow(amount=-5.0), bars[1].end))
    executor.process(bars[2])
    assert story.observations[-1].wealth == 0.0


def test_a_note_and_a_report_of_the_alerts_are_handed_to_the_story() -> None:
    """They change nothing about trading."""
    rehearsal = Rehearsal([wish(0.0)])
    rehearsal.bar()
    say(rehearsal, Note(text="on holiday"))
    assert [note.text for note in rehearsal.story.of(NoteTold)] == ["on holiday"]
    assert rehearsal.story.posted == []


def test_a_loss_that_the_owner_explains_is_a_loss_no_more() -> None:
    """Told as a balance that differs, a drawdown until then; afterwards as if it had been known at once."""
    rehearsal = Rehearsal([wish(0.0)])
    rehearsal.stage.has_flows = False
    rehearsal.bar()
    rehearsal.stage.quote -= Decimal("0.5")
    rehearsal.bar()
    (differs,) = rehearsal.story.of(BalanceDiffers)
    assert (differs.difference, differs.wealth, differs.expected) == (-0.5, 9.5, 10.0)
    assert rehearsal.state.risk.drawdown == pytest.approx(-0.05)
    say(rehearsal, Flow(amount=-0.5))
    (flow,) = rehearsal.story.flows
    assert (flow.amount, flow.source, flow.counted) == (-0.5, "you", True)
    assert [told.by for told in rehearsal.story.of(BalanceExplained)] == ["you"]
    rehearsal.bar()
    assert rehearsal.state.risk.drawdown == pytest.approx(0.0)
    assert len(rehearsal.story.of(BalanceDiffers)) == 1


def test_a_flow_announced_before_it_is_seen_is_told_when_it_is() -> None:
    """As a deposit, and never as a balance that differs."""
    rehearsal = Rehearsal([wish(0.0)])
    rehearsal.stage.has_flows = False
    rehearsal.bar()
    say(rehearsal, Flow(amount=2.0))
    assert rehearsal.story.flows == []
    rehearsal.stage.quote += 2
    rehearsal.bar()
    assert [(flow.amount, flow.source) for flow in rehearsal.story.flows] == [(2.0, "you")]
    assert rehearsal.story.of(BalanceDiffers) == []
    assert rehearsal.state.risk.day_return == pytest.approx(0.0)


LIMIT = OrderSettings(kind="limit", patience=30 * MINUTE)


def test_an_order_that_is_not_cancelled_yet_is_not_told_as_cancelled() -> None:
    """The exchange does not answer: it stands open there, and may still be filled."""
    rehearsal = Rehearsal([wish(0.5)], LIMIT)
    rehearsal.bar()
    cancel = rehearsal.stage.cancel
    rehearsal.stage.cancel = lambda _name: None  # type: ignore[method-assign,assignment]
    say(rehearsal, Halt())
    (halted,) = rehearsal.story.of(Halted)
    assert (halted.cancelled, halted.orders_open) == (0, 1)
    rehearsal.stage.cancel = cancel  # type: ignore[method-assign]
    rehearsal.pulses(2)
    assert rehearsal.stage.open_orders() == []


def test_an_order_that_was_filled_by_then_is_not_told_as_cancelled() -> None:
    """There was nothing to cancel."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    say(rehearsal, Halt())
    assert len(rehearsal.story.fills) == 1
    assert [(halted.cancelled, halted.orders_open) for halted in rehearsal.story.of(Halted)] == [(0, None)]


def test_at_a_halt_an_unknown_limit_order_is_cancelled_by_its_id() -> None:
    """Whether it is there nobody says, so it is told to go."""
    rehearsal = Rehearsal([wish(0.5)], LIMIT)
    rehearsal.stage.fates = ["lost"]
    rehearsal.stage.silent = {"query"}
    rehearsal.bar()
    say(rehearsal, Halt())
    assert rehearsal.stage.open_orders() == []
    assert [halted.cancelled for halted in rehearsal.story.of(Halted)] == [1]


def test_nothing_is_sent_once_a_halt_lies_there() -> None:
    """Said while the bot waited for the book: what was decided by then is not sent, and nothing is told as put off."""
    rehearsal = Rehearsal([wish(0.0), wish(0.5)])
    rehearsal.bar()
    book = rehearsal.stage.book

    def slow() -> object:
        rehearsal.story.posted.append(Posted("1", 0, Halt()))
        return book()

    rehearsal.stage.book = slow  # type: ignore[method-assign,assignment]
    rehearsal.bar()
    assert rehearsal.stage.sent == []
    rehearsal.pulses(1)
    assert len(rehearsal.story.of(Halted)) == 1
    assert rehearsal.story.skips == []
    assert not rehearsal.state.orders


def lost(shown_after: int | None, silent: str = "") -> Rehearsal:
    """A limit order whose answer was lost; it is shown so much later, or never arrived."""
    rehearsal = Rehearsal([wish(0.0), wish(0.9)], LIMIT)
    rehearsal.bar()
    rehearsal.pulses(600)
    rehearsal.stage.fates = [LOST if shown_after is None else "lost"]
    rehearsal.stage._late = lambda _most=0: shown_after or 0  # type: ignore[method-assign,assignment]  # noqa: SLF001
    rehearsal.stage.has_flows = False
    rehearsal.stage.silent = {silent}
    rehearsal.bar()
    rehearsal.stage.quote -= Decimal("0.001")  # so that without the owner there is no proof
    rehearsal.pulses(2)
    return rehearsal


def test_resumed_too_early_the_bot_says_so_and_waits() -> None:
    """An order that may still come is not taken as absent; the wish is kept, and done when it can be."""
    rehearsal = lost(shown_after=None)
    say(rehearsal, Resume())
    assert [note.topic for note in rehearsal.story.of(NoteTold)] == ["Resume Waits"]
    assert rehearsal.state.orders
    rehearsal.pulses(40)
    assert [clear.outcome for clear in rehearsal.story.of(OrderClear)] == ["owner"]
    assert not rehearsal.state.orders
    assert not rehearsal.state.resuming


def test_resumed_while_the_account_is_not_answered_the_word_is_not_lost() -> None:
    """What it holds is taken as the truth when it is heard."""
    rehearsal = lost(shown_after=None)
    rehearsal.pulses(60)
    rehearsal.stage.silent = {"balances"}
    say(rehearsal, Resume())
    rehearsal.pulses(30)
    assert rehearsal.state.resuming
    rehearsal.stage.silent = set()
    rehearsal.pulses(10)
    assert not rehearsal.state.orders
    expected, account = rehearsal.state.expected.balances, rehearsal.stage.account()
    assert expected is not None
    assert (expected.base, expected.quote) == (account.base, account.quote)


def test_an_order_taken_as_absent_that_comes_after_all_is_cancelled_before_anything_is_sent() -> None:
    """It is looked for, often, and at each bar before the decision."""
    rehearsal = lost(shown_after=890 * SECOND)
    rehearsal.pulses(870)
    say(rehearsal, Resume())
    rehearsal.pulses(5)
    assert not rehearsal.state.orders
    rehearsal.bar(late=20 * SECOND)
    assert rehearsal.stage.breaches == []
    assert len(rehearsal.stage.sent) == 2


def test_while_an_unknown_order_stands_open_it_is_not_taken_as_absent() -> None:
    """Nobody says what became of it, nor cancels it, but there it is."""
    rehearsal = lost(shown_after=0, silent="query")
    rehearsal.stage.cancel = lambda _name: None  # type: ignore[method-assign,assignment]
    rehearsal.pulses(60)
    say(rehearsal, Resume())
    rehearsal.pulses(60)
    assert rehearsal.state.orders
    assert rehearsal.state.resuming


def test_an_order_taken_as_absent_is_looked_for_every_few_seconds() -> None:
    """Shown half a minute later, it is gone within ten seconds."""
    rehearsal = lost(shown_after=100 * SECOND)
    rehearsal.pulses(58)
    say(rehearsal, Resume())
    rehearsal.pulses(8)
    assert not rehearsal.state.orders
    rehearsal.pulses(45)
    assert rehearsal.stage.open_orders() == []
    assert all(placed.done for placed in rehearsal.stage.orders.values())


def test_what_trades_while_the_account_is_read_is_not_lost() -> None:
    """The unknown order is filled between two answers: the books hold what the account does, and the fill is told."""
    rehearsal = lost(shown_after=None)
    rehearsal.pulses(60)
    stage, name = rehearsal.stage, rehearsal.stage.sent[-1].client_order_id
    balances, to_come = stage.balances, [Decimal(100)]

    def answer() -> Balances | None:
        seen = balances()
        if to_come:
            stage._execute(name, "buy", to_come.pop(), Decimal("0.05"), at=rehearsal.clock.now())  # noqa: SLF001
        return seen

    stage.balances = answer  # type: ignore[method-assign]
    say(rehearsal, Resume())
    rehearsal.pulses(60)
    expected = rehearsal.state.expected.balances
    assert expected is not None
    assert (expected.base, expected.quote) == (stage.base, stage.quote)


def notes(rehearsal: Rehearsal) -> list[tuple[str, str]]:
    """The bot's own notes: topic and text."""
    return [(note.topic, note.text) for note in rehearsal.story.of(NoteTold)]


def test_halted_again_it_says_since_when_it_is() -> None:
    """And the sale that is asked for then is told too; the halt itself is told once."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    rehearsal.pulses(3)
    say(rehearsal, Halt())
    say(rehearsal, Halt())
    say(rehearsal, Halt(sell=True))
    assert notes(rehearsal) == [
        ("Halt", "already halted by you since 00:15; goes on with: livestory resume"),
        ("Halt", "already halted by you since 00:15; now sells everything"),
    ]
    assert len(rehearsal.story.of(Halted)) == 1
    rehearsal.pulses(3)
    assert [fill.side for fill in rehearsal.story.fills] == ["buy", "sell"]


def test_resumed_while_nothing_halts_it_says_so() -> None:
    """Also where only the breaker does, which nobody's word ends."""
    rehearsal = Rehearsal([wish(0.0)])
    rehearsal.bar()
    say(rehearsal, Resume())
    rehearsal.trip()
    say(rehearsal, Resume())
    assert notes(rehearsal) == [
        ("Resume", "not halted: nothing to resume"),
        ("Resume", "not halted by you; the breaker's halt ends by its own rule, Phoenix"),
    ]
    assert rehearsal.story.of(Unhalted) == []


def test_a_flow_that_explains_nothing_is_not_lost_without_a_word() -> None:
    """It is said what becomes of it, also where the balance differs by another amount."""
    rehearsal = Rehearsal([wish(0.0)])
    rehearsal.stage.has_flows = False
    rehearsal.bar()
    say(rehearsal, Flow(amount=2.0))
    rehearsal.stage.quote -= Decimal("0.5")
    rehearsal.bar()
    say(rehearsal, Flow(amount=-3.0))
    assert [topic for topic, _ in notes(rehearsal)] == ["Flow", "Flow"]
    nothing, another = (text for _, text in notes(rehearsal))
    assert nothing.startswith("+2.0")
    assert "nothing in the balance differs: not counted" in nothing
    assert "the balance differs, but not by that: not counted" in another
    assert rehearsal.story.flows == []
