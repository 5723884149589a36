"""The whole of a retold story in numbers. What happened is heard from the narrator; nothing is detected here."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from livestory.clock import as_datetime, as_instant
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.money import CashFlow, FundingPaid
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.retold import RegimeTime, Summary
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted
from livestory.story.kinds.trades import Exposure, RegimeSwitch, Trade
from livestory.story.open_positions import open_positions
from livestory.story.results import TradeTally
from livestory.story.spans import HaltSpan, HaltSpans, RegimeSpans
from livestory.story.troubles import HEALTH, HealthTally, asked_after
from livestory.story.unit_value import fall_from, return_of

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.event import Event
    from livestory.story.kinds.base import Facts
    from livestory.story.rows import Rows

_UNCOUNTED = frozenset({Quiet, AllTimeHigh})  # most of what is told; `match` would try each of its kinds


class SummaryBuilder:
    """Counts what becomes the story's `Summary` while it is retold."""

    def __init__(self, account: Account, *, of_table: bool = False) -> None:
        """Begin; ``account`` is the narrator's, read after each observation. A table does not tell what failed."""
        self.account = account
        self._first: int | None = None
        self._last = 0
        self._begun = False  # the first value and the first price are known
        self._value: float | None = None
        self._price: float | None = None
        self._peak = self._floor = 0.0
        self._peak_at = 0
        self._deepest: tuple[float, int, int] | None = None  # drawdown, from, to
        self._month: float | None = None  # the unit value at its start
        self._months: list[tuple[float, int]] = []  # return and start of the worst and the best
        self._regimes, self._halts = RegimeSpans(), HaltSpans(HaltSpan)
        self._trades, self._exposures = TradeTally(), 0
        self._flow = 0.0
        self._health, self._asked, self._of_table = HealthTally(), list[str](), of_table

    def on_observation(self, time: int) -> None:
        """Count what the account knows after the observation of the instant ``time``."""
        value, last = self.account.value, self.account.last
        self._last = time
        self._health.bars_known |= not self._of_table and last is not None and last.next_due is not None
        if not self._begun:
            self._begin(time)
        if value is None:
            return
        self._measure(time, value)

    def passes(self, rows: Rows) -> bool:
        """Whether rows may be counted together: what the story began with is known."""
        return self._begun or (self._value is not None and "price" not in rows.columns)

    def on_rows(self, rows: Rows) -> None:
        """Count what the account knew after each of the rows, which it has taken together."""
        self._last = rows.last_time
        low, high = rows.span(self.account.units)
        if high <= self._peak and low >= self._floor:
            return
        for time, value in zip(rows.times[rows.start : rows.end], rows.values(self.account.units), strict=True):
            self._measure(time, value)

    def _measure(self, time: int, value: float) -> None:
        """Let a peak or a deeper drawdown be known."""
        if value > self._peak:
            self._floor = value if self._deepest is None else value * (1.0 + self._deepest[0])
            self._peak, self._peak_at = value, time
        elif value < self._floor:
            self._deepest = fall_from(self._peak, value), self._peak_at, time
            self._floor = value

    def _begin(self, time: int) -> None:
        self._first = time if self._first is None else self._first
        if self._value is None and self.account.value is not None:
            self._value = self._month = self.account.began or self.account.value
            self._measure(time, self._value)
        self._price = self.account.price if self._price is None else self._price
        self._begun = self._value is not None and self._price is not None

    def on_event(self, event: Event) -> None:
        """Count an event that was told."""
        time, facts = event.time, event.facts
        self._first = time if self._first is None else self._first
        self._last = max(self._last, time)
        if type(facts) in HEALTH or self._asked:
            self._health.hear(facts)
            asked_after(self._asked, facts)
        if type(facts) not in _UNCOUNTED:
            self._count(time, facts)

    def _count(self, time: int, facts: Facts) -> None:
        match facts:
            case Chapter(period=period):
                if period == "month":
                    self._end_month(facts.start, facts.change)
            case RegimeSwitch():
                self._regimes.switch(time, facts.regime)
            case BreakerTripped() | Halted() | Phoenix() | Unhalted():
                self._halts.hear(time, facts)
            case Trade():
                self._trades.hear(facts)
            case FundingPaid():
                self._trades.results.fund(facts)
            case Exposure():
                self._exposures += 1
            case CashFlow():
                self._flow += facts.amount
            case _:
                pass

    def build(self, *, halts: bool, exposures: bool, trades: bool = True, of_trades: bool = False) -> Summary:
        """The numbers. ``halts``, ``exposures``, ``trades``: whether there was anything to hear of them.

        ``of_trades``: it is a table of trades, of which a reader wants the results.
        """
        account, end = self.account, self._last
        regimes: Counter[str] = Counter()
        for span in self._regimes.until(end):
            regimes[span.regime] += span.end - span.start
        if self._month != account.value:
            start = as_instant(as_datetime(end).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
            self._end_month(start, return_of(self._month, account.value))
        deepest = self._deepest or (None, None, None)
        portfolio = of_trades or account.portfolio or account.wealth is None
        results = self._trades.results
        fees, by_asset = results.fees_in(account.unit)
        told = Summary(
            start=end if self._first is None else self._first,
            end=end,
            wealth=account.wealth,
            unit=account.unit,
            change=return_of(self._value, account.value),
            holding=return_of(self._price, account.price),
            base=account.base if not account.several else None,
            deepest=deepest[0],
            deepest_from=deepest[1],
            deepest_at=deepest[2],
            buys=self._trades.buys,
            sells=self._trades.sells,
            fees=fees,
            fees_by_asset=by_asset,
            results=results.told(results, reasons=portfolio, alone=not portfolio),
            began=account.began if account.wealth is None else None,
            benchmark=account.benchmark(),
            to_breaker=account.to_breaker(),
            record=account.to_record(),
            health=self._health.told(self._asked),
            exposures=self._exposures if exposures else None,
            trades_known=trades,
            regimes=tuple(RegimeTime(*each) for each in sorted(regimes.items())),
            halts=len(self._halts.spans) if halts else None,
            halted=sum(over - since for since, over in self._halts.until(end)),
            flow=self._flow,
        )
        return self._with_months(self._of_portfolio(told) if portfolio else told)

    def _of_portfolio(self, told: Summary) -> Summary:
        """With fees and funding by asset, and what is held, which no one price and no one fee can say."""
        results, held = self._trades.results, open_positions(self.account)
        return replace(told, fees=Decimal(0), fees_by_asset=results.fees, funding=results.funding, open=held)

    def _with_months(self, told: Summary) -> Summary:
        """With the best and the worst month, where there was more than one."""
        if not self._months or self._months[0] == self._months[-1]:
            return told
        (worst, worst_month), (best, best_month) = self._months
        return replace(told, best=best, best_month=best_month, worst=worst, worst_month=worst_month)

    def _end_month(self, start: int, change: float | None) -> None:
        if change is not None and self._month is not None:
            months = [*self._months, (change, start)]
            self._months = [min(months), max(months)]
            self._month *= 1.0 + change
