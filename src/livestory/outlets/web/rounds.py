"""One thread that sees which of many journals were written: a look by each story's own thread costs far more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from livestory.outlets.web.followed_story import FollowedStory

_FEW = 1.0  # seconds between two looks whether there are many by now


class Rounds:
    """Wakes the stories whose journals were written."""

    def __init__(self, stories: Callable[[], Collection[FollowedStory]]) -> None:
        self._stories = stories
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, name="rounds", daemon=True)

    def start(self) -> None:
        """Begin, on a thread that ends with the process."""
        self._thread.start()

    def stop(self) -> None:
        """Go no further round."""
        self._stop.set()

    def _go(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            many = [story for story in self._stories() if story.one_of_many]
            pause = many[0].pause if many else _FEW
            for story in many:
                story.wake_if_written()
