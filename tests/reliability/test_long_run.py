"""Days and weeks in real processes: killed every hour, with the page open; nothing grows and nothing is missing."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from livestory import StoryWriter
from livestory.clock import DAY, ManualClock
from livestory.story.files.verify import verify
from livestory.story.journal.writer import JournalReader
from tests.cli.program import COMMAND, environment
from tests.reliability.amount import amount
from tests.reliability.footprint import Footprint
from tests.reliability.keeping import told
from tests.reliability.long_bot import BAR, KEEP_DAYS
from tests.reliability.stage import ROOT
from tests.reliability.told_bot import LONG
from tests.web.serving import messages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.reliability.conftest import Did, Figure
    from tests.reliability.stage import Stage

CHANCE = random.Random(10)  # noqa: S311 - where to kill, no secret
HOURS_A_DAY = 24


class Listener(threading.Thread):
    """A page that stays open: it hears the stream from the first line on."""

    def __init__(self, port: int) -> None:
        """Connect."""
        super().__init__(daemon=True)
        self.heard: list[int] = []
        self._connection = HTTPConnection("127.0.0.1", port)
        self._connection.request("GET", "/api/stream?after=0")
        self._messages = messages(self._connection.getresponse())

    def run(self) -> None:
        """Hear lines until the server ends."""
        for message in self._messages:
            if message.kind == "line" and message.id is not None:
                self.heard.append(message.id)

    def close(self) -> None:
        """Let go."""
        self._connection.close()


@contextmanager
def page(folder: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """`livestory serve`: its port and its process."""
    with subprocess.Popen(
        [*COMMAND, "serve", "--dir", str(folder), "--port", "0"],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            found = next(re.search(r"http://\S+?:(\d+)", line) for line in server.stdout if "http://" in line)
            assert found is not None
            yield int(found[1]), server
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=LONG)


def an_hour_of_the_bot(folder: Path) -> list[tuple[int, str, str]]:
    """Start it, let it play an hour and a bit, kill it; what it has acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.long_bot", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as bot:
        assert bot.stdout is not None
        acknowledged = []
        for line in bot.stdout:
            said = json.loads(line)
            if isinstance(said, int):
                break
            acknowledged.append(said)
        time.sleep(CHANCE.random() / 500)
        bot.kill()
        return acknowledged + [said for line in bot.stdout if isinstance(said := _whole(line), list)]


def _whole(line: str) -> object:
    return json.loads(line) if line.endswith("\n") else None


def test_a_story_of_days_killed_every_hour_with_its_page_open(memory: Path, did: Did, figure: Figure) -> None:
    """The page misses no line and doubles none, and takes no more at the end than at the beginning.

    Journal and text agree as multisets of lines, the live file with its archives.
    """
    hours = amount(30, 30 * HOURS_A_DAY)
    acknowledged = an_hour_of_the_bot(memory)
    with page(memory) as (port, server):
        listener, footprint = Listener(port), Footprint(server.pid)
        listener.start()
        for _ in range(hours):
            acknowledged += an_hour_of_the_bot(memory)
            footprint.look()
        path = memory / "live_story.txt"
        with JournalReader.open(path) as reader:
            events = reader.events(limit=10_000_000)
        deadline = time.monotonic() + LONG
        while len(listener.heard) < sum(event.shown for event in events) and time.monotonic() < deadline:
            time.sleep(0.01)
    listener.join(LONG)
    listener.close()
    assert listener.heard == [event.seq for event in events if event.shown]
    for seq, id_, line in acknowledged:
        assert (events[seq - 1].id, events[seq - 1].line) == (id_, line)
    StoryWriter(path, name="long", keep_days=KEEP_DAYS, clock=ManualClock(events[-1].told)).close(LONG)
    assert verify(path).findings == []
    assert sorted(told(path)) == sorted(event.line for event in events if event.shown)
    figure(f"the page over {hours} kills, {len(events):,} lines: {footprint.assert_flat()}")
    did("kills with the page open", hours + 1)


def test_a_bot_that_is_never_stopped_does_not_grow(stage: Stage, memory: Path, did: Did, figure: Figure) -> None:
    """Bars as fast as they can be told, in a process of its own: its memory and descriptors stay what they were."""
    bars = amount(6_000, 12 * 30 * DAY // BAR)
    outcome = stage.play("lived", memory, bars=bars)
    assert outcome.code == 0
    footprint = Footprint(0, *outcome.all("footprint")[0])
    assert verify(memory / "live_story.txt").findings == []
    figure(f"a bot over {bars:,} bars: {footprint.assert_flat()}")
    did("bars without a stop", bars)
