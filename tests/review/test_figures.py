"""The figures of a story: as their definitions say, from the times that were observed, and none without its data."""

from __future__ import annotations

from decimal import Decimal
from math import sin, sqrt

import pandas as pd
import pytest

from livestory.clock import DAY, HOUR
from livestory.story.kinds.trades import Trade
from livestory.story.positions import RoundTrip
from livestory.story.results import Results
from livestory.story.review.figures import DEFINITIONS, Figure, figures
from livestory.story.review.performance import Performance

START = 20_000 * DAY


def told(performance: Performance, results: Results | None = None, now: int = START) -> dict[str, Figure]:
    """The figures by name."""
    return {figure.name: figure for figure in figures(performance, results or Results(), now=now)}


def observed(values: list[float], every: int = DAY, *, held: bool | None = None) -> Performance:
    """A unit value at equal distances; the price falls by half."""
    performance = Performance()
    for place, value in enumerate(values):
        price = 2.0 - place / (len(values) - 1)
        performance.observe(START + place * every, value, price, held=held)
    return performance


def trade(result: str, asset: str = "BTC") -> Trade:
    """A fill that ends a round trip with that result."""
    amount = Decimal(result)
    trip = RoundTrip(symbol="ETH/BTC", asset=asset, closed=START, size=Decimal(1), result=amount)
    return Trade(side="sell", quantity=Decimal(1), price=Decimal(1), quote=asset, gain=amount, trip=trip)


def test_ratios_are_those_of_the_daily_returns() -> None:
    """Against pandas: volatility, Sharpe and Sortino of a year of hours, by the number of days in a year observed."""
    values = [1 + 0.2 * sin(n / 400) + 0.02 * sin(n / 11) for n in range(24 * 365 + 1)]
    found = told(observed(values, HOUR))
    index = pd.to_datetime([START + n * HOUR for n in range(len(values))], unit="us")
    closes = pd.Series(values, index).resample("1D", closed="right", label="right").last()
    returns = closes.pct_change().dropna()
    year = sqrt(len(returns) / (365 / 365.25))
    assert found["volatility"].value == pytest.approx(returns.std() * year)
    assert found["sharpe"].value == pytest.approx(returns.mean() / returns.std() * year)
    downside = sqrt((returns.clip(upper=0) ** 2).mean())
    assert found["sortino"].value == pytest.approx(returns.mean() / downside * year)


def test_a_yearly_rate_comes_of_the_time_that_passed() -> None:
    """Two years of which nothing but the ends is known: the rate compounds to the return."""
    performance = Performance()
    performance.observe(START, 1.0, None, held=None)
    performance.observe(START + round(2 * 365.25 * DAY), 1.21, None, held=None)
    found = told(performance)
    assert found["cagr"].value == pytest.approx(0.10)
    assert found["return"].text == "+21.0%"


def test_days_of_five_a_week_make_another_year() -> None:
    """A story that knows working days alone has about 261 returns a year, not 365."""
    days = [day for day in range(200) if day % 7 < 5]
    performance = Performance()
    for place, day in enumerate(days):
        performance.observe(START + day * DAY, 1 + 0.01 * (place % 2), None, held=None)
    returns = [day.change for day in performance.days()]
    year = sqrt(len(returns) / ((days[-1] - days[0]) / 365.25))
    assert told(performance)["volatility"].value == pytest.approx(pd.Series(returns).std() * year)
    assert 250 < year**2 < 270


def test_the_deepest_drawdown_lasts_until_its_high_is_reached() -> None:
    """From the high to the day it is there again; one that goes on says so."""
    found = told(observed([1.0, 1.25, 1.0, 0.9, 1.25, 1.2]))
    assert found["drawdown"].value == pytest.approx(0.9 / 1.25 - 1)
    assert found["drawdown_length"].text == "3d"
    goes_on = told(observed([1.0, 1.25, 1.0]), now=START + 9 * DAY)
    assert goes_on["drawdown_length"].text == "8d, not over"


def test_time_in_market_is_weighed_by_time() -> None:
    """A short bar with a position counts less than a long one without; what is not told counts nowhere."""
    performance = Performance()
    for hours, held in ((0, True), (1, False), (4, None), (20, True)):
        performance.observe(START + hours * HOUR, 1.0, None, held=held)
    assert performance.time_in_market == pytest.approx(1 / 4)


def test_trades_of_one_currency_and_of_several() -> None:
    """Win rate, profit factor and expectancy; several currencies are never added up."""
    results = Results()
    for result in ("0.3", "-0.1", "0.1"):
        results.hear(trade(result))
    found = told(Performance(), results)
    assert found["win_rate"].value == pytest.approx(2 / 3)
    assert found["profit_factor"].text == "4.00"
    assert found["expectancy"].text == "+0.1000 BTC"
    results.hear(trade("-5", "USDT"))
    found = told(Performance(), results)
    assert found["win_rate"].value is None
    assert found["win_rate"].text == "BTC 67% of 3, USDT 0% of 1"
    assert found["profit_factor"].text == "BTC 4.00, USDT 0.00"
    assert found["expectancy"].text == "+0.1000 BTC, -5.00 USDT"


def test_a_figure_without_its_data_says_why_and_is_not_made_up() -> None:
    """Nothing at all; then a week without prices or trades."""
    nothing = told(Performance())
    assert list(nothing) == list(DEFINITIONS)
    for figure in nothing.values():
        assert (figure.value, figure.text) == (None, None)
        assert figure.missing
    week = told(observed([1.0, 1.1, 1.2, 1.1, 1.2]))
    assert week["return"].text == "+20.0%"
    assert "30 daily returns" in (week["sharpe"].missing or "")
    assert "90 days" in (week["cagr"].missing or "")
    assert week["win_rate"].missing == "no trade was closed"


def test_months_compound_to_the_whole() -> None:
    """The first one from the first reading, the last one to the last; holding beside it."""
    performance = observed([1 + n / 100 for n in range(70)])
    months = list(performance.months())
    whole, held = 1.0, 1.0
    for month in months:
        whole *= 1 + month.change
        held *= 1 + (month.holding or 0.0)
    assert whole == pytest.approx(1.69)
    assert held == pytest.approx(0.5)
    assert len(months) == 3
