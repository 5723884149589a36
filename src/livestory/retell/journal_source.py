"""A story's journal as the inputs that its bot once gave: read while the bot goes on writing, and never in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from livestory.errors import JournalCorrupt
from livestory.retell.inputs import Input, TheRules, Told
from livestory.story import events as e
from livestory.story.observation import Begin, End, Fill, Flow, Observation, Skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livestory.story.journal_entry import Kept
    from livestory.story.journal_reader import JournalReader

_PAGE = 1000  # events read at a time
_CHUNK = 512  # inputs given together


class JournalSource:
    """What a journal had kept when this was made: observations, and the inputs that its events were told from."""

    knows: frozenset[str] | None = None

    def __init__(self, reader: JournalReader) -> None:
        """Look how far the journal has come. Raises JournalError."""
        self.name = reader.path.name
        self._reader = reader
        self._last_seq = reader.last_seq
        last = reader.last_observation()
        self._end = last.time + 1 if last is not None else 0

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """The inputs in the order of their telling. Raises JournalError."""
        del in_order  # a journal is in order
        chunk: list[Input] = []
        for each in _Retrace(self._reader.observations(until=self._end), self._events()):
            chunk.append(each)
            if len(chunk) == _CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _events(self) -> Iterator[e.Event]:
        seq = 0
        while page := self._reader.events(seq, self._last_seq + 1, limit=_PAGE):
            for kept in page:
                yield self._event(kept)
            seq = page[-1].seq

    def _event(self, kept: Kept) -> e.Event:
        try:
            return e.from_record(kept.record, kept.line, kept.id, kept.seq)
        except msgspec.MsgspecError as error:
            message = f"{self._reader.path}: event {kept.seq} can't be read ({error})\nLook closer: livestory verify."
            raise JournalCorrupt(message) from error


class _Retrace:
    """Observations and events in the order in which the bot gave them.

    An event that an observation brought stands where that observation was told. One that the bot told itself stands
    between them by its time: after the observation of that time, unless that is known to have come later.
    """

    def __init__(self, observations: Iterator[Observation], events: Iterator[e.Event]) -> None:
        self._observations = observations
        self._events = events
        self._next = next(observations, None)
        self._last: Observation | None = None
        self._waiting: list[tuple[int, Input]] = []

    def __iter__(self) -> Iterator[Input]:
        for event in self._events:
            own = _own(event)
            if own is not None:
                self._waiting.append((event.time, own))
                continue
            yield from self._release(event.time)
            yield from self._until(event.time)
            told = self._apart(event)
            if told is not None:
                yield told
        yield from self._release(None)
        yield from self._until(None)

    def _release(self, following: int | None) -> Iterator[Input]:
        """What the bot told itself, before an observation of the time ``following`` brought the next event."""
        for time, own in self._waiting:
            yield from self._until(time - 1 if following is not None and time >= following else time)
            if not (isinstance(own, Flow) and self._observed_flow(own)):
                yield own
        self._waiting.clear()

    def _until(self, time: int | None) -> Iterator[Observation]:
        while self._next is not None and (time is None or self._next.time <= time):
            self._last = self._next
            yield self._next
            self._next = next(self._observations, None)

    def _observed_flow(self, flow: Flow) -> bool:
        """Whether the flow was told by an observation."""
        told_by = [each for each in (self._last, self._next) if each is not None and each.time == flow.time]
        return any(each.flow == flow.amount for each in told_by)

    def _apart(self, event: e.Event) -> Told | None:
        """The event as it was told, where no observation can have brought it."""
        seen = self._last is not None and self._last.time == event.time
        return None if seen or isinstance(event.facts, e.Chapter) else Told(event.time, event.facts)


def _own(event: e.Event) -> Input | None:  # noqa: PLR0911 - one way for each kind
    """The input that an event is the telling of; None where an observation may have brought it."""
    time, f = event.time, event.facts
    match f:
        case e.Started() if f.first:
            return Begin(
                time=time,
                mode=f.mode,
                market=f.market,
                interval=f.interval,
                wealth=f.wealth,
                position=f.position,
                cash=f.cash,
                price=f.price,
            )
        case e.Resumed():
            return Begin(time=time, wealth=f.wealth, missed_bars=f.missed_bars)
        case e.Stopped() if f.unit is not None:
            return End(time=time, by=f.by, wealth=f.wealth, position=f.position)
        case e.Rules():
            return TheRules(time, f)
        case e.RulesChanged():
            return TheRules(time, f.after)
        case e.Trade() if f.effect is not None:
            return _fill(time, f)
        case e.PutOff():
            return Skip(time=time, reason=f.reason, side=f.side, quantity=f.quantity, symbol=f.symbol)
        case e.FlowTold():
            return Flow(time=time, amount=f.amount, came=f.came)
        case e.Started() | e.Stopped() | e.Trade() | e.Note() | e.StoryLate() | e.SetAside() | e.ClockMoved():
            return Told(time, f)
        case _:
            return None


def _fill(time: int, trade: e.Trade) -> Fill:
    return Fill(
        time=time,
        side=trade.side,
        quantity=trade.quantity,
        price=trade.price,
        symbol=trade.symbol,
        effect=trade.effect,
        fee=trade.fee,
        trade_id=trade.trade_id,
        reason=trade.reason,
        step=trade.step,
        weight_before=trade.weight_before,
        weight_after=trade.weight_after,
        reference=trade.reference,
        wanted=trade.wanted,
        wealth_after=trade.wealth,
    )
