"""Narrator and store in one thread: how a bot that owns its loop, such as the executor, tells its story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from livestory.errors import JournalForeign
from livestory.story.files.inbox import INBOX, Inbox
from livestory.story.files.layout import Layout
from livestory.story.inputs import Observation, Statement
from livestory.story.narrator import NARRATOR, Narrator
from livestory.story.symbol import assets
from livestory.story.writing.store import StoryStore

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from livestory.clock import Clock
    from livestory.story.event import Event
    from livestory.story.files.inbox import Posted
    from livestory.story.inputs import Input
    from livestory.story.journal.writer import Identity, Request
    from livestory.story.settings import StorySettings


class SynchronousWriter:
    """Tells at once, and keeps at `commit`: what was told since the last one, the observations and the bot's states.

    Killed in between, it goes on from the last commit, and what is told again then is the same.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        identity: Identity,
        settings: StorySettings,
        *,
        keep_days: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Open the story at ``path`` or begin it; see `StoryStore.open` for ``clock`` and the errors."""
        self._store = StoryStore.open(path, identity, keep_days=keep_days, clock=clock)
        self.narrator = Narrator(identity.symbol, identity.unit or assets(identity.symbol)[1], settings)
        self._events: list[Event] = []
        self._observations: list[Observation] = []
        self._last = 0
        try:
            saved = self.state(NARRATOR)
            if saved is not None:
                self.narrator.restore(saved)
            self._inbox = Inbox(Layout.of(path), self.state(INBOX))
            self._inbox.sweep()
        except BaseException:
            self._store.close()
            raise

    def take(self, given: Input) -> tuple[Event, ...]:
        """Tell what an input brings."""
        observed = self.narrator.last_observed
        events = self.narrator.take(given)
        if type(given) is Observation:
            if self.narrator.last_observed == observed:
                return ()
            self._observations.append(given)
        self._last = max(self._last, given.time)
        self._events += events
        return events

    def commands(self) -> list[Posted]:
        """What others have asked of the bot and was not taken yet, oldest first."""
        return self._inbox.waiting()

    def settle(self, posted: Posted) -> None:
        """Count a command as taken once its effect is committed."""
        self._inbox.take(posted)

    def state(self, name: str) -> bytes | None:
        """The state that the last `commit` kept under ``name``."""
        return self._store.journal.state(name)

    @property
    def last_told(self) -> int:
        """The time of the last line that is kept; 0 where there is none."""
        return self._store.journal.last.time if self._store.journal.last is not None else 0

    def refuse_if_begun(self) -> None:
        """For who would begin the story: one that has begun is another bot's. Raises JournalForeign."""
        if self.last_told:
            message = (
                f"{self._store.journal.path}: the story of another bot\nGive this one a folder of its own with --dir."
            )
            raise JournalForeign(message)

    def news(self, inputs: Iterable[Input]) -> list[Input]:
        """Those that were not kept before, each once: fills and funding are known by their ids. Raises JournalError."""
        ids = [(given, self.narrator.trade_id(given)) for given in inputs]
        seen = self._store.journal.known([each for _, each in ids if each is not None])
        found = []
        for given, each in ids:
            if each is None or each not in seen:
                found.append(given)
            if each is not None:
                seen.add(each)
        return found

    def subscribe(self, subscriber: Callable[[Event], object]) -> None:
        """Call ``subscriber`` with each event once it is kept, on another thread."""
        self._store.subscribers.add(subscriber)

    def commit(self, states: Mapping[str, bytes], requests: Sequence[Request] = ()) -> list[Event]:
        """Make durable what was told since the last commit, with ``states`` and answers, in one transaction.

        Raises JournalError; then nothing is lost, and the next commit keeps it.
        """
        now = self._store.now()
        news = self._store.news()
        if news:
            self.take(Statement(self._last if now is None else now, tuple(news)))
        kept = self._store.keep(
            self._events,
            self._observations,
            {**states, **self._inbox.states(), NARRATOR: self.narrator.save()},
            requests,
        )
        self._events, self._observations = [], []
        self._inbox.sweep()
        return kept

    def close(self) -> None:
        """Let another writer have the story. What was not committed is told again next time."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
