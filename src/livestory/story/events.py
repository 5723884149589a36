"""The vocabulary: what can happen in a bot's story, as frozen records with stable short names.

An `Event` is one line of the story: its time, its facts and the line itself. Its facts are one of the kinds below, told
apart by a short name (the tag) that never changes once released; a field may be added with a default, and is never
renamed or given another meaning. Money is in the story's unit, shares and returns are fractions, instants and durations
are microseconds, None is unknown.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from livestory.story.facts.base import Facts
from livestory.story.facts.chapters import BarCount, Chapter, Quiet
from livestory.story.facts.exchange import (
    CandlesBack,
    CandlesRefused,
    ClockSkew,
    ExchangeBack,
    ExchangeDown,
    FiltersChanged,
    ForeignOrders,
    OrderClear,
    OrderUnknown,
)
from livestory.story.facts.lifecycle import Resumed, Rules, RulesChanged, Started, Stopped
from livestory.story.facts.money import (
    BalanceDiffers,
    BalanceExplained,
    DataGap,
    FlowTold,
    ReadingBack,
    ReadingRefused,
    ToldInPart,
)
from livestory.story.facts.retold import RegimeTime, Retold, Summary
from livestory.story.facts.risk import (
    BreakerTripped,
    DailyLimit,
    DailyLimitOver,
    Drawdown,
    DrawdownOver,
    HalfWay,
    Halted,
    NewHigh,
    Phoenix,
    SellStuck,
    Unhalted,
    WaitOver,
)
from livestory.story.facts.telling import AlertsGivenUp, ClockMoved, Note, SetAside, StoryLate, TimeBack, TimeDoubted
from livestory.story.facts.trades import Exposure, PutOff, RegimeSwitch, Trade

__all__ = [
    "KINDS",
    "RECORD_VERSION",
    "AlertsGivenUp",
    "AnyFacts",
    "BalanceDiffers",
    "BalanceExplained",
    "BarCount",
    "BreakerTripped",
    "CandlesBack",
    "CandlesRefused",
    "Chapter",
    "ClockMoved",
    "ClockSkew",
    "DailyLimit",
    "DailyLimitOver",
    "DataGap",
    "Drawdown",
    "DrawdownOver",
    "Event",
    "ExchangeBack",
    "ExchangeDown",
    "Exposure",
    "Facts",
    "FiltersChanged",
    "FlowTold",
    "ForeignOrders",
    "HalfWay",
    "Halted",
    "NewHigh",
    "Note",
    "OrderClear",
    "OrderUnknown",
    "Phoenix",
    "PutOff",
    "Quiet",
    "ReadingBack",
    "ReadingRefused",
    "RegimeSwitch",
    "RegimeTime",
    "Resumed",
    "Retold",
    "Rules",
    "RulesChanged",
    "SellStuck",
    "SetAside",
    "Started",
    "Stopped",
    "StoryLate",
    "Summary",
    "TimeBack",
    "TimeDoubted",
    "ToldInPart",
    "Trade",
    "Unhalted",
    "WaitOver",
    "from_record",
]

RECORD_VERSION = 1

AnyFacts = (
    Started
    | Resumed
    | Stopped
    | Rules
    | RulesChanged
    | RegimeSwitch
    | Trade
    | PutOff
    | Exposure
    | NewHigh
    | HalfWay
    | Drawdown
    | DrawdownOver
    | BreakerTripped
    | WaitOver
    | Phoenix
    | Halted
    | Unhalted
    | SellStuck
    | DailyLimit
    | DailyLimitOver
    | Chapter
    | Quiet
    | DataGap
    | FlowTold
    | BalanceDiffers
    | BalanceExplained
    | ReadingRefused
    | ReadingBack
    | ToldInPart
    | ExchangeDown
    | ExchangeBack
    | OrderUnknown
    | OrderClear
    | ForeignOrders
    | FiltersChanged
    | ClockSkew
    | CandlesRefused
    | CandlesBack
    | Retold
    | Summary
    | StoryLate
    | SetAside
    | ClockMoved
    | TimeDoubted
    | TimeBack
    | AlertsGivenUp
    | Note
)

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

    @property
    def kind(self) -> str:
        """The short name of what happened."""
        tag = self.facts.__struct_config__.tag
        return str(tag)

    def record(self) -> bytes:
        """The event as JSON: the bytes that the journal keeps and chains. Wall time and process data stay out of it."""
        return _encode({"v": RECORD_VERSION, "time": self.time, "facts": self.facts})


class _Record(Struct):
    v: int
    time: int
    facts: AnyFacts


_decode = msgspec.json.Decoder(_Record).decode


def from_record(record: bytes, line: str, event_id: str, seq: int) -> Event:
    """The event that a journal keeps. Raises msgspec.DecodeError where the bytes are no record of this version."""
    try:
        stored = _decode(record)
    except UnicodeDecodeError as error:  # msgspec decodes a text when it comes to it
        raise msgspec.DecodeError(str(error)) from error
    if stored.v != RECORD_VERSION:
        message = f"record version {stored.v}; this livestory reads version {RECORD_VERSION}"
        raise msgspec.ValidationError(message)
    return Event(stored.time, stored.facts, line, event_id, seq)


KINDS: dict[str, type[Facts]] = {str(kind.__struct_config__.tag): kind for kind in AnyFacts.__args__}
"""Every kind of event by its short name."""
