"""The records that ccxt hands out for a trade, an order and a position, as the arguments that a story takes.

ccxt counts contracts where a symbol is one; a story counts the base asset.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from livestory.plain import missing, shown
from livestory.story.symbol import assets, is_contract, settled_in

_SAME = 1e-6  # two figures that differ by less are one, however their floats were rounded


def is_position(given: Mapping[str, Any]) -> bool:
    """Whether it is a record of ``fetch_positions``, and not a story's own."""
    return "contracts" in given


def trade(given: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ``fetch_my_trades``, or of an order that is over, as the arguments of `StoryWriter.fill`.

    Raises ValueError where an order does not say what was filled.
    """
    is_order, given = "filled" in given, _known(given)
    if is_order:
        given = _filled(given)
    fee, asset = _fee(given)
    return {
        "side": given.get("side"),
        "quantity": _base(given),
        "price": _price(given),
        "symbol": given.get("symbol"),
        "fee": fee,
        "fee_asset": asset,
        "order_id": given.get("order"),
        "trade_id": given.get("id"),
        "timestamp": given.get("timestamp"),
        "position": _hedged(given),
    }


def _hedged(given: Mapping[str, Any]) -> str | None:
    """Which side of a hedge it is of, where the exchange's own record says so: ccxt has no field for that."""
    info = given.get("info")
    side = str(info.get("positionSide") or info.get("posSide")).lower() if isinstance(info, Mapping) else ""
    return side if side in {"long", "short"} else None


def position(given: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ``fetch_positions`` as the fields of a `PositionReading`."""
    given = _known(given)
    contracts, size = given.get("contracts"), given.get("contractSize")
    quantity = None if contracts is None else _decimal(contracts) * (1 if size is None else _decimal(size))
    if quantity and _is_inverse(given):  # its contracts are worth so much of the quote asset
        price = given.get("entryPrice") or given.get("markPrice")
        quantity = _rounded(quantity / _decimal(price)) if price else None
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


def _known(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What it has: of a record that went through pandas, NaN is nothing."""
    return {name: value for name, value in given.items() if not missing(value)}


def _filled(order: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled of an order, as one trade at its average price: what it asked for says nothing of that."""
    number, filled = order.get("id"), order.get("filled")
    remedy = "tell its trades, from fetch_my_trades"
    if order.get("status") == "open" and filled:
        message = f"order {number!r} is open and may fill further: {remedy}, or the order once it is closed"
        raise ValueError(message)
    if not filled or not (order.get("average") or order.get("cost")):
        what = "at what price it was filled" if filled else "how much of it was filled"
        message = f"order {number!r}: " + (
            "nothing of it was filled" if filled == 0 else f"{what} is not known: {remedy}"
        )
        raise ValueError(message)
    times = (order.get("lastTradeTimestamp"), order.get("lastUpdateTimestamp"), order.get("timestamp"))
    return {
        **order,
        "id": f"order-{number}" if number is not None else None,
        "order": number,
        "amount": filled,
        "price": order.get("average"),
        "timestamp": next((each for each in times if each is not None), None),
    }


def _price(given: Mapping[str, Any]) -> Any:
    """The price; where only what was paid is known, the one that it makes."""
    amount, price, cost = given.get("amount"), given.get("price"), given.get("cost")
    if price is not None or not amount or not cost or is_contract(str(given.get("symbol"))):
        return price
    return _rounded(_decimal(cost) / _decimal(amount))


def _is_inverse(given: Mapping[str, Any]) -> bool:
    """Whether it is of a contract that is settled in its base asset."""
    symbol = str(given.get("symbol"))
    return is_contract(symbol) and settled_in(symbol) == assets(symbol)[0]


def _base(given: Mapping[str, Any]) -> Any:
    """The quantity in the base asset: what was paid says how much of it one contract is."""
    amount, price, cost = given.get("amount"), given.get("price"), given.get("cost")
    if not is_contract(str(given.get("symbol"))) or not amount or not price or not cost:
        return amount
    if _is_inverse(given):  # it is paid in that
        return cost
    size = float(cost) / (float(amount) * float(price))
    return amount if abs(size - 1) < _SAME else _decimal(amount) * _decimal(format(size, ".6g"))


def _fee(given: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The fee and its asset; unknown where it was paid in several assets, of which a fill has no room."""
    fees = [fee for fee in (given.get("fees") or [given.get("fee")]) if fee and not missing(fee.get("cost"))]
    assets = {fee.get("currency") for fee in fees}
    if len(assets) != 1:
        return None, None
    return sum((_decimal(fee["cost"]) for fee in fees), Decimal(0)), assets.pop()


def _rounded(number: Decimal) -> Decimal:
    """To the digits that an exchange's numbers have."""
    return Decimal(format(number, ".12g"))


def _decimal(number: Any) -> Decimal:
    try:
        return number if isinstance(number, Decimal) else Decimal(str(number))
    except ArithmeticError:
        message = f"{shown(number)}: expected a number"
        raise ValueError(message) from None
