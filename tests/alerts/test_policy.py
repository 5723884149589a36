"""When what goes to a channel, reckoned without a clock, a journal or a network."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import DAY, HOUR, MINUTE, SECOND, as_datetime, instant
from livestory.outlets.alerts.outbox import Pace, QueuedLine
from livestory.outlets.alerts.policy import Policy
from livestory.outlets.alerts.settings import ChannelSettings

NOON = instant("2024-12-03 12:00:00")


def policy(**more: Any) -> Policy:
    """The policy of a phone that gets everything."""
    return Policy(ChannelSettings(**{"service": "telegram", "severity": "all"} | more))


def line(n: int, kind: str = "trade", *, critical: bool = False, told: int = NOON) -> QueuedLine:
    """A line that waits."""
    return QueuedLine(n, f"j/{n}", n, told, kind, critical, f"line {n}", b"{}", told)


def test_a_channel_gets_the_critical_lines_or_all_or_the_kinds_it_names() -> None:
    """Named kinds count alone."""
    critical, everything, named = policy(severity="critical"), policy(), policy(kinds=("trade",))
    assert critical.wants("breaker", critical=True, shown=True)
    assert not critical.wants("trade", critical=False, shown=True)
    assert everything.wants("quiet", critical=False, shown=True)
    assert not everything.wants("quiet", critical=False, shown=False)
    assert not named.wants("breaker", critical=True, shown=True)
    assert named.wants("trade", critical=False, shown=False)


def test_similar_lines_wait_after_a_message_and_others_do_not() -> None:
    """Ten minutes after the last; a line of another kind takes what waits before it along."""
    rules, lines = policy(), [line(1)]
    assert rules.due(lines, Pace(), NOON) == (1, None)
    pace = rules.sent(lines, Pace(), NOON)
    more = [line(2), line(3)]
    assert rules.due(more, pace, NOON + SECOND) == (0, NOON + 10 * MINUTE)
    assert rules.due([*more, line(4, "regime"), line(5)], pace, NOON + SECOND) == (3, NOON + 10 * MINUTE)
    assert rules.due(more, pace, NOON + 10 * MINUTE) == (2, None)


def test_a_message_of_another_kind_forgets_nothing_that_still_holds_a_line_back() -> None:
    """And what holds none back any more is remembered no longer."""
    rules = policy()
    pace = rules.sent([line(2, "regime")], rules.sent([line(1)], Pace(), NOON), NOON + MINUTE)
    assert rules.due([line(3)], pace, NOON + 2 * MINUTE) == (0, NOON + 10 * MINUTE)
    assert rules.sent([], pace, NOON + 10 * MINUTE).sent == {"regime": NOON + MINUTE}


def test_a_critical_line_waits_a_minute_for_its_like_and_for_nothing_else() -> None:
    """Neither for quiet hours nor for the rate."""
    rules = policy(quiet="11:00-13:00", most_per_hour=1)
    pace = Pace({"breaker": NOON}, 0.0, NOON)
    trip = line(2, "breaker", critical=True)
    assert rules.due([line(1), trip], pace, NOON + SECOND) == (0, NOON + MINUTE)
    assert rules.due([line(1), trip], pace, NOON + MINUTE) == (2, None)
    assert rules.due([line(1), line(2, "halted", critical=True), line(3)], pace, NOON)[0] == 2


@pytest.mark.parametrize(
    ("quiet", "zone", "time", "over"),
    [
        ("22:00-07:00", "UTC", "2024-12-03 23:00", "2024-12-04 07:00"),
        ("22:00-07:00", "UTC", "2024-12-04 06:59", "2024-12-04 07:00"),
        ("22:00-07:00", "UTC", "2024-12-04 07:00", None),
        ("22:00-07:00", "Europe/Berlin", "2024-12-03 21:30", "2024-12-04 06:00"),
        ("22:00-07:00", "Europe/Berlin", "2024-07-03 20:30", "2024-07-04 05:00"),
        ("12:00-14:00", "Asia/Kolkata", "2024-12-03 07:00", "2024-12-03 08:30"),
        ("22:00-07:00", "Europe/Berlin", "2024-03-30 23:00", "2024-03-31 05:00"),  # the clocks go forward that night
        ("22:00-07:00", "Europe/Berlin", "2024-10-26 23:00", "2024-10-27 06:00"),  # and back
    ],
)
def test_quiet_hours_end_when_they_end_where_the_owner_sleeps(
    quiet: str, zone: str, time: str, over: str | None
) -> None:
    """Also in the nights in which the clocks change."""
    rules, now = policy(quiet=quiet, time_zone=zone), instant(time)
    expected = (1, None) if over is None else (0, instant(over))
    assert rules.due([line(1)], Pace(), now) == expected


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Europe/Berlin", ("2024-03-30", "2024-10-26")),
        ("Australia/Lord_Howe", ("2024-04-06", "2024-10-05")),  # half an hour
        ("America/New_York", ("2024-03-09", "2024-11-02")),
        ("Africa/Cairo", ("2024-04-25", "2024-10-31")),  # at midnight
    ],
)
@pytest.mark.parametrize(
    "quiet", ["22:00-07:00", "01:00-02:30", "02:15-02:45", "01:30-01:45", "00:00-02:00", "02:30-06:00", "23:30-00:10"]
)
def test_quiet_hours_are_kept_by_the_clock_on_the_wall(quiet: str, zone: str, days: tuple[str, str]) -> None:
    """In hours that come twice or not at all: what waits goes at the first minute outside them, and not before."""
    rules, tz = policy(quiet=quiet, time_zone=zone), ZoneInfo(zone)
    start, end = quiet.split("-")

    def within(time: int) -> bool:
        wall = f"{as_datetime(time).astimezone(tz):%H:%M}"
        return start <= wall < end if start < end else wall >= start or wall < end

    for day in days:
        begun = instant(f"{day} 00:00:00")
        over = None
        for minute in range(48 * 60, -1, -1):
            time = begun + minute * MINUTE
            over = time if not within(time) else over
            if over is not None:
                expected = (1, None) if over == time else (0, over)
                assert rules.due([line(1)], Pace(), time) == expected
                assert rules.due([line(1)], Pace(), time + 59 * SECOND) == expected


def test_a_clock_that_is_put_back_holds_nothing_up() -> None:
    """What was sent in a future that is none counts as never: neither gathering nor the rate waits for it."""
    rules = policy(most_per_hour=1)
    later = Pace({"trade": NOON + DAY}, 0.0, NOON + DAY)
    assert rules.due([line(1)], later, NOON) == (1, None)
    trip = line(1, "breaker", critical=True)
    assert rules.due([trip], Pace({"breaker": NOON + DAY}, 0.0, NOON), NOON) == (1, None)
    assert rules.due([trip], Pace({"breaker": NOON}, 0.0, NOON), NOON) == (0, NOON + MINUTE)


def test_the_rate_is_kept_over_an_hour() -> None:
    """As many messages as an hour may have, however many kinds there are; then one for each that an hour brings."""
    rules, pace, now, sent = policy(most_per_hour=6, gather=0), Pace(), NOON, 0
    for n in range(3 * 3600):
        lines = [line(n, f"kind {n}")]
        if rules.due(lines, pace, now)[0]:
            pace, sent = rules.sent(lines, pace, now), sent + 1
        now += SECOND
    assert sent == 6 + 3 * 6 - 1


def test_with_one_message_an_hour_the_next_goes_an_hour_after_the_last() -> None:
    """Not in the same instant, and not a moment earlier."""
    rules = policy(most_per_hour=1, gather=0)
    pace = rules.sent([line(1)], Pace(), NOON)
    assert rules.due([line(2)], pace, NOON) == (0, NOON + HOUR + 1)
    assert rules.due([line(2)], pace, NOON + HOUR - 1)[0] == 0
    assert rules.due([line(2)], pace, NOON + HOUR) == (1, None)


def test_nothing_is_gathered_for_a_machine() -> None:
    """Each record at once."""
    rules = Policy(ChannelSettings(service="webhook", severity="all", most_per_hour=1))
    pace = rules.sent([line(1)], Pace(), NOON)
    assert rules.due([line(2)], pace, NOON) == (1, None)


KINDS = st.sampled_from(["trade", "regime", "breaker", "quiet"])


@given(
    kinds=st.lists(KINDS, min_size=1, max_size=30),
    sent=st.dictionaries(KINDS, st.integers(NOON - DAY, NOON + DAY)),
    quiet=st.sampled_from([None, "22:00-07:00", "11:00-13:00", "12:00-11:59"]),
    tokens=st.one_of(st.none(), st.floats(0, 30)),
)
def test_whatever_waits_goes_at_the_instant_that_is_named(
    kinds: list[str], sent: dict[str, int], quiet: str | None, tokens: float | None
) -> None:
    """The instant lies ahead, within a day and an hour; then something goes. Nothing that waits is forgotten."""
    rules, pace = policy(quiet=quiet), Pace(sent, tokens, NOON)
    lines = [line(n, kind, critical=kind == "breaker") for n, kind in enumerate(kinds)]
    count, following = rules.due(lines, pace, NOON)
    while count < len(lines):
        assert following is not None
        assert NOON < following <= NOON + DAY + HOUR
        more, following = rules.due(lines, pace, following)
        assert more > count
        count = more
