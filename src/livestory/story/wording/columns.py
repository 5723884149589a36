"""The first three columns: one table of symbol, headline and facts a kind, which writes a line and reads it back.

A field is ``{name:format}``; its value is the fact of that name, or a computed one of `_COMPUTED`. A kind with several
rows takes the first whose condition holds.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.story import events as e
from livestory.story.wording import numbers
from livestory.story.wording.exchange_words import first_filter
from livestory.story.wording.rule_words import first_change
from livestory.story.wording.text import escape, unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DURATION = r"(?:\d+[dhms])(?: \d+[hm])*"
_TEXT = r"(?:[^|\\]|\\.)*?"


class _Format(NamedTuple):
    """How one sort of value is written, found and read back at its printed precision."""

    write: Callable[[Any, str | None], str]  # value, unit
    pattern: str
    read: Callable[[str], Any]


def _plain(write: Callable[[Any], str]) -> Callable[[Any, str | None], str]:
    return lambda value, _unit: value if isinstance(value, str) else write(value)


def _word(words: Mapping[str, str]) -> _Format:
    back = {text: key for key, text in words.items()}
    return _Format(
        lambda value, _unit: words.get(value) or escape(value) or "-",
        _TEXT,
        lambda text: back.get(text, unescape(text)),
    )


def _share(text: str) -> Decimal:
    return Decimal(text.rstrip("%")) / 100


_PERCENT = r"[+-]?\d+(?:\.\d+)?%"
_FORMATS: dict[str, _Format] = {
    "wealth": _Format(numbers.wealth, r"-?\d+(?:\.\d+)?", Decimal),
    "change": _Format(numbers.signed_wealth, r"[+-]\d+(?:\.\d+)?", Decimal),
    "exact": _Format(_plain(numbers.exact), r"-?\d+(?:\.\d+)?", Decimal),
    "percent": _Format(_plain(numbers.percent), _PERCENT, _share),
    "loss": _Format(_plain(lambda share: numbers.percent(-share)), _PERCENT, lambda text: -_share(text)),
    "exposure": _Format(_plain(numbers.exposure), r"-?\d+(?:\.\d)?%", _share),
    "score": _Format(_plain(numbers.score), r"-?\d+\.\d", Decimal),
    "count": _Format(_plain(str), r"\d+", int),
    "duration": _Format(_plain(numbers.duration), _DURATION, str),
    "lag": _Format(_plain(numbers.lag), rf"\d+(?:\.\d+)?s|{_DURATION}", str),
    "clock": _Format(_plain(lambda micros: numbers.stamp(micros)[11:]), r"\d\d:\d\d:\d\d", str),
    "stamp": _Format(_plain(numbers.stamp), r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", str),
    "day": _Format(_plain(numbers.day), r"\w{3} \d+ \w{3}", str),
    "week": _Format(_plain(numbers.week), r"\d+", str),
    "month": _Format(_plain(numbers.month), r"\w+ \d{4}", str),
    "year": _Format(_plain(numbers.year), r"\d{4}", str),
    "text": _Format(lambda value, _unit: escape(value) or "-", _TEXT, unescape),
    "name": _Format(lambda value, _unit: escape(value).replace(" ", r"\x20") or "-", r"[^ ]+", unescape),
    "by": _word(
        {"you": "by you", "bars": "end of the bars", "error": "by an error", "system": "by the system (SIGTERM)"}
    ),
    "side": _word({"buy": "BUY", "sell": "SELL"}),
    "what": _word(
        {
            "wealth": "Balance",
            "price": "Price",
            "score": "Score",
            "flow": "Deposit or Withdrawal",
            "drawdown": "Drawdown",
            "position": "Position",
            "weight": "Weight",
            "target_weight": "Target Weight",
            "threshold": "Regime Threshold",
            "day_return": "Day's Return",
            "resume_score": "Resume Score",
        }
    ),
}


class _Words(NamedTuple):
    symbol: str
    headline: str
    facts: str
    when: Callable[[Any], bool] = lambda _facts: True


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda facts: all(getattr(facts, name) is not None for name in names)


def _is(name: str, value: object) -> Callable[[Any], bool]:
    return lambda facts: getattr(facts, name) == value


def _by_owner(facts: e.Unhalted) -> bool:
    return facts.reason in {"owner", "journal"}


def _chapters(symbol: str, headline: str, period: str) -> tuple[_Words, ...]:
    return (
        _Words(
            symbol, headline, "{change:percent} to {wealth:wealth} {unit:name}",
            lambda facts: facts.period == period and None not in (facts.change, facts.wealth),
        ),
        _Words(symbol, headline, "no wealth told", _is("period", period)),
    )  # fmt: skip


_KINDS: dict[type[e.Facts], tuple[_Words, ...]] = {
    e.Started: (
        _Words("🚀", "Bot Started", "Initial Wealth: {wealth:wealth} {unit:name}", _has("wealth")),
        _Words("🚀", "Bot Started", "Initial Wealth: not known"),
    ),
    e.Resumed: (
        _Words("🔁", "Bot Resumed", "away {away:duration}", _has("away")),
        _Words("🔁", "Bot Resumed", "at {last_heard:stamp}"),
    ),
    e.Stopped: (_Words("💤", "Bot Stopped", "{by:by}"),),
    e.Rules: (
        _Words("📜", "Rules", "breaker: {breaker:loss}", lambda facts: bool(facts.breaker)),
        _Words("📜", "Rules", "no breaker", _is("breaker", 0)),
        _Words("📜", "Rules", "breaker: not told"),
    ),
    e.RulesChanged: (_Words("📜", "Rules Changed", "{first_change:text}"),),
    e.RegimeSwitch: (
        _Words("🔄", "Regime Switch: {regime:text}", "Score: {score:score}", _has("score")),
        _Words("🔄", "Regime Switch: {regime:text}", "was {previous:text}", _has("previous")),
        _Words("🔄", "Regime Switch: {regime:text}", "first reading"),
    ),
    e.Trade: (
        _Words("🟢", "BUY", "+{quantity:exact} {base:name} @ {price:exact} {quote:name}", _is("side", "buy")),
        _Words("🔴", "SELL", "-{quantity:exact} {base:name} @ {price:exact} {quote:name}"),
    ),
    e.PutOff: (
        _Words(
            "⏸️",
            "Buy Put Off",
            "{quantity:exact} {base:name} wanted",
            lambda facts: facts.side == "buy" and None not in (facts.quantity, facts.base),
        ),
        _Words(
            "⏸️",
            "Sell Put Off",
            "{quantity:exact} {base:name} wanted",
            lambda facts: facts.side == "sell" and None not in (facts.quantity, facts.base),
        ),
        _Words("⏸️", "Trade Put Off", "{base:name} not traded", _has("base")),
        _Words("⏸️", "Trade Put Off", "nothing traded"),
    ),
    e.Exposure: (
        _Words("🎯", "Exposure", "{base:name} at {after:exposure}", lambda facts: facts.before is None),
        _Words(
            "🔼",
            "Exposure Up",
            "{base:name} {before:exposure} → {after:exposure}",
            lambda facts: facts.after > facts.before,
        ),
        _Words("🔽", "Exposure Down", "{base:name} {before:exposure} → {after:exposure}"),
    ),
    e.NewHigh: (_Words("🚀", "NEW ATH", "{wealth:wealth} {unit:name}"),),
    e.HalfWay: (_Words("⚠️", "Half-way to Breaker", "DD: {drawdown:percent}"),),
    e.Drawdown: (_Words("⚠️", "Drawdown", "DD: {drawdown:percent}"),),
    e.DrawdownOver: (_Words("🟩", "Drawdown Over", "back at {wealth:wealth} {unit:name}"),),
    e.BreakerTripped: (
        _Words("🚨", "SAFETY BREAKER TRIPPED", "DD: {drawdown:percent}", _has("drawdown")),
        _Words("🚨", "SAFETY BREAKER TRIPPED", "DD: not known"),
    ),
    e.WaitOver: (_Words("⏳", "Wait Over", "still halted"),),
    e.Phoenix: (_Words("🔥", "PHOENIX ACTIVATED", "Resuming Trading"),),
    e.Halted: (
        _Words("✋", "Halted by You", "no new orders", _is("reason", "owner")),
        _Words("✋", "Halted", "the journal is new", _is("reason", "journal")),
        _Words("✋", "Halted", "{reason:text}", _has("reason")),
        _Words("✋", "Halted", "no reason told"),
    ),
    e.Unhalted: (
        _Words(
            "▶️",
            "Resumed by You",
            "halted {halted:duration}",
            lambda facts: _by_owner(facts) and facts.halted is not None,
        ),
        _Words("▶️", "Resumed by You", "your halt is over", _by_owner),
        _Words("▶️", "Halt Over", "halted {halted:duration}", _has("halted")),
        _Words("▶️", "Halt Over", "goes on"),
    ),
    e.SellStuck: (
        _Words(
            "🚨",
            "HALT CAN'T SELL",
            "{position:exact} {base:name} held",
            lambda facts: facts.by == "owner" and None not in (facts.position, facts.base),
        ),
        _Words("🚨", "BREAKER CAN'T SELL", "{position:exact} {base:name} held", _has("position", "base")),
        _Words("🚨", "BREAKER CAN'T SELL", "nothing sold yet"),
    ),
    e.DailyLimit: (
        _Words("🛑", "Daily Loss Limit", "Day: {day_return:percent}", _has("day_return")),
        _Words("🛑", "Daily Loss Limit", "Day: not known"),
    ),
    e.DailyLimitOver: (_Words("🟩", "Daily Loss Limit Over", "blocked {blocked:duration}"),),
    e.Chapter: (
        *_chapters("📖", "Day: {start:day}", "day"),
        *_chapters("📚", "Week {start:week}", "week"),
        *_chapters("📚", "Month: {start:month}", "month"),
        *_chapters("📚", "Year {start:year}", "year"),
    ),
    e.Quiet: (_Words("🤫", "Quiet", "{silence:duration} without news"),),
    e.DataGap: (
        _Words("🕳️", "Data Gap", "{bars:count} bar missing", _is("bars", 1)),
        _Words("🕳️", "Data Gap", "{bars:count} bars missing"),
    ),
    e.FlowTold: (
        _Words("💰", "Deposit", "{amount:change} {unit:name}", lambda facts: facts.amount >= 0),
        _Words("💸", "Withdrawal", "{amount:change} {unit:name}"),
    ),
    e.BalanceDiffers: (
        _Words("⚠️", "Balance Differs", "one asset for the other", _is("swap", True)),  # noqa: FBT003  a field's value
        _Words("⚠️", "Balance Differs", "{difference:change} {unit:name}"),
    ),
    e.BalanceExplained: (_Words("✔️", "Balance Explained", "{difference:change} {unit:name}"),),
    e.ReadingRefused: (_Words("⚠️", "Reading Refused", "{what:what}: {reading:text}"),),
    e.ReadingBack: (_Words("✅", "Reading Back", "{what:what}: {reading_text:text}"),),
    e.ToldInPart: (_Words("ℹ️", "Told in Part", "no {lacking_list:text}"),),
    e.ExchangeDown: (
        _Words("🔌", "Exchange Down", "{problem:text} since {since:clock}", _has("since")),
        _Words("🔌", "Exchange Down", "{problem:text}"),
    ),
    e.ExchangeBack: (
        _Words("🔌", "Exchange Back", "down {down:duration}", _has("down")),
        _Words("🔌", "Exchange Back", "answers again"),
    ),
    e.OrderUnknown: (_Words("❓", "Order Unknown", "{side:side} {quantity:exact} {base:name}"),),
    e.OrderClear: (_Words("✔️", "Order Clear", "{side:side} {quantity:exact} {base:name}"),),
    e.ForeignOrders: (
        _Words("👀", "Foreign Orders", "none open any more", _is("count", 0)),
        _Words("👀", "Foreign Orders", "{count:count} open"),
    ),
    e.FiltersChanged: (_Words("📐", "Filters Changed", "{first_filter:text}"),),
    e.ClockSkew: (
        _Words("⏱️", "Clock Skew", "{apart:lag} ahead of the exchange", lambda facts: facts.skew >= 0),
        _Words("⏱️", "Clock Skew", "{apart:lag} behind the exchange"),
    ),
    e.CandlesRefused: (_Words("🕯️", "Candles Refused", "{problem:text}"),),
    e.CandlesBack: (
        _Words("🕯️", "Candles Back", "after {lasted:duration}", _has("lasted")),
        _Words("🕯️", "Candles Back", "good again"),
    ),
    e.Retold: (_Words("📼", "Retold", "from {source:text}"),),
    e.Summary: (
        _Words("🏁", "In All", "{change:percent} to {wealth:wealth} {unit:name}", _has("change", "wealth")),
        _Words("🏁", "In All", "no wealth told"),
    ),
    e.StoryLate: (
        _Words("🩹", "Story Late", "{lines:count} line, {span:duration}", _is("lines", 1)),
        _Words("🩹", "Story Late", "{lines:count} lines, {span:duration}"),
    ),
    e.SetAside: (_Words("🩹", "Journal Set Aside", "{name:text}"),),
    e.ClockMoved: (_Words("🕰️", "Clock Moved", "back {by:duration}"),),
    e.TimeDoubted: (_Words("🕰️", "Time Doubted", "{call:text}: {given:stamp}"),),
    e.TimeBack: (_Words("🕰️", "Time Back", "{call:text}: {given:stamp}"),),
    e.AlertsGivenUp: (
        _Words("📵", "Alerts Given Up", "{channel:name}: {lines:count} line", _is("lines", 1)),
        _Words("📵", "Alerts Given Up", "{channel:name}: {lines:count} lines"),
    ),
    e.Note: (_Words("📝", "{topic:text}", "{text:text}"),),
}

_COMPUTED: dict[str, Callable[[Any], object]] = {
    "apart": lambda facts: abs(facts.skew),
    "first_change": first_change,
    "first_filter": first_filter,
    "lacking_list": lambda facts: ", no ".join(facts.lacking),
    "reading_text": lambda facts: reading_text(facts.what, facts.value, facts.unit),
    "span": lambda facts: max(0, facts.until - facts.since),
}


def reading_text(what: str, value: float, unit: str) -> str:
    """A reading as a person would write it: ``0.8929 BTC``, ``0.0302``, ``24.8``."""
    return f"{numbers.wealth(value, unit)} {unit}" if what == "wealth" else numbers.exact(value)


class _Row:
    """One row of the table, compiled: it writes its columns and reads them."""

    def __init__(self, kind: str, words: _Words) -> None:
        self.kind = kind
        self.when = words.when
        self.columns = f"{words.symbol} {words.headline} | {words.facts}"
        self._parts = [(text, name, _FORMATS[format_] if format_ else None)
                       for text, name, format_, _ in Formatter().parse(self.columns)]  # fmt: skip

    @cached_property  # a bot writes lines and never reads one: sixty patterns would cost it half the import
    def _regex(self) -> re.Pattern[str]:
        fields = (re.escape(text) + (f"(?P<{name}>{form.pattern})" if form else "") for text, name, form in self._parts)
        return re.compile("".join(fields))

    def write(self, value_of: Callable[[str], Any], unit: str | None) -> str:
        return "".join(
            text + (form.write(value_of(name), unit) if form and name else "") for text, name, form in self._parts
        )

    def read(self, columns: str) -> dict[str, Any] | None:
        match = self._regex.fullmatch(columns)
        if match is None:
            return None
        return {name: form.read(match[name]) for _, name, form in self._parts if form and name}


_ROWS = {kind: tuple(_Row(str(kind.__struct_config__.tag), words) for words in rows) for kind, rows in _KINDS.items()}
_READERS = tuple(row for rows in _ROWS.values() for row in rows)


def write(facts: e.Facts) -> str:
    """The second and third column of the line that tells ``facts``."""
    row = next(row for row in _ROWS[type(facts)] if row.when(facts))
    return row.write(lambda name: _value(facts, name), getattr(facts, "unit", None))


def _value(facts: e.Facts, name: str) -> object:
    computed = _COMPUTED.get(name)
    return computed(facts) if computed else getattr(facts, name)


class Columns(NamedTuple):
    """What the second and third column of a line say, at printed precision."""

    kind: str
    facts: dict[str, Any]
    template: int

    def __str__(self) -> str:
        """The columns as they were read."""
        unit = self.facts.get("unit")
        return _READERS[self.template].write(self.facts.__getitem__, unit)


def read(columns: str) -> Columns | None:
    """What ``columns``, as `write` writes them, say; None where no kind is written so."""
    for index, row in enumerate(_READERS):
        facts = row.read(columns)
        if facts is not None:
            return Columns(row.kind, facts, index)
    return None
