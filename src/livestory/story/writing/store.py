"""Events -> journal -> story file -> subscribers: the one place where a story becomes durable."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from livestory.clock import SECOND
from livestory.errors import JournalCorrupt, JournalForeign
from livestory.story.event import Event
from livestory.story.files.story_file import StoryFile
from livestory.story.journal.writer import Entry, Journal
from livestory.story.kinds.telling import ClockMoved, JournalSetAside, StoryLate
from livestory.story.narrator import TRADE
from livestory.story.wording.text import encodable
from livestory.story.writing.subscribers import Subscribers

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from livestory.clock import Clock
    from livestory.story.inputs import Observation
    from livestory.story.journal.writer import Identity, Request
    from livestory.story.kinds.base import Facts

_log = logging.getLogger("livestory")
_CLOCK_STEP = SECOND  # a clock that goes back by less is being adjusted, not set


class StoryStore:
    """Keeps events: in the journal first, then in the text, then for the subscribers. Not for two threads at once.

    Where the text can't be written the journal still is; the text is completed as soon as it can be, and `news` tells.
    """

    def __init__(self, journal: Journal, text: StoryFile, clock: Clock | None) -> None:
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
    ) -> StoryStore:
        """Open the story at ``path`` as its one writer, or begin it.

        A damaged journal is set aside and a new one begun, which `news` tells. ``clock`` says when an event is told;
        None: at the event's own time, as in a replay. Raises JournalHeld, JournalForeign, JournalNewer, JournalError.
        """
        try:
            journal = _opened(path, identity)
            news: list[Facts] = []
        except JournalCorrupt as damage:
            journal, news = _begun_anew(path, identity, damage)
        store = cls(journal, StoryFile(path, keep_days), clock)
        store._news = news
        try:
            store._open_text()
        except BaseException:
            store.close()
            raise
        return store

    def refuse_own_bots(self) -> None:
        """A story with a mode is told by a bot that livestory itself runs. Raises JournalForeign."""
        if (mode := self.journal.identity.mode) is not None:
            message = (
                f"{self.journal.path}: the story of a bot that livestory runs itself ({mode}), not of this one\n"
                "Give this bot's story a folder of its own."
            )
            raise JournalForeign(message)

    @property
    def trouble(self) -> str | None:
        """The trouble that keeps the text behind the journal; None if there is none."""
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

    @property
    def has_news(self) -> bool:
        """Whether `news` has anything to tell."""
        return bool(self._news or self.journal.replaced)

    def news(self) -> list[Facts]:
        """What the store itself has to tell since it was last asked: damage, lateness, a clock set back."""
        for name in self.journal.replaced:
            trouble = "it stood in the place of this story's journal"
            self._news.append(JournalSetAside(name=encodable(name.name), trouble=trouble, begun=False))
        self.journal.replaced.clear()
        news, self._news = self._news, []
        return news

    def keep(
        self,
        events: Sequence[Event],
        observations: Sequence[Observation],
        states: Mapping[str, bytes],
        requests: Sequence[Request] = (),
    ) -> list[Event]:
        """Make all of it durable in one transaction; returns the events with their seq.

        Raises JournalError; then it may be called again with the same, and keeps it once.
        """
        now = self.now()
        entries = [
            Entry(
                event.id,
                event.time,
                event.time if now is None else now,
                event.kind,
                event.record(),
                event.line,
                numbered=not event.id.startswith(TRADE),
                shown=event.shown,
            )
            for event in events
        ]
        try:
            kept = self.journal.append(entries, observations, states, requests=requests)
        except JournalCorrupt as damage:
            if self.journal.identity.mode is not None:  # a bot that trades must look at its orders first
                raise
            self._begin_anew(damage)
            kept = self.journal.append(entries, observations, states, requests=requests)
        if kept or self._text_trouble:
            self._write_text(lambda: self._text.append(kept), events)
        told = [
            Event(event.time, event.facts, one.line, one.id, one.seq, one.shown)
            for event, one in zip(events, kept, strict=True)
        ]
        self.subscribers.publish(told)
        return told

    def mend(self) -> bool:
        """Repair the files with nothing new to write. Return True if the text was behind and has caught up.

        Raises JournalHeld where another has become the writer, and JournalError.
        """
        self.journal.guard()
        if self._text_trouble is not None:
            self._write_text(lambda: self._text.append(()), ())
            return self._text_trouble is None
        return False

    def close(self) -> None:
        """Let another writer have the story."""
        self.subscribers.drain(timeout=2.0)
        self.subscribers.end()
        self._text.close()
        self.journal.close()

    def let_go(self) -> None:
        """Close what a fork has inherited, where no other thread runs on: the files are its parent's, and stay."""
        self._text.close()
        self.journal.let_go()

    def _begin_anew(self, damage: JournalCorrupt) -> None:
        path, identity = self.journal.path, self.journal.identity
        self.journal.close()
        self.journal, news = _begun_anew(path, identity, damage)
        self._news += news
        self._text.close()
        self._open_text()

    def _open_text(self) -> None:
        self._write_text(lambda: self._text.open(self.journal), ())
        if not self._news and self._text.aside is not None and (lines := self._text.aside[1]):
            name = encodable(self._text.aside[0].name)
            begun = self.journal.last is None
            trouble = "its journal is gone" if begun else f"the journal lacks {lines} of its lines"
            _log.error("the story's former text is kept as %s: %s", name, trouble)
            self._news.append(JournalSetAside(name=name, trouble=trouble, begun=begun))

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


def _begun_anew(
    path: str | os.PathLike[str], identity: Identity, damage: JournalCorrupt
) -> tuple[Journal, list[Facts]]:
    """A new journal in the place of a damaged one, and what there is to tell of that."""
    trouble = encodable(damage).splitlines()[0]
    name = encodable(Journal.set_aside(path).name)
    _log.error("the journal is damaged: kept as %s, a new one is begun", name, exc_info=damage)
    return Journal.open(path, identity), [JournalSetAside(name=name, trouble=trouble)]


def _opened(path: str | os.PathLike[str], identity: Identity) -> Journal:
    """The journal; JournalCorrupt only where its bytes are damaged: SQLite calls it damage, too, that a read fails."""
    try:
        return Journal.open(path, identity)
    except JournalCorrupt:
        Journal.read_through(path)
        return Journal.open(path, identity)
