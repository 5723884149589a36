"""The regime score of one more bar: kept up incrementally, against recomputing a window of bars with pandas."""

from __future__ import annotations

import random

import pandas as pd

from benchmarks.measure import Result, interleaved, seconds
from livestory.trading.market.bar import BAR, Bar
from livestory.trading.strategy.regime_score import RegimeScore, RegimeSettings

WINDOW = 600
"""Bars that a bot without saved state looks back on: enough for the hourly ADX to forget its seed."""

_BATCH = 2_000
_SETTINGS = RegimeSettings()
_TIMEFRAMES = (
    ("15min", _SETTINGS.weight_15m),
    ("30min", _SETTINGS.weight_30m),
    ("1h", _SETTINGS.weight_1h),
)


def measure() -> list[Result]:
    """Microseconds a bar."""
    bars = _walk(WINDOW + _BATCH)
    window = _table(bars[:WINDOW])
    score = RegimeScore.of(_SETTINGS)

    def incremental() -> None:
        for bar in bars:
            score.update(bar)

    ours, baseline = interleaved(
        lambda: seconds(incremental) / len(bars) * 1e6,
        lambda: seconds(lambda: recomputed(window)) * 1e6,
    )
    return [
        Result(
            name="regime score of one more bar",
            unit="µs",
            ours=ours,
            baseline=baseline,
            baseline_name=f"recomputed over {WINDOW} bars with pandas",
            target="≤ 0.001 ×",
        )
    ]


def recomputed(window: pd.DataFrame) -> float:
    """The score after the last bar of ``window`` (high, low, close, indexed by opening time), as pandas reads it."""
    score = 0.0
    for timeframe, weight in _TIMEFRAMES:
        longer = window.resample(timeframe).agg({"high": "max", "low": "min", "close": "last"}).dropna()
        score += weight * _adx(longer).iloc[-1]
    return float(score)


def _adx(bars: pd.DataFrame) -> pd.Series:
    """Wilder's ADX, his smoothing as an exponential mean with weight 1 / period."""
    high, low, before = bars["high"], bars["low"], bars["close"].shift()
    up, down = high.diff(), -low.diff()
    true_range = pd.concat([high - low, (high - before).abs(), (low - before).abs()], axis=1).max(axis=1)
    span = _smoothed(true_range)
    plus = _smoothed(up.where((up > down) & (up > 0.0), 0.0)) / span
    minus = _smoothed(down.where((down > up) & (down > 0.0), 0.0)) / span
    return _smoothed(100.0 * (plus - minus).abs() / (plus + minus))


def _smoothed(values: pd.Series) -> pd.Series:
    return values.ewm(alpha=1.0 / _SETTINGS.adx_period, adjust=False).mean()


def _walk(count: int) -> list[Bar]:
    """A seeded random walk from the epoch on."""
    chance = random.Random(1)  # noqa: S311 - a market to measure on, no secret
    bars, price = [], 0.05
    for i in range(count):
        close = price * (1.0 + chance.gauss(0.0, 0.002))
        high, low = max(price, close) * 1.001, min(price, close) * 0.999
        bars.append(Bar(i * BAR, (i + 1) * BAR, price, high, low, close, 1.0))
        price = close
    return bars


def _table(bars: list[Bar]) -> pd.DataFrame:
    times = pd.to_datetime([bar.open_time for bar in bars], unit="us", utc=True)
    return pd.DataFrame({name: [getattr(bar, name) for bar in bars] for name in ("high", "low", "close")}, index=times)
