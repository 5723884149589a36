"""The real bars as bars and as columns, and bars made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from livestory.trading.market.bar import BAR, Bar

if TYPE_CHECKING:
    from pathlib import Path

MadeBars = Callable[[Sequence[float]], list[Bar]]
BentBar = Callable[[Bar, float], Bar]


@pytest.fixture(scope="session")
def real_table(real_bars_file: Path) -> pd.DataFrame:
    """The real bars, indexed by their opening time; the index column holds microseconds."""
    table = pd.read_csv(real_bars_file, parse_dates=["open_time"])
    table.index = pd.Index(table.pop("open_time").astype("datetime64[us, UTC]").astype("int64"), name="open_time")
    return table[["open", "high", "low", "close", "volume"]]


@pytest.fixture(scope="session")
def real_bars(real_table: pd.DataFrame) -> list[Bar]:
    """The real bars."""
    rows = zip(real_table.index.tolist(), *(real_table[name].tolist() for name in real_table), strict=True)
    return [Bar(time, time + BAR, *prices) for time, *prices in rows]


@pytest.fixture(scope="session")
def made_bars() -> MadeBars:
    """Makes one bar without a range per price, from the epoch on."""

    def make(prices: Sequence[float]) -> list[Bar]:
        return [Bar(i * BAR, (i + 1) * BAR, p, p, p, p, 1.0) for i, p in enumerate(prices)]

    return make


@pytest.fixture(scope="session")
def bent() -> BentBar:
    """Makes another bar of the same time: all prices times a factor."""

    def bend(bar: Bar, factor: float) -> Bar:
        high, low = bar.high * factor, bar.low * factor
        return Bar(bar.open_time, bar.end, bar.open * factor, high, low, bar.close * factor, bar.volume)

    return bend
