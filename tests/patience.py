"""How long a test waits for something: so long that only what never comes is given up, on the slowest machine too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = 120.0  # seconds; far more than anything takes that a test waits for


def until(condition: Callable[[], object], said: Callable[[], object] = str) -> None:
    """Wait for the condition; where it never comes the test fails with what is ``said`` then."""
    give_up = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < give_up, said()
        time.sleep(0.005)
