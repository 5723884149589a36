"""Scrapes -> rows: one observation is one row, however often it was scraped.

Only what was scraped becomes a row: a gap stays a gap, NaN and infinity are unknown, and nothing is repeated into the
time after a value. A counter that falls has begun anew at 0, as Prometheus' own `increase` reads it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from livestory.clock import instant
from livestory.errors import InputError
from livestory.retell.columns import FLAGS, INSTANTS, TIME
from livestory.retell.metric_names import FLOW, MetricNames, Source
from livestory.retell.table_file import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from livestory.retell.prometheus_api import Series

_UNKNOWN = {"NaN", "+Inf", "-Inf", "Inf"}
_TARGET = ("job", "instance")

Samples = dict[float, str]  # by the time of the scrape, in seconds


class Scrapes:
    """Puts the samples of one bot together. What it has seen goes on from one stretch of time to the next."""

    def __init__(self, names: MetricNames, columns: Sequence[str], last: int | None = None) -> None:
        """Make rows of ``columns``, which begin with the time, of observations after the instant ``last``."""
        self.rows = 0
        self.older = 0  # observations left out because they are not newer than the one before
        self._names = names
        self._columns = columns
        self._last = last
        self._continued = last
        self._continued_at: float | None = None  # the scrape that made the row of `last`
        self._shown = ""  # the last observation time, as it was written
        self._flow = _Flow(names)

    def take(self, found: Sequence[Series]) -> Iterator[list[str]]:
        """The rows that come with a stretch of samples. Raises InputError where two series claim one value."""
        by_metric: dict[str, list[Series]] = {}
        for series in found:
            by_metric.setdefault(series.labels.get("__name__", ""), []).append(series)
        filled = {name: _merged(sources, by_metric) for name, sources in self._names.columns.items()}
        observed = filled.get(TIME) if TIME in self._names.columns else None
        scrapes = sorted(set().union(*filled.values())) if observed is None else sorted(observed)
        totals = self._flow.totals(scrapes, by_metric) if FLOW in self._columns else {}
        times = {at: time for at in scrapes if (time := self._newer(at, observed)) is not None}
        if self._continued_at in totals:
            self._flow.since_last(totals[self._continued_at])
        cells = [
            [""] * len(times) if name == FLOW else self._cells(name, map(filled.get(name, {}).get, times))
            for name in self._columns[1:]
        ]
        for at, *row in zip(times, times.values(), *cells, strict=True):
            if any(row[1:]):
                self.rows += 1
                if at in totals:
                    row[self._columns.index(FLOW)] = self._flow.since_last(totals[at])
                yield row

    def _newer(self, at: float, observed: Samples | None) -> str | None:
        """The time of the row that a scrape makes, as the table writes it; None where it makes none."""
        if observed is None:
            time = instant(at)
        else:
            shown = observed[at]
            if shown == self._shown or shown in _UNKNOWN:
                return None
            self._shown = shown
            time = self._instant(TIME, shown)
        if self._last is not None and time <= self._last:
            self.older += self._continued is None or time > self._continued
            if time == self._continued and self._continued_at is None:
                self._continued_at = at
            return None
        self._last = time
        return iso(time)

    def _cells(self, column: str, values: Iterable[str | None]) -> list[str]:
        cells = [value or "" for value in values]
        if not self._names.columns[column][0].label and not _UNKNOWN.isdisjoint(cells):
            cells = ["" if cell in _UNKNOWN else cell for cell in cells]
        if column in INSTANTS:
            return [cell and iso(self._instant(column, cell)) for cell in cells]
        if column in FLAGS:
            return [cell and ("1" if float(cell) else "0") for cell in cells]
        return cells

    def _instant(self, column: str, value: str) -> int:
        try:
            return instant(float(value))
        except ValueError:
            source = self._names.columns[column][0]
            message = f"{source.metric}: {value} is no time; name another metric for {column} with --metrics FILE"
            raise InputError(message) from None


class _Flow:
    """Deposits less withdrawals since the last row, from two counters."""

    def __init__(self, names: MetricNames) -> None:
        self._counters = [
            (source, sign) for source, sign in ((names.deposits, 1.0), (names.withdrawals, -1.0)) if source is not None
        ]
        self._before: list[float | None] = [None for _ in self._counters]
        self._total = 0.0  # since they were first seen
        self._told: float | None = None  # the total at the last row; None: what came before is unknown

    def totals(self, scrapes: Sequence[float], by_metric: dict[str, list[Series]]) -> dict[float, float]:
        """The total at each scrape that has a counter."""
        samples = [_merged((source,), by_metric) for source, _ in self._counters]
        found = {}
        for at in scrapes:
            for index, (_, sign) in enumerate(self._counters):
                value = samples[index].get(at)
                if value is None or value in _UNKNOWN:
                    continue
                now, before = float(value), self._before[index]
                if before is not None:
                    self._total += sign * (now - before if now >= before else now)
                self._before[index] = now
                found[at] = self._total
        return found

    def since_last(self, total: float) -> str:
        """What came since the last row, of which this is told."""
        before, self._told = self._told, total
        return "" if before is None else f"{total - before:.12g}"  # the difference of two sums ends in noise


def _merged(sources: Sequence[Source], by_metric: dict[str, list[Series]]) -> Samples:
    """The samples of a column; of several sources the first counts."""
    merged: Samples = {}
    for source in reversed(sources):
        matching = [each for each in by_metric.get(source.metric, ()) if source.matches(each.labels)]
        if source.label:
            for each in matching:
                text = each.labels.get(source.label, "")
                merged.update((at, text) for at, value in each.samples if value != "0" and value not in _UNKNOWN)
            continue
        _check_alone(source, matching)
        for each in matching:
            merged.update(each.samples)
    return merged


def _check_alone(source: Source, matching: Sequence[Series]) -> None:
    """Raise InputError where two bots, or two meanings of one metric, would become one column."""
    spans = sorted((each.samples[0][0], index) for index, each in enumerate(matching) if each.samples)
    for (_, first), (begin, second) in pairwise(spans):
        one, other = matching[first], matching[second]
        if begin > one.samples[-1][0]:
            continue
        elsewhere = any(one.labels.get(name) != other.labels.get(name) for name in _TARGET)
        if elsewhere or not dict(one.samples).keys().isdisjoint(dict(other.samples)):
            differing = sorted(
                f"{name}={labels.get(name, '')}"
                for labels in (one.labels, other.labels)
                for name in labels.keys() | one.labels.keys()
                if one.labels.get(name) != other.labels.get(name)
            )
            message = (
                f"{source.metric}: two series at the same time ({', '.join(differing)})\n"
                "Choose one with --select LABEL=VALUE, or by a label in the file of --metrics."
            )
            raise InputError(message)
