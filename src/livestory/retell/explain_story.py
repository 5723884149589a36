"""A table or a journal -> its story. Every row goes through the one narrator that tells live stories too.

A source gives the inputs that the bot would have given. A journal that was compacted gives something else for the time
before: the inputs of that time are gone, and its events are told as they were kept (`KeptEvent`). The observations that
are left of it (`ThinnedObservation`, an hour's extremes) draw curves and bring the account up to date; nothing is told
of them. Then the narrator is put where it stood at the end of that time (`SavedState`), and tells again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from livestory.errors import InputError
from livestory.retell.columns import OBSERVATION
from livestory.retell.summary import SummaryBuilder
from livestory.story.event import Event
from livestory.story.inputs import Fill, Flow, Head, Input, Observation, Statement
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.retold import Retold, Summary
from livestory.story.line import tell
from livestory.story.narrator import Narrator
from livestory.story.rows import Rows
from livestory.story.settings import StorySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from livestory.retell.remarks import Remarks
    from livestory.story.account import Account

# Said to be missing where a table does not know it, in this order.
_LACKING = ("wealth", "price", "regime", "halted", "fill", "next_due", "no_trade_reason")


class ThinnedObservation(Struct, frozen=True):
    """An observation that a compaction has left."""

    observation: Observation

    @property
    def time(self) -> int:
        """The instant of the observation, in microseconds."""
        return self.observation.time


class KeptEvent(Struct, frozen=True):
    """An event of a time that was compacted, and the fill or flow that it tells."""

    event: Event
    told_from: Fill | Flow | None = None

    @property
    def time(self) -> int:
        """The instant of the event, in microseconds."""
        return self.event.time


class SavedState(Struct, frozen=True):
    """The narrator's state at ``time``, the end of a time that was compacted: bytes for `Narrator.restore`."""

    time: int
    narrator: bytes


SourceInput = Input | ThinnedObservation | KeptEvent | SavedState
"""What a source gives: inputs, and what is left of a time that was compacted."""


class OutOfOrder(Exception):
    """An input is older than the one before it."""


class StartOver(Exception):
    """The source has learnt what the rows so far are to be read by: it is to be read anew."""


class InputSource(Protocol):
    """Where inputs come from. It may be read more than once."""

    name: str  # of the file, as the story's head has it
    compacted: int | None  # the instant before which its observations were thinned
    knows: frozenset[str] | None  # fields of `Observation`, and "fill"; None: the bot said it itself, so nothing lacks

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[SourceInput] | Rows]:
        """The inputs in the order of their times, some at a time.

        Raises OutOfOrder where they are in another order and ``in_order`` does not ask to sort them, and InputError.
        """
        ...


class RetellingSettings(Struct, frozen=True, kw_only=True):
    """How a story is retold: about which pair, in which unit, by which settings and rules."""

    symbol: str | None = "ETH/BTC"  # None is unknown
    unit: str | None = "BTC"
    story: StorySettings = StorySettings()
    rules: Rules | None = None  # in force; a journal knows its own
    breaker: float | None = None  # drawdown from which halts are inferred where nothing tells of them
    threshold: float = 25.0  # that regimes are inferred with where a table has a score alone


class StoryListener(Protocol):
    """Who is called with a story while it is retold."""

    wants_observations: bool  # whether `on_observation` is called

    def begin(self) -> None:
        """The story begins; what came before is void, for the table was out of order."""
        ...

    def on_observation(self, account: Account, time: int) -> None:
        """``account`` has taken the observation of the instant ``time``."""
        ...

    def on_event(self, event: Event) -> None:
        """One event, in order; not the head, which is known at the end."""
        ...

    def end(self, head: Event, summary: Event) -> None:
        """All is told: the head, which belongs before the other events, and the summary, which belongs after them."""
        ...


def explain(
    source: InputSource,
    settings: RetellingSettings,
    listeners: Sequence[StoryListener],
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Retell the story of ``source`` to its end.

    ``progress`` is called with the number of rows taken so far. Raises InputError where the source can't be read as
    what it should be, and what a listener raises; no listener's `end` was called then.
    """
    in_order = False
    while True:
        try:
            return _explain(source, settings, listeners, progress, in_order=in_order)
        except OutOfOrder:
            in_order = True
        except StartOver:
            continue


def _explain(
    source: InputSource,
    settings: RetellingSettings,
    listeners: Sequence[StoryListener],
    progress: Callable[[int], None],
    *,
    in_order: bool,
) -> Summary:
    reteller = Reteller(source, settings, listeners, in_order=not in_order)
    for chunk in source.inputs(in_order=in_order):
        reteller.take(chunk)
        progress(reteller.rows)
    return reteller.end()


def described(source: InputSource, settings: RetellingSettings) -> Retold:
    """What the source says and does not say, as far as its columns show."""
    knows = source.knows
    if knows is None:
        return Retold(source=source.name, compacted=source.compacted)
    inferred = {
        "regime": "score" in knows and "regime" not in knows,
        "halted": settings.breaker is not None and {"wealth", "target_weight"} <= knows and "halted" not in knows,
        "exposure": "target_weight" in knows and "fill" not in knows,
        "position": "position" in knows and "target_weight" not in knows,
    }
    lacking = tuple(name for name in _LACKING if name not in knows and not inferred.get(name))
    return Retold(
        source=source.name,
        lacking=lacking,
        inferred=tuple(name for name, is_so in inferred.items() if is_so),
        breaker=settings.breaker if inferred["halted"] else None,
        threshold=settings.threshold if inferred["regime"] and "threshold" not in knows else None,
        hysteresis=settings.story.hysteresis if inferred["regime"] else None,
    )


_MOST, _SHARE, _FEW = 4096, 4, 8  # rows tried together at first; a part of them next; so many are stepped through
_OF_A_BOT = {"price", "regime", "score", "halted"}
"""What a table of a bot's bars has, and one of trades has not."""


class Reteller:
    """A story on its way from a source's inputs through the narrator to the listeners."""

    def __init__(
        self,
        source: InputSource,
        settings: RetellingSettings,
        listeners: Sequence[StoryListener] = (),
        *,
        in_order: bool = True,
    ) -> None:
        """Prepare. ``in_order``: the source's rows stand in the order of their times, which the head says."""
        self.rows = 0  # taken so far
        self._head = replace(described(source, settings), in_order=in_order)
        self._source = source
        self._remarks: Remarks | None = getattr(source, "remarks", None)  # of a source that has to infer something
        known = frozenset(OBSERVATION) if source.knows is None else source.knows | {"threshold"}
        self._never = frozenset(OBSERVATION) - known  # fields that no observation has
        self._rules = settings.rules
        self._narrator = narrator = Narrator(settings.symbol, settings.unit, settings.story)
        knows = source.knows or frozenset()
        self._of_trades = "fill" in knows and knows.isdisjoint(_OF_A_BOT)
        self._of_table = source.knows is not None
        self._summary = SummaryBuilder(narrator.account, of_table=self._of_table)
        self._listeners = listeners
        self._begun: int | None = None
        self._first = self._last = 0
        self._for_events = (self._summary.on_event, *(listener.on_event for listener in listeners))
        self._for_observations = tuple(each.on_observation for each in listeners if each.wants_observations)
        for listener in listeners:
            listener.begin()

    def take(self, chunk: Sequence[SourceInput] | Rows) -> None:
        """Tell what the next inputs bring; there is at least one."""
        if self._begun is None:
            self._begin(chunk[0])
        if isinstance(chunk, Rows) and not self._for_observations:
            self._take_rows(chunk)
        else:
            self._take(chunk)
        self.rows += len(chunk)
        self._last = chunk[-1].time

    def _take_rows(self, rows: Rows) -> None:
        """Take rows together where nothing is to be told of them, and the others one by one."""
        narrator, place, size, count = self._narrator, 0, _MOST, rows.count
        while place < count:
            part = rows.part(place, rows.before(narrator.due, place + 1, min(place + size, count)))
            together = part.count > 1 and self._summary.passes(part)
            taken = narrator.take_together(part) if together else part.part(0, 0)
            if taken is None and part.count > _FEW:
                size = part.count // _SHARE
                continue
            if taken is not None and taken.count:
                self._summary.on_rows(taken)
                place += taken.count
            if taken is part:
                size *= 2
                continue
            alone = part if taken is None else [rows[place]]
            self._take(alone)
            place, size = place + len(alone), _MOST

    def _take(self, chunk: Sequence[SourceInput] | Rows) -> None:
        tell, count = self._narrator.take, self._summary.on_observation
        account, watchers, observed = self._narrator.account, self._for_observations, self._narrator.last_observed
        for each in chunk:
            if isinstance(each, Observation):
                events = tell(each)
                if each.time <= observed:
                    continue
                observed = each.time
                count(observed)
                for watch in watchers:
                    watch(account, observed)
            else:
                events = self._told(each)
                account, observed = self._narrator.account, self._narrator.last_observed
            if events:
                self._publish(events)

    def end(self) -> Summary:
        """Tell head and summary. Raises InputError where there was no input."""
        if self._begun is None:
            message = f"{self._head.source}: nothing has been told here yet"
            raise InputError(message)
        head = replace(
            self._head, rows=self.rows, first=self._first, last=self._last, repeated=self._narrator.seen_before
        )  # fmt: skip
        if self._remarks is not None:
            head = self._remarks.said(head)
        summary = self._summary.build(
            halts="halted" not in head.lacking,
            exposures="exposure" in head.inferred,
            trades="fill" not in head.lacking,
            of_trades=self._of_trades,
        )
        summary = replace(summary, gone=getattr(self._source, "gone", 0))
        events = (
            Event(self._begun, head, tell(self._begun, head), "head"),
            Event(summary.end, summary, tell(summary.end, summary), "summary"),
        )
        for listener in self._listeners:
            listener.end(*events)
        return summary

    def state(self) -> bytes:
        """The narrator's state, as `SavedState` has it."""
        return self._narrator.save()

    def _told(self, given: SourceInput) -> tuple[Event, ...]:
        """The events of anything but an observation."""
        narrator = self._narrator
        match given:
            case ThinnedObservation():
                narrator.recall(given.observation)
                self._summary.on_observation(given.time)
                for watch in self._for_observations:
                    watch(narrator.account, given.time)
                return ()
            case KeptEvent():
                if isinstance(given.told_from, Flow):
                    narrator.recall(given.told_from)
                narrator.recall(given.event.facts)
                return (given.event,)
            case SavedState():
                narrator.restore(given.narrator)
                self._summary.account = narrator.account
                return ()
            case _:
                return narrator.take(given)

    def _begin(self, first: SourceInput) -> None:
        """The head, told as early as the bot's own start was: at the open of the first bar, where that is known."""
        self._first = begun = first.time
        due = first.next_due if isinstance(first, Observation) else None
        if due is not None:
            begun = max(0, begun - max(0, due - begun))
        self._begun = begun
        self._narrator.take(Head(begun, self._head, self._never, of_table=self._of_table))
        if self._rules is not None:
            self._publish(self._narrator.take(Statement(begun, (self._rules,))))

    def _publish(self, events: tuple[Event, ...]) -> None:
        for event in events:
            for listener in self._for_events:
                listener(event)
