"""Who listens to a story, and what each has yet to be sent. One slow listener costs nobody else anything."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException

from livestory.http_server.server import FAREWELL
from livestory.outlets.web.history import mark_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.outlets.web.followed_story import Update
    from livestory.story.journal.entry import Kept

MOST_LISTENERS = 1000
LONGEST_QUEUE = 64 * 1024  # bytes of lines that wait for one listener; what is more is read from the journal again
LARGE_AT_ONCE = 32  # listeners that are sent more than that at the same time

_LOOK = 0.02  # seconds

_encode = msgspec.json.encode


def event_data(event: Kept) -> dict[str, object]:
    """An event as a list shows it: its line, without its record; that it is not shown is said where it isn't."""
    data = {"seq": event.seq, "time": event.time, "kind": event.kind, "mark": mark_of(event), "line": event.line}
    return data if event.shown else data | {"shown": False}


def line_message(event: Kept) -> bytes:
    """An event as a server-sent event, whose id is its seq."""
    return b"id: %d\nevent: line\ndata: %b\n\n" % (event.seq, _encode(event_data(event)))


def message(kind: str, data: object) -> bytes:
    """A server-sent event without an id: one that need not be sent again."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode(data))


class Listener:
    """What one client has yet to be sent: lines in order, and the newest status alone."""

    def __init__(self, story: str, *, everything: bool = False) -> None:
        """Listen to the story of that name, to lines that are not shown as well; nothing waits yet."""
        self.story = story
        self.everything = everything
        self.ended = False
        self.behind = False  # there are lines that are not among those that wait: the journal has them
        self.cut: Callable[[], object] = lambda: None  # closes its connection, whatever it has yet to take
        self._lines: deque[tuple[int, bytes]] = deque()
        self._queued = 0
        self._status: bytes | None = None
        self._anew: tuple[int, bytes] | None = None
        self._waiting = asyncio.Event()

    def queue(self, lines: list[tuple[int, bytes]] | None, status: bytes | None) -> None:
        """Add what is new; None stands for lines that are too long to wait."""
        if lines is not None and not self.behind:
            self._lines += lines
            self._queued += sum(len(line) for _, line in lines)
        if lines is None or self._queued > LONGEST_QUEUE:
            self.behind = True
            self._clear()
        self._status = status or self._status
        self._waiting.set()

    def begin_anew(self, last_seq: int, status: bytes) -> None:
        """Forget what waits: there is another journal, whose lines count on from ``last_seq``."""
        self._clear()
        self.behind = False
        self._status = None
        self._anew = last_seq, status
        self._waiting.set()

    @property
    def begins_anew(self) -> bool:
        """Whether what waits begins with another journal."""
        return self._anew is not None

    def end(self) -> None:
        """Send the client nothing more, not even what waits."""
        self.ended = True
        self._waiting.set()

    async def wait(self, seconds: float) -> None:
        """Return when there is something to send or the listener has ended, after ``seconds`` at the latest."""
        try:
            async with asyncio.timeout(seconds):
                await self._waiting.wait()
        except TimeoutError:
            return

    def drain(self, after_seq: int) -> tuple[int, bytes]:
        """Everything that waits, lines up to ``after_seq`` left out, and the last seq sent with it."""
        parts = []
        if self._anew is not None:
            after_seq, status = self._anew
            parts.append(status)
            self._anew = None
        if self._status is not None:  # before its lines: the state shown is never older than the story
            parts.append(self._status)
        for number, line in self._lines:
            if number > after_seq:
                parts.append(line)
                after_seq = number
        self._clear()
        self._status = None
        self._waiting.clear()
        return after_seq, b"".join(parts)

    def _clear(self) -> None:
        self._lines.clear()
        self._queued = 0


class Listeners:
    """All who listen. Used on the event loop alone."""

    def __init__(self, most: int = MOST_LISTENERS) -> None:
        self.most = most
        self.large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._all: set[Listener] = set()
        self._read: set[str] = set()
        self.dropped = 0
        self.closed = False

    def __len__(self) -> int:
        return len(self._all)

    def join(self, story: str, *, everything: bool = False) -> Listener:
        """A new listener, to ``everything`` or to what is shown. Answers 503 where there are too many."""
        if self.closed or len(self._all) >= self.most:
            raise HTTPException(503, "too many listeners; try again later", {"Retry-After": "10"})
        listener = Listener(story, everything=everything)
        self._all.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener whose connection is closed."""
        self._all.discard(listener)

    async def until_read(self, listener: Listener) -> None:
        """Return when the listener's story has been read for the first time; what waits of that is forgotten."""
        while listener.story not in self._read and not listener.ended:  # noqa: ASYNC110 - once in a server's life
            await asyncio.sleep(_LOOK)
        listener.drain(0)

    def broadcast(self, story: str, update: Update) -> None:
        """Queue what is new for everyone who listens to that story; each message is made once."""
        self._read.add(story)
        listeners = [listener for listener in self._all if listener.story == story and not listener.ended]
        if update.anew and update.status is not None:
            anew = message("anew", update.status)
            for listener in listeners:
                listener.begin_anew(update.status.last_seq, anew)
            return
        short = sum(len(event.line) for event in update.events) < LONGEST_QUEUE
        every = [(event.seq, line_message(event)) for event in update.events] if short else None
        shown = [line for line, event in zip(every, update.events, strict=True) if event.shown] if every else every
        status = message("status", update.status) if update.status is not None else None
        for listener in listeners:
            listener.queue(every if listener.everything else shown, status)

    def close(self) -> None:
        """End every stream, and let nobody in."""
        self.closed = True
        for listener in self._all:
            listener.end()
        asyncio.get_running_loop().call_later(FAREWELL, self._cut_all)

    def _cut_all(self) -> None:
        for listener in self._all:
            listener.cut()
