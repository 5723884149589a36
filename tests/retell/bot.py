"""A bot of livestory's own that trades bars, and the story it leaves."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from livestory.cli.play import Play, play
from livestory.config import Configuration
from livestory.story.event import Event as Told
from livestory.story.event import from_record
from livestory.story.files.layout import Layout
from livestory.story.journal.reader import JournalReader

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.trading.market.bar import Market


def told_live(path: Path, market: Market, settings: Configuration | None = None) -> list[Told]:
    """Trade the bars on paper; the story is then at ``path``, and this is all it says."""
    settings = settings or Configuration()
    play(Play(Layout.of(path), settings, market, "replay", "recorded bars", aloud=False), Event())
    return events_of(path)


def events_of(path: Path) -> list[Told]:
    """What the story at ``path`` says."""
    events: list[Told] = []
    with JournalReader.open(path) as reader:
        while page := reader.events(events[-1].seq or 0 if events else 0):
            events += [from_record(kept.record, kept.line, kept.id, kept.seq) for kept in page]
    return events
