"""FAULTS row 14: clocks that jump back and forth, summer time, the end of a year, leap seconds."""

from __future__ import annotations

import gzip
import os
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory import Observation, StoryWriter
from livestory.clock import DAY, HOUR, MINUTE, SECOND, ManualClock, as_datetime, instant
from livestory.story.files.story_file import day_told
from livestory.story.files.verify import verify
from livestory.story.journal.writer import JournalReader
from tests.fuzz.oracle import are_of_a_story, asked
from tests.reliability.amount import TORTURE, amount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONG = 30.0  # seconds
_STARTS = st.sampled_from(
    [
        "2016-12-31 23:59:59",
        "2023-12-31 23:30:00",
        "2024-02-28 23:59:00",
        "2024-03-31 00:45:00",
        "2024-10-27 00:45:00",
        "2024-12-30 22:00:00",
    ]
).map(instant)
_STEPS = st.sampled_from(
    [
        1,
        SECOND,
        MINUTE,
        15 * MINUTE,
        15 * MINUTE,
        HOUR,
        HOUR,
        6 * HOUR,
        DAY,
        3 * DAY,
        40 * DAY,
        -1,
        -SECOND,
        -MINUTE,
        -HOUR,
        -DAY,
        -40 * DAY,
    ]
)
_often = settings(max_examples=amount(25, 2_500), derandomize=not TORTURE, database=None, deadline=None)


@_often
@given(start=_STARTS, steps=st.lists(_STEPS, min_size=1, max_size=25), closings=st.sets(st.integers(0, 24), max_size=3))
def test_however_the_clock_jumps_lines_stay_in_their_order_and_days_go_on(
    tmp_path_factory: pytest.TempPathFactory, start: int, steps: list[int], closings: set[int]
) -> None:
    """Each line once, by seq, in archive or live file; days never go back; a jump back is told."""
    path = tmp_path_factory.mktemp("story") / "live_story.txt"
    clock, writer, noted = ManualClock(start), None, []
    for number, step in enumerate(steps):
        writer = writer or StoryWriter(path, name="scout", keep_days=2, strict=True, max_wait=_LONG, clock=clock)
        writer.note(f"note {number}")
        noted.append(f"note {number}")
        writer.observe(Observation(time=clock.now(), wealth=1.0))
        clock.set(as_datetime(max(clock.now() + step, DAY * 10_000)))
        if number in closings:
            writer.close(_LONG)
            writer = None
    if writer is not None:
        writer.close(_LONG)
    with JournalReader.open(path) as reader:
        events = reader.events(limit=10_000)
        observed = [observation.time for observation in reader.observations()]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert all(one.told <= other.told for one, other in pairwise(events))
    assert [event.line.rpartition(" | ")[2] for event in events if event.kind == "note"] == noted
    assert observed == sorted(set(observed))
    if any(step <= -HOUR for step in steps[:-1]):
        assert "clock_moved" in {event.kind for event in events}
    days = sorted(path.parent.glob("archive/*.gz"))
    text = b"".join(gzip.decompress(day.read_bytes()) for day in days) + path.read_bytes()
    assert text.decode().splitlines() == [event.line for event in events if event.shown]
    kept = {day_told(event.told) for event in events if event.line in path.read_text("utf-8").splitlines()}
    assert len(kept) <= 2
    assert verify(path).findings == []


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This machine in another time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def _day_of_change(folder: Path) -> list[str]:
    """The story of the days around the end of summer time 2024 in Europe, a reading each quarter of an hour."""
    clock = ManualClock(instant("2024-10-26 20:00:00"))
    path = folder / "live_story.txt"
    with StoryWriter(path, name="scout", keep_days=1, strict=True, max_wait=_LONG, clock=clock) as story:
        for number in range(120):
            story.observe(Observation(time=clock.now(), wealth=1.0 + number / 1000, next_due=clock.now() + 15 * MINUTE))
            clock.set(as_datetime(clock.now() + 15 * MINUTE))
    return [*(path.name for path in sorted(folder.glob("archive/*"))), *path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kolkata"], indirect=True)
def test_summer_time_moves_neither_days_nor_chapters_nor_rotation(zone: str, tmp_path: Path) -> None:
    """The story is UTC, wherever the machine stands; only `tail --local` shows its time."""
    here = _day_of_change(tmp_path / "here")
    os.environ["TZ"] = "UTC"
    time.tzset()
    assert here == _day_of_change(tmp_path / "there")
    assert not [line for line in here if "Gap" in line]
    os.environ["TZ"] = zone
    time.tzset()
    shown = asked("tail", "--local", "--since", "2024-10-26", "--dir", tmp_path / "here").stdout.splitlines()
    stamps = [instant(line.partition(" | ")[0]) for line in shown]
    assert stamps == sorted(stamps)
    assert {line[19:25] for line in shown if zone == "Europe/Berlin"} <= {"+02:00", "+01:00"}


@pytest.mark.parametrize(
    ("times", "outcome"),
    [
        (
            ("2016-12-31 23:59:59", "2016-12-31 23:59:60", "2017-01-01 00:00:00"),
            "t.csv:3:1: '2016-12-31 23:59:60' is not a time",
        ),
        (("2024-10-27T02:45:00+02:00", "2024-10-27T02:00:00+01:00", "2024-10-27T02:15:00+01:00"), None),
        (("2024-03-31T01:45:00+01:00", "2024-03-31T03:00:00+02:00", "2024-03-31T03:15:00+02:00"), None),
        (("2023-12-31 23:30:00", "2023-12-31 23:45:00", "2024-01-01 00:00:00"), None),
    ],
)
def test_a_table_over_the_change_of_a_clock(tmp_path: Path, times: tuple[str, ...], outcome: str | None) -> None:
    """Offsets are read value by value; a leap second, which no bar has, is refused with its place."""
    table = tmp_path / "t.csv"
    table.write_text("time,wealth,next_due\n" + "".join(f"{each},1.0{number},\n" for number, each in enumerate(times)))
    result = asked("explain", table)
    if outcome is not None:
        assert outcome in result.stderr
        return
    assert are_of_a_story(result.stdout.splitlines())
    first, last = (as_datetime(instant(each)).strftime("%Y-%m-%d %H:%M") for each in (times[0], times[-1]))
    assert f"3 rows, {first} to {last}" in result.stdout
