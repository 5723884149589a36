"""How the results of closed trades and open positions are told in a chapter, a quiet line or a summary."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from livestory.story.positions import EXACT, summed
from livestory.story.results import Outcome
from livestory.story.symbol import assets
from livestory.story.wording import numbers
from livestory.story.wording.results import paid_or_received
from livestory.story.wording.text import escape, of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livestory.story.results import Benchmark, CurrencyResult, OneWay, OpenPosition, Tally, TradeResult

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
    """``408 trades closed, 202 won, 206 lost, result -0.0829 BTC``: what they came to, each currency for itself."""
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
    Of few trades, which have lines of their own, it is enough how many were won and lost.
    """
    for each in results[:_MOST_CURRENCIES]:
        whose = f"{escape(each.asset)}: " if len(results) > 1 and each.asset else ""
        if each.closed and not headed:
            yield _closed(each)
        factor = each.profit_factor
        if factor and each.closed >= _TELLING:
            yield f"{whose}profit factor {numbers.average(round(factor, 2) or factor)}"
        if each.closed >= _SEVERAL:
            yield _extremes(each)
        yield by_symbol(each)
        yield both_ways(each)
        if each.reasons:
            told = (f"{escape(one.reason)} {numbers.signed_wealth(one.result, each.asset)}" for one in each.reasons)
            yield f"{whose}closed by {', '.join(told)}"
        if not wealth_known:
            yield f"{whose}deepest fall of the result {money(each.fall, each.asset)}" if each.fall else ""
            yield whose + since_the_start(each, began if each.asset == unit else None)
    if not headed:
        yield from _others(results)


def won_and_lost(results: Sequence[CurrencyResult]) -> Iterable[str]:
    """``1 won, 2 lost: -0.0162 BTC``, in brief, what trades came to that have lines of their own."""
    for each in results:
        if each.closed:
            told = ", ".join(told for told in outcomes(each) if not told.startswith("0 "))
            yield f"{told}: {_together(each)}"


def fees(by_asset: Mapping[str, Decimal]) -> str:
    """``fees 1.23 USDT and 0.0012 BNB``."""
    told = _amounts(by_asset)
    return f"fees {told}" if told else ""


def funding(by_asset: Mapping[str, Decimal], results: Sequence[CurrencyResult] = ()) -> str:
    """``funding paid 1.20 USDT, not in the results``: received less paid, and that these are without it, if known."""
    told = paid_or_received(by_asset, _amounts)
    closed = [each for each in results if each.closed]
    known = closed and all(each.after_fees == each.closed and not each.with_funding for each in closed)
    return f"funding {told}{', not in the results' if known else ''}" if told else ""


def open_positions(positions: Sequence[OpenPosition]) -> str:
    """``open: 2 SOL/USDT at 150 (+3.20 USDT), -0.5 ETH/USDT at 3810.55``."""
    if not positions:
        return ""
    more = len(positions) - _MOST_OPEN
    if more <= 0:
        return f"open: {_positions(positions)}"
    results = [each.result for each in positions if each.result is not None]
    comparable = len(results) == len(positions) and len({each.asset for each in positions}) == 1
    named = sorted(positions, key=lambda each: -abs(each.result or Decimal(0))) if comparable else positions
    told = _positions(named[:_MOST_OPEN])
    together = f", all {len(positions)} together {money(summed(results), positions[0].asset)}"
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


def _positions(positions: Sequence[OpenPosition]) -> str:
    """``2 SOL at 150 (+3.20 USDT), -0.5 ETH at 3810.55``; a short's quantity is negative."""
    names = _names((each.symbol, each.asset) for each in positions)
    return ", ".join(map(_position, positions, names))


def _position(one: OpenPosition, name: str) -> str:
    entry = f" at {numbers.mean_price(one.entry)}" if one.entry is not None else ""
    result = f" ({money(one.result, one.asset)})" if one.result is not None else ""
    return f"{numbers.exact(one.quantity)} {name}".rstrip() + entry + result


def by_symbol(f: CurrencyResult) -> str:
    """``closed trades by symbol: BTC -52.86, ETH +12.30, SOL -193.99 USDT``; of many the best and the worst."""
    if f.symbols:
        names = _names((each.symbol, f.asset) for each in f.symbols)
        earned = (f"{name or '-'} {numbers.signed_wealth(each.result, f.asset)}"
                  for name, each in zip(names, f.symbols, strict=True))  # fmt: skip
        return f"closed trades by symbol: {of(', '.join(earned), f.asset)}"
    told = []
    for one, trade, won, lost in (
        (f.best_symbol, f.best, "earned most", "lost least"),
        (f.worst_symbol, f.worst, "earned least", "lost most"),
    ):
        if one is not None and _unsaid(one, trade):
            told.append(f"{name_of(one, f.asset)} {won if one.result > 0 else lost} ({money(one.result, f.asset)})")
    return ", ".join(told)


def both_ways(f: CurrencyResult) -> str:
    """``13 longs -300.10 (5 won), 7 shorts -407.18 USDT (none won)``: nothing where one of them was not traded."""
    if f.longs is None or f.shorts is None or f.closed < _SEVERAL:
        return ""
    (longs, won), (shorts, gained) = _one_way("long", f.longs, f.asset), _one_way("short", f.shorts, f.asset)
    return f"{longs} ({won}), {of(shorts, f.asset)} ({gained})"


def _one_way(name: str, trades: OneWay, asset: str | None) -> tuple[str, str]:
    earned = f"{numbers.count(trades.closed, name)} {numbers.signed_wealth(trades.result, asset)}"
    return earned, f"{numbers.whole(trades.won) if trades.won else 'none'} won"


def name_of(one: TradeResult, asset: str | None) -> str:
    """``ETH``: a symbol beside a result in the asset that it is priced in; else the whole of it."""
    return _names([(one.symbol, asset)])[0] or "-"


def _names(symbols: Iterable[tuple[str | None, str | None]]) -> list[str]:
    """Symbols beside amounts of these assets: the bases where these say the rest, and no two are alike."""
    pairs = [(symbol or "", asset) for symbol, asset in symbols]
    short = [assets(symbol)[0] if asset and assets(symbol)[1] == asset else None for symbol, asset in pairs]
    alone = len(set(short)) == len(short)
    return [escape(base if base and alone else symbol) for (symbol, _), base in zip(pairs, short, strict=True)]


def standing(f: CurrencyResult, began: float | None) -> str:
    """``3 trades closed, 2 won, 1 lost, result +9.69 USDT, result record 36.15 USDT``: a whole story, one currency."""
    return _closed(f) + _share_and_record(f, began)


def outcomes(of: CurrencyResult | Tally) -> list[str]:
    """``2 won``, ``1 lost`` and, where there were any, ``1 even``: what closed trades were for their owner."""
    even = of.closed - of.won - of.lost
    counts = (of.won, Outcome.WON), (of.lost, Outcome.LOST), (even, Outcome.EVEN)
    return [f"{numbers.whole(count)} {which}" for count, which in counts if count or which is not Outcome.EVEN]


def alike(of: CurrencyResult | Tally) -> Outcome | None:
    """What all closed trades were, where that is one thing."""
    return {of.won: Outcome.WON, of.lost: Outcome.LOST}.get(of.closed)


def extreme_names(best: Decimal, worst: Decimal) -> tuple[str, str]:
    """What the best and the worst are called: where all were lost, none was good."""
    if best < 0:
        return "smallest loss", "largest loss"
    return ("largest gain", "smallest gain") if worst > 0 else ("best trade", "worst trade")


def _others(results: Sequence[CurrencyResult]) -> Iterable[str]:
    more = len(results) - _MOST_CURRENCIES
    return [f"results in {more} more currenc{'y' if more == 1 else 'ies'}"] if more > 0 else []


def _closed(f: CurrencyResult) -> str:
    if not f.closed:
        return f"result {money(f.realised, f.asset)}"
    return f"{numbers.count(f.closed, 'trade')} closed, {', '.join(outcomes(f))}, {_result(f)}"


def _result(f: CurrencyResult) -> str:
    return f"result {_together(f)}{' after fees' if f.after_fees == f.closed else ''}"


def _together(f: CurrencyResult) -> str:
    together = summed((f.gain, f.loss))
    # Else parts were closed of trades that ended in another period, or go on: the sum is of these trades, as counted.
    return f"{'in all ' if together != f.realised else ''}{money(together, f.asset)}"


def _extremes(f: CurrencyResult) -> str:
    if f.best is None or f.worst is None:
        return ""
    names = extreme_names(f.best.result, f.worst.result)
    return ", ".join(_extreme(name, one, f) for name, one in zip(names, (f.best, f.worst), strict=True))


def _extreme(name: str, one: TradeResult, f: CurrencyResult) -> str:
    share = numbers.percent(one.share) if one.share is not None else ""
    facts = ", ".join(filter(None, (share, direction(one, f))))
    return f"{name} {money(one.result, f.asset)}" + (f" ({facts})" if facts else "")


def direction(one: TradeResult, f: CurrencyResult) -> str:
    """``ETH short``: of which symbol a trade was; that it was a long where there were shorts."""
    which = " short" if one.short else "" if f.longs is None else " long"
    return name_of(one, f.asset) + which if one.symbol else which.strip()


def _unsaid(symbol: TradeResult, trade: TradeResult | None) -> bool:
    """Whether what a symbol earned goes unsaid: not where its only trade has been told."""
    return trade is None or (symbol.symbol, symbol.result) != (trade.symbol, trade.result)


def since_the_start(f: CurrencyResult, began: float | None) -> str:
    """``since the start -21.13 USDT (-2.1% of 1000.00 USDT), result record 9.69 USDT, 30.82 under it``."""
    return f"since the start {money(f.total, f.asset)}{_share_and_record(f, began)}"


def _share_and_record(f: CurrencyResult, began: float | None) -> str:
    share = ""
    if began:
        share = f" ({numbers.percent(float(f.total) / began)} of {of(numbers.wealth(began, f.asset), f.asset)})"
    under = EXACT.subtract(f.record, f.total)
    record = f", result record {money(f.record, f.asset).lstrip('+')}" if f.record else ""
    below = f", {numbers.wealth(under, f.asset)} under it" if record and under else ""
    return share + record + below


def _amounts(by_asset: Mapping[str, Decimal]) -> str:
    told = [of(_amount(amount, asset), asset or None) for asset, amount in sorted(by_asset.items()) if amount]
    more = len(told) - _MOST_ASSETS
    return " and ".join([*told[:_MOST_ASSETS], *([numbers.count(more, "more asset")] if more > 0 else [])])


def _amount(amount: Decimal, asset: str) -> str:
    """With the asset's own decimals; what is little in them, by the digits that count."""
    return numbers.average(float(amount)) if abs(amount) < 1 else numbers.wealth(amount, asset)
