"""The owner's words: halt, resume, flow, note; taken from the story's inbox between bars."""

from __future__ import annotations

from decimal import Decimal

import pytest

from livestory.clock import MINUTE
from livestory.story.events import BalanceDiffers, BalanceExplained, Halted, Unhalted
from livestory.story.inbox import Posted
from livestory.story.words import AnyWord, Flow, Halt, Note, Resume
from livestory.trading.pursuit import OrderSettings
from tests.trading.outside import Rehearsal
from tests.trading.rehearsal import FRICTIONLESS, RecordingStory, bars_of, scripted, wish


def say(rehearsal: Rehearsal, word: AnyWord) -> None:
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
        executor.on_bar(bar)
    executor.on_bar(bars[2])
    assert executor.state.orders
    executor.hear(Halt(sell=sell), bars[2].end)
    assert not executor.state.orders
    for bar in bars[3:]:
        executor.on_bar(bar)
    assert [fill.side for fill in story.fills] == (["buy", "sell"] if sell else ["buy"])
    assert [halted.cancelled for halted in story.of(Halted)] == [1]
    assert story.skips == []


def test_a_flow_on_paper_is_paid_in_or_out() -> None:
    """At most what there is; it is neither gain nor loss."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.0)], paper=FRICTIONLESS)
    bars = bars_of([0.05] * 3)
    executor.on_bar(bars[0])
    executor.hear(Flow(amount=-0.5), bars[0].end)
    executor.on_bar(bars[1])
    assert executor.state.risk.drawdown == 0.0
    assert story.observations[-1].wealth == 0.5
    executor.hear(Flow(amount=-5.0), bars[1].end)
    executor.on_bar(bars[2])
    assert story.observations[-1].wealth == 0.0


def test_a_note_and_a_report_of_the_alerts_are_handed_to_the_story() -> None:
    """They change nothing about trading."""
    words: list[AnyWord] = []

    class Listening(RecordingStory):
        def word(self, time: int, word: AnyWord) -> None:  # noqa: ARG002  when is now
            words.append(word)

    rehearsal = Rehearsal([wish(0.0)], story=Listening())
    rehearsal.bar()
    say(rehearsal, Note(text="on holiday"))
    assert words == [Note(text="on holiday")]


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
