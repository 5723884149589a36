"""Settings of the telling that make no sense are refused where they are made."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import msgspec
import pytest

from livestory import StorySettings
from livestory.clock import DAY


@pytest.mark.parametrize(
    "name", [name for name in StorySettings.__struct_fields__ if name not in {"detail", "benchmark"}]
)
@pytest.mark.parametrize(
    "value", [nan, inf, -inf, -1, -0.5, True, None, "1", 10**400], ids=lambda value: str(value)[:9]
)
def test_a_value_out_of_range_is_refused_by_name_with_the_range(name: str, value: Any) -> None:
    """NaN, infinity, less than nothing, and what is no number."""
    with pytest.raises(ValueError, match=rf"^{name} .*: expected a (whole|finite) number >=? \d"):
        StorySettings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("ath_min_gain", 1.5, "a finite number >= 0 and <= 1"),
        ("hysteresis", 51, "a finite number >= 0 and <= 50"),
        ("half_way", 0, "a finite number > 0 and <= 1"),
        ("drawdown_told", 1, "a finite number > 0 and < 1"),
        ("exposure_told", 1.1, "a finite number > 0 and <= 1"),
        ("implausible", 1.0, "a finite number > 1"),
        ("quiet", 0.5, "a whole number >= 0"),
        ("keep_days", 0, "a whole number >= 1 and <= 36,500"),
        ("keep_observations", DAY - 1, "a whole number >= 86,400,000,000"),
    ],
)
def test_the_range_is_the_declared_one(name: str, value: Any, allowed: str) -> None:
    """The configuration file's own."""
    with pytest.raises(ValueError, match=rf"^{name} .*: expected ") as refused:
        StorySettings(**{name: value})
    assert str(refused.value).endswith(allowed)


@pytest.mark.parametrize("value", ["some", "", None, 1], ids=str)
def test_a_word_that_is_not_one_of_those_is_refused(value: Any) -> None:
    """With those that are."""
    with pytest.raises(ValueError, match=r"^detail .*: expected one of normal, all$"):
        StorySettings(detail=value)
    with pytest.raises(ValueError, match=r"^benchmark .*: expected one of base, basket$"):
        StorySettings(benchmark=value)


def test_the_ends_of_the_ranges_are_allowed() -> None:
    """Nought where it switches something off."""
    StorySettings(ath_min_gain=0, hysteresis=0, half_way=1, quiet=0, keep_days=1, keep_observations=DAY)
    assert msgspec.convert({"ath_min_gain": 0}, StorySettings).ath_min_gain == 0
