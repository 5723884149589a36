"""Durable when the call returns: against a bare apsw transaction of the same rows in the same schema.

A StoryWriter hands each call over to a thread of its own and waits for its answer: the price of never letting a disk
stop a bot. So its second baseline is that transaction on another thread. The executor, which owns its loop, tells and
commits on its own thread. The rest over a baseline is the narrator, the text file and the row of the state. That of a
baseline is the same each time, for which SQLite writes no page. A narrator's differs, so that an event writes three
pages where its baseline writes two, and an observation two where it writes one: 5 µs of processor, and the disk's time.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from threading import Thread
from typing import TYPE_CHECKING

import apsw

from benchmarks.measure import Result, interleaved
from livestory import Observation, StoryWriter
from livestory.clock import instant
from livestory.story.inputs import Statement
from livestory.story.journal.checksum import teach
from livestory.story.journal.entry import as_row
from livestory.story.journal.schema import INSERT_EVENT, INSERT_OBSERVATION, PUT_STATE
from livestory.story.journal.writer import Identity, Journal
from livestory.story.kinds.telling import Note
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter

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


def _executor() -> float:
    """As the executor does it: told and committed on the caller's own thread."""
    with tempfile.TemporaryDirectory(dir=HERE) as folder, SynchronousWriter(
        f"{folder}/live_story.txt", Identity(), StorySettings()
    ) as story:  # fmt: skip
        told = (Note(text="nothing in particular"),)

        def call(number: int) -> None:
            story.take(Statement(START + number, told))
            story.commit({})

        return _p50(call)


def _bare(rows: Callable[[apsw.Connection, int], object], *, handed_over: bool = False) -> float:
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

        with _elsewhere(transaction) if handed_over else nullcontext(transaction) as call:
            took = _p50(call)
        db.close()
        return took


@contextmanager
def _elsewhere(call: Callable[[int], object]) -> Iterator[Callable[[int], object]]:
    """The same call, on another thread and waited for: a hand-over there and one back."""
    asked, answered = SimpleQueue[int | None](), SimpleQueue[None]()

    def answer() -> None:
        while (number := asked.get()) is not None:
            call(number)
            answered.put(None)

    thread = Thread(target=answer)
    thread.start()

    def hand_over(number: int) -> None:
        asked.put(number)
        answered.get()

    yield hand_over
    asked.put(None)
    thread.join()


def _bare_event(db: apsw.Connection, number: int) -> None:
    time_ = START + number
    db.execute(INSERT_EVENT, (number + 1, str(number), time_, time_, "note", bytes(90), LINE, bytes(32), True))


def _bare_observation(db: apsw.Connection, number: int) -> None:
    db.execute(INSERT_OBSERVATION, (*as_row(_observation(number)), None, 0))


def measure() -> Iterator[Result]:
    """Median microseconds a call."""
    HERE.mkdir(exist_ok=True)
    for name, ours, rows in (
        ("event, durable and in the text file", lambda story, _: story.note("nothing in particular"), _bare_event),
        ("observe(), durable, real time", lambda story, number: story.observe(_observation(number)), _bare_observation),
    ):
        mine, bare, handed_over = interleaved(
            lambda call=ours: _writer(call),  # type: ignore[misc]
            lambda rows=rows: _bare(rows),  # type: ignore[misc]
            lambda rows=rows: _bare(rows, handed_over=True),  # type: ignore[misc]
        )
        yield _result(name, mine, bare, "bare apsw transaction, same rows", "≤ 1.5 ×")
        yield _result(name, mine, handed_over, "the same on another thread", "≤ 1.3 ×")
    mine, bare = interleaved(_executor, lambda: _bare(_bare_event))
    yield _result(
        "event of the executor, durable and in the text file", mine, bare, "bare apsw transaction, same rows", "≤ 1.3 ×"
    )


def _result(name: str, ours: list[float], baseline: list[float], baseline_name: str, target: str) -> Result:
    return Result(name=name, unit="µs", ours=ours, baseline=baseline, baseline_name=baseline_name, target=target)
