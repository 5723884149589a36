"""What Hummingbot keeps of a trade -> a fill of a story. It keeps neither wealth nor a result of a trade."""

from __future__ import annotations

import ast
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from livestory.clock import instant
from livestory.story.arguments import MOST_OF_A_NAME
from livestory.story.inputs import Fill, Funding
from livestory.story.reason import in_own_words
from livestory.story.wording.text import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

_PERPETUAL = "perpetual"  # in a connector's name
_EFFECTS = {"OPEN": "open", "CLOSE": "close"}
_FIRST = instant("2009-01-03")
_LONGEST = 100_000  # characters of an object
_Row = dict[str, Any]


def fill_of(row: Mapping[str, Any], scale: Decimal | None = None, reason: str | None = None) -> Fill:
    """The fill of a row of TradeFill; its amounts are divided by ``scale``, where they are whole numbers.

    Raises ValueError for one that is none.
    """
    price, quantity = (_positive(row, name, scale) for name in ("price", "amount"))
    side = str(row["trade_type"]).lower()
    if side not in {"buy", "sell"}:
        message = f"trade_type {str(row['trade_type'])[:40]!r} is neither BUY nor SELL"
        raise ValueError(message)
    market = str(row["market"])
    fee, asset = _fee(row, price * quantity, scale)
    return Fill(
        time=time_of(row["timestamp"]),
        side=side,
        quantity=quantity,
        price=price,
        symbol=symbol_of(market, str(row["symbol"]), row.get("quote_asset")),
        effect=_EFFECTS.get(str(row.get("position")).upper()),
        fee=fee,
        fee_asset=asset,
        order_id=name_of(row["order_id"]),
        trade_id=trade_id(row),
        reason=in_own_words(reason) if reason else None,
    )


def trade_id(row: Mapping[str, Any]) -> str:
    """What tells a fill from all others, also once a database of before 2022 was brought up to date by Hummingbot."""
    number = f"_{row['id']}" if row.get("id") is not None else ""
    return f"{name_of(row['market'])} {name_of(row['order_id'])} {name_of(row['exchange_trade_id'])}{number}"


def funding_of(row: Mapping[str, Any]) -> Funding:
    """The payment of a row of FundingPayment. Raises ValueError for one that is none."""
    market, symbol = str(row["market"]), str(row["symbol"])
    return Funding(
        time=time_of(row["timestamp"]),
        symbol=symbol_of(market, symbol),
        amount=number_of(row, "amount"),
        funding_id=f"{market} {symbol} {row['timestamp']}",
    )


def symbol_of(market: str, pair: str, quote: str | None = None) -> str:
    """BASE/QUOTE, and for a perpetual contract what it is settled in."""
    base, dash, rest = name_of(pair).rpartition("-")
    if not dash:
        return rest
    return f"{base}/{rest}" + (f":{quote or rest}" if _PERPETUAL in market.lower() else "")


def name_of(given: object) -> str:
    """What tells one thing from another."""
    return shortened(str(given), MOST_OF_A_NAME)


def quote_of(symbol: str) -> str:
    """The currency in which a symbol is priced."""
    return symbol.partition("/")[2].partition(":")[0]


def _fee(row: Mapping[str, Any], value: Decimal, scale: Decimal | None) -> tuple[Decimal | None, str | None]:
    """What the fill cost, and in which asset (None: the quote's), as Hummingbot itself counts it.

    One that is paid in several assets is taken as Hummingbot valued it; else it is not known.
    """
    given = decoded(row.get("trade_fee"))
    costs: dict[str | None, Decimal] = {}
    quote = row.get("quote_asset")
    try:
        if given.get("percent") is not None:
            costs[None] = Decimal(str(given["percent"])) * value
        for flat in given.get("flat_fees") or ():
            token = flat.get("token") or flat.get("asset") or flat.get("symbol")
            asset = None if token == quote else name_of(token)
            costs[asset] = costs.get(asset, Decimal(0)) + Decimal(str(flat["amount"]))
    except (AttributeError, TypeError, KeyError, InvalidOperation):
        costs = {}
    known = {asset: cost for asset, cost in costs.items() if cost.is_finite() and cost}
    if len(known) == 1:
        asset, cost = next(iter(known.items()))
        return cost, asset
    if costs and not known:
        return Decimal(0), None
    with suppress(ValueError):
        if row.get("trade_fee_in_quote"):
            return number_of(row, "trade_fee_in_quote", scale), None
    return None, None


def decoded(written: object) -> _Row:
    """An object as the database has it, in JSON, or as the CSV has it, as Python shows it; {} where it is none."""
    if isinstance(written, str) and len(written) <= _LONGEST:
        with suppress(msgspec.DecodeError, RecursionError):
            written = msgspec.json.decode(written)
        if isinstance(written, str):
            with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                written = ast.literal_eval(written)
    return written if isinstance(written, dict) else {}


def _positive(row: Mapping[str, Any], name: str, scale: Decimal | None) -> Decimal:
    value = number_of(row, name, scale)
    if value > 0:
        return value
    smallest = " (it keeps six decimals, and this had less)" if scale is not None and not value else ""
    message = f"{name} is {value}{smallest}"
    raise ValueError(message)


def number_of(row: Mapping[str, Any], name: str, scale: Decimal | None = None) -> Decimal:
    """Just what a number shows. Raises ValueError where there is none."""
    with suppress(InvalidOperation):
        value = Decimal(str(row[name]))
        if value.is_finite():
            return value if scale is None else value / scale
    message = f"{name} {str(row[name])[:40]!r} is no number"
    raise ValueError(message)


def time_of(value: object) -> int:
    """An instant: milliseconds, or as a connector gave it. Raises ValueError."""
    if not isinstance(value, int | float | str):
        message = "timestamp is missing"
        raise ValueError(message)
    time = instant(value)
    if time < _FIRST:
        message = f"timestamp {value} is before there was anything to trade"
        raise ValueError(message)
    return time
