"""What others may ask of the one who writes a story, through its inbox: the owner, and the alerts."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from livestory.clock import END
from livestory.story import inputs
from livestory.story.kinds import telling
from livestory.story.wording.text import shortened

Instant = Annotated[int, Meta(ge=0, lt=END)]
Count = Annotated[int, Meta(ge=0, lt=END)]


class _Command(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="word"):
    """Something asked of the writer."""


class Halt(_Command, frozen=True, kw_only=True, tag="halt"):
    """Send no new order and cancel the open ones; ``sell``: sell everything first."""

    sell: bool = False


class Resume(_Command, frozen=True, kw_only=True, tag="resume"):
    """The owner lets the bot buy again."""


class Note(_Command, frozen=True, kw_only=True, tag="note"):
    """Tell the owner's own words."""

    text: str


class Flow(_Command, frozen=True, kw_only=True, tag="flow"):
    """A deposit (positive) or withdrawal (negative), in the story's unit; ``came``: when, where it is known."""

    amount: float
    came: Instant | None = None


class AlertsLost(_Command, frozen=True, kw_only=True, tag="alerts_lost"):
    """Lines that a channel gave up delivering: how many, told from ``first`` to ``last``, after ``age``, and why."""

    channel: str
    lines: Count
    first: Instant
    last: Instant
    age: Count
    problem: str


Command = Halt | Resume | Note | Flow | AlertsLost


def as_input(time: int, command: Note | Flow | AlertsLost) -> inputs.Input:
    """A command that is only to be told, as the input that tells it; to halt or resume is the bot's own affair."""
    match command:
        case Note():
            return inputs.Statement(time, (telling.Note(text=shortened(command.text), by="you"),))
        case Flow():
            return inputs.Flow(time=time, amount=command.amount, came=command.came, source="you")
        case AlertsLost():
            fields = {name: getattr(command, name) for name in command.__struct_fields__}
            return inputs.Statement(time, (telling.AlertsGivenUp(**fields),))
