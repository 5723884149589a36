"""What the story knows of a bot so far: the arithmetic that every detector reads and none repeats."""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext, setcontext
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import field
from msgspec.structs import replace

from livestory.story.basket import Basket
from livestory.story.halt_reasons import BREAKER
from livestory.story.inputs import Begin, Fill, Funding, Observation, PositionReading
from livestory.story.kinds.lifecycle import Rules, RulesChanged
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.positions import EXACT, Closed, Deal, Fee, Holding, add
from livestory.story.results import Benchmark
from livestory.story.settings import StorySettings
from livestory.story.standing import BreakerDistance, Record
from livestory.story.symbol import Traded, assets, canonical, settled_in, traded
from livestory.story.unit_value import UnitValue, fall_from, return_of

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts
    from livestory.story.rows import Rows

_NOTHING = Decimal(0)
_AS_GOOD_AS = 1e-3  # of a position: dust, or a fee that was taken from it
_OF_SHORT = {"long": False, "short": True}
"""The names of the two sides of a hedge."""
_of_one = attrgetter("price", "position", "weight", "target_weight")
_UNKNOWN = (None,) * 4
TAKEN = frozenset({AllTimeHigh, Rules, RulesChanged, BalanceDiffers, BalanceExplained})
"""The kinds of what has been told that an account takes."""
PART = "\n"
"""Between a symbol and which one of several positions in it: in no symbol that a caller may give."""


def tripped(halt_reason: str | None) -> bool:
    """Whether a halt is the breaker's; a bot that gives no reason halts for its breaker."""
    return halt_reason is None or halt_reason == BREAKER


def price_at(wealth: float, o: Observation) -> float | None:
    """The price at which the present position brings wealth to ``wealth``: the rest of it does not move with price."""
    if not o.position or o.price is None or o.wealth is None:
        return None
    price = (wealth - (o.wealth - o.position * o.price)) / o.position
    return price if price > 0 else None


class Account(UnitValue):
    """Wealth, peaks, positions and rules as told so far. Read it; only the narrator updates it."""

    symbol: str | None  # None is unknown, and so are then its assets
    unit: str | None
    settings: StorySettings
    rules: Rules | None = None
    last: Observation | None = None  # the last observation, without readings that were refused
    price: float | None = None
    value: float | None = None  # of one unit
    record: float | None = None  # the announced all-time high, as a unit value
    peak_time: int = 0
    highest: float = 0.0  # of the peaks that a resume has put aside, the highest
    highest_at: int | None = None  # when it was
    peak_moved: bool = False  # a flow has come since the peak: its balance of today was never had
    resumed_at: int | None = None  # the resume that the peak counts from; None = the record
    tripped: bool = False  # as far as the bot has said
    resuming: bool = False  # it resumed, and its wealth at that is not known yet
    drawdown: float = 0.0
    positions: dict[str, Holding] = field(default_factory=dict)
    only: str | None = None  # the one symbol that was traded or held, where the story declares none
    several: bool = False  # more than one was: no price, position or weight explains all
    portfolio: bool = False  # several were, or a short
    first: float | None = None  # the value of a unit that was known first
    first_price: float | None = None  # told with it
    first_at: int | None = None  # when
    regime_since: int | None = None  # the bot has said the same regime since then
    began: float | None = None  # the wealth that a bot which tells of itself said it began with
    read: bool = False  # what it held when its positions were first read is known
    read_at: int = 0  # when they were read last
    moved: dict[str, Decimal] = field(default_factory=dict)  # by fills since then, bought less sold
    sold_at: Decimal | None = None  # the price of the last sale that left nothing
    sold: Decimal | None = None  # and what was sold then
    basket: Basket | None = None  # of its first positions, where it is asked for
    mode: str | None = None  # as a bot said that tells of itself
    record_units: float | None = None  # when the record was announced, or the first value known
    short_at: float | None = None  # the wealth that was last told to be less than expected

    @property
    def base(self) -> str | None:
        """The asset that the story's symbol trades."""
        return assets(self.symbol)[0]

    @property
    def quote(self) -> str | None:
        """The asset that the story's symbol is priced in."""
        return assets(self.symbol)[1]

    def observe(self, observation: Observation) -> None:
        """Take a checked observation: its wealth, where known, is positive and finite."""
        halted = observation.halted
        if halted is not None:
            self.resuming = self.resuming or (self.tripped and not halted)
            self.tripped = halted and (self.tripped or tripped(observation.halt_reason))
        wealth = observation.wealth
        if wealth == 0.0:  # all is withdrawn: a unit is worth what it was
            self.wealth = wealth
        elif wealth is not None:
            if self.wealth == 0.0 and self.value:  # all was withdrawn, and something has come back
                self.units = wealth / self.value
            elif observation.flow:
                self.keep_value(wealth - observation.flow, wealth)
            self.wealth = wealth
            self.value = value = self.value_at(wealth)
            if value >= self.peak or self.resuming:
                self._count_from(value, observation.time)
            if self.record is None:
                self.first = self.first or value
                self.record, self.record_units = max(value, self.began or value), self.units
                self.peak = max(self.peak, self.record)  # it may have begun with more
                self.first_price, self.first_at = observation.price, observation.time
            measured = observation.drawdown
            self.drawdown = fall_from(self.peak, value) if measured is None else measured
        elif observation.flow:
            self.flow(observation.flow)
        if observation.price is not None:
            self.price = observation.price
        self._note_regime(observation)
        self.last = observation

    def _note_regime(self, observation: Observation) -> None:
        if observation.regime is not None and (self.last is None or self.last.regime != observation.regime):
            self.regime_since = observation.time

    def passes(self) -> bool:
        """Whether rows may be taken together: wealth is known, and nothing is expected of the next reading."""
        return bool(self.wealth and self.record and self.peak) and not (self.resuming or self.tripped or self.several)

    def take(self, rows: Rows) -> None:
        """Take checked observations, as `observe` takes each of them."""
        values, last = rows.values(self.units), rows[-1]
        _, high = rows.span(self.units)
        if high >= self.peak:
            self._count_from(high, rows.last(values, high))
        self.wealth, self.value = last.wealth, values[-1]
        self.drawdown = fall_from(self.peak, values[-1])
        self.last = last
        if last.price is not None:
            self.price = last.price

    def explained(self, observation: Observation) -> Observation:
        """Take the bot's word of all that it holds; the observation as `of_all` has it then."""
        if observation.positions is not None:
            self._read(observation.time, observation.positions)
        return self.of_all(observation)

    def of_all(self, observation: Observation) -> Observation:
        """The observation without price, position and weights, where these are not of all that the bot holds."""
        if not self.several or _of_one(observation) == _UNKNOWN:
            return observation
        return replace(observation, price=None, position=None, weight=None, target_weight=None)

    def _read(self, time: int, positions: dict[str, PositionReading]) -> None:
        for symbol, reading in positions.items() if not self.several else ():
            self._notice(symbol, short=reading.quantity < 0)
        if not self.read:
            self._find(time, positions)
        self.read_at = time
        self.moved.clear()
        for symbol, held in self.positions.items():
            found = positions.get(symbol)
            listed = found is not None and bool(found.quantity)
            if not listed or not held.listed or held.absent_since is not None:  # else it changes nothing
                held.read(time, listed=listed)
        if self.settings.benchmark == "basket":
            self._hold(time, positions)

    def _find(self, time: int, positions: dict[str, PositionReading]) -> None:
        """Take the positions of the first reading that no fill of this story opened, at the entry that is reported."""
        self.read = True
        for symbol, reading in positions.items():
            if symbol not in self.positions and reading.quantity:
                with localcontext(EXACT):
                    self.positions[symbol] = Holding.found(time, reading.quantity, reading.entry or None, reading.price)

    def _hold(self, time: int, positions: dict[str, PositionReading]) -> None:
        if self.basket is None:
            self.basket = Basket.of(time, positions)
        else:
            self.basket.read(time, positions)

    @property
    def basket_value(self) -> float | None:
        """What 1 in the basket has become, and 1 before there is one; None where a price is not known."""
        return self.basket.value(self.last.time) if self.basket is not None and self.last is not None else 1.0

    def benchmark(self, before: float | None = 1.0) -> Benchmark | None:
        """What the basket made since it was worth ``before``; None where it is not asked for, or one symbol is all."""
        if self.settings.benchmark != "basket" or not self.portfolio:
            return None
        if self.basket is None or self.last is None:
            return Benchmark()
        value = self.basket_value
        return Benchmark(
            of=tuple(self.basket.worth),
            change=return_of(before, value),
            since_start=return_of(1.0, value),
            unpriced=self.basket.unpriced(self.last.time),
        )

    def _notice(self, symbol: str, *, short: bool) -> None:
        """Take that the symbol is traded, where it is not known yet that several are."""
        self.portfolio = self.portfolio or short
        known = self.symbol or self.only
        if known is None:
            self.only = symbol or None
        elif symbol and symbol != known:
            self.several = self.portfolio = True
            self.price = None

    def begin(self, begin: Begin) -> None:
        """Take what a bot that tells of itself says it begins with."""
        if begin.own and begin.mode:
            self.mode = begin.mode
        if begin.own and begin.wealth and begin.wealth > 0 and self.first is None:
            self.first = self.began = begin.wealth

    def trip(self) -> None:
        """Note that the breaker has tripped, as the bot itself said."""
        self.tripped = True

    def resume(self) -> None:
        """Note that the bot trades again after its breaker: its drawdown counts from the next wealth on."""
        self.resuming, self.tripped = self.resuming or self.tripped, False

    def _count_from(self, value: float, time: int) -> None:
        """A new peak; after the breaker's halt it is the wealth at the resume, as in the bot's own rule."""
        if value < self.peak:
            self.resumed_at = time
            if self.peak >= self.highest:
                self.highest, self.highest_at = self.peak, self._peak_at
        elif self.record is not None and value >= self.record:
            self.resumed_at = None
        self.peak, self.peak_time, self.resuming, self.peak_moved = value, time, False, False

    @property
    def _peak_at(self) -> int | None:
        """When the balance of the peak was had; None where a flow has moved it since."""
        return self.peak_time or None if not self.peak_moved else None

    def keep_value(self, before: float, after: float) -> bool:
        """Take a flow, which moves the balances of all records."""
        self.peak_moved, self.highest_at = True, None
        return super().keep_value(before, after)

    def flow(self, amount: float) -> None:
        """Take a deposit or withdrawal that the next observation's wealth will contain."""
        if self.wealth is None and self.began is not None:
            before = self.as_wealth(self.began)
            self.keep_value(before, before + amount)
        if self.wealth is None or self.value is None:
            return
        after = max(0.0, self.wealth + amount)
        if not self.wealth and after:  # all was withdrawn, and something has come back
            self.units = after / self.value
        else:  # where nothing is left there is nothing to measure a share of, until something comes back
            self.keep_value(self.wealth, after)
        self.wealth = after

    def explain(self, amount: float) -> None:
        """Take a deposit or withdrawal as if it had been known when the wealth was told to differ by it."""
        at = self.short_at or self.wealth
        if amount >= 0 or not at or self.wealth is None:  # more than expected was taken as a flow at once
            return
        if self.keep_value(at - amount, at):  # an amount beyond all measure explains nothing
            self.value = self.value_at(self.wealth)

    def told(self, facts: Facts) -> None:
        """Take what has been told: the record and the rules are the ones that the reader knows.

        An unexplained increase makes no record, an unexplained decrease is a loss until it is explained.
        """
        if isinstance(facts, AllTimeHigh) and facts.unit == self.unit:
            self.record, self.record_units = max(self.record or 0.0, facts.wealth / self.units), self.units
        elif isinstance(facts, Rules):
            self.rules = facts
        elif isinstance(facts, RulesChanged):
            self.rules = facts.after
        elif isinstance(facts, BalanceDiffers):
            if facts.difference > 0:
                self.flow(facts.difference)
            else:
                self.short_at = facts.wealth
        elif isinstance(facts, BalanceExplained) and facts.by == "gone" and facts.difference > 0:
            self.flow(-facts.difference)

    def near_breaker(self) -> tuple[float | None, float | None]:
        """The drawdown and the breaker's limit, once the one is half-way to the other; else None of both."""
        limit = self.rules.breaker if self.rules is not None else None
        if not limit or self.drawdown > -limit * self.settings.half_way:
            return None, None
        return self.drawdown, limit

    def to_breaker(self) -> BreakerDistance | None:
        """The distance to the breaker; None if there is none, if it has tripped, or if wealth is unknown."""
        limit = self.rules.breaker if self.rules is not None else None
        drawdown, wealth = self.drawdown, self.wealth
        if not limit or not wealth or self.last is None or self.tripped or drawdown <= -limit:
            return None
        fall = (1.0 - limit) / (1.0 + drawdown) - 1.0
        return BreakerDistance(
            drawdown=drawdown,
            limit=limit,
            since_resume=self.resumed_at is not None,
            wealth=wealth * (1.0 + fall),
            fall=fall,
            price=price_at(wealth * (1.0 + fall), self.last),
        )

    def entry(self) -> Decimal | None:
        """The average price of what is held of the story's own symbol, where its fills explain all that is."""
        held, last = self.positions.get(self.symbol or ""), self.last
        if held is None or last is None or last.position is None:
            return None
        agree = abs(float(held.quantity) - last.position) <= abs(last.position) * _AS_GOOD_AS
        return held.entry if agree else None

    def to_record(self) -> Record | None:
        """The record to beat: the highest ever, told or not."""
        if self.record is None or self.wealth is None:
            return None
        gain, record = self.settings.ath_min_gain, self.as_wealth(self.record)
        highest = max(self.record, self.highest, self.peak)
        at = self._peak_at if highest == self.peak else self.highest_at if highest == self.highest else None
        return Record(wealth=self.as_wealth(highest), next_told=record * (1.0 + gain) if gain else None, at=at)

    def as_wealth(self, value: float) -> float:
        """A unit value as a balance of today's size."""
        return value * self.units

    def fill(self, fill: Fill) -> Closed:
        """Take a fill into its position, and say what it closed; see `Holding.take`."""
        symbol = self.symbol_of(fill.symbol)
        key = self.holding_of(symbol, fill.position)
        held, gone = self.positions.get(key), None
        if held is not None and held.gone and held.is_gone(fill.time):
            gone = held.quantity
        if held is None or gone is not None or (held.found_at or 0) >= fill.time:  # what a reading knew is in it
            held = self.positions[key] = Holding()
        before = getcontext()
        setcontext(EXACT)  # where `localcontext` would take as long as the arithmetic itself
        try:
            deal, was = self._deal(fill, symbol, held), held.quantity
            closed = held.take(deal)
            if 0 < self.read_at < fill.time:
                by = held.quantity - was if closed.position_after is not None else deal.size * (1 if deal.buys else -1)
                add(self.moved, symbol, by)
        finally:
            setcontext(before)
        if not self.several:
            self._notice(symbol, short=closed.short)
        if held.forgettable:
            del self.positions[key]
        if key != symbol and closed.position_after is not None:
            alike = (  # those of a hedge's other direction are another position
                each.quantity
                for other, each in self.positions.items()
                if other.startswith(symbol + PART) and (each.quantity < 0) == (held.quantity < 0 or closed.short)
            )
            closed = replace(closed, position_after=sum(alike, _NOTHING))
        if gone:
            closed = replace(closed, gone=gone)
        own = closed.gain is not None and symbol == (self.symbol or "")
        if own and fill.side == "sell" and not closed.position_after:
            self.sold_at, self.sold = fill.price, fill.quantity
        return closed

    def fund(self, funding: Funding) -> None:
        """Take a payment into the round trip that it was made for."""
        held = self.positions.get(self.holding_of(self.symbol_of(funding.symbol), funding.position))
        if held is not None and held.trip is not None:
            with localcontext(EXACT):
                add(held.trip.funding, funding.asset or settled_in(funding.symbol) or "", funding.amount)

    def symbol_of(self, symbol: str | None) -> str:
        """What a fill's symbol is known by; a fill without one is of the story's own."""
        return canonical(symbol) if symbol is not None else self.symbol or ""

    def traded(self, symbol: str) -> Traded:
        """What a fill of that symbol trades; where nothing names one, it is paid in what wealth is counted in."""
        if not symbol:
            return Traded(None, self.unit, self.unit, contract=False, worked_out=True)
        return traded(symbol)

    @staticmethod
    def holding_of(symbol: str, position: str | None) -> str:
        """The key of the position that a fill changes: its symbol, with the fill's own position where it names one."""
        return symbol if position is None else f"{symbol}{PART}{position}"

    def _deal(self, fill: Fill, symbol: str, held: Holding) -> Deal:
        of = self.traded(symbol)
        buys, size, fee = fill.side == "buy", fill.quantity, None
        if fill.fee is not None:
            asset = fill.fee_asset or of.quote or ""
            charged = None if asset else fill.fee
            if asset == of.quote:
                charged = fill.fee
            elif asset == of.base and (of.contract or (fill.fee if buys else abs(fill.fee)) >= size):
                charged = fill.fee * fill.price
            elif asset == of.base:
                charged = _NOTHING  # it is held less, or more is gone
                size += -fill.fee if buys else fill.fee
                if not buys and fill.quantity <= held.quantity < size:  # it is taken from what is not known of
                    size, charged = held.quantity, (size - held.quantity) * fill.price
            elif (price := self.price_of(f"{asset}/{of.quote}")) is not None:
                charged = fill.fee * price
            fee = Fee(asset, fill.fee, charged)
        return Deal(
            symbol=symbol or None,
            of=of,
            time=fill.time,
            buys=buys,
            effect=fill.effect,
            of_short=_OF_SHORT.get(fill.position or ""),
            size=size,
            traded=fill.quantity,
            price=fill.price,
            paid=fill.quantity * fill.price,
            charged=(fee.charged if fee is not None else None) or _NOTHING,
            fee=fee,
            reported=fill.result,
            reason=fill.reason,
        )

    def price_of(self, symbol: str) -> Decimal | None:
        """What a symbol was last told to be worth."""
        if symbol == self.symbol and self.price is not None:
            return Decimal(str(self.price))
        readings = self.last.positions if self.last is not None else None
        if readings and symbol in readings and (price := readings[symbol].price) is not None:
            return price
        held = self.positions.get(symbol)
        return held.price if held is not None else None
