"""What closed trades came to, by currency: never added up across currencies, and told without any knowledge of wealth.

A *result* is what closing has earned, as its own line tells it. A round trip, from flat to flat, is a trade that was
won or lost.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from livestory.story.positions import EXACT, add
from livestory.story.reason import Reason

if TYPE_CHECKING:
    from livestory.story.kinds.money import FundingPaid
    from livestory.story.kinds.trades import Trade
    from livestory.story.positions import RoundTrip

_NOTHING = Decimal(0)
_MOST = 300  # names that results are kept by: a bot whose every reason reads differently fills no memory
_OTHERS = "others"
_MOST_REASONS = 6  # that a line names
_FEW_SYMBOLS = 4  # of which a line names each


class Outcome(StrEnum):
    """What a closed trade was for its owner."""

    WON = "won"
    LOST = "lost"
    EVEN = "even"

    @classmethod
    def of(cls, result: Decimal | float) -> Outcome:
        """That of a trade with this result, in money or as a share of its cost."""
        return cls.WON if result > 0 else cls.LOST if result < 0 else cls.EVEN


class TripGist(Struct, frozen=True, gc=False):
    """What the tallies need of a `RoundTrip`."""

    symbol: str | None = None
    asset: str | None = None
    short: bool = False
    opened: int | None = None
    result: Decimal | None = None
    share: float | None = None
    after_fees: str = "all"
    fees_left_out: dict[str, Decimal] = {}
    with_funding: bool = False
    why_closed: Reason | None = None


class TradeGist(Struct, frozen=True, gc=False):
    """What the tallies and a digest need of a `Trade`: of a hundred thousand it is read in half the time."""

    side: str
    quantity_text: str = field(name="quantity")  # few are asked for it, and a Decimal takes its time
    price_text: str = field(name="price")
    base: str | None = None
    quote: str | None = None
    symbol: str | None = None
    short: bool = False
    reason: Reason | None = None
    gain: Decimal | None = None
    gain_asset: str | None = None
    trip: TripGist | None = None
    fee: Decimal | None = None
    fee_asset: str | None = None
    found: str | None = None

    @property
    def quantity(self) -> Decimal:
        """How much of it was bought or sold."""
        return Decimal(self.quantity_text)

    @property
    def price(self) -> Decimal:
        """The price that it was bought or sold at."""
        return Decimal(self.price_text)


class TradeResult(Struct, frozen=True, omit_defaults=True):
    """What one trade earned, or all those of one symbol."""

    symbol: str | None
    result: Decimal
    share: float | None = None  # of what it cost
    short: bool = False


class ReasonResult(Struct, frozen=True):
    """What the trades earned that were closed for one reason."""

    reason: str
    result: Decimal


class OneWay(Struct, frozen=True, omit_defaults=True):
    """What the trades of one direction came to, all longs or all shorts."""

    closed: int = 0
    won: int = 0
    result: Decimal = _NOTHING

    def with_one(self, result: Decimal) -> OneWay:
        """This, and a trade that ended."""
        return OneWay(self.closed + 1, self.won + (result > _NOTHING), EXACT.add(self.result, result))

    def with_all(self, later: OneWay) -> OneWay:
        """This, and what came after it."""
        return OneWay(self.closed + later.closed, self.won + later.won, EXACT.add(self.result, later.result))


class OpenPosition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A position that is open. Prices are in the quote asset; None is unknown."""

    symbol: str | None
    quantity: Decimal  # negative is short
    entry: Decimal | None = None  # average
    price: Decimal | None = None  # last told
    result: Decimal | None = None  # not closed yet
    asset: str | None = None  # of the result
    since: int | None = None


class Benchmark(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the basket made in a period, as a line tells it; returns are None where a price is not known."""

    of: tuple[str, ...] = ()  # symbols; none: the bot has told of no positions with prices yet
    change: float | None = None
    since_start: float | None = None
    unpriced: tuple[str, ...] = ()  # those of which no price was told for a day


class CurrencyResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The results in one currency, as a chapter tells them."""

    asset: str | None  # None is unknown
    realised: Decimal = _NOTHING  # by all that was closed, parts of trades that go on included
    closed: int = 0  # trades
    won: int = 0
    lost: int = 0
    gain: Decimal = _NOTHING  # of those that were won
    loss: Decimal = _NOTHING  # of those that were lost, negative
    best: TradeResult | None = None
    worst: TradeResult | None = None
    best_symbol: TradeResult | None = None
    worst_symbol: TradeResult | None = None
    symbols: tuple[TradeResult, ...] = ()  # by name, where they are few
    longs: OneWay | None = None  # where both were traded
    shorts: OneWay | None = None
    reasons: tuple[ReasonResult, ...] = ()  # the best first
    total: Decimal = _NOTHING  # realised since the story began
    record: Decimal = _NOTHING  # the highest that was
    after_fees: int = 0  # closed trades whose result is known to be after all of their fees
    with_funding: int = 0  # and those whose result has their funding in it
    fall: Decimal = _NOTHING  # the deepest that the realised result of the period went under its highest, negative

    @property
    def profit_factor(self) -> float | None:
        """What was won for each unit that was lost; None where nothing was lost."""
        return float(self.gain / -self.loss) if self.loss else None


class Tally(Struct, omit_defaults=True):
    """The results in one currency, while they are counted."""

    realised: Decimal = _NOTHING
    high: Decimal = _NOTHING  # the highest that it was, and nothing at first
    low: Decimal = _NOTHING
    fall: Decimal = _NOTHING
    closed: int = 0
    won: int = 0
    lost: int = 0
    gain: Decimal = _NOTHING
    loss: Decimal = _NOTHING
    after_fees: int = 0
    with_funding: int = 0
    best: TradeResult | None = None
    worst: TradeResult | None = None
    longs: OneWay = OneWay()
    shorts: OneWay = OneWay()
    symbols: dict[str, Decimal] = field(default_factory=dict)
    reasons: dict[str, Decimal] = field(default_factory=dict)  # why they were closed

    def realise(self, amount: Decimal) -> None:
        """Take what a fill has earned by closing."""
        self.realised = EXACT.add(self.realised, amount)
        if self.realised > self.high:
            self.high = self.realised
            return
        self.low = min(self.low, self.realised)
        self.fall = min(self.fall, EXACT.subtract(self.realised, self.high))

    def close(self, trip: RoundTrip | TripGist, result: Decimal) -> None:
        """Count a trade that ended."""
        self.closed += 1
        self.after_fees += trip.after_fees == "all" and not trip.fees_left_out
        self.with_funding += trip.with_funding
        if result > _NOTHING:  # as `Outcome`, which takes its time
            self.won += 1
            self.gain = EXACT.add(self.gain, result)
        elif result < _NOTHING:
            self.lost += 1
            self.loss = EXACT.add(self.loss, result)
        if trip.short:
            self.shorts = self.shorts.with_one(result)
        else:
            self.longs = self.longs.with_one(result)
        _count(self.symbols, trip.symbol or "", result)
        if trip.why_closed is not None:
            _count(self.reasons, trip.why_closed.name, result)
        if self.best is None or self.worst is None or not self.worst.result <= result <= self.best.result:
            self._compare(TradeResult(trip.symbol, result, trip.share, trip.short))

    def by_symbol(self) -> list[tuple[str, Decimal]]:
        """What each symbol came to, the worst first; nothing where the trades say it, or some symbols are not known."""
        several = 1 < len(self.symbols) < self.closed and _OTHERS not in self.symbols
        return sorted(self.symbols.items(), key=lambda item: item[1]) if several else []

    @property
    def both_ways(self) -> bool:
        """Whether longs and shorts were closed, and each that was is counted so: by livestory 0.1 none was."""
        return bool(self.longs.closed and self.shorts.closed) and self.longs.closed + self.shorts.closed == self.closed

    def append(self, later: Tally) -> None:
        """Count what came after all of this."""
        low, high = EXACT.add(self.realised, later.low), EXACT.add(self.realised, later.high)
        self.fall = min(self.fall, later.fall, EXACT.subtract(low, self.high))
        self.high, self.low = max(self.high, high), min(self.low, low)
        self.realised = EXACT.add(self.realised, later.realised)
        self.closed += later.closed
        self.won += later.won
        self.lost += later.lost
        self.gain, self.loss = EXACT.add(self.gain, later.gain), EXACT.add(self.loss, later.loss)
        self.after_fees += later.after_fees
        self.with_funding += later.with_funding
        self.longs, self.shorts = self.longs.with_all(later.longs), self.shorts.with_all(later.shorts)
        for amounts, more in ((self.symbols, later.symbols), (self.reasons, later.reasons)):
            for name, amount in more.items():
                _count(amounts, name, amount)
        for outcome in (later.best, later.worst):
            if outcome is not None:
                self._compare(outcome)

    def _compare(self, outcome: TradeResult) -> None:
        if self.best is None or outcome.result > self.best.result:
            self.best = outcome
        if self.worst is None or outcome.result < self.worst.result:
            self.worst = outcome


class Results(Struct, omit_defaults=True):
    """What was closed, paid in fees and paid or received as funding; the empty name is an unknown asset."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    fees: dict[str, Decimal] = field(default_factory=dict)
    funding: dict[str, Decimal] = field(default_factory=dict)

    def hear(self, trade: Trade | TradeGist) -> None:
        """Count what was told of a fill."""
        if trade.fee:
            add(self.fees, trade.fee_asset or trade.quote or "", trade.fee)
        if trade.gain is not None:
            self._tally(trade.gain_asset or trade.quote).realise(trade.gain)
        trip = trade.trip
        if trip is not None and trip.result is not None:
            self._tally(trip.asset).close(trip, trip.result)

    def fund(self, paid: FundingPaid) -> None:
        """Count what holding a contract has earned or cost."""
        add(self.funding, paid.unit or "", paid.amount)

    def append(self, later: Results) -> None:
        """Count what came after all of this."""
        for asset, tally in later.tallies.items():
            self._tally(asset).append(tally)
        for amounts, more in ((self.fees, later.fees), (self.funding, later.funding)):
            for asset, amount in more.items():
                add(amounts, asset, amount)

    def told(self, total: Results, *, reasons: bool = False, alone: bool = False) -> tuple[CurrencyResult, ...]:
        """The results by currency; ``total`` are those since the story began, these included.

        ``reasons``: with what each reason for closing came to. ``alone``: they are of the story's own symbol, which
        they need not name.
        """
        told = tuple(_told(asset, tally, total.tallies.get(asset, tally)) for asset, tally in self.tallies.items())
        if alone:
            told = tuple(replace(each, best=_unnamed(each.best), worst=_unnamed(each.worst)) for each in told)
        return tuple(replace(each, reasons=_by_reason(self._tally(each.asset))) for each in told) if reasons else told

    def fees_in(self, own: str | None) -> tuple[Decimal, dict[str, Decimal]]:
        """All fees as one amount where each was paid in the asset ``own``; else nothing, and the amounts by asset."""
        alone = self.fees.keys() <= {own or ""}
        return (self.fees.get(own or "", _NOTHING), {}) if alone else (_NOTHING, self.fees)

    def _tally(self, asset: str | None) -> Tally:
        tally = self.tallies.get(asset or "")
        if tally is None:
            tally = self.tallies[asset or ""] = Tally()
        return tally


class TradeTally(Struct, omit_defaults=True):
    """How often was bought and sold, and what came of it."""

    buys: int = 0
    sells: int = 0
    results: Results = field(default_factory=Results)

    def hear(self, trade: Trade | TradeGist) -> None:
        """Count what was told of a fill."""
        self.buys += trade.side == "buy"
        self.sells += trade.side != "buy"
        self.results.hear(trade)

    def append(self, later: TradeTally) -> None:
        """Count what came after all of this."""
        self.buys += later.buys
        self.sells += later.sells
        self.results.append(later.results)


def _told(asset: str, tally: Tally, total: Tally) -> CurrencyResult:
    ranked = tally.by_symbol()
    few = len(ranked) <= _FEW_SYMBOLS
    return CurrencyResult(
        asset=asset or None,
        realised=tally.realised,
        closed=tally.closed,
        won=tally.won,
        lost=tally.lost,
        gain=tally.gain,
        loss=tally.loss,
        after_fees=tally.after_fees,
        with_funding=tally.with_funding,
        best=tally.best if tally.closed > 1 else None,
        worst=tally.worst if tally.closed > 1 else None,
        best_symbol=TradeResult(ranked[-1][0] or None, ranked[-1][1]) if ranked else None,
        worst_symbol=TradeResult(ranked[0][0] or None, ranked[0][1]) if ranked else None,
        symbols=tuple(TradeResult(name or None, earned) for name, earned in sorted(ranked)) if few else (),
        longs=tally.longs if tally.both_ways else None,
        shorts=tally.shorts if tally.both_ways else None,
        total=total.realised,
        record=total.high,
        fall=tally.fall,
    )


def _unnamed(outcome: TradeResult | None) -> TradeResult | None:
    return replace(outcome, symbol=None) if outcome is not None else None


def _by_reason(tally: Tally) -> tuple[ReasonResult, ...]:
    """The reasons that earned or cost the most, the best first."""
    most = sorted(tally.reasons.items(), key=lambda item: -abs(item[1]))[:_MOST_REASONS]
    return tuple(ReasonResult(*each) for each in sorted(most, key=lambda item: -item[1]))


def _count(amounts: dict[str, Decimal], name: str, amount: Decimal) -> None:
    known = name in amounts or len(amounts) < _MOST
    add(amounts, name if known else _OTHERS, amount)
