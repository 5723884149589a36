"""What the journal keeps: events, whose it is, and how far its followers have read."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct


class Entry(Struct, frozen=True, gc=False):
    """An event on its way into the journal."""

    id: str  # unique in the journal; an entry whose id is there already is not stored again
    time: int  # the event's instant, which its line begins with
    told: int  # when it is told; its UTC day decides which day's text it belongs to
    kind: str
    record: bytes
    line: str  # without a line end
    numbered: bool = False  # the id is a count of calls, and another writer may have counted as far


class Kept(Struct, frozen=True, gc=False):
    """An event in the journal."""

    seq: int  # from 1, without holes
    id: str
    time: int
    told: int
    kind: str
    record: bytes
    line: str
    hash: bytes  # `link` of the event before and this one


class Line(NamedTuple):
    """An event as the story file sees it."""

    seq: int
    told: int
    line: str


class Cursor(NamedTuple):
    """How far a follower of the journal has come, with a state of its own."""

    seq: int
    state: bytes = b""


class Compacted(NamedTuple):
    """Up to where a journal has hourly extremes in the place of its observations, and its lines speak for themselves.

    A story that is told again begins there, where the narrator stood then.
    """

    until: int  # observations before this instant were thinned
    seq: int  # of the last event that was told before it; 0 for none
    narrator: bytes  # what the narrator remembered


class Identity(Struct, frozen=True, kw_only=True):
    """Whose story a journal tells. None is unknown, and is not compared."""

    bot: str | None = None
    mode: str | None = None
    symbol: str | None = None
    unit: str | None = None
    bars: str | None = None  # a digest of the bars that a replay reads
    exchange: str | None = None  # where orders go
