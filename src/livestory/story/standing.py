"""How a bot stands when a period ends: how far it is from its breaker and its record, and whether all is well."""

from __future__ import annotations

from msgspec import Struct


class BreakerDistance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a bot that is not halted is from its breaker. Shares are fractions, None is unknown."""

    drawdown: float  # now
    limit: float  # the drawdown that trips it, as a positive share
    since_resume: bool = False  # the drawdown counts from the best wealth since then, else from the record
    wealth: float  # at which it trips
    fall: float  # of the wealth to that, negative
    price: float | None = None  # at which it is about that, where one price moves the whole


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The highest wealth that is known, as a balance of today's size."""

    wealth: float
    next_told: float | None = None  # the wealth from which on another record is told
    at: int | None = None  # when it was


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What failed in a period, what the owner did, and what is asked of the owner at its end."""

    failed: dict[str, int] = {}  # the short name of what told it -> how often; of a gap, its bars
    by_hand: dict[str, int] = {}  # the same of what the owner did
    asked: tuple[str, ...] = ()  # the short names of what waits for the owner
    bars_known: bool = False  # the bot says when its next observation is due, so that a missing bar is noticed
