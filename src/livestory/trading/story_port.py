"""The executor's side of its story: what it asks of one, and how it keeps the lines in order."""

# ruff: noqa: D102 - what each method of an `OrderedStory` does, the `Story` that it hands on to says
from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import structs

from livestory.clock import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livestory.story.events import Facts, Rules
    from livestory.story.inbox import Posted
    from livestory.story.observation import Begin, End, Fill, Flow, Observation, Skip
    from livestory.story.words import AnyWord


class Story(Protocol):
    """A story that is told in turn and committed in groups. It answers () where what it was told is no news.

    Nothing told counts until `commit`, which keeps it and the named states in one transaction: after a crash both are
    as they were at the last one.
    """

    def begin(self, begin: Begin, /) -> object:
        """The bot starts, or is back; the story knows which."""
        ...

    def rules(self, time: int, rules: Rules, /) -> object:
        """The rules in force, at each start; the story knows whether they have changed."""
        ...

    def observe(self, observation: Observation, /) -> object:
        """What the bot looks like at the end of a bar."""
        ...

    def fill(self, fill: Fill, /) -> object:
        """What was filled of an order."""
        ...

    def skip(self, skip: Skip, /) -> object:
        """A trade that was wanted, and that something outside strategy and risk put off."""
        ...

    def flow(self, flow: Flow, /) -> object:
        """A deposit or withdrawal."""
        ...

    def tell(self, time: int, /, *facts: Facts) -> object:
        """What the bot has found itself; of a trouble that lasts the story knows what is news."""
        ...

    def words(self) -> Sequence[Posted]:
        """What the owner has said since, and was not taken yet."""
        ...

    def word(self, time: int, word: AnyWord, /) -> object:
        """A word that is only to be told."""
        ...

    def take(self, posted: Posted, /) -> object:
        """A word had its effect; it counts as taken with the next commit."""
        ...

    def end(self, end: End, /) -> object:
        """The bot stops: by "you", the "system", "bars" that ran out, or an "error"."""
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
        """Nothing was told yet. Only the times of lines are moved, never what is decided."""
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

    def begin(self, begin: Begin) -> None:
        self.last = max(self.last, begin.time)
        self._at_most = begin.time
        self._heard(self._story.begin(begin))

    def rules(self, time: int, rules: Rules) -> None:
        self._heard(self._story.rules(self._at(time), rules))

    def observe(self, observation: Observation) -> None:
        if self._at_most is None:  # on paper bars are judged however late they are read, and each stands at its end
            self.last = max(self.last, observation.time)
        else:
            observation = structs.replace(observation, time=self._at(observation.time))
        self.has_news = True
        self._story.observe(observation)

    def fill(self, fill: Fill) -> None:
        self._heard(self._story.fill(structs.replace(fill, time=self._at(fill.time))))

    def skip(self, skip: Skip) -> None:
        self._heard(self._story.skip(structs.replace(skip, time=self._at(skip.time))))

    def flow(self, flow: Flow) -> None:
        self._heard(self._story.flow(structs.replace(flow, time=self._at(flow.time))))

    def tell(self, time: int, *facts: Facts) -> None:
        self._heard(self._story.tell(self._at(time), *facts))

    def words(self) -> Sequence[Posted]:
        return self._story.words()

    def word(self, time: int, word: AnyWord) -> None:
        self._heard(self._story.word(self._at(time), word))

    def take(self, posted: Posted) -> None:
        self.has_news = True
        self._story.take(posted)

    def end(self, end: End) -> None:
        self._heard(self._story.end(structs.replace(end, time=max(self.last, end.time))))

    def state(self, name: str) -> bytes | None:
        return self._story.state(name)

    def commit(self, states: Mapping[str, bytes]) -> None:
        self._story.commit(states)
        self.has_news = False

    def _heard(self, answer: object) -> None:
        """A story that answers with no event had nothing new to tell; one that gives no answer may have."""
        self.has_news = self.has_news or answer != ()

    def _at(self, time: int) -> int:
        self.last = max(self.last, time if self._at_most is None else min(time, self._at_most))
        return self.last
