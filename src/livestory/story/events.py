"""The vocabulary: what can happen in a bot's story, as frozen records with stable short names.

An `Event` is one line of the story: its time, its facts and the line itself. Its facts are one of the kinds below, told
apart by a short name (the tag) that never changes once released; a field may be added with a default, and is never
renamed or given another meaning. Money is in the story's unit, shares and returns are fractions, instants and durations
are microseconds, None is unknown.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec
from msgspec import Struct

from livestory.story.observation import Reason

RECORD_VERSION = 1


class Facts(Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """What an event of one kind has to say."""

    critical: ClassVar[bool] = False  # the owner wants to be woken for it


class Started(Facts, frozen=True, kw_only=True, tag="started"):
    """The bot's first start: the story begins."""

    wealth: float | None = None
    unit: str
    mode: str | None = None
    market: str | None = None
    symbol: str | None = None
    interval: int | None = None
    position: float | None = None
    cash: float | None = None
    price: float | None = None
    first: bool = False  # livestory began it, and knows that nothing came before


class Resumed(Facts, frozen=True, kw_only=True, tag="resumed"):
    """The bot came back."""

    away: int | None = None  # None in a replay, where no time passes
    last_heard: int
    clean: bool  # it had said goodbye
    missed_bars: int | None = None
    wealth: float | None = None
    expected: float | None = None
    unit: str


class Stopped(Facts, frozen=True, kw_only=True, tag="stopped"):
    """The bot said goodbye."""

    by: str  # "you", "bars" (a replay's end), "error", or a caller's own words
    wealth: float | None = None
    position: float | None = None
    base: str | None = None
    unit: str | None = None


class Rules(Facts, frozen=True, kw_only=True, tag="rules"):
    """The rules in force. None is unknown; a rule that is off is 0."""

    breaker: float | None = None  # drawdown that trips it, as a positive share
    cooldown: int | None = None
    resume_score: float | None = None
    daily_loss: float | None = None
    max_weight: float | None = None
    threshold: float | None = None
    hysteresis: float | None = None
    ath_min_gain: float | None = None
    base: str | None = None
    strategy: str | None = None
    step: float | None = None  # share of wealth of one step of a staged entry
    fee: float | None = None  # share of a trade that it is reckoned to cost
    settings: dict[str, str] = {}  # everything else that is set, by the configuration's names; told when it changes


class RulesChanged(Facts, frozen=True, kw_only=True, tag="rules_changed"):
    """The rules that changed since the story last told them."""

    before: Rules
    after: Rules


class RegimeSwitch(Facts, frozen=True, kw_only=True, tag="regime"):
    """The market's regime as the bot sees it; ``previous`` is None at the first reading."""

    regime: str
    previous: str | None = None
    score: float | None = None
    limit: float | None = None  # the bound that the score crossed
    upper: float | None = None
    lower: float | None = None
    lasted: int | None = None  # how long the previous regime did
    halted: bool = False
    strategy: str | None = None


class Trade(Facts, frozen=True, kw_only=True, tag="trade"):
    """What was filled."""

    side: str
    quantity: Decimal
    price: Decimal
    base: str
    quote: str
    symbol: str | None = None
    effect: str | None = None
    short: bool = False
    reason: Reason | None = None
    step: int | None = None
    weight_before: float | None = None
    weight_after: float | None = None
    position_after: Decimal | None = None
    result: float | None = None  # of what this fill closed, after fees, as a share of its cost
    gain: Decimal | None = None  # the same in the quote asset
    fee: Decimal | None = None
    trade_id: str | None = None
    reference: Decimal | None = None
    wanted: Decimal | None = None
    wealth: float | None = None
    put_off: int | None = None


class PutOff(Facts, frozen=True, kw_only=True, tag="put_off"):
    """A trade that was wanted and not made; told once until something is traded."""

    side: str | None = None
    quantity: Decimal | None = None
    base: str | None = None
    symbol: str | None = None
    reason: Reason


class Exposure(Facts, frozen=True, kw_only=True, tag="exposure"):
    """The weight that the bot wants changed, where nothing tells of fills; ``before`` is None at the first reading."""

    before: float | None = None
    after: float
    base: str
    price: float | None = None
    reason: Reason | None = None


class NewHigh(Facts, frozen=True, kw_only=True, tag="ath"):
    """An all-time high of the unit value; the balance is shown."""

    wealth: float
    unit: str
    previous: float | None = None
    price: float | None = None
    next_told: float | None = None


class HalfWay(Facts, frozen=True, kw_only=True, tag="halfway"):
    """The drawdown is half-way to the breaker."""

    drawdown: float
    peak: float
    peak_time: int | None = None
    wealth: float
    limit: float
    unit: str
    since_resume: int | None = None  # the resume the drawdown counts from; None = the record
    price: float | None = None
    price_at_limit: float | None = None


class Drawdown(Facts, frozen=True, kw_only=True, tag="drawdown"):
    """A deep drawdown of a bot that does not say whether it halts."""

    drawdown: float
    peak: float
    wealth: float
    unit: str
    peak_time: int


class DrawdownOver(Facts, frozen=True, kw_only=True, tag="drawdown_over"):
    """The peak of a told drawdown is reached again."""

    wealth: float
    unit: str
    lasted: int
    deepest: float


class BreakerTripped(Facts, frozen=True, kw_only=True, tag="breaker"):
    """The safety breaker tripped."""

    critical: ClassVar[bool] = True

    drawdown: float | None = None
    peak: float | None = None
    peak_time: int | None = None
    wealth: float | None = None
    unit: str | None = None
    limit: float | None = None
    since_resume: int | None = None
    position: float | None = None
    base: str | None = None
    resume_at: int | None = None
    resume_score: float | None = None


class WaitOver(Facts, frozen=True, kw_only=True, tag="wait_over"):
    """The breaker's cooldown ended without a resume."""

    waited: int
    score: float | None = None
    resume_score: float | None = None


class Phoenix(Facts, frozen=True, kw_only=True, tag="phoenix"):
    """Trading resumes after the breaker."""

    critical: ClassVar[bool] = True

    halted: int | None = None
    score: float | None = None
    resume_score: float | None = None
    sold_at: Decimal | None = None
    price: float | None = None
    wealth: float | None = None
    regime: str | None = None


class Halted(Facts, frozen=True, kw_only=True, tag="halted"):
    """The bot halted for a reason other than the breaker."""

    critical: ClassVar[bool] = True

    reason: str | None = None
    position: float | None = None
    base: str | None = None


class Unhalted(Facts, frozen=True, kw_only=True, tag="unhalted"):
    """A halt for a reason other than the breaker is over."""

    reason: str | None = None
    halted: int


class DailyLimit(Facts, frozen=True, kw_only=True, tag="daily_limit"):
    """The daily loss limit blocks buys until the day ends."""

    critical: ClassVar[bool] = True

    day_return: float | None = None
    limit: float | None = None
    position: float | None = None
    base: str | None = None
    weight: float | None = None
    drawdown: float | None = None
    breaker: float | None = None


class DailyLimitOver(Facts, frozen=True, kw_only=True, tag="daily_limit_over"):
    """The day of the daily loss limit ended."""

    blocked: int
    weight: float | None = None
    base: str | None = None
    drawdown: float | None = None


class BarCount(Struct, frozen=True, omit_defaults=True):
    """How often one reason kept the bot from trading, and the time it came nearest to its limit."""

    bars: int
    nearest: Reason


class Chapter(Facts, frozen=True, kw_only=True, tag="chapter"):
    """A day, week, month or year that ended."""

    period: str  # "day", "week", "month" or "year"
    start: int
    end: int
    since: int | None = None  # from where it counts, where that is not its start: the story began, or was away, then
    wealth: float | None = None
    wealth_before: float | None = None
    unit: str
    change: float | None = None  # return of the unit value: deposits and withdrawals left out
    holding: float | None = None  # return of the base asset, had it been held
    base: str | None = None
    buys: int = 0
    sells: int = 0
    trades_known: bool = True
    exposures: int = 0  # changes of it, told where trades are not known
    fees: Decimal = Decimal(0)
    deepest: float | None = None
    deepest_from: int | None = None
    deepest_at: int | None = None
    bars: int = 0
    trips: int = 0
    halted: int = 0
    trend_share: float | None = None
    regime: str | None = None
    drawdown: float | None = None  # at its end, where that is nearer to the breaker's limit than to the peak
    limit: float | None = None  # of the breaker
    flow: float = 0.0
    best: float | None = None
    best_day: int | None = None
    worst: float | None = None
    worst_day: int | None = None
    no_trade: tuple[BarCount, ...] = ()


class Quiet(Facts, frozen=True, kw_only=True, tag="quiet"):
    """Nothing was told for a while: a sign of life, and why nothing was traded."""

    silence: int
    bars: int
    halted: bool | None = None
    halt_reason: str | None = None
    resume_at: int | None = None
    resume_score: float | None = None
    score: float | None = None
    position: float | None = None
    base: str | None = None
    quote: str | None = None
    weight: float | None = None
    target_weight: float | None = None
    price: float | None = None
    sold_at: Decimal | None = None
    drawdown: float | None = None  # as in a chapter
    limit: float | None = None
    no_trade: tuple[BarCount, ...] = ()


class DataGap(Facts, frozen=True, kw_only=True, tag="gap"):
    """Bars that never came."""

    bars: int
    first: int  # the instant at which the first missing observation was due
    last: int
    price_before: float | None = None
    price_after: float | None = None


class FlowTold(Facts, frozen=True, kw_only=True, tag="flow"):
    """A deposit or a withdrawal: not profit, not loss."""

    amount: float
    unit: str
    came: int | None = None
    wealth_before: float | None = None
    wealth_after: float | None = None
    record_before: float | None = None
    record_after: float | None = None
    drawdown: float | None = None


class ReadingRefused(Facts, frozen=True, kw_only=True, tag="reading_refused"):
    """A reading that can't be true."""

    what: str  # "wealth", "price" or "score"
    reading: str
    expected: float | None = None
    unit: str


class ReadingBack(Facts, frozen=True, kw_only=True, tag="reading_back"):
    """The readings are believed again."""

    what: str
    value: float
    unit: str
    refused: int


class ToldInPart(Facts, frozen=True, kw_only=True, tag="told_in_part"):
    """What the bot does not report, and what therefore stays untold."""

    lacking: tuple[str, ...]


class Retold(Facts, frozen=True, kw_only=True, tag="retold"):
    """The head of a story that is told after the fact: what it was read from, and what that does not hold."""

    source: str
    rows: int = 0
    first: int | None = None
    last: int | None = None
    in_order: bool = True  # the rows stood in the order of their times
    repeated: int = 0  # rows left out, because an earlier one has their time
    lacking: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()  # "regime", "halted", "exposure"
    breaker: float | None = None  # from which halts were inferred, as a positive share
    threshold: float | None = None  # from which regimes were inferred
    hysteresis: float | None = None


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


class StoryLate(Facts, frozen=True, kw_only=True, tag="story_late"):
    """The story was in trouble; what was told meanwhile came late, or not at all."""

    lines: int
    lost: int = 0
    since: int
    until: int
    trouble: str


class SetAside(Facts, frozen=True, kw_only=True, tag="set_aside"):
    """A damaged journal was set aside and a new one begun."""

    critical: ClassVar[bool] = True

    name: str
    trouble: str


class ClockMoved(Facts, frozen=True, kw_only=True, tag="clock_moved"):
    """The machine's clock was set back."""

    by: int


class Note(Facts, frozen=True, kw_only=True, tag="note"):
    """Somebody's own words."""

    topic: str = "Note"
    text: str


AnyFacts = (
    Started
    | Resumed
    | Stopped
    | Rules
    | RulesChanged
    | RegimeSwitch
    | Trade
    | PutOff
    | Exposure
    | NewHigh
    | HalfWay
    | Drawdown
    | DrawdownOver
    | BreakerTripped
    | WaitOver
    | Phoenix
    | Halted
    | Unhalted
    | DailyLimit
    | DailyLimitOver
    | Chapter
    | Quiet
    | DataGap
    | FlowTold
    | ReadingRefused
    | ReadingBack
    | ToldInPart
    | Retold
    | Summary
    | StoryLate
    | SetAside
    | ClockMoved
    | Note
)

_encode = msgspec.json.Encoder(order="deterministic").encode


class Event(Struct, frozen=True):
    """One line of the story, with the facts behind it.

    ``seq`` is its place in the journal, from 1 and without holes; None means that it waits in memory and is not durable
    yet. ``id`` is unique: the caller's trade id, or the number of the call that told it.
    """

    time: int
    facts: Facts
    line: str
    id: str = ""
    seq: int | None = None

    @property
    def kind(self) -> str:
        """The short name of what happened."""
        tag = self.facts.__struct_config__.tag
        return str(tag)

    def record(self) -> bytes:
        """The event as JSON: the bytes that the journal keeps and chains. Wall time and process data stay out of it."""
        return _encode({"v": RECORD_VERSION, "time": self.time, "facts": self.facts})


class _Record(Struct):
    v: int
    time: int
    facts: AnyFacts


_decode = msgspec.json.Decoder(_Record).decode


def from_record(record: bytes, line: str, event_id: str, seq: int) -> Event:
    """The event that a journal keeps. Raises msgspec.DecodeError where the bytes are no record of this version."""
    stored = _decode(record)
    if stored.v != RECORD_VERSION:
        message = f"record version {stored.v}; this livestory reads version {RECORD_VERSION}"
        raise msgspec.ValidationError(message)
    return Event(stored.time, stored.facts, line, event_id, seq)


KINDS: dict[str, type[Facts]] = {str(kind.__struct_config__.tag): kind for kind in AnyFacts.__args__}
"""Every kind of event by its short name."""
