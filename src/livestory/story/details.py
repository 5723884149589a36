"""The plan's own call, ``log_event(timestamp, event_type, details)``: its details as facts.

Each type reads the third column of its line, or just the numbers of it, where that is the whole of the text and can
mean one thing only. Anything else is told as the text that it is, under the type's name: nothing is lost, nothing is
made up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livestory.story import arguments
from livestory.story.kinds.lifecycle import Started, Stopped
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.risk import BreakerTripped, Phoenix
from livestory.story.kinds.telling import Note
from livestory.story.kinds.trades import RegimeSwitch, Trade
from livestory.story.symbol import assets

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.story.kinds.base import Facts

_NUMBER = r"[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?"
_TRADE = re.compile(
    rf"(?P<side>buy|sell)\b[\s|:]*(?P<sign>[+-]?)(?P<quantity>{_NUMBER})(?:\s+(?P<base>\S+))?\s*(?:@|\bat\b)\s*"
    rf"(?P<price>{_NUMBER})(?:\s+(?P<quote>\S+))?",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    rf"(?:(?:initial wealth|wealth|balance|new ath|ath)\s*[:|]?\s*)?(?P<amount>{_NUMBER})(?:\s+(?P<unit>\S+))?",
    re.IGNORECASE,
)
_REGIME = re.compile(
    r"(?:regime switch:\s*)?(?P<regime>[^|,;:\s]*[^\W\d_][^|,;:\s]*)"
    rf"(?:[\s|,;]+(?:score\s*[:=]?\s*)?(?P<score>{_NUMBER}))?",
    re.IGNORECASE,
)
_DRAWDOWN = re.compile(
    rf"(?:(?:DD|drawdown)\s*[:=]?\s*)?(?:-?(?P<percent>{_NUMBER})\s*%|-(?P<share>0\.[0-9]{{1,18}}))", re.IGNORECASE
)
_NO_ASSETS = "LIMIT|MARKET|STOP|MAKER|TAKER|FILLED|PARTIAL|OPEN|CLOSE|LONG|SHORT|NOW|EACH|FEE|GTC|IOC|FOK"
_TICKER = re.compile(rf"(?!(?:{_NO_ASSETS})\Z)[A-Z][A-Z0-9]{{1,9}}")
_MOST_WEALTH = 1e18
_HIGHEST_SCORE = 100
_SIGNS = {"buy": {"", "+"}, "sell": {"", "-"}}


def facts_of(event_type: object, details: object, symbol: str | None, unit: str | None) -> Facts:
    """The facts that the plan's event type and details stand for; a note where they stand for none."""
    text = arguments.text("None" if details is None else details, "details").strip()
    topic = "None" if event_type is None else event_type
    topic = arguments.text(topic, "event_type", arguments.MOST_OF_A_NAME).strip()
    reader = _READERS.get(topic.upper())
    readable = reader is _stopped or len(text) <= arguments.MOST_OF_A_NAME
    facts = reader(text, symbol, unit) if reader and readable else None
    return facts if facts is not None else Note(topic=topic or "Note", text=text)


def _started(text: str, _symbol: str | None, unit: str | None) -> Facts | None:
    found = _wealth(text, unit)
    return Started(wealth=found[0], unit=found[1]) if found else None


def _high(text: str, _symbol: str | None, unit: str | None) -> Facts | None:
    found = _wealth(text, unit)
    return AllTimeHigh(wealth=found[0], unit=found[1]) if found else None


def _wealth(text: str, unit: str | None) -> tuple[float, str | None] | None:
    match = _AMOUNT.fullmatch(text)
    if match is None or not _is_asset(match["unit"], unit):
        return None
    wealth = float(match["amount"])
    return (wealth, _asset(match["unit"], unit)) if 0 < wealth < _MOST_WEALTH else None


def _regime(text: str, _symbol: str | None, _unit: str | None) -> Facts | None:
    match = _REGIME.fullmatch(text)
    if match is None:
        return None
    score = float(match["score"]) if match["score"] else None
    return RegimeSwitch(regime=match["regime"], score=score) if score is None or score <= _HIGHEST_SCORE else None


def _trade(text: str, symbol: str | None, _unit: str | None) -> Facts | None:
    match = _TRADE.fullmatch(text)
    own = assets(symbol)
    if match is None or not (_is_asset(match["base"], own[0]) and _is_asset(match["quote"], own[1])):
        return None
    base, quote = _asset(match["base"], own[0]), _asset(match["quote"], own[1])
    other = f"{base}/{quote}" if (base, quote) != own and base and quote else None
    if other and None in {match["base"], match["quote"]}:  # half of another pair
        return None
    side = match["side"].lower()
    if match["sign"] not in _SIGNS[side]:
        return None
    try:
        quantity, price = (arguments.decimal(match[name], name) for name in ("quantity", "price"))
    except ValueError:
        return None
    return Trade(side=side, quantity=quantity, price=price, base=base, quote=quote, symbol=other)


def _is_asset(named: str | None, own: str | None) -> bool:
    """Return True if the text after an amount names an asset. No text means the story's ``own``."""
    return named is None or named.casefold() == (own or "").casefold() or bool(_TICKER.fullmatch(named))


def _asset(named: str | None, own: str | None) -> str | None:
    """The asset that a text names: the story's ``own``, or another by its ticker."""
    return own if named is None or named.casefold() == (own or "").casefold() else named


def _breaker(text: str, _symbol: str | None, _unit: str | None) -> Facts | None:
    if not text:
        return BreakerTripped()
    match = _DRAWDOWN.fullmatch(text)
    if match is None:
        return None
    share = float(match["percent"]) / 100 if match["percent"] else float(match["share"])
    return BreakerTripped(drawdown=-share) if 0 < share <= 1 else None


def _phoenix(text: str, _symbol: str | None, _unit: str | None) -> Facts | None:
    return Phoenix() if text.casefold() in {"", "resuming trading"} else None


def _stopped(text: str, _symbol: str | None, _unit: str | None) -> Facts | None:
    return Stopped(by=text or "you")


_READERS: dict[str, Callable[[str, str | None, str | None], Facts | None]] = {
    "START": _started,
    "REGIME": _regime,
    "TRADE": _trade,
    "ATH": _high,
    "BREAKER": _breaker,
    "PHOENIX": _phoenix,
    "STOP": _stopped,
}
