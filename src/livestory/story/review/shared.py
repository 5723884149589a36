"""What of a story may be shown to others: shares of the start and times to the bar, each named here one by one.

It is built from facts that are listed, never from lines: no text that anybody wrote, no amount, quantity, price, fee,
flow, account or name can be in it, because nothing here holds one. A symbol is in it only where it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.clock import DAY, HOUR, MINUTE, as_datetime
from livestory.story.results import Outcome
from livestory.story.review.figures import DEFINITIONS, figures
from livestory.story.review.moments import key_moments
from livestory.story.review.performance import Change
from livestory.story.unit_value import return_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.review.review import Review
    from livestory.story.review.round_trips import TripRow

FIGURES = (
    *("return", "cagr", "volatility", "sharpe", "sortino", "drawdown", "drawdown_length", "time_in_market"),
    *("win_rate", "profit_factor"),
)
"""The figures that hold no amount; what holding did is told where the symbol is."""
MOMENTS = {
    "trip": "Safety breaker tripped",
    "halt": "End of the longest halt",
    "worst_day": "Worst day",
    "ahead": "Furthest ahead of holding in a day",
    "behind": "Furthest behind holding in a day",
    "record": "The record",
    "deepest": "Deepest drawdown",
    "best_trade": "Best trade",
    "worst_trade": "Worst trade",
    "best_day": "Best day",
}
"""The rules by which moments are found, in words of ours."""
MOST_TRADES = 1000
_LENGTH = "drawdown_length"  # of these a time, which is told to the bar as all times are
_DIGITS = 4  # of a share: what is exact can be matched with public prices
_BARS = (15 * MINUTE, HOUR, 4 * HOUR, DAY)


class SharedFigure(Struct, frozen=True, kw_only=True):
    """A figure by the name that docs/figures.md has: a share, a ratio, or microseconds."""

    name: str
    value: float


class SharedMoment(Struct, frozen=True, kw_only=True):
    """A key moment by the rule that found it; what it measures and what holding did are shares."""

    rule: str
    time: int
    change: float | None
    holding: float | None


class SharedTrade(Struct, frozen=True, kw_only=True):
    """A round trip. ``share`` is its result as a share of what it cost."""

    opened: int | None
    closed: int
    short: bool
    share: float | None
    symbol: str | None


class SharedStory(Struct, frozen=True, kw_only=True):
    """A story for others. Instants are microseconds to the bar, shares fractions; None is unknown.

    ``curve`` has the value of a unit at the end of each day as a share of the first one, so that deposits and
    withdrawals are not in it, and beside it that of the base asset where its symbol is shown.
    """

    symbols: tuple[str, ...]
    since: int | None
    until: int | None
    bar: int
    change: float | None
    holding: float | None
    curve: tuple[tuple[int, float, float | None], ...]
    figures: tuple[SharedFigure, ...]
    moments: tuple[SharedMoment, ...]
    months: tuple[Change, ...]
    halts: tuple[tuple[int, int | None], ...]
    trades: tuple[SharedTrade, ...]  # the last ones
    closed: int  # how many in all
    won: int | None  # of those in ``trades``; None where no result is known


def shared(review: Review, *, symbols: bool) -> SharedStory:
    """What others may see of a story; with its ``symbols`` only where its owner says so."""
    performance, bar = review.performance, _bar(review)
    first, last = performance.first, performance.last
    rows = list(review.trips.rows)[-MOST_TRADES:]
    named = sorted({symbol for symbol in (review.symbol, *review.trips.symbols()) if symbol}) if symbols else []

    def held(change: float | None) -> float | None:
        return _rounded(change) if symbols else None

    def told(time: int) -> int:
        return -(-time // bar) * bar

    return SharedStory(
        symbols=tuple(named),
        since=None if review.first is None else told(review.first),
        until=told(review.last) if review.last else None,
        bar=bar,
        change=_rounded(return_of(first.value, last.value)) if first and last else None,
        holding=held(return_of(first.price, last.price)) if first and last else None,
        curve=tuple(
            (told(close.time), round(close.value / first.value, _DIGITS), held(_part(close.price, first.price)))
            for close in performance.closes()
            if first is not None and first.value
        ),
        figures=tuple(_figures(review, bar)),
        moments=tuple(
            SharedMoment(rule=each.rule, time=told(each.time), change=_rounded(each.change), holding=held(each.holding))
            for each in key_moments(review)
            if each.rule in MOMENTS
        ),
        months=tuple(
            Change(month.start, told(month.end), round(month.change, _DIGITS), held(month.holding))
            for month in performance.months()
        ),
        halts=tuple((told(each.began), None if each.ended is None else told(each.ended)) for each in review.halts),
        trades=tuple(_trade(row, bar, symbols=symbols) for row in rows),
        closed=review.trips.count,
        won=_won(row.share for row in rows),
    )


def _figures(review: Review, bar: int) -> list[SharedFigure]:
    found = {each.name: each.value for each in figures(review.performance, review.results, now=review.last)}
    wanted = ((name, found.get(name)) for name in DEFINITIONS if name in FIGURES)
    return [
        SharedFigure(name=name, value=-(-value // bar) * bar if name == _LENGTH else round(value, _DIGITS))
        for name, value in wanted
        if value is not None
    ]


def _trade(row: TripRow, bar: int, *, symbols: bool) -> SharedTrade:
    return SharedTrade(
        opened=None if row.opened is None else -(-row.opened // bar) * bar,
        closed=-(-row.closed // bar) * bar,
        short=row.short,
        share=None if row.share is None else round(row.share, 3),
        symbol=row.symbol if symbols else None,
    )


def _won(shares: Iterable[float | None]) -> int | None:
    outcomes = [Outcome.of(share) for share in shares if share is not None]
    return outcomes.count(Outcome.WON) if outcomes else None


def _bar(review: Review) -> int:
    """The time that all others are told to: about that between two readings, an hour where there is none."""
    first, last = review.performance.first, review.performance.last
    if first is None or last is None or review.readings < 2:  # noqa: PLR2004 - of one there is no distance
        return HOUR
    between = (last.time - first.time) / (review.readings - 1)
    return next((bar for bar in _BARS if between <= bar * 1.5), DAY)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, _DIGITS)


def _part(price: float | None, first: float | None) -> float | None:
    return price / first if price is not None and first else None


def of_year(story: SharedStory, year: int) -> SharedStory:
    """That year of it, as far as its days say it; what is measured over the whole is left out."""

    def within(time: int) -> bool:
        return as_datetime(time - 1).year == year

    days = [day for day in story.curve if within(day[0])]
    before = [day for day in story.curve if day[0] < (days[0][0] if days else 0)]
    days = before[-1:] + days
    start, held = (days[0][1], days[0][2]) if days else (None, None)
    trades = tuple(trade for trade in story.trades if within(trade.closed))
    return replace(
        story,
        since=days[0][0] if days else None,
        until=days[-1][0] if days else None,
        change=return_of(start, days[-1][1]) if days else None,
        holding=return_of(held, days[-1][2]) if days else None,
        curve=tuple((time, value / start, _part(price, held)) for time, value, price in days) if start else (),
        figures=(),
        moments=tuple(moment for moment in story.moments if within(moment.time)),
        months=tuple(month for month in story.months if within(month.end)),
        halts=tuple(halt for halt in story.halts if within(halt[0])),
        trades=trades,
        closed=len(trades),
        won=_won(trade.share for trade in trades),
    )
