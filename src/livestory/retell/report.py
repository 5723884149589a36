"""A retold story as one page of HTML that carries all it shows: the page of a live story, without a server.

The components are the page's own (`livestory.chart`); where they ask the server, they ask what the report carries.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from livestory.chart.components import bundled, static_text, with_sections
from livestory.chart.marks import Marks
from livestory.chart.reduction import Series
from livestory.retell.report_lines import Lines
from livestory.retell.report_prices import SymbolPrices, candles_of
from livestory.story.digest.period import Period, Span, gather
from livestory.story.digest.prose import Digest, digest
from livestory.story.kinds import groups
from livestory.story.kinds.retold import Retold, Summary
from livestory.story.kinds.trades import RegimeSwitch
from livestory.story.line import clauses, third_column
from livestory.story.review.overview import overview
from livestory.story.review.review import Review
from livestory.story.spans import RegimeSpans
from livestory.story.wording import numbers
from livestory.story.wording.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.story.account import Account
    from livestory.story.event import Event

MOST_TRADES = 5000  # in the table; the figures are of all
_MOST_SPANS = 4000
_FOLDER = resources.files("livestory.retell").joinpath("static")
_STORY_TOOLS = '<button type="button" class="quiet" id="order">Newest first</button>'


class Report:
    """Hears a story and makes a page of it."""

    wants_observations = True

    def __init__(self, symbol: str | None, bars: Path | None = None) -> None:
        """A report about ``symbol``; None is unknown. ``bars`` lie beside a journal whose bot has kept them."""
        self._symbol = symbol
        self._bars = bars
        self.begin()

    def begin(self) -> None:
        """Forget what was heard before."""
        self._review = Review(self._symbol)
        self._lines, self._marks = Lines(), Marks()
        self._series, self._prices = Series(), SymbolPrices()
        self._regimes = RegimeSpans()
        self._end = 0
        self._unit: str | None = None
        self._wealth: float | None = None
        self._source = ""
        self._head: list[str] = []
        self._summary: list[str] = []
        self._period = Period(Span("", 0, 0), self._symbol, None)
        self._digest: Digest | None = None

    def on_observation(self, account: Account, time: int) -> None:
        """Take a point of the curves."""
        self._review.observe(account, time)
        self._unit, self._wealth = account.unit, account.wealth
        value, wealth = account.value, account.wealth
        units = wealth / value if wealth is not None and value else None
        drawdown = self._review.performance.drawdown if value is not None else None
        self._series.add(time, (wealth, drawdown, None if account.several else account.price, units))
        self._prices.observe(account.last)

    def on_event(self, event: Event) -> None:
        """Take an event: a line, and what it means for curves and figures."""
        time, facts = event.time, event.facts
        seq = self._lines.add(event)
        self._review.take(seq, time, facts)
        if facts.mark and event.shown:
            self._marks.add(seq, time, facts.mark)
            self._prices.mark(seq, time, facts)
        self._period.take(time, facts)
        if isinstance(facts, RegimeSwitch):
            self._regimes.switch(time, facts.regime)

    def end(self, head: Event, summary: Event) -> None:
        """The curves end, and with them what goes on."""
        self._end = summary.time
        self._head = clauses(head.time, head.facts)
        self._summary = [third_column(summary.facts), *clauses(summary.time, summary.facts)]
        if isinstance(head.facts, Retold):
            self._source = visible(head.facts.source)
        facts, period = summary.facts, self._period
        if isinstance(facts, Summary):
            period.span, period.unit = Span("", facts.start, facts.end), facts.unit
        self._digest = digest(gather(period, [(summary.time, facts)], None))

    def close(self) -> None:
        """Do nothing: a report has nothing open."""

    def blocks(self) -> Iterator[str]:
        """The page, in blocks."""
        page = with_sections(_FOLDER.joinpath("report.html").read_text(encoding="utf-8"), _STORY_TOOLS)
        pieces = {
            "uplot_license": static_text("uPlot.LICENSE"),
            "uplot_css": static_text("uPlot.min.css"),
            "css": static_text("page.css") + _FOLDER.joinpath("report.css").read_text(encoding="utf-8"),
            "uplot_js": static_text("uPlot.iife.min.js"),
            "js": bundled(_FOLDER.joinpath("report.js"), {"api": _FOLDER.joinpath("api.js")}),
        }
        for name, piece in pieces.items():
            page = page.replace("{{" + name + "}}", piece)
        before, _, after = page.partition("{{data}}")
        yield before
        # Nothing in the data can end the script that holds it: no "<" is left in it.
        yield _json(self._data())[:-1].replace("<", "\\u003c") + ',"events":[\n'
        for block in self._lines.blocks():
            yield block.replace("<", "\\u003c")
        yield "]}"
        yield after

    def _data(self) -> dict[str, object]:
        points = list(self._series.points())
        columns = list(zip(*(values for _, values in points), strict=True)) or [(), (), (), ()]
        review = self._review
        asset, earned = review.result_curve()
        prices = self._prices.data()
        return {
            "symbol": self._symbol,
            "groups": groups(),
            "unit": self._unit,
            "decimals": numbers.decimals(self._unit or asset),
            "source": self._source,
            "head": self._head,
            "summary": self._summary,
            "digest": self._digest,
            "review": replace(overview(review), priced=tuple(prices)),
            "trades": list(review.trips.rows)[-MOST_TRADES:],
            "wealth_now": self._wealth,
            "times": [time for time, _ in points],
            "wealth": columns[0],
            "drawdown": columns[1],
            "price": columns[2],
            "units": columns[3],
            "prices": prices,
            "candles": [] if self._bars is None else candles_of(self._bars, review.first, review.last),
            "result": {"unit": asset, "times": [time for time, _ in earned], "values": [value for _, value in earned]},
            "marks": self._marks.gathered(),
            "flows": review.flows[-_MOST_SPANS:],
            "regimes": list(self._regimes.until(self._end))[-_MOST_SPANS:],
            "halts": [(*halted, "halted") for halted in review.halting.until(self._end)][-_MOST_SPANS:],
            "left_out": self._lines.left_out,
        }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
