"""The fourth column: the measured value, what it is measured against and the rule's limit, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livestory.clock import DAY, SECOND
from livestory.story import events as e
from livestory.story.facts.base import OfACaller
from livestory.story.wording import numbers
from livestory.story.wording.chapter_words import chapter
from livestory.story.wording.exchange_words import WHYS as EXCHANGE_WHYS
from livestory.story.wording.exchange_words import found
from livestory.story.wording.reasons import counted
from livestory.story.wording.retold_words import retold, summary
from livestory.story.wording.rule_words import changes, in_force, near_breaker
from livestory.story.wording.text import escape
from livestory.story.wording.trade_words import exposure, put_off, trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GLOSSARY_HINT = "words explained: livestory explain --glossary"


def why(facts: e.Facts, time: int) -> str:
    """The fourth column of the line that tells ``facts`` at ``time``; empty where there is nothing to add."""
    words = _WHYS.get(type(facts))
    parts = [part for part in words(facts, time) if part] if words else []
    if isinstance(facts, OfACaller) and facts.claimed is not None:
        parts.append(f"given the time {numbers.stamp(facts.claimed)}, which is not believed")
    return "; ".join(parts)


def _started(f: e.Started, _time: int) -> Iterable[str]:
    place = ", ".join(filter(None, (f.mode and f.mode.upper(), f.market)))
    pair = " ".join(filter(None, (escape(f.symbol or ""), numbers.duration(f.interval) if f.interval else "")))
    yield ", ".join(filter(None, (escape(place), pair)))
    if f.position is not None and f.cash is not None and f.symbol:
        base, _, quote = f.symbol.partition("/")
        price = f", price {numbers.exact(f.price)}" if f.price is not None else ""
        held = f"{numbers.exact(f.position)} {base} + {numbers.wealth(f.cash, quote)} {quote}{_share_of(f, base)}"
        yield escape((held if f.position else f"all in {quote}") + price)
    if f.first:
        yield "first start, no record yet"
        yield GLOSSARY_HINT


def _share_of(f: e.Started, base: str) -> str:
    if not f.position or f.price is None or not f.wealth:
        return ""
    return f" ({numbers.weight(f.position * f.price / f.wealth)} {base})"


def _resumed(f: e.Resumed, time: int) -> Iterable[str]:
    yield escape((f.mode or "").upper())
    if not f.clean:
        yield f"no goodbye at {numbers.moment(f.last_heard, time)}: killed, or the machine restarted"
    if f.away is None:
        yield "the replay goes on where it stopped"
    if f.missed_bars is not None:
        yield f"{numbers.count(f.missed_bars, 'bar')} missed and read" if f.missed_bars else "no bar missed"
    yield found(f.fills_found)
    if f.wealth is not None:
        now = numbers.wealth(f.wealth, f.unit)
        expected = numbers.wealth(f.expected, f.unit) if f.expected is not None else now
        agrees = "as expected" if not f.fills_found else f"agrees with {'it' if f.fills_found == 1 else 'them'}"
        yield f"{now} {escape(f.unit)} " + (agrees if now == expected else f"where {expected} was expected")


def _stopped(f: e.Stopped, _time: int) -> Iterable[str]:
    told = []
    if f.wealth is not None and f.unit is not None:
        held = f"{numbers.exact(f.position)} {f.base} held" if f.position else f"no {f.base}"
        told = [f"{numbers.wealth(f.wealth, f.unit)} {escape(f.unit)}", *([escape(held)] if f.base else [])]
    if f.orders_open is not None:
        told.append(f"{numbers.count(f.orders_open, 'order')} left open" if f.orders_open else "no order open")
    yield ", ".join(told)


def _regime(f: e.RegimeSwitch, _time: int) -> Iterable[str]:
    after = (
        f" after {numbers.duration(f.lasted)} of {escape(f.previous)}" if f.lasted is not None and f.previous else ""
    )
    if f.previous is None:
        yield "first reading" if f.upper is not None else ""
    elif f.score is not None and f.limit is not None and (f.score >= f.limit) == (f.regime == "TREND"):
        limit = numbers.score(f.limit)
        just = "just " if numbers.score(f.score) == limit else ""
        yield f"{just}{'over' if f.score >= f.limit else 'under'} {limit}{after}"
    else:
        yield after.strip()
    if f.previous is None and f.upper is not None and f.lower is not None:
        yield (f"TREND from {numbers.score(f.upper)}, MEAN_REV below {numbers.score(f.lower)}, "
               "between them it stays")  # fmt: skip
    if f.halted:
        yield "no effect while halted"
    elif f.strategy == "meta":
        yield _EFFECTS.get(f.regime, "")


_EFFECTS = {
    "TREND": "now follows the trend and no longer buys dips",
    "MEAN_REV": "now buys dips under the average price, sells over it",
}


def _new_high(f: e.NewHigh, _time: int) -> Iterable[str]:
    if f.previous:
        price = f", price {numbers.exact(f.price)}" if f.price is not None else ""
        yield f"{numbers.percent(f.wealth / f.previous - 1)} over {numbers.wealth(f.previous, f.unit)}{price}"
    if f.next_told is not None:
        yield f"next one told from {numbers.wealth(f.next_told, f.unit)}"


def _from_peak(f: Any, time: int) -> str:
    resumed = f.since_resume
    best = f"best since the Phoenix of {numbers.moment(resumed, time)}" if resumed is not None else ""
    old = f.peak_time is not None and time - f.peak_time > DAY
    when = f"peak of {numbers.day_and_year(f.peak_time, time)}" if old and not best else ""
    note = f" ({best or when})" if best or when else ""
    return f"from {numbers.wealth(f.peak, f.unit)}{note} to {numbers.wealth(f.wealth, f.unit)}"


def _half_way(f: e.HalfWay, time: int) -> Iterable[str]:
    price = f", price {numbers.exact(f.price)}" if f.price is not None else ""
    yield _from_peak(f, time) + price
    about = f", about price {numbers.average(f.price_at_limit)}" if f.price_at_limit is not None else ""
    yield f"sells all at {numbers.percent(-f.limit)}{about}"


def _drawdown(f: e.Drawdown, time: int) -> Iterable[str]:
    peak = f"{numbers.wealth(f.peak, f.unit)} ({numbers.moment(f.peak_time, time)})"
    yield f"from the record {peak} to {numbers.wealth(f.wealth, f.unit)}"


def _drawdown_over(f: e.DrawdownOver, _time: int) -> Iterable[str]:
    yield f"under its record for {numbers.duration(f.lasted)}, deepest {numbers.percent(f.deepest)}"


def _breaker(f: e.BreakerTripped, time: int) -> Iterable[str]:
    if f.peak is not None and f.wealth is not None:
        limit = f", limit {numbers.percent(-f.limit)}" if f.limit else ""
        yield f"{_from_peak(f, time)} at bar close{limit}"
    if f.position is not None and f.base:
        base = escape(f.base)
        yield f"selling all {numbers.exact(f.position)} {base}" if f.position else f"no {base} to sell"
    yield _until(f.resume_at, f.resume_score, time)


def _until(resume_at: int | None, resume_score: float | None, time: int) -> str:
    score = f"with score ≥ {numbers.bound(resume_score)}" if resume_score is not None else ""
    if resume_at is None:
        return f"no buys before {score[5:]}" if score else ""
    return f"no buys before {numbers.moment(resume_at, time)}" + (f", then only {score}" if score else "")


def _wait_over(f: e.WaitOver, _time: int) -> Iterable[str]:
    if f.score is not None and f.resume_score is not None and f.score < f.resume_score:
        limit = numbers.bound(f.resume_score)
        yield f"{numbers.duration(f.waited)} are over, but score {numbers.score(f.score)} < {limit}"
        yield f"buys again from the first bar with {limit} or more"
        yield "no date can be told"
    else:
        yield f"{numbers.duration(f.waited)} are over"


def _phoenix(f: e.Phoenix, _time: int) -> Iterable[str]:
    if f.halted is not None:
        yield f"halted {numbers.duration(f.halted)}"
    if f.score is not None and f.resume_score is not None:
        yield f"score {numbers.score(f.score)} ≥ {numbers.bound(f.resume_score)}"
    if f.sold_at and f.price is not None:
        since = f.price / float(f.sold_at) - 1
        end = " not earned" if since > 0 else " not lost" if since < 0 else ""
        yield f"sold at {numbers.exact(f.sold_at)}, now {numbers.exact(f.price)}: {numbers.percent(since)}{end}"
    if f.wealth is not None:
        yield f"DD counts from {f.wealth:.4f} again"
    if f.regime:
        yield f"regime {escape(f.regime)}"


def _halted(f: e.Halted, _time: int) -> Iterable[str]:
    if f.cancelled is not None:
        yield from _halted_now(f, f.cancelled)
        return
    if f.position is not None and f.base:
        yield f"keeps {numbers.exact(f.position)} {escape(f.base)}" if f.position else f"no {escape(f.base)} held"
    if f.reason == "owner":
        yield "goes on when you say so"


def _halted_now(f: e.Halted, cancelled: int) -> Iterable[str]:
    if f.position is not None and f.base:
        base = escape(f.base)
        held = f"{numbers.exact(f.position)} {base}"
        keeps = f"the account holds {held}" if f.reason == "journal" else f"keeps {held}"
        yield (f"selling all {held}" if f.selling else keeps) if f.position else f"nothing sold (no {base} held)"
    if f.orders_open:
        yield f"{numbers.count(f.orders_open, 'order')} still open there, being cancelled"
    if cancelled or not f.orders_open:
        yield f"{numbers.count(cancelled, 'order')} cancelled" if cancelled else "no order to cancel"
    yield "goes on with: livestory resume"


def _unhalted(f: e.Unhalted, _time: int) -> Iterable[str]:
    passed = f"{numbers.count(f.bars, 'bar')} passed" if f.bars is not None else ""
    kept_back = ""
    if f.kept_back is not None:
        kept_back = f"kept back {numbers.count(f.kept_back, 'trade')}" if f.kept_back else "would have done nothing"
    yield ", ".join(filter(None, (passed, kept_back)))
    if f.still:
        yield f"still halted: {escape(f.still)}"


def _daily_limit(f: e.DailyLimit, _time: int) -> Iterable[str]:
    if f.limit:
        yield f"limit {numbers.percent(-f.limit)}"
    yield "no buys until 00:00"
    if f.position and f.base:
        share = f" ({numbers.weight(f.weight)})" if f.weight is not None else ""
        yield f"keeps {numbers.exact(f.position)} {escape(f.base)}{share} and may sell"
    if f.drawdown is not None:
        still = f", breaker still at {numbers.percent(-f.breaker)}" if f.breaker else ""
        yield f"DD {numbers.percent(f.drawdown)}{still}"


def _daily_limit_over(f: e.DailyLimitOver, _time: int) -> Iterable[str]:
    held = f"{numbers.weight(f.weight)} {escape(f.base)}, " if f.weight is not None and f.base else ""
    yield "may buy again"
    if f.drawdown is not None:
        yield f"{held}DD {numbers.percent(f.drawdown)}"


def _quiet(f: e.Quiet, time: int) -> Iterable[str]:
    base, quote = escape(f.base or ""), escape(f.quote or "")
    held = ""
    if f.position is not None and base:
        share = f" ({numbers.weight(f.weight)})" if f.weight is not None else ""
        held = f"{numbers.exact(f.position)} {base}{share}" if f.position else f"all in {quote}"
    if f.halted:
        yield ", ".join(filter(None, ("HALTED", held)))
        yield _waits_for(f, time)
    else:
        yield "trading" if f.halted is not None else ""
        yield held + _wants(f) if held else ""
        if f.no_trade:
            yield f"no trade: {counted(f.no_trade)}"
        yield near_breaker(f.drawdown, f.limit)
    yield f"{numbers.count(f.bars, 'bar')} read, last {numbers.moment(time, time)}"
    if f.price is not None:
        sold = f", {numbers.percent(f.price / float(f.sold_at) - 1)} since sold" if f.sold_at and f.halted else ""
        yield f"price {numbers.exact(f.price)}{sold}"


def _wants(f: e.Quiet) -> str:
    if f.target_weight is None or (
        f.weight is not None and numbers.weight(f.weight) == numbers.weight(f.target_weight)
    ):
        return ""
    return f", wants {numbers.weight(f.target_weight)}"


def _waits_for(f: e.Quiet, time: int) -> str:
    if f.halt_reason in {"owner", "journal"}:
        return "waits for you"
    score = f"score {numbers.score(f.score)}" if f.score is not None else "score not known"
    if f.resume_at is not None and f.resume_at > time:
        enough = f.score is not None and f.resume_score is not None and f.score >= f.resume_score
        note = "" if f.resume_score is None else f" ({score} {'would do' if enough else 'too low yet'})"
        return f"waits for {numbers.moment(f.resume_at, time)}{note}"
    return f"waits for score ≥ {numbers.bound(f.resume_score)}, now {score[6:]}" if f.resume_score is not None else ""


def _gap(f: e.DataGap, time: int) -> Iterable[str]:
    one = f.first == f.last
    yield f"due {numbers.moment(f.first, time)}" + ("" if one else f" to {numbers.moment(f.last, time)}")
    if f.price_before is not None and f.price_after is not None:
        yield f"price {numbers.exact(f.price_before)} → {numbers.exact(f.price_after)}"
    yield "nothing was decided meanwhile"


def _flow(f: e.FlowTold, time: int) -> Iterable[str]:
    yield {"history": "by the exchange's history", "you": "by you"}.get(f.source or "", escape(f.source or ""))
    if f.came is not None:
        yield f"came {numbers.moment(f.came, time)}"
    if f.wealth_before is not None and f.wealth_after is not None:
        yield f"wealth {numbers.wealth(f.wealth_before, f.unit)} → {numbers.wealth(f.wealth_after, f.unit)}"
    kind = "not profit" if f.amount >= 0 else "not loss"
    if f.record_before is None or f.record_after is None:
        yield kind
        return
    record = f"{numbers.wealth(f.record_before, f.unit)} → {numbers.wealth(f.record_after, f.unit)}"
    stays = f", drawdown from it stays {numbers.percent(f.drawdown)}" if f.drawdown else ""
    yield f"{kind}: the record to beat goes {record}{stays}"


def _reading_refused(f: e.ReadingRefused, _time: int) -> Iterable[str]:
    expected = f": {numbers.wealth(f.expected, f.unit)} {escape(f.unit)} expected" if f.expected is not None else ""
    yield f"not believed{expected}"
    yield "breaker and record untouched"


def _reading_back(f: e.ReadingBack, _time: int) -> Iterable[str]:
    yield f"{numbers.count(f.refused, 'observation')} without it"


_SILENCED = {
    "wealth": "no records, drawdowns or returns",
    "price": "nothing of what holding would have made",
    "regime": "no regime switches",
    "halted": "no trips and resumes, only drawdowns",
}


def _told_in_part(f: e.ToldInPart, _time: int) -> Iterable[str]:
    yield "so it tells " + ", ".join(_SILENCED[name] for name in f.lacking)
    yield "give them to observe() and it will"


def _story_late(f: e.StoryLate, time: int) -> Iterable[str]:
    since, until = numbers.moment(f.since, time), numbers.moment(f.until, time)
    yield f"{escape(f.trouble)} ({since} to {until})"
    if f.lost:
        yield f"{numbers.count(f.lost, 'line')} lost for want of memory"
    yield "the bot went on"


def _set_aside(f: e.SetAside, _time: int) -> Iterable[str]:
    yield escape(f.trouble)
    yield "a new journal was begun; the old one is kept for you to look at"


def _clock_moved(f: e.ClockMoved, _time: int) -> Iterable[str]:
    yield "the machine's clock was set back; the story goes on from the time it had reached"
    yield "" if f.by >= SECOND else "by less than a second"


def _time_doubted(f: e.TimeDoubted, _time: int) -> Iterable[str]:
    yield f"{numbers.duration(f.ahead)} ahead of the clock"
    yield "set aside; believed when three in a row agree" if f.aside else "told at the clock's time"


def _time_back(f: e.TimeBack, _time: int) -> Iterable[str]:
    if f.agree:
        yield "three in a row agree, so they are believed"
    else:
        yield f"{numbers.count(f.doubted, 'call')} with a time that was not believed"


def _alerts_given_up(f: e.AlertsGivenUp, time: int) -> Iterable[str]:
    if f.first is not None and f.last is not None:
        yield f"told {numbers.moment(f.first, time)} to {numbers.moment(f.last, time)}"
    problem = f": {escape(f.problem)}" if f.problem else ""
    yield (f"not delivered for {numbers.duration(f.age)}" if f.age is not None else "not delivered") + problem
    yield "they stand in this story"


def _note(f: e.Note, _time: int) -> Iterable[str]:
    yield f"by {escape(f.by)}" if f.by else ""


_WHYS: dict[type[e.Facts], Callable[[Any, int], Iterable[str]]] = {
    **EXCHANGE_WHYS,
    e.Started: _started,
    e.Resumed: _resumed,
    e.Stopped: _stopped,
    e.Rules: lambda rules, _time: map(escape, in_force(rules)),
    e.RulesChanged: lambda facts, _time: map(escape, changes(facts)[1:]),
    e.RegimeSwitch: _regime,
    e.Trade: trade,
    e.PutOff: put_off,
    e.Exposure: exposure,
    e.NewHigh: _new_high,
    e.HalfWay: _half_way,
    e.Drawdown: _drawdown,
    e.DrawdownOver: _drawdown_over,
    e.BreakerTripped: _breaker,
    e.WaitOver: _wait_over,
    e.Phoenix: _phoenix,
    e.Halted: _halted,
    e.Unhalted: _unhalted,
    e.DailyLimit: _daily_limit,
    e.DailyLimitOver: _daily_limit_over,
    e.Chapter: chapter,
    e.Quiet: _quiet,
    e.DataGap: _gap,
    e.FlowTold: _flow,
    e.ReadingRefused: _reading_refused,
    e.ReadingBack: _reading_back,
    e.ToldInPart: _told_in_part,
    e.Retold: retold,
    e.Summary: summary,
    e.StoryLate: _story_late,
    e.SetAside: _set_aside,
    e.ClockMoved: _clock_moved,
    e.TimeDoubted: _time_doubted,
    e.TimeBack: _time_back,
    e.AlertsGivenUp: _alerts_given_up,
    e.Note: _note,
}
