"""The words of the exchange's moods: what is wrong, what it means for the bot, and what was found afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livestory.story import events as e
from livestory.story.wording import numbers
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SOURCES = "the exchange's history or livestory flow"


def _exchange_down(f: e.ExchangeDown, _time: int) -> Iterable[str]:
    tries = numbers.count(f.tries, "try") if f.tries is not None else ""
    going_on = "" if f.lasting else "goes on trying"
    yield ", ".join(filter(None, (escape(f.exchange or ""), tries, going_on)))
    if f.lasting:
        yield "needs you: it does not pass by itself"
    if f.orders_open is not None:
        yield f"{numbers.count(f.orders_open, 'order')} open there" if f.orders_open else "no order open"
    if f.position is not None and f.base:
        base = escape(f.base)
        share = f" ({numbers.weight(f.weight)})" if f.weight is not None else ""
        held = f"{numbers.exact(f.position)} {base}{share} held, and the breaker can't sell until it is back"
        yield held if f.position else f"no {base} held"


def _exchange_back(f: e.ExchangeBack, _time: int) -> Iterable[str]:
    bars = _missed(f.missed_bars) if f.missed_bars is not None else ""
    fills = found(f.fills_found) or "no trade missed" if f.fills_found is not None else ""
    yield ", ".join(filter(None, (escape(f.exchange or ""), bars, fills)))
    yield escape(f.problem or "")
    if f.price_before is not None and f.price_after is not None:
        yield f"price {numbers.exact(f.price_before)} → {numbers.exact(f.price_after)}"
    if f.balance_difference is not None:
        difference = f"{numbers.signed_wealth(f.balance_difference, f.unit)} {escape(f.unit or '')}".strip()
        yield f"balance differs by {difference}" if f.balance_difference else "balance as expected"


def _missed(bars: int) -> str:
    return f"{numbers.count(bars, 'bar')} missed and read" if bars else "no bar missed"


def found(fills: int | None) -> str:
    """``1 fill found, below``: fills that were heard of late, each told on a line of its own."""
    return f"{numbers.count(fills, 'fill')} found, below" if fills else ""


def _order_unknown(f: e.OrderUnknown, time: int) -> Iterable[str]:
    sent = f"sent {numbers.to_the_second(f.sent, time)}" if f.sent is not None else ""
    waited = f"no answer in {numbers.duration(f.waited)}" if f.waited is not None else "no answer"
    yield ", ".join(filter(None, (sent, waited))) + (f": {escape(f.problem)}" if f.problem else "")
    yield "asking the exchange"
    yield "no other order until this is clear"


_OUTCOMES = {
    "absent": "never reached the exchange: order, trades and balance agree",
    "cancelled": "cancelled before anything of it was filled",
    "rejected": "the exchange refused it",
    "open": "it stands open at the exchange",
    "owner": "not proven either way; you resumed, so the balance counts as it is now",
}


def _order_clear(f: e.OrderClear, _time: int) -> Iterable[str]:
    problem = f": {escape(f.problem)}" if f.problem else ""
    yield (_OUTCOMES.get(f.outcome) or escape(f.outcome)) + problem
    if f.unknown_for is not None:
        yield f"unknown for {numbers.duration(f.unknown_for)}"
    yield "" if f.outcome == "open" else "the next bar decides anew"


def _foreign_orders(f: e.ForeignOrders, _time: int) -> Iterable[str]:
    yield escape(f.symbol or "")
    if f.count:
        yield "not this bot's: left alone"
        yield "what they hold back the bot can't trade with"


def first_filter(f: e.FiltersChanged) -> str:
    """The change that the third column shows; the others stand in the fourth."""
    return next(iter(_filters(f)), "nothing that is told here")


def _filters(f: e.FiltersChanged) -> list[str]:
    names = [name for name in {**f.before, **f.after} if f.before.get(name) != f.after.get(name)]
    return [f"{name} {f.before.get(name, 'none')} → {f.after.get(name, 'none')}" for name in names]


def _filters_changed(f: e.FiltersChanged, _time: int) -> Iterable[str]:
    yield escape(f.symbol or "")
    yield from map(escape, _filters(f)[1:])
    yield "orders are made to fit from here on"


def _clock_skew(_f: e.ClockSkew, _time: int) -> Iterable[str]:
    yield "measured anew and allowed for"
    yield "if it comes again, set this machine's clock"


def _candles_refused(f: e.CandlesRefused, time: int) -> Iterable[str]:
    if f.since is not None:
        yield f"since {numbers.moment(f.since, time)}"
    yield "nothing is decided until good ones come"


def _candles_back(f: e.CandlesBack, _time: int) -> Iterable[str]:
    if f.refused is not None:
        yield f"{f.refused} refused"


def _balance_differs(f: e.BalanceDiffers, _time: int) -> Iterable[str]:
    if f.wealth is not None and f.expected is not None:
        yield f"{numbers.wealth(f.wealth, f.unit)} read, {numbers.wealth(f.expected, f.unit)} expected"
    if f.base_difference and f.base:
        of_it = "against as much of the other" if f.swap else "of it"
        yield f"{'+' if f.base_difference > 0 else ''}{numbers.exact(f.base_difference)} {escape(f.base)} {of_it}"
    if f.swap:
        yield "no trade explains it: neither gain nor loss, look at the exchange"
        return
    counts = "makes no record" if f.difference > 0 else "counts as loss"
    yield f"no trade, deposit or withdrawal explains it: {counts} until {_SOURCES} does"


def _balance_explained(f: e.BalanceExplained, _time: int) -> Iterable[str]:
    after = f" after {numbers.duration(f.lasted)}" if f.lasted is not None else ""
    by = {"history": "by the exchange's history", "you": "by you", "gone": "the balance is as expected again"}
    yield (by.get(f.by) or f"by {escape(f.by)}") + after
    if f.by != "gone":
        yield "no longer a loss" if f.difference < 0 else "no profit"


def _sell_stuck(f: e.SellStuck, time: int) -> Iterable[str]:
    yield escape(f.problem or "")
    tries = f"tried {numbers.count(f.tries, 'time')}" if f.tries is not None else ""
    since = f"since {numbers.to_the_second(f.since, time)}" if f.since is not None else ""
    following = f"next try in {numbers.duration(f.retry_in)}" if f.retry_in is not None else ""
    yield ", ".join(filter(None, (" ".join(filter(None, (tries, since))), following)))
    yield f"needs you: {escape(f.needs) if f.needs else 'look at the exchange, and sell there if you must'}"


WHYS: dict[type[e.Facts], Callable[[Any, int], Iterable[str]]] = {
    e.ExchangeDown: _exchange_down,
    e.ExchangeBack: _exchange_back,
    e.OrderUnknown: _order_unknown,
    e.OrderClear: _order_clear,
    e.ForeignOrders: _foreign_orders,
    e.FiltersChanged: _filters_changed,
    e.ClockSkew: _clock_skew,
    e.CandlesRefused: _candles_refused,
    e.CandlesBack: _candles_back,
    e.BalanceDiffers: _balance_differs,
    e.BalanceExplained: _balance_explained,
    e.SellStuck: _sell_stuck,
}
"""The fourth column of each of these kinds."""
