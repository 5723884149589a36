"""Observations one below the other, as a table has them; those of which nothing is to be told are passed over.

Taking rows together does what stepping through them would have done, to the last digit: nothing is summed up, only the
least, the greatest and the last of a column are looked at, and products and quotients are monotone. Whoever can't say
that it has nothing to tell of all of the rows lets them be stepped through.
"""

from __future__ import annotations

from bisect import bisect_left
from math import inf
from typing import TYPE_CHECKING, Any

from livestory.story.inputs import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PASSED = frozenset({"wealth", "price", "position", "weight", "target_weight", "score", "threshold"})
"""The fields of observations that can be taken together: numbers, of which none is missing."""
_MOST = 1e300  # of a number, so that a sum of some is finite


class Rows:
    """Some observations: their times, which ascend strictly, and a column for each field of `PASSED` that they have."""

    def __init__(self, times: Sequence[int], columns: Mapping[str, Sequence[float | None]]) -> None:
        self.times = times
        self.columns = columns
        self._extremes: dict[str, tuple[float, float] | None] = {}
        self._whole: Rows | None = None  # what they are a part of

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, place: int) -> Observation:
        """The observation that stands at that place."""
        fields: dict[str, Any] = {name: column[place] for name, column in self.columns.items()}
        return Observation(self.times[place], **fields)

    def __iter__(self) -> Iterator[Observation]:
        """Each observation, in the order of time."""
        return map(self.__getitem__, range(len(self.times)))

    def part(self, start: int, end: int) -> Rows:
        """Those from ``start`` to before ``end``."""
        found = Rows(self.times[start:end], {name: column[start:end] for name, column in self.columns.items()})
        found._whole = self._whole or self
        return found

    def before(self, time: int, start: int) -> int:
        """The place of the first one from ``start`` on that is not before ``time``."""
        return bisect_left(self.times, time, start)

    def values(self, units: float) -> Sequence[float]:
        """The values of a unit in them, whose wealth is known."""
        wealth: Sequence[float] = self.columns["wealth"]  # type: ignore[assignment]  # as said
        return wealth if units == 1.0 else [each / units for each in wealth]

    def span(self, units: float) -> tuple[float, float]:
        """The least and the greatest value of a unit in them, whose wealth is known."""
        low, high = self.extremes("wealth") or (-inf, inf)
        return low / units, high / units

    def last(self, values: Sequence[float], value: float) -> int:
        """The instant of the last of ``values`` that is ``value``."""
        return self.times[len(values) - 1 - values[::-1].index(value)]

    def extremes(self, name: str) -> tuple[float, float] | None:
        """The least and the greatest of a column; None where one is unknown, NaN, infinite, or beyond all measure."""
        if name not in self._extremes:
            self._extremes[name] = self._found(name)
        return self._extremes[name]

    @property
    def are_known(self) -> bool:
        """Whether each number in them is known, and a number that may be summed up with others."""
        known = self._whole is not None and self._whole.are_known
        return known or all(self.extremes(name) is not None for name in self.columns)

    def _found(self, name: str) -> tuple[float, float] | None:
        numbers: Sequence[float] = self.columns[name]  # type: ignore[assignment]  # None raises TypeError
        if self._whole is not None and (known := self._whole.extremes(name)) is not None:
            return known if known[0] == known[1] else (min(numbers), max(numbers))  # of what is known a part is
        try:
            if not -inf < sum(numbers) < inf:  # NaN, where least and greatest depend on the order
                return None
        except TypeError:
            return None
        low, high = min(numbers), max(numbers)
        return (low, high) if low > -_MOST and high < _MOST else None
