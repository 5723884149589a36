"""A story whose lines never go back in time, although a bar is told at its end and heard a moment later."""

# ruff: noqa: D102 - each method does what the Story that it hands on to says of it
from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from livestory.clock import MINUTE
from livestory.story.inputs import Begin, End, Observation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livestory.story.files.inbox import Posted
    from livestory.story.inputs import Input
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

    def take(self, given: Input) -> None:
        if isinstance(given, Observation) and self._at_most is None:
            self.last = max(self.last, given.time)  # on paper bars are judged however late, and each stands at its end
            self._story.take(given)
            return
        if isinstance(given, Begin):
            self.last, self._at_most = max(self.last, given.time), given.time
            self._story.take(given)
            return
        time = max(self.last, given.time) if isinstance(given, End) else self._at(given.time)
        self._story.take(structs.replace(given, time=time))

    def commands(self) -> Sequence[Posted]:
        return self._story.commands()

    def settle(self, posted: Posted) -> None:
        self._story.settle(posted)

    def state(self, name: str) -> bytes | None:
        return self._story.state(name)

    def commit(self, states: Mapping[str, bytes]) -> None:
        self._story.commit(states)

    def _at(self, time: int) -> int:
        self.last = max(self.last, time if self._at_most is None else min(time, self._at_most))
        return self.last
