"""What was traded, what was not, and the regime it was traded in."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from msgspec import field

from livestory.story.kinds.base import Facts, Group, Kind, Mark, OfACaller, Retelling, Tone, equals, has
from livestory.story.positions import RoundTrip
from livestory.story.reason import Reason
from livestory.story.reasons import BREAKER, NOT_OFFERED, because
from livestory.story.symbol import is_contract
from livestory.story.wording import numbers, results
from livestory.story.wording.beside import beside
from livestory.story.wording.columns import Words
from livestory.story.wording.text import all_in, escape, none_of, of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings

_REMEMBERED = 4096  # symbols
META = "meta"
"""The strategy of livestory's own bot that trades by the regime."""
_REGIME = frozenset({"regime", "halted", "position", "weight"})  # which its switch is shown by, or else what follows it
_EFFECTS = {
    "TREND": "now follows the trend and no longer buys dips",
    "MEAN_REV": "now buys dips under the average price, sells over it",
}


class RegimeSwitch(OfACaller, frozen=True, kw_only=True, tag="regime"):
    """The market's regime as the bot sees it; ``previous`` is None at the first reading."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🔄", "Regime Switch: {regime:text}", "Score: {score:score beside limit}", has("score")),
            Words("🔄", "Regime Switch: {regime:text}", "was {previous:text}", has("previous")),
            Words("🔄", "Regime Switch: {regime:text}", "first reading"),
        ),
        group=Group.REGIME,
        tone=Tone.REGIME,
        retelling=Retelling.ANEW,
        mark=Mark.REGIME,
        needs=_REGIME | {"score", "threshold", "no_trade_reason"},
    )

    regime: str
    previous: str | None = None
    score: float | None = None
    limit: float | None = None  # the bound that the score crossed
    upper: float | None = None
    lower: float | None = None
    lasted: int | None = None  # how long the previous regime did
    halted: bool = False
    strategy: str | None = None
    flat: bool = False  # livestory's own bot trades by it, and holds nothing that it would sell
    kept: Reason | None = None  # why it keeps what it holds, measured by what it goes by now

    @property
    def trades_by_it(self) -> bool:
        """Whether it is of livestory's own bot, of which it is known what the regime decides."""
        return self.strategy == META

    def shows(self, _time: int, _lately: Lately, _settings: StorySettings, /) -> bool:
        """Not in a halt, where it has no effect; nor while nothing is held: the trade that it leads to says it then.

        The first reading is shown, so that the story begins with one.
        """
        return not self.halted and (not self.flat or self.previous is None)

    def why(self, _time: int, /) -> Iterable[str]:
        after = (
            f" after {numbers.duration(self.lasted)} of {escape(self.previous)}"
            if self.lasted is not None and self.previous
            else ""
        )
        if self.previous is None:
            yield "first reading" if self.upper is not None else ""
        elif (
            self.score is not None and self.limit is not None and (self.score >= self.limit) == (self.regime == "TREND")
        ):
            _, limit = beside(self.score, self.limit, numbers.score)
            side = "at" if self.score == self.limit else "over" if self.score > self.limit else "under"
            yield f"{side} {limit}{after}"
        else:
            yield after.strip()
        if self.previous is None and self.upper is not None and self.lower is not None:
            upper, lower = (numbers.score(each) if self.score is None else beside(self.score, each, numbers.score)[1]
                            for each in (self.upper, self.lower))  # fmt: skip
            yield f"TREND from {upper}, MEAN_REV below {lower}, between them it stays"
        if self.halted:
            yield "no effect while halted"
        elif self.kept is not None:
            yield f"keeps what it holds: {because(self.kept)}"
        elif self.trades_by_it:
            yield _EFFECTS.get(self.regime, "")


class Trade(OfACaller, frozen=True, kw_only=True, tag="trade"):
    """A fill: a quantity that was bought or sold at a price."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🟢", "BUY", "+{quantity:exact}{base:asset} @ {price:exact}{quote:asset}", equals("side", "buy")),
            Words("🔴", "SELL", "-{quantity:exact}{base:asset} @ {price:exact}{quote:asset}"),
        ),
        group=Group.TRADES,
        tone=Tone.GOOD,
        retelling=Retelling.FROM_INPUT,
        mark=Mark.SIDE,
        needs=_REGIME | {"fill", "skip"},
    )

    side: str
    quantity: Decimal
    price: Decimal
    base: str | None = None
    quote: str | None = None
    symbol: str | None = None
    effect: str | None = None
    short: bool = False  # the position that it changed is one; of a flip, the one that it closed
    reason: Reason | None = None
    step: int | None = None
    weight_before: float | None = None
    weight_after: float | None = None
    position_after: Decimal | None = None
    entry: Decimal | None = None  # average price of the position after it
    opened: Decimal | None = None  # by a flip, the other way
    result: float | None = None  # of what this fill closed, as a share of its cost: as reported, or else worked out
    gain: Decimal | None = None  # the same in money
    gain_asset: str | None = None  # None = the quote asset
    after_fees: str = "all"  # the result is after "all", "some", "none" of the fees, or as "reported"
    fees_left_out: dict[str, Decimal] = field(default_factory=dict)  # whose worth is unknown: the result is before them
    trip: RoundTrip | None = None  # that it ended
    wealth_known: bool = True  # the story knew of the bot's wealth
    fee: Decimal | None = None
    fee_asset: str | None = None  # None = the quote asset
    order_id: str | None = None
    reported: Decimal | None = None  # the result of what it closed, as the bot or a table says
    trade_id: str | None = None
    reference: Decimal | None = None
    wanted: Decimal | None = None
    wealth: float | None = None
    put_off: int | None = None
    found: str | None = None  # "away" (filled while the bot was down) or "asked" (after no answer)
    filled_at: int | None = None  # where it was told later
    ordered: int | None = None  # the instant of its order's bar
    rest: Reason | None = None  # why the rest of what was wanted was given up
    gone: Decimal | None = None  # held before, and by then no more, though no fill closed it
    position: str | None = None  # which one of several in its symbol, as it was given
    regime: str | None = None  # in which it was made, where no line has said so yet
    regime_since: int | None = None

    @property
    def tone(self) -> Tone:
        """A purchase is good news, a sale bad: as their colours are in every chart."""
        return Tone.GOOD if self.side == "buy" else Tone.BAD

    @property
    def mark(self) -> str:
        """The side, "buy" or "sell": by it a chart marks the trade."""
        return self.side

    def why(self, time: int, /) -> Iterable[str]:
        if self.found is not None or self.filled_at is not None or self.ordered is not None:
            yield _found_late(self, time)
        if self.put_off is not None:
            yield f"put off {numbers.duration(self.put_off)}"
        if self.gone is not None:
            yield f"{of(numbers.exact(self.gone.copy_abs()), self.base)} held before went without a fill"
        in_words = self._in_words
        if in_words:
            yield _what_it_did(self)
        if self.reason is not None:
            yield because(self.reason)
        yield in_regime(self.regime, self.regime_since, time)
        if self.wanted is not None and self.wanted > self.quantity:
            yield _in_part(self, self.wanted)
        done = self.position_after is not None and not self.position_after
        breaker = BREAKER.made(self.reason)
        if breaker:
            yield from _by_breaker(self, done=done)
        if in_words:
            yield from _closed(self) if self.effect not in {"open", "add"} else ()
            return
        if self.gain is not None:
            asset = self.gain_asset or self.quote
            yield f"result {results.result(self.result, self.gain, asset, self.after_fees, self.fees_left_out)}"
        yield from _whole_trade(self)
        yield "needs nothing from you" if breaker and done else _remaining(self, done=done)

    @property
    def _in_words(self) -> bool:
        """Whether it is told by its position: of a story with several of them, shorts, or no wealth to tell it by."""
        several = self.symbol is not None or self.short or self.opened is not None
        return self.effect is not None and (several or not (self.wealth_known or self.weight_after is not None))


class ResultDiffers(Facts, frozen=True, kw_only=True, tag="result_differs"):
    """A bot, or a table, reports another result than its fills make; told once a symbol."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("⚖️", "Result Differs", "{reported:exact}{unit:asset} reported"),),
        group=Group.TRADES,
        tone=Tone.WARNING,
        retelling=Retelling.ANEW,
        needs=frozenset({"fill"}),
    )

    reported: Decimal
    worked_out: Decimal  # after the fees whose worth is known
    unit: str | None = None
    symbol: str | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        yield f"the fills make {of(numbers.exact(numbers.rounded(self.worked_out, 8)), self.unit)}"
        yield "what is reported is told"
        yield f"said once{f' for {escape(self.symbol)}' if self.symbol else ''}"


class PutOff(OfACaller, frozen=True, kw_only=True, tag="put_off"):
    """A trade that was wanted and not made; told once until something is traded."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words(
                "⏸️",
                "Buy Put Off",
                "{quantity:exact}{base:asset} wanted",
                lambda facts: facts.side == "buy" and facts.quantity is not None,
            ),
            Words(
                "⏸️",
                "Sell Put Off",
                "{quantity:exact}{base:asset} wanted",
                lambda facts: facts.side == "sell" and facts.quantity is not None,
            ),
            Words("⏸️", "Trade Put Off", "{base:name} not traded", has("base")),
            Words("⏸️", "Trade Put Off", "nothing traded"),
        ),
        group=Group.TRADES,
        tone=Tone.WARNING,
        retelling=Retelling.FROM_INPUT,
        needs=frozenset({"skip", "fill"}),
    )

    side: str | None = None
    quantity: Decimal | None = None
    base: str | None = None
    symbol: str | None = None
    reason: Reason

    def why(self, _time: int, /) -> Iterable[str]:
        yield because(self.reason)
        yield "told once until something is traded"


class Exposure(Facts, frozen=True, kw_only=True, tag="exposure"):
    """The weight that the bot wants changed, where nothing tells of fills; ``before`` is None at the first reading."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🎯", "Exposure", "{base:asset_first}at {after:exposure}", lambda facts: facts.before is None),
            Words(
                "🔼",
                "Exposure Up",
                "{base:asset_first}{before:exposure} → {after:exposure}",
                lambda facts: facts.after > facts.before,
            ),
            Words("🔽", "Exposure Down", "{base:asset_first}{before:exposure} → {after:exposure}"),
        ),
        group=Group.TRADES,
        tone=Tone.NEWS,
        retelling=Retelling.ANEW,
        mark=Mark.SIDE,
        needs=frozenset({"target_weight", "price", "no_trade_reason", "fill"}),
    )

    before: float | None = None
    after: float
    base: str | None = None
    price: float | None = None
    reason: Reason | None = None

    @property
    def mark(self) -> str:
        """The side of a trade that would make it."""
        return "buy" if self.after > (self.before or 0.0) else "sell"

    def why(self, _time: int, /) -> Iterable[str]:
        if self.before is None:
            yield "first reading"
        if self.reason is not None:
            yield because(self.reason)
        if self.price is not None:
            yield f"price {numbers.exact(self.price)}"


def in_regime(regime: str | None, since: int | None, time: int) -> str:
    """``in TREND since Sun 18:30``: where the switch to it was not shown."""
    if regime is None or since is None:
        return ""
    name = escape(regime)
    return f"in {name} since {numbers.moment(since, time)}" if since < time else f"now in {name}"


def _what_it_did(f: Trade) -> str:
    """What it did to its position."""
    what = _position(f.symbol, f.short)
    match f.effect:
        case "open":
            return f"opens a {what}" if f.symbol is not None or f.short else ""
        case "add":
            now = of(numbers.exact(f.position_after.copy_abs()), f.base) if f.position_after is not None else ""
            average = f": {now} at {numbers.mean_price(f.entry)} on average" if now and f.entry is not None else ""
            return f"adds to the {what}{average}"
        case _:
            return f"{'closes' if f.trip is not None or f.effect in _ENDING else 'reduces'} the {what}"


@lru_cache(_REMEMBERED)
def _position(symbol: str | None, short: bool) -> str:  # noqa: FBT001 - as a trade has it
    """``position``, ``short of ETH/USDT:USDT``: what a trade of that symbol changes."""
    contract = is_contract(symbol)
    what = "short" if short else _LONG if contract else "position"
    return f"{what} of {escape(symbol)}" if contract and symbol is not None else what


def _closed(f: Trade) -> Iterable[str]:
    """What closing has earned, the whole round trip where it has ended, and what is left."""
    trip = f.trip
    if trip is not None and trip.result is not None:
        told = results.result(trip.share, trip.result, trip.asset, trip.after_fees, trip.fees_left_out)
        yield f"result {'' if trip.result == f.gain else 'in all '}{told}"
        yield from _round_trip(trip)
    elif f.gain is not None:
        yield f"result {results.result(f.result, f.gain, f.gain_asset or f.quote, f.after_fees, f.fees_left_out)}"
    yield _what_is_left(f)


def _by_breaker(f: Trade, *, done: bool) -> Iterable[str]:
    """How far the breaker's sale has come, and what the haste has cost."""
    if done:
        yield f"done, {_all_sold(f)}"
    if f.reference:
        yield f"slipped {numbers.percent(f.price / f.reference - 1)} from {numbers.exact(f.reference)}"


def _what_is_left(f: Trade) -> str:
    """What is held after a part or all of a position was closed."""
    if f.opened is not None:
        return f"opens a {_LONG if f.short else 'short'} of {of(numbers.exact(f.opened), f.base)}"
    if f.position_after is None:
        return "its cost is not known"
    left = f.position_after.copy_abs()
    if not left:
        return f"{none_of(f.base)} left"
    dust = "of dust " if f.trip is not None and left < f.trip.size * _DUST else ""  # else of other positions in it
    return f"{of(numbers.exact(left), f.base)} {dust}left"


_LONG = "long"
_ENDING = ("close", "flip")
_DUST = Decimal("0.01")  # of a position, far above what ends one


def _whole_trade(f: Trade) -> Iterable[str]:
    """What the round trip came to that a sale of the story's own symbol ended: in all, from where, for how long."""
    trip = f.trip
    if trip is None:
        return
    if trip.result is not None and trip.result != f.gain:
        yield f"in all {results.result(trip.share, trip.result, trip.asset, trip.after_fees, trip.fees_left_out)}"
    yield _prices_and_time(trip, of_its_own=trip.exit != f.price)


def _round_trip(trip: RoundTrip) -> Iterable[str]:
    """From where to where, for how long, and why it was begun."""
    yield _prices_and_time(trip)
    yield results.funding(trip.funding, in_it=trip.with_funding)
    if trip.why_opened is not None:
        yield f"opened: {because(trip.why_opened)}"


def _prices_and_time(trip: RoundTrip, *, of_its_own: bool = True) -> str:
    """``entry 0.0752, exit 0.0739, held 2d 8h``; without an exit ``of_its_own`` the line's price is that."""
    told = []
    if trip.entry is not None:
        told.append(f"entry {numbers.mean_price(trip.entry)}")
    if of_its_own and trip.exit is not None:
        told.append(f"exit {numbers.mean_price(trip.exit)}")
    if trip.opened is not None and trip.closed > trip.opened:
        told.append(f"held {numbers.duration(trip.closed - trip.opened)}")
    return ", ".join(told)


def _found_late(f: Trade, time: int) -> str:
    """``while away: filled 22:19:48, order of 22:00``: what is told later than it was filled, and how it was found."""
    filled = f"filled {numbers.to_the_second(f.filled_at, time)}" if f.filled_at is not None else ""
    ordered = f"order of {numbers.moment(f.ordered, time)}" if f.ordered is not None and f.found != "asked" else ""
    once = f"{'bought' if f.side == 'buy' else 'sold'} once" if f.found == "asked" else ""
    told = ", ".join(filter(None, (filled, ordered, once)))
    how = {"away": "while away", "asked": "found"}.get(f.found or "", escape(f.found or ""))
    return ": ".join(filter(None, (how, told)))


def _in_part(f: Trade, wanted: Decimal) -> str:
    filled = f"{numbers.exact(f.quantity)} of {numbers.exact(wanted)}"
    if f.rest is None:
        return f"{of(filled, f.base)} filled, the rest given up"
    why_ = because(f.rest)
    return (
        f"{filled}: the rest {why_}, given up" if NOT_OFFERED.made(f.rest) else f"{filled}, the rest given up: {why_}"
    )


def _all_sold(f: Trade) -> str:
    return all_in(f.quote) + (f": {numbers.wealth(f.wealth, f.quote)}" if f.wealth else "")


def _remaining(f: Trade, *, done: bool) -> str:
    if f.weight_before is not None and f.weight_after is not None:
        step = f"step {numbers.whole(f.step)}: " if f.step and f.side == "buy" else ""
        of_what = escape(f.base or "weight")
        shares = f"{step}{of_what} {numbers.weight(f.weight_before)} → {numbers.weight(f.weight_after)}"
        return _all_sold(f) if done else shares
    if f.result is not None and f.position_after is not None:
        left = f.position_after.copy_abs()
        return f"{of(numbers.exact(left), f.base) if left else none_of(f.base)} left"
    return ""
