"""Durable when the call returns: StoryWriter against a bare apsw transaction of the same rows in the same schema.

Two hand-overs between threads (about 100 µs) are the price of never letting a disk stop a bot; the rest over the bare
transaction is the text file and the narrator.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import apsw

from benchmarks.measure import Result, interleaved
from livestory import Observation, StoryWriter
from livestory.clock import instant
from livestory.story.journal.checksum import teach
from livestory.story.journal.entry import as_row
from livestory.story.journal.schema import INSERT_EVENT, INSERT_OBSERVATION, PUT_STATE
from livestory.story.journal.writer import Identity, Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALLS = 400
HERE = Path(__file__).parents[1] / "build"  # on the disk that a story would be on, not on a memory file system
START = instant("2024-12-03 15:00:00")
STATE = bytes(2400)  # as many bytes as a narrator's state
LINE = "2024-12-03 15:00:00 | 📝 Note | nothing in particular"


def _p50(call: Callable[[int], object]) -> float:
    took = []
    for number in range(CALLS):
        start = time.perf_counter()
        call(number)
        took.append(time.perf_counter() - start)
    return median(took) * 1e6


def _observation(number: int) -> Observation:
    return Observation(time=START + number, wealth=1.0, price=0.0329, score=20.0, regime="TREND", halted=False)


def _writer(call: Callable[[StoryWriter, int], object]) -> float:
    with tempfile.TemporaryDirectory(dir=HERE) as folder, StoryWriter(f"{folder}/live_story.txt", strict=True) as story:
        story.observe(_observation(0))
        return _p50(lambda number: call(story, number + 1))


def _bare(rows: Callable[[apsw.Connection, int], object]) -> float:
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        Journal.open(f"{folder}/live_story.txt", Identity()).close()
        db = apsw.Connection(f"{folder}/live_story.db")
        db.pragma("synchronous", "full")
        teach(db)

        def transaction(number: int) -> None:
            db.execute("BEGIN IMMEDIATE")
            rows(db, number)
            db.execute(PUT_STATE, ("narrator", STATE))
            db.execute("COMMIT")

        took = _p50(transaction)
        db.close()
        return took


def _bare_event(db: apsw.Connection, number: int) -> None:
    time_ = START + number
    db.execute(INSERT_EVENT, (number + 1, str(number), time_, time_, "note", bytes(90), LINE, bytes(32), True))


def _bare_observation(db: apsw.Connection, number: int) -> None:
    db.execute(INSERT_OBSERVATION, (*as_row(_observation(number)), None, 0))


def measure() -> Iterator[Result]:
    """Median microseconds a call."""
    HERE.mkdir(exist_ok=True)
    for name, ours, bare in (
        ("event, durable and in the text file", lambda story, _: story.note("nothing in particular"), _bare_event),
        ("observe(), durable, real time", lambda story, number: story.observe(_observation(number)), _bare_observation),
    ):
        mine, baseline = interleaved(lambda call=ours: _writer(call), lambda rows=bare: _bare(rows))  # type: ignore[misc]
        yield Result(
            name=name,
            unit="µs",
            ours=mine,
            baseline=baseline,
            baseline_name="bare apsw transaction, same rows",
            target="≤ 1.5 ×",
        )
