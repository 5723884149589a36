"""Which lines the text shows: what the bot itself says and what wakes its owner always, all else by its kind's rule."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from livestory import StoryWriter
from livestory.clock import DAY, HOUR, ManualClock, as_datetime, instant
from livestory.story.inputs import Fill, Input, Observation, Statement
from livestory.story.kinds import KINDS
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.lately import Lately
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.results import ResultRecord
from livestory.story.kinds.trades import RegimeSwitch, Trade
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from livestory.story.showing import show
from livestory.story.standing import Health
from tests.story.inputs import QUARTER, RULES, START
from tests.story.rich_facts import TOLD

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.event import Event
    from livestory.story.settings import Detail

MONDAY = instant("2024-12-02")
_NORMAL = StorySettings()
_WAKES = sorted(kind for kind, each in KINDS.items() if each.declared.critical)


@pytest.mark.parametrize("kind", _WAKES)
def test_what_wakes_the_owner_is_shown(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a rule of its kind would say."""
    monkeypatch.setattr(KINDS[kind], "shows", lambda *_: False)
    found = [facts for _, facts in TOLD if type(facts) is KINDS[kind]]
    assert found
    assert all(show(Lately(), _NORMAL, START, facts, found=True) for facts in found)


@pytest.mark.parametrize("kind", sorted(kind for kind, each in KINDS.items() if not each.declared.ruled))
def test_what_the_bot_itself_says_is_shown(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are for what the story finds, and for kinds that declare it."""
    monkeypatch.setattr(KINDS[kind], "shows", lambda *_: False)
    found = [facts for _, facts in TOLD if type(facts) is KINDS[kind]]
    assert all(show(Lately(), _NORMAL, START, facts, found=False) for facts in found)


def test_what_a_detector_finds_in_any_input_has_its_kinds_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a fill as in an observation."""
    monkeypatch.setattr(Trade, "shows", lambda *_: False)
    narrator = Narrator("ETH/BTC", "BTC", _NORMAL)
    (bought,) = narrator.take(Fill(time=START, side="buy", quantity=Decimal(1), price=Decimal("0.03")))
    assert isinstance(bought.facts, Trade)
    assert not bought.shown


def test_the_plans_own_calls_are_shown(tmp_path: Path) -> None:
    """Each record of a day, each switch in a halt, each note."""
    path, clock = tmp_path / "live_story.txt", ManualClock(START)
    with StoryWriter(path, strict=True, clock=clock) as story:
        story.log_event(as_datetime(START), "BREAKER", "DD: -21.2%")
        for hour in range(1, 7):
            clock.set(as_datetime(START + hour * HOUR))
            story.check_ath(1 + hour / 50, 1)
            story.check_regime_switch(20 if hour % 2 else 30, 25)
            story.note("still here")
    text = path.read_text("utf-8")
    assert [text.count(words) for words in ("BREAKER", "NEW ATH", "Regime Switch", "Note")] == [1, 6, 6, 6]


def _days(*wealth: float, detail: Detail = "normal") -> list[Event]:
    """The days of a bot, by its wealth at the end of each."""
    narrator = Narrator(settings=StorySettings(quiet=6 * HOUR, detail=detail))
    told: list[Event] = []
    for day, level in enumerate((wealth[0], *wealth)):
        for part in range(1, 5):
            time = MONDAY + (day - 1) * DAY + part * 6 * HOUR
            if time >= MONDAY:
                told += narrator.take(Observation(time=time, wealth=level, price=0.05, halted=False))
    return told


def test_a_day_counts_what_was_not_shown_and_bridges_the_days_before_it() -> None:
    """So that what is shown adds up to what became of the wealth."""
    days = [event for event in _days(1.0, 1.004, 0.999, 1.002, 1.05) if event.kind == "chapter"]
    assert [day.shown for day in days] == [False, False, False, False, True]
    assert "not shown: the 4 days before (+0.20% together)" in days[-1].line
    shown = (facts for facts in (day.facts for day in days if day.shown) if isinstance(facts, Chapter))
    grown = 1.0
    for facts in shown:
        grown *= (1 + (facts.change or 0.0)) * (1 + (facts.change_unshown or 0.0))
    assert grown == pytest.approx(1.05)


def test_each_line_that_is_not_shown_is_counted_once_by_the_chapters_of_a_length() -> None:
    """The weeks together count all that no text has."""
    told = _days(*(1.0 + day / 1000 for day in range(21)))
    weeks = [(n, e.facts) for n, e in enumerate(told) if isinstance(e.facts, Chapter) and e.facts.period == "week"]
    last = weeks[-1][0]
    assert len(weeks) == 3
    assert sum(week.unshown for _, week in weeks) == sum(not event.shown for event in told[:last]) > 10
    assert f"{weeks[-1][1].unshown} lines not shown" in told[last].line


def test_where_all_is_shown_nothing_is_counted() -> None:
    """And the lines are those of a story without rules for showing."""
    told = _days(1.0, 1.004, 0.999, 1.002, 1.05, detail="all")
    assert all(event.shown for event in told)
    assert not any("not shown" in event.line for event in told)


def test_a_sign_of_life_says_how_long_the_text_was_without_news() -> None:
    """Not how long the journal was: days that are not shown are no news. Where all is shown the two are one."""
    level = (1.0,) * 6
    quiet = [event for event in _days(*level) if event.kind == "quiet" and event.shown]
    assert [event.line.split(" | ")[2] for event in quiet] == ["1d 6h without news", "3d 6h without news"]
    assert all("1 bar read in the last 6h" in event.line for event in quiet)
    for event in _days(*level, detail="all"):
        assert event.kind != "quiet" or "| 6h without news |" in event.line


SUNDAY = instant("2024-12-01")


def _day(start: int = MONDAY, **facts: Any) -> Chapter:
    return Chapter(period="day", start=start, end=start + DAY, wealth=1.0, unit="BTC", **facts)


@pytest.mark.parametrize(
    ("day", "lately", "shown"),
    [
        (_day(change=0.001, deepest=-0.039), Lately(), True),
        (_day(change=0.001, deepest=-0.015), Lately(), False),
        (_day(change=-0.012), Lately(), True),
        (_day(change=-0.004, sells=1), Lately(), True),
        (_day(change=-0.004, sells=1), Lately(settled=1.0), False),
        (_day(change=-0.004, sells=1, trips=1), Lately(settled=1.0), True),
        (_day(change=-0.002, sells=1), Lately(eventful=True), False),
        (_day(change=-0.002, sells=1), Lately(eventful=True, troubled=True), True),
        (_day(SUNDAY, change=-0.03, sells=1), Lately(), False),
        (_day(SUNDAY, change=0.001, deepest=-0.039), Lately(), True),
        (_day(SUNDAY, change=-0.03, trips=1), Lately(), True),
        (_day(SUNDAY, since=SUNDAY + HOUR, change=-0.03), Lately(), True),
    ],
)  # fmt: skip
def test_a_day_is_shown_that_says_what_no_other_line_does(day: Chapter, lately: Lately, *, shown: bool) -> None:
    """Deep falls and moves; not what a sale told that left nothing, nor what the week's line beside it says."""
    assert show(lately, _NORMAL, day.end, day, found=True) is shown


@pytest.mark.parametrize(("period", "hours"), [("week", 24), ("month", 24), ("year", 45 * 24)])
def test_a_chapter_that_has_only_just_begun_with_its_story_is_not_shown(period: str, hours: int) -> None:
    """The day, or the month, says the same."""
    for more in (0, 1):
        chapter = Chapter(period=period, start=0, end=MONDAY, since=MONDAY - (hours + more) * HOUR)
        assert show(Lately(), _NORMAL, MONDAY, chapter, found=True) is bool(more)


def test_no_sign_of_life_is_shown_shortly_before_a_weeks_line() -> None:
    """Which is one."""
    quiet = Quiet(silence=12 * HOUR, bars=48)
    told = [show(Lately(news=SUNDAY - 3 * DAY), _NORMAL, SUNDAY + hour * HOUR, quiet, found=True) for hour in (11, 12)]
    assert told == [True, False]


_MOVED = 1 / 128  # of wealth, in powers of two, so that an edge is one; a fall of two such moves shows a day
_TUESDAY, _SUNDAY = MONDAY + DAY, MONDAY + 6 * DAY


@pytest.mark.parametrize(
    ("start", "day", "lately", "shown"),
    [
        (_TUESDAY, {"change": 0.0}, {}, False),
        (_TUESDAY, {"change": _MOVED}, {}, True),
        (_TUESDAY, {"change": -_MOVED}, {}, True),
        (_TUESDAY, {"change": _MOVED * 0.99}, {}, False),
        (_TUESDAY, {"change": 0.0, "deepest": -2 * _MOVED}, {}, True),
        (_TUESDAY, {"change": 0.0, "deepest": -1.99 * _MOVED}, {}, False),
        (_TUESDAY, {"change": 0.0, "trips": 1}, {}, True),
        (_TUESDAY, {"change": _MOVED / 4, "buys": 1}, {}, True),
        (_TUESDAY, {"change": _MOVED / 4.1, "buys": 1}, {}, False),
        (_TUESDAY, {"change": _MOVED / 4, "sells": 1}, {}, True),
        (_TUESDAY, {"change": _MOVED / 4, "exposures": 1}, {}, True),
        (_TUESDAY, {"change": _MOVED / 4, "flow": 1.0}, {}, True),
        (_TUESDAY, {"change": _MOVED / 4}, {"eventful": True}, True),
        (_TUESDAY, {"change": _MOVED / 4}, {}, False),
        (_TUESDAY, {"change": 0.0}, {"eventful": True}, False),
        (_TUESDAY, {"change": 0.0}, {"troubled": True}, True),
        (_TUESDAY, {"change": 0.0, "wealth": 1.0}, {"troubled": True, "settled": 1.00001}, False),
        (_TUESDAY, {"change": 0.0, "wealth": 1.0}, {"troubled": True, "settled": 1.001}, True),
        (_TUESDAY, {"change": _MOVED / 4, "sells": 1, "wealth": 1.0}, {"settled": 1.0}, False),
        (_TUESDAY, {"buys": 1}, {}, True),
        (_TUESDAY, {}, {}, False),
        (_SUNDAY, {"change": -8 * _MOVED}, {}, False),
        (_SUNDAY, {"change": -8 * _MOVED, "deepest": -10 * _MOVED}, {}, True),
        (_SUNDAY, {"change": -8 * _MOVED, "deepest": -9.99 * _MOVED}, {}, False),
        (_SUNDAY, {"change": 0.0, "trips": 1}, {}, True),
        (_SUNDAY, {"change": _MOVED, "since": _SUNDAY + HOUR}, {}, True),
        (_SUNDAY, {"change": _MOVED, "since": _SUNDAY - HOUR}, {}, False),
    ],
)
def test_a_day_is_shown_where_it_says_what_no_other_line_has_told(
    start: int,
    day: dict[str, Any],
    lately: dict[str, Any],
    shown: bool,  # noqa: FBT001
) -> None:
    """It moved, fell deep, or something happened in it; the week's line beside a Sunday's says most of it."""
    chapter = Chapter(period="day", start=start, end=start + DAY, **day)
    assert chapter.shows(start + DAY, Lately(**lately), StorySettings(day_moved=_MOVED)) is shown


@pytest.mark.parametrize(("period", "least"), [("week", DAY), ("month", DAY), ("year", 45 * DAY)])
def test_a_longer_chapter_is_shown_unless_it_has_only_just_begun_with_its_story(period: str, least: int) -> None:
    """It has to hold more than the one that ends with it."""
    end = MONDAY + 400 * DAY
    for since, shown in ((None, True), (end - least, False), (end - least - 1, True)):
        chapter = Chapter(period=period, start=MONDAY, end=end, since=since)
        assert chapter.shows(end, Lately(), _NORMAL) is shown


@pytest.mark.parametrize(("trips", "halted", "calm"), [(0, 0, True), (1, 0, False), (0, HOUR, False)])
def test_nobody_says_that_all_ran_well_after_a_halt(trips: int, halted: int, calm: bool) -> None:  # noqa: FBT001
    """Though nothing failed."""
    end = MONDAY + 30 * DAY
    month = Chapter(period="month", start=MONDAY, end=end, trips=trips, halted=halted, health=Health(bars_known=True))
    why = "; ".join(month.why(end))
    assert "no failure, missed bar or unclear order, nobody intervened, nothing asked of you" in why
    assert ("all ran well" in why) is calm


@pytest.mark.parametrize(
    ("before", "now", "gain", "shown"),
    [
        (10 * HOUR, 11 * HOUR, 0.0, False),
        (10 * HOUR, 11 * HOUR, 0.25, True),
        (10 * HOUR, 11 * HOUR, 0.2499, False),
        (23 * HOUR, DAY, 0.0, False),
        (DAY, DAY + 1, 0.0, True),
        (0, 1, 0.0, True),
        (0, DAY, 0.0, True),
        (1, DAY, 0.0, False),
    ],
)
def test_one_record_is_shown_a_day_and_another_from_a_gain_over_it(
    before: int,
    now: int,
    gain: float,
    shown: bool,  # noqa: FBT001
) -> None:
    """A day ends with its midnight, of wealth as of results; each currency's records are its own."""
    settings = StorySettings(record_again=0.25)
    high = AllTimeHigh(wealth=4.0 * (1 + gain), unit="BTC")
    assert high.shows(MONDAY + now, Lately(record=4.0, record_told=MONDAY + before), settings) is shown
    records = {"BTC": (MONDAY + before, Decimal(4)), "USDT": (MONDAY + now, Decimal(9))}
    record = ResultRecord(total=Decimal(4) * Decimal(1 + gain), unit="BTC")
    assert record.shows(MONDAY + now, Lately(result_records=records), settings) is shown


@pytest.mark.parametrize(
    ("change", "deepest", "told"),
    [
        (0.0, -0.005, True),
        (0.0, -0.0049, False),
        (0.01, -0.005, True),
        (-0.02, -0.026, True),
        (-0.02, -0.024, False),
        (None, -0.005, True),
    ],
)
def test_a_days_fall_is_told_where_it_is_half_a_percent_deeper_than_its_end(
    change: float | None,
    deepest: float,
    told: bool,  # noqa: FBT001
) -> None:
    """Else what it came to says it."""
    day = Chapter(period="day", start=MONDAY, end=MONDAY + DAY, change=change, deepest=deepest)
    assert any("deepest fall" in each for each in day.why(day.end)) is told


@pytest.mark.parametrize(
    ("period", "since", "at", "told"),
    [
        ("month", DAY + 10 * HOUR, 3 * DAY + 12 * HOUR, " (Tue 3 Dec 10:00 to Thu 5 Dec 12:00)"),
        ("day", 0, DAY, ""),
    ],
)
def test_a_fall_is_told_with_both_its_ends(period: str, since: int, at: int, told: str) -> None:
    """Not of a day, nor of a week, which tells it from two percent on; and not of less than a percent."""
    of: dict[str, Any] = {"deepest_from": MONDAY + since, "deepest_at": MONDAY + at, "change": 0.0}
    chapter = Chapter(period=period, start=MONDAY, end=MONDAY + 7 * DAY, deepest=-0.01, **of)
    assert f"deepest fall -1.0%{told}" in list(chapter.why(chapter.end))
    less = Chapter(period="month", start=MONDAY, end=MONDAY + 7 * DAY, deepest=-0.0099, **of)
    assert "deepest fall -0.99%" in list(less.why(less.end))
    for deepest, of_a_week in ((-0.0199, False), (-0.02, True)):
        week = Chapter(period="week", start=MONDAY, end=MONDAY + 7 * DAY, deepest=deepest, **of)
        assert any(each == "deepest fall -2.0%" for each in week.why(week.end)) is of_a_week


def _at(n: int, regime: str, *, position: float = 0.0, halted: bool = False, reason: str | None = None) -> Observation:
    told: dict[str, Any] = {"wealth": 1.0, "price": 0.03, "weight": position * 0.03}
    return Observation(
        time=START + n * QUARTER, regime=regime, position=position, halted=halted, halt_reason=reason, **told
    )


def _buy(n: int) -> Fill:
    return Fill(time=START + n * QUARTER, side="buy", quantity=Decimal(10), price=Decimal("0.03"))


def _shown(*inputs: Input, own: bool = True, detail: Detail = "normal") -> list[str]:
    """The lines of switches, trades and signs of life that the text shows; saved and restored before each input."""
    settings = StorySettings(detail=detail, quiet=6 * HOUR, quiet_shown=6 * HOUR)
    saved, told = Narrator(settings=settings).save(), list[str]()
    rules = RULES if own else replace(RULES, strategy="mine")
    for given in (Statement(START - 1, (rules,)), *inputs):
        narrator = Narrator(settings=settings)
        narrator.restore(saved)
        told += [e.line for e in narrator.take(given) if e.shown and e.kind in {"regime", "trade", "quiet"}]
        saved = narrator.save()
    return [line.split(" | ", 1)[1] for line in told]


_FLAT = (_at(0, "TREND"), _at(1, "MEAN_REV"), _at(2, "TREND"), _at(3, "TREND"))


def test_a_switch_while_nothing_is_held_is_told_by_the_trade_that_it_leads_to() -> None:
    """By the first of them; what the regime was before is not."""
    first, bought, again = _shown(*_FLAT, _buy(3), _buy(4))
    assert "Regime Switch: TREND" in first
    assert "in TREND since 15:30" in bought
    assert "TREND" not in again
    *_, at_once = _shown(_at(0, "TREND"), _at(1, "MEAN_REV"), _buy(1))
    assert "now in MEAN_REV" in at_once


def test_an_order_of_before_the_switch_is_not_said_to_come_of_it() -> None:
    """Found after the bot was away, or late; the next trade says the regime."""
    early = replace(_buy(3), ordered=START + QUARTER, found="away")
    *_, found, bought = _shown(*_FLAT, early, replace(_buy(4), ordered=START + 3 * QUARTER))
    assert "TREND" not in found
    assert "in TREND since 15:30" in bought


def test_a_switch_while_something_is_held_is_shown_as_it_happens() -> None:
    """It changes when that would be sold; the trade after it need not say it."""
    held = _at(2, "TREND", position=10.0)
    *_, bought, switch, again = _shown(*_FLAT[:2], _buy(1), held, _buy(2))
    assert "now in MEAN_REV" in bought
    assert "Regime Switch: TREND" in switch
    assert "in TREND" not in again


def test_dust_is_nothing_that_a_switch_could_sell() -> None:
    """Half a percent of wealth is shown as none."""
    assert len(_shown(_at(0, "TREND"), _at(1, "MEAN_REV", position=0.1))) == 1
    assert len(_shown(_at(0, "TREND"), _at(1, "MEAN_REV", position=0.2))) == 2


def test_a_sign_of_life_says_the_regime_whose_switch_was_not_shown() -> None:
    """Once; then the trade need not."""
    *_, quiet, bought = _shown(*_FLAT, _at(26, "TREND"), _buy(26))
    assert "Quiet" in quiet
    assert "in TREND since 15:30" in quiet
    assert "TREND" not in bought


@pytest.mark.parametrize(("own", "detail"), [(False, "normal"), (True, "all")])
def test_of_another_bot_and_where_all_is_shown_each_switch_is(own: bool, detail: Detail) -> None:  # noqa: FBT001
    """What its regime decides is not known; and no line says it again."""
    switches = _shown(*_FLAT, _buy(3), own=own, detail=detail)
    assert [line.split(" | ")[0] for line in switches[:3]] == [f"🔄 Regime Switch: {each}" for each in _REGIMES]
    assert "TREND" not in switches[3]


_REGIMES = ("TREND", "MEAN_REV", "TREND")


def test_what_a_resume_says_of_the_regime_no_trade_says_again() -> None:
    """After a halt, in which no switch is shown."""
    halt = [_at(n, "MEAN_REV", halted=True, reason="breaker") for n in (1, 2)]
    *_, bought = _shown(_at(0, "TREND"), *halt, _at(3, "MEAN_REV"), _buy(3))
    assert "MEAN_REV" not in bought
    by_hand = [_at(n, "MEAN_REV", halted=True, reason="owner") for n in (1, 2)]
    *_, bought = _shown(_at(0, "TREND"), *by_hand, _at(3, "MEAN_REV"), _buy(3))
    assert "in MEAN_REV since 15:15" in bought


def test_chapters_count_the_switches_that_were_not_shown_and_say_the_regime() -> None:
    """A day those since the last chapter that was shown, a week all of its own."""
    narrator = Narrator(settings=StorySettings(quiet=7 * DAY))
    narrator.take(Statement(START - 1, (RULES,)))
    thursday = START + 2 * DAY
    told: list[Event] = []
    for n in range(0, 22 * 24, 24):
        given = _at(n, "TREND" if n % 48 else "MEAN_REV")
        told += narrator.take(replace(given, time=given.time + 3 * HOUR, wealth=1.0 if given.time < thursday else 1.1))
    switches = [e.shown for e in told if isinstance(e.facts, RegimeSwitch)]
    assert switches == [True, *[False] * (len(switches) - 1)]
    first, day, week = (e.line for e in told if isinstance(e.facts, Chapter) and e.shown)
    assert "in TREND 50% of the time, now TREND; not shown: 1 of 2 regime switches" in first
    assert "now TREND; not shown: the day before (0.0%), 8 regime switches" in day
    assert "not shown: 21 of 22 regime switches, 4 lines" in week
