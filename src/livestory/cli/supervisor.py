"""How a run is asked to stop, and what its supervisor hears: ready, alive, stopping. systemd's protocol, sd_notify(3).

A datagram to the socket that $NOTIFY_SOCKET names. Where nobody supervises, nothing is sent; where nobody listens, the
bot trades on.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Self

from livestory.trading.replay import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, MutableMapping

_MICROS = 1_000_000
_WAITS = 1.0  # seconds for a listener who is behind, to tell it what is said once


class Supervisor:
    """The one who started this process and restarts it. To be spoken to by one thread."""

    def __init__(self, address: str | None, patience: float | None) -> None:
        """It listens at ``address``; its watchdog wants to hear within ``patience`` seconds, None: never."""
        self._address = address
        self.pause = None if patience is None else patience / 2  # as sd_watchdog_enabled(3) recommends
        self._next = 0.0

    @classmethod
    def of(cls, environ: MutableMapping[str, str] | None = None) -> Self:
        """Who supervises this process. It is taken out of the environment: a child is not to speak for its parent."""
        environ = os.environ if environ is None else environ
        address = environ.pop("NOTIFY_SOCKET", None)
        patience, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        watches = address is not None and patience.isdecimal() and pid in {"", str(os.getpid())}
        return cls(address, int(patience) / _MICROS if watches and int(patience) else None)

    def ready(self, status: str) -> None:
        """It is up; ``status`` says in a line what it does."""
        self._send(f"READY=1\nSTATUS={status}", _WAITS)

    def alive(self) -> None:
        """It makes progress. To be called as often as one likes."""
        if self.pause is not None and monotonic() >= self._next:
            self._next = monotonic() + self.pause / 2
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """It ends, as it was asked to."""
        self._send("STOPPING=1", _WAITS)

    @asynccontextmanager
    async def attends(self, status: str) -> AsyncIterator[None]:
        """It is up from now on, alive for as long as the event loop turns, and stopping at the end."""
        import asyncio

        async def beat() -> None:
            while self.pause is not None:
                self.alive()
                await asyncio.sleep(self.pause / 2)

        self.ready(status)
        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            self.stopping()

    def _send(self, message: str, waits: float = 0.0) -> None:
        if self._address is None:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.settimeout(waits)
            notify.sendto(message.encode(), address)


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
