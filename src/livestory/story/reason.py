"""Why something was done or not done, with the numbers that decided."""

from __future__ import annotations

from msgspec import Struct


class Reason(Struct, frozen=True, omit_defaults=True, gc=False):
    """Why something was done or not done: a stable key with the numbers that decided, so that reasons can be counted.

    `story/reasons.py` declares what livestory's own bot gives, with its words; any other key is told as it stands.
    """

    key: str
    value: float | None = None  # what was measured
    limit: float | None = None  # the rule's limit for it
    against: float | None = None  # what it was measured against: an average, a price
    text: str = ""  # a name the words need: a window ("12h"), a pair of averages ("EMA 20 over EMA 50")

    @property
    def name(self) -> str:
        """What it is counted by: its key, or the caller's own words where there is none."""
        return self.key or self.text


def in_own_words(text: str = "") -> Reason:
    """The reason that a caller gives as a text alone: it is counted by the text, and told as it stands."""
    return Reason("", text=text)


class BarCount(Struct, frozen=True, omit_defaults=True):
    """How often one reason kept the bot from trading, and the time it came nearest to its limit."""

    bars: int
    nearest: Reason
