"""A run is asked to stop after its bar, by SIGINT, SIGTERM or SIGHUP, and its supervisor hears that it is alive."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from livestory.cli.supervisor import Supervisor
from livestory.trading.bar_loop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """A stop that the first of the signals sets; the second does what it would have done without.

    SIGTERM is the system's way to ask, SIGINT (Ctrl-C) and SIGHUP (the terminal closed) a person's. One that is
    ignored, as SIGHUP under nohup, stays ignored.

    Whoever supervises this process hears that it is up, by the loop's asking that it is alive, and that it stops.
    """
    supervisor = Supervisor.of()
    stop = WatchedStop(supervisor)
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {int(number): handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            _as_without(number, before[number], frame)
            return
        asked = True
        stop.by = "system" if number == signal.SIGTERM else "you"
        # Not set here: the signal may have come while this very thread held the event's lock, to wait for it.
        threading.Thread(target=stop.set).start()

    for number in before:
        signal.signal(number, ask)
    supervisor.ready("tells its story")
    try:
        yield stop
    finally:
        restore()


def _as_without(number: int, handler: object, frame: FrameType | None) -> None:
    """Do at a signal what ``handler`` did before.

    The system's own way is not set any sooner: of a signal that is under way then, Python says that it was lost.
    """
    if callable(handler):
        handler(number, frame)
    else:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


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
        """Ask the run to stop, and tell the supervisor that it will."""
        self._supervisor.stopping()
        super().set()

    def _alive(self) -> None:
        if threading.get_ident() == self._loop:
            self._supervisor.alive()
