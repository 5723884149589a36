"""Each limit where it is just reached, and a hair beside it: what is told there."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY, HOUR
from livestory.story.account import Account
from livestory.story.detectors import ExposureDetector
from livestory.story.inputs import Begin, Fill, Flow, Input, Observation, PositionReading, Statement
from livestory.story.kinds.chapters import Quiet
from livestory.story.kinds.lately import Lately
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.money import BalanceExplained, CashFlow
from livestory.story.kinds.risk import Phoenix, SellStuck
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from tests.story.inputs import QUARTER, START, observations, told

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts

SETTINGS = StorySettings(half_way=0.5, drawdown_told=0.25, liquidation_near=0.1, implausible=4.0, ath_min_gain=0.5)
_BREAKER = Statement(START - 1, (Rules(breaker=0.5),))
_BEGUN = Begin(time=START - 1, own=True, wealth=1000.0)


def _halting(*wealths: float) -> list[Input]:
    """A bot with a breaker at -50%, of which a half is -25%."""
    return [_BREAKER, *observations(list(wealths), halted=False)]


def _held(quantity: str, *liquidations: str) -> list[Input]:
    """A position at a price of 1000, and its price of liquidation at each bar."""
    return [
        Observation(
            time=START + n * QUARTER,
            positions={
                "ETH/USDT:USDT": PositionReading(
                    quantity=Decimal(quantity), price=Decimal(1000), liquidation=Decimal(at)
                )
            },
        )
        for n, at in enumerate(liquidations)
    ]


def _stuck(*times: int) -> list[Input]:
    """A sale that is reported as stuck at these times."""
    return [Statement(START + time, (SellStuck(tries=3),)) for time in times]


def _earning(*results: int) -> list[Input]:
    """Trades of a bot whose wealth nobody tells."""
    sides = [each for result in results for each in (("buy", 5000), ("sell", 5000 + result))]
    return [
        Fill(time=START + n, side=side, quantity=Decimal(1), price=Decimal(price),
             symbol="SOL/USDT", fee=Decimal(0))
        for n, (side, price) in enumerate(sides)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("life", "kinds"),
    [
        (_halting(1.0, 0.75), ["halfway"]),
        (_halting(1.0, 0.7501), []),
        (_halting(1.0, 0.75, 0.875, 0.75), ["halfway"]),
        (_halting(1.0, 0.75, 0.8751, 0.75), ["halfway", "halfway"]),
        (_halting(1.0, 0.5), []),
        (_halting(1.0, 0.5001), ["halfway"]),
        (observations([1.0, 0.75]), ["drawdown"]),
        (observations([1.0, 0.7501]), []),
        (observations([1.0, 0.75, 1.0]), ["drawdown", "drawdown_over"]),
        (observations([1.0, 0.75, 0.9999]), ["drawdown"]),
        (observations([1.0, 1.5]), ["ath"]),
        (observations([1.0, 1.4999]), []),
        (_held("1", "900"), []),
        (_held("1", "900.1"), ["liquidation"]),
        (_held("1", "900.1", "875.1"), ["liquidation"]),
        (_held("1", "900.1", "875"), ["liquidation", "liquidation_over"]),
        (_held("-1", "1100"), []),
        (_held("-1", "1099.9"), ["liquidation"]),
        (_held("-1", "1099.9", "1125"), ["liquidation", "liquidation_over"]),
        (observations([1.0, 4.0]), ["reading_refused"]),
        (observations([1.0, 3.9999]), ["ath"]),
        (observations([4.0, 1.0]), ["reading_refused"]),
        (observations([4.0, 1.0001]), ["drawdown"]),
        (_stuck(0, HOUR - 1), ["sell_stuck"]),
        (_stuck(0, HOUR), ["sell_stuck", "sell_stuck"]),
        (_earning(100, -20, -20, -39), ["result_record", "result_drawdown"]),
        (_earning(100, -20, -20, -40), ["result_record", "result_drawdown"]),
        (_earning(100, -20, -20, -41), ["result_record", "result_drawdown", "result_drawdown"]),
        ([_BEGUN, *_earning(500)], ["result_record"]),
        ([_BEGUN, *_earning(499)], []),
        ([_BEGUN, *_earning(-250)], ["result_drawdown"]),
        ([_BEGUN, *_earning(-249)], []),
    ],
)  # fmt: skip
def test_what_a_limit_tells(life: list[Input], kinds: list[str]) -> None:
    """A limit that is reached counts; one that is to be passed does not."""
    events = told(Narrator("ETH/BTC", "BTC" if life[0] is not _BEGUN else "USDT", SETTINGS), life)
    ignored = {"told_in_part", "rules", "trade", "started"}
    assert [event.kind for event in events if event.kind not in ignored] == kinds


def test_a_sale_is_no_trouble_any_more_two_hours_after_it_was_told_as_stuck() -> None:
    """It would have been told again after one."""
    narrator = Narrator()
    told(narrator, _stuck(0))
    for later, troubles in ((2 * HOUR - 1, {"sell_stuck"}), (2 * HOUR, set())):
        told(narrator, [Observation(time=START + later, wealth=1.0)])
        assert narrator.troubles == troubles


def test_signs_of_life_come_ever_more_seldom_and_none_shortly_before_a_chapter() -> None:
    """After 1, 3, 7, 14 and 21 days without news; half a day before a week ends its line is near enough."""
    quiet, lately = Quiet(silence=DAY, bars=1), Lately(news=START)
    for days in (1, 3, 7, 14, 21):
        assert quiet.shows(START + days * DAY, lately, StorySettings())
        assert not quiet.shows(START + days * DAY - 1, lately, StorySettings())
        lately.signs += 1
    monday = START + 5 * DAY + 9 * HOUR
    lately = Lately(news=START)
    assert not quiet.shows(monday - 12 * HOUR, lately, StorySettings())
    assert quiet.shows(monday - 12 * HOUR - 1, lately, StorySettings())


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (Phoenix(sold_at=Decimal("0.05"), price=0.05), ["sold at 0.05, now 0.05: 0.0%"]),
        (Phoenix(sold_at=Decimal("0.05"), price=0.06), ["sold at 0.05, now 0.06: +20.0% not earned"]),
        (Phoenix(sold_at=Decimal("0.05"), price=0.04), ["sold at 0.05, now 0.04: -20.0% not lost"]),
        (BalanceExplained(difference=0.0, by="you"), ["by you", "no profit"]),
        (BalanceExplained(difference=-0.1, by="you"), ["by you", "no longer a loss"]),
    ],
)
def test_what_is_neither_more_nor_less_is_neither_in_words(facts: Facts, why: list[str]) -> None:
    """Neither earned nor lost."""
    assert [each for each in facts.why(START) if each] == why


def test_a_deposit_at_the_record_leaves_no_drawdown() -> None:
    """It stays that of before, and that was none."""
    narrator = Narrator()
    told(narrator, observations([1.0]))
    (event,) = narrator.take(Flow(time=START + 1, amount=1.0))
    assert isinstance(event.facts, CashFlow)
    assert event.facts.drawdown is None


@pytest.mark.parametrize(
    ("targets", "changes"),
    [
        ([0.0], []),
        ([0.0, 0.0625], []),
        ([0.0625], [0.0625]),
        ([0.5, 0.625], [0.5, 0.625]),
        ([0.5, 0.624], [0.5]),
        ([0.5, 0.56, 0.62, 0.63], [0.5, 0.63]),
        ([0.5, 0.375], [0.5, 0.375]),
        ([0.0625, 0.0], [0.0625, 0.0]),
        ([0.0625, 0.0, 0.0625], [0.0625, 0.0]),
        ([0.0625, 0.0, 0.125], [0.0625, 0.0, 0.125]),
    ],
)
def test_an_exposure_is_told_from_a_least_change_on_and_always_when_it_goes_to_nothing(
    targets: list[float], changes: list[float]
) -> None:
    """The least is from the last one told; the first is told whatever it is, unless it is nothing."""
    detector, account = ExposureDetector(), Account("ETH/BTC", "BTC", StorySettings(exposure_told=0.125))
    seen = [Observation(time=START + n * QUARTER, target_weight=target) for n, target in enumerate(targets)]
    assert [change.after for one in seen for change in detector.observe(one, account)] == changes
