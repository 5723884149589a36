"""What is held of each symbol, at average cost, and what a round trip from flat to flat has earned.

Amounts are exact. A part that is closed takes its share of the cost, rounded to 28 digits; what closes the rest takes
all the cost that is left. So the results of the parts sum to the money that came in less the money that went out, to
the last digit. Everything here is to be called within ``localcontext(EXACT)``.
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import reduce
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from livestory.story.reason import Reason
from livestory.story.symbol import Traded

if TYPE_CHECKING:
    from collections.abc import Iterable

EXACT = Context(prec=1000)
"""In which sums and products are exact: an amount that a story takes has less than a hundred digits."""
SHARES = Context(prec=28)
"""In which shares are, whatever the context of whoever tells or retells."""
_NOTHING, _ONE = Decimal(0), Decimal(1)
_DUST = Decimal("0.001")  # of a round trip's largest size: what is less is as good as nothing
_ROUNDED, _MOST_FEES = Decimal("1e-6"), Decimal("0.01")  # of what changed hands
_ENTERING = frozenset({"open", "add"})


class RoundTrip(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A position from flat to flat. Prices are averages, in the quote asset; None is unknown."""

    symbol: str | None
    asset: str | None  # what the result is in
    short: bool = False
    opened: int | None = None
    closed: int
    entry: Decimal | None = None
    exit: Decimal | None = None
    size: Decimal  # the largest
    result: Decimal | None = None  # as reported where it was, else worked out, without funding
    share: float | None = None  # of the cost
    worked_out: Decimal | None = None  # from the fills, after the fees whose worth is known
    after_fees: str = "all"  # the result is after "all", "some", "none" of them, or as "reported"
    fees: dict[str, Decimal] = {}  # all that were told, by asset
    fees_left_out: dict[str, Decimal] = {}  # of these the ones whose worth is unknown: the result is before them
    funding: dict[str, Decimal] = {}  # received less paid, by asset
    with_funding: bool = False  # the result as reported has it in it
    why_opened: Reason | None = None
    why_closed: Reason | None = None


class Fee(Struct, frozen=True, gc=False):
    """What a fill cost, and what that takes from its result: in the quote asset, None where its worth is unknown."""

    asset: str
    amount: Decimal
    charged: Decimal | None

    def part(self, size: Decimal, whole: Decimal) -> Fee:
        """The fee of a part of the fill."""
        charged = None if self.charged is None else _share(self.charged, size, whole)
        return Fee(self.asset, _share(self.amount, size, whole), charged)

    def less(self, other: Fee) -> Fee:
        """What is left of it."""
        left = None if self.charged is None or other.charged is None else self.charged - other.charged
        return Fee(self.asset, self.amount - other.amount, left)


class Deal(Struct, frozen=True, gc=False):
    """A fill, as far as it concerns its position, which it changes by ``size``."""

    symbol: str | None
    of: Traded
    time: int
    buys: bool
    effect: str | None  # as the bot says
    of_short: bool | None  # which side of a hedge its position is, where that is named so
    size: Decimal
    traded: Decimal  # at the exchange; more or less than ``size`` by a fee in the base asset
    price: Decimal
    paid: Decimal  # what changed hands for it, in the quote asset
    charged: Decimal  # what its fee takes from the result, as far as that is known
    fee: Fee | None
    reported: Decimal | None  # what the bot says that it earned by closing
    reason: Reason | None

    @property
    def turns(self) -> bool:
        """Whether it may open a position the other way: neither its effect nor a side of a hedge says that it can't."""
        return self.effect is None and self.of_short is None

    def split(self, size: Decimal) -> tuple[Deal, Deal]:
        """The part of that ``size``, which closes a position, and the rest, which opens one the other way."""
        first = None if self.fee is None else self.fee.part(size, self.size)
        rest = None if self.fee is None or first is None else self.fee.less(first)
        traded = _share(self.traded, size, self.size) if self.of.inverse else size
        more = self.traded - traded
        return (
            self._part(size, traded, first, self.reported),
            self._part(more if self.of.inverse else self.size - size, more, rest, None),
        )

    def _part(self, size: Decimal, traded: Decimal, fee: Fee | None, reported: Decimal | None) -> Deal:
        charged = (fee.charged if fee is not None else None) or _NOTHING
        paid = traded * self.price
        return replace(self, size=size, traded=traded, paid=paid, charged=charged, fee=fee, reported=reported)


class Gain(Struct, frozen=True, gc=False):
    """What closing earned, in the quote asset."""

    net: Decimal  # after the fees whose worth is known, those of the opening included
    gross: Decimal  # before fees
    cost: Decimal  # of what was closed
    paid: Decimal
    exit_fee: Decimal = _NOTHING

    def share(self, result: Decimal | None) -> float | None:
        """A result as a share of the cost."""
        return float(SHARES.divide(result, self.cost)) if result is not None and self.cost > 0 else None

    def after_fees(self, reported: Decimal, known: str) -> str | None:
        """After which fees the result is; None where a reported one contradicts the fills, beyond rounding.

        Exchanges report results before fees, or after that of the closing. ``known``: of how many fills they are.
        """
        rounding = _ONE.scaleb(int(reported.as_tuple().exponent)) + self.paid * _ROUNDED
        if abs(reported - self.gross) <= rounding:
            return "none"
        if known == "all" and abs(reported - self.net) <= rounding:
            return "all"
        untold = known != "all" and 0 <= self.gross - reported <= (self.paid + self.cost) * _MOST_FEES
        return "reported" if untold or abs(reported - self.gross + self.exit_fee) <= rounding else None


class Trip(Struct, kw_only=True):
    """A round trip under way."""

    since: int | None = None  # None: it was under way before anybody told of it
    why: Reason | None = None
    largest: Decimal = _NOTHING
    entered: Decimal = _NOTHING
    entered_for: Decimal = _NOTHING
    left: Decimal = _NOTHING
    left_for: Decimal = _NOTHING
    net: Decimal = _NOTHING
    gross: Decimal = _NOTHING
    cost: Decimal = _NOTHING  # of what was closed
    reported: Decimal | None = None  # the sum of what was reported of its closings
    unreported: bool = False  # of one it was not
    fills: int = 0
    without_fee: int = 0
    fees: dict[str, Decimal] = field(default_factory=dict)
    fees_left_out: dict[str, Decimal] = field(default_factory=dict)
    funding: dict[str, Decimal] = field(default_factory=dict)

    @property
    def fees_known(self) -> str:
        """Of how many of its fills the fee was told, and its worth is known."""
        if self.without_fee == self.fills:
            return "none"
        return "some" if self.without_fee else "all"

    def charge(self, fee: Fee | None) -> None:
        """Count a fill and what it cost."""
        self.fills += 1
        if fee is None:
            self.without_fee += 1
            return
        add(self.fees, fee.asset, fee.amount)
        if fee.charged is None:
            add(self.fees_left_out, fee.asset, fee.amount)

    def leave(self, deal: Deal, gain: Gain) -> None:
        """Count a part that was closed."""
        self.charge(deal.fee)
        self.left += deal.traded
        self.left_for += gain.paid
        self.net += gain.net
        self.gross += gain.gross
        self.cost += gain.cost
        if deal.reported is None:
            self.unreported = True
        else:
            self.reported = (self.reported or _NOTHING) + deal.reported

    def judged(self, gain: Gain, reported: Decimal | None, asset: str | None) -> tuple[str | None, bool]:
        """After which fees a result is, as `Gain.after_fees` has it, and whether the trip's funding is in it."""
        if reported is None:
            return self.fees_known, False
        after_fees, funding = gain.after_fees(reported, self.fees_known), self.funding.get(asset or "")
        if after_fees is not None or not funding:
            return after_fees, False
        after_fees = gain.after_fees(reported - funding, self.fees_known)
        part = reported - gain.net
        if after_fees is None and self.fees_known == "all" and part * funding > 0 and abs(part) <= abs(funding):
            return "all", True  # closed in part, and so much of the funding was told with it
        return after_fees, after_fees is not None

    def told(self, deal: Deal, *, short: bool) -> RoundTrip:
        """What it was, ended by that fill."""
        reported = None if self.unreported else self.reported
        gain = Gain(self.net, self.gross, self.cost, self.left_for)
        worked_out = deal.of.worked_out
        after_fees, with_funding = self.judged(gain, reported, deal.of.paid_in)
        result = self.net if reported is None and worked_out else reported
        # In parts, as in `TradeDetector.fill`.
        trip = RoundTrip(
            symbol=deal.symbol,
            asset=deal.of.paid_in,
            short=short,
            opened=self.since,
            closed=deal.time,
            entry=_average(self.entered_for, self.entered),
            exit=_average(self.left_for, self.left),
            size=self.largest,
            result=result,
            share=gain.share(result) if worked_out else None,
            worked_out=self.net if worked_out else None,
            after_fees=(after_fees if worked_out else None) or "reported",
            fees=self.fees,
            why_opened=self.why,
            why_closed=deal.reason,
        )
        if not (self.funding or self.fees_left_out):
            return trip
        return replace(
            trip,
            fees_left_out=self.fees_left_out,
            funding=self.funding,
            with_funding=with_funding and worked_out,
        )


class Closed(Struct, frozen=True):
    """What a fill did to its position, and what it earned by that."""

    deal: Deal
    effect: str  # "open", "add", "reduce", "close", "flip", or as the bot says
    short: bool  # of the position that it changed; of a flip, of the one that it closed
    position_after: Decimal | None  # None: unknown
    entry: Decimal | None = None  # average price of what is held after it
    gain: Decimal | None = None  # as reported, else worked out
    result: float | None = None  # the same as a share of the cost
    after_fees: str = "all"  # see `RoundTrip`
    fees_left_out: dict[str, Decimal] = {}
    contradicts: Decimal | None = None  # what the fills make of it, where what was reported differs beyond rounding
    opened: Decimal | None = None  # by a flip, the other way
    trip: RoundTrip | None = None  # that it ended
    gone: Decimal | None = None  # what was held before it, and readings said was held no more, though no fill closed it


class Holding(Struct):
    """A position in one symbol: positive long, negative short."""

    quantity: Decimal = _NOTHING
    cost: Decimal = _NOTHING  # what it took to build, fees included; of a short what selling it brought, after fees
    value: Decimal = _NOTHING  # the same at the prices alone
    price: Decimal | None = None  # of the last fill
    trip: Trip | None = None
    dust: bool = False  # it is what a trip that was told as closed has left
    carried: Decimal = _NOTHING  # what closing such dust has earned; the next trip's
    found_at: int | None = None  # the reading that it was found in, not bought in this story
    uncosted: bool = False  # it was found without its entry: until it is flat its quantity alone is known
    listed: bool = False  # a reading had it
    absent_since: int | None = None  # the first of the readings since then that had it no more
    gone: bool = False  # a second one neither: once may be an exchange's slip

    @classmethod
    def found(cls, time: int, quantity: Decimal, entry: Decimal | None, price: Decimal | None) -> Holding:
        """One that was there before anybody told of it: what its fees were is not known."""
        if entry is None:
            return cls(quantity, price=price, found_at=time, uncosted=True)
        value = abs(quantity) * entry
        held = cls(quantity, value, value, price, found_at=time)
        held._begin(None, None).charge(None)
        return held

    @property
    def entry(self) -> Decimal | None:
        """The average price of what is held."""
        return None if self.uncosted else _average(self.value or self.cost, abs(self.quantity))

    @property
    def forgettable(self) -> bool:
        """Whether nothing is left to remember."""
        return not (self.quantity or self.carried)

    def read(self, time: int, *, listed: bool) -> None:
        """Take whether a reading of all positions has it; one that never did may be of other accounts."""
        if listed:
            self.listed, self.absent_since, self.gone = True, None, False
        elif self.absent_since is not None:
            self.gone = True
        elif self.listed:
            self.absent_since = time

    def is_gone(self, time: int) -> bool:
        """Return True if the position was gone before that time, such as by a liquidation that was not reported."""
        held = self.quantity and not self.dust  # which no reading needs to have
        return bool(held) and self.gone and self.absent_since is not None and self.absent_since < time

    def take(self, deal: Deal) -> Closed:
        """Take a fill, at average cost, and say what it closed.

        Closing more than is known to be held, but for what is as good as nothing, is of unknown cost and leaves the
        position unknown; so does an effect that names the other direction than the known one. Without an effect, a sale
        of nothing opens a short of a contract only, and more than is held turns the position where both directions are
        possible.
        """
        worked_out = deal.of.worked_out
        self.price, self.absent_since, self.gone = deal.price, None, False
        short = self._direction(deal)
        if self.quantity and short != (self.quantity < 0):
            self._forget()
        if self.uncosted:
            return self._count(deal, short=short)
        if deal.buys != short:
            effect = "add" if self.quantity and not self.dust else "open"
            self._enter(deal, short=short)
            return Closed(deal, deal.effect or effect, short, self.quantity, self.entry)
        held, rest = abs(self.quantity), None
        if deal.of.inverse and deal.size != held and self.value:
            deal = replace(deal, size=self._of_contracts(deal))
        if deal.size > held:
            can_turn = deal.turns and held and (short or deal.of.contract)
            if not can_turn and not (held and deal.size - held <= self._as_good_as_nothing(deal)):
                self._forget()
                return Closed(deal, deal.effect or "reduce", short, None)
            deal, more = deal.split(held)
            rest = more if can_turn else None
        gain, trip = self._leave(deal)
        ended = self._end()
        if rest is not None:
            self._enter(rest, short=not short)
        effect = deal.effect or ("close" if ended or not self.quantity else "reduce")
        told = gain.net if deal.reported is None and worked_out else deal.reported
        after_fees = trip.judged(gain, deal.reported, deal.of.paid_in)[0] if worked_out else "reported"
        return Closed(
            deal=deal,
            effect="flip" if rest is not None else effect,
            short=short,
            position_after=self.quantity,
            entry=self.entry,
            gain=told,
            result=gain.share(told) if worked_out else None,
            after_fees=after_fees or "reported",
            fees_left_out=dict(trip.fees_left_out),
            contradicts=gain.net if after_fees is None else None,
            opened=rest.size if rest is not None else None,
            trip=trip.told(deal, short=short) if ended else None,
        )

    def _count(self, deal: Deal, *, short: bool) -> Closed:
        """Take a fill of a position of which the quantity alone is known, and what was reported of its result."""
        held = abs(self.quantity)
        if deal.buys != short:
            self.quantity += -deal.size if short else deal.size
            return Closed(deal, deal.effect or "add", short, self.quantity)
        if deal.size < held:
            self.quantity += deal.size if short else -deal.size
            effect = deal.effect or "reduce"
            return Closed(deal, effect, short, self.quantity, gain=deal.reported, after_fees="reported")
        self._forget()
        if deal.size == held:
            effect = deal.effect or "close"
            return Closed(deal, effect, short, self.quantity, gain=deal.reported, after_fees="reported")
        if not (deal.turns and (short or deal.of.contract)):
            return Closed(deal, deal.effect or "reduce", short, None)
        deal, rest = deal.split(held)
        self._enter(rest, short=not short)
        return Closed(
            deal, "flip", short, self.quantity, self.entry, deal.reported, after_fees="reported", opened=rest.size
        )

    def _of_contracts(self, deal: Deal) -> Decimal:
        """How much a fill closes of a position that is worth so much of the quote asset, whatever that is of the base.

        Where something says that it closes, it opens nothing.
        """
        held, over = abs(self.quantity), deal.paid - self.value
        if abs(over) <= self.value * _DUST or (over > 0 and not deal.turns):
            return held
        return _share(held, deal.paid, self.value)

    def _as_good_as_nothing(self, deal: Deal) -> Decimal:
        """By how much a fill may close more than is held: dust, or fees that were taken from what was bought."""
        trip = self.trip or Trip()
        return max(trip.largest * _DUST, trip.fees.get(deal.of.base or "", _NOTHING))

    def _direction(self, deal: Deal) -> bool:
        """Whether the position that a fill changes is a short."""
        if deal.effect is not None:
            return deal.buys != (deal.effect in _ENTERING)
        if deal.of_short is not None:
            return deal.of_short
        return self.quantity < 0 if self.quantity else deal.of.contract and not deal.buys

    def _enter(self, deal: Deal, *, short: bool) -> None:
        trip = self.trip or self._begin(deal.time, deal.reason)
        value = deal.size * deal.price
        self.quantity += -deal.size if short else deal.size
        self.cost += deal.paid - deal.charged if short else deal.paid + deal.charged
        self.value += value
        trip.largest = max(trip.largest, abs(self.quantity))
        trip.entered += deal.size
        trip.entered_for += value
        trip.charge(deal.fee)

    def _leave(self, deal: Deal) -> tuple[Gain, Trip]:
        """Close that much; dust that is left of a trip makes none of its own."""
        trip = Trip() if self.dust else self.trip or self._begin(None, None)
        held, short, paid = abs(self.quantity), self.quantity < 0, deal.paid
        whole = deal.size == held
        cost = self.cost if whole else _share(self.cost, deal.size, held)
        value = self.value if whole else _share(self.value, deal.size, held)
        gain = Gain(
            (cost - paid if short else paid - cost) - deal.charged,
            value - paid if short else paid - value,
            cost,
            paid,
            deal.charged,
        )
        self.cost -= cost
        self.value -= value
        self.quantity = _NOTHING if whole else self.quantity + (deal.size if short else -deal.size)
        if self.dust:
            self.carried += gain.net
        trip.leave(deal, gain)
        return gain, trip

    def _begin(self, time: int | None, reason: Reason | None) -> Trip:
        """A trip that begins, with what dust there is; without a time, one that was under way already."""
        self.value = self.value or self.cost  # the first stage kept none
        trip = self.trip = Trip(largest=abs(self.quantity), entered=abs(self.quantity), entered_for=self.value)
        if self.dust or not self.quantity:
            trip.since, trip.why, trip.net = time, reason, self.carried
            self.dust, self.carried, self.listed = False, _NOTHING, False
        return trip

    def _end(self) -> bool:
        """Whether the trip is over: nothing is left of it, or as good as nothing."""
        if self.trip is None or (self.quantity and abs(self.quantity) >= self.trip.largest * _DUST):
            return False
        self.trip, self.dust = None, bool(self.quantity)
        return True

    def _forget(self) -> None:
        self.quantity = self.cost = self.value = _NOTHING
        self.trip, self.dust, self.uncosted = None, False, False


def add(amounts: dict[str, Decimal], asset: str, amount: Decimal) -> None:
    """Add an amount to those of its asset, whatever the context."""
    amounts[asset] = EXACT.add(amounts.get(asset, _NOTHING), amount)


def summed(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts, whatever the context."""
    return reduce(EXACT.add, amounts, _NOTHING)


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return SHARES.divide(amount * part, whole)


def _average(value: Decimal, quantity: Decimal) -> Decimal | None:
    return SHARES.divide(value, quantity) if quantity else None
