"""What an alert says besides the lines it delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from livestory.story.journal.entry import Identity

AGAIN = "(again)"
"""Beside a message that may have come before."""


def title(who: Identity) -> str:
    """``demo, ETH/BTC``: whose lines follow."""
    return ", ".join(escape(part) for part in (who.bot, who.symbol) if part) or "livestory"


def similar(count: int, span: int) -> str:
    """``12 similar lines in 10m, the last:``: above a line that stands for its like. ``span`` in microseconds."""
    return f"{count:,} similar lines in {numbers.duration(span)}, the last:"


def more(count: int) -> str:
    """``and 7 lines more``: what a message has no room for."""
    return f"and {numbers.count(count, 'line')} more"


def numbered(first: int | None, last: int | None) -> str:
    """``#120 to #131``: the seqs of the lines; nothing where they have none."""
    if first is None or last is None:
        return ""
    return f"#{first}" if first == last else f"#{first} to #{last}"


def not_heard(now: int, due: int, heard: int) -> str:
    """The line that says that the observation which was ``due`` has not come; ``heard``: the last that has."""
    return (
        f"{numbers.stamp(now)} | 🔕 Not Heard | since {numbers.moment(heard, now)} | "
        f"the next observation was due {numbers.moment(due, now)}, {numbers.duration(max(now - due, 0))} ago, and the "
        "bot said no goodbye: look after it, its machine and its connection"
    )


def heard_again(now: int, heard: int) -> str:
    """The line that says that an observation has come, the first since ``heard``."""
    return f"{numbers.stamp(now)} | 🔔 Heard Again | after {numbers.duration(max(now - heard, 0))}"


def trial(now: int, channel: str) -> str:
    """The line that `livestory alert test` sends."""
    return (
        f"{numbers.stamp(now)} | 🔔 Test | channel: {escape(channel)} | nothing has happened: alerts of this channel "
        "come here"
    )
