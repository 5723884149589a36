"""A story kept in memory that can fail to be kept, and that is found after a death as it was at the last commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from livestory.story.inbox import Posted
    from livestory.story.kinds.base import Facts
    from livestory.story.kinds.lifecycle import Rules
    from livestory.story.observation import Begin, End, Fill, Flow, Observation, Skip
    from livestory.story.words import AnyWord


class Notebook:
    """Keeps fills and facts; of the rest only how much of it was told."""

    def __init__(self) -> None:
        """Empty."""
        self.fills: list[Fill] = []
        self.facts: list[tuple[int, Facts]] = []
        self.skips: list[Skip] = []
        self.observed = 0
        self.last = 0
        self.backwards: list[object] = []
        self.posted: list[Posted] = []
        self.states: dict[str, bytes] = {}
        self.commits = 0
        self.fails: Callable[[], str] = lambda: ""  # "before" or "after" it is kept
        self.kept: Callable[[], object] = lambda: None  # called after each commit
        self._taken: list[Posted] = []
        self._kept = (0, 0, 0, 0)

    def begin(self, begin: Begin) -> None:
        self._at(begin.time, begin)

    def rules(self, time: int, rules: Rules) -> None: ...

    def end(self, end: End) -> None:
        self._at(end.time, end)

    def observe(self, observation: Observation) -> None:
        self.observed += 1
        self._at(observation.time, observation)

    def fill(self, fill: Fill) -> None:
        self._at(fill.time, fill)
        self.fills.append(fill)

    def skip(self, skip: Skip) -> None:
        self.skips.append(skip)

    def flow(self, flow: Flow) -> None:
        self._at(flow.time, flow)

    def tell(self, time: int, *facts: Facts) -> None:
        self._at(time, facts)
        self.facts += ((time, each) for each in facts)

    def words(self) -> list[Posted]:
        return [each for each in self.posted if each not in self._taken]

    def word(self, time: int, word: AnyWord) -> None: ...

    def take(self, posted: Posted) -> None:
        self._taken.append(posted)

    def state(self, name: str) -> bytes | None:
        return self.states.get(name)

    def commit(self, states: Mapping[str, bytes]) -> None:
        failing = self.fails()
        if failing != "before":
            self.states = dict(states)
            self.commits += 1
            self._kept = (len(self.fills), len(self.facts), len(self.skips), self.last)
            self.posted = [each for each in self.posted if each not in self._taken]
            self._taken = []
        if failing:
            message = "the disk is full"
            raise JournalError(message)
        self.kept()

    def after_a_death(self) -> None:
        """Forget what no commit kept."""
        fills, facts, skips, self.last = self._kept
        del self.fills[fills:], self.facts[facts:], self.skips[skips:]
        self._taken = []

    def _at(self, time: int, told: object) -> None:
        if time < self.last:
            self.backwards.append(told)
        self.last = max(self.last, time)
