"""A bot's metrics in Prometheus -> a table that explain reads: the plan's second option.

One observation is one row, however often it was scraped. Only what was scraped becomes a row: a gap stays a gap, NaN
and infinity are unknown, and nothing is repeated into the time after a value. A counter that falls has begun anew at 0,
as Prometheus' own `increase` reads it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import DAY, HOUR, MINUTE, SECOND, instant
from livestory.errors import InputError
from livestory.retell import table_file
from livestory.retell.columns import FLAGS, INSTANTS, TIME, columns_of
from livestory.retell.metric_names import FLOW, MetricNames, MetricSelector
from livestory.retell.prometheus_api import TooManySamples
from livestory.retell.table_file import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from livestory.retell.metric_names import MetricNames
    from livestory.retell.prometheus_api import Prometheus, Series

_MILLI = SECOND // 1000
_HOUR, _DAY, _MINUTE = HOUR // _MILLI, DAY // _MILLI, MINUTE // _MILLI
_SAMPLES = 250_000  # in one answer, about
_LONGEST = 32 * _DAY  # of one question
_MOST_NAMED = 10
_TARGET = ("job", "instance")
_UNKNOWN = {"NaN", "+Inf", "-Inf", "Inf"}
Samples = dict[float, str]  # by the time of the scrape, in seconds


class Exported(Struct, frozen=True):
    """What an export wrote."""

    rows: int  # new ones
    older: int  # observations left out because they are not newer than the one before, as after a replay anew


def export_prometheus(  # noqa: PLR0913 - one table, its knobs by keyword
    prometheus: Prometheus,
    out: Path,
    names: MetricNames,
    *,
    now: int,
    start: int | None = None,
    end: int | None = None,
    select: Mapping[str, str] | None = None,
    append: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Exported:
    """Write what ``prometheus`` scraped of one bot to ``out``: start < time of the scrape <= end, by default all.

    ``select`` are labels that every series has. ``append`` keeps the rows that ``out`` has and goes on after the last
    of them. ``progress`` is called with the share of the time that is done. The file is written whole or not at all.

    Raises InputError where there is no such bot, or several, or what the server says of the question; LivestoryError
    where the server fails; TableError where ``out`` is no export to go on with; OSError.
    """
    table_file.check_name(out)
    upto = (now if end is None else end) // _MILLI
    after = 0 if start is None else max(start // _MILLI, 0)
    if after >= upto:
        message = "the export ends before it begins; --start must come before --end"
        raise InputError(message)
    selector = _selector(names.metrics, select or {})
    series = prometheus.series(selector, after, upto)
    bot = _the_bot(names, series, selector)
    selector = _selector(names.metrics, {**(select or {}), **bot})
    earlier = table_file.Earlier(out) if append else None
    columns = names.present({labels.get("__name__", "") for labels in series})
    header = columns_of({*columns, *(earlier.header if earlier else ())})
    rows = _Rows(prometheus, selector, names, columns, header, after, upto, progress)
    table_file.write(out, header, rows.all(earlier, found_by_search=start is None))
    return Exported(rows.scrapes.rows, rows.scrapes.older)


class _Rows:
    """The rows of an export, read as they are asked for."""

    def __init__(  # noqa: PLR0913, PLR0917 - what an export has found out so far
        self,
        prometheus: Prometheus,
        selector: str,
        names: MetricNames,
        columns: list[str],
        header: list[str],
        after: int,
        upto: int,
        progress: Callable[[float], None],
    ) -> None:
        self._prometheus = prometheus
        self._selector = selector
        self._names = names
        self._columns = columns
        self._header = header
        self._after = after
        self._upto = upto
        self._progress = progress
        self.scrapes = Scrapes(names, columns)

    def all(self, earlier: table_file.Earlier | None, *, found_by_search: bool) -> Iterator[list[str]]:
        """The earlier rows, then the new ones."""
        if earlier is not None:
            yield from earlier.rows(self._header)
            if earlier.last is not None:
                self.scrapes = Scrapes(self._names, self._columns, earlier.last)
                # An observation is scraped after it was made, unless its time is not ours.
                before = earlier.last // _MILLI - 1
                found_by_search = found_by_search and before >= self._upto
                self._after = max(self._after, before) if before < self._upto else self._after
        if found_by_search:
            self._after = self._first()
        places = [self._columns.index(name) if name in self._columns else -1 for name in self._header]
        as_they_are = self._columns == self._header
        for found in self._stretches():
            for row in self.scrapes.take(found):
                yield row if as_they_are else [row[place] if place >= 0 else "" for place in places]

    def _first(self) -> int:
        """A time shortly before the first sample, within an hour."""
        low, high = self._after, self._upto
        while high - low > _HOUR:
            middle = (low + high) // 2
            if self._prometheus.series(self._selector, 0, middle):
                high = middle
            else:
                low = middle
        return low

    def _stretches(self) -> Iterator[list[Series]]:
        """The samples of all the time, in stretches that hold about as many as is good for memory and speed."""
        begin, after, span = self._after, self._after, _DAY
        while after < self._upto:
            end = min(after + span, self._upto)
            try:
                found = self._prometheus.samples(self._selector, after, end)
            except TooManySamples:
                if span <= _MINUTE:
                    raise
                span //= 2
                continue
            yield found
            after = end
            self._progress((after - begin) / (self._upto - begin))
            count = sum(len(series.samples) for series in found)
            if count < _SAMPLES // 2:
                span = min(span * 2, _LONGEST)
            elif count > _SAMPLES * 2:
                span = max(span // 2, _MINUTE)


def _selector(metrics: list[str], labels: Mapping[str, str]) -> str:
    matchers = [f'__name__=~"{"|".join(metrics)}"']
    for name, value in labels.items():
        quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        matchers.append(f'{name}="{quoted}"')
    return f"{{{','.join(matchers)}}}"


def _the_bot(names: MetricNames, series: list[dict[str, str]], selector: str) -> dict[str, str]:
    """The labels that identify the one bot there is. Raises InputError where there is none, or several."""
    wanted = {source.metric for column, sources in names.columns.items() if column != TIME for source in sources}
    if not any(labels.get("__name__") in wanted for labels in series):
        message = (
            f"Prometheus has no samples of {selector} then\nName another time, or other metrics with --metrics FILE."
        )
        raise InputError(message)
    times = {source.metric for source in names.columns.get(TIME, ())}
    if times and not any(labels.get("__name__") in times for labels in series):
        message = f"Prometheus has no {min(times)}, the time of each observation, then"
        raise InputError(message)
    identity = [name for name in names.identity if any(name in labels for labels in series)] or _TARGET
    bots = {tuple(labels.get(name, "") for name in identity) for labels in series}
    if len(bots) > 1:
        told = "; ".join(
            " ".join(f"--select {name}={value}" for name, value in zip(identity, bot, strict=True) if value)
            for bot in sorted(bots)[:_MOST_NAMED]
        )
        message = f"{len(bots)} bots have these metrics, and a table is about one; choose: {told}"
        raise InputError(message)
    return dict(zip(identity, bots.pop(), strict=True)) if names.identity else {}


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


def _merged(sources: Sequence[MetricSelector], by_metric: dict[str, list[Series]]) -> Samples:
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


def _check_alone(source: MetricSelector, matching: Sequence[Series]) -> None:
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
