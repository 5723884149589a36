"""One call of a bot on its way to the disk."""

from __future__ import annotations

import _thread
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livestory.story.events import Event
    from livestory.story.observation import Observation


class Call:
    """What a bot called, what that told, and two latches on which it waits.

    A latch is a plain lock of this one call: whatever interrupts who waits leaves nothing held that others need.
    """

    __slots__ = (
        *(
            "arguments",
            "begun",
            "clock",
            "done",
            "doubted",
            "error",
            "events",
            "finished",
            "late",
            "name",
            "observation",
        ),
        *("place", "told"),
    )

    def __init__(self, name: str, arguments: tuple[Any, ...] = ()) -> None:
        """``name`` is the narrator's method, or what is asked of the threads themselves: "open", "flush", …."""
        self.name = name
        self.arguments = arguments
        self.clock: int | None = None  # what it said when the call was first heard
        self.begun = time.monotonic()
        self.events: tuple[Event, ...] = ()
        self.observation: Observation | None = None
        self.doubted = False  # its time was: to be remembered, also where nothing is told
        self.error: Exception | None = None
        self.late = False
        self.finished = False
        self.place = 0  # how many calls were heard before it
        self.told = _closed()  # opens when it is heard, and `events` are known
        self.done = _closed()  # opens when it is durable, in trouble or answered

    @property
    def waited(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self.begun

    def hear(self) -> None:
        """Open the first latch."""
        with suppress(RuntimeError):  # open already
            self.told.release()

    def finish(self, error: Exception | None = None) -> None:
        """Open both, with the ``error`` that is the answer."""
        if error is not None:
            self.error = error
        self.finished = True
        self.hear()
        with suppress(RuntimeError):
            self.done.release()


def _closed() -> _thread.LockType:
    latch = _thread.allocate_lock()
    latch.acquire()
    return latch
