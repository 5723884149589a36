"""Moving averages against TA-Lib, over every real bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from livestory.trading.strategy.indicators import Ema, Past, Sma

if TYPE_CHECKING:
    import pandas as pd

PERIODS = [2, 14, 48, 200]


def _run(average: Sma | Ema | Past, values: list[float]) -> np.ndarray:
    read = [average.update(value) for value in values]
    return np.array([np.nan if value is None else value for value in read])


@pytest.mark.parametrize("period", PERIODS)
def test_the_simple_average_equals_ta_lib_at_every_real_bar(real_table: pd.DataFrame, period: int) -> None:
    """The same bars are None, and the rest agree to 1e-12 of the price after 87,547 updates."""
    close = real_table["close"].to_numpy()
    np.testing.assert_allclose(_run(Sma(period), close.tolist()), talib.SMA(close, period), rtol=1e-12)


@pytest.mark.parametrize("period", PERIODS)
def test_the_exponential_average_equals_ta_lib_at_every_real_bar(real_table: pd.DataFrame, period: int) -> None:
    """From the seed on."""
    close = real_table["close"].to_numpy()
    np.testing.assert_allclose(_run(Ema(period), close.tolist()), talib.EMA(close, period), rtol=1e-12)


@pytest.mark.parametrize("period", PERIODS)
def test_the_rate_of_change_equals_ta_lib_at_every_real_bar(real_table: pd.DataFrame, period: int) -> None:
    """ROCP is the price over the one ``period`` bars ago, less 1."""
    close = real_table["close"].to_numpy()
    rate = close / _run(Past(period), close.tolist()) - 1.0
    np.testing.assert_allclose(rate, talib.ROCP(close, period), rtol=1e-12, atol=1e-15)


@given(st.lists(st.floats(min_value=0.01, max_value=0.09), min_size=20, max_size=40))
def test_a_huge_price_leaves_no_rounding_error_behind(values: list[float]) -> None:
    """Once a round the sum is taken afresh, so what a price of 1e15 rounded away comes back."""
    average = Sma(5)
    for value in (1e15, *values):
        last = average.update(value)
    assert last == pytest.approx(sum(values[-5:]) / 5, rel=1e-12)
