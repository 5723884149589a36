"""Whether a bot is well, for whoever asks by machine: a container's health check, a watchdog."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livestory.story.snapshot import Snapshot


def trouble(bot: Snapshot, now: int, *, written: bool) -> str | None:
    """What is wrong with the bot, in a few words; None where all is well. ``written``: a process writes its story.

    One that was stopped is well, and so is one that has heard no bar yet.
    """
    if bot.stopped is not None:
        return "an error stopped it" if bot.stopped_by == "error" and not written else None
    if not written:
        return "not running, and it did not say goodbye"
    limit = bot.overdue_from()
    return "the next bar is overdue" if limit is not None and now > limit else None
