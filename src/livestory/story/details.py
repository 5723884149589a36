"""The plan's own call, ``log_event(timestamp, event_type, details)``: its details as facts.

Each type reads the third column of its line, or just the numbers of it, where that is the whole of the text and can
mean one thing only. Anything else is told as the text that it is, under the type's name: nothing is lost, nothing is
made up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livestory.story import arguments
from livestory.story.events import BreakerTripped, Facts, NewHigh, Note, Phoenix, RegimeSwitch, Started, Stopped, Trade

if TYPE_CHECKING:
    from collections.abc import Callable

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
    rf"(?:regime switch:\s*)?(?P<regime>[^|,;:\s]*[^\W\d_][^|,;:\s]*)"
    rf"(?:[\s|,;]+(?:score\s*[:=]?\s*)?(?P<score>{_NUMBER}))?",
    re.IGNORECASE,
)
_DRAWDOWN = re.compile(rf"(?:(?:DD|drawdown)\s*[:=]?\s*)?-?(?P<percent>{_NUMBER})\s*%", re.IGNORECASE)
_MOST_WEALTH = 1e18
_ALL = 100  # percent, and the highest score
_SIGNS = {"buy": {"", "+"}, "sell": {"", "-"}}


def facts_of(event_type: object, details: object, symbol: str, unit: str) -> Facts:
    """The facts that the plan's event type and details stand for; a note where they stand for none."""
    text = "" if details is None else arguments.text(details, "details").strip()
    topic = "" if event_type is None else arguments.label(event_type, "event_type").strip()
    reader = _READERS.get(topic.upper())
    facts = reader(text, symbol, unit) if reader else None
    return facts if facts is not None else Note(topic=topic or "Note", text=text)


def _started(text: str, _symbol: str, unit: str) -> Facts | None:
    wealth = _wealth(text, unit)
    return Started(wealth=wealth, unit=unit) if wealth is not None else None


def _high(text: str, _symbol: str, unit: str) -> Facts | None:
    wealth = _wealth(text, unit)
    return NewHigh(wealth=wealth, unit=unit) if wealth is not None else None


def _wealth(text: str, unit: str) -> float | None:
    match = _AMOUNT.fullmatch(text)
    if match is None or not _same(match["unit"], unit):
        return None
    wealth = float(match["amount"])
    return wealth if 0 < wealth < _MOST_WEALTH else None


def _regime(text: str, _symbol: str, _unit: str) -> Facts | None:
    match = _REGIME.fullmatch(text)
    if match is None:
        return None
    score = float(match["score"]) if match["score"] else None
    return RegimeSwitch(regime=match["regime"], score=score) if score is None or score <= _ALL else None


def _trade(text: str, symbol: str, _unit: str) -> Facts | None:
    match = _TRADE.fullmatch(text)
    base, _, quote = symbol.partition("/")
    if match is None or not (_same(match["base"], base) and _same(match["quote"], quote)):
        return None
    side = match["side"].lower()
    if match["sign"] not in _SIGNS[side]:
        return None
    try:
        quantity, price = (arguments.decimal(match[name], name) for name in ("quantity", "price"))
    except ValueError:
        return None
    return Trade(side=side, quantity=quantity, price=price, base=base, quote=quote)


def _same(named: str | None, asset: str) -> bool:
    """Whether an asset is the story's own: a text that names another one is of something else."""
    return named is None or named.casefold() == asset.casefold()


def _breaker(text: str, _symbol: str, _unit: str) -> Facts | None:
    if not text:
        return BreakerTripped()
    match = _DRAWDOWN.fullmatch(text)
    percent = float(match["percent"]) if match else 0.0
    return BreakerTripped(drawdown=-percent / 100) if 0 < percent <= _ALL else None


def _phoenix(text: str, _symbol: str, _unit: str) -> Facts | None:
    return Phoenix() if text.casefold() in {"", "resuming trading"} else None


def _stopped(text: str, _symbol: str, _unit: str) -> Facts | None:
    return Stopped(by=text or "you")


_READERS: dict[str, Callable[[str, str, str], Facts | None]] = {
    "START": _started,
    "REGIME": _regime,
    "TRADE": _trade,
    "ATH": _high,
    "BREAKER": _breaker,
    "PHOENIX": _phoenix,
    "STOP": _stopped,
}
