"""What must hold after a failure: every acknowledged event exactly once, in journal and text, and nothing set aside."""

from __future__ import annotations

import gzip
from collections import Counter
from typing import TYPE_CHECKING

import apsw

from livestory import StoryWriter
from livestory.clock import DAY, ManualClock
from livestory.story.files.verify import verify
from livestory.story.journal.schema import STEPS, prepare
from livestory.story.journal.writer import Identity, JournalReader
from tests.reliability.told_bot import KEEP_DAYS, LONG, START, STEP

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from livestory.story.journal.writer import Kept

DEMO = Identity(bot="demo", symbol="ETH/BTC", unit="BTC")
Acknowledged = list[tuple[int, str, str]]  # seq, id, line


def begun_by_an_older_livestory(path: Path) -> None:
    """A journal of the schema before this one, for the session to migrate."""
    path.parent.mkdir(parents=True)
    db = apsw.Connection(str(path.with_suffix(".db")))
    prepare(db, path.with_suffix(".db"), DEMO, START - DAY, STEPS[:-1])
    db.close()


def started_again(path: Path, step: int) -> None:
    """What the bot's next start does, at the time of that step; it tells nothing."""
    clock = ManualClock(START + step * STEP)
    StoryWriter(path, name="demo", keep_days=KEEP_DAYS, strict=True, max_wait=LONG, clock=clock).close(LONG)


def told(path: Path) -> list[str]:
    """All lines of the text: the archives by day, then the live file."""
    archives = sorted((path.parent / "archive").glob("*.gz"))
    text = b"".join(gzip.decompress(archive.read_bytes()) for archive in archives) + path.read_bytes()
    assert text.endswith(b"\n") or not text
    return text.decode().split("\n")[:-1]


def kept(path: Path, acknowledged: Iterable[tuple[int, str, str]], *, aside: bool = False) -> list[Kept]:
    """The events of the journal, after all has been checked; the story must have been opened since the failure.

    ``aside``: what was put into the place of a file may be kept beside it.
    """
    report = verify(path)
    assert report.findings == [], report.findings
    with JournalReader.open(path) as reader:
        events = reader.events(limit=1_000_000)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for seq, id_, line in acknowledged:
        assert seq <= len(events), f"acknowledged and lost: {seq} {line}"
        assert (events[seq - 1].id, events[seq - 1].line) == (id_, line)
    assert told(path) == [event.line for event in events if event.shown]
    doubled = Counter(event.line for event in events if event.kind == "note")
    assert not doubled or max(doubled.values()) == 1
    asides = [path.name for path in path.parent.rglob("*") if ".damaged-" in path.name or ".replaced-" in path.name]
    assert aside or asides == [], {name: next(path.parent.rglob(name)).read_bytes()[:3000] for name in asides}
    return events


def loss_told(path: Path) -> bool:
    """Whether the story says that it has lost lines, or its former journal."""
    text = path.read_text(encoding="utf-8")
    return "a new journal was begun" in text or "the journal lacks" in text
