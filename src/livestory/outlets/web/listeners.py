"""Who listens to a story, and how everyone is told what is new. One slow listener costs nobody else anything."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from starlette.exceptions import HTTPException

from livestory.http_server.server import FAREWELL
from livestory.outlets.web.history import mark_of

if TYPE_CHECKING:
    from livestory.outlets.web.followed_story import Update
    from livestory.outlets.web.outgoing import Outgoing
    from livestory.story.journal.entry import Kept

MOST_LISTENERS = 1000
HEARTBEAT = 15.0  # seconds without a message after which one is sent, so that a dead connection is noticed
LONGEST_PIECE = 64 * 1024  # bytes of lines that are sent at once; what is more is read from the journal, page by page
_LARGE_AT_ONCE = 32  # listeners that take a page that is longer than that
_WATCH = 1.0  # seconds between two looks at everyone
_LOOK = 0.02  # seconds
_PULSE = b"event: pulse\ndata: {}\n\n"
_log = logging.getLogger("livestory.web")

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


class Told(NamedTuple):
    """What is new, as everyone who listens to the same is sent it."""

    first: int  # the seqs of its events, shown or not; a status alone has none, and they are 0
    last: int
    body: bytes | None  # None stands for lines that are too long to be sent at once


class Listener:
    """One client: while it is live, what is told goes straight to its connection; else it is catching up."""

    def __init__(self, story: str, *, everything: bool = False) -> None:
        """Listen to the story of that name, to lines that are not shown as well."""
        self.story = story
        self.everything = everything
        self.outgoing: Outgoing | None = None  # None before it is answered
        self.ended = False
        self.missed = False  # something was told while it was catching up
        self.anew: tuple[int, bytes] | None = None  # so was that there is another journal: up to which seq, and how
        self._after = 0  # the seq that it was sent up to
        self._live: asyncio.Future[None] | None = None
        self._heard = 0.0

    async def live(self, after_seq: int) -> int:
        """Be live from that seq until it can't take more, or ends; the seq that it was sent up to."""
        if self.ended:
            return after_seq
        loop = asyncio.get_running_loop()
        self._after, self._live, self._heard = after_seq, loop.create_future(), loop.time()
        await self._live
        return self._after

    def tell(self, told: Told, now: float) -> None:
        """Send it; what is not new to a client is left out."""
        if (outgoing := self._open) is None:
            self.missed = True
        elif 0 < told.last <= self._after:
            return
        elif told.body is None or outgoing.full or told.first not in {0, self._after + 1}:
            self._stop()
        else:
            outgoing.write(told.body)
            self._after, self._heard = max(told.last, self._after), now

    def begin_anew(self, last_seq: int, body: bytes) -> None:
        """Say that there is another journal, whose lines count on from ``last_seq``."""
        self.anew = last_seq, body
        self._stop()

    def pulse(self, now: float) -> None:
        """Send something where it has heard nothing for long."""
        if now - self._heard >= HEARTBEAT and (outgoing := self._open) is not None:
            outgoing.write(_PULSE)
            self._heard = now

    def end(self) -> None:
        """Send the client nothing more, not even what it has missed."""
        self.ended = True
        self._stop()

    @property
    def _open(self) -> Outgoing | None:
        return self.outgoing if self._live is not None and not self._live.done() else None

    def _stop(self) -> None:
        self.missed = True
        if self._live is not None and not self._live.done():
            self._live.set_result(None)


class Listeners:
    """All who listen. Used on the event loop alone."""

    def __init__(self, most: int = MOST_LISTENERS) -> None:
        self.most = most
        self.large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._all: set[Listener] = set()
        self._read: set[str] = set()
        self._watching: asyncio.TimerHandle | None = None
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
        if self._watching is None:
            self._watch()
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener whose connection is closed."""
        self._all.discard(listener)

    def drop(self, listener: Listener) -> None:
        """Close the connection of one who takes nothing."""
        self.dropped += 1
        _log.info("a listener that takes nothing was dropped")
        _cut(listener)
        listener.end()

    async def until_read(self, listener: Listener) -> None:
        """Return when the listener's story has been read for the first time, of which it need not be told."""
        while listener.story not in self._read and not listener.ended:  # noqa: ASYNC110 - once in a server's life
            await asyncio.sleep(_LOOK)
        listener.anew = None

    def broadcast(self, story: str, update: Update) -> None:
        """Tell what is new to everyone who listens to that story; each message is made once."""
        self._read.add(story)
        listeners = [listener for listener in self._all if listener.story == story and not listener.ended]
        if update.anew and update.status is not None:
            anew = message("anew", update.status)
            for listener in listeners:
                listener.begin_anew(update.status.last_seq, anew)
            return
        now, every, shown = asyncio.get_running_loop().time(), _told(update, everything=True), _told(update)
        for listener in listeners:
            listener.tell(every if listener.everything else shown, now)

    def close(self) -> None:
        """End every stream, and let nobody in."""
        self.closed = True
        for listener in self._all:
            listener.end()
        asyncio.get_running_loop().call_later(FAREWELL, self._cut_all)

    def _cut_all(self) -> None:
        for listener in self._all:
            _cut(listener)

    def _watch(self) -> None:
        """See who has gone, who takes nothing, and who has heard nothing for long; again while anybody listens."""
        loop = asyncio.get_running_loop()
        self._watching = loop.call_later(_WATCH, self._watch) if self._all else None
        now = loop.time()
        for listener in tuple(self._all):
            if listener.outgoing is None or listener.ended:
                continue
            if listener.outgoing.gone:
                listener.end()
            elif listener.outgoing.stalled:
                self.drop(listener)
            else:
                listener.pulse(now)


def _told(update: Update, *, everything: bool = False) -> Told:
    events = update.events
    first, last = (events[0].seq, events[-1].seq) if events else (0, 0)
    if sum(len(event.line) for event in events) >= LONGEST_PIECE:
        return Told(first, last, None)
    status = [message("status", update.status)] if update.status is not None else []  # never older than its lines
    return Told(first, last, b"".join(status + [line_message(each) for each in events if each.shown or everything]))


def _cut(listener: Listener) -> None:
    """Close its connection, whatever it has yet to take."""
    if listener.outgoing is not None:
        listener.outgoing.cut()
