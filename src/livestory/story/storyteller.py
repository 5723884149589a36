"""Narrator and chronicle in one thread: how a bot that owns its loop, such as the executor, tells its story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from livestory.story.chronicle import Chronicle
from livestory.story.inbox import INBOX, Inbox
from livestory.story.layout import Layout
from livestory.story.narrator import NARRATOR, Narrator

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from livestory.clock import Clock
    from livestory.story.event import Event
    from livestory.story.inbox import Posted
    from livestory.story.journal import Identity
    from livestory.story.kinds.base import Facts
    from livestory.story.kinds.lifecycle import Rules
    from livestory.story.observation import Begin, End, Fill, Flow, Observation, Skip
    from livestory.story.settings import StorySettings
    from livestory.story.words import AnyWord


class Storyteller:
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
        """Open the story at ``path`` or begin it; see `Chronicle.open` for ``clock`` and the errors."""
        self._chronicle = Chronicle.open(path, identity, keep_days=keep_days, clock=clock)
        self.narrator = Narrator(identity.symbol or "ETH/BTC", identity.unit or "BTC", settings)
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
            self._chronicle.close()
            raise

    def begin(self, begin: Begin) -> tuple[Event, ...]:
        """Tell the start or the return."""
        return self._told(begin.time, self.narrator.begin(begin))

    def rules(self, time: int, rules: Rules) -> tuple[Event, ...]:
        """Tell the rules, or what changed of them."""
        return self._told(time, self.narrator.rules(time, rules))

    def observe(self, observation: Observation) -> tuple[Event, ...]:
        """Tell what an observation brings."""
        events = self.narrator.observe(observation)
        if events is None:
            return ()
        self._observations.append(observation)
        return self._told(observation.time, events)

    def fill(self, fill: Fill) -> tuple[Event, ...]:
        """Tell a trade."""
        return self._told(fill.time, self.narrator.fill(fill))

    def skip(self, skip: Skip) -> tuple[Event, ...]:
        """Tell a trade put off."""
        return self._told(skip.time, self.narrator.skip(skip))

    def flow(self, flow: Flow) -> tuple[Event, ...]:
        """Tell a deposit or withdrawal."""
        return self._told(flow.time, self.narrator.flow(flow))

    def tell(self, time: int, *facts: Facts) -> tuple[Event, ...]:
        """Tell what the bot itself has found."""
        return self._told(time, self.narrator.tell(time, *facts))

    def end(self, end: End) -> tuple[Event, ...]:
        """Tell the goodbye."""
        return self._told(end.time, self.narrator.end(end))

    def word(self, time: int, word: AnyWord) -> tuple[Event, ...]:
        """Tell a note, a flow or what the alerts report, as somebody has left it."""
        return self._told(time, self.narrator.word(time, word))

    def words(self) -> list[Posted]:
        """The words that others have left for the bot and that were not taken yet, oldest first."""
        return self._inbox.waiting()

    def take(self, posted: Posted) -> None:
        """Count a word as taken once its effect is committed."""
        self._inbox.take(posted)

    def state(self, name: str) -> bytes | None:
        """The state that the last `commit` kept under ``name``."""
        return self._chronicle.journal.state(name)

    def subscribe(self, subscriber: Callable[[Event], object]) -> None:
        """Call ``subscriber`` with each event once it is kept, on another thread."""
        self._chronicle.subscribers.add(subscriber)

    def commit(self, states: Mapping[str, bytes]) -> list[Event]:
        """Make durable what was told since the last commit, with ``states``, in one transaction.

        Raises JournalError; then nothing is lost, and the next commit keeps it.
        """
        now = self._chronicle.now()
        for facts in self._chronicle.news():
            self._events += self.narrator.tell(self._last if now is None else now, facts)
        kept = self._chronicle.keep(
            self._events, self._observations, {**states, **self._inbox.states(), NARRATOR: self.narrator.save()}
        )
        self._events, self._observations = [], []
        self._inbox.sweep()
        return kept

    def close(self) -> None:
        """Let another writer have the story. What was not committed is told again next time."""
        self._chronicle.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """`close`."""
        self.close()

    def _told(self, time: int, events: tuple[Event, ...]) -> tuple[Event, ...]:
        self._last = max(self._last, time)
        self._events += events
        return events
