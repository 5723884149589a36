"""Days, weeks, months and years that end, and signs of life between lines.

A day is (00:00, next 00:00] UTC: the observation at midnight belongs to the day that ends there. Weeks end on Monday
00:00 (ISO 8601), months on the first, years on 1 January.
"""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from livestory.clock import DAY
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.lifecycle import Resumed, Stopped
from livestory.story.kinds.money import CashFlow, FundingPaid
from livestory.story.kinds.risk import BreakerTripped
from livestory.story.kinds.trades import Exposure, Trade
from livestory.story.open_positions import open_positions
from livestory.story.periods import PERIODS
from livestory.story.positions import EXACT
from livestory.story.reason import BarCount, Reason
from livestory.story.reasons import OTHER
from livestory.story.results import Results, TradeTally
from livestory.story.troubles import HEALTH, HealthTally, asked_after
from livestory.story.unit_value import fall_from, return_of
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.story.account import Account
    from livestory.story.inputs import Observation
    from livestory.story.kinds.base import Facts
    from livestory.story.rows import Rows


class _Count(Struct):
    bars: int
    nearest: Reason
    distance: float  # of the nearest reading from its limit


_NOTHING = Decimal(0)
_FAR = float("inf")
_NO_NEWS = frozenset({Resumed, Stopped})  # they end no silence
_MOST = 20  # reasons; a bot whose every reason reads differently fills no memory


class NoTradeTally(Struct):
    """Counts the reasons of bars without a trade, and keeps the reading of each that came nearest to its limit."""

    counts: dict[str, _Count] = {}

    def add(self, reason: Reason, bars: int = 1) -> None:
        """Count bars that made no trade, and why; ``reason`` is the one of them that came nearest to its limit."""
        value, limit = reason.value, reason.limit
        distance = abs(value - limit) if value is not None and limit is not None else _FAR
        name = reason.name
        if name not in self.counts and len(self.counts) >= _MOST:
            reason = OTHER()
            name = reason.key
        count = self.counts.get(name)
        if count is None:
            self.counts[name] = _Count(bars, reason, distance)
            return
        count.bars += bars
        if distance < count.distance:
            count.nearest, count.distance = reason, distance

    def clear(self) -> None:
        """Forget all bars that were counted."""
        self.counts.clear()

    def told(self) -> tuple[BarCount, ...]:
        """The counts, most frequent first."""
        if not self.counts:
            return ()
        ordered = sorted(self.counts.values(), key=lambda count: -count.bars)
        return tuple(BarCount(count.bars, count.nearest) for count in ordered)


class _Tally(TradeTally, kw_only=True, omit_defaults=True):
    """What happened in a period so far. A longer period takes each day as it ends."""

    start: int
    end: int
    since: int  # the first instant that is known of it
    value: float | None
    wealth: float | None
    price: float | None
    peak: float = 0.0  # highest value in it, its opening included
    peak_at: int = 0
    bars: int = 0
    exposures: int = 0
    fees: Decimal = Decimal(0)  # in the quote asset; `results` of a day begun by livestory 0.1 lack them
    lowest: float = inf  # of a day: the lowest value in it
    lowest_at: int = 0
    deepest: float = 0.0
    deepest_from: int = 0
    deepest_at: int = 0
    trips: int = 0
    halted: int = 0
    flow: float = 0.0
    regimes: dict[str, int] = field(default_factory=dict)
    no_trade: NoTradeTally = field(default_factory=NoTradeTally)
    best: float | None = None
    best_day: int = 0
    worst: float | None = None
    worst_day: int = 0
    best_alike: int = 0  # further days of which the same percentage is told
    worst_alike: int = 0
    basket: float | None = 1.0  # the benchmark's value at its opening; None is unknown
    health: HealthTally = field(default_factory=HealthTally)

    def measure(self, time: int, value: float) -> None:
        """Let a value of a day be its lowest, its highest, or deeper under its highest than any before."""
        if value < self.lowest:
            self.lowest, self.lowest_at = value, time
        if value >= self.peak:  # the drawdown is from the highest value since the day opened
            self.peak, self.peak_at = value, time
        elif (drawdown := fall_from(self.peak, value)) < self.deepest:
            self.deepest, self.deepest_from, self.deepest_at = drawdown, self.peak_at, time

    def fall(self, start: int, times: Sequence[int], values: Sequence[float]) -> None:
        """Let each of some values be the highest or the deepest, as `measure` does; ``start`` is the first one's place.

        A loop, and not the least and the greatest of them: a day has few values, and comes here once or twice.
        """
        peak, peak_at, deepest = self.peak, self.peak_at, self.deepest
        for place, value in enumerate(values, start):
            if value >= peak:
                peak, peak_at = value, times[place]
            elif (drawdown := value / peak - 1.0) < deepest:  # as `fall_from`
                deepest = self.deepest = drawdown
                self.deepest_from, self.deepest_at = peak_at, times[place]
        self.peak, self.peak_at = peak, peak_at

    def take(self, day: _Tally, change: float | None) -> None:
        """Add a day that ended."""
        self.bars += day.bars
        self.append(day)
        self.exposures += day.exposures
        self.fees = EXACT.add(self.fees, day.fees)
        self.trips += day.trips
        self.halted += day.halted
        self.flow += day.flow
        self.health.take(day.health)
        self._fall(day)
        for regime, bars in day.regimes.items():
            self.regimes[regime] = self.regimes.get(regime, 0) + bars
        if change is not None:
            self._compare(change, day.start)

    def _compare(self, change: float, day: int) -> None:
        """Let a day be the best, the worst, or one more like it."""
        told = numbers.percent(change)
        alike = self.best is not None and numbers.percent(self.best) == told
        self.best_alike += alike
        if self.best is None or change > self.best:
            self.best, self.best_day = change, day
            if not alike:
                self.best_alike = 0
        alike = self.worst is not None and numbers.percent(self.worst) == told
        self.worst_alike += alike
        if self.worst is None or change < self.worst:
            self.worst, self.worst_day = change, day
            if not alike:
                self.worst_alike = 0

    def _fall(self, day: _Tally) -> None:
        """Add the falls of a day: from the highest value in it, and from the highest before it."""
        deepest, at, since = 0.0, 0, 0
        if day.deepest_from > day.since:  # from a value that it opened with, the one before it is as deep or deeper
            deepest, at, since = day.deepest, day.deepest_at, day.deepest_from
        if self.peak and day.lowest_at:
            fall = fall_from(self.peak, day.lowest)
            if fall < deepest or (fall == deepest and day.lowest_at < at):
                deepest, at, since = fall, day.lowest_at, self.peak_at
        if deepest < self.deepest:
            self.deepest, self.deepest_from, self.deepest_at = deepest, since, at
        if day.peak_at > day.since and day.peak >= self.peak:
            self.peak, self.peak_at = day.peak, day.peak_at


class ChapterDetector(Struct):
    """Tells each period when it ends; one that ended unseen is told when the bot is next heard."""

    tallies: dict[str, _Tally] = {}
    end: int = 0  # of the day
    last: int = 0  # observation of a halted bot
    halted_since: int = 0  # its first in this halt
    was_halted: bool = False
    trades_known: bool = True  # there are fills to hear of
    troubles_known: bool = True  # whoever tells also says what failed
    observed: bool = False
    total: Results = field(default_factory=Results)  # of the days that ended
    unknown_told: bool = False  # that no wealth is known
    asked: list[str] = []  # the short names of what waits for the owner, each once

    def observe(self, observation: Observation, account: Account) -> tuple[Chapter, ...]:
        """The chapters that end with this observation."""
        time = observation.time
        day = self.tallies.get("day") if self.observed else self._first_seen(time, account)
        if day is None:
            day = self._begin(time, account)
        day.bars += 1
        day.health.bars_known |= self.troubles_known and observation.next_due is not None
        value = account.value
        if value is not None:
            day.measure(time, value)
        halted = observation.halted is True
        if halted or self.was_halted:
            if not self.was_halted:
                self.halted_since = time
            else:
                day.halted += time - max(self.last, day.start)
            self.last, self.was_halted = time, halted
        regime = observation.regime
        if regime is not None:
            day.regimes[regime] = day.regimes.get(regime, 0) + 1
        reason = observation.no_trade_reason
        if reason is not None:
            day.no_trade.add(reason)
        return self.close(time, account) if time >= self.end else ()

    def until(self, rows: Rows, account: Account) -> int | None:
        """All of the rows, where they are within a day that has begun; else None."""
        del account
        within = self.observed and "day" in self.tallies and not self.was_halted and rows.last_time < self.end
        return rows.count if within else None

    def take(self, rows: Rows, account: Account) -> None:
        """Count rows that pass."""
        day = self.tallies["day"]
        day.bars += rows.count
        values = rows.values(account.units)
        low, high = rows.span(account.units)
        if low < day.lowest:
            day.lowest, day.lowest_at = low, rows.times[rows.start + values.index(low)]
        if fall_from(max(day.peak, high), low) < day.deepest:  # else none in them can be deeper
            day.fall(rows.start, rows.times, values)
        elif high >= day.peak:
            day.peak, day.peak_at = high, rows.last(values, high)

    def close(self, time: int, account: Account) -> tuple[Chapter, ...]:
        """The chapters that ended by ``time``, an observation's or any input's; the next ones begin."""
        day = self.tallies.get("day")
        if day is None:
            return ()
        if self.was_halted and self.last < day.end:
            day.halted += day.end - max(self.last, day.start)
        change = return_of(day.value, account.value)
        self.total.append(day.results)
        chapters = [self._told("day", day, change, account)]
        following = time + 1 if time == day.end else time
        self._open("day", following, day.end, account)
        for period, tally in list(self.tallies.items())[1:]:
            tally.take(day, change)
            if tally.end < following:  # one that ends with the observation to come is told after it
                chapters.append(self._told(period, tally, return_of(tally.value, account.value), account))
                self._open(period, following, day.end, account)
        return tuple(chapters)

    def hear(self, facts: Facts) -> None:
        """Count what has been told."""
        of_health = type(facts) in HEALTH
        if of_health or self.asked:
            asked_after(self.asked, facts)
        day = self.tallies.get("day")
        if day is None:
            return
        if of_health:
            day.health.hear(facts)
        if type(facts) is Trade:
            day.hear(facts)
            if facts.fee_asset is None and facts.fee:
                day.fees = EXACT.add(day.fees, facts.fee)
        elif type(facts) is FundingPaid:
            day.results.fund(facts)
        elif type(facts) is Exposure:
            day.exposures += 1
        elif type(facts) is BreakerTripped:
            day.trips += 1
        elif type(facts) is CashFlow:
            day.flow += facts.amount

    def in_all(self, stopped: Stopped, account: Account) -> Stopped:
        """A goodbye with what all came to, of a bot that has no one position to tell it by."""
        total = Results()
        for each in (self.total, *(tally.results for tally in list(self.tallies.values())[:1])):
            total.append(each)
        if not (account.portfolio or (account.wealth is None and total.tallies)):
            return stopped
        return replace(
            stopped,
            since_start=return_of(account.first, account.value),
            results=total.told(total),
            open=open_positions(account),
            open_known=True,
        )

    def begin(self, time: int, account: Account) -> None:
        """Begin the first chapters with what a bot has traded, which may never tell how it is."""
        if "day" not in self.tallies:
            self._begin(time, account)

    def _first_seen(self, time: int, account: Account) -> _Tally | None:
        """Count returns from the first observation on, of a bot that has traded before it."""
        self.observed = True
        day, value = self.tallies.get("day"), account.value
        if day is not None and not day.bars and value is not None:
            for tally in self.tallies.values():
                tally.since = tally.peak_at = time
                tally.value, tally.wealth, tally.price, tally.peak = value, account.wealth, account.price, value or 0.0
        return day

    def _begin(self, time: int, account: Account) -> _Tally:
        # A story that begins at midnight begins with the new day, not with the last instant of the old one.
        following = time + 1 if time % DAY == 0 else time
        for period in PERIODS:
            self._open(period, following, time, account)
        return self.tallies["day"]

    def _open(self, period: str, time: int, since: int, account: Account) -> None:
        start, end = PERIODS[period](time)
        if period == "day":
            self.end = end
        value = account.value
        self.tallies[period] = _Tally(
            start=start,
            end=end,
            since=since,
            value=value,
            wealth=account.wealth,
            price=account.price,
            peak=value or 0.0,
            peak_at=since,
            basket=account.basket_value,
        )

    def _told(self, period: str, tally: _Tally, change: float | None, account: Account) -> Chapter:
        told = self._counted(period, tally, change, account)
        by_results = account.wealth is None and bool(tally.results.tallies)
        portfolio = account.portfolio or by_results
        if portfolio:
            told = replace(
                told,
                fees=_NOTHING,
                fees_by_asset=tally.results.fees,
                funding=tally.results.funding,
                open=open_positions(account),
                began=account.began if account.wealth is None else None,
                unknown_wealth=by_results and not self.unknown_told,
            )
            self.unknown_told = self.unknown_told or by_results
        if portfolio or period != "day":
            results = tally.results.told(self.total, alone=not portfolio)
            since = return_of(account.first, account.value)
            told = replace(told, results=results, since_start=since, started=account.first_at)
        return told if period == "day" else self._of_a_longer_one(told, tally, account)

    def _counted(self, period: str, tally: _Tally, change: float | None, account: Account) -> Chapter:
        """What a chapter tells of any bot, and of any period."""
        known = sum(tally.regimes.values())
        two_regimes = known and tally.regimes.keys() <= {"TREND", "MEAN_REV"}
        drawdown, limit = (None, None) if self.was_halted else account.near_breaker()
        _, by_asset = tally.results.fees_in(account.quote)
        return Chapter(
            period=period,
            start=tally.start,
            end=tally.end,
            since=tally.since if tally.since != tally.start else None,
            wealth=account.wealth,
            wealth_before=tally.wealth,
            earned=_earned(tally, account),
            unit=account.unit,
            change=change,
            holding=return_of(tally.price, account.price),
            base=account.base if not account.several else None,
            buys=tally.buys,
            sells=tally.sells,
            trades_known=self.trades_known,
            exposures=tally.exposures,
            fees=_NOTHING if by_asset else tally.fees,
            fees_by_asset=by_asset,
            deepest=tally.deepest or None,
            deepest_from=tally.deepest_from or None,
            deepest_at=tally.deepest_at or None,
            bars=tally.bars,
            trips=tally.trips,
            halted=tally.halted,
            trend_share=tally.regimes.get("TREND", 0) / known if two_regimes else None,
            regime=next(iter(tally.regimes)) if len(tally.regimes) == 1 and not two_regimes else None,
            drawdown=drawdown,
            limit=limit,
            flow=tally.flow,
            no_trade=tally.no_trade.told() if period == "day" and not tally.buys + tally.sells else (),
            benchmark=account.benchmark(tally.basket),
        )

    def _of_a_longer_one(self, told: Chapter, tally: _Tally, account: Account) -> Chapter:
        """With what a week, a month and a year tell besides: their best and worst day, and how the bot stands."""
        if tally.best_day != tally.worst_day:
            told = replace(
                told,
                best=tally.best,
                best_day=tally.best_day,
                best_alike=tally.best_alike,
                worst=tally.worst,
                worst_day=tally.worst_day,
                worst_alike=tally.worst_alike,
            )
        if self.was_halted:
            limit = account.rules.breaker if account.rules is not None else None
            drawdown = account.drawdown if account.value is not None else None
            told = replace(told, halted_since=self.halted_since or None, drawdown=drawdown, limit=limit or None)
        return replace(
            told,
            held_since_start=return_of(account.first_price, account.price) if not account.several else None,
            to_breaker=account.to_breaker() if not self.was_halted else None,
            record=account.to_record(),
            regime_at_end=account.last.regime if account.last is not None else None,
            regime_since=account.regime_since,
            health=tally.health.told(self.asked),
        )


def _earned(tally: _Tally, account: Account) -> float | None:
    """What came of it in money; None where a difference is unexplained, which the return leaves out."""
    if account.wealth is None or tally.wealth is None or "balance_differs" in tally.health.failed:
        return None
    return account.wealth - tally.wealth - tally.flow


class QuietDetector(Struct):
    """Tells one line after ``quiet`` without one: the state, what it waits for, and why nothing was traded.

    The bot's comings and goings are no news: a story told with an interruption has the same quiet as one without.
    """

    last_news: int | None = None
    bars: int = 0
    no_trade: NoTradeTally = field(default_factory=NoTradeTally)

    def observe(self, observation: Observation, account: Account) -> tuple[Quiet, ...]:
        """The sign of life, where it is time for one."""
        time, last_news = observation.time, self.last_news
        if last_news is None or last_news > time:  # a caller's own timestamp may lie ahead
            self.last_news = last_news = time
        if time > last_news:
            self.bars += 1
            reason = observation.no_trade_reason
            if reason is not None:
                self.no_trade.add(reason)
        limit = account.settings.quiet
        if not limit or time - last_news < limit:
            return ()
        o = observation
        drawdown, breaker = account.near_breaker()
        entry = account.entry() if o.position else None
        quiet = Quiet(
            silence=time - last_news,
            bars=self.bars,
            halted=o.halted,
            halt_reason=o.halt_reason,
            resume_at=o.resume_at,
            resume_score=o.resume_score,
            score=o.score,
            position=o.position,
            base=account.base if not account.several else None,
            quote=account.quote if not account.several else None,
            weight=o.weight,
            target_weight=o.target_weight,
            price=o.price,
            sold_at=account.sold_at if o.position == 0 else None,
            drawdown=drawdown,
            limit=breaker,
            to_breaker=account.to_breaker() if not o.halted else None,
            entry=entry,
            unit=account.unit if o.wealth is not None else None,
            no_trade=() if o.halted else self.no_trade.told(),
            open=open_positions(account) if account.portfolio or account.wealth is None else (),
        )
        return (quiet,)

    def until(self, rows: Rows, account: Account) -> int | None:
        """All of the rows, where the silence is not over in any of them; else None."""
        last_news, limit = self.last_news, account.settings.quiet
        if last_news is None or rows.first_time <= last_news:
            return None
        return rows.count if not limit or rows.last_time - last_news < limit else None

    def hear(self, time: int, facts: Facts) -> None:
        """Take something told: the silence begins anew."""
        if type(facts) in _NO_NEWS:
            return
        self.last_news = max(time, self.last_news or 0)
        if self.bars:
            self.bars = 0
            self.no_trade.clear()
