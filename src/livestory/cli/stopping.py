"""SIGINT, SIGTERM and SIGHUP as a request to stop after the bar."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from livestory.cli.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.trading.replay import Stop

_SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """A stop that the first of the signals sets; the second does what it would have done without.

    SIGTERM is the system's way to ask, SIGINT (Ctrl-C) and SIGHUP (the terminal closed) a person's. One that is
    ignored, as SIGHUP under nohup, stays ignored.

    Whoever supervises this process hears that it is up, by the loop's asking that it is alive, and that it stops.
    """
    from livestory.cli.watched_stop import WatchedStop  # noqa: PLC0415 - the trading room is not for --help

    supervisor = Supervisor.of()
    stop = WatchedStop(supervisor)
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, _frame: object) -> None:
        restore()
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
