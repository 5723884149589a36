"""A retold story as one page of HTML that carries all it shows: charts, months, and the story beside them."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from livestory.chart.reduction import Series
from livestory.clock import SECOND, as_datetime, as_instant
from livestory.retell.story_output import Spool
from livestory.story.digest.period import Period, Span, gather
from livestory.story.digest.prose import Digest, digest
from livestory.story.kinds import groups
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.retold import Summary
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted
from livestory.story.kinds.trades import RegimeSwitch
from livestory.story.symbol import assets
from livestory.story.unit_value import fall_from, return_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.story.account import Account
    from livestory.story.event import Event

_STATIC = {
    "uplot_license": ("livestory.chart", "uPlot.LICENSE"),
    "uplot_css": ("livestory.chart", "uPlot.min.css"),
    "uplot_js": ("livestory.chart", "uPlot.iife.min.js"),
    "css": ("livestory.retell", "report.css"),
    "js": ("livestory.retell", "report.js"),
}


class Report:
    """Hears a story and makes a page of it."""

    wants_observations = True

    def __init__(self, symbol: str | None) -> None:
        """A report about ``symbol``; None is unknown."""
        self._symbol = symbol
        self._events = Spool()
        self.begin()

    def begin(self) -> None:
        """Forget what was heard before."""
        self._events.clear()
        self._series = Series()
        self._regimes: list[tuple[float, float, str]] = []
        self._regime: tuple[float, str] | None = None
        self._halts: list[tuple[float, float]] = []
        self._halted: float | None = None
        self._months: list[tuple[float, float]] = []
        self._month: float | None = None
        self._value: float | None = None
        self._peak = 0.0
        self._price: float | None = None
        self._unit: str | None = None
        self._lines = ("", "")
        self._period = Period(Span("", 0, 0), self._symbol, None)
        self._digest: Digest | None = None

    def on_observation(self, account: Account, time: int) -> None:
        """Take a point of the curves; the drawdown is measured from the highest value before."""
        value = self._value = account.value
        self._price = account.price
        self._unit = account.unit
        if self._month is None:
            self._month = value
        drawdown = None
        if value is not None:
            self._peak = max(self._peak, value)
            drawdown = fall_from(self._peak, value) * 100.0
        self._series.add(time, (account.wealth, drawdown, account.price))

    def on_event(self, event: Event) -> None:
        """Take an event: a line, and what it means for ribbon and table."""
        time = event.time / SECOND
        self._events.write(
            (",\n" if self._events.used else "") + _json((time, event.kind, event.facts.mark or "", event.line))
        )
        facts = event.facts
        self._period.take(event.time, facts)
        match facts:
            case RegimeSwitch():
                self._end_regime(time)
                self._regime = time, facts.regime
            case BreakerTripped() | Halted():
                self._halted = time
            case Phoenix() | Unhalted() if self._halted is not None:
                self._halts.append((self._halted, time))
                self._halted = None
            case Chapter(period="month"):
                self._end_month(facts.start, facts.change)
            case _:
                pass

    def end(self, head: Event, summary: Event) -> None:
        """The curves end, and with them what goes on."""
        time = summary.time / SECOND
        self._end_regime(time)
        if self._halted is not None:
            self._halts.append((self._halted, time))
        if self._value != self._month:
            date = as_datetime(summary.time)
            start = as_instant(date.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
            self._end_month(start, return_of(self._month, self._value))
        self._lines = head.line, summary.line
        self._digest = self._told(summary)

    def _told(self, summary: Event) -> Digest:
        """The whole of it in a paragraph."""
        facts, period = summary.facts, self._period
        if isinstance(facts, Summary):
            period.span, period.unit = Span("", facts.start, facts.end), facts.unit
        return digest(gather(period, [(summary.time, facts)], None))

    def close(self) -> None:
        """Delete what is kept of the story."""
        self._events.close()

    def blocks(self) -> Iterator[str]:
        """The page, in blocks."""
        page = _static("livestory.retell", "report.html")
        for name, place in _STATIC.items():
            page = page.replace("{{" + name + "}}", _static(*place))
        before, _, after = page.partition("{{data}}")
        yield before
        # Nothing in the data can end the script that holds it: no "<" is left in it.
        yield _json(self._data())[:-1].replace("<", "\\u003c") + ',"events":[\n'
        for block in self._events.blocks():
            yield block.replace("<", "\\u003c")
        yield "]}"
        yield after

    def _data(self) -> dict[str, object]:
        points = list(self._series.points())
        source, summary = self._lines
        columns = list(zip(*(values for _, values in points), strict=True)) or [(), (), ()]
        return {
            "symbol": self._symbol,
            "groups": groups(),
            "quote": assets(self._symbol)[1],
            "unit": self._unit,
            "source": source.split(" | ")[2].removeprefix("from "),
            "head": source,
            "summary": summary,
            "digest": self._digest,
            "times": [time / SECOND for time, _ in points],
            "wealth": columns[0],
            "drawdown": columns[1],
            "price": columns[2],
            "regimes": self._regimes,
            "halts": self._halts,
            "months": self._months,
        }

    def _end_regime(self, time: float) -> None:
        if self._regime is not None:
            self._regimes.append((self._regime[0], time, self._regime[1]))

    def _end_month(self, start: int, change: float | None) -> None:
        if change is not None and self._month is not None:
            self._months.append((start / SECOND, change))
            self._month *= 1.0 + change


def _static(package: str, name: str) -> str:
    return files(package).joinpath("static", name).read_text(encoding="utf-8")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
