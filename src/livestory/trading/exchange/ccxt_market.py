"""What a market demands of an order's numbers, read from ccxt's description of it, and what taking costs there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from livestory.errors import InputError
from livestory.trading.exchange.ccxt_client import CcxtClient, nearest
from livestory.trading.exchange.ccxt_errors import UNREADABLE, Failed, Meaning
from livestory.trading.exchange.records import Filters
from livestory.trading.exchange.request_limits import Need

_TICK_SIZE = 4  # ccxt's precisionMode in which a precision is the step itself; else it counts digits
_FEE_ASSET = "BNB"


def load_market(client: CcxtClient, symbol: str, *, anew: bool = False) -> Mapping[str, Any]:
    """Ccxt's description of the market ``symbol``.

    Of Binance only that market is asked for, and the one that fees in BNB are priced by: the list of all has 15 MB.

    Raises Failed, and InputError where the exchange has no such market.
    """
    markets = _some(client, symbol, anew=anew or not client.ccxt.markets)
    if not isinstance(markets, dict) or not markets:
        raise Failed(UNREADABLE)
    if symbol not in markets:
        message = f"{client.id} has no market {symbol!r}{nearest(symbol, list(markets))}"
        raise InputError(message)
    found: Mapping[str, Any] = markets[symbol]
    return found


def _some(client: CcxtClient, symbol: str, *, anew: bool) -> Any:
    base, _, quote = symbol.partition("/")
    if client.id.startswith("binance") and quote:
        wanted = [f"{base}{quote}", *([f"{_FEE_ASSET}{quote}"] if _FEE_ASSET not in {base, quote} else [])]
        for names in (wanted, wanted[:1]):
            listed = "[" + ",".join(f'"{name}"' for name in names) + "]"
            try:
                return client.ask("load_markets", anew, {"symbols": listed}, need=Need.CAN_WAIT)
            except Failed as failed:
                if failed.meaning is not Meaning.REFUSED:
                    raise
    return client.ask("load_markets", anew, need=Need.CAN_WAIT)


def filters_of(client: CcxtClient, market: Mapping[str, Any], fee: Decimal) -> Filters:
    """The rules of ``market``. Raises InputError where it does not say in which steps prices and quantities go."""
    precision, limits = market["precision"], market["limits"]
    tick, step = _step(client, precision.get("price")), _step(client, precision.get("amount"))
    if tick is None or step is None:
        message = f"{client.id} does not say in which steps {market['symbol']} is priced and traded"
        raise InputError(message)
    most = [_number(limits.get(name, {}).get("max")) for name in ("market", "amount")]
    return Filters(
        tick=tick,
        step=step,
        min_notional=_number(limits.get("cost", {}).get("min")) or Decimal(0),
        fee=fee,
        max_quantity=min((each for each in most if each), default=None),
        min_quantity=least_quantity(market),
    )


def least_quantity(market: Mapping[str, Any]) -> Decimal:
    """The least quantity of an order; 0 where none is demanded."""
    return _number(market["limits"].get("amount", {}).get("min")) or Decimal(0)


def _step(client: CcxtClient, given: Any) -> Decimal | None:
    number = _number(given)
    if number is None or client.ccxt.precisionMode == _TICK_SIZE:
        return number or None
    return Decimal(1).scaleb(-int(number))


def _number(given: Any) -> Decimal | None:
    return None if given is None else Decimal(str(given))


def taker_fee(client: CcxtClient, market: Mapping[str, Any]) -> Decimal:
    """The account's own fee where the exchange tells it, else the one that ccxt knows for everybody. Raises Failed."""
    own = _own(client, str(market["symbol"]))
    if own is None:
        own = market.get("taker")
    return Decimal(str(own)) if own is not None else Decimal(0)


def _own(client: CcxtClient, symbol: str) -> Any:
    if client.id.startswith("binance"):  # its testnet has no other place for it
        rates = client.ask("fetch_balance", signed=True)["info"].get("commissionRates") or {}
        return rates.get("taker")
    if not client.has("fetchTradingFee"):
        return None
    try:
        return client.ask("fetch_trading_fee", symbol, need=Need.CAN_WAIT, signed=True).get("taker")
    except Failed:
        return None
