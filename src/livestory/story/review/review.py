"""A story at a glance, gathered while it is told or read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from livestory.chart.reduction import Series
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained, CashFlow, FundingPaid
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted
from livestory.story.kinds.trades import Trade
from livestory.story.results import Results
from livestory.story.review.performance import Performance, day_of, holds
from livestory.story.review.round_trips import RoundTrips
from livestory.story.spans import HaltSpan, HaltSpans

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.kinds.base import Facts


class Flow(NamedTuple):
    """A deposit (positive) or withdrawal, as a chart marks it."""

    seq: int
    time: int
    amount: float


class Earned:
    """All that closing has earned in one currency, over time; of very many points those that a chart needs."""

    def __init__(self) -> None:
        self.count = 0
        self._series = Series(4000)
        self._last = 0

    def add(self, time: int, earned: float) -> None:
        """Take what all closings up to that instant have earned."""
        self._last = max(self._last, time)
        self._series.add(self._last, (earned,))
        self.count += 1

    def points(self) -> list[tuple[int, float]]:
        """When, and all that was earned by then."""
        return [(time, value) for time, (value,) in self._series.points() if value is not None]


class Record(NamedTuple):
    """A record that was told."""

    time: int
    seq: int


class PricedHalt(HaltSpan, kw_only=True):
    """A halt, with the price of the base asset at both ends."""

    seq: int = 0
    breaker: bool = False
    drawdown: float | None = None
    peak_time: int | None = None
    peak_price: float | None = None
    price: float | None = None
    end_seq: int | None = None
    end_price: float | None = None


class Review:
    """What page, report and `Story` show of a story besides its lines. Instants are microseconds."""

    def __init__(self, symbol: str | None) -> None:
        """Begin; ``symbol`` is the one that the story declares."""
        self.symbol = symbol
        self.performance = Performance()
        self.results = Results()
        self.earned: dict[str, Earned] = {}  # by asset
        self.trips = RoundTrips()
        self.halting = HaltSpans(PricedHalt)
        self.flows: list[Flow] = []
        self.record: Record | None = None
        self.prices: set[str] = set()  # the symbols of positions whose price was reported
        self.priced = False  # so was that of the story's own symbol
        self.several = False  # no one symbol explains all
        self._only = symbol  # the one that does
        self.readings = 0  # observations
        self.first: int | None = None
        self.last = 0
        self.account: Account | None = None
        self._paid_in = 0.0  # less what was paid out
        self._days: dict[int, int] = {}  # the seq of each day's line
        self._dated: list[PricedHalt] = []  # that began or ended at the last instant at which one did

    def observe(self, account: Account, time: int) -> None:
        """Take what the account knows after the observation of that instant."""
        self.account = account
        self.readings += 1
        self._reach(time)
        self.several = self.several or account.several
        last = account.last
        if last is not None:
            self.priced = self.priced or last.price is not None
            if last.positions:
                self.prices.update(name for name, each in last.positions.items() if each.price is not None)
        self.performance.observe(
            time,
            account.value,
            None if self.several else account.price,
            held=None if last is None else holds(last),
            began=account.first,
            own=(account.wealth or 0.0) - self._paid_in,
        )
        self._date(time)

    def take(self, seq: int, time: int, facts: Facts) -> None:
        """Take what was told at that instant, in the order told."""
        self._reach(time)
        match facts:
            case Trade():
                self._trade(seq, time, facts)
            case FundingPaid():
                self.results.fund(facts)
            case CashFlow():
                self.flows.append(Flow(seq, time, facts.amount))
                self._paid_in += 0.0 if facts.counted else facts.amount
            case BalanceDiffers() | BalanceExplained():
                self._paid_in += _unexplained(facts)
            case AllTimeHigh():
                self.record = Record(time, seq)
            case BreakerTripped() | Halted() | Phoenix() | Unhalted():
                self._halt(seq, time, facts)
            case Chapter(period="day"):
                self._days[day_of(facts.end)] = seq
            case _:
                pass

    @property
    def halts(self) -> list[PricedHalt]:
        """The halts in the order in which they began."""
        return self.halting.spans

    def result_curve(self) -> tuple[str | None, list[tuple[int, float]]]:
        """The currency in which most was closed, and all that was earned in it, over time."""
        if not self.earned:
            return None, []
        asset, earned = max(self.earned.items(), key=lambda item: item[1].count)
        return asset or None, earned.points()

    def line_of_day(self, time: int) -> int | None:
        """The seq of the line that tells the day of an instant; None where there is none."""
        return self._days.get(day_of(time))

    def _reach(self, time: int) -> None:
        self.first = time if self.first is None else self.first
        self.last = max(self.last, time)

    def _date(self, time: int) -> None:
        """Take the price of this instant for what was told at it."""
        price = self.performance.price
        for halt in self._dated:
            halt.price = price if halt.began == time else halt.price
            halt.end_price = price if halt.ended == time else halt.end_price

    def _trade(self, seq: int, time: int, trade: Trade) -> None:
        self.results.hear(trade)
        self._only = self._only or trade.symbol
        self.several = self.several or (trade.symbol is not None and trade.symbol != self._only)
        self.trips.take(seq, trade, self.symbol)
        if trade.gain is not None:
            asset = trade.gain_asset or trade.quote or ""
            self.earned.setdefault(asset, Earned()).add(time, float(self.results.tallies[asset].realised))

    def _halt(self, seq: int, time: int, facts: Facts) -> None:
        """Take the beginning or the end of a halt."""
        halt, price = self.halting.hear(time, facts), self.performance.price
        if halt is None:
            return
        self._dated = [*(each for each in self._dated if time in {each.began, each.ended}), halt]
        if halt.ended is not None:
            halt.end_seq, halt.end_price = seq, price
            return
        halt.seq, halt.price, halt.breaker = seq, price, isinstance(facts, BreakerTripped)
        if isinstance(facts, BreakerTripped):
            peak = self.performance.fall
            halt.drawdown, halt.peak_time = facts.drawdown, facts.peak_time
            halt.peak_price = peak.price if peak is not None and peak.since == facts.peak_time else None


def _unexplained(facts: BalanceDiffers | BalanceExplained) -> float:
    """What has come that is no gain until it is explained, and what of it has gone again."""
    more = max(facts.difference, 0.0)
    if isinstance(facts, BalanceDiffers):
        return more
    return -more if facts.by == "gone" else 0.0
