"""One story as the server sees it: a thread follows its journal and says what is new."""

from __future__ import annotations

import threading
from itertools import takewhile
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from livestory.errors import JournalError, LivestoryError
from livestory.outlets.web.event_index import EventIndex
from livestory.outlets.web.readings import Readings
from livestory.outlets.web.status import Heard, Known, Origin, Status, known, status_of
from livestory.story.event import from_record
from livestory.story.files.layout import Layout
from livestory.story.halt_told import halt_told
from livestory.story.journal.entry import Kept
from livestory.story.journal.lock import holder
from livestory.story.journal.reader import PAGE_BYTES, JournalReader
from livestory.story.kinds.lifecycle import Started
from livestory.story.narrator import NARRATOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livestory.clock import Clock

_LOOK = 0.05  # seconds between two looks at the journal; each costs some microseconds
_STATUS = 0.25  # seconds between two statuses
_RETRY = 1.0  # seconds until a journal that can't be read is tried again
_PULSE = 20  # looks after which the state is reconsidered though nothing was written: silence changes it too
_PAGE = 1000  # events read at a time
_COMINGS = ("started", "resumed", "stopped")


class News(Struct, frozen=True):
    """What has come since the last news. ``anew``: another journal than before, or the first.

    Lines come at once and with a status; without lines, a status comes four times a second at most.
    """

    events: list[Kept]
    status: Status | None
    anew: bool = False


class Watched:
    """A story that is followed. `status` and `index` are always there; whoever is told of news gets them in order."""

    def __init__(self, name: str, path: Path, clock: Clock, tell: Callable[[Watched, News], None]) -> None:
        """Call ``tell`` with what is new, on the thread that follows."""
        self.name = name
        self._layout = Layout.of(path)
        self.path = self._layout.db
        self.index = EventIndex()
        self.readings = Readings()
        self._clock = clock
        self._tell = tell
        self._journal: str | None = None
        self._heard: Heard | None = None
        self._trouble: tuple[bool, str] | None = None  # whether there is a journal at all, and what is wrong
        self._told: Status | None = None
        self._origin: Origin | None = None
        self._untold = False
        self._next_status = 0.0
        self._written = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"follow {name}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following; returns once the journal is closed, or soon."""
        self._stop.set()
        self._thread.join(timeout=0.5)

    @property
    def journal(self) -> str | None:
        """The id of the journal that `index` and `readings` are of."""
        return self._journal

    def status(self) -> Status:
        """How the bot is now."""
        now, trouble, heard = self._clock.now(), self._trouble, self._heard
        if trouble is not None and not trouble[0]:
            return Status(story=self.name, state="waiting", now=now, trouble=trouble[1])
        if heard is None:
            state = Status(story=self.name, state="trouble" if trouble else "loading", now=now)
            return msgspec.structs.replace(state, trouble=trouble[1] if trouble else None)
        status = status_of(self.name, heard, now, written=self._written)
        return status if trouble is None else msgspec.structs.replace(status, state="trouble", trouble=trouble[1])

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                with JournalReader.open(self.path) as reader:
                    self._catch_up(reader, anew=self._is_new(reader))
                    self._trouble = None
                    self._watch(reader)
            except (LivestoryError, msgspec.MsgspecError) as error:
                self._in_trouble(error)
                self._stop.wait(_RETRY)

    def _watch(self, reader: JournalReader) -> None:
        looks = 0
        self._pulse()
        while not self._stop.wait(_LOOK):
            looks += 1
            if reader.changed():
                self._catch_up(reader)
            elif self._untold and monotonic() >= self._next_status:
                self._tell_status([])
            elif looks % _PULSE == 0:
                self._pulse()

    def _is_new(self, reader: JournalReader) -> bool:
        if reader.id == self._journal and reader.last_seq >= len(self.index):
            return False
        self.index, self.readings, self._heard, self._origin = EventIndex(), Readings(), None, None
        self._journal = reader.id
        return True

    def _catch_up(self, reader: JournalReader, *, anew: bool = False) -> None:
        """Read everything new; a story that is met for the first time is not told event by event."""
        told = False
        while not self._stop.is_set():
            events = reader.events(len(self.index), limit=_PAGE, most_bytes=PAGE_BYTES)
            last = self.readings.last
            self.readings.add(takewhile(self._goes_on, reader.observations(None if last is None else last + 1)))
            self.index.add(events)
            if (not events and not told) or (events and not anew):
                self._publish(events, reader, anew=anew)
                told = True
            if not events:
                break

    def _goes_on(self, _: object) -> bool:
        return not self._stop.is_set()

    def _publish(self, events: list[Kept], reader: JournalReader, *, anew: bool = False) -> None:
        self._heard = self._all_heard(reader)
        self._written = self._written or holder(self._layout.lock) is not None
        self._trouble = None
        self._untold = not (anew or events) and monotonic() < self._next_status
        if not self._untold:
            self._tell_status(events, anew=anew)

    def _tell_status(self, events: list[Kept], *, anew: bool = False) -> None:
        self._next_status = monotonic() + _STATUS
        self._untold = False
        self._told = self.status()
        self._tell(self, News(events, self._told, anew))

    def _pulse(self) -> None:
        self._written = holder(self._layout.lock) is not None
        status = self.status()
        if self._told is None or (status.state, status.trouble) != (self._told.state, self._told.trouble):
            self._told = status
            self._tell(self, News([], status))

    def _in_trouble(self, error: Exception) -> None:
        there = not isinstance(error, JournalError) or _exists(self.path)
        self._trouble = there, str(error)
        if not there:
            self._journal = self._heard = None
        self._pulse()

    def _all_heard(self, reader: JournalReader) -> Heard:
        index, readings = self.index, self.readings
        last_coming = index.last(*_COMINGS)
        event = reader.event(last_coming) if last_coming else None
        regime = index.last("regime")
        regime_event = reader.event(regime) if regime else None
        saved = reader.state(NARRATOR)
        memory = known(saved) if saved else None
        if self._origin is None:
            self._origin = self._find_origin(reader, memory)
        last = reader.last_observation()
        halt = halt_told(reader, last)
        return Heard(
            journal=reader.id,
            identity=reader.identity,
            last_seq=len(index),
            first_time=readings.first if index.first_time is None else index.first_time,
            kinds=index.kinds(),
            observation=last if last is None or halt is None else halt.upon(last),
            known=memory,
            origin=self._origin or Origin(),
            stopped_at=event.time if event is not None and event.kind == "stopped" else None,
            halt=halt,
            halted_since=readings.halted_since,
            regime_since=regime_event.time if regime_event else None,
            committed=_changed_at(self.path) or self._clock.now(),
        )

    def _find_origin(self, reader: JournalReader, memory: Known | None) -> Origin | None:
        """What the bot began with, as its start says or else its first observation."""
        started = self.index.first("started")
        event = reader.event(started) if started else None
        if event is not None:
            facts = from_record(event.record, event.line, event.id, event.seq).facts
            if isinstance(facts, Started) and facts.wealth is not None and facts.price is not None:
                return Origin(time=event.time, value=facts.wealth, price=facts.price)
        first = next(iter(reader.observations()), None)
        if first is None or memory is None:
            return None
        return Origin(time=first.time, value=first.wealth, price=first.price)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder that can't be entered
        return True


def _changed_at(path: Path) -> int | None:
    """When the journal was last written, in microseconds since the epoch."""
    found = []
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            found.append(file.stat().st_mtime_ns // 1000)
        except OSError:
            continue
    return max(found, default=None)
