"""Accounts to trade with in the exchange's tests: the server's through the real ccxt, and approved orders for them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.credentials import Secret
from livestory.story.reason import Reason
from livestory.trading.exchange.access import Keys
from livestory.trading.exchange.ccxt_client import CcxtClient
from livestory.trading.exchange.ccxt_spot import CcxtSpot
from livestory.trading.exchange.records import OrderRequest
from livestory.trading.execution.working_order import Order
from livestory.trading.risk import Approved, Risk, RiskSettings

if TYPE_CHECKING:
    from livestory.trading.exchange.records import Side
    from tests.exchange.binance_spot.server import BinanceSpot


def client_of(server: BinanceSpot, **changes: Any) -> CcxtClient:
    """A client with the server's keys and its clock."""
    given = {"keys": Keys(Secret(server.key), Secret(server.secret)), "base_url": server.url} | changes
    return CcxtClient("binance", server.exchange.clock, **given)


def account_of(server: BinanceSpot, **changes: Any) -> CcxtSpot:
    """The server's account, its filters read."""
    account = CcxtSpot(client_of(server, **changes), "ETH/BTC")
    account.refresh(server.exchange.clock.now())
    assert account.trouble is None
    return account


def approved(side: Side, quantity: str, reference: str = "0.08", name: str = "ls-1") -> Approved:
    """An order that risk has let pass."""
    order = Order(
        client_order_id=name,
        time=0,
        side=side,
        quantity=Decimal(quantity),
        reference=Decimal(reference),
        target_weight=0.5,
        weight_before=0.5,
        reason=Reason("band"),
    )
    verdict = Risk(RiskSettings()).approve(order)
    assert isinstance(verdict, Approved)
    return verdict


def request(side: Side, quantity: str, limit: str | None = None, name: str = "ls-1") -> OrderRequest:
    """What is sent for it."""
    price = None if limit is None else Decimal(limit)
    return OrderRequest(client_order_id=name, side=side, quantity=Decimal(quantity), limit=price)
