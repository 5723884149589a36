"""How the second and third column are written and read back: places such as ``{wealth:wealth}`` in a kind's `Words`."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import repeat
from operator import attrgetter, call
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.story.wording import numbers
from livestory.story.wording.beside import beside, read_again
from livestory.story.wording.text import escape, unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DURATION = r"(?:\d+[dhms])(?: \d+[hm])*"
_REMEMBERED = 1024  # names of assets: a story has few
_TEXT = r"(?:[^|\\]|\\.)*?"


class _Format(NamedTuple):
    """How one sort of value is written, found and read back at its printed precision."""

    write: Callable[..., str]  # value, and for an amount of money its unit
    pattern: str
    read: Callable[[str], Any]
    of_unit: bool = False
    compared: bool = False  # it may stand beside a limit, with more digits than usual

    def again(self, value: Any, unit: str | None) -> str:
        """Write what was read: a value that is read as a text stands as it is."""
        if self.read is str:
            return str(value)
        if self.compared:
            return read_again(value, self.write, self.read)
        return self.write(value, unit) if self.of_unit else self.write(value)


def _word(words: Mapping[str, str]) -> _Format:
    back = {text: key for key, text in words.items()}
    return _Format(
        lambda value: words.get(value) or escape(value) or "-",
        _TEXT,
        lambda text: back.get(text, unescape(text)),
    )


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _share(text: str) -> Decimal:
    return _decimal(text.rstrip("%")) / 100


def _name(text: str) -> str:
    return escape(text).replace(" ", r"\x20") or "-"


@lru_cache(_REMEMBERED)
def _after_amount(asset: str | None) -> str:
    return "" if asset is None else f" {_name(asset)}"


def _asset(text: str) -> str | None:
    return unescape(text.strip(" ")) or None


_DIGITS = r"\d[\d,]*(?:\.\d+)?"
_PERCENT = rf"[+-]?{_DIGITS}%"
_FORMATS: dict[str, _Format] = {
    "wealth": _Format(numbers.wealth, rf"-?{_DIGITS}", _decimal, of_unit=True),
    "change": _Format(numbers.signed_wealth, rf"[+-]?{_DIGITS}", _decimal, of_unit=True),
    "earned": _Format(numbers.earned, rf"[+-]?{_DIGITS}", _decimal, of_unit=True),
    "exact": _Format(numbers.exact, rf"-?{_DIGITS}", _decimal),
    "signed": _Format(numbers.signed, rf"[+-]?{_DIGITS}", _decimal),
    "percent": _Format(numbers.percent, _PERCENT, _share, compared=True),
    "loss": _Format(lambda share: numbers.percent(-share), _PERCENT, lambda text: -_share(text)),
    "exposure": _Format(numbers.exposure, rf"-?{_DIGITS}%", _share, compared=True),
    "score": _Format(numbers.score, rf"-?{_DIGITS}", _decimal, compared=True),
    "count": _Format(numbers.whole, r"\d[\d,]*", lambda text: int(text.replace(",", ""))),
    "duration": _Format(numbers.duration, _DURATION, str),
    "lag": _Format(numbers.lag, rf"\d+(?:\.\d+)?s|{_DURATION}", str),
    "clock": _Format(lambda micros: numbers.stamp(micros)[11:], r"\d\d:\d\d:\d\d", str),
    "stamp": _Format(numbers.stamp, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", str),
    "day": _Format(numbers.day, r"\w{3} \d+ \w{3}", str),
    "week": _Format(numbers.week, r"\d+", str),
    "month": _Format(numbers.month, r"\w+ \d{4}", str),
    "year": _Format(numbers.year, r"\d{4}", str),
    "text": _Format(lambda value: escape(value) or "-", _TEXT, unescape),
    "name": _Format(_name, r"[^ ]+", unescape),
    # An asset that may be unknown, with the space that parts it from its amount, or from what follows.
    "asset": _Format(_after_amount, r"(?: [^ ]+)?", _asset),
    "asset_first": _Format(lambda value: "" if value is None else f"{_name(value)} ", r"(?:[^ ]+ )?", _asset),
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
    """A second and third column with ``{field:format}`` places; the formats are those of `_FORMATS`.

    ``{score:score beside limit}`` has as many digits as tell the score from the field ``limit``, where that is known.
    """

    symbol: str
    headline: str
    facts: str
    when: Callable[[Any], bool] = lambda _facts: True  # whether these words fit; the first that fit are taken


_BESIDE = " beside "


def _teller(name: str, form: _Format, limit: str) -> tuple[Callable[[Any], Any], Callable[[Any], str]]:
    """What reads the field ``name`` of facts, and what writes it: beside the field ``limit`` if that has a name."""
    if limit:
        return attrgetter(name, limit), _beside(form.write)
    if form.of_unit:
        return attrgetter(name, "unit"), lambda of: form.write(*of)
    return attrgetter(name), form.write


def _beside(write: Callable[..., str]) -> Callable[[tuple[float, float | None]], str]:
    """What writes a value with as many digits as tell it from a limit, where that is known."""

    def compared(of: tuple[float, float | None]) -> str:
        value, limit = of
        return write(value) if limit is None else beside(value, limit, write)[0]

    return compared


class Row:
    """Words, compiled: they write the columns of one kind and read them."""

    def __init__(self, kind: str, words: Words) -> None:
        self.kind = kind
        self.when = words.when
        self.columns = f"{words.symbol} {words.headline} | {words.facts}"
        self.takes_any = re.fullmatch(r"\{\w+:text\}", words.facts) is not None  # whatever its third column says
        places = [(text, name, (place or "").partition(_BESIDE))
                  for text, name, place, _ in Formatter().parse(self.columns)]  # fmt: skip
        self._parts = [(text, name, _FORMATS.get(form)) for text, name, (form, _, _) in places]
        tellers = [_teller(name, _FORMATS[form], limit) for _, name, (form, _, limit) in places if name]
        self._values = [value for value, _ in tellers]
        self._writers = [write for _, write in tellers]
        self._template = "".join(text.replace("%", "%%") + ("%s" if form else "") for text, _, form in self._parts)

    @cached_property  # a bot writes lines and never reads one: sixty patterns would cost it half the import
    def _regex(self) -> re.Pattern[str]:
        fields = (re.escape(text) + (f"(?P<{name}>{form.pattern})" if form else "") for text, name, form in self._parts)
        return re.compile("".join(fields))

    def write(self, facts: Any) -> str:
        """The two columns that tell ``facts``; amounts of money are in their ``unit``."""
        return self._template % tuple(map(call, self._writers, map(call, self._values, repeat(facts))))

    def write_again(self, read: Mapping[str, Any], unit: str | None) -> str:
        """The two columns that were read as that."""
        return "".join(
            text + (form.again(read[name], unit) if form and name else "") for text, name, form in self._parts
        )

    def read(self, columns: str) -> dict[str, Any] | None:
        """The values that two columns show, at printed precision; None where they are not written in these words."""
        match = self._regex.fullmatch(columns)
        if match is None:
            return None
        return {name: form.read(match[name]) for _, name, form in self._parts if form and name}
