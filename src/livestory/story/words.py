"""What others may say to the one who writes a story: the owner, and the alerts."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from livestory.clock import END

Instant = Annotated[int, Meta(ge=0, lt=END)]
Count = Annotated[int, Meta(ge=0, lt=END)]


class Word(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="word"):
    """Something said to the writer."""


class Halt(Word, frozen=True, kw_only=True, tag="halt"):
    """Send no new order and cancel the open ones; ``sell``: sell everything first."""

    sell: bool = False


class Resume(Word, frozen=True, kw_only=True, tag="resume"):
    """Go on."""


class Note(Word, frozen=True, kw_only=True, tag="note"):
    """Tell the owner's own words."""

    text: str


class Flow(Word, frozen=True, kw_only=True, tag="flow"):
    """A deposit (positive) or withdrawal (negative), in the story's unit; ``came``: when, where it is known."""

    amount: float
    came: Instant | None = None


class AlertsLost(Word, frozen=True, kw_only=True, tag="alerts_lost"):
    """Lines that a channel gave up delivering: how many, told from ``first`` to ``last``, after ``age``, and why."""

    channel: str
    lines: Count
    first: Instant
    last: Instant
    age: Count
    problem: str


AnyWord = Halt | Resume | Note | Flow | AlertsLost
