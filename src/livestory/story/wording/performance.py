"""How the results of closed trades and open positions are told in a chapter, a quiet line or a summary."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from livestory.story.results import Outcome
from livestory.story.wording import numbers
from livestory.story.wording.text import escape, of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livestory.story.results import Benchmark, CurrencyResult, OpenPosition, Tally, TradeResult

_MOST_OPEN = 4  # positions that a line names: of more than that the ones with the largest results
_TELLING = 10  # closed trades, of which a ratio begins to say something
_SEVERAL = 3  # closed trades, of which the best and the worst are not all
_MOST_HELD = 6  # symbols of a basket that it names
_MOST_CURRENCIES = 4  # that it tells results in
_MOST_ASSETS = 6  # that it tells fees or funding in


def money(amount: Decimal, asset: str | None) -> str:
    """``+12.40 USDT``: a result."""
    return of(numbers.earned(amount, asset), asset)


def realised(results: Sequence[CurrencyResult]) -> str:
    """``+12.40 USDT, -0.0012 BTC``: what closing came to, each currency for itself."""
    return ", ".join([*(money(each.realised, each.asset) for each in results[:_MOST_CURRENCIES]), *_others(results)])


def closed(results: Sequence[CurrencyResult]) -> str:
    """``408 trades closed, 202 won, 206 lost, result -0.0829 BTC``: what closing came to, each currency for itself."""
    return "; ".join([*map(_closed, results[:_MOST_CURRENCIES]), *_others(results)])


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
    Of few trades in a story's one symbol, which have lines of their own, it is enough how many were won and lost.
    """
    for each in results[:_MOST_CURRENCIES]:
        whose = f"{escape(each.asset)}: " if len(results) > 1 and each.asset else ""
        if each.closed and not headed:
            yield _closed(each)
        factor = each.profit_factor
        one_symbol = wealth_known and (each.best is None or each.best.symbol is None)
        if factor and (each.closed >= _TELLING or not one_symbol):
            yield f"{whose}profit factor {numbers.average(factor)}"
        if each.closed >= _SEVERAL or not one_symbol:
            yield ", ".join(_extremes(each.best, each.worst, each.asset))
        symbols = _unsaid(each.best_symbol, each.best), _unsaid(each.worst_symbol, each.worst)
        yield ", ".join(_extremes(*symbols, each.asset, "symbol"))
        if each.reasons:
            told = (f"{escape(one.reason)} {numbers.signed_wealth(one.result, each.asset)}" for one in each.reasons)
            yield f"{whose}closed by {', '.join(told)}"
        if not wealth_known:
            yield f"{whose}deepest fall of the result {money(each.fall, each.asset)}" if each.fall else ""
            yield whose + since_the_start(each, began if each.asset == unit else None)
    if not headed:
        yield from _others(results)


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
    more = len(positions) - _MOST_OPEN
    if more <= 0:
        return f"open: {', '.join(map(position, positions))}"
    results = [each.result for each in positions if each.result is not None]
    comparable = len(results) == len(positions) and len({each.asset for each in positions}) == 1
    named = sorted(positions, key=lambda each: -abs(each.result or Decimal(0))) if comparable else positions
    told = ", ".join(map(position, named[:_MOST_OPEN]))
    together = f", all {len(positions)} together {money(sum(results, Decimal(0)), positions[0].asset)}"
    return f"open: {told} and {more} more{together if comparable else ''}"


def open_result(quantity: float, entry: Decimal, price: float, quote: str | None) -> str:
    """``-1.2% (-0.0039 BTC)``: what is held of one symbol, at a price against what it cost."""
    share, earned = price / float(entry) - 1.0, quantity * (price - float(entry))
    return f"{numbers.percent(share)} ({of(numbers.signed_wealth(earned, quote), quote)})"


def basket(symbols: Sequence[str]) -> str:
    """``its first positions (BTC, ETH, SOL)``."""
    if len(symbols) > _MOST_HELD:
        return f"its first {numbers.count(len(symbols), 'position')}"
    bases = [symbol.partition("/")[0] for symbol in symbols]
    names = bases if len(set(bases)) == len(bases) else symbols
    return f"its first position{'s' if len(names) > 1 else ''} ({', '.join(map(escape, names))})"


def benchmark(told: Benchmark | None, *, said: bool = False) -> str:
    """``holding its first positions (BTC, ETH, SOL): +1.2%``; ``said``: that there are none may go unsaid."""
    if told is None or not (told.of or not said):
        return ""
    if not told.of:
        return "no benchmark: no first positions with prices in one currency are told"
    if told.change is not None:
        return f"holding {basket(told.of)}: {numbers.percent(told.change)}"
    untold = ", ".join(map(escape, told.unpriced))
    why = f"no price of {untold} for a day" if untold else "a price was lacking"
    return f"holding {basket(told.of)}: not known, {why}"


def held_since(told: Benchmark | None) -> str:
    """What the basket made since the start, beside what the bot did."""
    if told is None or told.since_start is None or told.since_start == told.change:
        return ""
    return f", holding them {numbers.percent(told.since_start)}"


def position(one: OpenPosition) -> str:
    """``2 SOL/USDT at 150 (+3.20 USDT)``; a short's quantity is negative."""
    entry = f" at {numbers.mean_price(one.entry)}" if one.entry is not None else ""
    result = f" ({money(one.result, one.asset)})" if one.result is not None else ""
    return of(numbers.exact(one.quantity), one.symbol) + entry + result


def standing(f: CurrencyResult, began: float | None) -> str:
    """``3 trades closed, 2 won, 1 lost, result +9.69 USDT, result record 36.15 USDT``: a whole story, one currency."""
    return _closed(f) + _share_and_record(f, began)


def outcomes(of: CurrencyResult | Tally) -> list[str]:
    """``2 won``, ``1 lost`` and, where there were any, ``1 even``: what closed trades were for their owner."""
    even = of.closed - of.won - of.lost
    counts = (of.won, Outcome.WON), (of.lost, Outcome.LOST), (even, Outcome.EVEN)
    return [f"{numbers.whole(count)} {which}" for count, which in counts if count or which is not Outcome.EVEN]


def _others(results: Sequence[CurrencyResult]) -> Iterable[str]:
    more = len(results) - _MOST_CURRENCIES
    return [f"results in {more} more currenc{'y' if more == 1 else 'ies'}"] if more > 0 else []


def _closed(f: CurrencyResult) -> str:
    trades = f"{numbers.count(f.closed, 'trade')} closed, {', '.join(outcomes(f))}, " if f.closed else ""
    together = f.gain + f.loss
    if f.closed and together != f.realised:  # parts were closed of trades that ended in another period, or go on
        whole = f"{trades}together {money(together, f.asset)} from first to last"
        return f"{whole}; realised in this time {money(f.realised, f.asset)}, trades partly closed included"
    return f"{trades}result {money(f.realised, f.asset)}"


def _extremes(
    best: TradeResult | None, worst: TradeResult | None, asset: str | None, what: str = "trade"
) -> Iterable[str]:
    for name, one in (("best", best), ("worst", worst)):
        if one is None:
            continue
        if what == "symbol":
            yield f"{name} {what} {escape(one.symbol or '-')} {money(one.result, asset)}"
        else:
            facts = [numbers.percent(one.share)] if one.share is not None else []
            facts += [escape(one.symbol) + (" short" if one.short else "")] if one.symbol else []
            yield f"{name} {what} {money(one.result, asset)}" + (f" ({', '.join(facts)})" if facts else "")


def _unsaid(symbol: TradeResult | None, trade: TradeResult | None) -> TradeResult | None:
    """The best or the worst symbol, unless its only trade has been told as that."""
    same = symbol and trade and (symbol.symbol, symbol.result) == (trade.symbol, trade.result)
    return None if same else symbol


def since_the_start(f: CurrencyResult, began: float | None) -> str:
    """``since the start -21.13 USDT (-2.1% of 1000.00 USDT), result record 9.69 USDT, 30.82 under it``."""
    return f"since the start {money(f.total, f.asset)}{_share_and_record(f, began)}"


def _share_and_record(f: CurrencyResult, began: float | None) -> str:
    share = ""
    if began:
        share = f" ({numbers.percent(float(f.total) / began)} of {of(numbers.wealth(began, f.asset), f.asset)})"
    under = f.record - f.total
    record = f", result record {money(f.record, f.asset).lstrip('+')}" if f.record else ""
    below = f", {numbers.wealth(under, f.asset)} under it" if record and under else ""
    return share + record + below


def _amounts(by_asset: Mapping[str, Decimal], *, signed: bool) -> str:
    told = [
        of(_amount(amount, asset, signed=signed), asset or None) for asset, amount in sorted(by_asset.items()) if amount
    ]
    more = len(told) - _MOST_ASSETS
    return " and ".join([*told[:_MOST_ASSETS], *([numbers.count(more, "more asset")] if more > 0 else [])])


def _amount(amount: Decimal, asset: str, *, signed: bool) -> str:
    """With the asset's own decimals; what is little in them, by the digits that count."""
    if abs(amount) < 1:
        return f"{'+' if signed and amount > 0 else ''}{numbers.average(float(amount))}"
    return numbers.signed_wealth(amount, asset) if signed else numbers.wealth(amount, asset)
