"""Server-sent events: the story as it happens, from where a client has heard it last (WHATWG HTML, 9.2)."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import struct
import termios
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from livestory.http_server.connections import cut
from livestory.outlets.web.listeners import LONGEST_QUEUE, line_message, message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from livestory.outlets.web.followed_story import FollowedStory
    from livestory.outlets.web.listeners import Listener, Listeners
    from livestory.story.journal.entry import Kept

HEARTBEAT = 15.0  # seconds without a message after which one is sent, so that a dead connection is noticed
STALLED = 6.0  # seconds that a client may take nothing of what it is sent
SLOWEST = 30.0  # seconds that it may take for a page of lines that is too long to wait
MOST_MISSED = 2000  # lines that are sent again; a client that has missed more begins anew
_GLANCE = 0.05  # seconds between two looks at a client that takes more than fits into a queue
_LOOK = 1.0  # seconds between two looks at a client that has not taken everything
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold lines back
]
_PULSE = b"event: pulse\ndata: {}\n\n"
_log = logging.getLogger("livestory.web")


class Stream:
    """The answer to a client that listens: first what it has missed, then everything as it comes."""

    def __init__(
        self,
        story: FollowedStory,
        listeners: Listeners,
        after_seq: int | None,
        read: Callable[[int], Awaitable[list[Kept]]],
        *,
        everything: bool,
    ) -> None:
        """Begin after that seq; None: with what comes next. ``read`` reads a page of events after a seq.

        Only lines that are shown are sent, unless ``everything`` is asked for.
        """
        self._story = story
        self._listeners = listeners
        self._after = after_seq
        self._read = read
        self._listener = listeners.join(story.name, everything=everything)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until either side has enough."""
        listener = self._listener
        progress = Progress(scope["transport"])
        listener.cut = progress.cut
        leaving = asyncio.create_task(_until_gone(receive, listener))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _send(send, b"retry: 1000\n" + message("status", self._story.status()))
            await self._listeners.until_read(listener)
            await self._send_all(listener, progress, send)
            async with asyncio.timeout(STALLED):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self._listeners.dropped += 1
            _log.info("a listener that takes nothing was dropped")
            listener.cut()
        finally:
            self._listeners.leave(listener)
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving

    async def _send_all(self, listener: Listener, progress: Progress, send: Send) -> None:
        last = len(self._story.index)
        after = await self._catch_up(listener, progress, send, last if self._after is None else self._after)
        silent = 0.0
        while not listener.ended:
            pause = _LOOK if progress.pending() else HEARTBEAT
            await listener.wait(pause)
            if progress.stalled_for() > STALLED:
                raise TimeoutError
            if listener.behind:
                after = await self._catch_up(listener, progress, send, after)
            after, body = listener.drain(after)
            silent = 0.0 if body else silent + pause
            if body or silent >= HEARTBEAT:
                await _send(send, body or _PULSE)
                silent = 0.0

    async def _catch_up(self, listener: Listener, progress: Progress, send: Send, after: int) -> int:
        """Send what the journal has after that seq; the seq that is sent up to."""
        while not listener.ended and not listener.begins_anew:
            listener.behind = False  # what comes from here on waits in its queue
            last = len(self._story.index)
            if after > last or last - after > MOST_MISSED:
                await _send(send, message("anew", self._story.status()))
                return last
            if after == last:
                break
            async with self._listeners.large:
                events = await self._read(after)
                if not events:
                    break
                after = events[-1].seq
                lines = [line_message(event) for event in events if event.shown or listener.everything]
                body = b"".join([message("status", self._story.status()), *lines])
                del events
                if len(body) > LONGEST_QUEUE:
                    await _send(send, body)
                    body = b""
                    await _until_taken(progress)
            if body:
                await _send(send, body)
        return after


async def _until_taken(progress: Progress) -> None:
    """Raises TimeoutError where the client takes nothing for a while, or is much too slow."""
    async with asyncio.timeout(SLOWEST):
        while progress.unsent():
            if progress.stalled_for() > STALLED:
                raise TimeoutError
            await asyncio.sleep(_GLANCE)


async def _send(send: Send, body: bytes) -> None:
    """Raises TimeoutError where the client doesn't take it."""
    async with asyncio.timeout(STALLED):
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()


# What a client that reads nothing can make us hold: little, as a story is a line now and then.
_SEND_BUFFER = 64 * 1024
_WRITE_BUFFER = 8 * 1024
_BYTES_ACKED = 120  # where struct tcp_info has tcpi_bytes_acked (linux/tcp.h, since 4.1)


class Progress:
    """Says of one connection whether its client takes what it is sent, by the system's own count."""

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
