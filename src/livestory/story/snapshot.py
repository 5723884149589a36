"""How a bot is, as its story knows it: what every reader of a journal may show, without what only the writer needs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from livestory.clock import MINUTE, SECOND
from livestory.story.account import Account
from livestory.story.detectors import ChapterDetector, TroubleDetector
from livestory.story.event import from_record
from livestory.story.halt_reasons import BREAKER
from livestory.story.inputs import Observation
from livestory.story.journal.entry import Identity, Kept
from livestory.story.journal.faults import corrupt
from livestory.story.journal.replica import SNAPSHOT
from livestory.story.kinds.lifecycle import Stopped
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted
from livestory.story.narrator import NARRATOR, unreadable
from livestory.story.open_positions import by_fills, by_now, opened_since
from livestory.story.results import Benchmark, CurrencyResult, Results
from livestory.story.symbol import settled_in
from livestory.story.unit_value import return_of

if TYPE_CHECKING:
    from livestory.story.inputs import PositionReading
    from livestory.story.journal.positions import Held
    from livestory.story.journal.reader import JournalReader
    from livestory.story.kinds.base import Facts
    from livestory.story.results import OpenPosition as Filled

_BARS_TIME = frozenset({"simulated", "replay"})  # modes whose time is the bars' own
_LEAST_GRACE, _MOST_GRACE = 30 * SECOND, 5 * MINUTE
_LIFECYCLE = ("started", "resumed", "stopped")
_HALTS = ("halted", "unhalted", "breaker", "phoenix")


class _Memory(Struct):
    """The part of a narrator's saved state that is shown; the rest is passed over."""

    account: Account
    chapters: ChapterDetector
    troubles: TroubleDetector = field(default_factory=TroubleDetector)
    last_observed: int = 0


_decode = msgspec.msgpack.Decoder(_Memory).decode
_COPIED: Literal[1] = 1  # the version of what `Snapshot.packed` gives


class Return(Struct, frozen=True, kw_only=True):
    """A return of the unit value (deposits and withdrawals left out), and what holding the base asset made."""

    since: int | None
    change: float | None
    holding: float | None


class Peak(Struct, frozen=True, kw_only=True):
    """What the story's drawdown counts from."""

    wealth: float  # as a balance of today's size
    drawdown: float  # of the wealth from it, 0 or negative
    unit: str | None  # that it is counted in
    time: int
    resumed_at: int | None  # it is the highest since that resume; None: the highest ever


class Start(Struct, frozen=True, kw_only=True):
    """What a bot began with, by its first reading."""

    time: int
    value: float | None  # its wealth, the unit value at the start
    price: float | None


class HaltChange(Struct, frozen=True, kw_only=True):
    """What was told of a halt since the last observation that speaks of one: a halt by hand comes between two bars."""

    halted: bool
    reason: str | None
    since: int | None  # None: another halt goes on, of which this says nothing more
    until: int | None = None


class OpenPosition(Struct, frozen=True, kw_only=True):
    """What is held of one symbol; prices are in its quote asset, None is unknown."""

    symbol: str
    quantity: Decimal  # negative is short
    entry: Decimal | None = None
    price: Decimal | None = None
    result: Decimal | None = None  # not realised yet, as reported
    asset: str | None = None  # that the result is in
    leverage: Decimal | None = None
    liquidation: Decimal | None = None
    since: int | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """A bot as its journal knew it. Instants are microseconds since the epoch, shares fractions, None is unknown."""

    journal: str  # its id
    identity: Identity
    last_seq: int
    observation: Observation | None = None  # the last, with what was told of a halt since it
    halt_change: HaltChange | None = None
    lifecycle: Kept | None = None  # the last event that told that the bot came or went
    stopped_by: str | None = None  # who or what ended it; None where it has not said goodbye
    last_halt: Kept | None = None  # the last event that told of a halt or its end
    start: Start | None = None
    wealth: float | None = None  # with deposits and withdrawals told since the last observation
    drawdown: float | None = None  # as the bot measures it, else as the story does
    peak: Peak | None = None
    breaker: float | None = None  # the drawdown that trips it, as a positive share; 0 is off
    results: tuple[CurrencyResult, ...] = ()  # since the start, of a bot with several symbols, shorts or no wealth
    began: float | None = None  # what it said that it began with, where its wealth is not known
    several: bool = False  # symbols are traded or held
    mode: str | None = None  # as it said, where its journal does not know
    benchmark: tuple[str, ...] = ()  # the symbols that "holding" is of, where it is a basket of several
    today: Return | None = None
    total: Return | None = None  # since the start
    positions: tuple[OpenPosition, ...] | None = None  # as reported last, else left by fills; None: unknown
    troubles: tuple[str, ...] = ()  # the kinds of the events that told a trouble that goes on

    @classmethod
    def read(cls, reader: JournalReader, before: Snapshot | None = None) -> Snapshot:
        """The snapshot of a journal as it is now.

        ``before`` is an earlier one of the same journal: only what came after it is looked through. Raises
        JournalError, and JournalCorrupt where the narrator's state or a record can't be read.
        """
        if reader.replica is not None and (copied := unpacked(reader.state(SNAPSHOT))) is not None:
            return replace(copied, last_seq=reader.last_seq)
        last_seq, seen = reader.last_seq, reader.last_observation()
        memory = _memory(reader)
        account = memory.account if memory else None
        after = before.last_seq if before else 0
        lifecycle = reader.last_of(_LIFECYCLE, after) or (before.lifecycle if before else None)
        last_halt = reader.last_of(_HALTS, after) or (before.last_halt if before else None)
        halt = _halt_change(reader, last_halt, seen)
        start = before.start if before else None
        if account is not None and (start is None or start.value is None):
            start = _start(reader, account)
        if seen is not None and account is not None:
            seen = account.of_all(seen)
        if seen is not None and halt is not None:
            seen = replace(seen, halted=halt.halted, halt_reason=halt.reason, resume_at=halt.until or seen.resume_at)
        found = cls(
            journal=reader.id,
            identity=reader.identity,
            last_seq=last_seq,
            observation=seen,
            halt_change=halt,
            last_halt=last_halt,
            lifecycle=lifecycle,
            stopped_by=_stopped_by(reader, lifecycle),
            start=start,
            wealth=seen.wealth if seen else None,
            positions=_positions(reader, account),
        )
        return found if memory is None else _remembered(found, memory)

    def packed(self) -> bytes:
        """As one value, for a copy of the journal, which has no narrator's state to read it from."""
        return msgspec.msgpack.encode((_COPIED, self))

    @property
    def on_bars_time(self) -> bool:
        """Whether the story's time is the bars' own, so that only a writer at work says that the bot is alive."""
        return on_bars_time(self.identity)

    @property
    def stopped(self) -> Kept | None:
        """The bot's last goodbye, where it has not come again since."""
        return self.lifecycle if self.lifecycle is not None and self.lifecycle.kind == "stopped" else None

    @property
    def at_rest(self) -> bool:
        """Whether the bot has said goodbye and nothing was observed after it."""
        return self.stopped is not None and (self.observation is None or self.stopped.time >= self.observation.time)

    def overdue_from(self, grace: int | None = None) -> int | None:
        """The instant from which the next observation is overdue; None where nothing was said of it.

        That is ``grace`` microseconds after it was due; else a quarter of the interval, within 30 seconds and five
        minutes. It says nothing of a story on the bars' time.
        """
        last = self.observation
        if last is None or last.next_due is None or self.on_bars_time:
            return None
        if grace is None:
            grace = min(max((last.next_due - last.time) // 4, _LEAST_GRACE), _MOST_GRACE)
        return last.next_due + grace


def on_bars_time(identity: Identity) -> bool:
    """Whether the time of a story is the bars' own, as in a replay or a simulation, and says nothing of the present."""
    return identity.mode in _BARS_TIME


def unpacked(stored: bytes | None) -> Snapshot | None:
    """What `Snapshot.packed` gave; None where it is nothing of this release's."""
    try:
        return msgspec.msgpack.decode(stored or b"", type=tuple[Literal[1], Snapshot])[1]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def mode_of(reader: JournalReader) -> str | None:
    """The mode that a journal's bot runs in, for who needs no more. Raises JournalError, and JournalCorrupt."""
    if reader.identity.mode is not None:
        return reader.identity.mode
    if reader.replica is not None and (copied := unpacked(reader.state(SNAPSHOT))) is not None:
        return copied.mode
    memory = _memory(reader)
    return memory.account.mode if memory is not None else None


def _memory(reader: JournalReader) -> _Memory | None:
    saved = reader.state(NARRATOR)
    try:
        return _decode(saved) if saved is not None else None
    except msgspec.MsgspecError as error:
        raise unreadable(error) from error


def _remembered(found: Snapshot, memory: _Memory) -> Snapshot:
    """With what the narrator knows besides, whose word on wealth has the deposits since the last observation."""
    account, basket = memory.account, memory.account.benchmark()
    return replace(
        found,
        wealth=account.wealth,
        drawdown=account.drawdown if account.value is not None else None,
        peak=_peak(account),
        breaker=account.rules.breaker if account.rules else None,
        results=_results(memory),
        began=account.began if account.wealth is None else None,
        several=account.several,
        mode=account.mode,
        benchmark=tuple(account.basket.worth) if basket and account.basket else (),
        today=_today(memory),
        total=_total(account, found.start),
        troubles=tuple(sorted(memory.troubles.kinds(memory.last_observed))),
    )


def _positions(reader: JournalReader, account: Account | None) -> tuple[OpenPosition, ...] | None:
    held = reader.held()
    if not held.time:
        return _by_fills(account) if account is not None else None
    read = [
        OpenPosition(
            symbol=symbol,
            quantity=each.quantity,
            entry=each.entry,
            price=each.price,
            result=each.unrealised,
            asset=settled_in(symbol),
            leverage=each.leverage,
            liquidation=each.liquidation,
            since=_held_since(reader, held, symbol, each) or _since(account, symbol, each.quantity),
        )
        for symbol, each in by_now(account, held.positions)
    ]
    if account is not None:
        read += map(_filled, opened_since(account, held.time, held.positions))
    return tuple(sorted(read, key=lambda each: each.symbol))


def _held_since(reader: JournalReader, held: Held, symbol: str, now: PositionReading) -> int | None:
    """Since when readings have it on the side that it is on now."""
    return reader.held_since(symbol, held.time) if now.quantity * held.positions[symbol].quantity > 0 else None


def _by_fills(account: Account) -> tuple[OpenPosition, ...] | None:
    """What fills have left of several symbols; None of a story of one, which its observations tell."""
    if not account.positions.keys() - {account.symbol, ""}:
        return None
    return tuple(map(_filled, by_fills(account)))


def _filled(held: Filled) -> OpenPosition:
    asset = settled_in(held.symbol)
    return OpenPosition(
        symbol=held.symbol or "", quantity=held.quantity, entry=held.entry, asset=asset, since=held.since
    )


def _since(account: Account | None, symbol: str, quantity: Decimal) -> int | None:
    """Since when fills have opened what is held, where they and the bot agree on how much that is."""
    holding = account.positions.get(symbol) if account is not None else None
    if holding is None or holding.quantity != quantity or holding.trip is None:
        return None
    return holding.trip.since


def _halt_change(reader: JournalReader, told: Kept | None, seen: Observation | None) -> HaltChange | None:
    """The last word on a halt, if it came after the observation ``seen``."""
    if told is None or (seen is not None and told.time <= seen.time and _speaks_of_halts(seen, told)):
        return None
    match _facts(reader, told):
        case BreakerTripped(resume_at=until):
            return HaltChange(halted=True, reason=BREAKER, since=told.time, until=until)
        case Halted(reason=reason, until=until):
            return HaltChange(halted=True, reason=reason, since=told.time, until=until)
        case Phoenix(still=still) | Unhalted(still=still):
            return HaltChange(halted=still is not None, reason=still, since=None)
    return None


def _speaks_of_halts(seen: Observation, told: Kept) -> bool:
    """Return True if the observation decides whether the bot is halted.

    If it gives no reason for the halt, the event that told the halt decides.
    """
    return seen.halted is not None and not (seen.halted and seen.halt_reason is None and told.kind == "halted")


def _stopped_by(reader: JournalReader, lifecycle: Kept | None) -> str | None:
    if lifecycle is None or lifecycle.kind != "stopped":
        return None
    facts = _facts(reader, lifecycle)
    return facts.by if isinstance(facts, Stopped) else ""


def first_value(reader: JournalReader) -> float | None:
    """The value of a unit that "since the start" counts from; None where none is known yet."""
    start = Snapshot.read(reader).start
    return start.value if start is not None else None


def _start(reader: JournalReader, account: Account) -> Start | None:
    """The first observation, from which a chapter counts too: a table of the story has no more."""
    first = next(iter(reader.observations()), None)
    if first is None:
        return None
    if account.first is None:  # it told no wealth, or a former livestory remembered none
        return Start(time=first.time, value=first.wealth, price=first.price)
    return Start(time=first.time, value=account.first, price=account.first_price)


def _facts(reader: JournalReader, event: Kept) -> Facts:
    try:
        return from_record(event.record, event.line, event.id, event.seq).facts
    except msgspec.MsgspecError as error:
        raise corrupt(reader.path, f"event {event.seq} ({error})") from error


def _peak(account: Account) -> Peak | None:
    if account.value is None or not account.peak:
        return None
    return Peak(
        wealth=account.as_wealth(account.peak),
        drawdown=account.value / account.peak - 1.0,
        unit=account.unit,
        time=account.peak_time,
        resumed_at=account.resumed_at,
    )


def _today(memory: _Memory) -> Return | None:
    day, account = memory.chapters.tallies.get("day"), memory.account
    return _return(account, day.since, day.value, day.price, account.benchmark(day.basket)) if day is not None else None


def _results(memory: _Memory) -> tuple[CurrencyResult, ...]:
    if memory.account.wealth is not None and not memory.account.portfolio:
        return ()
    total = Results()
    total.append(memory.chapters.total)
    if (day := memory.chapters.tallies.get("day")) is not None:
        total.append(day.results)
    return total.told(total)


def _total(account: Account, start: Start | None) -> Return:
    if start is None:
        return Return(since=None, change=None, holding=None)
    return _return(account, start.time, start.value, start.price, account.benchmark())


def _return(account: Account, since: int, value: float | None, price: float | None, basket: Benchmark | None) -> Return:
    """The return from that unit value and that price to now."""
    holding = basket.change if basket is not None else return_of(price, account.price)
    return Return(since=since, change=return_of(value, account.value), holding=holding)
