"""What a story is retold from: the inputs that a bot would have given, from wherever they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from livestory.story.events import Facts, Rules
from livestory.story.observation import Begin, End, Fill, Flow, Observation, Skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class TheRules(Struct, frozen=True):
    """The rules that were in force from then on."""

    time: int
    rules: Rules


class Told(Struct, frozen=True):
    """Something that was told as it stands, apart from any observation."""

    time: int
    facts: Facts


Input = Observation | Fill | Flow | Skip | Begin | End | TheRules | Told


class OutOfOrder(Exception):
    """An input is older than the one before it."""


class Source(Protocol):
    """Where inputs come from. It may be read more than once."""

    name: str  # of the file, as the story's head has it
    knows: frozenset[str] | None  # fields of `Observation`, and "fill"; None: the bot said it itself, so nothing lacks

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """The inputs in the order of their times, some at a time.

        Raises OutOfOrder where they are in another order and ``in_order`` does not ask to sort them, and InputError.
        """
        ...
