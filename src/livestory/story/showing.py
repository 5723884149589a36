"""Which lines the text shows: all is told to the journal, and each kind says in its own home when its line is shown.

The rule knows the facts and what was shown lately, so that it is the same live and retold. What a caller tells is
always shown: the rules are for what the detectors find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.kinds.base import Group
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.lifecycle import Resumed, Stopped
from livestory.story.kinds.risk import AllTimeHigh

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts
    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings

_EVENTFUL = frozenset({Group.TRADES, Group.SAFETY, Group.EXCHANGE, Group.RUNNING})


def show(lately: Lately, settings: StorySettings, time: int, facts: Facts, *, found: bool) -> bool:
    """Whether the text shows the line of what was told at ``time``, which is remembered.

    What a caller tells always; what a detector ``found``, and a chapter, by its kind's rule.
    """
    ruled = (found or isinstance(facts, Chapter)) and settings.detail != "all" and not facts.declared.critical
    shown = not ruled or facts.shows(time, lately, settings)
    _remember(lately, time, facts, shown=shown)
    return shown


def _remember(lately: Lately, time: int, facts: Facts, *, shown: bool) -> None:
    if isinstance(facts, Chapter) and facts.period == "day":
        lately.eventful = False
    if not shown or isinstance(facts, Stopped) or (isinstance(facts, Resumed) and not facts.missed_bars):
        return  # a story that was interrupted shows the same days as one that was not
    if isinstance(facts, Quiet):
        lately.signs += 1
        return
    lately.news, lately.signs = max(time, lately.news or 0), 0
    lately.eventful = lately.eventful or facts.declared.group in _EVENTFUL
    if isinstance(facts, AllTimeHigh):
        lately.record, lately.record_told = facts.wealth, time
