"""How much a quantity of 1 is, by the results that a table reports: of a lot or a contract, many."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.story.symbol import assets, canonical
from livestory.story.wording import numbers
from livestory.story.wording.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_ALIKE = Decimal("0.03")  # how far fees may bring a result from what prices make
_EXACTLY = Decimal("0.001")
_MOST = 0.8  # of the results agree
_NEAR_ONE = (Decimal("0.5"), Decimal(2))
_NOTHING = Decimal(0)
_SEVERAL = 2
_LEAST_LOT = 100
_MOST_TOLD = 4
FOREX = Decimal(100_000)
"""A lot of currencies, as brokers have it."""
_CURRENCIES = frozenset({
    "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "TRY", "ZAR",
    "MXN", "SGD", "HKD", "CNH",
})  # fmt: skip
_ROUND = {(1,), (2,), (5,), (2, 5)}  # what lots begin with, which one trade alone may show


def lots_of(closed: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """The lot of each symbol, where its closed trades agree on one; each comes with the lot that its result implies."""
    counts: dict[str, list[Decimal]] = {}
    for symbol, lot in closed:
        counts.setdefault(symbol, []).append(lot)
    found = {symbol: _agreed(sorted(lots)) for symbol, lots in counts.items()}
    return {symbol: lot for symbol, lot in found.items() if lot is not None}


def in_words(lots: Mapping[str, Decimal]) -> str:
    """What a quantity of 1 is taken for; of several symbols that differ, of each of the first few."""
    if len({*lots.values()}) > 1:
        each = [f"{lot:f} {assets(canonical(symbol))[0]}" for symbol, lot in lots.items()]
        more = [numbers.count(len(each) - _MOST_TOLD, "other symbol")] if len(each) > _MOST_TOLD else []
        told = f"a quantity of 1 is {listed([*each[:_MOST_TOLD], *more])}, each by its results"
    else:
        told = next((f"a quantity of 1 is {lot:f} by the results" for lot in lots.values()), "")
    return f"{told}: it counts lots or contracts" if told else ""


def in_another_currency(closed: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """The currency pairs whose results are not in their quote but in the account's currency, with the lot they imply.

    A lot of currencies is a power of ten: another number is one of these at some rate of exchange.
    """
    lots: dict[str, list[Decimal]] = {}
    for symbol, lot in closed:
        if {*assets(canonical(symbol))} <= _CURRENCIES:
            lots.setdefault(symbol, []).append(lot)
    found = {symbol: sorted(each)[len(each) // 2] for symbol, each in lots.items()}
    return {symbol: lot for symbol, lot in found.items() if lot >= _LEAST_LOT and not _is_power(lot)}


def _is_power(lot: Decimal) -> bool:
    """Whether a number is about a power of ten."""
    first = lot.scaleb(-lot.adjusted())
    return first < 1 + _ALIKE or first > 10 * (1 - _ALIKE)


def of_trips(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Decimal]]:
    """Each round trip's symbol, and the lot that its result implies."""
    for row in rows:
        entry, left, quantity, result = (
            row.get(each) for each in ("entry_price", "exit_price", "fill_quantity", "fill_result")
        )
        if entry and left and quantity and result and entry != left:
            yield row.get("fill_symbol") or "", abs(result / (quantity * (left - entry)))


def of_fills(rows: Iterable[Mapping[str, Any]], sides: Mapping[str, str]) -> Iterator[tuple[str, Decimal]]:
    """The same for each fill that closes what was opened before, held at its average price."""
    held: dict[str, tuple[Decimal, Decimal]] = {}  # quantity, and what was paid for it
    for row in rows:
        quantity, price, side = row.get("fill_quantity"), row.get("fill_price"), row.get("fill_side")
        if not quantity or not price or (side is not None and side not in sides):
            continue
        symbol = row.get("fill_symbol") or ""
        size = -abs(quantity) if side is not None and sides[side] == "sell" else quantity
        before, paid = held.get(symbol, (_NOTHING, _NOTHING))
        if before * size < 0 and abs(size) <= abs(before):
            cost = paid * -size / before
            if (result := row.get("fill_result")) and cost + size * price:
                yield symbol, abs(result / (cost + size * price))
            held[symbol] = before + size, paid - cost
        elif before * size < 0:
            held[symbol] = _NOTHING, _NOTHING
        else:
            held[symbol] = before + size, paid + size * price


def _agreed(lots: Sequence[Decimal]) -> Decimal | None:
    middle = lots[len(lots) // 2]
    lot = Decimal(format(middle, ".2g"))
    alike = sum(abs(each / middle - 1) < _ALIKE for each in lots) >= _MOST * len(lots)
    if len(lots) < _SEVERAL and lot.normalize().as_tuple().digits not in _ROUND:
        return None
    near = _ALIKE if len(lots) >= _SEVERAL else _EXACTLY
    return lot if alike and abs(lot / middle - 1) < near and not _NEAR_ONE[0] < lot < _NEAR_ONE[1] else None
