"""The live narrative of trading bots: one line the moment something that matters happens, kept before the call returns.

>>> story = StoryWriter("results/live_story.txt")
>>> story.check_ath(wealth, peak)
>>> story.check_regime_switch(score, threshold)
>>> story.log_event(now, "TRADE", "BUY 0.25 @ 0.0329")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.clock import instant
from livestory.errors import (
    ConfigError,
    InputError,
    JournalCorrupt,
    JournalError,
    JournalForeign,
    JournalHeld,
    JournalNewer,
    LivestoryError,
)
from livestory.story.event import Event
from livestory.story.inputs import (
    Begin,
    End,
    Fill,
    Flow,
    Funding,
    Input,
    Observation,
    PositionReading,
    RecordCheck,
    RegimeCheck,
    Skip,
    Statement,
)
from livestory.story.kinds.lifecycle import Rules
from livestory.story.line import parse, render
from livestory.story.narrator import Narrator
from livestory.story.reason import Reason
from livestory.story.settings import StorySettings
from livestory.story.story_writer import StoryWriter
from livestory.story.writing.thread import Health

if TYPE_CHECKING:
    import os

    from livestory.outlets.reading.story import Story

__version__ = "0.2.0"

__all__ = [
    "Begin",
    "ConfigError",
    "End",
    "Event",
    "Fill",
    "Flow",
    "Funding",
    "Health",
    "Input",
    "InputError",
    "JournalCorrupt",
    "JournalError",
    "JournalForeign",
    "JournalHeld",
    "JournalNewer",
    "LivestoryError",
    "Narrator",
    "Observation",
    "PositionReading",
    "Reason",
    "RecordCheck",
    "RegimeCheck",
    "Rules",
    "Skip",
    "Statement",
    "StorySettings",
    "StoryWriter",
    "instant",
    "parse",
    "read",
    "render",
]


def read(path: str | os.PathLike[str]) -> Story:
    """Read the story in a folder, or whose text or journal ``path`` names: ``livestory.read("results").trades()``.

    Raises JournalError where there is none.
    """
    from livestory.outlets.reading.story import Story  # noqa: PLC0415 - a bot that only tells needs nothing of it

    return Story(path)
