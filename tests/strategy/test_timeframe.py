"""Lengths of time in bars and in words."""

from __future__ import annotations

import pytest

from livestory.clock import HOUR, MINUTE
from livestory.trading.market.bar import bars_in, name_of


@pytest.mark.parametrize(
    ("length", "bars", "name"),
    [(15 * MINUTE, 1, "15m"), (90 * MINUTE, 6, "90m"), (12 * HOUR, 48, "12h"), (50 * HOUR, 200, "50h")],
)
def test_a_window_has_its_bars_and_its_name(length: int, bars: int, name: str) -> None:
    """Whole hours in hours, all else in minutes."""
    assert (bars_in(length), name_of(length)) == (bars, name)
