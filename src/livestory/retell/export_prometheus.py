"""A bot's metrics in Prometheus -> a table that explain reads: the plan's second option."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import DAY, HOUR, MINUTE, SECOND
from livestory.errors import InputError
from livestory.retell import table_file
from livestory.retell.columns import TIME
from livestory.retell.columns import header as in_order
from livestory.retell.prometheus_api import TooManySamples
from livestory.retell.scrapes import Scrapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from livestory.retell.metric_names import MetricNames
    from livestory.retell.prometheus_api import Prometheus, Series

_MILLI = SECOND // 1000
_HOUR, _DAY, _MINUTE = HOUR // _MILLI, DAY // _MILLI, MINUTE // _MILLI
_SAMPLES = 250_000  # in one answer, about
_LONGEST = 32 * _DAY  # of one question
_TARGET = ("job", "instance")
_MOST_NAMED = 10


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
    header = in_order({*columns, *(earlier.header if earlier else ())})
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
