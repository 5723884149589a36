"""How the second and third column are written and read back: places such as ``{wealth:wealth}`` in a kind's `Words`."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.story.wording import numbers
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


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _share(text: str) -> Decimal:
    return _decimal(text.rstrip("%")) / 100


def _name(text: str) -> str:
    return escape(text).replace(" ", r"\x20") or "-"


def _asset(text: str) -> str | None:
    return unescape(text.strip(" ")) or None


_DIGITS = r"\d[\d,]*(?:\.\d+)?"
_PERCENT = rf"[+-]?{_DIGITS}%"
_FORMATS: dict[str, _Format] = {
    "wealth": _Format(numbers.wealth, rf"-?{_DIGITS}", _decimal),
    "change": _Format(numbers.signed_wealth, rf"[+-]?{_DIGITS}", _decimal),
    "exact": _Format(_plain(numbers.exact), rf"-?{_DIGITS}", _decimal),
    "signed": _Format(_plain(numbers.signed), rf"[+-]?{_DIGITS}", _decimal),
    "percent": _Format(_plain(numbers.percent), _PERCENT, _share),
    "loss": _Format(_plain(lambda share: numbers.percent(-share)), _PERCENT, lambda text: -_share(text)),
    "exposure": _Format(_plain(numbers.exposure), r"-?\d+(?:\.\d)?%", _share),
    "score": _Format(_plain(numbers.score), r"-?\d+\.\d", Decimal),
    "count": _Format(_plain(numbers.whole), r"\d[\d,]*", lambda text: int(text.replace(",", ""))),
    "duration": _Format(_plain(numbers.duration), _DURATION, str),
    "lag": _Format(_plain(numbers.lag), rf"\d+(?:\.\d+)?s|{_DURATION}", str),
    "clock": _Format(_plain(lambda micros: numbers.stamp(micros)[11:]), r"\d\d:\d\d:\d\d", str),
    "stamp": _Format(_plain(numbers.stamp), r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", str),
    "day": _Format(_plain(numbers.day), r"\w{3} \d+ \w{3}", str),
    "week": _Format(_plain(numbers.week), r"\d+", str),
    "month": _Format(_plain(numbers.month), r"\w+ \d{4}", str),
    "year": _Format(_plain(numbers.year), r"\d{4}", str),
    "text": _Format(lambda value, _unit: escape(value) or "-", _TEXT, unescape),
    "name": _Format(lambda value, _unit: _name(value), r"[^ ]+", unescape),
    # An asset that may be unknown, with the space that parts it from its amount, or from what follows.
    "asset": _Format(lambda value, _unit: "" if value is None else f" {_name(value)}", r"(?: [^ ]+)?", _asset),
    "asset_first": _Format(lambda value, _unit: "" if value is None else f"{_name(value)} ", r"(?:[^ ]+ )?", _asset),
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


class Words(NamedTuple):
    """A second and third column with ``{field:format}`` places; the formats are those of `_FORMATS`."""

    symbol: str
    headline: str
    facts: str
    when: Callable[[Any], bool] = lambda _facts: True  # whether these words fit; the first that fit are taken


class Row:
    """Words, compiled: they write the columns of one kind and read them."""

    def __init__(self, kind: str, words: Words) -> None:
        """The ``words`` of the kind of that short name."""
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
        """The two columns, with the value of each place; ``unit`` is that of amounts of money."""
        return "".join(
            text + (form.write(value_of(name), unit) if form and name else "") for text, name, form in self._parts
        )

    def read(self, columns: str) -> dict[str, Any] | None:
        """The values that two columns show, at printed precision; None where they are not written in these words."""
        match = self._regex.fullmatch(columns)
        if match is None:
            return None
        return {name: form.read(match[name]) for _, name, form in self._parts if form and name}
