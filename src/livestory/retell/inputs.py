"""What a story is retold from: the inputs that a bot would have given, from wherever they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from livestory.story.event import Event
from livestory.story.inputs import Fill, Flow, Input, Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Glimpse(Struct, frozen=True):
    """What is left of the observations of a time whose events were kept, and are told as they stand."""

    observation: Observation

    @property
    def time(self) -> int:
        """When it was made."""
        return self.observation.time


class AsKept(Struct, frozen=True):
    """An event of such a time, and the fill or flow that it tells."""

    event: Event
    own: Fill | Flow | None = None

    @property
    def time(self) -> int:
        """When it happened."""
        return self.event.time


class Remembered(Struct, frozen=True):
    """What the narrator remembered at the end of such a time; from here on it tells again."""

    time: int
    narrator: bytes


Given = Input | Glimpse | AsKept | Remembered
"""What a source gives: inputs, and what is left of a time that was compacted."""


class OutOfOrder(Exception):
    """An input is older than the one before it."""


class Source(Protocol):
    """Where inputs come from. It may be read more than once."""

    name: str  # of the file, as the story's head has it
    compacted: int | None  # its observations before that instant were thinned
    knows: frozenset[str] | None  # fields of `Observation`, and "fill"; None: the bot said it itself, so nothing lacks

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Given]]:
        """The inputs in the order of their times, some at a time.

        Raises OutOfOrder where they are in another order and ``in_order`` does not ask to sort them, and InputError.
        """
        ...
