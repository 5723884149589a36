"""The words of reasons: one row a key; a key that is not here is told as it stands, with its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.story.reason import BarCount, Reason


def because(reason: Reason) -> str:
    """Why something was done, or not: ``price 2.6% under its 12h average 0.0303 (buys from 2.5%)``."""
    words = _WORDS.get(reason.key)
    return words(reason) if words else _own_words(reason)


def counted(counts: Sequence[BarCount]) -> str:
    """Why nothing was traded, and how near it came: ``no dip to buy (nearest -1.9% of -2.5%)``.

    Several reasons stand with the number of their bars: ``no dip to buy (41 bars, nearest …), cooldown (7 bars)``.
    """
    told = []
    for count in counts:
        words, nearest = _kept_from_trading(count.nearest)
        bars = numbers.count(count.bars, "bar") if len(counts) > 1 else ""
        facts = ", ".join(filter(None, (bars, nearest)))
        told.append(f"{words} ({facts})" if facts else words)
    return ", ".join(told)


def _kept_from_trading(reason: Reason) -> tuple[str, str]:
    """A reason in few words, and how near it came to its limit."""
    words, unit = _COUNTED.get(reason.key, (escape(reason.name.replace("_", " ")), None))
    if reason.value is None or reason.limit is None:
        return words, ""
    if reason.key == "small_change" and abs(reason.value) < _NO_CHANGE:
        return "position as wanted", ""
    if reason.key == "warm_up":
        return f"{words}, {numbers.bound(reason.value)} of {numbers.bound(reason.limit)} bars", ""
    if unit is None:
        return words, ""
    return words, _nearest(reason.value, reason.limit, unit, _FROM.get(reason.key, "of"))


def _nearest(value: float, limit: float, unit: Callable[[float], str], rule: str) -> str:
    """``nearest 1.7% under, buys from 2.4%``: how near it came, and where the rule begins."""
    if unit(value) == unit(limit):
        return f"nearest just short of {numbers.unsigned_percent(limit)}"
    if rule == "of":
        return f"nearest {unit(value)} of {unit(limit)}"
    side = _UNDER if value < 0 else _OVER
    return f"nearest {numbers.unsigned_percent(value)} {side}, {rule} {_limit(value, limit)}"


_NO_CHANGE = 0.0005  # of weight: shown as 0.0%


def _own_words(reason: Reason) -> str:
    words = escape(reason.key if not reason.text else f"{reason.key}: {reason.text}" if reason.key else reason.text)
    if reason.value is None:
        return words
    limit = f" (limit {numbers.exact(reason.limit)})" if reason.limit is not None else ""
    return f"{words} {numbers.exact(reason.value)}{limit}"


_UNDER, _OVER = "under", "over"


def _deviation(rule: str) -> Callable[[Reason], str]:
    """A price against its average: ``price 2.6% under its 12h average 0.0303 (buys from 2.5%)``."""

    def words(reason: Reason) -> str:
        measured, limit = reason.value or 0.0, reason.limit or 0.0
        side = _UNDER if measured < 0 else _OVER
        against = f" {numbers.average(reason.against)}" if reason.against is not None else ""
        told = f"price {numbers.unsigned_percent(measured)} {side} its {escape(reason.text)} average{against}"
        return f"{told} ({rule} {_limit(measured, limit)})"

    return words


def _change(rule: str) -> Callable[[Reason], str]:
    """A rate of change: ``price -2.6% in 12h, from 0.0303 (buys from -2.5%)``."""

    def words(reason: Reason) -> str:
        measured, limit = reason.value or 0.0, reason.limit or 0.0
        against = f", from {numbers.average(reason.against)}" if reason.against is not None else ""
        return f"price {numbers.percent(measured)} in {escape(reason.text)}{against} ({rule} {numbers.percent(limit)})"

    return words


def _trend(state: str, rule: str) -> Callable[[Reason], str]:
    """A pair of averages: ``trend up: EMA 20h over EMA 50h by 0.61% (buys from 0.50%)``."""

    def words(reason: Reason) -> str:
        measured, limit = reason.value or 0.0, reason.limit or 0.0
        apart = f"{escape(reason.text)} by {numbers.unsigned_percent(measured)}"
        return f"{state}: {apart} ({rule} {_limit(measured, limit)})"

    return words


def _limit(measured: float, limit: float) -> str:
    """The limit, with its side where that is not the measured value's."""
    other_side = (measured < 0) != (limit < 0)
    return numbers.unsigned_percent(limit) + (f" {_UNDER if limit < 0 else _OVER}" if other_side else "")


def _kept_back(words: str, number: Callable[[float], str]) -> Callable[[Reason], str]:
    def told(reason: Reason) -> str:
        measured, limit = number(reason.value or 0.0), number(reason.limit or 0.0)
        return words.format(value=measured, limit=limit)

    return told


def _in_words(reason: Reason) -> str:
    return f": {escape(reason.text)}" if reason.text else ""


def _text(reason: Reason) -> str:
    return f" {escape(reason.text)}" if reason.text else ""


def _within(reason: Reason) -> str:
    near = f" within {numbers.unsigned_percent(reason.limit)}" if reason.limit is not None else ""
    return f"{near} in {escape(reason.text)}" if reason.text else near


def _orders(reason: Reason) -> str:
    return numbers.count(int(reason.value or 0), "order")


def _shown(share: float) -> str:
    return numbers.unsigned_percent(share)


_BUYS, _AGAIN, _SELLS, _REST = "buys from", "next step from", "sells one step from", "sells the rest from"
_RULES_OF_DEVIATION = {
    "dip": _BUYS,
    "dip_again": _AGAIN,
    "recovered": _SELLS,
    "recovered_all": _REST,
    "no_dip": _BUYS,
    "no_dip_again": _AGAIN,
    "not_recovered": _SELLS,
    "not_recovered_all": _REST,
}
# Where the rule begins that the nearest reading missed; without one, the reading stands beside its limit.
_FROM = {
    "no_dip": _BUYS,
    "no_dip_again": _BUYS,
    "not_recovered": "sells from",
    "not_recovered_all": "sells from",
    "no_trend_up": _BUYS,
    "trend_no_stronger": _AGAIN,
}
_WORDS: dict[str, Callable[[Reason], str]] = {
    **{key: _deviation(rule) for key, rule in _RULES_OF_DEVIATION.items()},
    **{f"{key}_roc": _change(rule) for key, rule in _RULES_OF_DEVIATION.items()},
    "trend_up": _trend("trend up", _BUYS),
    "trend_still_up": _trend("trend still up", _AGAIN),
    "trend_down": _trend("trend down", "sells all from"),
    "no_trend_up": _trend("no trend up", _BUYS),
    "trend_no_stronger": _trend("trend no stronger", _AGAIN),
    "trend_kept": _trend("trend still up", "sells all from"),
    "warm_up": _kept_back("warming up, {value} of {limit} bars seen", numbers.bound),
    "small_change": _kept_back("change of {value} under the {limit} worth a trade", _shown),
    "cooldown": _kept_back("{value} bars since the last trade, waits for {limit}", numbers.bound),
    "breaker": lambda _reason: "breaker",
    "halted": lambda _reason: "halted",
    "daily_loss": _kept_back("day {value} at the daily loss limit {limit}", numbers.percent),
    "max_weight": _kept_back("would hold {value}, at most {limit}", numbers.weight),
    "order_open": lambda _reason: "an order is open",
    "unknown_order": lambda _reason: "what became of the last order is not known yet",
    "ledger": lambda _reason: "the ledger of orders can't be written, and nothing is bought without it",
    "owner": lambda _reason: "halted by you",
    "journal": lambda _reason: "halted: the journal is new",
    "exchange_down": lambda _reason: "the exchange is down",
    "market_halted": lambda _reason: "the exchange has halted the market",
    "would_take": lambda _reason: "the price came to meet the order, which was to wait for it",
    "rejected": lambda reason: f"the exchange refused it{_in_words(reason)}",
    "not_offered": lambda reason: f"not offered{_within(reason)}",
    "spread": _kept_back("spread {value} over the {limit} limit", _shown),
    "size_cap": _kept_back("{value} over the {limit} that one order may have", numbers.exact),
    "order_limit": lambda reason: f"{_orders(reason)}{_text(reason)}, at most {numbers.bound(reason.limit or 0.0)}",
    "unfilled": lambda _reason: "nothing of it was filled",
    "dust": _kept_back("{value} is less than the exchange's step {limit}", numbers.exact),
    "step_size": _kept_back("{value} does not fit the exchange's step {limit}", numbers.exact),
    "min_notional": _kept_back("worth {value}, the exchange takes from {limit}", numbers.exact),
    "insufficient_funds": _kept_back("needs {value}, {limit} there", numbers.exact),
}

# What kept the bot from trading, in few words, and how its numbers are shown (None: not at all).
_COUNTED: dict[str, tuple[str, Callable[[float], str] | None]] = {
    "no_dip": ("no dip to buy", numbers.percent),
    "no_dip_again": ("no deeper dip", numbers.percent),
    "not_recovered": ("not recovered", numbers.percent),
    "not_recovered_all": ("not fully recovered", numbers.percent),
    "no_dip_roc": ("no dip to buy", numbers.percent),
    "no_dip_again_roc": ("no deeper dip", numbers.percent),
    "not_recovered_roc": ("not recovered", numbers.percent),
    "not_recovered_all_roc": ("not fully recovered", numbers.percent),
    "no_trend_up": ("no trend up", numbers.percent),
    "trend_no_stronger": ("trend no stronger", numbers.percent),
    "trend_kept": ("holds while the trend is up", None),
    "warm_up": ("warming up", None),
    "small_change": ("change not worth a trade", _shown),
    "cooldown": ("cooldown after a trade", None),
    "halted": ("halted", None),
    "daily_loss": ("daily loss limit", None),
    "order_open": ("an order was open", None),
    "unknown_order": ("an order was unknown", None),
    "ledger": ("the ledger could not be written", None),
    "owner": ("halted by you", None),
    "journal": ("halted by a new journal", None),
    "exchange_down": ("the exchange was down", None),
    "market_halted": ("the market was halted", None),
    "spread": ("spread too wide", _shown),
    "size_cap": ("order too large", None),
    "order_limit": ("too many orders", None),
    "rejected": ("refused by the exchange", None),
    "would_take": ("the price came to meet the order", None),
    "not_offered": ("not offered", None),
    "insufficient_funds": ("not enough there", None),
    "min_notional": ("too small for the exchange", None),
    "dust": ("too small for the exchange", None),
}
