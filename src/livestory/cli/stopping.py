"""SIGINT and SIGTERM as a request to stop after the bar."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from livestory.cli.supervisor import Supervisor, WatchedStop

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS = signal.SIGINT, signal.SIGTERM


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second does what it would have done without.

    Whoever supervises this process hears that it is up, by the loop's asking that it is alive, and that it stops.
    """
    supervisor = Supervisor.of()
    stop = WatchedStop(supervisor)
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(_number: int, _frame: object) -> None:
        restore()
        # Not set here: the signal may have come while this very thread held the event's lock, to wait for it.
        threading.Thread(target=stop.set).start()

    for number in _SIGNALS:
        signal.signal(number, ask)
    supervisor.ready("tells its story")
    try:
        yield stop
    finally:
        restore()
