"""What goes from a bot's thread to those that write its story, and the latches on which the bot waits."""

from __future__ import annotations

import _thread
import time
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livestory.story.event import Event
    from livestory.story.inputs import Input, Observation


class Call:
    """Two latches: the first opens when the call is heard, the second when it is durable, in trouble or answered.

    A latch is a plain lock of this one call: whatever interrupts who waits leaves nothing held that others need.
    """

    __slots__ = ("done", "error", "finished", "told")

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.finished = False
        self.told = _closed()
        self.done = _closed()

    def hear(self) -> None:
        """Open the first latch."""
        if self.told.locked():
            with suppress(RuntimeError):  # opened just now
                self.told.release()

    def finish(self, error: Exception | None = None) -> None:
        """Open both, with the ``error`` that is the answer."""
        if error is not None:
            self.error = error
        self.finished = True
        self.hear()
        with suppress(RuntimeError):
            self.done.release()


class InputCall(Call):
    """An input that the bot gave, and what that told."""

    __slots__ = ("begun", "clock", "doubted", "events", "given", "late", "observation")

    def __init__(self, given: Input) -> None:
        super().__init__()
        self.given = given
        self.clock: int | None = None  # what it said when the call was first heard
        self.begun = time.monotonic()
        self.events: tuple[Event, ...] = ()
        self.observation: Observation | None = None
        self.doubted = False  # its time was: to be remembered, also where nothing is told
        self.late = False

    @property
    def waited(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self.begun


class Ask(Enum):
    """What is asked of the threads themselves."""

    OPEN = "is the story open, or in trouble?"
    FLUSH = "is all kept that was told before?"
    REST = "is the journal closed, until something is told after all?"
    LEAVE = "is the story closed, if nobody uses it any more?"


class Question(Call):
    """A question, and how many calls were heard before it."""

    __slots__ = ("ask", "place")

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self.ask = ask
        self.place = 0


def _closed() -> _thread.LockType:
    latch = _thread.allocate_lock()
    latch.acquire()
    return latch
