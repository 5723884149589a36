"""ADX and ATR against TA-Lib, over every real bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import talib

from livestory.trading.strategy.indicators import Adx, Atr

if TYPE_CHECKING:
    from livestory.trading.market.bar import Bar

TALIB: Any = talib  # its type stubs give ADX and ATR one column where they take three


def _run(measure: Adx | Atr, bars: list[Bar]) -> np.ndarray:
    read = [measure.update(bar.high, bar.low, bar.close) for bar in bars]
    return np.array([np.nan if value is None else value for value in read])


def _columns(bars: list[Bar]) -> list[np.ndarray]:
    return [np.array([getattr(bar, name) for bar in bars]) for name in ("high", "low", "close")]


@pytest.mark.parametrize("period", [2, 14, 50])
def test_adx_equals_ta_lib_at_every_real_bar(real_bars: list[Bar], period: int) -> None:
    """From its first value, at bar 2 * period, on."""
    expected = TALIB.ADX(*_columns(real_bars), period)
    np.testing.assert_allclose(_run(Adx(period), real_bars), expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("period", [2, 14, 48])
def test_atr_equals_ta_lib_at_every_real_bar(real_bars: list[Bar], period: int) -> None:
    """From its first value on."""
    expected = TALIB.ATR(*_columns(real_bars), period)
    np.testing.assert_allclose(_run(Atr(period), real_bars), expected, rtol=1e-12)


@pytest.mark.parametrize("flat", [0, 10, 20, 40])
def test_a_market_that_stands_still_moves_adx_as_it_moves_ta_libs(real_bars: list[Bar], flat: int) -> None:
    """No movement divides by nothing, whether the seed is complete or not; once it is, the index stays where it was."""
    still = [real_bars[flat]] * 800
    bars = [*real_bars[:flat], *still, *real_bars[flat : flat + 100]]
    np.testing.assert_allclose(_run(Adx(14), bars), TALIB.ADX(*_columns(bars), 14), atol=1e-9, rtol=0)


def test_a_market_without_any_movement_has_no_direction() -> None:
    """ADX is 0, not unknown and not an error."""
    adx = Adx(14)
    assert [adx.update(1.0, 1.0, 1.0) for _ in range(40)] == [None] * 27 + [0.0] * 13
