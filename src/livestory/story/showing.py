"""What was shown lately, which with an event's facts decides whether its line is shown in the text.

All is told to the journal; each kind says in its own home when its line is shown (`Facts.shows`). The rule knows the
facts and what stands here, so that it is the same live and retold. What a caller tells is always shown: the rules are
for what the detectors find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.base import Group
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.risk import AllTimeHigh

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts

_EVENTFUL = frozenset({Group.TRADES, Group.SAFETY, Group.EXCHANGE, Group.RUNNING})


class Lately(Struct, omit_defaults=True):
    """What was shown lately. Read it; only the narrator updates it."""

    news: int | None = None  # when a line was shown last that is more than a sign of life
    signs: int = 0  # of life that were shown since
    record: float = 0.0  # the last record that was shown
    record_told: int = 0  # and when
    eventful: bool = False  # something happened since the last day's end that makes a day worth a line

    def hear(self, time: int, facts: Facts, *, shown: bool) -> None:
        """Take what was told at ``time``."""
        if isinstance(facts, Chapter) and facts.period == "day":
            self.eventful = False
        if not shown:
            return
        if isinstance(facts, Quiet):
            self.signs += 1
            return
        self.news, self.signs = max(time, self.news or 0), 0
        self.eventful = self.eventful or facts.declared.group in _EVENTFUL
        if isinstance(facts, AllTimeHigh):
            self.record, self.record_told = facts.wealth, time
