"""What a digest says of a bot with several symbols, shorts or no known wealth: each currency for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.results import TradeResult
from livestory.story.wording import numbers, performance
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livestory.story.digest.extremes import Ended, Warned
    from livestory.story.digest.period import Period
    from livestory.story.results import CurrencyResult

_FEW = 3  # positions near their liquidation that are told one by one


def traded(p: Period, at: Callable[[int], str]) -> Iterable[Iterable[str]]:
    """What was traded and closed, the best and the worst, and what came of it since the start: a sentence of each."""
    yield [_counts(p)]
    yield [each for result in p.results for each in _closed(p, result, at)]
    yield _since_the_start(p)
    yield liquidations(p, at)


def _closed(p: Period, result: CurrencyResult, at: Callable[[int], str]) -> Iterable[str]:
    if result.closed and p.wealth is not None:  # else the verdict says it
        yield performance.closed((result,))
    told = next((each for each in p.closed.told(p.closed) if each.asset == result.asset), None)
    if told is not None:
        yield _extremes(p, told, at)
        yield performance.by_symbol(told)
        yield performance.both_ways(told)


def _counts(p: Period) -> str:
    trading = p.trading
    counts = [numbers.count(trading.buys, "buy")] if trading.buys else []
    counts += [numbers.count(trading.sells, "sell")] if trading.sells else []
    costs = [performance.fees(p.closed.fees), performance.funding(p.closed.funding, p.results)]
    return ", ".join(filter(None, (" and ".join(counts) or "no trade", *costs)))


def _extremes(p: Period, told: CurrencyResult, at: Callable[[int], str]) -> str:
    best, worst = (ended.get(told.asset or "") for ended in (p.extremes.best, p.extremes.worst))
    if best is None or worst is None:
        return ""
    if best == worst:
        which = f"the one in {escape(told.asset or '')}" if len(p.results) > 1 else "that trade"
        return f"{which} was {_ended(best, told, at)}" if told.closed == 1 else ""
    names = performance.extreme_names(best.result, worst.result)
    return ", ".join(f"the {name} was {performance.money(one.result, told.asset)} ({_ended(one, told, at)})"
                     for name, one in zip(names, (best, worst), strict=True))  # fmt: skip


def _ended(one: Ended, told: CurrencyResult, at: Callable[[int], str]) -> str:
    name = performance.direction(TradeResult(one.symbol or None, one.result, short=one.short), told)
    return ", ".join(filter(None, (name, at(one.time))))


def _since_the_start(p: Period) -> Iterable[str]:
    if p.whole is None and p.since_start is not None and p.since_start != p.change:  # else its distances say it
        yield f"since the start {numbers.percent(p.since_start)}{performance.held_since(p.benchmark)}"
    if p.wealth is None:
        yield from _standing(p)


def _standing(p: Period) -> Iterable[str]:
    """What the whole story earned; nothing where the period's own result already says it, and is at its record."""
    earned = {each.asset: each.realised for each in p.results}
    for each in p.total:
        began = p.began if each.asset == p.unit else None
        if began or earned.get(each.asset) != each.total or each.total < each.record:
            yield performance.since_the_start(each, began)


def liquidations(p: Period, at: Callable[[int], str]) -> Iterable[str]:
    """What came near its liquidation, how near, and whether it is over."""
    if len(p.warned) > _FEW:
        nearest = min(p.warned, key=_nearest)
        which = f"{escape(nearest.near.symbol)} with {numbers.exposure(_nearest(nearest))} ({at(nearest.time)})"
        yield f"{numbers.count(len(p.warned), 'time')} a position came near its liquidation, the nearest {which}"
        return
    for each in p.warned:
        side = "short" if each.near.short else "long"
        how = f"{numbers.exposure(_nearest(each))} away" + (" at the nearest" if each.over else "")
        what = f"the {side} of {escape(each.near.symbol)} came near its liquidation ({at(each.time)}), {how}, and "
        closed = each.over is not None and each.over.distance is None
        yield what + ("was closed" if closed else "is far from it again" if each.over else "still is")


def _nearest(one: Warned) -> float:
    return one.over.nearest if one.over is not None else one.near.distance


def asked(p: Period) -> Iterable[str]:
    """What of this is the owner's to do."""
    for each in p.warned:
        if each.over is None:
            yield f"{escape(each.near.symbol)} is near its liquidation: reduce it, or add margin"
