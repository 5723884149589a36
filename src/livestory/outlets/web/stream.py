"""Server-sent events: the story as it happens, from where a client has heard it last (WHATWG HTML, 9.2)."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from livestory.outlets.web import listeners as told
from livestory.outlets.web.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from livestory.outlets.web.listeners import Listener, Listeners
    from livestory.outlets.web.watched import Watched
    from livestory.story.journal_entry import Kept

HEARTBEAT = 15.0  # seconds without a message after which one is sent, so that a dead connection is noticed
STALLED = 6.0  # seconds that a client may take nothing of what it is sent
MOST_MISSED = 2000  # lines that are sent again; a client that has missed more begins anew
_PAGE = 100
_LOOK = 1.0  # seconds between two looks at a client that has not taken everything
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold lines back
]
_PULSE = b"event: pulse\ndata: {}\n\n"
_log = logging.getLogger("livestory")


class Stream:
    """The answer to a client that listens: first what it has missed, then everything as it comes."""

    def __init__(
        self,
        story: Watched,
        listeners: Listeners,
        after_seq: int | None,
        read: Callable[[int, int], Awaitable[list[Kept]]],
    ) -> None:
        """Begin after that seq; None: with what comes next. ``read`` reads events after a seq, at most a number."""
        self._story = story
        self._listeners = listeners
        self._after = after_seq
        self._read = read
        self._listener = listeners.join(story.name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until either side has enough."""
        listener = self._listener
        progress = Progress(scope["transport"])
        listener.cut = progress.cut
        leaving = asyncio.create_task(_until_gone(receive, listener))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _send(send, b"retry: 1000\n" + told.message("status", self._story.status()))
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
        after = await self._send_missed(send)
        silent = 0.0
        while not listener.ended:
            pause = _LOOK if progress.pending() else HEARTBEAT
            await listener.wait(pause)
            if progress.stalled_for() > STALLED:
                raise TimeoutError
            after, body = listener.take(after)
            silent = 0.0 if body else silent + pause
            if body or silent >= HEARTBEAT:
                await _send(send, body or _PULSE)
                silent = 0.0

    async def _send_missed(self, send: Send) -> int:
        """Send what was told since the client heard last; the seq that is sent up to."""
        last = len(self._story.index)
        after = last if self._after is None or self._after > last else self._after
        if last - after > MOST_MISSED or (self._after or 0) > last:
            await _send(send, told.message("anew", self._story.status()))
            return last
        while after < last and not self._listener.ended:
            events = await self._read(after, min(_PAGE, last - after))
            if not events:
                break
            await _send(send, b"".join(map(told.line_message, events)))
            after = events[-1].seq
        return after


async def _send(send: Send, body: bytes) -> None:
    """Raises TimeoutError where the client doesn't take it."""
    async with asyncio.timeout(STALLED):
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()
