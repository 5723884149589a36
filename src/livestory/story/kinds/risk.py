"""Drawdowns, and what keeps the bot from trading."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from livestory.clock import DAY
from livestory.story.halt_reasons import BREAKER, ENDED_BY_OWNER, JOURNAL, OWNER
from livestory.story.kinds.base import (
    DRAWDOWN,
    HALT,
    Facts,
    Group,
    Kind,
    Mark,
    OfACaller,
    Retelling,
    Tone,
    equals,
    has,
)
from livestory.story.wording import numbers, performance
from livestory.story.wording.beside import beside
from livestory.story.wording.columns import Words
from livestory.story.wording.text import escape, none_of, of

if TYPE_CHECKING:
    from collections.abc import Iterable


class HalfWay(Facts, frozen=True, kw_only=True, tag="halfway"):
    """The drawdown is half-way to the breaker."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("⚠️", "Half-way to Breaker", "DD: {drawdown:percent beside trips_at}"),),
        group=Group.SAFETY,
        tone=Tone.WARNING,
        retelling=Retelling.ANEW,
        needs=DRAWDOWN | {"price", "position"},
    )

    drawdown: float
    peak: float
    peak_time: int | None = None
    wealth: float
    limit: float
    unit: str | None = None
    since_resume: int | None = None  # the resume the drawdown counts from; None = the record
    price: float | None = None
    price_at_limit: float | None = None

    @property
    def trips_at(self) -> float:
        """The drawdown that trips the breaker."""
        return -self.limit

    def why(self, time: int, /) -> Iterable[str]:
        price = f", price {numbers.exact(self.price)}" if self.price is not None else ""
        yield _from_peak(self, time) + price
        about = f", about price {numbers.average(self.price_at_limit)}" if self.price_at_limit is not None else ""
        _, limit = beside(self.drawdown, self.trips_at, numbers.percent)
        yield f"sells all at {limit}{about}"


class Drawdown(Facts, frozen=True, kw_only=True, tag="drawdown"):
    """A deep drawdown of a bot that does not say whether it halts."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("⚠️", "Drawdown", "DD: {drawdown:percent}"),),
        group=Group.SAFETY,
        tone=Tone.WARNING,
        retelling=Retelling.ANEW,
        needs=DRAWDOWN,
    )

    drawdown: float
    peak: float
    wealth: float
    unit: str | None = None
    peak_time: int

    def why(self, time: int, /) -> Iterable[str]:
        peak = f"{numbers.wealth(self.peak, self.unit)} ({numbers.moment(self.peak_time, time)})"
        yield f"from the record {peak} to {numbers.wealth(self.wealth, self.unit)}"


class DrawdownOver(Facts, frozen=True, kw_only=True, tag="drawdown_over"):
    """The peak of a told drawdown is reached again."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🟩", "Drawdown Over", "back at {wealth:wealth}{unit:asset}"),),
        group=Group.SAFETY,
        tone=Tone.GOOD,
        retelling=Retelling.ANEW,
        needs=DRAWDOWN,
    )

    wealth: float
    unit: str | None = None
    lasted: int
    deepest: float

    def why(self, _time: int, /) -> Iterable[str]:
        yield f"under its record for {numbers.duration(self.lasted)}, deepest {numbers.percent(self.deepest)}"


class BreakerTripped(OfACaller, frozen=True, kw_only=True, tag="breaker"):
    """The safety breaker tripped."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🚨", "SAFETY BREAKER TRIPPED", "DD: {drawdown:percent beside trips_at}", has("drawdown")),
            Words("🚨", "SAFETY BREAKER TRIPPED", "DD: not known"),
        ),
        group=Group.SAFETY,
        tone=Tone.ALARM,
        retelling=Retelling.ANEW,
        mark=Mark.BREAKER,
        critical=True,
        needs=DRAWDOWN | HALT | {"resume_at", "resume_score"},
    )

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
    told: bool = False  # by the bot as it happened, not by an observation

    @property
    def trips_at(self) -> float | None:
        """The drawdown that trips the breaker, where that is known."""
        return -self.limit if self.limit else None

    def why(self, time: int, /) -> Iterable[str]:
        if self.peak is not None and self.wealth is not None:
            limit = _limit(self.drawdown, self.trips_at)
            yield f"{_from_peak(self, time)} at bar close" + (f", {limit}" if limit else "")
        if self.position is not None:
            all_of_it = f"selling all {of(numbers.exact(self.position), self.base)}"
            yield all_of_it if self.position else f"{none_of(self.base)} to sell"
        yield _until(self.resume_at, self.resume_score, time)


class WaitOver(Facts, frozen=True, kw_only=True, tag="wait_over"):
    """The breaker's cooldown ended without a resume."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("⏳", "Wait Over", "still halted"),),
        group=Group.SAFETY,
        tone=Tone.WARNING,
        retelling=Retelling.ANEW,
        needs=frozenset({"halted", "halt_reason", "resume_at", "resume_score", "score"}),
    )

    waited: int
    score: float | None = None
    resume_score: float | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        if self.score is not None and self.resume_score is not None and self.score < self.resume_score:
            score, limit = beside(self.score, self.resume_score, numbers.score, numbers.bound)
            yield f"{numbers.duration(self.waited)} are over, but score {score} < {limit}"
            yield f"may buy again from the first bar with {limit} or more"
            yield "no date can be told"
        else:
            yield f"{numbers.duration(self.waited)} are over"


class Phoenix(OfACaller, frozen=True, kw_only=True, tag="phoenix"):
    """Trading resumes after the breaker."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🔥", "PHOENIX ACTIVATED", "Resuming Trading"),),
        group=Group.SAFETY,
        tone=Tone.GREAT,
        retelling=Retelling.ANEW,
        mark=Mark.PHOENIX,
        critical=True,
        needs=HALT | {"wealth", "price", "score", "resume_score", "regime", "fill"},
    )

    halted: int | None = None
    score: float | None = None
    resume_score: float | None = None
    sold_at: Decimal | None = None
    sold: Decimal | None = None  # at that price, where it was all that the halt sold
    price: float | None = None
    wealth: float | None = None
    unit: str | None = None
    quote: str | None = None
    regime: str | None = None
    still: str | None = None  # the reason of another halt that goes on
    told: bool = False  # by the bot as it happened, not by an observation
    breaker_at: float | None = None  # the wealth at which it would trip again
    at_once: bool = False  # from the record it would trip again at once
    regime_since: int | None = None

    @property
    def missed(self) -> Decimal | None:
        """What the price has made meanwhile of what was sold; negative where it fell."""
        if self.sold is None or self.sold_at is None or self.price is None:
            return None
        return self.sold * (Decimal(str(self.price)) - self.sold_at)

    def why(self, time: int, /) -> Iterable[str]:
        if self.halted is not None:
            yield f"halted {numbers.duration(self.halted)}"
        if self.score is not None and self.resume_score is not None:
            score, limit = beside(self.score, self.resume_score, numbers.score, numbers.bound)
            yield f"score {score} ≥ {limit}"
        if self.sold_at and self.price is not None:
            since = self.price / float(self.sold_at) - 1
            end = " not earned" if since > 0 else " not lost" if since < 0 else ""
            if self.missed:
                end = f", {performance.money(abs(self.missed), self.quote).lstrip('+')}{end} with it"
            now = f"now {numbers.exact(self.price)}: {numbers.percent(since)}{end}"
            yield f"sold at {numbers.exact(self.sold_at)}, {now}"
        if self.wealth is not None:
            why = " (from the record it would trip at once)" if self.at_once else ""
            yield f"DD counts anew from {numbers.wealth(self.wealth, self.unit)}{why}"
        if self.breaker_at is not None:
            yield f"breaker now at {of(numbers.wealth(self.breaker_at, self.unit), self.unit)}"
        if self.regime:
            known = self.regime_since is not None and self.regime_since < time
            yield f"regime {escape(self.regime)}" + (
                f" since {numbers.moment(self.regime_since or 0, time)}" if known else ""
            )
        if self.still:
            yield f"still halted: {escape(self.still)}"


class Halted(Facts, frozen=True, kw_only=True, tag="halted"):
    """The bot halted for a reason other than the breaker."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("✋", "Halted by You", "no new orders", equals("reason", OWNER)),
            Words("✋", "Halted", "the journal is new", equals("reason", JOURNAL)),
            Words("✋", "Halted", "{reason:text}", has("reason")),
            Words("✋", "Halted", "no reason told"),
        ),
        group=Group.SAFETY,
        tone=Tone.ALARM,
        retelling=Retelling.ANEW,
        mark=Mark.HALTED,
        critical=True,
        needs=HALT,
    )

    reason: str | None = None  # one of `halt_reasons`, or any words
    position: float | None = None
    base: str | None = None
    cancelled: int | None = None  # orders; None: the bot reports its halt with its observations
    orders_open: int | None = None  # that are not cancelled yet
    selling: bool = False
    until: int | None = None  # it is to last, as far as the bot knows
    told: bool = False  # by the bot as it happened, not by an observation

    @property
    def retelling(self) -> Retelling:
        """As told where the bot told it of itself, and no observation brought it."""
        return Retelling.AS_TOLD if self.told or self.cancelled is not None else Retelling.ANEW

    def why(self, time: int, /) -> Iterable[str]:
        if self.cancelled is not None:
            yield from _halted_now(self, self.cancelled)
            return
        if self.position is not None:
            keeps = f"keeps {of(numbers.exact(self.position), self.base)}"
            yield keeps if self.position else f"{none_of(self.base)} held"
        if self.until is not None:
            yield f"until {numbers.moment(self.until, time)}"
        elif self.reason == OWNER:
            yield "goes on when you say so"


def _by_owner(facts: Unhalted) -> bool:
    return facts.reason in ENDED_BY_OWNER


class Unhalted(Facts, frozen=True, kw_only=True, tag="unhalted"):
    """A halt for a reason other than the breaker is over."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words(
                "▶️",
                "Resumed by You",
                "halted {halted:duration}",
                lambda facts: _by_owner(facts) and facts.halted is not None,
            ),
            Words("▶️", "Resumed by You", "your halt is over", _by_owner),
            Words("▶️", "Halt Over", "halted {halted:duration}", has("halted")),
            Words("▶️", "Halt Over", "goes on"),
        ),
        group=Group.SAFETY,
        tone=Tone.GOOD,
        retelling=Retelling.ANEW,
        mark=Mark.UNHALTED,
        needs=frozenset({"halted", "halt_reason"}),
    )

    reason: str | None = None
    halted: int | None = None
    bars: int | None = None  # that passed meanwhile
    kept_back: int | None = None  # trades that would have been made
    still: str | None = None  # the reason of another halt that goes on
    told: bool = False  # by the bot as it happened, not by an observation

    @property
    def retelling(self) -> Retelling:
        """As told where the bot told it of itself, and no observation brought it."""
        return Retelling.AS_TOLD if self.told or self.bars is not None else Retelling.ANEW

    def why(self, _time: int, /) -> Iterable[str]:
        passed = f"{numbers.count(self.bars, 'bar')} passed" if self.bars is not None else ""
        kept_back = ""
        if self.kept_back is not None:
            kept_back = (
                f"kept back {numbers.count(self.kept_back, 'trade')}" if self.kept_back else "would have done nothing"
            )
        yield ", ".join(filter(None, (passed, kept_back)))
        if self.still:
            yield f"still halted: {escape(self.still)}"


class SellStuck(Facts, frozen=True, kw_only=True, tag="sell_stuck"):
    """The bot must sell and can't; the sale itself is the end of it."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words(
                "🚨",
                "HALT CAN'T SELL",
                "{position:exact}{base:asset} held",
                lambda facts: facts.by == OWNER and facts.position is not None,
            ),
            Words("🚨", "BREAKER CAN'T SELL", "{position:exact}{base:asset} held", has("position")),
            Words("🚨", "BREAKER CAN'T SELL", "nothing sold yet"),
        ),
        group=Group.SAFETY,
        tone=Tone.ALARM,
        retelling=Retelling.AS_TOLD,
        critical=True,
    )

    position: float | None = None
    base: str | None = None
    by: str = BREAKER  # or the `OWNER`
    problem: str | None = None
    tries: int | None = None
    since: int | None = None
    retry_in: int | None = None
    needs: str | None = None  # of the owner

    def why(self, time: int, /) -> Iterable[str]:
        yield escape(self.problem or "")
        tries = f"tried {numbers.count(self.tries, 'time')}" if self.tries is not None else ""
        since = f"since {numbers.to_the_second(self.since, time)}" if self.since is not None else ""
        following = f"next try in {numbers.duration(self.retry_in)}" if self.retry_in is not None else ""
        yield ", ".join(filter(None, (" ".join(filter(None, (tries, since))), following)))
        yield f"needs you: {escape(self.needs) if self.needs else 'look at the exchange, and sell there if you must'}"


class DailyLimit(Facts, frozen=True, kw_only=True, tag="daily_limit"):
    """The daily loss limit blocks buys until the day ends."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🛑", "Daily Loss Limit", "Day: {day_return:percent beside blocks_at}", has("day_return")),
            Words("🛑", "Daily Loss Limit", "Day: not known"),
        ),
        group=Group.SAFETY,
        tone=Tone.ALARM,
        retelling=Retelling.ANEW,
        critical=True,
        needs=DRAWDOWN | {"daily_loss_hit", "day_return", "position", "weight"},
    )

    day_return: float | None = None
    limit: float | None = None
    position: float | None = None
    base: str | None = None
    weight: float | None = None
    drawdown: float | None = None
    breaker: float | None = None

    @property
    def blocks_at(self) -> float | None:
        """The return of a day from which on it blocks buys, where that is known."""
        return -self.limit if self.limit else None

    def why(self, _time: int, /) -> Iterable[str]:
        yield _limit(self.day_return, self.blocks_at)
        yield "no buys until 00:00"
        if self.position:
            share = f" ({numbers.weight(self.weight)})" if self.weight is not None else ""
            yield f"keeps {of(numbers.exact(self.position), self.base)}{share} and may sell"
        if self.drawdown is not None and self.breaker:
            drawdown, breaker = beside(self.drawdown, -self.breaker, numbers.percent)
            yield f"DD {drawdown}, breaker still at {breaker}"
        elif self.drawdown is not None:
            yield f"DD {numbers.percent(self.drawdown)}"


class DailyLimitOver(Facts, frozen=True, kw_only=True, tag="daily_limit_over"):
    """The day of the daily loss limit ended."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🟩", "Daily Loss Limit Over", "blocked {blocked:duration}"),),
        group=Group.SAFETY,
        tone=Tone.GOOD,
        retelling=Retelling.ANEW,
        needs=DRAWDOWN | {"daily_loss_hit", "weight"},
    )

    blocked: int
    weight: float | None = None
    base: str | None = None
    drawdown: float | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        held = f"{of(numbers.weight(self.weight), self.base or 'held')}, " if self.weight is not None else ""
        yield "may buy again"
        if self.drawdown is not None:
            yield f"{held}DD {numbers.percent(self.drawdown)}"


class LiquidationNear(Facts, frozen=True, kw_only=True, tag="liquidation"):
    """The price has come near the one at which the exchange liquidates a position."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words(
                "🚨",
                "Liquidation Near",
                "{symbol:name} short: {distance:exposure beside told_from} away",
                lambda facts: facts.short,
            ),
            Words("🚨", "Liquidation Near", "{symbol:name} long: {distance:exposure beside told_from} away"),
        ),
        group=Group.SAFETY,
        tone=Tone.ALARM,
        retelling=Retelling.ANEW,
        critical=True,
        needs=frozenset({"positions"}),
    )

    symbol: str
    short: bool
    distance: float  # from the price, as a share of it; 0 at the price of liquidation and beyond
    told_from: float  # the distance under which it is told
    price: Decimal
    liquidation: Decimal
    quantity: Decimal
    leverage: Decimal | None = None
    unrealised: Decimal | None = None
    quote: str | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        _, told_from = beside(self.distance, self.told_from, numbers.exposure)
        yield f"price {numbers.exact(self.price)}, liquidated at {numbers.exact(self.liquidation)}"
        yield f"told under {told_from}"
        leverage = f" at {numbers.exact(self.leverage)}×" if self.leverage is not None else ""
        result = f", result {numbers.signed_wealth(self.unrealised, self.quote)}" if self.unrealised is not None else ""
        yield f"holds {numbers.exact(self.quantity)}{leverage}{result}{_in(self.quote, result)}"


class LiquidationOver(Facts, frozen=True, kw_only=True, tag="liquidation_over"):
    """The price of liquidation is further away again, or the position is gone: closed, or liquidated."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🟩", "Liquidation Averted", "{symbol:name}: {distance:exposure} away", has("distance")),
            Words("🟥", "Liquidation Reached", "{symbol:name}: nothing is held any more", lambda facts: facts.reached),
            Words("🟩", "Liquidation Averted", "{symbol:name}: closed"),
        ),
        group=Group.SAFETY,
        tone=Tone.GOOD,
        retelling=Retelling.ANEW,
        needs=frozenset({"positions"}),
    )

    symbol: str
    distance: float | None = None  # None: nothing is held any more
    lasted: int
    nearest: float

    @property
    def reached(self) -> bool:
        """Whether the position is gone after its price of liquidation was reached: nothing says that it was averted."""
        return self.distance is None and self.nearest <= 0

    @property
    def tone(self) -> Tone:
        """Good news, but where the position may have been liquidated."""
        return Tone.BAD if self.reached else self.declared.tone

    def why(self, _time: int, /) -> Iterable[str]:
        nearest = "the price reached it" if self.reached else f"{numbers.exposure(self.nearest)} away at the nearest"
        yield f"near for {numbers.duration(self.lasted)}, {nearest}"


def _in(quote: str | None, result: str) -> str:
    return f" {escape(quote)}" if quote and result else ""


def _limit(value: float | None, limit: float | None) -> str:
    """``limit -20.0%``, in as many digits as tell it from the value in the third column."""
    if limit is None:
        return ""
    return f"limit {beside(value, limit, numbers.percent)[1] if value is not None else numbers.percent(limit)}"


def _from_peak(f: Any, time: int) -> str:
    resumed = f.since_resume
    best = f"best since the Phoenix of {numbers.moment(resumed, time)}" if resumed is not None else ""
    old = f.peak_time is not None and time - f.peak_time > DAY
    when = f"peak of {numbers.day_and_year(f.peak_time, time)}" if old and not best else ""
    note = f" ({best or when})" if best or when else ""
    return f"from {numbers.wealth(f.peak, f.unit)}{note} to {numbers.wealth(f.wealth, f.unit)}"


def _until(resume_at: int | None, resume_score: float | None, time: int) -> str:
    score = f"score ≥ {numbers.bound(resume_score)}" if resume_score is not None else ""
    if resume_at is None:
        return f"no buys before {score}" if score else ""
    return f"no buys before {numbers.moment(resume_at, time)}" + (f", then only with {score}" if score else "")


def _halted_now(f: Halted, cancelled: int) -> Iterable[str]:
    if f.position is not None:
        held = of(numbers.exact(f.position), f.base)
        keeps = f"the account holds {held}" if f.reason == JOURNAL else f"keeps {held}"
        nothing = f"nothing sold ({none_of(f.base)} held)"
        yield (f"selling all {held}" if f.selling else keeps) if f.position else nothing
    if f.orders_open:
        yield f"{numbers.count(f.orders_open, 'order')} still open there, being cancelled"
    if cancelled or not f.orders_open:
        yield f"{numbers.count(cancelled, 'order')} cancelled" if cancelled else "no order to cancel"
    yield "goes on with: livestory resume"
