"""Whether a bot is well, for whoever asks by machine: a container's health check, a watchdog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.outlets.silence import REPLAYED, overdue_from

if TYPE_CHECKING:
    from livestory.story.inputs import Observation
    from livestory.story.journal.entry import Identity


def trouble(who: Identity, last: Observation | None, now: int, *, written: bool, stopped_by: str | None) -> str | None:
    """What is wrong with the bot ``who``, in a few words; None where all is well.

    ``last`` is what it last reported; ``written``: a process writes its story; ``stopped_by``: who ended it, None
    where it has not said goodbye since it last came. One that was stopped is well, and so is one without a bar yet.
    """
    if stopped_by == "error" and not written:
        return "an error stopped it"
    if stopped_by is None and not written:
        return "not running, and it did not say goodbye"
    if last is None or stopped_by is not None or who.mode in REPLAYED:
        return None
    limit = overdue_from(last)
    return "the next bar is overdue" if limit is not None and now > limit else None
