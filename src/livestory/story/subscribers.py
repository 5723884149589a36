"""Who hears of events the moment they are kept: callables, on a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.story.event import Event

_log = logging.getLogger("livestory")
_MOST_WAITING = 100_000  # events; whoever hears slower than they come loses the oldest, the journal keeps them all


class Subscribers:
    """Calls each subscriber with each event, in order, off the caller's thread. One that raises is logged."""

    def __init__(self) -> None:
        """Without subscribers no thread runs."""
        self._callables: list[Callable[[Event], object]] = []
        self._waiting: deque[Event] = deque(maxlen=_MOST_WAITING)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._busy = False

    def add(self, subscriber: Callable[[Event], object]) -> None:
        """Call ``subscriber`` with every event from now on."""
        with self._changed:
            self._callables.append(subscriber)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="livestory-subscribers", daemon=True)
                self._thread.start()

    def publish(self, events: Sequence[Event]) -> None:
        """Hand over events that are kept; returns at once."""
        if self._thread is None:
            return
        with self._changed:
            self._waiting.extend(events)
            self._changed.notify_all()

    def close(self, timeout: float) -> None:
        """Let what was published be heard, for at most ``timeout`` seconds."""
        if self._thread is None:
            return
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout)
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                event = self._waiting.popleft()
                callables = tuple(self._callables)
                self._busy = True
            for subscriber in callables:
                try:
                    subscriber(event)
                except Exception:  # noqa: BLE001 - somebody else's code: it must not silence the others
                    _log.exception("a subscriber of the story failed")
