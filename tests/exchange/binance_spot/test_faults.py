"""What goes wrong between a customer and the exchange: which error ccxt makes of it, and what really happened."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING

import ccxt  # type: ignore[import-untyped]
import pytest

from livestory.clock import SECOND
from tests.exchange.binance_spot import faults
from tests.exchange.binance_spot.conftest import NOON
from tests.exchange.binance_spot.faults import AMBIGUOUS, MAINTENANCE, Fault, Request, Seeded, arriving, late, slow

if TYPE_CHECKING:
    from livestory.clock import ManualClock
    from tests.exchange.binance_spot.conftest import Customer
    from tests.exchange.binance_spot.server import BinanceSpot

SYMBOL = "ETH/BTC"
MINE = {"clientOrderId": "ls-1"}
ORDER = "POST /api/v3/order"

NETWORK, UNAVAILABLE = ccxt.NetworkError, ccxt.ExchangeNotAvailable
BECOMES: dict[str, type[Exception] | tuple[type[Exception], ...]] = {
    "LOST_REPLY": NETWORK,
    "LOST_REQUEST": NETWORK,
    "RESET_AFTER": NETWORK,
    "RESET_BEFORE": NETWORK,
    "CUT_REPLY": (NETWORK, ccxt.ExchangeError),  # the asynchronous client takes it for an answer that refuses
    "FROZEN_AFTER": ccxt.RequestTimeout,
    "FROZEN_BEFORE": ccxt.RequestTimeout,
    "ERROR_AFTER": ccxt.OperationFailed,
    "ERROR_BEFORE": ccxt.OperationFailed,
    "BAD_GATEWAY_AFTER": UNAVAILABLE,
    "BAD_GATEWAY_BEFORE": UNAVAILABLE,
    "UNKNOWN_AFTER": ccxt.RequestTimeout,
    "UNKNOWN_BEFORE": ccxt.RequestTimeout,
    "UNEXPECTED_AFTER": ccxt.OperationFailed,
    "OVERLOADED": ccxt.BaseError,
    "MAINTENANCE": UNAVAILABLE,
    "SHUTTING_DOWN": ccxt.BadRequest,
    "TOO_MANY": ccxt.DDoSProtection,
    "BANNED": ccxt.DDoSProtection,
}


@pytest.mark.parametrize("name", BECOMES)
def test_an_order_that_meets_a_fault_was_placed_or_not(server: BinanceSpot, customer: Customer, name: str) -> None:
    """The customer sees an error either way, and only asking tells; the request was sent once."""
    fault: Fault = getattr(faults, name)
    customer("load_markets")
    server.faults.add(fault, to=ORDER)
    with pytest.raises(BECOMES[name]):
        customer("create_order", SYMBOL, "market", "buy", 1, None, MINE)
    assert server.times(ORDER) == 1
    assert server.faults.met == [(ORDER, name)]
    assert len(server.exchange.orders) == fault.acts
    if fault.acts:
        assert customer("fetch_order", None, SYMBOL, MINE)["status"] == "closed"
    else:
        with pytest.raises(ccxt.OrderNotFound):
            customer("fetch_order", None, SYMBOL, MINE)
    assert server.faults.left == 0
    server.exchange.conserved()


def test_a_page_in_the_place_of_an_answer_is_no_error_to_ccxt(server: BinanceSpot, customer: Customer) -> None:
    """It makes an order without an id of it: the customer has to look."""
    server.faults.add(faults.GARBLED, to=ORDER)
    order = customer("create_order", SYMBOL, "market", "buy", 1, None, MINE)
    assert (order["id"], order["clientOrderId"], order["status"]) == (None, None, None)
    assert len(server.exchange.orders) == 1


def test_every_fault_is_among_them() -> None:
    """But those that have a test of their own."""
    known = {name: fault for name, fault in vars(faults).items() if isinstance(fault, Fault)}
    assert known.keys() == {*BECOMES, "GARBLED", "IMPOSSIBLE_CANDLES"}
    assert all(fault.name == name for name, fault in known.items())
    assert all(fault in known.values() for fault in AMBIGUOUS)


def test_a_slow_answer_comes(server: BinanceSpot, customer: Customer) -> None:
    """If one waits long enough."""
    server.faults.add(slow(0.05), to=ORDER)
    assert customer("create_order", SYMBOL, "market", "buy", 1)["status"] == "closed"
    server.faults.add(slow(0.6), to=ORDER)
    with pytest.raises(ccxt.RequestTimeout):
        customer("create_order", SYMBOL, "market", "buy", 1)


def test_an_answer_may_come_too_late_for_what_was_done(server: BinanceSpot, customer: Customer) -> None:
    """The order is there at once; its customer hears of it, or does not wait so long."""
    server.faults.add(late(0.05), to=ORDER)
    assert customer("create_order", SYMBOL, "market", "buy", 1)["status"] == "closed"
    server.faults.add(late(0.6), to=ORDER)
    with pytest.raises(ccxt.RequestTimeout):
        customer("create_order", SYMBOL, "market", "buy", 1)
    assert len(server.exchange.orders) == 2


@pytest.mark.parametrize(("seconds", "arrives"), [(3, "in time"), (10, "in time"), (11, "too late")])
def test_a_request_may_arrive_after_its_customer_has_given_up(
    server: BinanceSpot, customer: Customer, clock: ManualClock, seconds: int, arrives: str
) -> None:
    """First there is no such order, then there is; not if it comes after its window (ccxt's is 10 s)."""
    server.faults.add(arriving(seconds), to=ORDER)
    with pytest.raises(NETWORK):
        customer("create_order", SYMBOL, "market", "buy", 1, None, MINE)
    for passed in (0, seconds - 1):
        clock.set(NOON + passed * SECOND)
        with pytest.raises(ccxt.OrderNotFound):
            customer("fetch_order", None, SYMBOL, MINE)
    clock.set(NOON + 60 * SECOND)
    if arrives == "in time":
        order = customer("fetch_order", None, SYMBOL, MINE)
        assert order["timestamp"] * 1000 == NOON + seconds * SECOND
    else:
        with pytest.raises(ccxt.OrderNotFound):
            customer("fetch_order", None, SYMBOL, MINE)


def test_impossible_candles(server: BinanceSpot, customer: Customer) -> None:
    """Prices of 0."""
    customer("load_markets")
    server.faults.add(faults.IMPOSSIBLE_CANDLES, to="GET /api/v3/klines")
    assert customer("fetch_ohlcv", SYMBOL, "15m")[0][1:5] == [0, 0, 0, 0]


def test_faults_come_when_they_are_ordered(server: BinanceSpot, customer: Customer) -> None:
    """After so many requests of that kind, so many times, and not to others."""
    customer("load_markets")
    server.faults.add(MAINTENANCE, to="GET /api/v3/account", times=2, after=1)
    customer("fetch_balance")
    for _ in range(2):
        customer("fetch_time")
        with pytest.raises(UNAVAILABLE):
            customer("fetch_balance")
    customer("fetch_balance")
    server.faults.add(MAINTENANCE, times=3)
    server.faults.clear()
    customer("fetch_time")


def test_maintenance_lasts_until_it_is_over(server: BinanceSpot, customer: Customer) -> None:
    """Whatever is asked."""
    server.faults.down = MAINTENANCE
    for question in ("fetch_time", "load_markets", "fetch_balance"):
        with pytest.raises(UNAVAILABLE):
            customer(question)
    server.faults.down = None
    assert customer("fetch_balance")["BTC"]["total"] == 10


@pytest.mark.parametrize("status", [418, 429])
def test_a_ban_lasts_as_long_as_it_says(server: BinanceSpot, clock: ManualClock, status: int) -> None:
    """By the exchange's clock."""
    client = server.client()
    server.access.ban(90, status)
    clock.set(NOON + 30 * SECOND)
    with pytest.raises(ccxt.DDoSProtection, match=str(status)):
        client.fetch_time()
    assert client.last_response_headers["Retry-After"] == "60"
    clock.set(NOON + 90 * SECOND)
    client.fetch_time()


def test_an_exchange_that_is_closed_refuses_connections_and_keeps_everything(
    server: BinanceSpot, customer: Customer
) -> None:
    """Also those that were open; the same port is open again afterwards."""
    customer("create_order", SYMBOL, "limit", "buy", 1, 0.04, MINE)
    server.close()
    with pytest.raises(NETWORK):
        customer("fetch_balance")
    server.open()
    assert customer("fetch_order", None, SYMBOL, MINE)["status"] == "open"


def asked(name: str) -> Request:
    """A request to place an order."""
    return Request("POST", "/api/v3/order", {"newClientOrderId": name, "timestamp": "1"})


def test_seeded_faults_depend_on_what_is_asked_alone() -> None:
    """Not on what else is asked meanwhile, nor on the time; another seed draws others, at the same rate."""
    names = [f"ls-{number}" for number in range(1000)]
    first, again, other = (Seeded(seed, 0.3) for seed in (1, 1, 2))
    drawn = {name: first.fault(asked(name)) for name in names}
    assert {name: again.fault(asked(name)) for name in reversed(names)} == drawn
    assert {name: other.fault(asked(name)) for name in names} != drawn
    assert 250 < sum(fault is not None for fault in drawn.values()) < 350
    assert {fault.name for fault in drawn.values() if fault} == {fault.name for fault in AMBIGUOUS}


def test_a_question_repeated_is_drawn_for_again() -> None:
    """So that a customer who goes on asking gets through; a request of another kind meets nothing."""
    plan = Seeded(3, 0.5, to=ORDER)
    assert len({plan.fault(asked("ls-1")) is None for _ in range(20)}) == 2
    assert Seeded(3, 1.0, to="GET").fault(asked("ls-1")) is None


def test_a_mistake_of_the_exchanges_own_fails_the_test(server: BinanceSpot) -> None:
    """It is raised at the end, however the customer took it."""
    server.exchange.fills = None  # type: ignore[assignment]
    client = server.client()
    with pytest.raises(ccxt.BaseError):
        client.create_order(SYMBOL, "market", "buy", 1)
    assert isinstance(server.error, AttributeError)
    server.error = None


@pytest.mark.parametrize("names", list(permutations(("LOST_REPLY", "LOST_REQUEST", "ERROR_AFTER"))), ids="-".join)
def test_faults_one_after_the_other_leave_the_account_in_order(server: BinanceSpot, names: tuple[str, ...]) -> None:
    """Position = trades, whatever was lost."""
    client = server.client()
    client.load_markets()
    for name in names:
        server.faults.add(getattr(faults, name), to=ORDER)
    for _ in names:
        with pytest.raises(ccxt.OperationFailed):
            client.create_order(SYMBOL, "market", "buy", 1)
    assert sum(trade.quantity for trade in server.exchange.trades) == 2
    assert server.exchange.total("ETH") == 22 - Decimal("0.002")
