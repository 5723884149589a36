"""Days, weeks, months and years that end, seen or unseen."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import DAY, HOUR
from livestory.story.inputs import Observation
from livestory.story.kinds.chapters import Chapter
from livestory.story.narrator import Narrator
from livestory.story.unit_value import fall_from
from tests.story.inputs import QUARTER, at, fill


def chapters(narrator: Narrator, first: str, last: str, every: int = HOUR, **fields: Any) -> list[tuple[str, str]]:
    """The time and the headline of the chapters told between two instants."""
    found = []
    for time in range(at(first), at(last) + 1, every):
        events = narrator.take(Observation(time=time, wealth=1.0, price=0.03, **fields))
        found += [event.line.split(" | ")[:2] for event in events if event.kind == "chapter"]
    return [(stamp, headline) for stamp, headline in found]


def facts(narrator: Narrator, *seen: Observation) -> list[Chapter]:
    """The chapters that observations bring."""
    events = [event.facts for one in seen for event in narrator.take(one)]
    return [facts for facts in events if isinstance(facts, Chapter)]


def test_a_day_ends_with_the_observation_at_midnight() -> None:
    """(00:00, next 00:00]."""
    assert chapters(Narrator(), "2024-12-03 15:00", "2024-12-05 00:00", QUARTER) == [
        ("2024-12-04 00:00:00", "📖 Day: Tue 3 Dec"),
        ("2024-12-05 00:00:00", "📖 Day: Wed 4 Dec"),
    ]


def test_a_story_begun_at_midnight_begins_with_the_new_day() -> None:
    """Not with the last instant of the old one."""
    found = chapters(Narrator(), "2024-12-03 00:00", "2024-12-04 00:00")
    assert found == [("2024-12-04 00:00:00", "📖 Day: Tue 3 Dec")]


def test_weeks_end_on_monday_months_on_the_first_years_on_new_year() -> None:
    """In one breath where they coincide: 1 January 2024 was a Monday."""
    assert chapters(Narrator(), "2023-12-31 12:00", "2024-01-01 01:00") == [
        ("2024-01-01 00:00:00", "📖 Day: Sun 31 Dec"),
        ("2024-01-01 00:00:00", "📚 Week 52"),
        ("2024-01-01 00:00:00", "📚 Month: December 2023"),
        ("2024-01-01 00:00:00", "📚 Year 2023"),
    ]


def test_a_leap_day_is_a_day_of_february() -> None:
    """2024 has one, 2025 has none."""
    leap = chapters(Narrator(), "2024-02-28 12:00", "2024-03-01 00:00")
    assert [headline for _, headline in leap] == ["📖 Day: Wed 28 Feb", "📖 Day: Thu 29 Feb", "📚 Month: February 2024"]
    plain = chapters(Narrator(), "2025-02-28 12:00", "2025-03-01 00:00")
    assert [headline for _, headline in plain] == ["📖 Day: Fri 28 Feb", "📚 Month: February 2025"]


@pytest.mark.parametrize(("first", "week"), [("2024-12-30", "1"), ("2020-12-28", "53"), ("2021-01-04", "1")])
def test_weeks_are_numbered_by_iso_8601(first: str, week: str) -> None:
    """The week of 30 December 2024 is the first of 2025; 2020 had 53."""
    end = at(first) + 7 * DAY
    seen = [Observation(time=time, wealth=1.0) for time in range(at(first), end + 1, 6 * HOUR)]
    narrator = Narrator()
    told = [event.line for one in seen for event in narrator.take(one)]
    assert [line for line in told if f"| 📚 Week {week} |" in line]


def test_a_chapter_that_ended_unseen_is_told_late_with_its_time() -> None:
    """The bot was down over the boundary; the next chapter says from where it counts."""
    narrator = Narrator()
    narrator.take(Observation(time=at("2024-12-03 15:00"), wealth=1.0, price=0.03))
    narrator.take(Observation(time=at("2024-12-03 20:00"), wealth=1.1, price=0.03))
    late = narrator.take(Observation(time=at("2024-12-06 09:00"), wealth=1.21, price=0.033))
    day = next(event.line for event in late if event.kind == "chapter")
    assert day == (
        "2024-12-06 09:00:00 | 📖 Day: Tue 3 Dec | +10.0% to 1.1000 BTC | told late: it ended Wed 4 Dec 00:00; "
        "counted from 15:00; holding ETH: 0.0%; no trade"
    )
    (friday,) = narrator.take(Observation(time=at("2024-12-07 00:00"), wealth=1.21, price=0.033))
    assert "| 📖 Day: Fri 6 Dec | +10.0% to 1.2100 BTC | from Wed 4 Dec 00:00, not heard in between; " in friday.line


def test_a_bot_away_over_new_year_tells_every_period_it_has_left_behind() -> None:
    """The day, the week, the month and the year that were begun."""
    narrator = Narrator()
    facts(narrator, Observation(time=at("2024-12-20 15:00"), wealth=1.0))
    late = facts(narrator, Observation(time=at("2025-02-10 09:00"), wealth=1.0))
    assert [(chapter.period, chapter.end) for chapter in late] == [
        ("day", at("2024-12-21")), ("week", at("2024-12-23")), ("month", at("2025-01-01")), ("year", at("2025-01-01")),
    ]  # fmt: skip
    assert [chapter.period for chapter in facts(narrator, Observation(time=at("2025-02-11"), wealth=1.0))] == ["day"]


def test_a_chapter_compares_with_having_held() -> None:
    """Both returns are of the same time."""
    narrator = Narrator()
    seen = [("2024-12-03 15:00", 1.0, 0.04), ("2024-12-03 18:00", 0.9, 0.02), ("2024-12-04 00:00", 1.1, 0.03)]
    (day,) = facts(narrator, *(Observation(time=at(time), wealth=w, price=p) for time, w, p in seen))
    assert [day.change, day.holding, day.deepest] == pytest.approx([0.1, -0.25, -0.1])
    assert (day.since, day.deepest_from, day.deepest_at) == tuple(at(f"2024-12-03 {hour}:00") for hour in (15, 15, 18))


def test_a_chapter_counts_what_happened_in_it() -> None:
    """A fill after midnight belongs to the new day, although the last bar of the old one is still to come."""
    narrator = Narrator()
    narrator.take(Observation(time=at("2024-12-03 15:00"), wealth=1.0))
    for time, side in (("03 16:00", "buy"), ("03 23:59:59", "sell"), ("04 00:00", "buy"), ("04 00:00:01", "buy")):
        narrator.take(fill(side, 1, "0.03", time=at(f"2024-12-{time}"), fee=Decimal("0.001")))
    counted = facts(narrator, Observation(time=at("2024-12-05 00:00"), wealth=1.0))
    assert [(day.buys, day.sells, day.fees) for day in counted] == [(1, 0, Decimal("0.001"))]


def test_a_bot_that_has_traded_before_it_says_what_it_has_returns_from_there_on() -> None:
    """Its first observation is what they count from, with the price and the wealth of then."""
    narrator = Narrator()
    narrator.take(fill("buy", 1, "0.03", time=at("2024-12-03 15:00")))
    seen = [("16:00", 1.0, 0.04), ("20:00", 0.9, 0.03), ("23:00", 1.1, 0.05)]
    bars = [Observation(time=at(f"2024-12-03 {time}"), wealth=w, price=p) for time, w, p in seen]
    (day,) = facts(narrator, *bars, Observation(time=at("2024-12-04 01:00"), wealth=2.0, price=0.09))
    assert [day.change, day.holding, day.deepest] == pytest.approx([0.1, 0.25, -0.1])
    assert (day.buys, day.bars, day.wealth_before, day.since) == (1, 3, 1.0, at("2024-12-03 16:00"))
    assert (day.deepest_from, day.deepest_at) == (at("2024-12-03 16:00"), at("2024-12-03 20:00"))


def test_halted_time_is_counted_to_the_end_of_each_day() -> None:
    """Also where the bot's bars don't end at midnight."""
    narrator = Narrator()
    begin = at("2024-12-03 12:30")
    seen = [Observation(time=begin + n * HOUR, wealth=1.0, halted=2 <= n <= 30) for n in range(40)]
    days = facts(narrator, *seen)
    assert [day.halted for day in days] == [9 * HOUR + HOUR // 2, 19 * HOUR + HOUR // 2]


def test_a_chapter_without_wealth_counts_trades_alone() -> None:
    """A bot that knows its fills and not its wealth."""
    narrator = Narrator()
    narrator.take(Observation(time=at("2024-12-03 15:00"), price=0.03))
    narrator.take(fill("buy", 1, "0.03", time=at("2024-12-03 16:00")))
    (day,) = narrator.take(Observation(time=at("2024-12-04 00:00"), price=0.03))
    told = "📖 Day: Tue 3 Dec | no wealth told | counted from 15:00; holding ETH: 0.0%; 1 buy"
    assert day.line == f"2024-12-04 00:00:00 | {told}"


def test_the_share_of_trend_is_told_where_the_regimes_are_the_two() -> None:
    """Any other single label is named."""
    narrator, other = Narrator(), Narrator()
    times = [at("2024-12-03 12:00") + n * 3 * HOUR for n in range(5)]
    regimes = ["TREND", "TREND", "MEAN_REV", "TREND", "MEAN_REV"]
    (day,) = facts(narrator, *(Observation(time=t, regime=r) for t, r in zip(times, regimes, strict=True)))
    assert day.trend_share == pytest.approx(0.6)
    (day,) = facts(other, *(Observation(time=t, regime="sideways") for t in times))
    assert (day.trend_share, day.regime) == (None, "sideways")


class _Recount:
    """What a period holds, for a reader who has every bar of the story before him."""

    def __init__(self, seen: list[Observation], start: int, end: int) -> None:
        within = [one for one in seen if start < one.time <= end]
        opening = next((one for one in reversed(seen) if one.time <= start), within[0])
        self.since = max(start, opening.time)
        self.bars = len(within)
        self.change = fall_from(opening.wealth or 0.0, within[-1].wealth or 0.0)
        peak, peak_at, self.fall = opening.wealth or 0.0, self.since, (0.0, 0, 0)
        for one in within:
            wealth = one.wealth or 0.0
            if wealth >= peak:
                peak, peak_at = wealth, one.time
            elif fall_from(peak, wealth) < self.fall[0]:
                self.fall = fall_from(peak, wealth), peak_at, one.time
        spans = [(one.time, other.time) for one, other in pairwise(seen) if one.halted]
        self.halted = sum(max(0, min(last, end) - max(first, start)) for first, last in spans)
        regimes = [one.regime for one in within]
        self.trend_share = regimes.count("TREND") / len(regimes)


_bar = st.tuples(
    st.sampled_from([3 * HOUR, 5 * HOUR, 9 * HOUR]),
    st.sampled_from([4.0, 5.0, 6.0, 7.0, 8.0]),
    st.booleans(),
    st.sampled_from(["TREND", "MEAN_REV"]),
)


@given(st.lists(_bar, min_size=20, max_size=60))
def test_days_and_weeks_hold_what_a_recount_of_their_bars_finds(bars: list[tuple[int, float, bool, str]]) -> None:
    """Falls with both their ends, halts and regimes; of a week also its best and its worst day, the first of equals."""
    time, seen = at("2024-12-03 15:00"), []
    for step, wealth, halted, regime in bars:
        seen.append(Observation(time=time, wealth=wealth, halted=halted, halt_reason="owner", regime=regime))
        time += step
    told = facts(Narrator(), *seen)
    for chapter in told:
        found = _Recount(seen, chapter.start, chapter.end)
        fall = chapter.deepest or 0.0, chapter.deepest_from or 0, chapter.deepest_at or 0
        assert (chapter.since or chapter.start, chapter.bars, chapter.change) == (found.since, found.bars, found.change)
        assert (fall, chapter.halted, chapter.trend_share) == (found.fall, found.halted, found.trend_share)
        if chapter.period == "week":
            days = [day for day in told if day.period == "day" and chapter.start <= day.start < chapter.end]
            best, worst = (pick(days, key=lambda day: day.change or 0.0) for pick in (max, min))
            if best is not worst:
                assert (chapter.best, chapter.best_day) == (best.change, best.start)
                assert (chapter.worst, chapter.worst_day) == (worst.change, worst.start)
