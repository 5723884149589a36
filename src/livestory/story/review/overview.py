"""A review as page and report show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.digest.prose import verdict
from livestory.story.review.figures import Figure, figures
from livestory.story.review.moments import Moment, key_moments
from livestory.story.review.performance import Change
from livestory.story.unit_value import return_of

if TYPE_CHECKING:
    from livestory.story.results import Benchmark
    from livestory.story.review.review import Review


class Overview(Struct, frozen=True, kw_only=True):
    """A review as page and report show it."""

    verdict: str
    since: int | None
    until: int | None
    figures: tuple[Figure, ...]
    moments: tuple[Moment, ...]
    months: tuple[Change, ...]
    curves: dict[str, bool]  # which of wealth, result and price there are
    priced: tuple[str, ...]  # symbols whose price was reported
    trades: int  # round trips
    symbols: tuple[str, ...]
    reasons: tuple[str, ...]


def overview(review: Review, benchmark: Benchmark | None = None) -> Overview:
    """All of it, as it stands; ``benchmark`` is what is known of the basket elsewhere, by whoever has the settings."""
    performance, told = review.performance, review.results.told(review.results)
    first, last = performance.first, performance.last
    account = review.account
    change = return_of(first.value, last.value) if first and last else None
    return Overview(
        verdict=verdict(
            change,
            account.wealth if account is not None else None,
            account.unit if account is not None else None,
            return_of(first.price, last.price) if first and last else None,
            account.base if account is not None else None,
            told,
            benchmark or (account.benchmark() if account is not None else None),
        ),
        since=review.first,
        until=review.last or None,
        figures=figures(performance, review.results, now=review.last),
        moments=key_moments(review),
        months=tuple(performance.months()),
        curves={
            "wealth": first is not None,
            "result": bool(review.earned),
            "price": review.priced or bool(review.prices),
        },
        priced=tuple(sorted(review.prices | ({review.symbol} if review.symbol and review.priced else set()))),
        trades=review.trips.count,
        symbols=tuple(review.trips.symbols()),
        reasons=tuple(review.trips.reasons()),
    )
