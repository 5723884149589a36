"""A signal comes at any moment: its handler may tell and close, or raise; nothing hangs, nothing is lost or doubled."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from livestory import StoryWriter
from livestory.story.journal.writer import JournalReader
from tests.story.processes import bot, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TELLS_AND_CLOSES = """
import os, signal, sys, time
from livestory import Observation, StoryWriter
story = StoryWriter(sys.argv[1] + "/live_story.txt", max_wait=float(sys.argv[2]))
def stop(*_):
    story.log_event(time.time(), "STOP", "SIGTERM")
    os._exit(0 if story.close(30) else 3)
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
t = 1_700_000_000_000_000
while True:
    t += 900_000_000
    story.observe(Observation(time=t, wealth=1 + t // 900_000_000 % 7 / 100, price=0.05, halted=False, score=30.0))
    story.flush(0.001)
"""


@pytest.mark.parametrize("max_wait", ["0", "0.05"])
def test_a_handler_that_tells_and_closes_does_so_whenever_it_is_called(tmp_path: Path, max_wait: str) -> None:
    """Whatever the call was doing that it interrupts: the goodbye is the story's last line."""
    pauses = random.Random(11)  # noqa: S311 - any will do
    for n in range(8):
        folder = tmp_path / str(n)
        folder.mkdir()
        with subprocess.Popen(
            [sys.executable, "-c", _TELLS_AND_CLOSES, str(folder), max_wait], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(pauses.uniform(0.01, 0.1))
            process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(30) == 0
            finally:
                process.kill()
        assert told(folder)[-1] == "SIGTERM"


class _Alarm(BaseException):
    """What a bot's watchdog raises."""


class _Overdue(Exception):
    """Another's: an Exception, as most are."""


@pytest.fixture(params=[_Alarm, _Overdue, KeyboardInterrupt])
def alarm(request: pytest.FixtureRequest) -> Iterator[type[BaseException]]:
    """An exception that SIGALRM raises in the main thread."""

    def ring(*_: object) -> None:
        raise request.param

    before = signal.signal(signal.SIGALRM, ring)
    yield request.param
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an alarm may meet a finalizer
def test_what_is_retried_after_an_alarm_is_kept_once(tmp_path: Path, alarm: type[BaseException]) -> None:
    """In any call: fill, observe, note, flush, close, the constructor; at any bytecode of it."""
    path, pauses, rings = tmp_path / "live_story.txt", random.Random(11), 0  # noqa: S311 - any will do

    def until_it_returns(call: object) -> object:
        nonlocal rings
        assert callable(call)
        for patience in itertools.count():  # each time a little more: a disk may take longer than the watchdog
            try:
                signal.setitimer(signal.ITIMER_REAL, pauses.uniform(0.00002, 0.0012) * 2**patience)
                answer = call()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except alarm:
                rings += 1
            else:
                return answer
        raise AssertionError

    story, fills = StoryWriter(path, max_wait=5.0), 0
    for round_ in range(6):
        for _ in range(25):
            fills += 1
            until_it_returns(partial(story.fill, "buy", 1, "0.05", trade_id=f"T{fills}"))
            until_it_returns(partial(story.note, "a word"))
            until_it_returns(partial(getattr, story, "health"))
        until_it_returns(partial(story.flush, 0.001))
        assert story.flush(30)
        until_it_returns(partial(story.close, 0.001))
        story = until_it_returns(partial(StoryWriter, path, max_wait=5.0))  # type: ignore[assignment]
        assert story.note(f"round {round_}") is not None
    assert story.close(30)
    assert rings > 20
    with JournalReader.open(path) as reader:
        ids = [event.id for event in reader.events(limit=100_000) if event.id.startswith("trade-")]
    assert sorted(ids) == sorted(f"trade-ETH/BTC-T{n}" for n in range(1, fills + 1))


class _Ringing:
    """A trade's id that is interrupted while it says what it is."""

    def __str__(self) -> str:
        signal.raise_signal(signal.SIGALRM)
        return "T1"


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("alarm", [TimeoutError, ValueError], indirect=True)
def test_an_alarm_is_not_taken_for_the_fault_of_an_argument(
    tmp_path: Path, alarm: type[Exception], *, strict: bool
) -> None:
    """Whatever converts the argument may catch it: it is the bot's all the same. One from before the call is not."""
    with StoryWriter(tmp_path / "live_story.txt", strict=strict) as story:
        with pytest.raises(alarm) as heard:
            story.fill("buy", 1, "0.05", trade_id=_Ringing())  # type: ignore[arg-type]  # as of some library
        assert heard.traceback[-1].name == "ring"
        try:
            signal.raise_signal(signal.SIGALRM)
        except alarm:
            if not strict:
                assert story.fill("buy", "much", "0.05") is None


def test_an_alarm_that_rings_in_a_call_is_heard_by_the_bot(tmp_path: Path) -> None:
    """It is the bot's watchdog that speaks, and not the story that is in trouble."""
    code = """
import signal
class Overdue(Exception): pass
def ring(*_): raise Overdue
signal.signal(signal.SIGALRM, ring)
story = StoryWriter("live_story.txt", max_wait=60)
import apsw
locker = apsw.Connection("live_story.db")
locker.execute("BEGIN EXCLUSIVE")
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    story.fill("buy", 1, "0.05", trade_id="1")
except Overdue:
    print("heard", story.health.trouble)
locker.execute("ROLLBACK")
print(story.fill("buy", 1, "0.05", trade_id="1"), story.flush(30))
story.close()
"""
    assert bot(tmp_path, code) == ["heard None", "None True"]
    assert len(told(tmp_path)) == 1


def test_what_a_handler_raises_while_the_story_starts_a_thread_stays_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11 makes a KeyError of it; the thread has started, and the story goes on."""
    start = vars(threading)["_start_new_thread"]

    def interrupted(*given: Any) -> None:
        start(*given)
        while given[0].__self__ in vars(threading)["_limbo"]:  # where it is until it runs
            time.sleep(0.001)
        monkeypatch.undo()
        raise TimeoutError

    monkeypatch.setattr(threading, "_start_new_thread", interrupted)
    with pytest.raises(TimeoutError):
        StoryWriter(tmp_path)
    with StoryWriter(tmp_path, max_wait=30.0) as story:
        story.note("told")
    assert told(tmp_path) == ["told"]
