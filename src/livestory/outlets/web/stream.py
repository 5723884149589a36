"""Server-sent events: the story as it happens, from where a client has heard it last (WHATWG HTML, 9.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.outlets.web.listeners import LONGEST_PIECE, line_message, message
from livestory.outlets.web.outgoing import Outgoing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from livestory.outlets.web.followed_story import FollowedStory
    from livestory.outlets.web.listeners import Listener, Listeners
    from livestory.story.journal.entry import Kept

MOST_MISSED = 2000  # lines that are sent again; a client that has missed more begins anew


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        """Send until either side has enough."""
        listener = self._listener
        outgoing = listener.outgoing = Outgoing(scope, send)
        try:
            await outgoing.begin()
            await outgoing.send(b"retry: 1000\n" + message("status", self._story.status()))
            await self._listeners.until_read(listener)
            after = len(self._story.index) if self._after is None else self._after
            while not listener.ended:
                after = await self._catch_up(listener, outgoing, after)
                after = await listener.live(after)
            await outgoing.send(b"", more=False)
        except TimeoutError:
            self._listeners.drop(listener)
        finally:
            self._listeners.leave(listener)

    async def _catch_up(self, listener: Listener, outgoing: Outgoing, after: int) -> int:
        """Send what the journal has after that seq, as fast as the client takes it; the seq that is sent up to."""
        while not listener.ended:
            await outgoing.taken()
            missed, listener.missed = listener.missed, False
            last = len(self._story.index)
            if listener.anew is not None:
                (after, body), listener.anew = listener.anew, None
                await outgoing.send(body)
            elif after > last or last - after > MOST_MISSED:
                after = last
                await outgoing.send(message("anew", self._story.status()))
            elif after < last:
                async with self._listeners.large:
                    if not (events := await self._read(after)):
                        break
                    after = events[-1].seq
                    lines = [line_message(event) for event in events if event.shown or listener.everything]
                    del events
                    body = b"".join([message("status", self._story.status()), *lines])
                    await outgoing.send(body)
                    if len(body) > LONGEST_PIECE:
                        await outgoing.taken()
            elif missed:
                await outgoing.send(message("status", self._story.status()))
            else:
                break
        return after
