"""How the bot is: one snapshot, from its observations and what the story knows, never from the text of a line."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from livestory.outlets.silence import REPLAYED, overdue_from
from livestory.story.account import Account, tripped
from livestory.story.detectors import ChapterDetector
from livestory.story.halt_told import HaltTold
from livestory.story.inputs import Observation
from livestory.story.journal.entry import Identity
from livestory.story.wording.numbers import decimals

State = Literal["waiting", "trouble", "loading", "unknown", "trading", "halted", "stopped", "overdue"]


class Halt(Struct, frozen=True, kw_only=True):
    """What keeps the bot from buying, and what it waits for."""

    reason: str | None
    breaker: bool = False
    since: int | None
    resume_at: int | None = None
    resume_score: float | None = None


class Return(Struct, frozen=True, kw_only=True):
    """A return of the unit value (deposits and withdrawals left out), and what holding the base asset made."""

    since: int | None
    change: float | None
    holding: float | None


class Status(Struct, frozen=True, kw_only=True):
    """A bot as its story knows it. Instants are microseconds since the epoch, shares fractions, None is unknown."""

    story: str
    state: State
    now: int
    journal: str | None = None
    last_seq: int = 0
    first_time: int | None = None
    trouble: str | None = None  # why nothing can be read, in words for a person
    bot: str | None = None
    mode: str | None = None
    symbol: str | None = None
    unit: str | None = None
    decimals: int = 4  # that wealth is shown with
    clock: Literal["wall", "bars"] = "wall"  # whose time the instants are
    heard: int | None = None  # the last observation
    committed: int | None = None  # when the journal last grew, by the machine's clock
    next_due: int | None = None
    halt: Halt | None = None
    daily_loss_hit: bool | None = None
    wealth: float | None = None
    price: float | None = None
    position: float | None = None
    weight: float | None = None
    target_weight: float | None = None
    today: Return | None = None
    total: Return | None = None
    drawdown: float | None = None
    breaker: float | None = None  # the drawdown that trips it, as a positive share; 0 is off
    regime: str | None = None
    regime_since: int | None = None
    score: float | None = None
    threshold: float | None = None
    kinds: dict[str, int] = {}


class Known(Struct):
    """The part of the narrator's memory that the page shows; the rest is passed over."""

    account: Account
    chapters: ChapterDetector


known = msgspec.msgpack.Decoder(Known).decode
"""Decode the narrator's state as the journal keeps it. Raises msgspec.MsgspecError."""


class Origin(Struct, frozen=True, kw_only=True):
    """Where the story's total return counts from."""

    time: int | None = None
    value: float | None = None
    price: float | None = None


class Heard(Struct, frozen=True, kw_only=True):
    """Everything that a snapshot is made of, as it was when the journal last changed."""

    journal: str
    identity: Identity
    last_seq: int
    first_time: int | None
    kinds: dict[str, int]
    observation: Observation | None
    known: Known | None
    origin: Origin
    stopped_at: int | None  # the last goodbye, if nothing came after it
    halt: HaltTold | None  # told since the observation
    halted_since: int | None
    regime_since: int | None
    committed: int


def status_of(story: str, heard: Heard, now: int, *, written: bool) -> Status:
    """The snapshot at ``now``; ``written``: a process holds the journal as its writer."""
    observation, identity = heard.observation, heard.identity
    account = heard.known.account if heard.known else None
    rules = account.rules if account else None
    last = observation
    return Status(
        story=story,
        state=_state(heard, now, written=written),
        now=now,
        journal=heard.journal,
        last_seq=heard.last_seq,
        first_time=heard.first_time,
        bot=identity.bot,
        mode=identity.mode,
        symbol=identity.symbol,
        unit=identity.unit,
        decimals=decimals(identity.unit),
        clock="bars" if identity.mode in REPLAYED else "wall",
        heard=last.time if last else None,
        committed=heard.committed,
        next_due=last.next_due if last else None,
        halt=_halt(heard),
        daily_loss_hit=last.daily_loss_hit if last else None,
        wealth=account.wealth if account else (last.wealth if last else None),
        price=last.price if last else None,
        position=last.position if last else None,
        weight=last.weight if last else None,
        target_weight=last.target_weight if last else None,
        today=_today(heard),
        total=_total(heard),
        drawdown=account.drawdown if account and account.value is not None else None,
        breaker=rules.breaker if rules else None,
        regime=last.regime if last else None,
        regime_since=heard.regime_since if last and last.regime else None,
        score=last.score if last else None,
        threshold=last.threshold if last else None,
        kinds=heard.kinds,
    )


def _state(heard: Heard, now: int, *, written: bool) -> State:
    last = heard.observation
    if heard.stopped_at is not None and (last is None or heard.stopped_at >= last.time):
        return "stopped"
    if last is None:
        return "halted" if heard.halt is not None and heard.halt.halted else "unknown"
    if _overdue(heard, last, now, written=written):
        return "overdue"
    return "halted" if last.halted else "trading"


def _overdue(heard: Heard, last: Observation, now: int, *, written: bool) -> bool:
    if heard.identity.mode in REPLAYED:
        return not written
    limit = overdue_from(last)
    return limit is not None and now > limit


def _halt(heard: Heard) -> Halt | None:
    last, told = heard.observation, heard.halt
    if last is None:
        return Halt(reason=told.reason, since=told.since) if told is not None and told.halted else None
    if not last.halted:
        return None
    breaker = tripped(last.halt_reason)
    return Halt(
        reason=last.halt_reason,
        breaker=breaker,
        since=(told.since if told is not None else None) or heard.halted_since,
        resume_at=last.resume_at if breaker else None,
        resume_score=last.resume_score,
    )


def _today(heard: Heard) -> Return | None:
    if heard.known is None or (day := heard.known.chapters.tallies.get("day")) is None:
        return None
    account = heard.known.account
    return Return(since=day.since, change=_change(day.value, account.value), holding=_change(day.price, account.price))


def _total(heard: Heard) -> Return | None:
    if heard.known is None:
        return None
    origin, account = heard.origin, heard.known.account
    return Return(
        since=origin.time, change=_change(origin.value, account.value), holding=_change(origin.price, account.price)
    )


def _change(before: float | None, after: float | None) -> float | None:
    return after / before - 1.0 if before and after is not None else None
