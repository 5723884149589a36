"""What taking costs at an exchange: its share of a trade's value."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.trading.exchange.ccxt_errors import Failed
from livestory.trading.exchange.request_limits import Need

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livestory.trading.exchange.ccxt_client import CcxtClient


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
