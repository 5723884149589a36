"""Whoever listens to a story is somebody else's code: it may raise anything, hang, or call back."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from livestory import StoryWriter
from livestory.story.writing import subscribers
from livestory.story.writing.store import StoryStore
from tests.patience import LONG, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _leave(_event: object) -> None:
    sys.exit(3)


def _break(_event: object) -> None:
    raise KeyboardInterrupt


def _fail(_event: object) -> None:
    message = "no route to host"
    raise OSError(message)


class _Listener:
    """It hears, and knows when it has heard so many."""

    def __init__(self, count: int) -> None:
        self.heard: list[str] = []
        self._count = count
        self.all_heard = threading.Event()

    def __call__(self, event: Any) -> None:
        self.heard.append(event.facts.text)
        if len(self.heard) == self._count:
            self.all_heard.set()


@pytest.mark.parametrize(
    ("fault", "said"), [(_leave, "SystemExit: 3"), (_break, "KeyboardInterrupt"), (_fail, "OSErr")]
)
def test_one_that_raises_is_told_of_once_and_silences_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Callable[[object], None], said: str
) -> None:
    """It is logged the first time, health shows it for good, and the others hear everything."""
    before, after = _Listener(3), _Listener(3)
    with StoryWriter(tmp_path, max_wait=LONG) as story:
        for subscriber in (before, fault, after):
            story.subscribe(subscriber)
        for n in range(3):
            story.note(str(n))
        assert before.all_heard.wait(LONG)
        assert after.all_heard.wait(LONG)
        assert story.health.ok
    assert f"{fault.__name__} failed 3 times: {said}" in (story.health.subscriber or "")
    assert len([record for record in caplog.records if "subscriber" in record.message]) == 1


def test_one_that_hangs_for_ever_is_shown_and_keeps_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the other subscribers nor close."""
    monkeypatch.setattr(subscribers, "_HANGS", 0.01)
    hangs, listener = threading.Event(), _Listener(2)
    story = StoryWriter(tmp_path, max_wait=LONG)
    story.subscribe(lambda _event: hangs.wait(LONG))
    story.subscribe(listener)
    story.note("1")
    story.note("2")
    assert listener.all_heard.wait(LONG)
    until(lambda: story.health.subscriber)
    assert "has not returned for" in str(story.health.subscriber)
    begun = time.monotonic()
    assert story.close(0.1)
    assert time.monotonic() - begun < LONG / 2
    hangs.set()


@pytest.mark.parametrize("call", ["note", "flush", "close"])
def test_one_may_call_back_into_the_story(tmp_path: Path, call: str) -> None:
    """To tell, to flush and even to close."""
    answers: list[object] = []
    called = threading.Event()

    def call_back(_event: object) -> None:
        if not called.is_set():
            answers.append(getattr(story, call)("called back") if call == "note" else getattr(story, call)(LONG))
            called.set()

    story = StoryWriter(tmp_path, max_wait=LONG)
    story.subscribe(call_back)
    story.note("go")
    assert called.wait(LONG)
    assert answers[0]
    assert story.close()


def test_its_thread_ends_with_the_story_also_where_nobody_waits_for_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that is dropped in an asyncio loop, or whose close a signal interrupts, and a slow disk."""
    close = StoryStore.close

    def slow(store: StoryStore) -> None:
        time.sleep(0.3)
        close(store)

    before = set(threading.enumerate())
    monkeypatch.setattr(StoryStore, "close", slow)

    async def drop() -> None:
        story = StoryWriter(tmp_path)
        story.subscribe(_Listener(1))
        story.note("one")
        await story.flushed()

    asyncio.run(drop())
    until(lambda: not any(thread.name.startswith("livestory") for thread in set(threading.enumerate()) - before))
