"""The writer of a story that is told from outside of its process: an input that has an id is told once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import MINUTE, RELEASED, Reading, SystemClock
from livestory.story.commands import Halt, Resume, as_input
from livestory.story.inputs import Observation
from livestory.story.journal.entry import Request
from livestory.story.wording.numbers import stamp
from livestory.story.writing.synchronous import SynchronousWriter

if TYPE_CHECKING:
    import os

    from livestory.clock import Clock
    from livestory.story.event import Event
    from livestory.story.inputs import Input
    from livestory.story.journal.entry import Answer, Identity
    from livestory.story.public.kinds import PublicInput
    from livestory.story.settings import StorySettings

_log = logging.getLogger("livestory")
_CLOCK_LAG = MINUTE  # by which a clock may be behind the last line


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a sender hears of an input."""

    line: int | None = None  # of standard input
    id: str | None = None
    seqs: tuple[int, ...] | None = None  # of the events that it brought, durable by now; empty: it is no news
    ignored: str | None = None  # why it is not part of the story, though nothing is wrong with it
    error: str | None = None  # why it was not taken


class Outcome:
    """What becomes of an input: its `reply` is true once it is kept."""

    def __init__(self, given: PublicInput) -> None:
        self.id = given.name
        self.digest = given.digest() if self.id is not None else b""
        self.places: tuple[int, ...] = ()
        self.seqs: tuple[int, ...] = ()
        self.ignored: str | None = None
        self.error: str | None = None

    def refused(self, problem: str) -> Outcome:
        """It is not taken, because of the ``problem``."""
        self.error = problem
        return self

    def reply(self, line: int | None = None) -> Reply:
        """What the sender hears."""
        seqs = self.seqs if self.error is None else None
        return Reply(line=line, id=self.id, seqs=seqs, ignored=self.ignored, error=self.error)


class PublicWriter(SynchronousWriter):
    """Takes inputs one by one, and makes them durable together at `keep`."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        identity: Identity,
        settings: StorySettings,
        *,
        keep_days: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Open the story at ``path`` or begin it.

        Raises JournalForeign, also where livestory itself runs the bot whose story it is, and what `StoryStore.open`
        raises.
        """
        self._clock = clock or SystemClock()
        super().__init__(path, identity, settings, keep_days=keep_days, clock=self._clock)
        try:
            self._store.refuse_own_bots()
        except BaseException:
            self.close()
            raise
        self._outcomes: list[Outcome] = []
        self._asked: dict[str, Outcome] = {}  # by id, those that are not kept yet
        self._changed = True  # what the store has to tell of its opening

    @property
    def behind(self) -> bool:
        """Whether something was taken that is not kept: the last `keep` has failed."""
        return bool(self._outcomes)

    def tell(self, given: PublicInput) -> Outcome:
        """Take an input; one whose id is known gets the answer of the first.

        Raises JournalError: then it is not taken.
        """
        outcome = Outcome(given)
        if outcome.id is not None and (known := self._known(outcome)) is not None:
            return known
        try:
            taken = given.as_input(self._clock.now())
        except (ValueError, ArithmeticError) as error:
            return outcome.refused(str(error))
        if self._told_before(taken, outcome):
            return self._answered(outcome)
        before, last = len(self._events), self.narrator.last_observed
        try:
            self.take(taken)
        except Exception as error:  # noqa: BLE001 - whatever a sender made happen, the others are told
            _log.exception("an input can't be told")
            return outcome.refused(f"it can't be told: {type(error).__name__}; the log says why")
        outcome.places = tuple(range(before, len(self._events)))
        if isinstance(taken, Observation) and self.narrator.last_observed == last:
            old = f"not newer than the last observation, {stamp(last)} UTC"
            outcome.ignored = old if taken.time <= last else "its time is too far ahead of the clock to be believed"
        return self._answered(outcome)

    def keep(self) -> None:
        """Make durable what was taken, and what others have left in the inbox; complete the outcomes.

        Raises JournalError: nothing is lost then, and the next call keeps it.
        """
        self._take_commands()
        if not (self._changed or self._store.mend()):
            return
        requests = [Request(one.id, one.digest, one.places, one.seqs) for one in self._outcomes if one.id is not None]
        kept = self.commit({}, requests)
        for one in self._outcomes:
            one.seqs += tuple(kept[place].seq or 0 for place in one.places)
        self._outcomes, self._asked, self._changed = [], {}, False

    def take(self, given: Input) -> tuple[Event, ...]:
        """Tell what an input brings, whose time a sender gave."""
        now = self._clock.now()
        last = self._store.journal.last
        plausible = isinstance(self._clock, SystemClock) and RELEASED < now > (last.told if last else 0) - _CLOCK_LAG
        self._changed = True
        told = self.narrator.judge(given, Reading(now, plausible))
        if told.observation is not None:
            self._observations.append(told.observation)
        self._events += told.events
        return told.events

    def _answered(self, outcome: Outcome) -> Outcome:
        self._changed = True
        self._outcomes.append(outcome)
        if outcome.id is not None:
            self._asked[outcome.id] = outcome
        return outcome

    def _known(self, outcome: Outcome) -> Outcome | None:
        """The outcome of the input that came with this id before; an error where that was another input."""
        name = outcome.id or ""
        first: Outcome | Answer | None = self._asked.get(name) or self._store.journal.answer(name)
        if first is None:
            return None
        if first.digest != outcome.digest:
            return outcome.refused(f"id {name!r}: another input was told with it; give each an id of its own")
        if isinstance(first, Outcome):
            return first
        outcome.seqs = first.seqs
        return outcome

    def _told_before(self, given: Input, outcome: Outcome) -> bool:
        """Whether it is a trade, or funding, that is told already, whatever its id; then the outcome has that event."""
        trade = self.narrator.trade_id(given)
        if trade is None:
            return False
        outcome.places = tuple(place for place, event in enumerate(self._events) if event.id == trade)
        if not outcome.places and (event := self._store.journal.event(trade)) is not None:
            outcome.seqs = (event.seq,)
        return bool(outcome.places or outcome.seqs)

    def _take_commands(self) -> None:
        """Have told what others have left. To halt or resume is not for a story: it is left lying."""
        for posted in self.commands():
            if not isinstance(posted.command, Halt | Resume):
                self.settle(posted)
                self.take(as_input(self._clock.now(), posted.command))
