"""A period read from a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec import MsgspecError

from livestory.errors import JournalError
from livestory.story.digest.period import HEARD, Period, Span, gather
from livestory.story.event import facts_in_part, facts_of
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.trades import Trade
from livestory.story.periods import PERIODS
from livestory.story.results import OpenPosition, TradeGist
from livestory.story.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from livestory.story.journal.reader import JournalReader
    from livestory.story.kinds.base import Facts

T = TypeVar("T")


def span_of(name: str, time: int) -> Span:
    """The day, week, month or year that holds an instant."""
    return Span(name, *PERIODS[name](time))


def last_ended(name: str, heard: int) -> Span:
    """The last day, week, month or year that had ended at that instant."""
    span = span_of(name, heard)
    return span if span.end == heard else span_of(name, span.start)


def told_last(reader: JournalReader, name: str) -> Span:
    """The last day, week, month or year of a story that had ended with its last line; the one that goes on if none had.

    Raises JournalError, also where no line was told yet.
    """
    return last_between(name, *ends_of(reader))


def ends_of(reader: JournalReader) -> tuple[int, int]:
    """The instants of a story's first line and its last. Raises JournalError, also where no line was told yet."""
    last, first = reader.event(reader.last_seq), reader.event(1)
    if last is None or first is None:
        message = f"{reader.path}: no line was told yet"
        raise JournalError(message)
    return first.time, last.time


def last_between(name: str, first: int, last: int) -> Span:
    """The last day, week, month or year that had ended at ``last``, or that goes on if none had since ``first``."""
    span = last_ended(name, last)
    return span if first < span.end else span_of(name, last)


def read(reader: JournalReader, span: Span) -> Period:
    """What a journal tells of a period. Raises JournalError."""
    before = reader.last_observation(span.start) or next(reader.observations(span.start, span.end + 1), None)
    last = reader.last_observation(span.end)
    if last is not None and last.time <= span.start:
        last = None
    identity = reader.identity
    period = gather(Period(span, identity.symbol, identity.unit, at_end=last), _events(reader, span), before)
    period.entry = _entry(reader, period)
    told_last = reader.event(reader.last_seq)
    if period.whole is None and told_last is not None and told_last.time <= span.end:
        _stands(period, Snapshot.read(reader))
    return period


def _entry(reader: JournalReader, period: Period) -> Decimal | None:
    """The average price of what was held of the story's own symbol at its end, where fills explain all that was."""
    held = period.at_end.position if period.at_end is not None else None
    if not held:
        return None
    last = reader.events(kinds={"trade"}, until=period.span.end + 1, newest_first=True, limit=1)
    trade = _read(facts_of, last[0].record) if last else None
    if not isinstance(trade, Trade) or trade.symbol is not None or trade.position_after is None:
        return None
    return trade.entry if float(trade.position_after) == held else None


def _stands(period: Period, bot: Snapshot) -> None:
    """Add how the bot stands now to a period that goes on, if it has several symbols, shorts, or no known wealth."""
    held = bot.positions or ()
    if bot.results or any(each.symbol != bot.identity.symbol or each.quantity < 0 for each in held):
        period.held = tuple(
            OpenPosition(
                symbol=each.symbol, quantity=each.quantity, entry=each.entry, result=each.result, asset=each.asset
            )
            for each in held
        )
        period.total, period.began = bot.results, bot.began
        period.since_start = bot.total.change if bot.total is not None else None


def _events(reader: JournalReader, span: Span) -> Iterator[tuple[int, Facts | TradeGist]]:
    """The events after its start, up to its end, and its chapters, which a bot that was away has told later."""
    for time, kind, record in reader.records(HEARD, span.start + 1, span.end + 1):
        facts: Facts | TradeGist | None = _read(_trade, record) if kind == "trade" else _read(facts_of, record)
        if facts is not None:
            yield time, facts
    for kept in reader.events(kinds={"chapter"}, since=span.end + 1, limit=len(PERIODS)):
        chapter = _read(facts_of, kept.record)
        if isinstance(chapter, Chapter) and chapter.end <= span.end:
            yield kept.time, chapter


_trade = facts_in_part(TradeGist)


def _read(read_facts: Callable[[bytes], T], record: bytes) -> T | None:
    try:
        return read_facts(record)
    except MsgspecError:  # of a kind that a newer livestory has
        return None
