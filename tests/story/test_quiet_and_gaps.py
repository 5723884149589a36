"""Signs of life, missing bars, trades put off, rules, and what a bot does not report."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from livestory.clock import DAY, HOUR
from livestory.story.inputs import Begin, End, Observation, RegimeCheck, Skip, Statement
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.telling import Note
from livestory.story.narrator import Narrator
from livestory.story.reason import Reason
from livestory.story.settings import StorySettings
from tests.story.inputs import QUARTER, RULES, START, at, fill, kinds, lines, observations, told


def test_twelve_hours_without_news_are_a_sign_of_life() -> None:
    """The day's chapter at midnight was the last; bars and reasons are counted from there."""
    narrator = Narrator(settings=StorySettings(detail="all"))
    reasons = [Reason("no_dip", -0.01 - n / 10_000, -0.025, 0.03, "12h") for n in range(98)]
    seen = [
        Observation(time=START + n * QUARTER, wealth=1.0, price=0.03, halted=False, regime="TREND", position=0.0,
                    weight=0.0, no_trade_reason=reason)
        for n, reason in enumerate(reasons)
    ]  # fmt: skip
    quiet = [line for line in lines(narrator, *seen) if "Quiet" in line]
    assert quiet == [
        (
            "🤫 Quiet | 12h without news | trading; all in BTC; 48 bars read, no trade: no dip to buy (nearest 1.8% "
            "under its 12h average, buys from 2.5%); price 0.03"
        ),
    ]


def _quiet_at(narrator: Narrator, hours: int) -> list[int]:
    found = []
    for hour in range(1, hours + 1):
        events = narrator.take(Observation(time=at("2024-12-03 00:30:00") + hour * HOUR, price=0.03))
        found += [hour for event in events if event.kind == "quiet"]
    return found


def test_news_begin_the_silence_anew_and_a_restart_does_not() -> None:
    """A bot's comings and goings are not what its owner waits for."""
    start = at("2024-12-03 00:30:00")
    still, restarted, news = Narrator(), Narrator(), Narrator()
    assert _quiet_at(still, 20) == [13]
    for narrator in (restarted, news):
        narrator.take(Observation(time=start, price=0.03))
    restarted.take(Begin(time=start))
    assert _quiet_at(restarted, 6) == []
    restarted.take(End(time=start + 6 * HOUR, by="you"))
    restarted.take(Begin(time=start + 6 * HOUR, missed_bars=0))
    assert [h for h in _quiet_at(restarted, 20) if h] == [12]
    assert _quiet_at(news, 5) == []
    news.take(RegimeCheck(start + 5 * HOUR, 40, 25))
    assert _quiet_at(news, 20) == [17]


@pytest.mark.parametrize("stamp", ["1971-01-01 00:00:00", "2099-01-01 00:00:00"])
def test_a_callers_own_timestamp_neither_breaks_nor_ends_the_silence(stamp: str) -> None:
    """A note of long ago or of the far future is told as given; the next sign of life comes within twelve hours."""
    narrator = Narrator()
    narrator.take(Observation(time=at("2024-12-03 00:30:00"), price=0.03))
    narrator.take(Statement(at(stamp), (Note(text="then"),)))
    assert len(_quiet_at(narrator, 14)) == 1


def test_quiet_can_be_switched_off() -> None:
    """A silence of 0 is none."""
    assert _quiet_at(Narrator(settings=StorySettings(quiet=0)), 40) == []


@pytest.mark.parametrize(
    ("late", "line"),
    [
        (0, None),
        (7, None),
        (25, "🕳️ Data Gap | 2 bars missing | due 15:15 to 15:30; price 0.03 → 0.03; nothing was decided meanwhile"),
        (15, "🕳️ Data Gap | 1 bar missing | due 15:15; price 0.03 → 0.03; nothing was decided meanwhile"),
        (60, "🕳️ Data Gap | 4 bars missing | due 15:15 to 16:00; price 0.03 → 0.03; nothing was decided meanwhile"),
    ],
)
def test_missing_bars_are_one_line(late: int, line: str | None) -> None:
    """Where the bot says when the next one is due; a little late is not missing."""
    narrator = Narrator()
    first, minutes = START, late * 60_000_000
    narrator.take(Observation(time=first, price=0.03, next_due=first + QUARTER))
    later = first + QUARTER + minutes
    found = lines(narrator, Observation(time=later, price=0.03, next_due=later + QUARTER))
    assert found == ([line] if line else [])


@pytest.mark.parametrize("shift", [0, -1, -QUARTER])
def test_a_next_observation_due_now_or_earlier_is_no_date(shift: int) -> None:
    """It divides nothing by zero and tells no gap."""
    narrator = Narrator()
    for n in range(4):
        time = START + n * QUARTER
        assert "gap" not in kinds(narrator, Observation(time=time, price=0.03, next_due=time + shift))


def test_what_a_bot_does_not_report_is_told_once() -> None:
    """At the first observation."""
    story = lines(Narrator(), *observations([1.0, 1.001, 1.002], regime="TREND", halted=False))
    assert story[1:] == ["ℹ️ Told in Part | no price | so the story tells nothing of what holding would have made"]


def _skip(n: int, key: str, **fields: Any) -> Skip:
    return Skip(time=START + n * QUARTER, reason=Reason(key), **fields)


def _kinds_of(narrator: Narrator, *skips: Skip) -> list[str]:
    return [event.line.partition(" | ")[2] for skip in skips for event in narrator.take(skip)]


def test_a_trade_put_off_is_told_once_and_its_end_stands_in_the_fill() -> None:
    """However often the bot tries, and in whatever order its reasons come."""
    narrator = Narrator()
    skips = [_skip(n, key, side="buy", quantity=Decimal(1)) for n, key in enumerate(["a", "b", "a", "b", "a"])]
    assert _kinds_of(narrator, *skips) == [
        "⏸️ Buy Put Off | 1 ETH wanted | a; told once until something is traded",
        "⏸️ Buy Put Off | 1 ETH wanted | b; told once until something is traded",
    ]
    (trade,) = narrator.take(fill("buy", 1, "0.03", time=START + HOUR))
    assert "| put off 1h" in trade.line
    assert len(_kinds_of(narrator, _skip(9, "a", side="buy"))) == 1


def test_a_put_off_buy_of_one_pair_has_nothing_to_do_with_a_sale_or_with_another_pair() -> None:
    """The words are only said of the trade that was put off."""
    narrator = Narrator()
    _kinds_of(narrator, _skip(0, "a", side="buy"))
    (other,) = narrator.take(fill("buy", 1, "0.5", symbol="SOL/BTC", time=START + HOUR))
    (sale,) = narrator.take(fill("sell", 1, "0.03", time=START + HOUR))
    assert "put off" not in other.line + sale.line


def test_reasons_in_a_callers_own_words_are_told_apart() -> None:
    """They have no key."""
    narrator = Narrator()
    texts = ["no funds", "no net", "no funds"]
    words = [Skip(time=START + n, reason=Reason("", text=text)) for n, text in enumerate(texts)]
    assert len(_kinds_of(narrator, *words)) == 2


def test_a_bot_whose_every_reason_reads_differently_fills_no_memory() -> None:
    """What is remembered is bounded; what is told, too."""
    narrator = Narrator()
    words = [Skip(time=START + n, reason=Reason("", text=f"needs 0.{n}")) for n in range(1000)]
    assert len(_kinds_of(narrator, *words)) == 20
    seen = [Observation(time=START + n, no_trade_reason=Reason(f"reason {n}")) for n in range(1, 1000)]
    lines(narrator, *seen)
    assert len(narrator.save()) < 5000


def test_rules_are_told_at_first_and_then_only_what_changed() -> None:
    """The same rules again are no news."""
    narrator = Narrator()
    changed = Rules(breaker=0.06, cooldown=2 * DAY, resume_score=30.0, daily_loss=0.0, hysteresis=2.0, strategy="meta")
    story = [
        event.line.partition(" | ")[2] for n, rules in enumerate([RULES, RULES, changed, changed])
        for event in narrator.take(Statement(START + n, (rules,)))
    ]  # fmt: skip
    assert story == [
        (
            "📜 Rules | breaker: -20.0% | "
            "then sells all, waits 2h and for score ≥ 30; daily loss limit -3.0%; times are UTC"
        ),
        "📜 Rules Changed | breaker: -20.0% → -6.0% | wait 2h → 2d; daily loss limit -3.0% → off",
    ]


def test_observations_out_of_order_are_ignored_and_counted() -> None:
    """The instant of the last one says so to the caller."""
    narrator = Narrator()
    narrator.take(Observation(time=START, wealth=1.0))
    assert narrator.take(Observation(time=START, wealth=9.0)) == ()
    assert narrator.take(Observation(time=START - QUARTER, wealth=5.0)) == ()
    assert narrator.last_observed == START
    assert narrator.seen_before == 2
    assert narrator.account.wealth == 1.0
    assert told(narrator, [Observation(time=START + 1, wealth=1.0)]) == []
