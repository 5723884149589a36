"""What a journal keeps, as it goes in and as it comes out."""

from __future__ import annotations

from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from msgspec import Struct, json

from livestory.story.inputs import Observation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.story.inputs import PositionReading


class Entry(Struct, frozen=True, gc=False):
    """An event on its way into the journal."""

    id: str  # unique in the journal; an entry whose id is there already is not stored again
    time: int  # the event's instant, which its line begins with
    told: int  # when it is told; its UTC day decides which day's text it belongs to
    kind: str
    record: bytes
    line: str  # without a line end
    numbered: bool = False  # the id is a count of calls, and another writer may have counted as far
    shown: bool = True  # in the text; the journal has it either way


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
    shown: bool = True  # in the text


class Request(NamedTuple):
    """An input to which its sender gave an id: sent again, it gets the answer that is kept with its events."""

    id: str
    digest: bytes  # of the input: another one may not have the same id
    places: tuple[int, ...]  # of its events, among those that are kept with it
    before: tuple[int, ...] = ()  # seqs of events that were kept earlier


class Answer(NamedTuple):
    """What a request has brought."""

    digest: bytes
    seqs: tuple[int, ...]


class ShownLine(NamedTuple):
    """An event as the story file sees it: one that is shown."""

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


def _column_types() -> dict[str, type]:
    hints = get_type_hints(Observation)
    del hints["positions"]  # which have rows of their own
    return {name: next((t for t in get_args(hint) if t is not NoneType), hint) for name, hint in hints.items()}


_FIELDS = _column_types()
_NESTED = tuple(name for name, kind in _FIELDS.items() if issubclass(kind, Struct))
_FLAGS = tuple(name for name, kind in _FIELDS.items() if kind is bool)
_PLAIN = tuple(name for name in _FIELDS if name not in _NESTED)
_plain = attrgetter(*_PLAIN)
_nested = tuple(attrgetter(name) for name in _NESTED)

COLUMNS = _PLAIN + _NESTED
"""The columns in the order of `as_row`; ``time`` is the key. As a released schema has them, they never change."""

STORED = {name: int if kind is bool else str if issubclass(kind, Struct) else kind for name, kind in _FIELDS.items()}
"""What each of them holds where it is not empty."""


def as_row(observation: Observation) -> tuple[Any, ...]:
    """The values of `COLUMNS`."""
    reasons = (get(observation) for get in _nested)
    return (*_plain(observation), *[None if reason is None else json.encode(reason).decode() for reason in reasons])


def from_row(row: Sequence[Any], positions: dict[str, PositionReading] | None) -> Observation:
    """The observation whose `COLUMNS` are ``row``. Raises msgspec.DecodeError for a damaged reason."""
    fields = {name: value for name, value in zip(COLUMNS, row, strict=True) if value is not None}
    for name in _FLAGS:
        if name in fields:
            fields[name] = bool(fields[name])
    for name in _NESTED:
        if name in fields:
            fields[name] = json.decode(fields[name], type=_FIELDS[name])
    return Observation(**fields, positions=positions)
