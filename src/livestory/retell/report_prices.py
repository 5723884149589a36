"""The prices that a report draws: of each symbol held, with its trades, and of the bars beside a journal as candles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.chart.candles import Candle, Candles
from livestory.chart.marks import Marks
from livestory.chart.reduction import Series
from livestory.story.files.bars_file import BarsReader
from livestory.story.kinds.trades import Trade

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.inputs import Observation
    from livestory.story.kinds.base import Facts

_MOST = 40  # symbols
_POINTS, _MARKS, _CANDLES = 200, 400, 2500  # of each


class SymbolPrices:
    """At what price each position was marked, and where it was traded; of very many symbols, those held first."""

    def __init__(self) -> None:
        self._prices: dict[str, Series] = {}
        self._marks: dict[str, Marks] = {}

    def observe(self, observation: Observation | None) -> None:
        """Take the positions of an observation; of one that reports none, nothing is known."""
        if observation is None or observation.positions is None:
            return
        known = {symbol: each.price for symbol, each in observation.positions.items() if each.price is not None}
        for symbol in known:
            if symbol not in self._prices and len(self._prices) < _MOST:
                self._prices[symbol] = Series(_POINTS)
        for symbol, series in self._prices.items():
            series.add(observation.time, (float(known[symbol]) if symbol in known else None,))

    def mark(self, seq: int, time: int, facts: Facts) -> None:
        """Take an event that charts mark."""
        if isinstance(facts, Trade) and facts.symbol is not None and facts.mark:
            self._marks.setdefault(facts.symbol, Marks(_MARKS)).add(seq, time, facts.mark)

    def data(self) -> dict[str, dict[str, object]]:
        """Of each symbol its curve, None where it was not held, and its marks."""
        found = {}
        for symbol, series in sorted(self._prices.items()):
            points = list(series.points())
            found[symbol] = {
                "times": [time for time, _ in points],
                "values": [value for _, (value,) in points],
                "marks": self._marks[symbol].gathered() if symbol in self._marks else [],
            }
        return found


def candles_of(bars: Path, since: int | None, until: int) -> list[Candle]:
    """The bars of that time in a file beside a journal, gathered where they are very many; none where there is none."""
    candles = Candles()
    _, rows = BarsReader(bars).new()
    for row in rows:
        candles.add(row.time, row.open, row.high, row.low, row.close)
    return candles.of(until if since is None else since, until, _CANDLES)
