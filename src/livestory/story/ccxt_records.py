"""The records that ccxt hands out for a trade and a position, as the arguments that a story takes.

ccxt counts contracts where a symbol is one; a story counts the base asset.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.story.symbol import Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAME = 1e-6  # two figures that differ by less are one, however their floats were rounded


def is_position(given: Mapping[str, Any]) -> bool:
    """Whether it is a record of ``fetch_positions``, and not a story's own."""
    return "contracts" in given


def trade(given: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ``fetch_my_trades`` as the arguments of `StoryWriter.fill`."""
    fee, asset = _fee(given)
    return {
        "side": given.get("side"),
        "quantity": _base(given),
        "price": given.get("price"),
        "symbol": given.get("symbol"),
        "fee": fee,
        "fee_asset": asset,
        "order_id": given.get("order"),
        "trade_id": given.get("id"),
        "timestamp": given.get("timestamp"),
    }


def position(given: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ``fetch_positions`` as the fields of a `PositionReading`."""
    contracts, size = given.get("contracts"), given.get("contractSize")
    quantity = None if contracts is None else _decimal(contracts) * (1 if size is None else _decimal(size))
    if quantity is not None and given.get("side") == "short":
        quantity = -abs(quantity)
    return {
        "quantity": quantity,
        "price": given.get("markPrice"),
        "entry": given.get("entryPrice"),
        "unrealised": given.get("unrealizedPnl"),
        "leverage": given.get("leverage"),
        "liquidation": given.get("liquidationPrice"),
    }


def _base(given: Mapping[str, Any]) -> Any:
    """The quantity in the base asset: what was paid says how much of it one contract is."""
    amount, price, cost = given.get("amount"), given.get("price"), given.get("cost")
    try:
        symbol = Symbol.read(str(given.get("symbol")))
    except ValueError:
        return amount
    if symbol.settle is None or not amount or not price or not cost:
        return amount
    if symbol.settle.partition("-")[0] == symbol.base:  # an inverse contract is paid in it
        return cost
    size = float(cost) / (float(amount) * float(price))
    return amount if abs(size - 1) < _SAME else _decimal(amount) * _decimal(format(size, ".6g"))


def _fee(given: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The fee and its asset; unknown where it was paid in several assets, of which a fill has no room."""
    fees = [fee for fee in (given.get("fees") or [given.get("fee")]) if fee and fee.get("cost") is not None]
    assets = {fee.get("currency") for fee in fees}
    if len(assets) != 1:
        return None, None
    return sum((_decimal(fee["cost"]) for fee in fees), Decimal(0)), assets.pop()


def _decimal(number: Any) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(str(number))
