"""An event: one line of the story, with the facts behind it, and the record that the journal keeps of it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union

import msgspec
from msgspec import Struct, defstruct

from livestory.story.kinds import KINDS
from livestory.story.kinds.base import Facts
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.story.journal.entry import Kept

T = TypeVar("T")

RECORD_VERSION = 1

_encode = msgspec.json.Encoder(order="deterministic").encode


class Event(Struct, frozen=True):
    """One line of the story, with the facts behind it.

    ``seq`` is its place in the journal, from 1 and without holes; None means that it waits in memory and is not durable
    yet. ``id`` is unique: the caller's trade id, or the number of the call that told it.
    """

    time: int
    facts: Facts
    line: str
    id: str = ""
    seq: int | None = None
    shown: bool = True  # in the text; the journal has it either way

    @property
    def kind(self) -> str:
        """The short name of what happened."""
        tag = self.facts.__struct_config__.tag
        return str(tag)

    def record(self) -> bytes:
        """The event as JSON: the bytes that the journal keeps and chains. Wall time and process data stay out of it."""
        return _encode({"v": RECORD_VERSION, "time": self.time, "facts": self.facts})


_AnyFacts: Any = Union[tuple(KINDS.values())]  # noqa: UP007 - of all kinds that there are


class _Record(Struct):
    v: int
    time: int
    facts: _AnyFacts


class _Named(Struct):
    kind: str


class _OtherRecord(Struct):
    """What a record of a kind has that this livestory does not know."""

    time: int
    facts: _Named


_decode = msgspec.json.Decoder(_Record).decode
_decode_other = msgspec.json.Decoder(_OtherRecord).decode
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")


def from_record(record: bytes, line: str, event_id: str, seq: int, *, shown: bool = True) -> Event:
    """The event that a journal keeps. Raises msgspec.DecodeError where the bytes are no record of this version."""
    stored = _stored(record)
    return Event(stored.time, stored.facts, line, event_id, seq, shown)


def facts_of(record: bytes) -> Facts:
    """The facts of an event that a journal keeps. Raises msgspec.DecodeError as `from_record` does."""
    facts: Facts = _stored(record).facts
    return facts


def facts_in_part(wanted: type[T]) -> Callable[[bytes], T]:
    """A `facts_of` for records of one kind: of their facts it reads only the fields of ``wanted``."""
    record_type: Any = defstruct("_InPart", [("v", Literal[RECORD_VERSION]), ("facts", wanted)])
    decode = msgspec.json.Decoder(record_type).decode
    return lambda record: _read(decode, record).facts


def _stored(record: bytes) -> _Record:
    stored = _read(_decode, record)
    if stored.v != RECORD_VERSION:
        message = f"record version {stored.v}; this livestory reads version {RECORD_VERSION}"
        raise msgspec.ValidationError(message)
    return stored


def disagreement(kept: Kept, *, others: bool = False) -> str | None:
    """What is wrong between an event's record and its line. Not its wording, which a later release may change.

    ``others``: of a kind that only a newer livestory knows, what every record has is enough.
    """
    try:
        if others and kept.kind not in KINDS:
            record = _read(_decode_other, kept.record)
            kind, time = record.facts.kind, record.time
            if not _KIND.fullmatch(kind):
                return "its kind is no name"
        else:
            event = from_record(kept.record, kept.line, kept.id, kept.seq)
            kind, time = event.kind, event.time
    except msgspec.MsgspecError as error:
        return f"its record can't be read ({error})"
    if (kind, time) != (kept.kind, kept.time):
        with suppress(OverflowError):  # no date at all
            return f"its record is of another event: {kind} at {numbers.stamp(time)}"
        return f"its record is of another event: {kind}"
    if not kept.line.startswith(numbers.stamp(time)):
        return "its line begins with another time than its record's"
    return None


def _read(decode: Callable[[bytes], T], record: bytes) -> T:
    try:
        return decode(record)
    except (UnicodeDecodeError, RecursionError) as error:  # a text is decoded when it is come to, and so is what nests
        raise msgspec.DecodeError(str(error)) from error
