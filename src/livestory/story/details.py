"""The plan's own call, ``log_event(timestamp, event_type, details)``: its details as facts.

Each type reads its details generously: the third column of its line, or just the numbers of it. What can't be read is
told as a note under the type's name, so that nothing is lost and nothing is made up.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from livestory.story.kinds.lifecycle import Started, Stopped
from livestory.story.kinds.risk import BreakerTripped, NewHigh, Phoenix
from livestory.story.kinds.telling import Note
from livestory.story.kinds.trades import RegimeSwitch, Trade
from livestory.story.wording.text import encodable

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.story.kinds.base import Facts

_NUMBER = r"[+-]?\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?"
_NAME = r"[A-Za-z0-9.$_-]+"
_TRADE = re.compile(
    rf"(?P<side>buy|sell)\b[\s|:]*(?P<quantity>{_NUMBER})(?:\s+(?P<base>{_NAME}))?\s*(?:@|at)\s*"
    rf"(?P<price>{_NUMBER})(?:\s+(?P<quote>{_NAME}))?",
    re.IGNORECASE,
)
_AMOUNT = re.compile(rf"(?:[\w ]*:)?\s*(?P<amount>{_NUMBER})(?:\s+(?P<unit>{_NAME}))?")
_REGIME = re.compile(
    rf"(?P<regime>[^|,;:\s]+)(?:[\s|,;]+(?:score\s*[:=]?\s*)?(?P<score>{_NUMBER}))?", re.IGNORECASE
)  # fmt: skip
_DRAWDOWN = re.compile(rf"(?:DD|drawdown)?\s*[:=]?\s*(?P<drawdown>{_NUMBER})\s*(?P<percent>%)?", re.IGNORECASE)


def facts_of(event_type: object, details: object, symbol: str, unit: str) -> Facts:
    """The facts that the plan's event type and details stand for; a note where they stand for none."""
    text, topic = encodable(details).strip(), encodable(event_type).strip()
    reader = _READERS.get(topic.upper())
    facts = reader(text, symbol, unit) if reader else None
    return facts if facts is not None else Note(topic=topic or "Note", text=text)


def _started(text: str, _symbol: str, unit: str) -> Facts | None:
    match = _AMOUNT.fullmatch(text)
    return Started(wealth=float(match["amount"]), unit=match["unit"] or unit) if match else None


def _high(text: str, _symbol: str, unit: str) -> Facts | None:
    match = _AMOUNT.fullmatch(text)
    return NewHigh(wealth=float(match["amount"]), unit=match["unit"] or unit) if match else None


def _regime(text: str, _symbol: str, _unit: str) -> Facts | None:
    match = _REGIME.fullmatch(text.removeprefix("Regime Switch:").strip())
    if match is None:
        return None
    return RegimeSwitch(regime=match["regime"], score=float(match["score"]) if match["score"] else None)


def _trade(text: str, symbol: str, _unit: str) -> Facts | None:
    match = _TRADE.fullmatch(text)
    if match is None:
        return None
    base, _, quote = symbol.partition("/")
    quantity, price = abs(Decimal(match["quantity"])), Decimal(match["price"])
    return Trade(
        side=match["side"].lower(),
        quantity=quantity,
        price=price,
        base=match["base"] or base,
        quote=match["quote"] or quote,
    )


def _breaker(text: str, _symbol: str, _unit: str) -> Facts | None:
    if not text:
        return BreakerTripped()
    match = _DRAWDOWN.fullmatch(text)
    if match is None:
        return None
    number = float(match["drawdown"])
    share = number / 100 if match["percent"] or abs(number) > 1 else number
    return BreakerTripped(drawdown=-abs(share))


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
