"""Which day made a period, and what its trades are called: only where it is true of all of them."""

from __future__ import annotations

from decimal import Decimal
from math import prod

import pytest

from livestory.clock import DAY, instant
from livestory.story.digest.period import Period, Span
from livestory.story.digest.prose import digest
from livestory.story.kinds.chapters import Chapter
from livestory.story.results import CurrencyResult, OneWay, TradeResult
from livestory.story.wording import performance

MONDAY = instant("2024-12-02")


def week(*changes: float) -> str:
    """The digest of a week whose days had these returns."""
    days = [
        Chapter(period="day", start=MONDAY + n * DAY, end=MONDAY + (n + 1) * DAY, change=each)
        for n, each in enumerate(changes)
    ]
    change = prod(1 + each for each in changes) - 1
    return digest(
        Period(Span("week", MONDAY, MONDAY + 7 * DAY), None, "BTC", change=change, wealth=1.0, days=days)
    ).text()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ((-0.019, 0.0), "All of the loss was Mon."),
        ((-0.019, 0.001, -0.001), "Nearly all of the loss was Mon (-1.9%)."),
        ((-0.0092, 0.002, 0.0, 0.0, -0.019, 0.004), "Most of the loss was Fri (-1.9%)."),
        ((-0.0092, 0.006, 0.0, 0.0, -0.019, 0.0042, 0.004), "Its worst day was Fri (-1.9%)."),
        ((-0.0038, -0.0038, 0.0, 0.0, -0.0058), ""),
        ((0.0252, 0.0248, -0.018), "Its best days were Mon and Tue (+2.5%), its worst Wed (-1.8%)."),
    ],
)
def test_a_day_made_a_week_by_the_moves_of_all_its_days(changes: tuple[float, ...], told: str) -> None:
    """What some lost and others won back is not left out of the sum."""
    assert week(*changes).split(" BTC. ")[1].startswith(told or "No trade.")


def test_where_all_was_lost_nothing_is_called_best() -> None:
    """Nor worst where all was won."""
    assert performance.extreme_names(Decimal(-1), Decimal(-2)) == ("smallest loss", "largest loss")
    assert performance.extreme_names(Decimal(2), Decimal(1)) == ("largest gain", "smallest gain")
    assert performance.extreme_names(Decimal(2), Decimal(-1)) == ("best trade", "worst trade")


def test_symbols_and_directions_are_told_with_what_each_came_to() -> None:
    """By their bases where the asset says the rest; wholly where two are alike."""
    result = CurrencyResult(
        asset="USDT", closed=5, longs=OneWay(3, 1, Decimal(-2)), shorts=OneWay(2, 0, Decimal(-7)),
        symbols=(TradeResult("BTC/USDT:USDT", Decimal(1)), TradeResult("ETH/USDT", Decimal(-10))),
    )  # fmt: skip
    assert performance.by_symbol(result) == "closed trades by symbol: BTC +1.00, ETH -10.00 USDT"
    assert performance.both_ways(result) == "3 longs -2.00 (1 won), 2 shorts -7.00 USDT (none won)"
    alike = CurrencyResult(
        asset="USDT", symbols=tuple(TradeResult(each, Decimal(1)) for each in ("ETH/USDT", "ETH/USDT:USDT"))
    )
    assert "ETH/USDT +1.00, ETH/USDT:USDT +1.00 USDT" in performance.by_symbol(alike)
