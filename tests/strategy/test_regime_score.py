"""The regime score: its value, and that it knows nothing of the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.regime_score import recomputed
from livestory.clock import HOUR, MINUTE
from livestory.trading.market.bar import BAR
from livestory.trading.strategy.regime_score import RegimeScore, RegimeSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.trading.market.bar import Bar
    from tests.strategy.conftest import BentBar


def _scores(bars: Iterable[Bar]) -> list[float | None]:
    score = RegimeScore.of(RegimeSettings())
    return [score.update(bar) for bar in bars]


def _recomputed(table: pd.DataFrame) -> pd.Series:
    """The score at every bar, by pandas and TA-Lib: an ADX of longer bars is known from their end on."""
    ends = table.index + BAR
    total = pd.Series(0.0, index=ends)
    for span, weight in ((BAR, 0.2), (30 * MINUTE, 0.3), (HOUR, 0.5)):
        longer = table.groupby(table.index - table.index % span).agg({"high": "max", "low": "min", "close": "last"})
        adx = talib.ADX(longer["high"].to_numpy(), longer["low"].to_numpy(), longer["close"].to_numpy(), 14)
        known = longer.index + span
        last = np.searchsorted(known, ends, side="right") - 1
        total += weight * np.where(last < 0, np.nan, adx[last])
    return total


def test_the_score_equals_a_full_recomputation_at_every_real_bar(
    real_table: pd.DataFrame, real_bars: list[Bar]
) -> None:
    """None until the hours are warm, then 0.2, 0.3 and 0.5 of TA-Lib's ADX of the three timeframes."""
    ours = np.array([np.nan if score is None else score for score in _scores(real_bars)])
    np.testing.assert_allclose(ours, _recomputed(real_table).to_numpy(), atol=1e-9, rtol=0)
    assert np.isnan(ours[:111]).all()
    assert not np.isnan(ours[111:]).any()
    assert RegimeScore.of(RegimeSettings()).bars_needed == 112


@settings(max_examples=40)
@given(start=st.integers(0, 86_000), length=st.integers(1, 700))
def test_the_last_score_needs_no_bar_after_it(
    real_table: pd.DataFrame, real_bars: list[Bar], start: int, length: int
) -> None:
    """Recomputed from the bars up to now, and from those alone, it is the score told now."""
    now = _scores(real_bars[start : start + length])[-1]
    known = real_table.iloc[start : start + length]
    again = _recomputed(known).iloc[-1]
    if now is None:
        assert np.isnan(again)
    else:
        assert now == pytest.approx(again, abs=1e-9)


@settings(max_examples=40)
@given(
    start=st.integers(0, 86_000),
    now=st.integers(112, 400),
    factors=st.lists(st.floats(0.5, 2.0), min_size=1, max_size=30),
)
def test_another_future_changes_no_score_of_the_past(
    real_bars: list[Bar], bent: BentBar, start: int, now: int, factors: list[float]
) -> None:
    """Bars after ``now`` are bent at will; the scores up to ``now`` stay what they were."""
    bars = real_bars[start : start + now + 30]
    future = [bent(bar, factor) for bar, factor in zip(bars[now:], factors, strict=False)]
    assert _scores(bars)[:now] == _scores(bars[:now] + future)[:now]


def test_an_unfinished_hour_counts_for_nothing(real_bars: list[Bar]) -> None:
    """Within an hour only the quarter hours speak, so the hour's ADX stays as it was at the hour's start."""
    score = RegimeScore.of(RegimeSettings(weight_15m=0.0, weight_30m=0.0, weight_1h=1.0))
    told = [score.update(bar) for bar in real_bars[:400]]
    for i in range(115, 399):
        assert (told[i] == told[i - 1]) == (real_bars[i].end % HOUR != 0)


def test_shares_that_do_not_add_up_are_refused() -> None:
    """A score over 100 would mean nothing."""
    with pytest.raises(msgspec.ValidationError, match="must add up to 1"):
        msgspec.convert({"weight_1h": 0.6}, RegimeSettings)


def test_the_benchmarks_baseline_computes_the_same_score(real_table: pd.DataFrame, real_bars: list[Bar]) -> None:
    """Up to what its window of 600 bars forgets: seeds differ, so they agree to a tenth of a point."""
    window = real_table.iloc[1400:2000]
    window = window.set_index(pd.to_datetime(window.index, unit="us", utc=True))
    assert recomputed(window) == pytest.approx(_scores(real_bars[:2000])[-1], abs=0.1)
