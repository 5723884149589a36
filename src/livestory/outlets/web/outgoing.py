"""The connection of a client that listens: what it has yet to take is bounded, and whether it takes it is known."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
import time
from typing import TYPE_CHECKING

from livestory.http_server.connections import cut

if TYPE_CHECKING:
    from starlette.types import Scope, Send

STALLED = 6.0  # seconds that a client may take nothing of what it is sent
SLOWEST = 30.0  # seconds that it may take for all that the system has not taken yet
_GLANCE = 0.05  # seconds between two looks at a client that takes more than the system holds for it
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold lines back
]
# What a client that reads nothing can make us hold: little, as a story is a line now and then.
_SEND_BUFFER = 64 * 1024
_WRITE_BUFFER = 8 * 1024
_BYTES_ACKED = 120  # where struct tcp_info has tcpi_bytes_acked (linux/tcp.h, since 4.1)


class Outgoing:
    """What a client is sent, in pieces, and its progress by the system's own count."""

    def __init__(self, scope: Scope, send: Send) -> None:
        """Bound what is held for the client; nothing is sent yet."""
        self._send = send
        self._chunked = scope["http_version"] != "1.0"  # as the server frames an answer of unknown length
        self._transport: asyncio.Transport = scope["transport"]
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        self._socket: socket.socket = self._transport.get_extra_info("socket")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._under_way = False  # something was sent that may not be acknowledged yet
        self._acknowledged = -1
        self._since = 0.0

    async def begin(self) -> None:
        """Send the head of the answer."""
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})

    async def send(self, body: bytes, *, more: bool = True) -> None:
        """Send a piece once there is room for it. Raises TimeoutError where the client doesn't make any."""
        self._now_under_way()
        async with asyncio.timeout(STALLED):
            await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def write(self, body: bytes) -> None:
        """Send a piece at once, past the server: a task for each of thousands of clients costs more than the piece."""
        if body and not self.gone:  # in chunks, an empty one is the end
            self._now_under_way()
            self._transport.write(b"%x\r\n%b\r\n" % (len(body), body) if self._chunked else body)

    @property
    def gone(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self._transport.is_closing()

    @property
    def full(self) -> bool:
        """Whether so much waits for the client that it must take that first."""
        return self._transport.get_write_buffer_size() > _WRITE_BUFFER

    async def taken(self) -> None:
        """Wait until the system has taken everything.

        Raises TimeoutError where the client takes nothing for a while, or is much too slow.
        """
        async with asyncio.timeout(SLOWEST):
            while self._transport.get_write_buffer_size() and not self.gone:
                if self.stalled:
                    raise TimeoutError
                await asyncio.sleep(_GLANCE)

    @property
    def stalled(self) -> bool:
        """Whether something is under way, and the client has acknowledged nothing for too long."""
        if not self._under_way or self.gone:
            return False
        now, acknowledged = time.monotonic(), self._bytes_acknowledged()
        if acknowledged != self._acknowledged:
            self._acknowledged, self._since = acknowledged, now
        self._under_way = self._pending()
        return self._under_way and now - self._since > STALLED

    def cut(self) -> None:
        """Close the connection, whatever the client has yet to take."""
        cut(self._transport)

    def _now_under_way(self) -> None:
        if not self._under_way:
            self._under_way, self._since = True, time.monotonic()

    def _pending(self) -> bool:
        if self._transport.get_write_buffer_size():
            return True
        queued = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        return bool(struct.unpack("i", queued)[0])

    def _bytes_acknowledged(self) -> int:
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED + 8)
        return int.from_bytes(info[_BYTES_ACKED:], "little") if len(info) == _BYTES_ACKED + 8 else 0
