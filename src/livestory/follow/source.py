"""What every kind of followed bot has in common: facts from outside, in order, with a cursor that commits with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from livestory.story.kinds.telling import Note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from livestory.story.inputs import Input


class Step(NamedTuple):
    """What was found, and where to go on once it is kept: both go into one commit."""

    inputs: tuple[Input, ...]
    cursor: bytes
    more: bool = False  # there is more to be read at once
    due: int | None = None  # when to look again though nothing was written
    running: bool = True  # as far as its files tell


def left_out(problems: Sequence[str]) -> Note:
    """A word about what stands in a bot's file and can't be read: the first of it, and how much more there is."""
    others = f" and {len(problems) - 1:,} more" if len(problems) > 1 else ""
    return Note(text=f"left out, since it can't be read: {problems[0]}{others}")


class Source(Protocol):
    """A bot's own files, read from where a cursor says.

    From equal files and an equal cursor it finds equal inputs. A fill always has a trade id of its own, and one whose
    id the story has already is left out by whoever asks: so a source may find again what it has found.
    """

    kind: str  # "freqtrade", …: the cursor is kept under that name

    @property
    def path(self) -> Path:
        """Of the file that it reads first of all: errors about it begin with it."""
        ...

    def read(self, cursor: bytes | None, now: int) -> Step:
        """What is new since ``cursor``; None: all of it.

        Raises `DatabaseNotNow` while its program keeps it, and InputError where it can't be read.
        """
        ...

    def state(self) -> object:
        """Equal to another time's where nothing was written in between. Raises as `read`."""
        ...
