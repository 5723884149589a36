"""What the stand-in for Binance refuses, and in which words: orders against its rules, strangers, undue haste."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import ccxt  # type: ignore[import-untyped]
import pytest
from msgspec import structs

from livestory.clock import HOUR, SECOND
from tests.exchange.binance_spot.clocks import RunningClock
from tests.exchange.binance_spot.conftest import NOON, flat_bars
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from livestory.clock import ManualClock
    from tests.exchange.binance_spot.conftest import Customer

SYMBOL = "ETH/BTC"


# Orders.

REFUSED: list[tuple[dict[str, object], int, str]] = [
    ({"quantity": "0.00001"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "1.00005"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "10001"}, -1013, "Filter failure: MARKET_LOT_SIZE"),
    ({"quantity": "0.001"}, -1013, "Filter failure: NOTIONAL"),
    ({"quantity": "1e-3"}, -1100, "Illegal characters found in parameter 'quantity'"),
    ({"quantity": "1.000000001"}, -1111, "Parameter 'quantity' has too much precision."),
    ({"quantity": "0"}, -1013, "Invalid quantity."),
    ({"quantity": "201"}, -2010, "Account has insufficient balance for requested action."),
    ({"side": "HOLD"}, -1117, "Invalid side."),
    ({"type": "STOP_LOSS"}, -1116, "Invalid orderType."),
    ({"symbol": "ETHBTX"}, -1121, "Invalid symbol."),
    ({"price": "0.05"}, -1106, "Parameter 'price' sent when not required."),
    ({"newClientOrderId": "a b"}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
    ({"newClientOrderId": "x" * 37}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
    ({"type": "LIMIT", "price": "0.05"}, -1102, "Mandatory parameter 'timeInForce' was not sent"),
    ({"type": "LIMIT", "timeInForce": "GTC"}, -1102, "Mandatory parameter 'price' was not sent"),
    ({"type": "LIMIT_MAKER", "price": "0.050005"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"type": "LIMIT_MAKER", "price": "0.3"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ({"side": "SELL", "quantity": "20.0001"}, -2010, "Account has insufficient balance for requested action."),
]


@pytest.mark.parametrize(("terms", "code", "message"), REFUSED)
def test_an_order_that_breaks_a_rule_is_refused_and_leaves_no_trace(
    server: BinanceSpot, terms: dict[str, object], code: int, message: str
) -> None:
    """With the code and the words of Binance."""
    if terms.get("quantity") == "201":
        server.exchange.fills.depth = 100  # type: ignore[attr-defined]
    order = {"symbol": "ETHBTC", "side": "BUY", "type": "MARKET", "quantity": "1"} | terms
    with pytest.raises(ccxt.ExchangeError) as refusal:
        server.client().private_post_order(order)
    told = str(refusal.value)
    assert f'"code":{code},' in told or "code" not in told  # ccxt knows some messages by heart
    assert message in told
    assert not server.exchange.orders
    server.exchange.conserved()


def test_too_many_open_orders_are_refused(server: BinanceSpot, customer: Customer) -> None:
    """By the market's own filter."""
    server.exchange.rules = structs.replace(server.exchange.rules, max_orders=1)
    customer("create_order", SYMBOL, "limit", "buy", 1, 0.04)
    with pytest.raises(ccxt.InvalidOrder, match="MAX_NUM_ORDERS"):
        customer("create_order", SYMBOL, "limit", "buy", 1, 0.04)


# Keys, signatures, time.


@pytest.mark.parametrize(
    ("name", "value", "error", "said"),
    [
        ("credentials.key", "other", ccxt.AuthenticationError, "-2015"),
        ("credentials.secret", "other", ccxt.AuthenticationError, "-1022"),
        ("credentials.trades", False, ccxt.AuthenticationError, "-2015"),
        ("can_trade", False, ccxt.PermissionDenied, "may not place"),
        ("ahead", -SECOND, ccxt.InvalidNonce, "1000ms ahead"),
        ("ahead", 11 * SECOND, ccxt.InvalidNonce, "outside of the recvWindow"),
        ("recvWindow", 70_000, ccxt.ExchangeError, "less than 60000"),
    ],
)
def test_who_may_not_place_orders_is_told_why(
    server: BinanceSpot, name: str, value: object, error: type[Exception], said: str
) -> None:
    """A wrong key, a wrong secret, no permission, a wrong clock."""
    client = server.client()
    client.load_markets()
    if name == "recvWindow":
        client.options[name] = value
    elif name.startswith("credentials."):
        setattr(server.access.credentials, name.removeprefix("credentials."), value)
    else:
        setattr(server.exchange, name, value)
    with pytest.raises(error, match=said):
        client.create_order(SYMBOL, "market", "buy", 1)
    assert not server.exchange.orders


@pytest.mark.parametrize("ahead", [-SECOND + 1000, 0, 5 * SECOND])
def test_a_clock_that_is_nearly_right_will_do(server: BinanceSpot, customer: Customer, ahead: int) -> None:
    """Up to a second ahead of the exchange's, up to the window behind it."""
    customer("load_markets")
    server.exchange.ahead = ahead
    assert customer("fetch_balance", {"recvWindow": 5000})["BTC"]["total"] == 10


def test_a_client_in_real_time_needs_nothing_but_the_difference() -> None:
    """Of a clock that runs at another time; and once it jumps, the client's is wrong again."""
    clock = RunningClock(NOON)
    with BinanceSpot(flat_bars(), clock) as server:
        client = server.client()
        del client.milliseconds
        client.load_time_difference()
        assert client.fetch_balance()["BTC"]["total"] == 1
        clock.set(NOON + HOUR)
        with pytest.raises(ccxt.InvalidNonce):
            client.fetch_balance()
        client.session.close()


def test_the_signature_is_that_of_the_documentation(server: BinanceSpot, clock: ManualClock) -> None:
    """The example of rest-api.md, with its keys; one letter changed, and it is refused."""
    clock.set(1_499_827_319_559)
    query = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    )
    signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    for signed, code in (
        (f"{query}&signature={signature}", -1121),
        (f"{query}&signature={signature.upper()}", -1121),
        (f"{query.replace('BUY', 'SELL')}&signature={signature}", -1022),
        (query, -1102),
    ):
        question = Request(f"{server.url}/api/v3/order?{signed}", headers={"X-MBX-APIKEY": server.key}, method="POST")  # noqa: S310 - loopback
        with pytest.raises(HTTPError) as refusal:
            urlopen(question)  # noqa: S310 - loopback
        assert f'"code":{code},'.encode() in refusal.value.read()
        refusal.value.close()


# Limits.


def test_weights_are_counted_and_shown(server: BinanceSpot) -> None:
    """By minute; orders too."""
    client = server.client()
    client.load_markets()
    assert client.last_response_headers["X-MBX-USED-WEIGHT-1M"] == "20"
    client.create_order(SYMBOL, "market", "buy", 1)
    assert client.last_response_headers["X-MBX-USED-WEIGHT-1M"] == "21"
    assert client.last_response_headers["X-MBX-ORDER-COUNT-10S"] == "1"
    client.fetch_my_trades(SYMBOL)
    assert client.last_response_headers["X-MBX-USED-WEIGHT-1M"] == "41"


def test_who_asks_too_much_is_told_to_wait_and_then_banned(server: BinanceSpot, clock: ManualClock) -> None:
    """429 until the minute is over; 418 for two minutes to whom that does not stop."""
    client = server.client()
    client.load_markets()
    server.access.limits.weight = 60
    server.access.limits.patience = 2
    clock.set(NOON + 15 * SECOND)
    for status, wait in (("429", "45"), ("429", "45"), ("429", "45"), ("418", "120")):
        with pytest.raises(ccxt.DDoSProtection, match=rf"{status}.*-1003"):
            [client.fetch_balance() for _ in range(3)]
        assert client.last_response_headers["Retry-After"] == wait
    clock.set(NOON + 15 * SECOND + 120 * SECOND)
    assert client.fetch_balance()["BTC"]["total"] == 10


def test_too_many_orders_are_refused_for_a_while(server: BinanceSpot, clock: ManualClock) -> None:
    """So many in ten seconds, and none is placed beyond."""
    client = server.client()
    server.access.limits.orders = 2
    for _ in range(2):
        client.create_order(SYMBOL, "market", "buy", 1)
    with pytest.raises(ccxt.DDoSProtection, match=r"429.*-1015"):
        client.create_order(SYMBOL, "market", "buy", 1)
    assert client.last_response_headers["Retry-After"] == "10"
    clock.set(NOON + 10 * SECOND)
    client.create_order(SYMBOL, "market", "buy", 1)
    assert len(server.exchange.orders) == 3
