"""How the bot is: one snapshot, from its observations and what the story knows, never from the text of a line."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from livestory.story.account import tripped
from livestory.story.snapshot import OpenPosition, Return, Snapshot
from livestory.story.wording.numbers import decimals

State = Literal["waiting", "trouble", "loading", "unknown", "trading", "halted", "stopped", "overdue", "catching_up"]


class HaltStatus(Struct, frozen=True, kw_only=True):
    """What keeps the bot from buying, and what it waits for."""

    reason: str | None
    breaker: bool = False
    since: int | None
    resume_at: int | None = None
    resume_score: float | None = None


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
    gone: bool = False  # no process writes the story any more, and it was told no goodbye
    heard: int | None = None  # the last observation
    committed: int | None = None  # when the journal last grew, by the machine's clock
    next_due: int | None = None
    halt: HaltStatus | None = None
    daily_loss_hit: bool | None = None
    wealth: float | None = None
    price: float | None = None
    position: float | None = None
    positions: tuple[OpenPosition, ...] | None = None  # of a bot that reports them
    weight: float | None = None
    target_weight: float | None = None
    benchmark: tuple[str, ...] = ()  # the symbols that "holding" is of, where it is a basket of several
    today: Return | None = None
    total: Return | None = None
    drawdown: float | None = None
    peak_time: int | None = None  # when the wealth was highest that the drawdown counts from
    resumed_at: int | None = None  # the resume since which it is the highest; None: it is the record
    breaker: float | None = None  # the drawdown that trips it, as a positive share; 0 is off
    regime: str | None = None
    regime_since: int | None = None
    score: float | None = None
    threshold: float | None = None
    kinds: dict[str, int] = {}  # how many events there are of each kind
    unshown: dict[str, int] = {}  # and how many of them are not shown


def status_of(  # noqa: PLR0913 - what the snapshot lacks, which the page keeps of the whole story
    story: str,
    bot: Snapshot,
    *,
    last_seq: int,
    first_time: int | None,
    halted_since: int | None,
    regime_since: int | None,
    committed: int,
    kinds: dict[str, int],
    unshown: dict[str, int],
) -> Status:
    """The status of the story of that name, but for its state and the present instant."""
    last, identity = bot.observation, bot.identity
    return Status(
        story=story,
        state="unknown",
        now=0,
        journal=bot.journal,
        last_seq=last_seq,
        first_time=first_time,
        bot=identity.bot,
        mode=identity.mode or bot.mode,
        symbol=identity.symbol,
        unit=identity.unit,
        decimals=decimals(identity.unit),
        clock="bars" if bot.on_bars_time else "wall",
        heard=last.time if last else None,
        committed=committed,
        next_due=last.next_due if last else None,
        halt=_halt(bot, halted_since),
        daily_loss_hit=last.daily_loss_hit if last else None,
        wealth=bot.wealth,
        price=last.price if last else None,
        position=last.position if last else None,
        positions=bot.positions,
        weight=last.weight if last else None,
        target_weight=last.target_weight if last else None,
        benchmark=bot.benchmark,
        today=bot.today,
        total=bot.total,
        drawdown=bot.drawdown,
        peak_time=bot.peak.time if bot.peak else None,
        resumed_at=bot.peak.resumed_at if bot.peak else None,
        breaker=bot.breaker,
        regime=last.regime if last else None,
        regime_since=regime_since if last and last.regime else None,
        score=last.score if last else None,
        threshold=last.threshold if last else None,
        kinds=kinds,
        unshown=unshown,
    )


def state_of(bot: Snapshot, now: int, *, written: bool, moving: bool) -> State:
    """The state at ``now``; ``written``: a process writes the journal; ``moving``: observations come right now."""
    last, halt, limit = bot.observation, bot.halt_change, bot.overdue_from()
    if bot.at_rest:
        return "stopped"
    if gone(bot, written=written):
        return "overdue"
    if limit is not None and now > limit:
        return "catching_up" if moving else "overdue"
    if last is None:
        return "halted" if halt is not None and halt.halted else "unknown"
    return "halted" if last.halted else "trading"


def gone(bot: Snapshot, *, written: bool) -> bool:
    """Whether the bot was killed or has crashed: one that never tells that it comes or goes can't be known to."""
    came = bot.on_bars_time or bot.lifecycle is not None
    return not written and came and bot.stopped is None


def _halt(bot: Snapshot, halted_since: int | None) -> HaltStatus | None:
    last, change = bot.observation, bot.halt_change
    if last is None:
        if change is None or not change.halted:
            return None
        return HaltStatus(reason=change.reason, since=change.since, resume_at=change.until)
    if not last.halted:
        return None
    breaker = tripped(last.halt_reason)
    return HaltStatus(
        reason=last.halt_reason,
        breaker=breaker,
        since=(change.since if change is not None else None) or halted_since,
        resume_at=last.resume_at if breaker else change.until if change is not None else None,
        resume_score=last.resume_score,
    )
