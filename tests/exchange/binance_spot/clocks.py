"""A clock that runs with the machine's but shows another time, for clients that keep their own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from livestory.clock import instant

if TYPE_CHECKING:
    from datetime import datetime


class RunningClock:
    """It runs in real time from an instant on, and can be moved."""

    def __init__(self, start: datetime | float | str) -> None:
        self.set(start)

    def now(self) -> int:
        """The present instant."""
        return self._start + (time.monotonic_ns() - self._began) // 1000

    def set(self, to: datetime | float | str) -> None:
        """Go on from ``to``."""
        self._start = instant(to)
        self._began = time.monotonic_ns()
