"""The executor, bar by bar, with a scripted strategy."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from livestory.clock import DAY, HOUR
from livestory.story.inputs import Begin, Fill, Observation
from livestory.story.kinds.lifecycle import Rules
from livestory.trading.exchange.paper import PaperSettings
from livestory.trading.risk import RiskSettings
from tests.trading.rehearsal import (
    FRICTIONLESS,
    MIDNIGHT,
    QUARTER,
    RecordingStory,
    bar_at,
    bars_of,
    scripted,
    wish,
)

if TYPE_CHECKING:
    from livestory.trading.strategy.choice import Choice


def test_a_wish_is_told_first_and_filled_at_the_open_of_the_next_bar() -> None:
    """Decided at the close of the first bar, filled at the open of the second, with what both knew."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.5, step=1)])
    executor.process(bar_at(0, 0.05, 0.05))
    assert story.fills == []
    executor.process(bar_at(1, 0.0625, 0.0625))
    (fill,) = story.fills
    assert fill.time == MIDNIGHT + QUARTER
    assert (fill.side, fill.quantity, fill.price) == ("buy", Decimal("10.0"), Decimal("0.0625"))
    assert fill.reference == Decimal("0.05")
    assert (fill.reason, fill.step) == (wish(0.5).reason, 1)
    assert fill.weight_before == 0.0
    assert fill.weight_after == pytest.approx(0.625)
    assert [type(told) for told in story.told[2:]] == [Observation, Fill, Observation]


def test_the_story_begins_at_the_first_open_and_names_the_rules() -> None:
    """Before anything else, in this order; a rule that is off is 0."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.0)])
    executor.process(bar_at(0, 0.05, 0.06))
    rules = story.told[1]
    assert isinstance(rules, Rules)
    assert story.told[:2] == [
        Begin(
            time=MIDNIGHT,
            mode="paper",
            interval=QUARTER,
            wealth=1.0,
            position=0.0,
            cash=1.0,
            price=0.05,
        ),
        Rules(
            breaker=0.2,
            cooldown=7 * DAY,
            resume_score=30.0,
            daily_loss=0.0,
            max_weight=0.97,
            threshold=25.0,
            hysteresis=7.0,
            strategy="meta",
            step=0.33,
            fee=0,
            settings=rules.settings,
        ),
    ]
    assert rules.settings["strategy.trend.fast"] == "20h"


def test_every_bar_is_observed_at_its_end() -> None:
    """With the wealth at its close and when the next one is due."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.5), wish(0.5, 26.0)])
    for bar in bars_of([0.05, 0.05, 0.06]):
        executor.process(bar)
    seen = story.observations[-1]
    assert seen.time == MIDNIGHT + 3 * QUARTER
    assert seen.next_due == MIDNIGHT + 4 * QUARTER
    assert seen.wealth == pytest.approx(1.1)
    assert (seen.price, seen.position) == (0.06, 10.0)
    assert seen.weight == pytest.approx(0.6 / 1.1)
    assert (seen.regime, seen.score, seen.threshold, seen.target_weight) == ("MEAN_REV", 26.0, 25.0, 0.5)
    assert (seen.drawdown, seen.halted) == (0.0, False)
    assert seen.day_return == pytest.approx(0.1)


def test_a_bar_without_a_trade_says_why_and_one_with_a_trade_does_not() -> None:
    """The rebalance rules' reason, or none."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.5)])
    for bar in bars_of([0.05, 0.05]):
        executor.process(bar)
    traded, kept = (observation.no_trade_reason for observation in story.observations)
    assert traded is None
    assert kept is not None
    assert kept.key == "scripted"


def test_a_trip_is_told_before_its_sale_and_phoenix_buys_again() -> None:
    """Selling, then done; no buy while halted although the strategy wants one; then it trades on."""
    story = RecordingStory()
    rules = RiskSettings(cooldown=HOUR, max_weight=1.0)
    executor = scripted(story, [wish(0.9, 20.0)] * 6 + [wish(0.9, 40.0)], rules)
    for bar in bars_of([0.05, 0.05, 0.038, 0.038, 0.038, 0.038, 0.038, 0.038]):
        executor.process(bar)
    halts = [observation.halted for observation in story.observations]
    assert halts == [False, False, True, True, True, True, False, False]
    trip = story.observations[2]
    assert trip.no_trade_reason is None  # it sells
    assert trip.drawdown == pytest.approx(-0.216)
    assert (trip.halt_reason, trip.resume_at, trip.target_weight) == ("breaker", trip.time + HOUR, 0.0)
    bought, sold, again = story.fills
    assert sold.reason is not None
    assert (bought.side, sold.side, sold.reason.key, again.side) == ("buy", "sell", "breaker", "buy")
    assert sold.time == trip.time
    assert story.told.index(sold) == story.told.index(trip) + 1
    waiting = story.observations[3]
    assert waiting.position == 0.0
    assert waiting.no_trade_reason is not None
    assert waiting.no_trade_reason.key == "halted"


def test_the_daily_loss_limit_keeps_a_buy_back_and_says_so() -> None:
    """Refused by risk: a reason, and no skip, for nothing outside put it off."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.5), wish(0.5), wish(0.9)], RiskSettings(daily_loss=0.03))
    for bar in bars_of([0.05, 0.05, 0.046, 0.046]):
        executor.process(bar)
    refused = story.observations[2]
    assert refused.daily_loss_hit
    assert refused.no_trade_reason is not None
    assert refused.no_trade_reason.key == "daily_loss"
    assert len(story.fills) == 1
    assert story.skips == []


def test_a_target_above_the_greatest_weight_is_cut_down_to_it() -> None:
    """Everything is wanted, three quarters are bought."""
    story = RecordingStory()
    executor = scripted(story, [wish(1.0)], RiskSettings(max_weight=0.75))
    for bar in bars_of([0.05, 0.05, 0.05]):
        executor.process(bar)
    assert story.observations[-1].weight == 0.75
    assert len(story.fills) == 1


def test_a_trade_that_the_exchange_would_not_take_is_told_as_put_off_once() -> None:
    """Every bar has the reason, the story has one skip; after a trade the next one is news again."""
    story = RecordingStory()
    paper = structs.replace(FRICTIONLESS, min_notional=0.2)
    executor = scripted(story, [wish(0.1)] * 3 + [wish(0.5), wish(0.6), wish(0.6)], paper=paper)
    for bar in bars_of([0.05] * 6):
        executor.process(bar)
    reasons = [observation.no_trade_reason for observation in story.observations]
    assert [reason and reason.key for reason in reasons] == ["min_notional"] * 3 + [None] + ["min_notional"] * 2
    assert [(skip.time, skip.side, skip.reason.key) for skip in story.skips] == [
        (MIDNIGHT + QUARTER, "buy", "min_notional"),
        (MIDNIGHT + 5 * QUARTER, "buy", "min_notional"),
    ]


def test_a_buy_that_the_money_no_longer_reaches_is_told_in_part() -> None:
    """The price doubled over a gap: what was wanted stands beside what was filled."""
    story = RecordingStory()
    executor = scripted(story, [wish(1.0)], RiskSettings(max_weight=1.0))
    executor.process(bar_at(0, 0.05, 0.05))
    executor.process(bar_at(1, 0.1, 0.1))
    (fill,) = story.fills
    assert (fill.quantity, fill.wanted) == (Decimal(10), Decimal(20))
    assert not executor.state.orders


def test_missing_bars_invent_nothing_and_the_order_fills_at_the_next_bar_there_is() -> None:
    """Two bars heard, two observations, a fill at the open of the second."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.5)])
    executor.process(bar_at(0, 0.05, 0.05))
    executor.process(bar_at(7, 0.05, 0.05))
    assert [seen.time for seen in story.observations] == [MIDNIGHT + QUARTER, MIDNIGHT + 8 * QUARTER]
    assert [fill.time for fill in story.fills] == [MIDNIGHT + 7 * QUARTER]


def test_a_bar_heard_before_and_one_out_of_order_change_nothing() -> None:
    """Story and state stay as they were."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.5)])
    bars = bars_of([0.05, 0.06, 0.07])
    for bar in bars:
        executor.process(bar)
    told = list(story.told)
    for bar in (bars[2], bars[0]):
        executor.process(bar)
    assert story.told == told
    assert executor.state.summary.bars == 3


def test_the_same_bars_make_the_same_trades_under_the_same_ids() -> None:
    """Nothing about an order is random."""
    stories = RecordingStory(), RecordingStory()
    for story in stories:
        executor = scripted(story, [wish(0.5), wish(0.5), wish(0.0)], paper=PaperSettings())
        for bar in bars_of([0.05, 0.06, 0.055, 0.05]):
            executor.process(bar)
    assert stories[0].told == stories[1].told
    assert [fill.trade_id for fill in stories[0].fills] == [
        f"ls-99658c57-{MIDNIGHT + number * QUARTER}-{leg}-1" for number, leg in ((1, "b"), (3, "s"))
    ]


@pytest.mark.parametrize(("kind", "threshold"), [("meta", 25.0), ("trend", None), ("mean_reversion", None)])
def test_a_threshold_that_nothing_uses_is_not_told(kind: Choice, threshold: float | None) -> None:
    """By the rules and by the observations, which the page and the metrics show."""
    story = RecordingStory()
    scripted(story, [wish(0.0)], kind=kind).process(bar_at(0, 0.05, 0.06))
    told = [each.threshold for each in story.told if isinstance(each, Rules | Observation)]
    assert told == [threshold, threshold]


def test_the_summary_counts_what_happened() -> None:
    """Bars, trades, fees, wealth, the deepest drawdown."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.5), wish(0.5), wish(0.0)], paper=structs.replace(FRICTIONLESS, fee=0.01))
    for bar in bars_of([0.05, 0.05, 0.045, 0.045, 0.06]):
        executor.process(bar)
    summary = executor.state.summary
    assert (summary.bars, summary.buys, summary.sells) == (5, 1, 1)
    assert (summary.first_time, summary.last_time) == (MIDNIGHT, MIDNIGHT + 5 * QUARTER)
    assert summary.fees == Decimal("0.005") + Decimal("0.0045")
    assert summary.first_wealth == pytest.approx(1.0)
    assert summary.wealth == pytest.approx(1.0 - 0.05 - 0.0095)
    assert summary.max_drawdown == pytest.approx(-0.0595)


def test_the_cooldown_counts_from_the_bar_that_decided_the_last_trade() -> None:
    """With a cooldown of three bars the second wish waits for the third bar after the first."""
    story = RecordingStory()
    executor = scripted(story, [wish(0.3), wish(0.6)])
    rules = structs.replace(executor.state.settings.rebalance, cooldown=3)
    executor.state.settings = structs.replace(executor.state.settings, rebalance=rules)
    for bar in bars_of([0.05] * 5):
        executor.process(bar)
    reasons = [observation.no_trade_reason for observation in story.observations]
    assert [reason and reason.key for reason in reasons] == [None, "cooldown", "cooldown", None, "small_change"]


def test_a_buy_with_all_the_money_leaves_enough_for_its_fee() -> None:
    """Everything is wanted; what is ordered can be paid, fee included, and is filled whole."""
    story = RecordingStory()
    paper = structs.replace(FRICTIONLESS, fee=0.01)
    executor = scripted(story, [wish(1.0)], RiskSettings(max_weight=1.0), paper)
    for bar in bars_of([0.05, 0.05]):
        executor.process(bar)
    (fill,) = story.fills
    assert (fill.quantity, fill.wanted) == (Decimal("19.8019"), None)
