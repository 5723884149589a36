"""What a service's supervisor hears: that it is ready, alive, stopping. systemd's protocol, sd_notify(3).

A datagram to the socket that $NOTIFY_SOCKET names. Where nobody supervises, nothing is sent; where nobody listens, the
bot trades on.
"""

from __future__ import annotations

import os
import socket
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, MutableMapping

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
