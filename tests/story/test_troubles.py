"""Troubles that the bot reports: each told once however often it is reported, with its end, and never an end alone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import DAY, HOUR, MINUTE, SECOND
from livestory.story.inputs import Begin, Flow, Observation, Statement
from livestory.story.kinds.exchange import (
    CandlesBack,
    CandlesRefused,
    ExchangeBack,
    ExchangeDown,
    ForeignOrders,
    OrderClear,
    OrderUnknown,
)
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained
from livestory.story.kinds.risk import Halted, SellStuck, Unhalted
from livestory.story.narrator import Narrator
from tests.story.inputs import QUARTER, START, fill, kinds, lines, observations

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts

_ORDER: dict[str, Any] = {"side": "buy", "quantity": Decimal("10.5"), "base": "ETH"}
_PAIRS: tuple[tuple[Facts, Facts, str], ...] = (
    (ExchangeDown(exchange="binance"), ExchangeBack(exchange="binance"), "down"),
    (OrderUnknown(**_ORDER, order_id="a"), OrderClear(**_ORDER, outcome="absent", order_id="a"), "unknown_for"),
    (CandlesRefused(problem="stale"), CandlesBack(), "lasted"),
    (Halted(reason="owner", cancelled=0), Unhalted(reason="owner"), "halted"),
    (Halted(reason="journal", cancelled=0), Unhalted(reason="journal"), "halted"),
)


def _tell(narrator: Narrator, time: int, *facts: Facts) -> list[str]:
    return [event.kind for event in narrator.take(Statement(time, (*facts,)))]


@pytest.mark.parametrize(("trouble", "end", "lasted"), _PAIRS)
def test_a_trouble_is_told_once_and_its_end_says_how_long_it_lasted(trouble: Facts, end: Facts, lasted: str) -> None:
    """However often it is reported; restarts in between change nothing; afterwards it may come again."""
    narrator = Narrator()
    first, again = type(trouble).__struct_config__.tag, type(end).__struct_config__.tag
    assert _tell(narrator, START, end) == []
    assert _tell(narrator, START, trouble) == [first]
    saved = narrator.save()
    narrator = Narrator()
    narrator.restore(saved)
    assert _tell(narrator, START + MINUTE, trouble, trouble) == []
    (over,) = narrator.take(Statement(START + HOUR, (end,)))
    assert getattr(over.facts, lasted) == HOUR
    assert _tell(narrator, START + HOUR, end) == []
    assert _tell(narrator, START + 2 * HOUR, trouble) == [first]
    assert _tell(narrator, START + 3 * HOUR, end) == [again]


def test_the_exchange_is_down_since_it_was_asked_in_vain_first() -> None:
    """Not since it was told; and what the bot itself measured is told as it stands."""
    narrator = Narrator()
    narrator.take(Statement(START, (ExchangeDown(since=START - 12 * SECOND),)))
    (back,) = narrator.take(Statement(START + 48 * SECOND, (ExchangeBack(),)))
    assert back.line.endswith("🔌 Exchange Back | down 1m")
    narrator.take(Statement(START, (ExchangeDown(since=START - 12 * SECOND),)))
    (back,) = narrator.take(Statement(START + HOUR, (ExchangeBack(down=2 * HOUR),)))
    assert back.line.endswith("down 2h")


@pytest.mark.parametrize(
    ("downs", "missed", "told"),
    [
        ([], None, "gap"),
        ([ExchangeDown()], None, ""),
        ([ExchangeDown()], 3, ""),
        ([ExchangeDown()], 0, "gap"),
    ],
)
def test_bars_that_an_outage_took_are_told_with_its_end_and_not_as_a_gap_as_well(
    downs: list[Facts], missed: int | None, told: str
) -> None:
    """But a gap that no told outage explains is one, and so is one where the exchange says that no bar was missed."""
    narrator, later = Narrator(), START + 4 * QUARTER
    narrator.take(Observation(time=START, price=0.03, next_due=START + QUARTER))
    narrator.take(Statement(START + QUARTER, (*downs,)))
    assert len(narrator.take(Statement(later, (ExchangeBack(missed_bars=missed),)))) == len(downs)
    narrator.restore(narrator.save())
    observed = Observation(time=later, price=0.03, next_due=later + QUARTER)
    assert ("gap" if "gap" in kinds(narrator, observed) else "") == told
    skipped = Observation(time=later + 3 * QUARTER, price=0.03, next_due=later + 4 * QUARTER)
    assert "gap" in kinds(narrator, skipped)


def test_two_exchanges_and_two_orders_are_two_troubles() -> None:
    """The end of the one is not the end of the other."""
    narrator = Narrator()
    assert (
        len(
            narrator.take(
                Statement(
                    START,
                    (
                        ExchangeDown(exchange="a"),
                        ExchangeDown(exchange="b"),
                    ),
                )
            )
        )
        == 2
    )
    assert _tell(narrator, START + HOUR, ExchangeBack(exchange="b"), ExchangeBack(exchange="b")) == ["exchange_back"]
    unknown = [OrderUnknown(**_ORDER, order_id=name) for name in "ab"]
    assert _tell(narrator, START, *unknown, *unknown) == ["order_unknown"] * 2


def test_the_fill_of_an_unknown_order_is_the_end_of_not_knowing() -> None:
    """Its line says that it was found; no second end is told."""
    narrator = Narrator()
    narrator.take(Statement(START, (OrderUnknown(**_ORDER, order_id="ls-1"),)))
    (bought,) = narrator.take(
        fill("buy", "10.5", "0.0294", time=START + HOUR, trade_id="ls-1", found="asked", filled_at=START + SECOND)
    )
    assert "found: filled 15:00:01, bought once" in bought.line
    assert _tell(narrator, START, OrderClear(**_ORDER, outcome="absent", order_id="ls-1")) == []


def test_a_stuck_sale_is_told_again_each_hour_until_something_is_sold() -> None:
    """It is the one trouble that needs the owner at once."""
    narrator = Narrator()
    stuck = SellStuck(position=21.0, base="ETH")
    told = [minute for minute in range(0, 180, 5) if narrator.take(Statement(START + minute * MINUTE, (stuck,)))]
    assert told == [0, 60, 120]
    narrator.take(fill("buy", 1, "0.03", time=START + 3 * HOUR))
    assert narrator.take(Statement(START + 2 * HOUR + 59 * MINUTE, (stuck,))) == ()
    narrator.take(fill("sell", 1, "0.03", time=START + 3 * HOUR))
    assert _tell(narrator, START + 2 * HOUR + 59 * MINUTE, stuck) == ["sell_stuck"]


def test_foreign_orders_are_told_when_their_number_changes() -> None:
    """None at all is no news until there were some."""
    narrator = Narrator()
    counts = [
        count for count in (0, 2, 2, 3, 0, 0, 2) if narrator.take(Statement(START, (ForeignOrders(count=count),)))
    ]
    assert counts == [2, 3, 0, 2]


def _halted(time: int, reason: str | None, *, halted: bool = True, wealth: float = 1.0) -> Observation:
    return Observation(time=time, wealth=wealth, halted=halted, halt_reason=reason)


def test_a_halt_that_was_told_at_once_is_not_told_again_at_the_next_bar() -> None:
    """Nor is its end: the observations agree with what the bot told of itself."""
    narrator = Narrator()
    assert kinds(narrator, _halted(START, None, halted=False)) == []
    assert _tell(narrator, START + MINUTE, Halted(reason="owner", cancelled=1)) == ["halted"]
    assert kinds(narrator, *(_halted(START + n * QUARTER, "owner") for n in (1, 2))) == []
    assert _tell(narrator, START + 31 * MINUTE, Unhalted(reason="owner", bars=2)) == ["unhalted"]
    assert kinds(narrator, _halted(START + 3 * QUARTER, None, halted=False)) == []


def test_a_breaker_that_trips_while_the_owner_halts_is_told_with_its_phoenix() -> None:
    """And an owner who halts during the breaker's halt does not end it: the Phoenix comes when both are over."""
    narrator = Narrator()
    lines(narrator, *observations([1.0]))
    narrator.take(Statement(START, (Halted(reason="owner", cancelled=0),)))
    steps = [(1, "owner"), (2, "breaker"), (3, "breaker"), (4, "owner"), (5, "owner")]
    told = [kinds(narrator, _halted(START + n * QUARTER, reason, wealth=0.8)) for n, reason in steps]
    assert told == [[], ["breaker"], [], [], []]
    narrator.take(Statement(START + 6 * QUARTER, (Unhalted(reason="owner"),)))
    assert kinds(narrator, _halted(START + 6 * QUARTER, None, halted=False, wealth=0.8)) == ["phoenix"]
    assert narrator.account.drawdown == 0.0  # it counts from the resume


def _differ(difference: float, wealth: float) -> BalanceDiffers:
    return BalanceDiffers(difference=difference, wealth=wealth, expected=wealth - difference, unit="BTC")


def test_an_unexplained_increase_makes_no_record() -> None:
    """Wealth doubles, and nothing is told of a record; a true gain afterwards is one."""
    narrator = Narrator()
    lines(narrator, *observations([1.0]))
    narrator.take(Statement(START + QUARTER - 1, (_differ(1.0, 2.0),)))
    assert kinds(narrator, Observation(time=START + QUARTER, wealth=2.0)) == []
    narrator.take(Flow(time=START + QUARTER + 1, amount=1.0, source="history", counted=True))
    assert kinds(narrator, Observation(time=START + 2 * QUARTER, wealth=2.0)) == []
    assert kinds(narrator, Observation(time=START + 3 * QUARTER, wealth=2.1)) == ["ath"]


def test_an_increase_that_is_gone_again_was_neither_gain_nor_loss() -> None:
    """The exchange had counted wrongly: the drawdown stays nothing."""
    narrator = Narrator()
    lines(narrator, *observations([1.0]))
    narrator.take(Statement(START + QUARTER - 1, (_differ(1.0, 2.0),)))
    lines(narrator, Observation(time=START + QUARTER, wealth=2.0))
    assert _tell(narrator, START + QUARTER + 1, BalanceExplained(difference=1.0, unit="BTC", by="gone")) == [
        "balance_explained"
    ]
    lines(narrator, Observation(time=START + 2 * QUARTER, wealth=1.0))
    assert narrator.account.drawdown == pytest.approx(0.0)


def test_an_unexplained_decrease_is_a_loss_until_it_is_explained() -> None:
    """Then the drawdown is what it would have been had it been known at once, whatever the market did meanwhile."""
    narrator = Narrator()
    lines(narrator, *observations([1.0]))
    narrator.take(Statement(START + QUARTER - 1, (_differ(-0.4, 0.6),)))
    lines(narrator, Observation(time=START + QUARTER, wealth=0.6))
    assert narrator.account.drawdown == pytest.approx(-0.4)
    lines(narrator, Observation(time=START + 2 * QUARTER, wealth=0.54))
    (told,) = narrator.take(Flow(time=START + 2 * QUARTER + 1, amount=-0.4, source="history", counted=True))
    assert _tell(narrator, told.time, BalanceExplained(difference=-0.4, unit="BTC", by="history")) == [
        "balance_explained"
    ]
    lines(narrator, Observation(time=START + 3 * QUARTER, wealth=0.54))
    assert narrator.account.drawdown == pytest.approx(-0.1)


def test_a_return_says_live_what_was_found_and_that_the_wealth_agrees() -> None:
    """The wealth that the journal expects may be the bot's own reckoning, with the fills that it found."""
    narrator = Narrator()
    narrator.take(Begin(time=START, mode="live", wealth=1.0))
    lines(narrator, *observations([1.0]))
    (back,) = narrator.take(
        Begin(time=START + DAY, mode="live", wealth=0.9, expected=0.9, fills_found=2, missed_bars=96)
    )
    assert back.line.endswith("LIVE; no goodbye at Tue 15:00: killed, or the machine restarted; 96 bars missed and "
                              "read; 2 fills found, below; 0.9000 BTC agrees with them")  # fmt: skip


def test_paper_is_not_called_by_its_mode_at_each_return() -> None:
    """Only where orders leave the machine is it worth a word."""
    narrator = Narrator()
    narrator.take(Begin(time=START, mode="paper"))
    (back,) = narrator.take(Begin(time=START + DAY, mode="paper", missed_bars=0))
    assert "PAPER" not in back.line
