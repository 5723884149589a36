"""A history that is read in the order in which it was written -> in the order in which it happened."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from livestory.story.inputs import Input


def batch(history: Iterator[list[Input]], least: int) -> tuple[list[Input], bool]:
    """The next moments of a history, as many as hold that many inputs; and whether they were the last."""
    inputs: list[Input] = []
    for moment in history:
        inputs += moment
        if len(inputs) >= least:
            return inputs, False
    return inputs, True


class InOrder:
    """Inputs that wait for their turn."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Input]] = []
        self._count = itertools.count()

    def add(self, inputs: Iterable[Input]) -> None:
        """Let inputs wait. Of those of one instant, what is added first comes first."""
        for given in inputs:
            heapq.heappush(self._waiting, (given.time, next(self._count), given))

    def moments(self, until: int | None = None) -> Iterator[list[Input]]:
        """What comes before ``until``, all of one instant together."""
        waiting = self._waiting
        while waiting and (until is None or waiting[0][0] < until):
            moment = [heapq.heappop(waiting)[-1]]
            while waiting and waiting[0][0] == moment[0].time:
                moment.append(heapq.heappop(waiting)[-1])
            yield moment
