"""Staged positions: the shares of wealth that a position is built up to, and how far up it stands."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import Self

from msgspec import Struct


class Steps(Struct, frozen=True):
    """The rungs of a staged position. ``targets[n]`` is the share of wealth after step n; ``targets[0]`` is 0.

    Where a position stands is read from the weight that is really held, so an entry that was refused or filled in part
    is simply wanted again.
    """

    targets: tuple[float, ...]
    boundaries: tuple[float, ...]  # half-way between neighbouring targets
    least: float  # the least weight worth selling

    @classmethod
    def of(cls, allocation: float, max_weight: float, least: float) -> Self:
        """Steps of ``allocation`` each up to ``max_weight``; the last one takes what remains, if it is too little."""
        targets = [0.0]
        while targets[-1] < max_weight:
            target = len(targets) * allocation
            targets.append(target if target + least <= max_weight else max_weight)
        return cls(tuple(targets), tuple((low + high) / 2 for low, high in pairwise(targets)), least)

    @property
    def last(self) -> int:
        """The number of the last step."""
        return len(self.boundaries)

    def standing(self, weight: float) -> int:
        """The step that a weight stands on: the one with the nearest target."""
        return bisect_right(self.boundaries, weight)

    def worth_selling(self, weight: float) -> bool:
        """Whether a weight is more than what rounding and small fills leave behind."""
        return weight > 0.0 and weight >= self.least
