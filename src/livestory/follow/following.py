"""The story of a bot that is not ours: what its source finds, told as it comes, kept with the source's cursor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec.structs import replace

from livestory.clock import DAY, MINUTE, SECOND
from livestory.errors import InputError, JournalError, JournalForeign, JournalHeld, JournalNewer
from livestory.follow.database import DatabaseNotNow
from livestory.story.commands import Halt, Resume, as_input
from livestory.story.inputs import Fill, Observation, Statement
from livestory.story.kinds.followed import HeardAgain, NotHeard
from livestory.story.narrator import at_the_clock

if TYPE_CHECKING:
    from threading import Event

    from livestory.clock import Clock
    from livestory.errors import LivestoryError
    from livestory.follow.source import Source
    from livestory.story.inputs import Input
    from livestory.story.writing.synchronous import SynchronousWriter

_CURSOR = "follow "  # and the source's kind: the name of its cursor in the journal
_PATIENCE = 10 * SECOND  # that a source may be out of reach before that is told
_LATE = MINUTE  # from which on a fill that was heard of later is told with its own time
_POLL, _RETRY = 0.25, 1.0  # seconds between two looks; where the disk takes nothing
_LASTING = JournalHeld, JournalForeign, JournalNewer
_log = logging.getLogger("livestory.follow")


class Following:
    """One source and the writer of its story. Killed anywhere, it goes on from the last commit."""

    def __init__(self, source: Source, writer: SynchronousWriter, clock: Clock) -> None:
        """Go on where the cursor in the story stands. Raises JournalForeign where the story tells another bot."""
        self._source = source
        self._writer = writer
        self._clock = clock
        self._name = _CURSOR + source.kind
        self._cursor = writer.state(self._name)
        if self._cursor is None:
            writer.refuse_if_begun()
        self._last = max(writer.last_told, writer.narrator.last_observed)
        writer.narrator.is_known_in_part()  # what a source does not see is said where it is described
        self._heard = False  # at the last look
        self._unheard: int | None = None  # since when
        self._missed = ""  # why, as it was said last
        self._behind = False  # something was told that is not kept
        self._troubled = False  # that was said
        self._seen: object = None
        self._due: int | None = None
        self._running = True

    def catch_up(self, stop: Event) -> None:
        """Tell all that is there by now, or as much of it until ``stop`` is set. Raises as `run`.

        A bot of which nothing can be told yet is waited for.
        """
        while not stop.is_set() and (self._patient_step(stop) or self._cursor is None):
            if self._cursor is None:
                stop.wait(_POLL)

    def run(self, stop: Event) -> None:
        """Tell until ``stop`` is set. Raises InputError where the very first look fails, and what `_LASTING` names."""
        while not stop.is_set():
            if not self._patient_step(stop):
                stop.wait(_POLL)

    def _patient_step(self, stop: Event) -> bool:
        """`step`; while the disk takes nothing, what was told waits, and nothing more is read."""
        try:
            more = self.step()
        except _LASTING:
            raise
        except JournalError as error:
            if not self._troubled:
                _log.error("the story waits: %s", error)
            self._troubled = True
            stop.wait(_RETRY)
            return True
        if self._troubled:
            _log.warning("the story goes on")
        self._troubled = False
        return more

    def step(self) -> bool:
        """Look once, tell and keep what is new; whether there is more to be read at once."""
        if self._behind:
            self._keep()
        now = self._clock.now()
        more = False
        try:
            state = self._source.state()
            if state != self._seen or self._unheard is not None or (self._due is not None and now >= self._due):
                more = self._read(now)
                self._seen = None if more else state
        except (DatabaseNotNow, InputError) as error:
            if self._cursor is None and isinstance(error, InputError):
                raise
            self._miss(now, error)
        if self._cursor is None:
            return False
        self._take_commands(now)
        if not more:
            self._pulse(now)
        self._keep()
        return more

    def _keep(self) -> None:
        self._behind = True
        self._writer.commit({} if self._cursor is None else {self._name: self._cursor})
        self._behind = False

    def _read(self, now: int) -> bool:
        step = self._source.read(self._cursor, now)
        if not self._heard and "not_heard" in self._writer.narrator.troubles:
            lasted = None if self._unheard is None or now - self._unheard < _PATIENCE else now - self._unheard
            self._tell(Statement(now, (HeardAgain(source=self._source.path.name, lasted=lasted),)))
        self._heard, self._unheard, self._missed = True, None, ""
        for given in self._writer.news(step.inputs):
            self._tell(given)
        self._cursor, self._due, self._running = step.cursor, step.due, step.running
        return step.more

    def _tell(self, given: Input) -> None:
        """What came before the last line is told now, with its own time."""
        now = self._clock.now()
        if given.time > now + DAY:  # else all that comes after it would be told at that time
            given = at_the_clock(given, now)
        self._last = max(self._last, given.time)
        late = self._last - given.time
        if isinstance(given, Fill) and late >= _LATE:
            given = replace(given, filled_at=given.time, found="away")
        self._writer.take(replace(given, time=self._last) if late else given)

    def _pulse(self, now: int) -> None:
        """At midnight a reading of nothing but the time, so that days end though nothing happened."""
        time = now - now % DAY
        if self._running and self._unheard is None and self._last <= time > self._writer.narrator.last_observed:
            self._tell(Observation(time=time))

    def _miss(self, now: int, error: LivestoryError) -> None:
        """A source that can't be read is waited for: that is said at once, and told after a while."""
        self._heard = False
        if self._unheard is None:
            self._unheard = now
        problem = str(error).splitlines()[0]
        if problem != self._missed and not (isinstance(error, DatabaseNotNow) and now == self._unheard):
            _log.warning("%s; it is waited for", problem)
            self._missed = problem
        if self._cursor is not None and now - self._unheard >= _PATIENCE:
            path = self._source.path
            told = NotHeard(source=path.name, problem=problem.removeprefix(f"{path}: "))
            self._tell(Statement(now, (told,)))

    def _take_commands(self, now: int) -> None:
        """What others left in the inbox is told; to halt or resume is the followed bot's own affair."""
        for posted in self._writer.commands():
            if not isinstance(posted.command, Halt | Resume):
                self._tell(as_input(max(now, self._last), posted.command))
                self._writer.settle(posted)
