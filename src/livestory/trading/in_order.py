"""A story whose lines never go back in time, although a bar is told at its end and heard a moment later."""

# ruff: noqa: D102 - each method does what the Story that it hands on to says of it
from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from livestory.clock import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livestory.story.inbox import Posted
    from livestory.story.kinds.base import Facts
    from livestory.story.kinds.lifecycle import Rules
    from livestory.story.observation import Begin, End, Fill, Flow, Observation, Skip
    from livestory.story.words import AnyWord
    from livestory.trading.story_port import Story

_HEARD_WITHIN = MINUTE  # of its end, a bar is expected to be heard


class InOrder:
    """Hands on what is told, at the end of the bar that it is told with, and never before what was told last."""

    def __init__(self, story: Story) -> None:
        """Nothing was told yet. Only the times of lines are moved, never what is decided."""
        self._story = story
        self._at_most: int | None = None
        self.last = 0

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
        self._story.begin(begin)

    def rules(self, time: int, rules: Rules) -> None:
        self._story.rules(self._at(time), rules)

    def observe(self, observation: Observation) -> None:
        if self._at_most is None:  # on paper bars are judged however late they are read, and each stands at its end
            self.last = max(self.last, observation.time)
            self._story.observe(observation)
            return
        self._story.observe(structs.replace(observation, time=self._at(observation.time)))

    def fill(self, fill: Fill) -> None:
        self._story.fill(structs.replace(fill, time=self._at(fill.time)))

    def skip(self, skip: Skip) -> None:
        self._story.skip(structs.replace(skip, time=self._at(skip.time)))

    def flow(self, flow: Flow) -> None:
        self._story.flow(structs.replace(flow, time=self._at(flow.time)))

    def tell(self, time: int, *facts: Facts) -> None:
        self._story.tell(self._at(time), *facts)

    def words(self) -> Sequence[Posted]:
        return self._story.words()

    def word(self, time: int, word: AnyWord) -> None:
        self._story.word(self._at(time), word)

    def take(self, posted: Posted) -> None:
        self._story.take(posted)

    def end(self, end: End) -> None:
        self._story.end(structs.replace(end, time=max(self.last, end.time)))

    def state(self, name: str) -> bytes | None:
        return self._story.state(name)

    def commit(self, states: Mapping[str, bytes]) -> None:
        self._story.commit(states)

    def _at(self, time: int) -> int:
        self.last = max(self.last, time if self._at_most is None else min(time, self._at_most))
        return self.last
