"""The figures of a story, each with its definition; one whose data is missing says why, and is never made up.

Formulas and sources: docs/figures.md. Returns are those of the unit value, so deposits and withdrawals are left out.
A year has 365.25 days, and how many returns make one is what was observed: a story of daily bars on five days a week
has about 261, one of a market that never closes 365.
"""

from __future__ import annotations

from decimal import Decimal
from math import sqrt
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import DAY
from livestory.story.unit_value import return_of
from livestory.story.wording import numbers
from livestory.story.wording.results import amounts
from livestory.story.wording.text import of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livestory.story.results import CurrencyResult, Results
    from livestory.story.review.performance import Performance

YEAR = 365.25 * DAY
LEAST_RETURNS = 30
LEAST_OF_A_YEAR = 90 * DAY

DEFINITIONS = {
    "return": (
        "Return",
        "What a unit of wealth gained from first to last. Deposits and withdrawals are neither profit nor loss.",
    ),
    "holding": ("Holding", "What the base asset did from first to last, as if it had been bought then and kept."),
    "cagr": ("CAGR", "The return as a yearly rate: (1 + return) ^ (1 / years) - 1. From 90 days on."),
    "volatility": (
        "Volatility",
        "The standard deviation of the daily returns, times the root of how many a year has. From 30 of them on.",
    ),
    "sharpe": (
        "Sharpe ratio",
        "The mean daily return over its standard deviation, as a yearly rate; idle money earns nothing.",
    ),
    "sortino": (
        "Sortino ratio",
        "Like Sharpe, but only losses count as risk: over the root mean square of the daily losses.",
    ),
    "drawdown": ("Max drawdown", "The deepest fall of a unit of wealth under its highest before, at any reading."),
    "drawdown_length": ("Its length", "From the high before the deepest drawdown until that high was reached again."),
    "time_in_market": ("Time in market", "The share of the observed time in which anything was held."),
    "win_rate": ("Win rate", "The share of closed trades that earned something. A trade goes from flat to flat."),
    "profit_factor": ("Profit factor", "What the winning trades earned for each unit that the losing ones lost."),
    "expectancy": ("Expectancy", "What a closed trade came to on average."),
    "fees": ("Fees", "All fees that were told, each in its own asset."),
}
"""The label and the definition of each figure, in the order shown."""


class Figure(Struct, frozen=True, kw_only=True):
    """A figure as a reader sees it. Without a ``text`` it is not known, for the reason ``missing``."""

    name: str
    label: str
    definition: str
    value: float | None = None  # a share, a ratio, or microseconds; None too where it is of several currencies
    text: str | None = None
    missing: str | None = None


def figures(performance: Performance, results: Results, *, now: int) -> tuple[Figure, ...]:
    """All figures of a story up to ``now``, in the order shown."""
    told = results.told(results)
    found = [*_of_wealth(performance, now), *_of_trades(told, results.fees)]
    return tuple(
        Figure(name=name, label=DEFINITIONS[name][0], definition=DEFINITIONS[name][1], value=value, text=text,
               missing=None if text is not None else missing)
        for name, value, text, missing in found
    )  # fmt: skip


_Found = tuple[str, float | None, str | None, str]


def _of_wealth(performance: Performance, now: int) -> Iterator[_Found]:
    first, last = performance.first, performance.last
    unknown = "no wealth was told" if first is None else "too little was observed"
    change = holding = None
    returns: list[float] = []
    span = 0
    if first is not None and last is not None and last is not first:
        change, holding = return_of(first.value, last.value), return_of(first.price, last.price)
        returns = [day.change for day in performance.days()]
        span = last.time - first.time
    yield "return", change, _percent(change), unknown
    yield "holding", holding, _percent(holding), "no one price explains the whole"
    yield _compounded(change, span)
    yield from _ratios(returns, span, unknown)
    deepest = performance.deepest
    fall = deepest.drawdown if deepest is not None else 0.0 if change is not None else None
    yield "drawdown", fall, _percent(fall), unknown
    length = (deepest.over or now) - deepest.since if deepest is not None else None
    over = "" if deepest is None or deepest.over is not None else ", not over"
    yield "drawdown_length", length, None if length is None else _days(length) + over, "there was no drawdown"
    held = performance.time_in_market
    yield "time_in_market", held, None if held is None else numbers.weight(held), "nothing says what was held"


def _compounded(change: float | None, span: int) -> _Found:
    """The return as a yearly rate."""
    if change is None or span < LEAST_OF_A_YEAR or change <= -1.0:
        return "cagr", None, None, "it needs 90 days of wealth"
    try:
        rate = (1.0 + change) ** (YEAR / span) - 1.0
    except OverflowError:
        return "cagr", None, None, "it is beyond all measure"
    return "cagr", rate, _percent(rate), ""


def _ratios(returns: Sequence[float], span: int, unknown: str) -> Iterator[_Found]:
    """Volatility, Sharpe and Sortino of daily returns over that time."""
    if len(returns) < LEAST_RETURNS or not span:
        missing = f"it needs {LEAST_RETURNS} daily returns, and there are {len(returns)}" if returns else unknown
        for name in ("volatility", "sharpe", "sortino"):
            yield name, None, None, missing
        return
    root = sqrt(len(returns) / (span / YEAR))
    mean, scatter = fmean(returns), stdev(returns)
    volatility = scatter * root
    yield "volatility", volatility, numbers.unsigned_percent(volatility), ""
    sharpe = mean / scatter * root if scatter else None
    yield "sharpe", sharpe, _ratio(sharpe), "the wealth never moved"
    losses = sqrt(fmean(min(each, 0.0) ** 2 for each in returns))
    sortino = mean / losses * root if losses else None
    yield "sortino", sortino, _ratio(sortino), "no day lost anything"


def _of_trades(told: Sequence[CurrencyResult], fees: dict[str, Decimal]) -> Iterator[_Found]:
    """Of closed trades; each currency for itself, where there are several."""
    closed = [each for each in told if each.closed]
    none = "no trade was closed"

    def figure(
        name: str, values: Sequence[float | Decimal | None], texts: Sequence[str], missing: str = none
    ) -> _Found:
        value = values[0] if len(values) == 1 else None
        return name, None if value is None else float(value), ", ".join(filter(None, texts)) or None, missing

    def of_each(texts: Sequence[str]) -> list[str]:
        named = len(closed) > 1
        return [
            f"{each.asset or '?'} {text}" if named and text else text for each, text in zip(closed, texts, strict=True)
        ]

    rates = [each.won / each.closed for each in closed]
    counts = [
        f"{numbers.weight(rate)} of {numbers.whole(each.closed)}" for each, rate in zip(closed, rates, strict=True)
    ]
    yield figure("win_rate", rates, of_each(counts))
    factors = [each.profit_factor for each in closed]
    ratios = [_ratio(factor) or "" for factor in factors]
    yield figure("profit_factor", factors, of_each(ratios), "nothing was lost" if closed else none)
    means = [(each.gain + each.loss) / each.closed for each in closed]
    money = [of(numbers.signed_wealth(mean, each.asset), each.asset) for each, mean in zip(closed, means, strict=True)]
    yield figure("expectancy", means, money)
    rounded = {asset: _six_digits(amount) for asset, amount in fees.items()}
    yield "fees", None, amounts(rounded) or None, "none were told"


def _percent(share: float | None) -> str | None:
    return None if share is None else numbers.percent(share)


def _ratio(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _six_digits(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(min(0, amount.adjusted() - 5))) if amount else amount


def _days(micros: int) -> str:
    return numbers.duration(micros // DAY * DAY if micros > DAY else micros)
