"""The lines Exchange Down and Back, and other troubles with an exchange and its orders, each with its end."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from msgspec import field

from livestory.story.kinds.base import Facts, Group, Kind, Retelling, Tone, equals, has
from livestory.story.wording import numbers
from livestory.story.wording.columns import Words
from livestory.story.wording.text import escape, none_of, of

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExchangeDown(Facts, frozen=True, kw_only=True, tag="exchange_down"):
    """The exchange can't be traded at: no answer, a ban, maintenance, a clock that it does not accept."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🔌", "Exchange Down", "{problem:text} since {since:clock}", has("since")),
            Words("🔌", "Exchange Down", "{problem:text}"),
        ),
        group=Group.EXCHANGE,
        tone=Tone.ALARM,
        retelling=Retelling.AS_TOLD,
        critical=True,
    )

    exchange: str | None = None
    problem: str = "no answer"  # in few words
    since: int | None = None
    tries: int | None = None
    lasting: bool = False  # it does not pass by itself
    orders_open: int | None = None
    position: float | None = None
    base: str | None = None
    weight: float | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        tries = numbers.count(self.tries, "try") if self.tries is not None else ""
        going_on = "" if self.lasting else "goes on trying"
        yield ", ".join(filter(None, (escape(self.exchange or ""), tries, going_on)))
        if self.lasting:
            yield "needs you: it does not pass by itself"
        if self.orders_open is not None:
            yield f"{numbers.count(self.orders_open, 'order')} open there" if self.orders_open else "no order open"
        if self.position is not None:
            share = f" ({numbers.weight(self.weight)})" if self.weight is not None else ""
            held = of(numbers.exact(self.position), self.base) + share if self.position else none_of(self.base)
            yield f"{held} held" + (", and the breaker can't sell until it is back" if self.position else "")


class ExchangeBack(Facts, frozen=True, kw_only=True, tag="exchange_back"):
    """The exchange answers again; what was missed is read."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🔌", "Exchange Back", "down {down:duration}", has("down")),
            Words("🔌", "Exchange Back", "answers again"),
        ),
        group=Group.EXCHANGE,
        tone=Tone.GOOD,
        retelling=Retelling.AS_TOLD,
    )

    exchange: str | None = None
    problem: str | None = None
    down: int | None = None
    missed_bars: int | None = None
    fills_found: int | None = None
    price_before: float | None = None
    price_after: float | None = None
    balance_difference: float | None = None  # 0 as expected
    unit: str | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        bars = _missed(self.missed_bars) if self.missed_bars is not None else ""
        fills = numbers.found(self.fills_found) or "no trade missed" if self.fills_found is not None else ""
        yield ", ".join(filter(None, (escape(self.exchange or ""), bars, fills)))
        yield escape(self.problem or "")
        if self.price_before is not None and self.price_after is not None:
            yield f"price {numbers.exact(self.price_before)} → {numbers.exact(self.price_after)}"
        if self.balance_difference is not None:
            difference = of(numbers.signed_wealth(self.balance_difference, self.unit), self.unit)
            yield f"balance differs by {difference}" if self.balance_difference else "balance as expected"


class OrderUnknown(Facts, frozen=True, kw_only=True, tag="order_unknown"):
    """An order was sent and not answered: nobody here knows whether it stands."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("❓", "Order Unknown", "{side:side} {quantity:exact}{base:asset}"),),
        group=Group.EXCHANGE,
        tone=Tone.ALARM,
        retelling=Retelling.AS_TOLD,
        critical=True,
    )

    side: str
    quantity: Decimal
    base: str | None = None
    sent: int | None = None
    waited: int | None = None
    problem: str | None = None  # instead of an answer
    order_id: str | None = None

    def why(self, time: int, /) -> Iterable[str]:
        sent = f"sent {numbers.to_the_second(self.sent, time)}" if self.sent is not None else ""
        waited = f"no answer in {numbers.duration(self.waited)}" if self.waited is not None else "no answer"
        yield ", ".join(filter(None, (sent, waited))) + (f": {escape(self.problem)}" if self.problem else "")
        yield "asking the exchange"
        yield "no other order until this is clear"


_OUTCOMES = {
    "absent": "never reached the exchange: order, trades and balance agree",
    "cancelled": "cancelled before anything of it was filled",
    "rejected": "the exchange refused it",
    "open": "it stands open at the exchange",
    "owner": "not proven either way; you resumed, so the balance counts as it is now",
}


class OrderClear(Facts, frozen=True, kw_only=True, tag="order_clear"):
    """What became of an unknown order of which nothing was filled."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("✔️", "Order Clear", "{side:side} {quantity:exact}{base:asset}"),),
        group=Group.EXCHANGE,
        tone=Tone.GOOD,
        retelling=Retelling.AS_TOLD,
    )

    side: str
    quantity: Decimal
    base: str | None = None
    outcome: str  # "absent", "cancelled", "rejected", "open" or "owner", who took the balance as it is
    unknown_for: int | None = None
    problem: str | None = None  # why it was rejected
    order_id: str | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        problem = f": {escape(self.problem)}" if self.problem else ""
        yield (_OUTCOMES.get(self.outcome) or escape(self.outcome)) + problem
        if self.unknown_for is not None:
            yield f"unknown for {numbers.duration(self.unknown_for)}"
        yield "" if self.outcome == "open" else "the next bar decides anew"


class ForeignOrders(Facts, frozen=True, kw_only=True, tag="foreign_orders"):
    """Open orders that are not this bot's; none any more where ``count`` is 0."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("👀", "Foreign Orders", "none open any more", equals("count", 0)),
            Words("👀", "Foreign Orders", "{count:count} open"),
        ),
        group=Group.EXCHANGE,
        tone=Tone.NEWS,
        retelling=Retelling.AS_TOLD,
    )

    count: int
    symbol: str | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        yield escape(self.symbol or "")
        if self.count:
            yield "not this bot's: left alone"
            yield "what they hold back the bot can't trade with"


class FiltersChanged(Facts, frozen=True, kw_only=True, tag="filters_changed"):
    """The exchange's rules for orders changed: their values by their names."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("📐", "Filters Changed", "{first_filter:text}"),),
        group=Group.EXCHANGE,
        tone=Tone.NEWS,
        retelling=Retelling.AS_TOLD,
    )

    symbol: str | None = None
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)

    @property
    def first_filter(self) -> str:
        """The change that the third column shows; the others stand in the fourth."""
        return next(iter(_filters(self)), "nothing that is told here")

    def why(self, _time: int, /) -> Iterable[str]:
        yield escape(self.symbol or "")
        yield from map(escape, _filters(self)[1:])
        yield "orders are made to fit from here on"


class ClockSkew(Facts, frozen=True, kw_only=True, tag="clock_skew"):
    """This machine's clock differs from the exchange's, which is allowed for from here on."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("⏱️", "Clock Skew", "{apart:lag} ahead of the exchange", lambda facts: facts.skew >= 0),
            Words("⏱️", "Clock Skew", "{apart:lag} behind the exchange"),
        ),
        group=Group.EXCHANGE,
        tone=Tone.WARNING,
        retelling=Retelling.AS_TOLD,
    )

    skew: int  # positive: this machine is ahead

    @property
    def apart(self) -> int:
        """By how much the clocks differ."""
        return abs(self.skew)

    def why(self, _time: int, /) -> Iterable[str]:
        yield "measured anew and allowed for"
        yield "if it comes again, set this machine's clock"


class CandlesRefused(Facts, frozen=True, kw_only=True, tag="candles_refused"):
    """The exchange's candles are stale, malformed or revised."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🕯️", "Candles Refused", "{problem:text}"),),
        group=Group.EXCHANGE,
        tone=Tone.WARNING,
        retelling=Retelling.AS_TOLD,
    )

    problem: str
    since: int | None = None

    def why(self, time: int, /) -> Iterable[str]:
        if self.since is not None:
            yield f"since {numbers.moment(self.since, time)}"
        yield "nothing is decided until good ones come"


class CandlesBack(Facts, frozen=True, kw_only=True, tag="candles_back"):
    """The candles are good again."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🕯️", "Candles Back", "after {lasted:duration}", has("lasted")),
            Words("🕯️", "Candles Back", "good again"),
        ),
        group=Group.EXCHANGE,
        tone=Tone.GOOD,
        retelling=Retelling.AS_TOLD,
    )

    refused: int | None = None
    lasted: int | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        if self.refused is not None:
            yield f"{numbers.whole(self.refused)} refused"


def _missed(bars: int) -> str:
    return f"{numbers.count(bars, 'bar')} missed and read" if bars else "no bar missed"


def _filters(f: FiltersChanged) -> list[str]:
    names = [name for name in {**f.before, **f.after} if f.before.get(name) != f.after.get(name)]
    return [f"{name} {f.before.get(name, 'none')} → {f.after.get(name, 'none')}" for name in names]
