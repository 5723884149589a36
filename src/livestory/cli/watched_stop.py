"""A request to stop that is also the loop's sign of life to whoever supervises the process."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING

from livestory.trading.replay import Stop

if TYPE_CHECKING:
    from livestory.cli.supervisor import Supervisor


class WatchedStop(Stop):
    """A request to stop, asked for again and again by the loop that it would stop: so a loop that asks is alive.

    A loop that hangs, asks no more, and is restarted. Other threads may ask too; they prove nothing.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        """Made by the thread of the loop."""
        super().__init__()
        self._supervisor = supervisor
        self._loop = threading.get_ident()

    def is_set(self) -> bool:
        """Whether it is asked to stop."""
        self._alive()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the request, for ``timeout`` seconds at most; whether it came."""
        pause = self._supervisor.pause
        if pause is None:
            return super().wait(timeout)
        end = None if timeout is None else monotonic() + timeout
        while True:
            self._alive()
            left = pause / 2 if end is None else min(end - monotonic(), pause / 2)
            if super().wait(max(left, 0.0)):
                return True
            if end is not None and monotonic() >= end:
                return False

    def set(self) -> None:
        """Ask it to stop."""
        self._supervisor.stopping()
        super().set()

    def _alive(self) -> None:
        if threading.get_ident() == self._loop:
            self._supervisor.alive()
