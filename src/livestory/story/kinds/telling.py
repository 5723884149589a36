"""The owner's note, and the troubles of the telling itself: late, set aside, its clock, a time that is doubted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from livestory.clock import SECOND
from livestory.story.kinds.base import Facts, Group, Kind, OfACaller, Retelling, Tone, equals
from livestory.story.wording import numbers
from livestory.story.wording.columns import Words
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable


class StoryLate(Facts, frozen=True, kw_only=True, tag="story_late"):
    """The story was in trouble; what was told meanwhile came late, or not at all."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🩹", "Story Late", "{lines:count} line, {span:duration}", equals("lines", 1)),
            Words("🩹", "Story Late", "{lines:count} lines, {span:duration}"),
        ),
        group=Group.RUNNING,
        tone=Tone.WARNING,
        retelling=Retelling.AS_TOLD,
    )

    lines: int
    lost: int = 0
    since: int
    until: int
    trouble: str

    @property
    def span(self) -> int:
        """How long the trouble lasted."""
        return max(0, self.until - self.since)

    def why(self, time: int, /) -> Iterable[str]:
        since, until = numbers.moment(self.since, time), numbers.moment(self.until, time)
        yield f"{escape(self.trouble)} ({since} to {until})"
        if self.lost:
            yield f"{numbers.count(self.lost, 'line')} lost for want of memory"
        yield "the bot went on"


class JournalSetAside(Facts, frozen=True, kw_only=True, tag="set_aside"):
    """A damaged journal was set aside and a new one begun, or what stood in the place of a sound one was."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🩹", "Journal Set Aside", "{name:text}"),),
        group=Group.RUNNING,
        tone=Tone.ALARM,
        retelling=Retelling.AS_TOLD,
        critical=True,
    )

    name: str
    trouble: str
    begun: bool = True  # False: the story's own journal goes on, and something else was set aside

    def why(self, _time: int, /) -> Iterable[str]:
        yield escape(self.trouble)
        if self.begun:
            yield "a new journal was begun; the old one is kept for you to look at"
        else:
            yield "the story goes on in its own journal; what was set aside is kept for you to look at"


class ClockMoved(Facts, frozen=True, kw_only=True, tag="clock_moved"):
    """The machine's clock was set back."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🕰️", "Clock Moved", "back {by:duration}"),),
        group=Group.RUNNING,
        tone=Tone.WARNING,
        retelling=Retelling.AS_TOLD,
    )

    by: int

    def why(self, _time: int, /) -> Iterable[str]:
        yield "the machine's clock was set back; the story goes on from the time it had reached"
        yield "" if self.by >= SECOND else "by less than a second"


class TimeDoubted(Facts, frozen=True, kw_only=True, tag="time_doubted"):
    """A caller's time lies too far ahead of the clock to be believed."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🕰️", "Time Doubted", "{call:text}: {given:stamp}"),),
        group=Group.RUNNING,
        tone=Tone.WARNING,
        retelling=Retelling.AS_TOLD,
    )

    call: str  # "observe", "fill", …; for a note or an event in the plan's words, its kind
    given: int
    ahead: int
    aside: bool = False  # an observation is set aside; anything else is told at the clock's time

    def why(self, _time: int, /) -> Iterable[str]:
        yield f"{numbers.duration(self.ahead)} ahead of the clock"
        yield "set aside; believed when three in a row agree" if self.aside else "told at the clock's time"


class TimeBack(Facts, frozen=True, kw_only=True, tag="time_back"):
    """The times of a call are believed again."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🕰️", "Time Back", "{call:text}: {given:stamp}"),),
        group=Group.RUNNING,
        tone=Tone.GOOD,
        retelling=Retelling.AS_TOLD,
    )

    call: str
    given: int
    doubted: int  # calls
    agree: bool = False  # because three in a row do

    def why(self, _time: int, /) -> Iterable[str]:
        if self.agree:
            yield "three in a row agree, so they are believed"
        else:
            yield f"{numbers.count(self.doubted, 'call')} with a time that was not believed"


class Note(OfACaller, frozen=True, kw_only=True, tag="note"):
    """A text that somebody wants in the story as it stands."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("📝", "{topic:text}", "{text:text}"),),
        group=Group.RUNNING,
        tone=Tone.PLAIN,
        retelling=Retelling.AS_TOLD,
    )

    topic: str = "Note"
    text: str
    by: str | None = None  # "you", or where from

    def why(self, _time: int, /) -> Iterable[str]:
        yield f"by {escape(self.by)}" if self.by else ""


class AlertsGivenUp(Facts, frozen=True, kw_only=True, tag="alerts_given_up"):
    """Lines that a channel could not be told until they were too old for it."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("📵", "Alerts Given Up", "{channel:name}: {lines:count} line", equals("lines", 1)),
            Words("📵", "Alerts Given Up", "{channel:name}: {lines:count} lines"),
        ),
        group=Group.RUNNING,
        tone=Tone.ALARM,
        retelling=Retelling.AS_TOLD,
        critical=True,
    )

    channel: str
    lines: int
    first: int | None = None
    last: int | None = None
    age: int | None = None  # at which they are given up
    problem: str | None = None

    def why(self, time: int, /) -> Iterable[str]:
        if self.first is not None and self.last is not None:
            yield f"told {numbers.moment(self.first, time)} to {numbers.moment(self.last, time)}"
        problem = f": {escape(self.problem)}" if self.problem else ""
        yield (f"not delivered for {numbers.duration(self.age)}" if self.age is not None else "not delivered") + problem
        yield "they stand in this story"
