"""What the page keeps of a whole story in memory: where which event stands, and what the chart draws."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from math import isnan, nan
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from livestory.chart.marks import Marks
from livestory.chart.reduction import kept
from livestory.outlets.web.prices import SymbolPrices
from livestory.story.kinds import KINDS
from livestory.story.kinds.base import Mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from livestory.chart.marks import Gathered, Marked
    from livestory.story.inputs import Observation
    from livestory.story.journal.entry import Kept

_MARKS = {kind: facts.declared.mark for kind, facts in KINDS.items() if facts.declared.mark is not None}
_SIDES = ("buy", "sell")


class _Facts(Struct, frozen=True):
    side: str = ""
    symbol: str | None = None


class _Record(Struct):
    facts: _Facts = _Facts()


_decode = msgspec.json.Decoder(_Record).decode


def mark_of(event: Kept) -> str | None:
    """What the chart marks an event as; None for one that it doesn't."""
    mark = _MARKS.get(event.kind)
    if mark is not Mark.SIDE:
        return mark.value if mark is not None else None
    side = _decode(event.record).facts.side
    return side if side in _SIDES else None


def _symbol_of(event: Kept) -> str | None:
    return _decode(event.record).facts.symbol if _MARKS.get(event.kind) is Mark.SIDE else None


class EventIndex:
    """Time and kind of every event, and whether it is shown; 25 bytes an event.

    Events are added in order of seq, from 1 and without holes.

    One thread adds, others may read meanwhile: everything only grows.
    """

    def __init__(self) -> None:
        self._times = array("q")
        self._latest = array("q")  # the latest time up to each event: ordered, where times need not be
        self._back = 0  # the furthest that a time lay before an earlier one
        self._shown = bytearray()
        self._unshown: Counter[str] = Counter()  # by kind
        self._seqs: dict[str, array[int]] = {}
        self._marked: dict[str, array[int]] = {}
        self._traded: dict[int, str] = {}  # of trades that name one, their symbols

    def __len__(self) -> int:
        return len(self._times)

    @property
    def first_time(self) -> int | None:
        """The first event's instant."""
        return self._times[0] if self._times else None

    def add(self, events: Iterable[Kept]) -> None:
        """Take the next events."""
        for event in events:
            latest = max(event.time, self._latest[-1]) if self._latest else event.time
            self._back = max(self._back, latest - event.time)
            self._seqs.setdefault(event.kind, array("q")).append(event.seq)
            self._shown.append(event.shown)
            if not event.shown:
                self._unshown[event.kind] += 1
            mark = mark_of(event) if event.shown else None
            if mark is not None:
                self._marked.setdefault(mark, array("q")).append(event.seq)
                if (symbol := _symbol_of(event)) is not None:
                    self._traded[event.seq] = symbol
            self._latest.append(latest)
            self._times.append(event.time)

    def time(self, seq: int) -> int:
        """The instant of an event."""
        return self._times[seq - 1]

    def kinds(self) -> dict[str, int]:
        """How many events there are of each kind."""
        return {kind: len(seqs) for kind, seqs in sorted(self._seqs.items())}

    def unshown(self) -> dict[str, int]:
        """How many events of each kind are not shown; without the kinds that have none."""
        return dict(sorted(self._unshown.items()))

    def last(self, kind: str) -> int | None:
        """The seq of the last event of that kind."""
        seqs = self._seqs.get(kind)
        return seqs[-1] if seqs else None

    def window(self, since: int | None, until: int | None) -> tuple[int, int]:
        """The least and the greatest seq between which all events with since <= time < until lie.

        Exact where times never go backwards; else a few before and after it may lie outside.
        """
        low = 1 if since is None else bisect_left(self._latest, since) + 1
        high = len(self._times) if until is None else bisect_left(self._latest, until + self._back)
        return low, high

    def before(  # noqa: PLR0913 (each is one filter)
        self,
        seq: int | None,
        limit: int,
        kinds: Collection[str] | None,
        since: int | None,
        until: int | None,
        *,
        everything: bool,
    ) -> list[int]:
        """The seqs of at most ``limit`` events before ``seq`` (None: from the end), newest first.

        Of those that are shown, unless ``everything`` is asked for.
        """
        low, high = self.window(since, until)
        if seq is not None:
            high = min(high, seq - 1)
        found: list[int] = []
        while len(found) < limit and high >= low:
            candidates = self._newest(low, high, limit, kinds)
            if not candidates:
                break
            wanted = candidates if everything else [one for one in candidates if self._shown[one - 1]]
            found += [one for one in wanted if self._within(one, since, until)]
            high = candidates[-1] - 1
        return found[:limit]

    def marks(self, since: int, until: int, symbol: str | None = None) -> list[Marked | Gathered]:
        """The marks of that time, in order; of very many, those of a kind that lie near are gathered.

        An event that is not shown has none; with ``symbol``, nor has a trade of another one.
        """
        low, high = self.window(since, until)
        marks = Marks()
        for what, seqs in list(self._marked.items()):
            for seq in seqs[bisect_left(seqs, low) : bisect_right(seqs, high)]:
                time = self._times[seq - 1]
                if since <= time < until and (symbol is None or self._traded.get(seq, symbol) == symbol):
                    marks.add(seq, time, what)
        return marks.gathered()

    def _newest(self, low: int, high: int, limit: int, kinds: Collection[str] | None) -> list[int]:
        if kinds is None:
            return list(range(high, max(low, high - limit + 1) - 1, -1))
        found: list[int] = []
        for kind in kinds:
            seqs = self._seqs.get(kind)
            if seqs:
                end = bisect_right(seqs, high)
                found += seqs[max(bisect_left(seqs, low), end - limit) : end]
        return sorted(found, reverse=True)[:limit]

    def _within(self, seq: int, since: int | None, until: int | None) -> bool:
        time = self._times[seq - 1]
        return (since is None or time >= since) and (until is None or time < until)


class Span(NamedTuple):
    """A stretch of time with one label."""

    start: int
    end: int
    label: str


_BLOCK = 32  # values that follow one another, of which the least and the greatest are known


class _Curve:
    """The known values of one quantity: 16 bytes each."""

    def __init__(self) -> None:
        self.times = array("q")
        self.values = array("d")
        self._extremes = array("q")  # two places of each block that is full

    def add(self, time: int, value: float | None) -> None:
        if value is None:
            return
        self.values.append(value)
        count = len(self.values)
        if count % _BLOCK == 0:
            ordered = sorted(range(count - _BLOCK, count), key=self.values.__getitem__)
            self._extremes.extend(sorted((ordered[0], ordered[-1])))
        self.times.append(time)

    def kept(self, first: int, last: int, points: int) -> list[int]:
        """The places between those two that `reduction.kept` keeps; of very many, those of each block's extremes."""
        begin, end = -(-first // _BLOCK), min((last - 1) // _BLOCK, len(self._extremes) // 2)
        if last - first <= _BLOCK * points or end <= begin:
            return [first + place for place in kept(self.times[first:last], self.values[first:last], points)]
        inner = self._extremes[2 * begin : 2 * end]
        places = list(dict.fromkeys((*range(first, begin * _BLOCK), *inner, *range(end * _BLOCK, last))))
        if places[0] != first:
            places.insert(0, first)
        at, values = [self.times[place] for place in places], [self.values[place] for place in places]
        return [places[place] for place in kept(at, values, points)]

    def window(self, start: int, end: int) -> tuple[int, int]:
        """The places of that time, and one more on each side."""
        return max(0, bisect_left(self.times, start) - 1), min(len(self.times), bisect_right(self.times, end) + 1)

    def at(self, time: int) -> float | None:
        """The value known at an instant."""
        place = bisect_right(self.times, time)
        return self.values[place - 1] if place else None


class _Spans:
    """A label over time: one entry for each change."""

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


class Curve(NamedTuple):
    """What a chart draws. ``holding`` is the wealth that holding the base asset would have made of the first one shown,
    ``drawdown`` a share of the highest value before; None is unknown, and both are None of anything but wealth."""  # noqa: D205, D209 - one sentence, longer than a line

    times: list[int]
    values: list[float]
    holding: list[float | None] | None = None
    drawdown: list[float | None] | None = None


class Readings:
    """Every observation, as far as the chart needs it. Observations are added in order of time.

    One thread adds, others may read meanwhile: everything only grows.
    """

    def __init__(self) -> None:
        self._wealth, self._price = _Curve(), _Curve()
        self.prices = SymbolPrices()
        self._units, self._falls = array("d"), array("f")  # at each wealth: its units, and the drawdown of one of them
        self._regimes = _Spans()
        self._halts = _Spans()
        self.first: int | None = None
        self.last: int | None = None

    def add(self, observation: Observation, value: float | None, drawdown: float) -> None:
        """Take the next observation, with the value of a unit and its drawdown as the story believes them."""
        time, wealth = observation.time, observation.wealth
        if wealth is not None:
            self._units.append(wealth / value if value else nan)
            self._falls.append(drawdown)
        self._wealth.add(time, wealth)
        self._price.add(time, observation.price)
        self.prices.add(observation)
        self._regimes.add(time, observation.regime or "")
        self._halts.add(time, (observation.halt_reason or "halted") if observation.halted else "")
        if self.first is None:
            self.first = time
        self.last = time

    @property
    def halted_since(self) -> int | None:
        """When the present halt began, if there is one: meaningful only while the last observation is halted."""
        return self._halts.since()

    @property
    def has_price(self) -> bool:
        """Whether the price of the story's own symbol is known."""
        return bool(self._price.times)

    def price(self, start: int, end: int, points: int) -> Curve:
        """The price in that time, at most about ``points`` times, the extremes kept; one more on each side."""
        curve = self._price
        places = curve.kept(*curve.window(start, end), points)
        return Curve([curve.times[place] for place in places], [curve.values[place] for place in places])

    def wealth(self, start: int, end: int, points: int, *, compared: bool) -> Curve:
        """The wealth likewise, with its drawdown, and where ``compared``, against the price of the base asset."""
        wealth, price, holding = self._wealth, self._price, None
        first, last = wealth.window(start, end)
        if not compared or not price.times:
            places = wealth.kept(first, last, points)
        else:
            at = price.kept(*price.window(start, end), points // 2)
            near = (bisect_left(wealth.times, price.times[place], first, last) for place in at)
            places = sorted({*wealth.kept(first, last, points // 2), *(place for place in near if place < last)})
            holding = self._holding(places, start)
        falls: list[float | None] = [float(self._falls[place]) for place in places]
        return Curve(
            [wealth.times[place] for place in places], [wealth.values[place] for place in places], holding, falls
        )

    def _holding(self, places: list[int], start: int) -> list[float | None]:
        """At each of these wealths, what the first one from ``start`` on had become, had it been held."""
        begun = next((place for place in places if self._wealth.times[place] >= start), None)
        before = None if begun is None else self._price.at(self._wealth.times[begun])
        if begun is None or not before:
            return [None] * len(places)
        per_unit = self._wealth.values[begun] / self._units[begun] / before
        held = (per_unit * self._units[place] * (self._price.at(self._wealth.times[place]) or nan) for place in places)
        return [None if isnan(each) else each for each in held]

    def regimes(self, start: int, end: int, least: int) -> list[Span]:
        """The stretches of one regime."""
        return self._regimes.between(start, self._end(end), least)

    def halts(self, start: int, end: int) -> list[Span]:
        """The stretches of a halt; none is left out."""
        return self._halts.between(start, self._end(end), 0)

    def _end(self, end: int) -> int:
        return end if self.last is None else min(end, self.last)
