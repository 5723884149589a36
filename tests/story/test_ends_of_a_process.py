"""How a process ends: told at exit, by a daemon thread or a finalizer, while others close, or without a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from livestory import StoryWriter
from livestory.story.files.verify import verify
from tests.story.processes import bot, told

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_told_at_exit_is_kept_whoever_registered_first(tmp_path: Path) -> None:
    """Handlers run backwards: those registered before the import come when the story has been closed already."""
    code = """
import atexit, sys
for name in [name for name in sys.modules if name.startswith("livestory")]:
    del sys.modules[name]
writers = []
atexit.register(lambda: [writers[0].note(f"{n} registered before the import") for n in "12"])
import livestory
atexit.register(lambda: writers[0].note("registered before the writer"))
writers.append(livestory.StoryWriter("live_story.txt", max_wait=0))
atexit.register(lambda: writers[0].note("registered after"))
writers[0].note("the bot's")
"""
    assert bot(tmp_path, code) == []
    assert told(tmp_path) == [
        "the bot's", "registered after", "registered before the writer",
        "1 registered before the import", "2 registered before the import",
    ]  # fmt: skip
    assert verify(tmp_path / "live_story.txt").findings == []


def test_daemon_threads_and_finalizers_that_tell_at_the_end_hang_nothing(tmp_path: Path) -> None:
    """What they tell may come too late; what was acknowledged is kept once."""
    code = """
import os, threading
class Bot:
    def __init__(self): self.story = StoryWriter("live_story.txt", max_wait=1)
    def __del__(self): self.story.note("from a finalizer")
bot = Bot()
acknowledged = threading.Event()
def tell(thread):
    n = 0
    while True:
        for event in bot.story.note(f"daemon {thread}.{n}") or ():
            if event.seq is None: continue
            os.write(1, event.line.rpartition(" | ")[2].encode() + b"\\n")
            acknowledged.set()
        n += 1
for thread in range(4):
    threading.Thread(target=tell, args=(thread,), daemon=True).start()
bot.story.flush()
acknowledged.wait(60)
threading.Event().wait(0.1)
"""
    acknowledged = bot(tmp_path, code)
    assert acknowledged
    with StoryWriter(tmp_path, max_wait=30.0):  # the next start completes the text
        pass
    lines = told(tmp_path)
    assert len(lines) == len(set(lines))
    assert set(acknowledged) <= set(lines)  # the last ones may be kept and the process end before they say so
    assert verify(tmp_path / "live_story.txt").findings == []


def test_a_subscriber_hears_the_last_line_before_the_interpreter_ends(tmp_path: Path) -> None:
    """As one that sends the goodbye to a phone."""
    code = """
import time
story = StoryWriter("live_story.txt", max_wait=0)
story.subscribe(lambda event: (time.sleep(0.1), print(event.seq, flush=True)))
story.note("goodbye")
"""
    assert bot(tmp_path, code) == ["1"]


def test_threads_that_tell_while_another_closes_are_kept_or_refused(tmp_path: Path) -> None:
    """Nothing acknowledged is lost, and nobody waits for a story that has ended."""
    story = StoryWriter(tmp_path, max_wait=30.0)
    acknowledged: list[str] = []
    refused = threading.Semaphore(0)

    def tell(thread: int) -> None:
        n = 0
        while events := story.note(f"{thread}.{n}"):
            assert events[0].seq is not None
            acknowledged.append(f"{thread}.{n}")
            n += 1
        refused.release()

    threads = [threading.Thread(target=tell, args=(number,), daemon=True) for number in range(6)]
    for thread in threads:
        thread.start()
    assert story.flush(30.0) in {True, False}
    closers = [threading.Thread(target=story.close) for _ in range(3)]
    for closer in closers:
        closer.start()
    for thread in [*threads, *closers]:
        thread.join(30.0)
        assert not thread.is_alive()
    assert sorted(told(tmp_path)) == sorted(acknowledged)


def test_without_a_thread_the_bot_goes_on_and_health_says_why(tmp_path: Path) -> None:
    """The system has none left: nothing is raised, nobody waits, and the lines are kept once there is one again."""
    code = """
import _thread, threading
start = threading._start_new_thread
def none_left(*_): raise RuntimeError("can't start new thread")
threading._start_new_thread = none_left
story = StoryWriter("live_story.txt", max_wait=60)
print(story.note("waits"), story.health.waiting, story.health.trouble.partition("live_story.txt: ")[2])
try:
    StoryWriter("strict/live_story.txt", strict=True)
except JournalError as error:
    print("strict raises")
threading._start_new_thread = start
print(story.note("goes on")[0].seq, story.flush(30), story.health.ok)
story.close()
"""
    assert bot(tmp_path, code) == [
        "None 1 no thread can be started to write the story (can't start new thread)",
        "strict raises",
        "None True True",
    ]
    assert told(tmp_path)[:2] == ["waits", "goes on"]
