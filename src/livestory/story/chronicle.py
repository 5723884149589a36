"""Events -> journal -> story file -> subscribers: the one place where a story becomes durable."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from livestory.clock import SECOND
from livestory.errors import JournalCorrupt, JournalError
from livestory.story.events import ClockMoved, Facts, SetAside, StoryLate
from livestory.story.journal import Entry, Journal
from livestory.story.narrator import TRADE
from livestory.story.story_file import StoryFile
from livestory.story.subscribers import Subscribers
from livestory.story.wording.text import encodable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from livestory.clock import Clock
    from livestory.story.events import Event
    from livestory.story.journal import Identity
    from livestory.story.observation import Observation

_log = logging.getLogger("livestory")
_CLOCK_STEP = SECOND  # a clock that goes back by less is being adjusted, not set


class Chronicle:
    """Keeps events: in the journal first, then in the text, then for the subscribers. Not for two threads at once.

    Where the text can't be written the journal still is; the text is completed as soon as it can be, and `news` tells.
    """

    def __init__(self, journal: Journal, text: StoryFile, clock: Clock | None) -> None:
        """Use `open`."""
        self.journal = journal
        self.subscribers = Subscribers()
        self._text = text
        self._clock = clock
        self._news: list[Facts] = []
        self._text_trouble: tuple[str, int] | None = None  # its cause and the instant it began
        self._late = 0
        self._reading = self._last_told  # of the clock, the last time it was asked

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], identity: Identity, *, keep_days: int | None, clock: Clock | None
    ) -> Chronicle:
        """Open the story at ``path`` as its one writer, or begin it.

        A damaged journal is set aside and a new one begun, which `news` tells. ``clock`` says when an event is told;
        None: at the event's own time, as in a replay. Raises JournalHeld, JournalForeign, JournalNewer, JournalError.
        """
        news: list[Facts] = []
        try:
            journal = _opened(path, identity)
        except JournalCorrupt as damage:
            trouble = encodable(damage).splitlines()[0]
            name = encodable(Journal.set_aside(path).name)
            _log.exception("the journal is damaged: kept as %s, a new one is begun", name)
            news.append(SetAside(name=name, trouble=trouble))
            journal = Journal.open(path, identity)
        chronicle = cls(journal, StoryFile(path, keep_days), clock)
        chronicle._news = news
        try:
            chronicle._write_text(lambda: chronicle._text.open(journal), ())
        except BaseException:
            chronicle.close()
            raise
        return chronicle

    @property
    def trouble(self) -> str | None:
        """Why the text is behind the journal; None while it is not."""
        return self._text_trouble[0] if self._text_trouble else None

    def now(self) -> int | None:
        """The clock's time, never before what was told last; None without a clock."""
        if self._clock is None:
            return None
        now = self._clock.now()
        if now < self._reading - _CLOCK_STEP:
            self._news.append(ClockMoved(by=self._reading - now))
        self._reading = now
        return max(now, self._last_told)

    def news(self) -> list[Facts]:
        """What the chronicle itself has to tell since it was last asked: damage, lateness, a clock set back."""
        news, self._news = self._news, []
        return news

    def keep(
        self, events: Sequence[Event], observations: Sequence[Observation], states: Mapping[str, bytes]
    ) -> list[Event]:
        """Make all of it durable in one transaction; returns the events with their seq.

        Raises JournalError; then it may be called again with the same, and keeps it once.
        """
        now = self.now()
        entries = [
            Entry(event.id, event.time, event.time if now is None else now, event.kind, event.record(), event.line)
            for event in events
        ]
        kept = self.journal.append(entries, observations, states)
        if kept or self._text_trouble:
            self._write_text(lambda: self._text.append(kept), events)
        told = [replace(event, seq=one.seq) for event, one in zip(events, kept, strict=True)]
        self.subscribers.publish(told)
        return told

    def mend(self) -> bool:
        """Try the text again where it is behind, though there is nothing to keep; whether that has put it right."""
        if self._text_trouble is not None:
            self._write_text(lambda: self._text.append(()), ())
            return self._text_trouble is None
        return False

    def close(self) -> None:
        """Let another writer have the story."""
        self.subscribers.close(timeout=2.0)
        self._text.close()
        self.journal.close()

    @property
    def _last_told(self) -> int:
        return self.journal.last.told if self.journal.last is not None else 0

    def _write_text(self, write: Callable[[], None], events: Sequence[Event]) -> None:
        try:
            write()
        except Exception as error:  # noqa: BLE001 - whatever becomes of the text, the journal has it and the bot goes on
            if self._text_trouble is None:
                _log.error("the story file can't be written: %s; the journal has every line", error)
                since = self.now() or (events[0].time if events else self._last_told)
                self._text_trouble = encodable(error), since
            self._late += len(events)
            return
        if self._text_trouble is not None:
            cause, since = self._text_trouble
            until = self.now() or self._last_told
            if self._late:
                self._news.append(StoryLate(lines=self._late, since=since, until=max(since, until), trouble=cause))
            self._text_trouble, self._late = None, 0


def _opened(path: str | os.PathLike[str], identity: Identity) -> Journal:
    """The journal; JournalCorrupt only where its bytes are damaged: SQLite calls it damage, too, that a read fails."""
    try:
        return Journal.open(path, identity)
    except JournalCorrupt:
        Journal.read_through(path)
        return Journal.open(path, identity)
