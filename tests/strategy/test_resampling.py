"""Longer bars: aligned, complete, and whole in spite of holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import HOUR, MINUTE
from livestory.trading.market.bar import BAR, HigherTimeframe

if TYPE_CHECKING:
    import pandas as pd

    from livestory.trading.market.bar import Bar
    from tests.strategy.conftest import MadeBars


@pytest.mark.parametrize("span", [30 * MINUTE, HOUR])
def test_longer_bars_are_those_of_pandas(real_table: pd.DataFrame, real_bars: list[Bar], span: int) -> None:
    """Over all the real bars, the hole of March 2023 included."""
    gather = HigherTimeframe(span)
    ours = [longer for bar in real_bars for longer in gather.update(bar)]
    starts = real_table.index - real_table.index % span
    theirs = real_table.groupby(starts).agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    assert [(b.open_time, b.open, b.high, b.low, b.close) for b in ours] == list(theirs.itertuples(name=None))


@given(missing=st.sets(st.integers(0, 39)), span=st.sampled_from([30 * MINUTE, HOUR]))
def test_a_longer_bar_is_told_with_the_first_bar_at_or_after_its_end(
    made_bars: MadeBars, missing: set[int], span: int
) -> None:
    """Never before its end, never twice, never later than the first bar that ends past it; holes don't matter."""
    bars = [bar for i, bar in enumerate(made_bars(range(1, 41))) if i not in missing]
    gather, told = HigherTimeframe(span), []
    for i, bar in enumerate(bars):
        for longer in gather.update(bar):
            assert longer.open_time % span == 0
            assert longer.end == longer.open_time + span <= bar.end
            assert i == 0 or bars[i - 1].end < longer.end
            told.append(longer)
    inside = {start: [b for b in bars if start <= b.open_time < start + span] for start in range(0, 40 * BAR, span)}
    due = [start for start, parts in inside.items() if parts and bars[-1].end >= start + span]
    assert [longer.open_time for longer in told] == due
    for longer in told:
        parts = inside[longer.open_time]
        assert (longer.open, longer.close) == (parts[0].open, parts[-1].close)
        assert (longer.high, longer.low) == (max(b.high for b in parts), min(b.low for b in parts))


def test_after_a_hole_two_longer_bars_can_be_due_at_once(made_bars: MadeBars) -> None:
    """The half hour that missed its second bar, and the one that the next bar ends."""
    first, _, _, last = made_bars([1.0, 2.0, 3.0, 4.0])
    gather = HigherTimeframe(30 * MINUTE)
    assert gather.update(first) == ()
    assert [(bar.open_time, bar.close) for bar in gather.update(last)] == [(0, 1.0), (30 * MINUTE, 4.0)]
