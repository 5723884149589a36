"""Observations one below the other, as a table has them; those of which nothing is to be told are passed over.

Taking rows together does what stepping through them would have done, to the last digit: nothing is summed up, only the
least, the greatest and the last of a column are looked at, and products and quotients are monotone. Whoever can't say
that it has nothing to tell of all of the rows lets them be stepped through.

Parts of rows share the columns of the whole. What was found in a column (where it rises above a bound, where it
changes) is found once for all of its parts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from itertools import compress, count, islice, repeat
from math import inf
from operator import ge, lt, ne
from typing import TYPE_CHECKING, Any

from livestory.story.inputs import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PASSED = frozenset({"wealth", "price", "position", "weight", "target_weight", "score", "threshold"})
"""The fields of observations that can be taken together: numbers, of which none is missing."""
_FIELDS = Observation.__struct_fields__[1:]
_PLACES = _FIELDS[: max(map(_FIELDS.index, PASSED)) + 1]
MOST = 1e300
"""A number that may be summed up with others is less: so that the sum of some is finite."""


class Column(Sequence[float | None]):
    """A column of numbers. Places are those of the whole column, whichever part of it is asked about."""

    def __init__(self, given: Any) -> None:
        self.given = given
        self.at: Callable[[int], Any] = given.__getitem__  # the number at a place, as Python has it
        self._reaches: dict[float, list[int]] = {}
        self._falls: dict[float, list[int]] = {}

    @classmethod
    def of(cls, numbers: Sequence[float | None]) -> Column:
        """These numbers as a column."""
        return numbers if isinstance(numbers, Column) else cls(numbers)

    @classmethod
    def same(cls, number: float, count: int) -> Column:
        """A number that stands in each row."""
        column = cls([number] * count)
        column.extremes = number, number  # as they will be asked for
        return column

    def __len__(self) -> int:
        return len(self.given)

    def __getitem__(self, place: Any) -> Any:
        """The number at a place; None is unknown."""
        return self.at(place)

    def __iter__(self) -> Iterator[float | None]:
        return iter(self.numbers)

    @cached_property
    def numbers(self) -> Sequence[float | None]:
        """Its numbers as Python has them."""
        numbers: Sequence[float | None] = self.given
        return numbers

    @cached_property
    def extremes(self) -> tuple[float, float] | None:
        """The least and the greatest; None where one is unknown, NaN, infinite, or beyond all measure."""
        return extremes_of(self.numbers)

    def first_from(self, bound: float, start: int, end: int) -> int:
        """The first place from ``start`` to before ``end`` with ``bound`` or more, or ``end``; all there are known."""
        return self._first(self._reaches, ge, bound, start, end)

    def first_under(self, bound: float, start: int, end: int) -> int:
        """The first place from ``start`` to before ``end`` with less than ``bound``, or ``end``; all are known."""
        return self._first(self._falls, lt, bound, start, end)

    def runs(self, start: int, end: int) -> Iterator[int]:
        """The places from ``start`` to before ``end`` whose number is not that of the one before; ``start`` is one."""
        yield start
        changes = self.changes
        for number in range(bisect_left(changes, start + 1), bisect_left(changes, end)):
            yield changes[number]

    @cached_property
    def changes(self) -> list[int]:
        """The places whose number is not that of the one before."""
        numbers = self.numbers
        return list(compress(count(1), map(ne, numbers, islice(numbers, 1, None))))

    def _first(
        self, known: dict[float, list[int]], compare: Callable[[Any, Any], Any], bound: float, start: int, end: int
    ) -> int:
        if self.extremes is None:  # somewhere else it has what can't be compared
            return next((place for place in range(start, end) if compare(self.numbers[place], bound)), end)
        places = known.get(bound)
        if places is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            places = known[bound] = self._places(compare, bound)
        found = bisect_left(places, start)
        return min(places[found], end) if found < len(places) else end

    def _places(self, compare: Callable[[Any, Any], Any], bound: float) -> list[int]:
        return list(compress(count(), map(compare, self.numbers, repeat(bound))))


_REMEMBERED = 16  # bounds: a story has two


def extremes_of(numbers: Sequence[float | None]) -> tuple[float, float] | None:
    """The least and the greatest of some numbers; None where one can't be summed up with others."""
    try:
        if not -inf < sum(numbers) < inf:  # type: ignore[arg-type]  # NaN, where least and greatest depend on the order
            return None
    except TypeError:
        return None
    low, high = min(numbers), max(numbers)  # type: ignore[type-var]  # all are known
    return (low, high) if low > -MOST and high < MOST else None  # type: ignore[operator,return-value]  # as above


class Rows:
    """Some observations: their times, which ascend strictly, and a column for each field of `PASSED` that they have."""

    __slots__ = (
        "_by_place",
        "_high",
        "_known",
        "_low",
        "_units",
        "_values",
        "columns",
        "count",
        "end",
        "start",
        "times",
    )

    def __init__(
        self,
        times: Sequence[int],
        columns: Mapping[str, Column],
        start: int = 0,
        end: int | None = None,
        by_place: Sequence[Column | None] = (),
    ) -> None:
        self.columns = columns  # of the whole, as is `times`
        self.times = times
        self.start = start
        self.end = len(times) if end is None else end
        self.count = self.end - start
        self._units: float | None = None  # that the three below are measured in
        self._values: Sequence[float] = ()
        self._low = self._high = 0.0
        self._known: bool | None = None
        self._by_place = by_place or [*map(columns.get, _PLACES)]  # as an observation is made quickest

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> Observation:
        place += self.start if place >= 0 else self.end
        return Observation(
            self.times[place], *[None if column is None else column.at(place) for column in self._by_place]
        )

    def __iter__(self) -> Iterator[Observation]:
        return map(self.__getitem__, range(self.count))

    @property
    def first_time(self) -> int:
        """The instant of the first one."""
        return self.times[self.start]

    @property
    def last_time(self) -> int:
        """The instant of the last one."""
        return self.times[self.end - 1]

    def part(self, start: int, end: int) -> Rows:
        """Those from ``start`` to before ``end``."""
        found = Rows(self.times, self.columns, self.start + start, self.start + end, self._by_place)
        found._known = self.are_known or None  # of what is known a part is
        return found

    def before(self, time: int, start: int, end: int) -> int:
        """The place of the first one from ``start`` to before ``end`` that is not before ``time``; else ``end``."""
        return bisect_left(self.times, time, self.start + start, self.start + end) - self.start

    def values(self, units: float) -> Sequence[float]:
        """The values of a unit in them, whose wealth is known."""
        if self._units != units:
            self._measure(units)
        return self._values

    def span(self, units: float) -> tuple[float, float]:
        """The least and the greatest value of a unit in them, whose wealth is known."""
        if self._units != units:
            self._measure(units)
        return self._low, self._high

    def last(self, values: Sequence[float], value: float) -> int:
        """The instant of the last of ``values`` that is ``value``."""
        return self.times[self.start + len(values) - 1 - values[::-1].index(value)]

    def extremes(self, name: str) -> tuple[float, float] | None:
        """The least and the greatest of a column; None where one is unknown, NaN, infinite, or beyond all measure."""
        column = self.columns[name]
        known = column.extremes
        if known is not None and known[0] == known[1]:
            return known
        numbers: Any = column.numbers[self.start : self.end]
        return extremes_of(numbers) if known is None else (min(numbers), max(numbers))  # of what is known a part is

    @property
    def are_known(self) -> bool:
        """Whether each number in them is known, and a number that may be summed up with others."""
        if self._known is None:
            self._known = all(column.extremes or self.extremes(name) for name, column in self.columns.items())
        return self._known

    def _measure(self, units: float) -> None:
        wealth: Any = self.columns["wealth"].numbers[self.start : self.end]
        self._values = values = wealth if units == 1.0 else [each / units for each in wealth]
        self._units, self._low, self._high = units, min(values), max(values)
