"""What a kind of event declares, in the one place that is its home: its facts, its words, and how outlets take it.

A kind is a subclass of `Facts` in one of the modules beside this one. Its fields are its facts, ``declared`` says how
it is headed, sorted, coloured, marked and retold, and `Facts.why` gives its fourth column. There is no other list.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from livestory.story.wording.columns import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings


class Group(Enum):
    """The filter, on the page and in a report, under which a reader finds the kind; in the order shown."""

    TRADES = "Trades"
    SAFETY = "Safety"
    RECORDS = "Records"
    REGIME = "Regime"
    EXCHANGE = "Exchange"
    CHAPTERS = "Chapters"
    QUIET = "Quiet"
    RUNNING = "Running"


class Tone(Enum):
    """How a line of the kind sounds; an outlet gives each tone its colour."""

    PLAIN = "plain"
    DIM = "dim"  # there for completeness
    NEWS = "news"
    REGIME = "regime"
    CHAPTER = "chapter"
    GOOD = "good"
    GREAT = "great"
    BAD = "bad"
    WARNING = "warning"
    ALARM = "alarm"


class Mark(Enum):
    """What a chart shows at the kind's instant; the value is the mark's name in the page's API."""

    SIDE = "side"  # "buy" or "sell": by the side of a trade
    ATH = "ath"
    BREAKER = "breaker"
    PHOENIX = "phoenix"
    REGIME = "regime"
    HALTED = "halted"
    UNHALTED = "unhalted"


class Retelling(Enum):
    """How an event of a journal comes into the story that is told from that journal again."""

    ANEW = "the observations bring it again"
    AS_TOLD = "it is repeated as it stands: no observation can have brought it"
    FROM_INPUT = "the input that it is the telling of is given again"


def has(*names: str) -> Callable[[Any], bool]:
    """Words for facts in which none of the named fields is unknown."""
    return lambda facts: all(getattr(facts, name) is not None for name in names)


def equals(name: str, value: object) -> Callable[[Any], bool]:
    """Words for facts whose field ``name`` has that value."""
    return lambda facts: getattr(facts, name) == value


class Kind(Struct, frozen=True, kw_only=True):
    """All that is said of a kind besides its facts and its fourth column."""

    words: tuple[Words, ...]
    group: Group
    tone: Tone
    retelling: Retelling
    mark: Mark | None = None  # None: a chart does not mark it
    critical: bool = False  # the owner wants to be woken for it
    ruled: bool = False  # `Facts.shows` decides also where a caller says it
    needs: frozenset[str] | None = None
    """The fields of `Observation` of which its line is made, "fill" and "skip" for rows of these: a table that has them
    tells the line as it was told live, byte for byte. None: it comes from no table."""


class Facts(Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """What an event of one kind has to say.

    Money is in the story's unit, shares and returns are fractions, instants and durations are microseconds, None is
    unknown. A field may be added with a default; none is ever renamed or given another meaning.
    """

    declared: ClassVar[Kind]

    def why(self, _time: int, /) -> Iterable[str]:
        """The parts of the fourth column, at that instant: the measured value, what against, the rule's limit."""
        return ()

    def shows(self, _time: int, _lately: Lately, _settings: StorySettings, /) -> bool:
        """Whether the line is shown in the text, told at that instant by a detector; the journal has it either way."""
        return True

    @property
    def tone(self) -> Tone:
        """How the line that tells these facts sounds."""
        return self.declared.tone

    @property
    def mark(self) -> str | None:
        """The name of what a chart shows for these facts; None for nothing."""
        return self.declared.mark.value if self.declared.mark else None

    @property
    def retelling(self) -> Retelling:
        """How these facts come into a story that is told again."""
        return self.declared.retelling


class OfACaller(Facts, frozen=True, kw_only=True):
    """Facts that a caller gives with a timestamp of its own."""

    claimed: int | None = None  # that time, where it is not believed: it is told at the clock's


WEALTH = frozenset({"wealth", "flow"})
"""What the lines about wealth need: `Kind.needs`."""
DRAWDOWN = WEALTH | {"drawdown", "halted", "halt_reason"}
"""What the lines about a drawdown need."""
HALT = frozenset({"halted", "halt_reason", "position"})
"""What the lines about a halt need."""
CHAPTER = DRAWDOWN | {"price", "position", "weight", "regime", "no_trade_reason", "fill", "next_due"}
"""What a chapter needs."""
QUIET = CHAPTER | {
    *("target_weight", "score", "threshold", "resume_at", "resume_score"),
    *("daily_loss_hit", "day_return", "next_due", "skip"),
}
"""What a quiet line needs: any line ends a silence."""
