"""Whether a client takes what it is sent, by the system's own count: long before any buffer is full."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

# What a client that reads nothing can make us hold: little, as a story is a line now and then.
_SEND_BUFFER = 64 * 1024
_WRITE_BUFFER = 8 * 1024
_BYTES_ACKED = 120  # where struct tcp_info has tcpi_bytes_acked (linux/tcp.h, since 4.1)


class Progress:
    """Watches one connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Bound what is held for it."""
        transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        self._transport = transport
        self._socket: socket.socket = transport.get_extra_info("socket")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._acknowledged = -1
        self._since = time.monotonic()

    def pending(self) -> bool:
        """Whether anything that was sent has not been acknowledged."""
        if self._transport.is_closing():
            return False
        if self.unsent():
            return True
        queued = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        return bool(struct.unpack("i", queued)[0])

    def unsent(self) -> int:
        """The bytes that even the system hasn't taken yet."""
        return self._transport.get_write_buffer_size()

    def stalled_for(self) -> float:
        """The seconds for which something has been pending and nothing was acknowledged."""
        now = time.monotonic()
        acknowledged = self._bytes_acknowledged()
        if acknowledged != self._acknowledged or not self.pending():
            self._acknowledged, self._since = acknowledged, now
        return now - self._since

    def cut(self) -> None:
        """Close the connection, whatever it has yet to take."""
        cut(self._transport)

    def _bytes_acknowledged(self) -> int:
        if self._transport.is_closing():
            return self._acknowledged
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED + 8)
        return int.from_bytes(info[_BYTES_ACKED:], "little") if len(info) == _BYTES_ACKED + 8 else 0


def cut(transport: asyncio.Transport) -> None:
    """Close a connection, whatever it has yet to take."""
    connected: socket.socket = transport.get_extra_info("socket")
    if connected.fileno() >= 0:  # with a reset: an end in order would wait behind what isn't taken
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
