"""`livestory.read(path)`: a story that is there, whoever writes it; it is only read."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from livestory.clock import as_datetime, instant
from livestory.errors import JournalError
from livestory.outlets.reading.records import Record, Records
from livestory.story.digest.prose import digest
from livestory.story.digest.source import read as read_period
from livestory.story.digest.source import span_of, told_last
from livestory.story.event import Event, from_record
from livestory.story.journal.faults import corrupt
from livestory.story.journal.follower import StoryFollower
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.base import Facts
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.trades import Trade
from livestory.story.reasons import because
from livestory.story.review.journal import read_review
from livestory.story.review.overview import overview
from livestory.story.writing.options import path_of

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Collection, Iterator
    from pathlib import Path

    from livestory.story.journal.entry import Kept
    from livestory.story.review.review import Review

    Moment = datetime | date | float | str

R = TypeVar("R", bound=Record)

_LOOK = 0.2  # seconds between two looks at a story that is followed
_LAST = 20  # lines that a notebook shows


class EventRecord(Record, frozen=True, kw_only=True):
    """An event with its facts."""

    seq: int
    time: datetime
    kind: str
    line: str
    facts: Facts
    shown: bool  # in the story's text


class LineRecord(Record, frozen=True, kw_only=True):
    """A line in its columns."""

    seq: int
    time: datetime
    kind: str
    headline: str
    told: str
    why: str


class TradeRecord(Record, frozen=True, kw_only=True):
    """A fill. Its result is that of what it closed, after fees: a share, and in the quote asset."""

    seq: int
    time: datetime
    symbol: str | None
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    fee_asset: str | None
    effect: str | None
    result: float | None
    gain: Decimal | None
    position_after: Decimal | None
    reason: str | None
    trade_id: str | None
    order_id: str | None


class PositionRecord(Record, frozen=True, kw_only=True):
    """What is held of one symbol: as it was observed, or else as the last fill left it."""

    symbol: str | None
    time: datetime
    quantity: Decimal
    price: Decimal | None = None
    entry: Decimal | None = None
    unrealised: Decimal | None = None
    leverage: Decimal | None = None
    liquidation: Decimal | None = None


class WealthRecord(Record, frozen=True, kw_only=True):
    """What the bot was worth at the end of a bar."""

    time: datetime
    wealth: float | None
    price: float | None
    position: float | None
    drawdown: float | None
    regime: str | None
    halted: bool | None


class ChapterRecord(Record, frozen=True, kw_only=True):
    """A day, week, month or year that ended: returns are shares, deposits and withdrawals left out."""

    period: str
    start: datetime
    end: datetime
    wealth: float | None
    change: float | None
    holding: float | None
    deepest: float | None
    buys: int
    sells: int
    fees: Decimal
    flow: float
    trips: int
    line: str


class FigureRecord(Record, frozen=True, kw_only=True):
    """A figure of the whole story, with its definition. One that is not known has no text, and says why."""

    name: str
    label: str
    value: float | None
    text: str | None
    missing: str | None
    definition: str


class MomentRecord(Record, frozen=True, kw_only=True):
    """A key moment: what happened, and what holding the base asset did meanwhile."""

    time: datetime
    title: str
    told: str
    change: float | None
    holding: float | None
    since: datetime | None
    rule: str
    seq: int | None


class RoundTripRecord(Record, frozen=True, kw_only=True):
    """A trade from flat to flat. Prices are averages, the result is in ``asset``, ``share`` is of the cost."""

    seq: int
    symbol: str | None
    short: bool
    opened: datetime | None
    closed: datetime
    entry: float | None
    exit: float | None
    size: float
    result: float | None
    asset: str | None
    share: float | None
    opened_why: str
    closed_why: str


class Story:
    """The story at a path, as it stands whenever it is asked. Times may be datetimes, ISO 8601 texts or numbers."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Read the story in the folder ``path``, or whose text or journal it is.

        Raises JournalError where there is none, and its kinds.
        """
        self.path = path_of(path)
        with JournalReader.open(self.path) as reader:
            self.identity = reader.identity

    def events(
        self, kinds: Collection[str] | None = None, since: Moment | None = None, until: Moment | None = None
    ) -> Records[EventRecord]:
        """The events: of some ``kinds`` ("trade", "breaker", …), from ``since`` on and before ``until``."""
        return Records(
            EventRecord,
            (
                EventRecord(
                    seq=seq,
                    time=as_datetime(event.time),
                    kind=event.kind,
                    line=event.line,
                    facts=event.facts,
                    shown=event.shown,
                )
                for seq, event in self._events(kinds, since, until)
            ),
        )

    def lines(
        self,
        kinds: Collection[str] | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        *,
        everything: bool = False,
    ) -> Records[LineRecord]:
        """The lines, each in its columns; with ``everything``, those that the text leaves out as well."""
        found = self._events(kinds, since, until)
        return Records(LineRecord, (_line(seq, event) for seq, event in found if event.shown or everything))

    def trades(self, since: Moment | None = None, until: Moment | None = None) -> Records[TradeRecord]:
        """What was filled, in the order in which it was told."""
        found = self._events({"trade"}, since, until)
        own = self.identity.symbol
        return Records(
            TradeRecord,
            (_trade(seq, event, event.facts, own) for seq, event in found if isinstance(event.facts, Trade)),
        )

    def positions(self) -> Records[PositionRecord]:
        """What is held, by symbol: as the last observation said, or else as far as fills tell."""
        with JournalReader.open(self.path) as reader:
            seen = reader.last_observation()
        if seen is not None and seen.positions is not None:
            at = as_datetime(seen.time)
            return Records(
                PositionRecord,
                (PositionRecord(symbol=name, time=at, **asdict(each)) for name, each in seen.positions.items()),
            )
        last = {trade.symbol: trade for trade in self.trades()}
        return Records(
            PositionRecord,
            (
                PositionRecord(symbol=name, time=trade.time, quantity=trade.position_after)
                for name, trade in last.items()
                if trade.position_after
            ),
        )

    def chapters(self, period: str | None = None) -> Records[ChapterRecord]:
        """The days, weeks, months and years that ended; or only those of one ``period``, such as "month"."""
        found = ((event, event.facts) for _, event in self._events({"chapter"}, None, None))
        return Records(
            ChapterRecord,
            (
                _chapter(event, facts)
                for event, facts in found
                if isinstance(facts, Chapter) and period in {None, facts.period}
            ),
        )

    def wealth(self, since: Moment | None = None, until: Moment | None = None) -> Records[WealthRecord]:
        """What the bot was worth, bar by bar; of old bars hourly extremes, where the journal was compacted."""
        names = [name for name in WealthRecord.__struct_fields__ if name != "time"]
        with JournalReader.open(self.path) as reader:
            return Records(
                WealthRecord,
                (
                    WealthRecord(time=as_datetime(each.time), **{name: getattr(each, name) for name in names})
                    for each in reader.observations(_instant(since), _instant(until))
                ),
            )

    def figures(self) -> Records[FigureRecord]:
        """Return, drawdown, Sharpe, win rate and the like, each with its definition."""
        return Records(FigureRecord, (FigureRecord(**asdict(each)) for each in overview(self._review()).figures))

    def moments(self) -> Records[MomentRecord]:
        """The key moments, at most nine, in the order of time."""
        return Records(MomentRecord, (_dated(MomentRecord, each) for each in overview(self._review()).moments))

    def round_trips(self) -> Records[RoundTripRecord]:
        """The trades from flat to flat, in the order in which they ended; of very many the last ones."""
        return Records(RoundTripRecord, (_dated(RoundTripRecord, each) for each in self._review().trips.rows))

    def digest(self, period: str = "week", of: Moment | None = None) -> str:
        """The last "day", "week", "month" or "year" that ended in one paragraph; or the one that holds ``of``."""
        with JournalReader.open(self.path) as reader:
            span = told_last(reader, period) if of is None else span_of(period, instant(of) + 1)
            return digest(read_period(reader, span)).text()

    async def follow(self, after_seq: int | None = None) -> AsyncGenerator[Event, None]:
        """The events as they are told: from now on, or all that come after ``after_seq``.

        Where another story takes this one's place, all of that one follow. Raises JournalError where the journal
        can't be read.
        """
        follower = StoryFollower(self.path)
        try:
            await asyncio.to_thread(_begin, follower, after_seq)
            while True:
                page = await asyncio.to_thread(_next, follower)
                for kept in page:
                    yield _read(kept, self.path)
                if not page:
                    await asyncio.sleep(_LOOK)
        finally:
            follower.close()

    def __repr__(self) -> str:
        who = ", ".join(filter(None, (self.identity.bot, self.identity.symbol, self.identity.mode)))
        return f"Story({str(self.path)!r}{who and f', {who}'})"

    def _repr_html_(self) -> str:
        """Its last lines, for a notebook."""
        with JournalReader.open(self.path) as reader:
            last = reader.events(newest_first=True, limit=_LAST, shown=True)
        lines = "\n".join(escape(kept.line) for kept in reversed(last))
        return f"<pre>{escape(repr(self))}\n{lines}</pre>"

    def _review(self) -> Review:
        with JournalReader.open(self.path) as reader:
            return read_review(reader)

    def _events(
        self, kinds: Collection[str] | None, since: Moment | None, until: Moment | None
    ) -> Iterator[tuple[int, Event]]:
        with JournalReader.open(self.path) as reader:
            for page in reader.pages(kinds=kinds, since=_instant(since), until=_instant(until)):
                yield from ((kept.seq, _read(kept, self.path)) for kept in page)


_DATES = frozenset({"time", "since", "opened", "closed"})


def _dated(kind: type[R], given: Struct) -> R:
    """The record of that kind, with the fields of the same name: instants as datetimes."""
    told = {name: getattr(given, name) for name in kind.__struct_fields__}
    return kind(
        **{name: as_datetime(value) if name in _DATES and value is not None else value for name, value in told.items()}
    )


def _begin(follower: StoryFollower, after_seq: int | None) -> None:
    follower.look()
    last = follower.reader.last_seq
    follower.go_to(last if after_seq is None else min(after_seq, last))


def _next(follower: StoryFollower) -> list[Kept]:
    """The events that have come; none while the journal is not there, as when a bot begins anew."""
    try:
        follower.look()
        return follower.page()
    except JournalError as error:
        follower.failed(error)
        if follower.trouble is None or not follower.trouble.missing:
            raise
        return []


def _instant(given: Moment | None) -> int | None:
    return None if given is None else instant(given)


def _read(kept: Kept, path: Path) -> Event:
    try:
        return from_record(kept.record, kept.line, kept.id, kept.seq, shown=kept.shown)
    except msgspec.MsgspecError as error:
        raise corrupt(path, f"event {kept.seq} ({error})") from error


def _line(seq: int, event: Event) -> LineRecord:
    _, headline, told, why = [*event.line.split(" | ", 3), "", ""][:4]
    return LineRecord(seq=seq, time=as_datetime(event.time), kind=event.kind, headline=headline, told=told, why=why)


def _trade(seq: int, event: Event, trade: Trade, own: str | None) -> TradeRecord:
    names = TradeRecord.__struct_fields__
    same = {name: getattr(trade, name) for name in names if name in trade.__struct_fields__}
    reason = None if trade.reason is None else because(trade.reason) or None
    return TradeRecord(
        **{**same, "seq": seq, "time": as_datetime(event.time), "symbol": trade.symbol or own, "reason": reason}
    )


def _chapter(event: Event, chapter: Chapter) -> ChapterRecord:
    same = {name: getattr(chapter, name) for name in ChapterRecord.__struct_fields__ if name != "line"}
    times = {name: as_datetime(same[name]) for name in ("start", "end")}
    return ChapterRecord(**{**same, **times, "line": event.line})
