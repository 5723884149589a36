"""Time between bars: whoever waits for the stop lets the executor look after its orders meanwhile."""

from __future__ import annotations

from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from livestory.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.clock import Clock

EVERY = SECOND


class Timer(Event):
    """The stop of a run, to be waited on in its stead: each wait is cut into slices, with a beat after each.

    It is set when the stop is. The beats run in the waiting thread, and what they raise leaves `wait`.
    """

    def __init__(self, stop: Event, clock: Clock, every: int = EVERY) -> None:
        """A beat ``every`` microseconds of waiting, once there is something `attach`-ed."""
        super().__init__()
        self._stop = stop
        self._clock = clock
        self._every = every / SECOND
        self._beat: Callable[[int], object] = lambda _now: None

    def attach(self, beat: Callable[[int], object]) -> None:
        """Call ``beat`` with the present from now on."""
        self._beat = beat

    def is_set(self) -> bool:
        """Whether the run is asked to stop."""
        return self._stop.is_set()

    def set(self) -> None:
        """Ask the run to stop."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the stop, at most ``timeout`` seconds, and beat meanwhile; whether it is set."""
        ends = None if timeout is None else monotonic() + timeout
        while not self._stop.is_set():
            left = self._every if ends is None else ends - monotonic()
            if left <= 0:
                break
            if not self._stop.wait(min(left, self._every)):
                self._beat(self._clock.now())
        return self._stop.is_set()
