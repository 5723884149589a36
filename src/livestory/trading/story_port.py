"""The executor's side of its story: what it asks of one, and how it keeps the lines in order."""

# ruff: noqa: D102 - what each method of an `OrderedStory` does, the `Story` that it hands on to says
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import structs

from livestory.clock import MINUTE
from livestory.story.files.inbox import Posted
from livestory.story.inputs import Begin, End, Input, Observation, Statement
from livestory.story.kinds.base import Facts


class Story(Protocol):
    """A story that is told in turn and committed in groups. It answers () where what it was told is no news.

    Nothing told counts until `commit`, which keeps it and the named states in one transaction: after a crash both are
    as they were at the last one.
    """

    def take(self, given: Input, /) -> object:
        """Tell what the bot does and finds; the story knows what of it is news."""
        ...

    def commands(self) -> Sequence[Posted]:
        """What the owner has asked since, and was not taken yet."""
        ...

    def settle(self, posted: Posted, /) -> object:
        """A command had its effect; it counts as taken with the next commit."""
        ...

    def state(self, name: str, /) -> bytes | None:
        """The state committed last under ``name``."""
        ...

    def commit(self, states: Mapping[str, bytes], /) -> object:
        """Keep everything told since the last commit, and the named states, in one transaction."""
        ...


_HEARD_WITHIN = MINUTE  # of its end, a bar is expected to be heard


class OrderedStory:
    """Hands on what is told, at the end of the bar that it is told with, and never before what was told last."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._at_most: int | None = None
        self.last = 0
        self.has_news = False  # something was told that is not committed

    def with_bar(self, end: int, following: int) -> None:
        """What is told from here on belongs to the bar that ended at ``end``; the next one ends at ``following``.

        Nothing is told at that instant yet: what was, was told by a clock that ran ahead, and time goes on from here.
        """
        self._at_most = end
        if self.last >= following:
            self.last = end

    def between_bars(self, now: int, due: int) -> None:
        """What is told from here on happens between bars; the next one ends at ``due``, and may be heard any moment."""
        self._at_most = due if due <= now < due + _HEARD_WITHIN else None

    def take(self, given: Input) -> None:
        if isinstance(given, Observation):
            self.has_news = True
            if self._at_most is None:  # on paper bars are judged however late, and each stands at its end
                self.last = max(self.last, given.time)
                self._story.take(given)
                return
        if isinstance(given, Begin):
            self.last, self._at_most = max(self.last, given.time), given.time
        elif isinstance(given, End):
            given = structs.replace(given, time=max(self.last, given.time))
        else:
            given = structs.replace(given, time=self._at(given.time))
        if self._story.take(given) != ():
            self.has_news = True

    def report(self, now: int, facts: Facts) -> None:
        """Tell what was found at the instant ``now``."""
        self.take(Statement(now, (facts,)))

    def commands(self) -> Sequence[Posted]:
        return self._story.commands()

    def settle(self, posted: Posted) -> None:
        self.has_news = True
        self._story.settle(posted)

    def state(self, name: str) -> bytes | None:
        return self._story.state(name)

    def commit(self, states: Mapping[str, bytes]) -> None:
        self._story.commit(states)
        self.has_news = False

    def _at(self, time: int) -> int:
        self.last = max(self.last, time if self._at_most is None else min(time, self._at_most))
        return self.last
