"""What an owner asks of a week: how far the breaker is, what the record to beat, and whether all is well."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import DAY, HOUR
from livestory.story.inputs import Flow, Observation, Statement
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.exchange import ExchangeBack, ExchangeDown, OrderUnknown
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from tests.story.inputs import at, fill

if TYPE_CHECKING:
    from livestory.story.inputs import Fill, Input

MONDAY = at("2024-12-02 00:00")
WEEK = 7 * DAY
RULES = Statement(MONDAY + 1, (Rules(breaker=0.2),))
ONE = Decimal(1)
ALL_RAN_WELL = "all ran well: no failure, missed bar or unclear order, nobody intervened, nothing asked of you"
IN_BRIEF = "all ran well, nothing asked of you"


def observed(time: int, wealth: float = 1.0, **more: Any) -> Observation:
    """The state of a bot that says when it is due again; it holds nothing unless told otherwise."""
    given = {"price": 0.03, "position": 0.0, "halted": False, "next_due": time + HOUR, **more}
    return Observation(time=time, wealth=wealth, **given)


def at_hour(hour: int, side: str, quantity: str, price: str) -> Fill:
    """A fill so many hours after the week began."""
    return fill(side, quantity, price, time=MONDAY + hour * HOUR + 1)


def week(*given: Input, last: Observation | None = None, period: str = "week") -> str:
    """The why of the first week's line of a bot that gives these besides an observation each hour."""
    narrator = Narrator(settings=StorySettings(detail="all"))
    hours = [observed(MONDAY + hour * HOUR) for hour in range(1, 168)]
    taken = {each.time for each in given if isinstance(each, Observation)}
    inputs = sorted([*given, *(each for each in hours if each.time not in taken)], key=lambda each: each.time)
    if period == "month":
        inputs += [observed(MONDAY + hour * HOUR) for hour in range(168, 30 * 24)]
    events = [event for each in [*inputs, last or observed(MONDAY + WEEK)] for event in narrator.take(each)]
    return next(event.line.split(" | ", 3)[3] for event in events
                if isinstance(event.facts, Chapter) and event.facts.period == period)  # fmt: skip


def test_a_week_in_which_nothing_failed_says_so() -> None:
    """In brief; a month outright: no bar missed, no order unclear, nobody intervened, nothing asked."""
    assert IN_BRIEF in week()
    assert ALL_RAN_WELL in week(last=observed(MONDAY + 30 * DAY), period="month")


def test_a_bot_that_does_not_say_when_it_is_due_is_not_said_to_have_missed_no_bar() -> None:
    """What nobody can know is not told."""
    narrator = Narrator()
    for hour in range(1, 169):
        events = narrator.take(Observation(time=MONDAY + hour * HOUR, wealth=1.0))
    assert "Week 49" in events[1].line
    assert "all ran well" not in events[1].line


TROUBLE = MONDAY + 10 * HOUR


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            (Statement(TROUBLE, (ExchangeDown(),)), Statement(TROUBLE + HOUR, (ExchangeBack(),))),
            "failed: the exchange was down; nobody intervened; nothing asked of you",
        ),
        (
            (Statement(TROUBLE, (OrderUnknown(side="buy", quantity=ONE),)),),
            "one order was in doubt; nobody intervened; asked of you: look at the exchange for an order in doubt",
        ),
        (
            (Statement(TROUBLE, (Halted(reason="owner"),)), Statement(TROUBLE + HOUR, (Unhalted(reason="owner"),))),
            "no failure, missed bar or unclear order; by you: one halt, one resume; nothing asked of you",
        ),
        (
            (Flow(time=TROUBLE, amount=0.0001),),
            "unclear order, nobody intervened but for one deposit, nothing asked of you",
        ),
        (
            (Flow(time=TROUBLE, amount=-0.2), Flow(time=TROUBLE + HOUR, amount=0.1)),
            "nobody intervened but for 2 deposits and withdrawals, nothing asked of you",
        ),
    ],
)  # fmt: skip
def test_a_week_says_what_failed_what_its_owner_did_and_what_is_asked(given: tuple[Input, ...], told: str) -> None:
    """In the words of what told it, each once."""
    assert told in week(*given)


def test_missing_bars_are_counted() -> None:
    """By the bars, not by the gaps."""
    late = [observed(MONDAY + hour * HOUR, next_due=MONDAY + (hour + 1) * HOUR) for hour in (1, 5, 6)]
    narrator = Narrator()
    for each in (*late, *(observed(MONDAY + hour * HOUR) for hour in range(7, 169))):
        events = narrator.take(each)
    assert "failed: 3 bars were missing; nobody intervened; nothing asked of you" in events[1].line


def test_the_distance_to_the_breaker_is_in_percent_wealth_and_price() -> None:
    """The price only where one moves the whole: without a position none does."""
    flat = week(RULES, last=observed(MONDAY + WEEK, 0.95))
    assert "DD -5.0% from the record 1.0000; breaker at 0.8000 BTC (15.8% below)" in flat
    held = week(RULES, last=observed(MONDAY + WEEK, 0.95, price=0.0285, position=10.0))
    assert "breaker at 0.8000 BTC (15.8% below, about price 0.0135)" in held


def test_after_a_resume_the_distance_counts_from_it() -> None:
    """The record to beat stays the highest ever."""
    tripped = [observed(MONDAY + (20 + hour) * HOUR, 0.79, halted=True, halt_reason="breaker") for hour in range(5)]
    resumed = [observed(MONDAY + (25 + hour) * HOUR, 0.79) for hour in range(143)]
    told = week(RULES, *tripped, *resumed, last=observed(MONDAY + WEEK, 0.79))
    assert "DD 0.0% since the resume; breaker at 0.6320 BTC (20.0% below); record 1.0000" in told


def test_the_record_to_beat_is_the_highest_ever_told_or_not() -> None:
    """A high too small to be told is the one to beat after a resume as before it."""
    high = observed(MONDAY + 10 * HOUR, 1.005)
    tripped = [observed(MONDAY + (20 + hour) * HOUR, 0.79, halted=True, halt_reason="breaker") for hour in range(5)]
    resumed = [observed(MONDAY + (25 + hour) * HOUR, 0.79) for hour in range(143)]
    for given in ((high,), (high, *tripped, *resumed)):
        assert "record 1.0050;" in week(RULES, *given, last=observed(MONDAY + WEEK, 0.9))


def test_a_halted_bot_has_no_distance_to_its_breaker() -> None:
    """It has tripped."""
    halted = [observed(MONDAY + (20 + hour) * HOUR, 0.79, halted=True, halt_reason="breaker") for hour in range(148)]
    assert "breaker at" not in week(
        RULES, *halted, last=observed(MONDAY + WEEK, 0.79, halted=True, halt_reason="breaker")
    )


def test_since_the_start_is_told_against_holding() -> None:
    """Of the first week it is the same as the week; of the second it is more."""
    told = week(last=observed(MONDAY + WEEK, 1.1, price=0.033))
    assert "since the start +10.0%, holding +10.0%" in told


def test_a_week_tells_what_was_won_and_lost() -> None:
    """By round trips; what is sold in parts is one. A month tells of three and more also the best and the worst."""
    trades = [
        at_hour(30, "buy", "10", "0.03"),
        at_hour(31, "sell", "4", "0.031"),
        at_hour(32, "sell", "6", "0.032"),
        at_hour(40, "buy", "10", "0.03"),
        at_hour(41, "sell", "10", "0.029"),
    ]
    more = at_hour(50, "buy", "10", "0.03"), at_hour(51, "sell", "10", "0.03")
    assert "; 1 won, 1 lost: +0.0060 BTC; " in week(*trades)
    assert "; 1 won, 1 lost, 1 even: +0.0060 BTC; " in week(*trades, *more)
    end = observed(MONDAY + 30 * DAY)
    told = week(*trades, last=end, period="month")
    assert "2 trades closed, 1 won, 1 lost, result +0.0060 BTC; " in told
    assert "best trade" not in told
    told = week(*trades, *more, last=end, period="month")
    assert "3 trades closed, 1 won, 1 lost, 1 even, result +0.0060 BTC; " in told
    assert "best trade +0.0160 BTC (+5.3%), worst trade -0.0100 BTC (-3.3%)" in told


def test_a_sale_tells_the_round_trip_that_it_ends() -> None:
    """From where, for how long, and in all where it was sold in parts."""
    narrator = Narrator()
    narrator.take(observed(MONDAY))
    given = [at_hour(1, "buy", "10", "0.03"), at_hour(3, "sell", "4", "0.031"), at_hour(5, "sell", "6", "0.032")]
    lines = [event.line.split(" | ", 3)[-1] for each in given for event in narrator.take(each)]
    assert "entry" not in lines[1]
    assert lines[2].startswith("result +6.7% before fees (+0.0120 BTC); in all +5.3% before fees (+0.0160 BTC); ")
    assert "entry 0.03, exit 0.0316, held " in lines[2]


def test_a_quiet_line_tells_the_open_result() -> None:
    """What is held, at the last price against what it cost; nothing where the cost is not known."""
    narrator = Narrator(settings=StorySettings(detail="all", quiet=2 * HOUR))
    start = MONDAY
    narrator.take(observed(start))
    narrator.take(at_hour(1, "buy", "10", "0.03"))
    for position, told in ((10.0, "10 ETH; open result +10.0% (+0.0300 BTC) from 0.03; "), (20.0, "20 ETH; 2 bars")):
        first = int(position)
        hours = [observed(start + (first + hour) * HOUR, position=position, price=0.033) for hour in range(10)]
        quiet = [event.line for each in hours for event in narrator.take(each) if isinstance(event.facts, Quiet)]
        assert told in quiet[-1]


def test_days_that_read_alike_are_told_as_several() -> None:
    """The first of them by its name, the others by their number; of one day alone the name."""
    levels = (1.0, 1.02, 1.02, 1.0404, 1.0404, 1.01)
    days = [
        observed(MONDAY + (24 * day + hour) * HOUR, level) for day, level in enumerate(levels) for hour in range(1, 25)
    ]
    told = week(*days, last=observed(MONDAY + 30 * DAY, 1.01), period="month")
    assert "best days Tue 3 Dec and 1 more +2.0%, worst day Sat 7 Dec -2.9%" in told
