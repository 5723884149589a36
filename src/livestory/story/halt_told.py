"""Whether the bot has told of a halt since it last reported how it is: a halt by hand comes between two bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.story.event import from_record
from livestory.story.kinds.risk import Halted, Unhalted

if TYPE_CHECKING:
    from livestory.story.inputs import Observation
    from livestory.story.journal.reader import JournalReader


class HaltTold(Struct, frozen=True):
    """The last word on it: halted or not (any more), why, and since when."""

    halted: bool
    reason: str | None
    since: int | None  # None: another halt goes on, of which this says nothing more

    def upon(self, seen: Observation) -> Observation:
        """What the bot reported, with this in it."""
        return replace(seen, halted=self.halted, halt_reason=self.reason)


def halt_told(reader: JournalReader, seen: Observation | None) -> HaltTold | None:
    """The last word on a halt, if it came after the observation ``seen``; else None. Raises JournalError."""
    for told in reader.events(kinds={"halted", "unhalted"}, newest_first=True, limit=1):
        if seen is not None and told.time <= seen.time:
            break
        match from_record(told.record, told.line, told.id, told.seq).facts:
            case Halted(reason=reason):
                return HaltTold(halted=True, reason=reason, since=told.time)
            case Unhalted(still=still):
                return HaltTold(halted=still is not None, reason=still, since=None)
    return None
