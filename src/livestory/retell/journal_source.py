"""A story's journal as the inputs that its bot once gave: read while the bot goes on writing, and never in its way."""

from __future__ import annotations

from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import asdict

from livestory.errors import JournalCorrupt
from livestory.retell.explain_story import KeptEvent, SavedState, SourceInput, ThinnedObservation
from livestory.story.event import Event, from_record
from livestory.story.files.layout import Layout
from livestory.story.halt_reasons import BREAKER
from livestory.story.inputs import Begin, End, Fill, Flow, Funding, Observation, Skip, Statement
from livestory.story.kinds.base import Retelling
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.lifecycle import Resumed, Rules, RulesChanged, Started, Stopped
from livestory.story.kinds.money import CashFlow, FundingPaid
from livestory.story.kinds.results import ResultDrawdown, ResultDrawdownOver, ResultRecord
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted
from livestory.story.kinds.trades import PutOff, ResultDiffers, Trade

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from livestory.story.journal.entry import Kept
    from livestory.story.journal.reader import JournalReader

GivenInput = TypeVar("GivenInput", Begin, End, Fill, Funding, Skip, Flow)

_CHUNK = 512  # inputs given together


class JournalSource:
    """What a journal had kept when this was made: observations, and the inputs that its events were told from."""

    knows: frozenset[str] | None = None

    def __init__(self, reader: JournalReader) -> None:
        """Look how far the journal has come. Raises JournalError."""
        self.name = reader.path.name
        self.bars = Layout.of(reader.path).bars
        self._reader = reader
        self._last_seq = reader.last_seq
        last = reader.last_observation()
        self._end = last.time + 1 if last is not None else 0
        self._compacted = reader.compacted()
        self.compacted = self._compacted.until if self._compacted is not None else None

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[SourceInput]]:
        """The inputs in the order of their telling. Raises JournalError."""
        del in_order  # a journal is in order
        yield from self._as_kept()
        yield from _chunks(step.input for step in self._steps())

    def before(self, until: int) -> tuple[list[int], Iterator[Sequence[SourceInput]]]:
        """The inputs before the first observation from ``until`` on, and the seq of the last event among them.

        That seq stands in the list once all of them are taken. Raises JournalError.
        """
        seqs = [self._compacted.seq if self._compacted is not None else 0]

        def inputs() -> Iterator[SourceInput | None]:
            for step in takewhile(lambda step: not _is_observed_from(step, until), self._steps()):
                if step.event is not None and step.event.seq is not None:
                    seqs.append(step.event.seq)
                yield step.input

        return seqs, chain(self._as_kept(), _chunks(inputs()))

    def _as_kept(self) -> Iterator[Sequence[SourceInput]]:
        """The time that was compacted: what is left of its observations, its events, and where the narrator stood."""
        if self._compacted is None:
            return
        until, seq, narrator = self._compacted
        steps = _Interleaved(self._reader.observations(until=until), self._events(0, seq))
        yield from _chunks(map(_kept, steps))
        yield [SavedState(until, narrator)]

    def _steps(self) -> Iterator[_Step]:
        """All that can be told again."""
        since, seq = (None, 0) if self._compacted is None else self._compacted[:2]
        return iter(_Interleaved(self._reader.observations(since, self._end), self._events(seq, self._last_seq)))

    def _events(self, seq: int, last: int) -> Iterator[Event]:
        for page in self._reader.pages(seq, before_seq=last + 1):
            yield from map(self._event, page)

    def _event(self, kept: Kept) -> Event:
        try:
            return from_record(kept.record, kept.line, kept.id, kept.seq, shown=kept.shown)
        except msgspec.MsgspecError as error:
            message = f"{self._reader.path}: event {kept.seq} can't be read ({error})\nLook closer: livestory verify."
            raise JournalCorrupt(message) from error


class _Step(NamedTuple):
    """What comes next: an input, an event, or an event with the input that it is the telling of."""

    input: SourceInput | None
    event: Event | None = None


def _kept(step: _Step) -> SourceInput | None:
    if step.event is not None:
        return KeptEvent(step.event, step.input if isinstance(step.input, Fill | Flow) else None)
    return ThinnedObservation(step.input) if isinstance(step.input, Observation) else None


def _is_observed_from(step: _Step, until: int) -> bool:
    return isinstance(step.input, Observation) and step.input.time >= until


def _chunks(inputs: Iterable[SourceInput | None]) -> Iterator[Sequence[SourceInput]]:
    source = (each for each in inputs if each is not None)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk


class _Interleaved:
    """Observations and events in the order in which the bot gave them.

    An event that an observation brought stands where that observation was told. One that the bot told itself stands
    between them by its time: after the observation of that time, unless that is known to have come later.
    """

    def __init__(self, observations: Iterator[Observation], events: Iterator[Event]) -> None:
        self._observations = observations
        self._events = events
        self._next = next(observations, None)
        self._last: Observation | None = None
        self._waiting: list[tuple[SourceInput, Event]] = []

    def __iter__(self) -> Iterator[_Step]:
        for event in self._events:
            own = _own(event)
            if own is not None:
                self._waiting.append((own, event))
                continue
            yield from self._release(event.time)
            yield from self._until(event.time)
            yield _Step(self._apart(event), event)
        yield from self._release(None)
        yield from self._until(None)

    def _release(self, following: int | None) -> Iterator[_Step]:
        """What the bot told itself, before an observation of the time ``following`` brought the next event."""
        for own, event in self._waiting:
            time = event.time
            yield from self._until(time - 1 if following is not None and time >= following else time)
            yield _Step(None if isinstance(own, Flow) and self._observed_flow(own) else own, event)
        self._waiting.clear()

    def _until(self, time: int | None) -> Iterator[_Step]:
        while self._next is not None and (time is None or self._next.time <= time):
            self._last = self._next
            yield _Step(self._next)
            self._next = next(self._observations, None)

    def _observed_flow(self, flow: Flow) -> bool:
        """Whether the flow was told by an observation."""
        told_by = [each for each in (self._last, self._next) if each is not None and each.time == flow.time]
        return any(each.flow == flow.amount for each in told_by)

    def _apart(self, event: Event) -> Statement | None:
        """The event as it was told, where no observation can have brought it."""
        seen = self._last is not None and self._last.time == event.time
        return None if seen or isinstance(event.facts, Chapter | _OF_TRADES) else Statement(event.time, (event.facts,))


_OF_TRADES = ResultDiffers | ResultRecord | ResultDrawdown | ResultDrawdownOver
"""What the fills bring."""


def _own(event: Event) -> SourceInput | None:  # noqa: C901, PLR0911 - one way for each kind
    """The input that an event is the telling of; None where an observation may have brought it."""
    match event.facts:
        case Started() as f if f.first:
            return _given(Begin, event)
        case Resumed() as f:
            return _given(Begin, event, own=f.away is not None and f.missed_bars is None)
        case BreakerTripped() | Phoenix() as f if f.told:
            return Statement(event.time, (_as_the_bot_told_it(f),))
        case Stopped() as f if f.unit is not None:
            return _given(End, event)
        case Rules() as f:
            return Statement(event.time, (f,))
        case RulesChanged() as f:
            return Statement(event.time, (f.after,))
        case Trade() as f if f.effect is not None:
            effect = f.effect if f.effect != "flip" else None  # which comes of the position
            return _given(Fill, event, wealth_after=f.wealth, result=f.reported, effect=effect)
        case PutOff():
            return _given(Skip, event)
        case CashFlow():
            return _given(Flow, event)
        case FundingPaid() as f:
            return _given(Funding, event, asset=f.unit)
        case f:
            return Statement(event.time, (f,)) if f.retelling is not Retelling.ANEW else None


def _as_the_bot_told_it(facts: BreakerTripped | Phoenix) -> Halted | Unhalted:
    if isinstance(facts, Phoenix):
        return Unhalted(reason=BREAKER, told=True)
    return Halted(reason=BREAKER, until=facts.resume_at, told=True)


def _given(kind: type[GivenInput], event: Event, **renamed: Any) -> GivenInput:
    """The input of ``kind`` that the event is the telling of: both have what was said under the same names."""
    told = asdict(event.facts)
    same = {name: told[name] for name in kind.__struct_fields__ if name in told}
    return kind(time=event.time, **(same | renamed))
