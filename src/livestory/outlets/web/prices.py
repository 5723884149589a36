"""The prices that the page draws: of each symbol that a bot has held, as long as it held it, and of bars as candles."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from livestory.chart.candles import Candles
from livestory.chart.reduction import reduced
from livestory.story.files.bars_file import BarsReader

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.inputs import Observation


class _Held:
    """The prices of one symbol, and after which of them it was not held any more."""

    def __init__(self) -> None:
        self.times, self.values, self.ends = array("q"), array("d"), array("q")


class SymbolCurve(NamedTuple):
    """The price of a symbol; None between two times in which it was held."""

    times: list[int]
    values: list[float | None]
    holding: None = None
    drawdown: None = None


class SymbolPrices:
    """At what price each position was marked, observation by observation. One thread adds, others may read."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._open: frozenset[str] = frozenset()

    def add(self, observation: Observation) -> None:
        """Take the positions of the next observation; of one that reports none, nothing is known."""
        if observation.positions is None:
            return
        priced = {symbol: float(each.price) for symbol, each in observation.positions.items() if each.price is not None}
        for symbol, price in priced.items():
            held = self._held.setdefault(symbol, _Held())
            held.values.append(price)
            held.times.append(observation.time)
        for symbol in self._open - priced.keys():
            self._held[symbol].ends.append(self._held[symbol].times[-1])
        self._open = frozenset(priced)

    def symbols(self) -> list[str]:
        """Those with a price."""
        return sorted(self._held)

    def of(self, symbol: str, start: int, end: int, points: int) -> SymbolCurve:
        """The price in that time, at most about ``points`` times; none of a symbol that never was held."""
        held = self._held.get(symbol, _Held())
        low = max(0, bisect_left(held.times, start) - 1)
        high = min(len(held.values), bisect_right(held.times, end) + 1)
        times, values = reduced(held.times[low:high], held.values[low:high], points)
        ends = held.ends[bisect_left(held.ends, start) : bisect_right(held.ends, end)]
        known: dict[int, float | None] = dict.fromkeys(time + 1 for time in ends)
        known.update(zip(times, values, strict=True))
        ordered = sorted(known)
        return SymbolCurve(ordered, [known[time] for time in ordered])


class KeptBars:
    """The bars beside a story, read as they are asked for. To be used by one thread."""

    def __init__(self, path: Path) -> None:
        """Of the file at ``path``, which most bots don't have."""
        self._reader = BarsReader(path)
        self._candles = Candles()

    def candles(self) -> Candles:
        """All that are there now."""
        anew, rows = self._reader.new()
        if anew:
            self._candles = Candles()
        for row in rows:
            self._candles.add(row.time, row.open, row.high, row.low, row.close)
        return self._candles
