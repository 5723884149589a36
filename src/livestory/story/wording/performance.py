"""How the results of closed trades and open positions are told in a chapter, a quiet line or a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.text import escape, of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from livestory.story.results import CurrencyResult, OpenPosition, Outcome

_MOST_OPEN = 4  # positions that a line names


def money(amount: Decimal, asset: str | None) -> str:
    """``+12.40 USDT``: a result."""
    return of(numbers.earned(amount, asset), asset)


def realised(results: Sequence[CurrencyResult]) -> str:
    """``+12.40 USDT, -0.0012 BTC``: what closing came to, each currency for itself."""
    return ", ".join(money(each.realised, each.asset) for each in results)


def closed(results: Sequence[CurrencyResult]) -> str:
    """``408 trades closed, 202 won, 206 lost, result -0.0829 BTC``: what closing came to, each currency for itself."""
    return "; ".join(map(_closed, results))


def performance(
    results: Sequence[CurrencyResult],
    *,
    wealth_known: bool,
    began: float | None = None,
    unit: str | None = None,
    headed: bool = False,
) -> Iterable[str]:
    """Won and lost, the best and the worst; without wealth also what came of it since the start.

    ``began`` is what the bot said that it began with, in ``unit``; ``headed``: what `closed` says stands in the line.
    """
    for each in results:
        whose = f"{escape(each.asset)}: " if len(results) > 1 and each.asset else ""
        if each.closed and not headed:
            yield _closed(each)
        factor = each.profit_factor
        if factor:
            yield f"{whose}profit factor {numbers.average(factor)}"
        yield ", ".join(_extremes(each.best, each.worst, each.asset))
        yield ", ".join(_extremes(each.best_symbol, each.worst_symbol, each.asset, "symbol"))
        if each.reasons:
            told = (f"{escape(one.reason)} {numbers.signed_wealth(one.result, each.asset)}" for one in each.reasons)
            yield f"{whose}closed by {', '.join(told)}"
        if not wealth_known:
            yield f"{whose}deepest fall of the result {money(each.fall, each.asset)}" if each.fall else ""
            yield whose + _since_the_start(each, began if each.asset == unit else None)


def fees(by_asset: Mapping[str, Decimal]) -> str:
    """``fees 1.23 USDT and 0.0012 BNB``."""
    told = _amounts(by_asset, signed=False)
    return f"fees {told}" if told else ""


def funding(by_asset: Mapping[str, Decimal]) -> str:
    """``funding -1.2 USDT``: received less paid."""
    told = _amounts(by_asset, signed=True)
    return f"funding {told}" if told else ""


def open_positions(positions: Sequence[OpenPosition]) -> str:
    """``open: 2 SOL/USDT at 150 (+3.20 USDT), -0.5 ETH/USDT at 3810.55``."""
    if not positions:
        return ""
    told = ", ".join(map(position, positions[:_MOST_OPEN]))
    more = len(positions) - _MOST_OPEN
    return f"open: {told}" + (f" and {more} more" if more > 0 else "")


def position(one: OpenPosition) -> str:
    """``2 SOL/USDT at 150 (+3.20 USDT)``; a short's quantity is negative."""
    entry = f" at {numbers.mean_price(one.entry)}" if one.entry is not None else ""
    result = f" ({money(one.result, one.asset)})" if one.result is not None else ""
    return of(numbers.exact(one.quantity), one.symbol) + entry + result


def _closed(f: CurrencyResult) -> str:
    even = f.closed - f.won - f.lost
    counts = ((f.won, "won"), (f.lost, "lost"), *(((even, "even"),) if even else ()))
    outcome = ", ".join(f"{numbers.whole(count)} {how}" for count, how in counts)
    trades = f"{numbers.count(f.closed, 'trade')} closed, {outcome}, " if f.closed else ""
    together = f.gain + f.loss
    if f.closed and together != f.realised:  # parts were closed of trades that ended in another period, or go on
        return (
            f"{trades}together {money(together, f.asset)}; result of all that was closed {money(f.realised, f.asset)}"
        )
    return f"{trades}result {money(f.realised, f.asset)}"


def _extremes(best: Outcome | None, worst: Outcome | None, asset: str | None, what: str = "trade") -> Iterable[str]:
    for name, one in (("best", best), ("worst", worst)):
        if one is None:
            continue
        if what == "symbol":
            yield f"{name} {what} {escape(one.symbol or '-')} {money(one.result, asset)}"
        else:
            facts = [numbers.percent(one.share)] if one.share is not None else []
            facts += [escape(one.symbol) + (" short" if one.short else "")] if one.symbol else []
            yield f"{name} {what} {money(one.result, asset)}" + (f" ({', '.join(facts)})" if facts else "")


def _since_the_start(f: CurrencyResult, began: float | None) -> str:
    share = ""
    if began:
        share = f" ({numbers.percent(float(f.total) / began)} of {of(numbers.wealth(began, f.asset), f.asset)})"
    under = f.record - f.total
    record = f", result record {money(f.record, f.asset).lstrip('+')}" if f.record else ""
    below = f", {numbers.wealth(under, f.asset)} under it" if record and under else ""
    return f"since the start {money(f.total, f.asset)}{share}{record}{below}"


def _amounts(by_asset: Mapping[str, Decimal], *, signed: bool) -> str:
    told = (
        of(_amount(amount, asset, signed=signed), asset or None) for asset, amount in sorted(by_asset.items()) if amount
    )
    return " and ".join(told)


def _amount(amount: Decimal, asset: str, *, signed: bool) -> str:
    """With the asset's own decimals; what is little in them, by the digits that count."""
    if abs(amount) < 1:
        return f"{'+' if signed and amount > 0 else ''}{numbers.average(float(amount))}"
    return numbers.signed_wealth(amount, asset) if signed else numbers.wealth(amount, asset)
