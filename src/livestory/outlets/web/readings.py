"""What the chart draws, in memory: wealth, price, regime and halts of every observation."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Literal, NamedTuple

from livestory.chart.reduction import reduced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.inputs import Observation

Quantity = Literal["wealth", "price"]


class Span(NamedTuple):
    """A stretch of time with one label."""

    start: int
    end: int
    label: str


class _Curve:
    """The known values of one quantity: 16 bytes each."""

    def __init__(self) -> None:
        self.times = array("q")
        self.values = array("d")

    def add(self, time: int, value: float | None) -> None:
        if value is not None:
            self.values.append(value)
            self.times.append(time)


class _Spans:
    """How a label changed: one entry a change."""

    def __init__(self) -> None:
        self._times = array("q")
        self._labels: list[str] = []

    def add(self, time: int, label: str) -> None:
        if not self._labels or self._labels[-1] != label:
            self._labels.append(label)
            self._times.append(time)

    def since(self) -> int | None:
        """When the present label began."""
        return self._times[-1] if self._times else None

    def between(self, start: int, end: int, least: int) -> list[Span]:
        """The spans with a label of that time; one shorter than ``least`` is left to the one before it."""
        first = max(0, bisect_right(self._times, start) - 1)
        last = bisect_left(self._times, end)
        found: list[Span] = []
        for place in range(first, last):
            begin = max(start, self._times[place])
            finish = min(end, self._times[place + 1]) if place + 1 < len(self._times) else end
            label = self._labels[place]
            if found and (finish - begin < least or found[-1].label == label):
                found[-1] = found[-1]._replace(end=finish)
            else:
                found.append(Span(begin, finish, label))
        return [span for span in found if span.label]


class Readings:
    """Every observation, as far as the chart needs it. Observations are added in order of time.

    One thread adds, others may read meanwhile: everything only grows.
    """

    def __init__(self) -> None:
        """Without observations."""
        self._curves: dict[str, _Curve] = {"wealth": _Curve(), "price": _Curve()}
        self._regimes = _Spans()
        self._halts = _Spans()
        self.first: int | None = None
        self.last: int | None = None

    def add(self, observations: Iterable[Observation]) -> None:
        """Take the next observations."""
        wealth, price = self._curves["wealth"], self._curves["price"]
        for observation in observations:
            time = observation.time
            wealth.add(time, observation.wealth)
            price.add(time, observation.price)
            self._regimes.add(time, observation.regime or "")
            self._halts.add(time, (observation.halt_reason or "halted") if observation.halted else "")
            if self.first is None:
                self.first = time
            self.last = time

    @property
    def halted_since(self) -> int | None:
        """When the present halt began, if there is one: meaningful only while the last observation is halted."""
        return self._halts.since()

    def curve(self, quantity: Quantity, start: int, end: int, points: int) -> tuple[list[int], list[float]]:
        """Times and values of that time, at most about ``points`` of them, the extremes kept; one more on each side."""
        curve = self._curves[quantity]
        length = len(curve.times)
        first = max(0, bisect_left(curve.times, start) - 1)
        last = min(length, bisect_right(curve.times, end) + 1)
        return reduced(curve.times[first:last], curve.values[first:last], points)

    def regimes(self, start: int, end: int, least: int) -> list[Span]:
        """The stretches of one regime."""
        return self._regimes.between(start, self._end(end), least)

    def halts(self, start: int, end: int) -> list[Span]:
        """The stretches of a halt; none is left out."""
        return self._halts.between(start, self._end(end), 0)

    def _end(self, end: int) -> int:
        return end if self.last is None else min(end, self.last)
