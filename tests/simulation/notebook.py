"""A story kept in memory that can fail to be kept, and that is found after a death as it was at the last commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.errors import JournalError
from livestory.story.inputs import Fill, Input, Observation, Skip, Statement
from livestory.story.kinds.lifecycle import Rules
from tests.trading.news import News

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from livestory.story.files.inbox import Posted
    from livestory.story.kinds.base import Facts


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
        self._news = News()
        self._kept = (0, 0, 0, 0)

    def take(self, given: Input) -> tuple[Facts, ...] | None:
        match given:
            case Skip():
                self.skips.append(given)
                return None
            case Statement(facts=(Rules(),)):
                return None
            case Observation():
                self.observed += 1
            case Fill():
                self.fills.append(given)
            case Statement():
                news = self._news.among(given.facts)
                self.facts += ((given.time, each) for each in news)
                if news:
                    self._at(given.time, given)
                return news
        self._at(given.time, given)
        return None

    def commands(self) -> list[Posted]:
        return [each for each in self.posted if each not in self._taken]

    def settle(self, posted: Posted) -> None:
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
        self._taken, self._news = [], News()

    def _at(self, time: int, told: object) -> None:
        if time < self.last:
            self.backwards.append(told)
        self.last = max(self.last, time)
