"""The telling itself: its troubles, and somebody's own words."""

from __future__ import annotations

from typing import ClassVar

from livestory.story.facts.base import Facts, OfACaller


class StoryLate(Facts, frozen=True, kw_only=True, tag="story_late"):
    """The story was in trouble; what was told meanwhile came late, or not at all."""

    lines: int
    lost: int = 0
    since: int
    until: int
    trouble: str


class SetAside(Facts, frozen=True, kw_only=True, tag="set_aside"):
    """A damaged journal was set aside and a new one begun."""

    critical: ClassVar[bool] = True

    name: str
    trouble: str


class ClockMoved(Facts, frozen=True, kw_only=True, tag="clock_moved"):
    """The machine's clock was set back."""

    by: int


class TimeDoubted(Facts, frozen=True, kw_only=True, tag="time_doubted"):
    """A caller's time lies too far ahead of the clock to be believed."""

    call: str  # "observe", "fill", …; for a note or an event in the plan's words, its kind
    given: int
    ahead: int
    aside: bool = False  # an observation is set aside; anything else is told at the clock's time


class TimeBack(Facts, frozen=True, kw_only=True, tag="time_back"):
    """The times of a call are believed again."""

    call: str
    given: int
    doubted: int  # calls
    agree: bool = False  # because three in a row do


class Note(OfACaller, frozen=True, kw_only=True, tag="note"):
    """Somebody's own words."""

    topic: str = "Note"
    text: str
    by: str | None = None  # "you", or where from


class AlertsGivenUp(Facts, frozen=True, kw_only=True, tag="alerts_given_up"):
    """Lines that a channel could not be told until they were too old for it."""

    critical: ClassVar[bool] = True

    channel: str
    lines: int
    first: int | None = None
    last: int | None = None
    age: int | None = None  # at which they are given up
    problem: str | None = None
