"""The records that ccxt hands out for a trade, an order and a position, as the arguments that a story takes.

ccxt counts contracts where a symbol is one; a story counts the base asset.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from livestory.plain import missing, shown
from livestory.story.positions import EXACT, SHARES, summed
from livestory.story.symbol import assets, is_contract, settled_in

_SAME = 0.01  # an exchange's average price is rounded by less
_SIDES = {"long": "long", "short": "short", "1": "long", "2": "short"}  # the numbers are Bybit's
_NO_TRADES = frozenset({"Funding", "Settle"})  # that Bybit lists among trades


def is_position(given: Mapping[str, Any]) -> bool:
    """Whether it is a record of ``fetch_positions``, and not a story's own."""
    return "contracts" in given


def trade(given: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ``fetch_my_trades``, or of an order that is over, as the arguments of `StoryWriter.fill`.

    Raises ValueError where an order does not say what was filled, and for funding.
    """
    is_order, given = "filled" in given, _known(given)
    if is_order:
        given = _filled(given)
    if _info(given).get("execType") in _NO_TRADES:
        message = f"trade {given.get('id')!r} is funding, which trades nothing: tell it with funding(symbol, amount)"
        raise ValueError(message)
    fee, asset = _fee(given)
    side, held = _side_and_position(given)
    return {
        "side": side,
        "quantity": _base(given),
        "price": _price(given),
        "symbol": given.get("symbol"),
        "fee": fee,
        "fee_asset": asset,
        "order_id": given.get("order"),
        "trade_id": given.get("id"),
        "timestamp": given.get("timestamp"),
        "position": held,
    }


def _side_and_position(given: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Whether it bought or sold, and which side of a hedge it is of: for that ccxt has no field, the exchange may.

    In a hedge of Bitget's the side of a fill is its position's, also where it closes that.
    """
    info, side = _info(given), given.get("side")
    position = _SIDES.get(str(info.get("positionSide") or info.get("posSide") or info.get("positionIdx")).lower())
    if info.get("posMode") != "hedge_mode":
        return side, position
    position = position or {"buy": "long", "sell": "short"}.get(str(info.get("side")).lower())
    closes = "close" in str(info.get("tradeSide"))
    return "buy" if (position == "long") != closes else "sell", position


def _info(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The exchange's own record."""
    info = given.get("info")
    return info if isinstance(info, Mapping) else {}


def position(given: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ``fetch_positions`` as the fields of a `PositionReading`."""
    given = _known(given)
    contracts, size = given.get("contracts"), given.get("contractSize")
    quantity = None if contracts is None else _decimal(contracts)
    if quantity is not None and size is not None:
        quantity = EXACT.multiply(quantity, _decimal(size))
    if quantity and _is_inverse(given):  # its contracts are worth so much of the quote asset
        price = given.get("entryPrice") or given.get("markPrice")
        quantity = _rounded(SHARES.divide(quantity, _decimal(price))) if price else None
    if quantity is not None and given.get("side") == "short":
        quantity = quantity.copy_abs().copy_negate()
    return {
        "quantity": quantity,
        "price": given.get("markPrice") or None,  # exchanges write 0 of what there is not
        "entry": given.get("entryPrice") or None,
        "unrealised": given.get("unrealizedPnl"),
        "leverage": given.get("leverage") or None,
        "liquidation": given.get("liquidationPrice") or None,
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
    return _rounded(SHARES.divide(_decimal(cost), _decimal(amount)))


def _is_inverse(given: Mapping[str, Any]) -> bool:
    """Whether it is of a contract that is settled in its base asset."""
    symbol = str(given.get("symbol"))
    return is_contract(symbol) and settled_in(symbol) == assets(symbol)[0]


def _base(given: Mapping[str, Any]) -> Any:
    """The quantity in the base asset: what was paid says how much of it one contract is, a number of one digit."""
    amount, price, cost = given.get("amount"), given.get("price"), given.get("cost")
    if not is_contract(str(given.get("symbol"))) or not amount or not price or not cost:
        return amount
    if _is_inverse(given):  # it is paid in that
        return cost
    size = float(cost) / (float(amount) * float(price))
    digit = float(format(size, ".1g"))
    if abs(size / digit - 1) < _SAME:
        size = digit
    return amount if size == 1 else EXACT.multiply(_decimal(amount), _decimal(format(size, ".6g")))


def _fee(given: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The fee and its asset; unknown where it was paid in several assets, of which a fill has no room."""
    told = [fee for fee in (given.get("fees") or [given.get("fee")]) if fee and not missing(fee.get("cost"))]
    costs = [(_cost(fee, _info(given)), fee.get("currency")) for fee in told]
    paid = [each for each in costs if each[0]] or costs[:1]  # nothing may stand beside what was paid
    assets = {asset for _, asset in paid}
    return (summed(cost for cost, _ in paid), assets.pop()) if len(assets) == 1 else (None, None)


def _cost(fee: Mapping[str, Any], info: Mapping[str, Any]) -> Decimal:
    """What a fee cost, below nothing for a rebate.

    Of Bitget's ccxt turns the sign round too often: in a unified account what was paid is above nothing, and what was
    taken in Bitget's own coin is no rebate.
    """
    detail = info.get("feeDetail")
    own = detail[0] if isinstance(detail, list) and detail else detail
    if isinstance(own, Mapping) and "fee" in own:
        return _decimal(own["fee"])
    cost = _decimal(fee["cost"])
    return cost.copy_abs() if isinstance(own, Mapping) and own.get("deduction") == "yes" else cost


def _rounded(number: Decimal) -> Decimal:
    """To the digits that an exchange's numbers have."""
    return Decimal(format(number, ".12g"))


def _decimal(number: Any) -> Decimal:
    try:
        return number if isinstance(number, Decimal) else Decimal(str(number))
    except ArithmeticError:
        message = f"{shown(number)}: expected a number"
        raise ValueError(message) from None
