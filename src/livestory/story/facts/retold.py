"""The head and the end of a story that is told after the fact."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from livestory.story.facts.base import Facts


class Retold(Facts, frozen=True, kw_only=True, tag="retold"):
    """The head of a story that is told after the fact: what it was read from, and what that does not hold."""

    source: str
    rows: int = 0
    first: int | None = None
    last: int | None = None
    in_order: bool = True  # the rows stood in the order of their times
    repeated: int = 0  # rows left out, because an earlier one has their time
    lacking: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()  # "regime", "halted", "exposure", "position"
    breaker: float | None = None  # from which halts were inferred, as a positive share
    threshold: float | None = None  # from which regimes were inferred
    hysteresis: float | None = None
    compacted: int | None = None  # the instant before which hourly extremes are left of a journal's observations


class RegimeTime(Struct, frozen=True, omit_defaults=True):
    """How long a regime lasted in all."""

    regime: str
    lasted: int


class Summary(Facts, frozen=True, kw_only=True, tag="summary"):
    """A story that is told to its end, in numbers."""

    start: int
    end: int
    wealth: float | None = None
    unit: str
    change: float | None = None  # return of the unit value: deposits and withdrawals left out
    holding: float | None = None  # return of the base asset, had it been held
    base: str
    deepest: float | None = None  # below the highest unit value before it
    deepest_from: int | None = None
    deepest_at: int | None = None
    buys: int = 0
    sells: int = 0
    fees: Decimal = Decimal(0)
    exposures: int | None = None  # changes of it, where nothing tells of fills
    regimes: tuple[RegimeTime, ...] = ()
    halts: int | None = None  # None where the table does not say
    halted: int = 0
    flow: float = 0.0
    best: float | None = None
    best_month: int | None = None
    worst: float | None = None
    worst_month: int | None = None
