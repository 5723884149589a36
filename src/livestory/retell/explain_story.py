"""A table or a journal -> its story. Every row goes through the one narrator that tells live stories too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from livestory.errors import InputError
from livestory.retell.columns import OBSERVATION
from livestory.retell.inputs import AsKept, Glimpse, OutOfOrder, Remembered
from livestory.retell.tally import Tally
from livestory.story.event import Event
from livestory.story.inputs import Flow, Head, Observation, Statement
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.retold import Retold, Summary
from livestory.story.line import tell
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.retell.inputs import Given, Source
    from livestory.story.account import Account

# Said to be missing where a table does not know it, in this order.
_LACKING = ("wealth", "price", "regime", "halted", "fill", "next_due", "no_trade_reason")


class Retelling(Struct, frozen=True, kw_only=True):
    """How a story is retold: about which pair, in which unit, by which settings and rules."""

    symbol: str = "ETH/BTC"
    unit: str = "BTC"
    story: StorySettings = StorySettings()
    rules: Rules | None = None  # in force; a journal knows its own
    breaker: float | None = None  # drawdown from which halts are inferred where nothing tells of them
    threshold: float = 25.0  # that regimes are inferred with where a table has a score alone


class Listener(Protocol):
    """Who hears a story while it is retold."""

    watches: bool  # whether it wants to `observe`

    def begin(self) -> None:
        """The story begins; what was heard before is void, for the table was out of order."""
        ...

    def observe(self, account: Account, time: int) -> None:
        """``account`` has taken an observation."""
        ...

    def hear(self, event: Event) -> None:
        """One event, in order; not the head, which is known at the end."""
        ...

    def end(self, head: Event, summary: Event) -> None:
        """All is told: the head, which belongs before the other events, and the summary, which belongs after them."""
        ...


def explain(
    source: Source,
    retelling: Retelling,
    listeners: Sequence[Listener],
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Retell the story of ``source`` to its end.

    ``progress`` is called with the number of rows taken so far. Raises InputError where the source can't be read as
    what it should be, and what a listener raises; no listener has heard the end then.
    """
    try:
        return _explain(source, retelling, listeners, progress, in_order=False)
    except OutOfOrder:
        return _explain(source, retelling, listeners, progress, in_order=True)


def _explain(
    source: Source,
    retelling: Retelling,
    listeners: Sequence[Listener],
    progress: Callable[[int], None],
    *,
    in_order: bool,
) -> Summary:
    head = replace(head_of(source, retelling), in_order=not in_order)
    never = frozenset(OBSERVATION) - source.knows - {"threshold"} if source.knows is not None else frozenset[str]()
    telling = Telling(retelling, head, never, listeners)
    for chunk in source.inputs(in_order=in_order):
        telling.take(chunk)
        progress(telling.rows)
    return telling.end()


def head_of(source: Source, retelling: Retelling) -> Retold:
    """What the source says and does not say."""
    knows = source.knows
    if knows is None:
        return Retold(source=source.name, compacted=source.compacted)
    inferred = {
        "regime": "score" in knows and "regime" not in knows,
        "halted": retelling.breaker is not None and {"wealth", "target_weight"} <= knows and "halted" not in knows,
        "exposure": "target_weight" in knows and "fill" not in knows,
        "position": "position" in knows and "target_weight" not in knows,
    }
    lacking = tuple(name for name in _LACKING if name not in knows and not inferred.get(name))
    return Retold(
        source=source.name,
        lacking=lacking,
        inferred=tuple(name for name, is_so in inferred.items() if is_so),
        breaker=retelling.breaker if inferred["halted"] else None,
        threshold=retelling.threshold if inferred["regime"] and "threshold" not in knows else None,
        hysteresis=retelling.story.hysteresis if inferred["regime"] else None,
    )


class Telling:
    """A story on its way from the inputs through the narrator to the listeners."""

    def __init__(
        self, retelling: Retelling, head: Retold, never: frozenset[str], listeners: Sequence[Listener]
    ) -> None:  # fmt: skip
        """Begin with ``head``; ``never`` are fields that no observation has."""
        self.rows = 0
        self._head = head
        self._never = never
        self._rules = retelling.rules
        self._narrator = narrator = Narrator(retelling.symbol, retelling.unit, retelling.story)
        self._tally = Tally(narrator.account)
        self._listeners = listeners
        self._begun: int | None = None
        self._first = self._last = 0
        self._hearers = (self._tally.hear, *(listener.hear for listener in listeners))
        self._watchers = tuple(listener.observe for listener in listeners if listener.watches)
        for listener in listeners:
            listener.begin()

    def take(self, chunk: Sequence[Given]) -> None:
        """Tell what the next inputs bring."""
        if self._begun is None:
            self._begin(chunk[0])
        tell, watch = self._narrator.take, self._tally.observe
        account, watchers, observed = self._narrator.account, self._watchers, self._narrator.last_observed
        for each in chunk:
            if each.__class__ is Observation:
                events = tell(each)
                if each.time <= observed:
                    continue
                observed = each.time
                watch(observed)
                for other in watchers:
                    other(account, observed)
            else:
                events = self._told_of(each)
                account, observed = self._narrator.account, self._narrator.last_observed
            if events:
                self._hear(events)
        self.rows += len(chunk)
        self._last = chunk[-1].time

    def end(self) -> Summary:
        """Tell head and summary. Raises InputError where there was no input."""
        if self._begun is None:
            message = f"{self._head.source}: nothing has been told here yet"
            raise InputError(message)
        head = replace(
            self._head, rows=self.rows, first=self._first, last=self._last, repeated=self._narrator.seen_before
        )  # fmt: skip
        summary = self._tally.told(halts="halted" not in head.lacking, exposures="exposure" in head.inferred)
        events = (
            Event(self._begun, head, tell(self._begun, head), "head"),
            Event(summary.end, summary, tell(summary.end, summary), "summary"),
        )
        for listener in self._listeners:
            listener.end(*events)
        return summary

    def memory(self) -> bytes:
        """What the narrator remembers."""
        return self._narrator.save()

    def _told_of(self, given: Given | Glimpse | AsKept | Remembered) -> tuple[Event, ...]:
        match given:
            case Glimpse():
                return self._glimpse(given)
            case AsKept():
                return self._as_kept(given)
            case Remembered():
                return self._remembered(given)
            case _:
                return self._narrator.take(given)

    def _glimpse(self, glimpse: Glimpse) -> tuple[Event, ...]:
        self._narrator.recall(glimpse.observation)
        self._tally.observe(glimpse.time)
        for watch in self._watchers:
            watch(self._narrator.account, glimpse.time)
        return ()

    def _as_kept(self, kept: AsKept) -> tuple[Event, ...]:
        if isinstance(kept.own, Flow):
            self._narrator.recall(kept.own)
        self._narrator.recall(kept.event.facts)
        return (kept.event,)

    def _remembered(self, then: Remembered) -> tuple[Event, ...]:
        self._narrator.restore(then.narrator)
        self._tally.account = self._narrator.account
        return ()

    def _begin(self, first: Given) -> None:
        """The head, told as early as the bot's own start was: at the open of the first bar, where that is known."""
        self._first = begun = first.time
        due = first.next_due if isinstance(first, Observation) else None
        if due is not None:
            begun = max(0, begun - max(0, due - begun))
        self._begun = begun
        self._narrator.take(Head(begun, self._head, self._never))
        if self._rules is not None:
            self._hear(self._narrator.take(Statement(begun, (self._rules,))))

    def _hear(self, events: tuple[Event, ...]) -> None:
        for event in events:
            for hear in self._hearers:
                hear(event)
