"""A bot that forks: the child has only a copy, hangs nowhere and harms nothing; the parent's story goes on."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from livestory.story.files.verify import verify
from tests.story.processes import bot, told

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("child", ["sys.exit(0)", "story.close(); sys.exit(0)", "del story; gc.collect(); sys.exit(0)"])
def test_children_of_a_bot_whose_threads_tell_end_at_once(tmp_path: Path, child: str) -> None:
    """They end as they like, with their interpreter's whole end; no line of the parent is lost or doubled."""
    code = f"""
import gc, os, sys, threading
story = StoryWriter("live_story.txt", max_wait=0.05)
ends = threading.Event()
def tell(k):
    n = 0
    while not ends.is_set():
        story.note(f"{{k}}.{{n}}"); n += 1
    counts.append(n)
counts = []
threads = [threading.Thread(target=tell, args=(k,)) for k in range(6)]
[thread.start() for thread in threads]
for _ in range(8):
    pid = os.fork()
    if pid == 0:
        {child}
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
ends.set()
[thread.join() for thread in threads]
print(story.flush(30), story.health.ok, story.health.last_seq == sum(counts))
story.close()
"""
    assert bot(tmp_path, code) == [*["0"] * 8, "True True True"]
    lines = told(tmp_path)
    assert len(lines) == len(set(lines))
    assert verify(tmp_path / "live_story.txt").findings == []


def test_a_child_puts_nothing_in_the_place_of_its_parents_files(tmp_path: Path) -> None:
    """What the parent has written since the fork looks to the child as if somebody else had."""
    code = """
import os
story = StoryWriter("live_story.txt", max_wait=60)
story.note("before")
names = ["live_story.db", "live_story.db-wal", "live_story.db-shm"]
stood = [os.stat(name).st_ino for name in names]
os.utime("live_story.db")
if os.fork() == 0:
    os._exit(0)
os.wait()
print([os.stat(name).st_ino for name in names] == stood)
story.close()
"""
    assert bot(tmp_path, code) == ["True"]


def test_a_child_is_told_that_the_story_is_not_its_own_in_every_call(tmp_path: Path) -> None:
    """By health, or strict by an error; flush and close are back at once."""
    code = """
import os
story = StoryWriter("live_story.txt", max_wait=60)
def in_child():
    print(story.note("child"), story.fill("buy", 1, 1), story.subscribe(print), story.flush())
    print("this fork must open one of its own" in story.health.trouble)
    story.strict = True
    try:
        StoryWriter("other/live_story.txt").close()
        story.note("child")
    except ValueError as error:
        print("ValueError", story.close(), flush=True)
    os._exit(0)
if (pid := os.fork()) == 0:
    in_child()
os.waitpid(pid, 0)
print(story.note("parent")[0].seq)
story.close()
"""
    assert bot(tmp_path, code) == ["None None None False", "True", "ValueError False", "1"]
    assert told(tmp_path) == ["parent"]


def test_a_daemon_opens_the_story_that_its_parent_left(tmp_path: Path) -> None:
    """It was open at the fork; the child writes it as safely as any other, also while others open and close it."""
    code = """
import os, subprocess, sys, time
story = StoryWriter("live_story.txt", max_wait=60, strict=True)
story.note("before the fork")
if os.fork():
    os._exit(0)
time.sleep(0.2)
again = StoryWriter("live_story.txt", max_wait=60, strict=True)
for n in range(5):
    print(again.note(f"daemon {n}")[0].seq, flush=True)
    look = "import sqlite3; db = sqlite3.connect('live_story.db'); print(db.execute('pragma journal_mode').fetchone())"
    subprocess.run([sys.executable, "-c", look], check=True, stdout=subprocess.DEVNULL)
again.close()
"""
    assert bot(tmp_path, code) == ["2", "3", "4", "5", "6"]
    assert told(tmp_path) == ["before the fork", *(f"daemon {n}" for n in range(5))]
    assert verify(tmp_path / "live_story.txt").findings == []


def test_a_child_that_outlives_its_parent_does_not_keep_the_story(tmp_path: Path) -> None:
    """Neither a fork nor a program that the bot has started: the next bot writes at once."""
    code = """
import os, subprocess, sys, time
story = StoryWriter("live_story.txt", max_wait=60)
story.note("the parent's")
fork = os.fork()
if fork == 0:
    os.close(1); os.close(2); time.sleep(30); os._exit(0)
program = subprocess.Popen(["sleep", "30"], close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(fork, program.pid, flush=True)
os._exit(0)
"""
    (pids,) = bot(tmp_path, code)
    try:
        assert bot(tmp_path, "print(StoryWriter('live_story.txt', max_wait=60, strict=True).note('next')[0].seq)") == [
            "2"
        ]
    finally:
        for pid in map(int, pids.split()):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_of_processes_ends_and_the_parent_goes_on(tmp_path: Path, method: str) -> None:
    """As a bot uses one for its signals; a writer handed over to it is refused with a word."""
    (tmp_path / "work.py").write_text("def square(n): return n * n\n")
    code = f"""
import multiprocessing, sys
sys.path.insert(0, "")
import work
if __name__ == "__main__":
    story = StoryWriter("live_story.txt", max_wait=60)
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        print(pool.map(work.square, range(3)))
        try:
            pool.map(work.square, [story])
        except TypeError as error:
            print(error)
    print(story.note("after")[0].seq, story.close())
"""
    said = bot(tmp_path, code)
    assert said[0] == "[0, 1, 4]"
    assert "can't be copied or pickled" in said[1]
    assert said[2:] == ["1 True"]
