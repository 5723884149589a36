"""A period in four to ten sentences, the verdict first. Every number, date and name in them is a fact's, or a count."""

from __future__ import annotations

import html
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from livestory.story.digest import portfolio
from livestory.story.digest.health import failed, last_word
from livestory.story.halt_reasons import OWNER
from livestory.story.kinds import lifecycle, money
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix
from livestory.story.positions import summed
from livestory.story.reasons import counted
from livestory.story.wording import numbers, performance
from livestory.story.wording.beside import beside
from livestory.story.wording.text import escape, listed, of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from livestory.story.digest.period import DatedFacts, Period, Span, ToldHalt
    from livestory.story.inputs import Observation
    from livestory.story.kinds.trades import Trade
    from livestory.story.results import Benchmark, CurrencyResult, Tally, TradeGist

_MOVED = 0.01  # a day, or a fall, that is less is not worth a word
_NEARLY_ALL, _MOST = 0.8, 0.5  # of the period's return, made on one day
_NOT_MADE_UP_FOR = 1.25  # a day that made more than that of it was partly undone by the others
_FEW = 3  # halts, flows or changes that are told one by one
_MOST_SENTENCES = 7  # besides the verdict and the last word


class Digest(Struct, frozen=True):
    """A period in words: its name, the verdict, and what there is to say besides."""

    title: str
    verdict: str
    told: tuple[str, ...]

    def text(self) -> str:
        """One paragraph of plain text, its verdict first."""
        return " ".join((f"{self.title}: {self.verdict}", *self.told))

    def markdown(self) -> str:
        """One paragraph, its verdict strong."""
        return f"**{_plain(self.title)}: {_plain(self.verdict)}** {_plain(' '.join(self.told))}".rstrip()

    def html(self) -> str:
        """One paragraph of HTML, its verdict strong."""
        return (
            f"<p><strong>{html.escape(f'{self.title}: {self.verdict}')}</strong> {html.escape(' '.join(self.told))}</p>"
        )


def digest(period: Period) -> Digest:
    """What a reader who has nothing else wants to know of a period, the verdict first and what is asked last."""
    told = [
        _carried(period),
        *_halts(period),
        *(portfolio.traded(period, partial(_at, period)) if period.is_portfolio else [_traded(period)]),
        *(_records(period), _flows(period), _rules(period)),
        [failed(period)],
        (*_standing(period), *_distances(period)),
        _since_the_start(period),
    ]
    last = last_word(period)
    sentences = [*_in_few(told, _MOST_SENTENCES), *([[last]] if last else [])]
    return Digest(title(period.span), _verdict(period), tuple(map(_sentence, sentences)))


def _in_few(told: Iterable[Iterable[str]], most: int) -> list[list[str]]:
    """The clauses of so many sentences at most: of neighbours those become one that are shortest together."""
    sentences = [clauses for each in told if (clauses := list(filter(None, each)))]
    while len(sentences) > most:
        sizes = [sum(map(len, one + other)) for one, other in pairwise(sentences)]
        place = sizes.index(min(sizes))
        sentences[place : place + 2] = [sentences[place] + sentences[place + 1]]
    return sentences


def _sentence(clauses: Iterable[str]) -> str:
    text = "; ".join(clauses)
    return f"{text[0].upper()}{text[1:]}."


def _plain(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|~" else char for char in text)


def title(span: Span) -> str:
    """What a person calls the period: ``Week 49 (2 to 8 Dec)``."""
    match span.name:
        case "day":
            return f"{numbers.day(span.start)} {numbers.year(span.start)}"
        case "week":
            return f"Week {numbers.week(span.start)} ({_dates(span)})"
        case "month":
            return numbers.month(span.start)
        case "year":
            return numbers.year(span.start)
        case _:
            return f"{numbers.minute(span.start)} to {numbers.minute(span.end)}"


def _dates(week: Span) -> str:
    first, last = (numbers.day(time).partition(" ")[2] for time in (week.start, week.end - 1))
    first_day, month = first.split(" ")
    return f"{first_day if last.endswith(month) else first} to {last}"


def verdict(  # noqa: PLR0913, PLR0917 - each is one of the facts it is made of
    change: float | None,
    wealth: float | None,
    unit: str | None,
    holding: float | None,
    base: str | None,
    results: Sequence[CurrencyResult] = (),
    benchmark: Benchmark | None = None,
    earned: float | None = None,
) -> str:
    """``down 20.9% (0.2122 BTC) to 0.9039 BTC. Holding ETH would have lost 12.2%``; else what closing has earned."""
    told = []
    if change is not None and wealth is not None:
        money = f" ({_money(abs(earned), unit)})" if earned and _shows(earned, unit) else ""
        way = _way(change, "up", "down", "unchanged")
        told.append(f"{way}{money} {_preposition(change)} {_money(wealth, unit)}")
    elif wealth is not None:
        told.append(f"{_money(wealth, unit)} at its end")
    elif results:
        told.append(performance.closed(results))
    else:
        told.append("no wealth told")
    if holding is not None and base:
        told.append(f"Holding {escape(base)} would {_would(holding)}")
    if benchmark is not None and benchmark.change is not None:
        told.append(f"Holding {performance.basket(benchmark.of)} would {_would(benchmark.change)}")
    return ". ".join(told)


def _verdict(p: Period) -> str:
    """The verdict on a period, and from where it counts."""
    told = [verdict(p.change, p.wealth, p.unit, p.holding, p.base, p.results, p.benchmark, p.earned)]
    if p.since is not None and p.since > p.span.start:
        told.append(f"It counts from {_at(p, p.since)}")
    return ". ".join(told) + "."


def change_and_wealth(p: Period) -> str:
    """``down 20.9% to 0.9039 BTC``, of a period whose change is known."""
    return verdict(p.change, p.wealth, p.unit, None, None)


def _way(change: float, up: str, down: str, level: str) -> str:
    text = numbers.percent(change)
    if text == "0.0%":
        return level
    return f"{up if change > 0 else down} {text.lstrip('+-')}"


def _would(holding: float) -> str:
    return _way(holding, "have gained", "have lost", "have changed nothing")


def _shows(amount: float, unit: str | None) -> bool:
    """Whether the unit's own decimals show anything of an amount."""
    return bool(numbers.signed_wealth(amount, unit).strip("+-0.,"))


def _preposition(change: float) -> str:
    return "at" if numbers.percent(change) == "0.0%" else "to"


def _money(amount: Any, unit: str | None) -> str:
    return f"{numbers.wealth(amount, unit)} {escape(unit or '')}".strip()


def _signed(amount: Any, unit: str | None) -> str:
    return f"{numbers.signed_wealth(amount, unit)} {escape(unit or '')}".strip()


def _at(p: Period, time: int) -> str:
    """An instant as the reader of this period needs it: a day's has no date, a week's a weekday."""
    clock = numbers.stamp(time)[11:16]
    if not p.span.start <= time <= p.span.end:
        return numbers.minute(time)
    if p.span.name == "day":
        return clock
    if p.span.name == "week":
        return f"{numbers.day(time)[:3]} {clock}"
    return f"{_day(p, time)} {clock}"


def _carried(p: Period) -> Iterable[str]:
    """The day that made the period, where one did, else the best and the worst; and the deepest fall."""
    yield _days(p)
    whole = p.whole
    least = 0.0 if p.span.name in {"month", "year"} else _MOVED
    if whole is not None and whole.deepest and whole.deepest_from and whole.deepest_at and -whole.deepest >= least:
        at = f"{_at(p, whole.deepest_from)} to {_at(p, whole.deepest_at)}"
        yield f"its deepest fall was {numbers.percent(whole.deepest)} ({at})"


def _days(p: Period) -> str:
    """The day on which most of it was made, by the moves of all its days; else the best and the worst."""
    moved = [(day.change, day.start) for day in p.days if day.change]
    if len(p.days) < 2 or not moved or p.change is None:  # noqa: PLR2004 - of one day there is no best
        return ""
    if len(moved) == 1:
        return f"all of {'the gain' if moved[0][0] > 0 else 'the loss'} was {_day(p, moved[0][1])}"
    (worst, _), (best, _) = min(moved), max(moved)
    day, on = min(moved) if p.change < 0 else max(moved)
    share = abs(day) / sum(abs(change) for change, _ in moved)
    if share >= _MOST and day * p.change > 0 and abs(day) <= _NOT_MADE_UP_FOR * abs(p.change):
        part, way = "nearly all" if share >= _NEARLY_ALL else "most", "gain" if day > 0 else "loss"
        return f"{part} of the {way} was {_day(p, on)} ({numbers.percent(day)})"
    if best == worst:
        return ""
    named = [f"its {name} day{_on(p, change, moved)}" for name, change in (("best", best), ("worst", worst))
             if abs(change) >= _MOVED]  # fmt: skip
    return ", ".join(named).replace(", its worst day was", ", its worst")


def _on(p: Period, change: float, moved: Iterable[tuple[float, int]]) -> str:
    """The day of a move, or the days whose moves read alike."""
    told = numbers.percent(change)
    days = [_day(p, on) for each, on in moved if numbers.percent(each) == told]
    return f"{' was' if len(days) == 1 else 's were'} {listed(days)} ({told})"


def _day(p: Period, time: int) -> str:
    """A day of the period; with its year where there are several."""
    if p.span.name == "week":
        return numbers.day(time)[:3]
    several = numbers.year(p.span.start + 1) != numbers.year(p.span.end - 1)
    return numbers.day(time) + (f" {numbers.year(time)}" if several else "")


def _halts(p: Period) -> Iterable[Iterable[str]]:
    """A sentence of each halt, or of all where they are many; of one from before the period that goes on."""
    if p.wholly_halted:
        yield [f"it was halted all {p.span.name or 'the time'}"]
    if len(p.halts) <= _FEW:
        yield from (_halt(p, halt) for halt in p.halts)
    else:
        yield _many_halts(p)


def _many_halts(p: Period) -> Iterable[str]:
    trips = sum(isinstance(halt.began and halt.began.facts, BreakerTripped) for halt in p.halts)
    if trips:
        yield f"the breaker tripped {numbers.count(trips, 'time')}"
    by_hand = len(p.halts) - trips
    if by_hand:
        yield f"it was halted {numbers.count(by_hand, 'time')} for another reason"
    longest = max((halt for halt in p.halts if halt.lasted), key=lambda halt: halt.lasted or 0, default=None)
    if longest is not None and longest.lasted and longest.ended:
        yield f"the longest halt took {numbers.duration(longest.lasted)} and ended {_at(p, longest.ended.time)}"
    if p.halted is not None:
        yield from _halt(p, p.halted)


def _halt(p: Period, halt: ToldHalt) -> Iterable[str]:
    """The arc of a halt: why and when, what was sold, how long it took and what the price did meanwhile."""
    began, ended = halt.began, halt.ended
    if began is not None:
        yield _began(p, began) + (_sold(halt.sold) if halt.sold and not p.is_portfolio else "")
    if ended is None:
        facts = began.facts if began is not None else None
        waits = (facts.resume_at or 0) if isinstance(facts, BreakerTripped) else 0
        until = f", until {numbers.moment(waits, p.span.end)} at the earliest" if waits > p.span.end else ""
        yield f"it is still halted{until}"
        return
    facts = ended.facts
    took = f" after {numbers.duration(halt.lasted)}" if halt.lasted else ""
    what = "that halt ended" if p.halted_after(halt) else "trading resumed"
    end = f"{what} {_at(p, ended.time)}{took}"
    if isinstance(facts, Phoenix) and facts.sold_at and facts.price is not None and p.base:
        since = facts.price / float(facts.sold_at) - 1
        end += f", with {escape(p.base)} {_apart(since)} it was sold{_missed(facts)}"
    yield end


def _apart(since: float) -> str:
    text = numbers.percent(since)
    return "as dear as" if text == "0.0%" else f"{text.lstrip('+-')} {'dearer' if since > 0 else 'cheaper'} than"


def _missed(facts: Phoenix) -> str:
    """What that made of the amount that was sold."""
    missed = facts.missed
    if not missed:
        return ""
    return f" ({_money(abs(missed), facts.quote)} not {'earned' if missed > 0 else 'lost'})"


def _began(p: Period, began: DatedFacts) -> str:
    facts, at = began.facts, _at(p, began.time)
    if isinstance(facts, BreakerTripped):
        deep = f" at {numbers.percent(facts.drawdown)}" if facts.drawdown is not None else ""
        return f"the breaker tripped {at}{deep}"
    reason = facts.reason if isinstance(facts, Halted) else None
    if reason == OWNER:
        return f"you halted it {at}"
    return f"it was halted {at}" + (f" ({escape(reason)})" if reason else "")


def _sold(sale: Trade | TradeGist) -> str:
    result = f" ({_signed(sale.gain, sale.quote)})" if sale.gain is not None else ""
    sold = of(numbers.exact(sale.quantity), sale.base)
    return f", and {sold} were sold at {numbers.exact(sale.price)}{result}"


_REASONS = 2  # of the days without a trade, that a period with trades tells


def _traded(p: Period) -> Iterable[str]:
    trading = p.trading
    if not trading.buys and not trading.sells:
        if p.days and all(day.trades_known for day in p.days):
            reasons = p.no_trade().told()
            yield f"no trade: {counted(reasons)}" if reasons else "no trade"
        return
    purposes = ((trading.with_trend, "with the trend"), (trading.on_dips, "on a dip"))
    known = [(count, words) for count, words in purposes if count]
    why = ", ".join(words if count == trading.buys else f"{count} {words}" for count, words in known)
    counts = [numbers.count(trading.buys, "buy") + (f" ({why})" if why else "")] if trading.buys else []
    counts += [numbers.count(trading.sells, "sell")] if trading.sells else []
    yield ", ".join(filter(None, (" and ".join(counts), _fees(p))))
    idle = sum(bool(day.no_trade) for day in p.days)
    if idle:
        most = sorted(p.no_trade().told(), key=lambda each: -each.bars)
        often = "most often " if most[_REASONS:] else ""
        told = ", or ".join(counted([each]) for each in most[:_REASONS])
        yield f"no trade on {numbers.count(idle, 'day')}: {often}{told}"
    for asset, tally in p.closed.tallies.items():
        if tally.closed:
            yield _closed(p, asset, tally)


def _carried_over(p: Period) -> str:
    """That not all of what its trades earned was earned in it, so that a reader's own sum is right."""
    carried = p.trading.carried
    return f", {numbers.whole(carried)} of them opened before this {p.span.name or 'time'}" if carried else ""


def _fees(p: Period) -> str:
    """As the period's own line tells them."""
    amount, by_asset = p.closed.fees_in(p.quote)
    return f"fees {_money(amount, p.quote)}" if amount and p.quote else performance.fees(by_asset or p.closed.fees)


def _closed(p: Period, asset: str, tally: Tally) -> str:
    """What the closed trades came to in one currency: their sum, the best and the worst."""
    (best, on_best), (worst, on_worst) = p.extremes.best[asset][:2], p.extremes.worst[asset][:2]
    alike = performance.alike(tally)
    if tally.closed == 1:
        carried = f", opened before this {p.span.name or 'time'}" if p.trading.carried else ""
        earned = f"{alike} {_money(abs(best), asset)}" if alike else "came out even"
        return f"the one closed trade{carried}{',' if carried else ''} {earned}"
    count, together = numbers.whole(tally.closed), _signed(summed((tally.gain, tally.loss)), asset) + _carried_over(p)
    closed = f"of {count} closed trades {listed(performance.outcomes(tally))}"
    if alike:
        which = "both" if tally.closed == 2 else f"all {count}"  # noqa: PLR2004 - that is what both says
        closed = f"{which} closed trades {alike}"
    high, low = (name.removesuffix(" trade") for name in performance.extreme_names(best, worst))
    extremes = f"{high} {_signed(best, asset)} ({_at(p, on_best)}), {low} {_signed(worst, asset)} ({_at(p, on_worst)})"
    return f"{closed}, together {together}: {extremes}"


def _records(p: Period) -> Iterable[str]:
    if not p.records:
        return
    last = p.records[-1]
    if isinstance(last.facts, AllTimeHigh):
        record = f"{_money(last.facts.wealth, last.facts.unit)} ({_at(p, last.time)})"
        yield f"a record: {record}" if len(p.records) == 1 else f"{len(p.records)} records, the last {record}"


def _flows(p: Period) -> Iterable[str]:
    flows = [(each.time, each.facts) for each in p.flows if isinstance(each.facts, money.CashFlow)]
    if len(flows) > _FEW:
        yield f"{len(flows)} deposits and withdrawals are left out of the percentages"
        return
    for time, flow in flows:
        name = "deposit" if flow.amount >= 0 else "withdrawal"
        yield f"the {name} of {_money(abs(flow.amount), flow.unit)} ({_at(p, time)}) is left out of the percentages"


def _rules(p: Period) -> Iterable[str]:
    rules = [(each.time, each.facts) for each in p.rules if isinstance(each.facts, lifecycle.RulesChanged)]
    if len(rules) > _FEW:
        yield f"the rules changed {len(rules)} times"
        return
    for time, facts in rules:
        yield f"the rules changed {_at(p, time)}: {escape(facts.first_change)}"


def _standing(p: Period) -> Iterable[str]:
    """Where it stood at the end, and what it held."""
    if p.stopped is not None:
        yield f"the bot was stopped {_at(p, p.stopped.time)}"
    last = p.at_end
    if last is not None and last.position is not None and p.base and p.quote:
        share = f" ({numbers.weight(last.weight)})" if last.weight is not None else ""
        yield (f"it holds {numbers.exact(last.position)} {escape(p.base)}{share}{_open_result(p, last)}"
               if last.position else f"all is in {escape(p.quote)}")  # fmt: skip
        yield f"the price is {numbers.exact(last.price)}" if last.price is not None and not p.is_portfolio else ""
    if last is not None and last.regime is not None and not last.halted:
        since = p.whole.regime_since if isinstance(p.whole, Chapter) else None
        yield f"the regime is {escape(last.regime)}{f' since {_at(p, since)}' if since is not None else ''}"
    if p.held:
        yield performance.open_positions(p.held)
    elif p.is_portfolio and last is not None and last.positions is not None:
        yield "no position is open"


def _open_result(p: Period, last: Observation) -> str:
    if p.entry is None or last.price is None or last.position is None:
        return ""
    result = performance.open_result(last.position, p.entry, last.price, p.quote)
    return f", bought at {numbers.mean_price(p.entry)}, open result {result}"


def _distances(p: Period) -> Iterable[str]:
    """How far it is to the breaker and to the record."""
    whole = p.whole
    if whole is None:
        return
    near, record, unit = whole.to_breaker, whole.record, whole.unit
    if near is not None:
        price = f", about price {numbers.average(near.price)}" if near.price is not None else ""
        at = f"{_money(near.wealth, unit)} ({numbers.unsigned_percent(near.fall)} below now{price})"
        peak = "since the resume" if near.since_resume else "from the record"
        drawdown, _ = beside(near.drawdown, -near.limit, numbers.percent)
        yield f"the breaker would trip at {at}, with the drawdown at {drawdown} {peak} now"
    elif isinstance(whole, Chapter) and whole.drawdown is not None and whole.limit is not None:
        drawdown, limit = beside(whole.drawdown, -whole.limit, numbers.percent)
        trips = f"and the breaker trips at {limit}" if whole.halted_since is None else f"the breaker's limit {limit}"
        yield f"the drawdown is {drawdown}, {trips}"
    if record is not None and whole.wealth is not None and whole.wealth < record.wealth:
        date = f" ({numbers.day_and_year(record.at, p.span.end)})" if record.at is not None else ""
        yield f"the record to beat is {_money(record.wealth, unit)}{date}"
    elif record is not None and record.next_told is not None:
        yield f"the next record is told from {_money(record.next_told, unit)}"


def _since_the_start(p: Period) -> Iterable[str]:
    """What all came to since the start, unless the period is all of it."""
    whole = p.whole
    if isinstance(whole, Chapter) and whole.since_start is not None and whole.since_start != whole.change:
        since, held = whole.since_start, whole.held_since_start
        start = f" ({numbers.day_and_year(whole.started, p.span.end)})" if whole.started is not None else ""
        would = f", holding {escape(p.base)} would {_would(held)}" if held is not None and p.base else ""
        yield f"since the start{start} it is {_way(since, 'up', 'down', 'unchanged')}{would}"
