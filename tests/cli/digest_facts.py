"""All that a digest may say: the figures, dates, symbols and assets of a period's events, and counts and sums of them.

It is counted anew from the facts, by no code of the digest.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from livestory.story.digest.period import Span
from livestory.story.digest.prose import digest
from livestory.story.digest.source import ends_of, read, span_of
from livestory.story.event import Event, from_record
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.lifecycle import Started
from livestory.story.kinds.money import CashFlow, FundingPaid
from livestory.story.kinds.trades import Trade
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from livestory.story.inputs import Observation

_NUMBER = re.compile(r"\d[\d,]*(?:[.:]\d+)*")
_DAY = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)")
_ASSET = re.compile(r"\b[A-Z]{3,}(?:/[A-Z]+(?::[A-Z]+)?)?\b")


class FactsOfAPeriod(NamedTuple):
    """What was told in a period, before it of a trade that goes on, and the observations at its ends."""

    span: Span
    events: list[Event]
    first: Observation | None
    last: Observation | None
    held: Trade | None  # the last trade up to its end

    @property
    def trades(self) -> list[Trade]:
        """The trades told in it."""
        return [event.facts for event in self.events if isinstance(event.facts, Trade)]

    def unknown(self, told: str) -> set[str]:
        """What of a digest is no figure, date, symbol or asset of these facts, and no count or sum of them."""
        days = set(_DAY.findall(told)) - set(self._days())
        symbols = set(_ASSET.findall(told)) - {text for line in self._lines() for text in _ASSET.findall(line)}
        rest = _DAY.sub("", told)
        return days | symbols | set(_NUMBER.findall(rest)) - set(self._figures())

    def _lines(self) -> Iterable[str]:
        yield from (event.line for event in self.events)
        yield from (f"{trade.base} {trade.quote} {trade.symbol}" for trade in self.trades)

    def _days(self) -> Iterable[str]:
        """Its own days, and those that a line in it names."""
        yield from (numbers.day(time) for time in range(self.span.start, self.span.end + 1, 24 * 3600 * 10**6))
        yield from (numbers.day(event.time) for event in self.events)
        yield from (found for event in self.events for found in _DAY.findall(event.line))

    def _figures(self) -> Iterable[str]:
        for event in self.events:
            yield from _NUMBER.findall(event.line)
            yield event.line[11:16]
            told = event.facts
            if isinstance(told, Chapter) and told.wealth is not None and told.wealth_before is not None:
                yield numbers.wealth(abs(told.wealth - told.wealth_before - told.flow), told.unit)
        for time in (self.span.start, self.span.end):
            yield from (numbers.year(time), numbers.week(time), numbers.stamp(time)[11:16])
            yield from numbers.minute(time).partition(" ")[0].split("-")
        yield numbers.minute(self.span.end - 1)[8:10].lstrip("0")
        yield from map(numbers.whole, self._counts())
        yield from self._money()
        yield from self._at_its_ends()

    def _counts(self) -> Iterable[int]:
        yield from Counter(event.kind for event in self.events).values()
        buys = [trade for trade in self.trades if trade.side == "buy"]
        yield from (len(buys), len(self.trades) - len(buys), len({trade.symbol for trade in self.trades}))
        reasons = Counter(trade.reason.key.partition("_")[0] for trade in buys if trade.reason is not None)
        yield from reasons.values()
        yield sum(getattr(e.facts, "bars", 0) for e in self.events if getattr(e.facts, "period", "") == "day")
        trips = [trade.trip for trade in self.trades if trade.trip is not None and trade.trip.result is not None]
        yield sum(trip.opened is not None and trip.opened <= self.span.start for trip in trips)
        for asset in {trip.asset for trip in trips}:
            results = [trip.result for trip in trips if trip.asset == asset and trip.result is not None]
            shorts = [trip.result for trip in trips if trip.asset == asset and trip.short and trip.result is not None]
            yield from (len(shorts), len(results) - len(shorts))
            won, lost = sum(each > 0 for each in results), sum(each < 0 for each in results)
            yield from (won_short := sum(each > 0 for each in shorts), won - won_short)
            yield from (len(results), won, lost, len(results) - won - lost)

    def _money(self) -> Iterable[str]:
        """Results, their sums, what each symbol earned, fees and funding by asset."""
        by_asset: dict[str, list[Decimal]] = defaultdict(list)
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for trade in self.trades:
            if trade.fee:
                sums["fees", trade.fee_asset or trade.quote or ""] += trade.fee
            if trade.gain is not None:
                sums["realised", trade.gain_asset or trade.quote or ""] += trade.gain
            trip = trade.trip
            if trip is not None and trip.result is not None:
                by_asset[trip.asset or ""].append(trip.result)
                sums[f"of {trip.symbol}", trip.asset or ""] += trip.result
                sums["shorts" if trip.short else "longs", trip.asset or ""] += trip.result
        for event in self.events:
            if isinstance(event.facts, FundingPaid):
                sums["funding", event.facts.unit or ""] += event.facts.amount
        for asset, results in by_asset.items():
            sums["together", asset] = sum(results, Decimal())
            yield from (_amount(each, asset) for each in results)
        for (_, asset), amount in sums.items():
            yield _amount(amount, asset)
            yield numbers.average(abs(float(amount)))

    def _at_its_ends(self) -> Iterable[str]:
        last, held = self.last, self.held
        if last is None:
            return
        yield numbers.exact(last.price or 0.0)
        yield from (numbers.exact(abs(last.position or 0.0)), numbers.weight(last.weight or 0.0)[:-1])
        for held_now in (last.positions or {}).values():
            yield numbers.exact(abs(held_now.quantity))
            yield numbers.mean_price(held_now.entry or Decimal())
            yield _amount(held_now.unrealised or Decimal(), "USDT")
        if last.wealth is not None and self.first is not None:
            yield from self.since_started()
            if self.first.wealth:
                yield numbers.unsigned_percent(self._grown(self.first.wealth, last.wealth) - 1)[:-1]
            yield from (numbers.wealth(last.wealth, unit) for unit in ("BTC", "USDT"))
        if last.price is not None and self.first is not None and self.first.price:
            yield numbers.unsigned_percent(last.price / self.first.price - 1)[:-1]
        if held is not None and held.entry is not None and last.price is not None and last.position:
            yield numbers.mean_price(held.entry)
            yield numbers.unsigned_percent(last.price / float(held.entry) - 1)[:-1]
            yield _amount(Decimal(last.position * (last.price - float(held.entry))), held.quote or "")

    def since_started(self) -> Iterable[str]:
        """Its return since a start in it whose wealth was told."""
        begun = [event.facts.wealth for event in self.events if isinstance(event.facts, Started)]
        if self.last is not None and self.last.wealth is not None:
            for began in filter(None, begun):
                yield numbers.unsigned_percent(self._grown(began, self.last.wealth) - 1)[:-1]

    def _grown(self, before: float, after: float) -> float:
        """What became of 1 between two balances, deposits and withdrawals left out."""
        grown = 1.0
        for event in self.events:
            if isinstance(event.facts, CashFlow) and event.facts.wealth_before and event.facts.wealth_after:
                grown, before = grown * event.facts.wealth_before / before, event.facts.wealth_after
        return grown * after / before


def _amount(amount: Decimal, asset: str) -> str:
    return numbers.earned(amount, asset or None).lstrip("+-")


def untold(journal: Path) -> set[str]:
    """What the digests of a story's last day, week and month, and of all of it, say that is not in their facts."""
    found: set[str] = set()
    with JournalReader.open(journal) as reader:
        first, last = ends_of(reader)
        spans = [span_of(name, last) for name in ("day", "week", "month")]
        whole = read_of(journal, Span("", first - 1, last))
        for span in (span_of("day", first), *spans, whole.span):
            found |= read_of(journal, span).unknown(digest(read(reader, span)).text())
    return found - set(whole.since_started())


def read_of(journal: Path, span: Span) -> FactsOfAPeriod:
    """The facts of a period of a journal."""
    with JournalReader.open(journal) as reader:
        kept = reader.events(since=span.start + 1, until=span.end + 1, limit=100_000)
        late = reader.events(kinds={"chapter"}, since=span.end + 1, limit=4)
        trades = reader.events(kinds={"trade"}, until=span.end + 1, newest_first=True, limit=1)
        first = reader.last_observation(span.start) or next(reader.observations(span.start, span.end + 1), None)
        last = reader.last_observation(span.end)
    events, late_events, held = (
        [from_record(each.record, each.line, each.id, each.seq) for each in some] for some in (kept, late, trades)
    )
    events += [event for event in late_events if getattr(event.facts, "end", span.end + 1) <= span.end]
    trade = held[0].facts if held else None
    return FactsOfAPeriod(span, events, first, last, trade if isinstance(trade, Trade) else None)
