"""One suite for every exchange that the executor may trade at: paper, and the real ccxt at the server on loopback."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livestory.clock import DAY, SECOND, ManualClock
from livestory.trading.exchange.paper import PaperExchange, PaperSettings
from livestory.trading.exchange.records import Accepted, Execution, OrderReport, OrderStatus, Rejected
from tests.exchange.accounts import account_of, approved, request
from tests.exchange.binance_spot.fills import NextOpen
from tests.exchange.binance_spot.records import Fees, Rules
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.trading.exchange.protocol import Exchange
    from livestory.trading.exchange.records import Side
    from livestory.trading.market.bar import Bar

FIRST = 1000
_numbers = count()


class Venue(Protocol):
    """An exchange, and time passing there."""

    exchange: Exchange

    def next_bar(self) -> Bar:
        """Let the bar pass in which an order sent now is filled; that bar."""
        ...


class PaperVenue:
    """On paper the executor's bars are the time."""

    def __init__(self, bars: list[Bar]) -> None:
        self.exchange: Exchange = PaperExchange.opened(PaperSettings(quote_balance=1, base_balance=2))
        self._bars = iter(bars[FIRST:])

    def next_bar(self) -> Bar:
        return next(self._bars)


class ServerVenue:
    """At the server its clock is."""

    def __init__(self, server: BinanceSpot, clock: ManualClock, bars: list[Bar]) -> None:
        self.exchange: Exchange = account_of(server)
        self._clock = clock
        self._bars = iter(bars[FIRST:])

    def next_bar(self) -> Bar:
        bar = next(self._bars)
        self._clock.set(bar.end + 5 * SECOND)
        return bar


@pytest.fixture(params=["paper", "ccxt"])
def venue(request: pytest.FixtureRequest, two_months: list[Bar]) -> Iterator[Venue]:
    """1 BTC and 2 ETH at either."""
    if request.param == "paper":
        yield PaperVenue(two_months)
        return
    clock = ManualClock(two_months[FIRST].open_time + 5 * SECOND)
    balances = {"BTC": Decimal(1), "ETH": Decimal(2)}
    rules, fees = Rules(precision=16), Fees(asset="quote")
    with BinanceSpot(two_months, clock, fills=NextOpen(), rules=rules, fees=fees, balances=balances) as server:
        account = ServerVenue(server, clock, two_months)
        yield account
        account.exchange.close()


def trade(venue: Venue, side: Side, quantity: str) -> tuple[str, Bar, list[Execution]]:
    """Send a market order and let its bar pass: its id, the bar, and its trades."""
    name = f"ls-{next(_numbers)}"
    assert venue.exchange.submit(approved(side, quantity, name=name), request(side, quantity, name=name)) == Accepted()
    bar = venue.next_bar()
    trades = venue.exchange.executions(bar.open_time - DAY, bar)
    assert trades is not None
    return name, bar, [each for each in trades if each.client_order_id == name]


def test_it_is_well_and_open(venue: Venue) -> None:
    """Nothing is wrong before anything was done."""
    venue.exchange.refresh(0)
    assert venue.exchange.trouble is None
    assert venue.exchange.closed is None
    assert venue.exchange.open_orders() == []
    assert not venue.exchange.flows(0)


def test_the_same_rules_are_told(venue: Venue) -> None:
    """The server's market is as the paper account's is by default."""
    filters = venue.exchange.filters()
    assert (filters.tick, filters.step) == (Decimal("0.00001"), Decimal("0.0001"))
    assert (filters.min_notional, filters.fee) == (Decimal("0.0001"), Decimal("0.001"))


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_market_order_is_filled_and_told_once(venue: Venue, side: Side) -> None:
    """Its trades add up to what the report says, and to what the balances became, exactly."""
    before = venue.exchange.balances()
    name, _, trades = trade(venue, side, "0.5")
    after = venue.exchange.balances()
    assert before is not None
    assert after is not None
    assert venue.exchange.query(name) == OrderReport(OrderStatus.FILLED, Decimal("0.5"))
    assert sum(each.quantity for each in trades) == Decimal("0.5")
    assert after.base - before.base == sum(each.base_change for each in trades)
    assert after.quote - before.quote == sum(each.quote_change for each in trades)
    assert venue.exchange.open_orders() == []


def test_a_trade_is_at_the_next_open_with_slippage_and_its_fee_in_the_quote_asset(venue: Venue) -> None:
    """The fill rule that both have here."""
    _, bar, (bought,) = trade(venue, "buy", "0.5")
    expected = venue.exchange.filters().price(Decimal(repr(bar.open)) * Decimal("1.0005"), against="buy")
    assert bought.price == expected
    assert bought.fee == bought.quantity * bought.price * Decimal("0.001") == bought.quote_fee


def test_trades_repeat_themselves_and_lose_none(venue: Venue) -> None:
    """Asked for again, the same ones come, oldest first."""
    _, bar, (first,) = trade(venue, "buy", "0.5")
    _, bar, (second,) = trade(venue, "sell", "0.3")
    again = [each.trade_id for each in venue.exchange.executions(bar.open_time, bar) or ()]
    assert second.trade_id in again
    assert first.trade_id != second.trade_id
    assert first.time <= second.time


def test_an_unknown_order_is_not_found(venue: Venue) -> None:
    """Neither asked for nor withdrawn."""
    assert venue.exchange.query("ls-none") == OrderReport(OrderStatus.NOT_FOUND)
    assert venue.exchange.cancel("ls-none") == OrderReport(OrderStatus.NOT_FOUND)


def test_what_is_done_can_not_be_withdrawn(venue: Venue) -> None:
    """It is told as it is."""
    name, _, _ = trade(venue, "buy", "0.5")
    assert venue.exchange.cancel(name) == OrderReport(OrderStatus.FILLED, Decimal("0.5"))


@pytest.mark.parametrize(
    ("side", "quantity", "key"),
    [
        ("buy", "100", "insufficient_funds"),
        ("sell", "2.0001", "insufficient_funds"),
        ("buy", "0.00001", "dust"),
        ("sell", "0.0005", "min_notional"),
        ("buy", "0.10005", "step_size"),
    ],
)
def test_what_is_impossible_is_refused_and_changes_nothing(venue: Venue, side: Side, quantity: str, key: str) -> None:
    """More than there is, less than a step, less than the least value, off the step."""
    before = venue.exchange.balances()
    answer = venue.exchange.submit(approved(side, quantity), request(side, quantity))
    assert isinstance(answer, Rejected)
    bar = venue.next_bar()
    assert not venue.exchange.executions(bar.open_time - DAY, bar)
    assert venue.exchange.balances() == before
    assert venue.exchange.query("ls-1") == OrderReport(OrderStatus.NOT_FOUND)
    assert answer.reason.key == key


def test_nothing_is_placed_that_was_not_approved(venue: Venue) -> None:
    """Neither without approval, nor of the other side, nor more of it."""
    with pytest.raises(TypeError):
        venue.exchange.submit("buy", request("buy", "1"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not what was approved"):
        venue.exchange.submit(approved("buy", "1"), request("sell", "1"))
    with pytest.raises(ValueError, match="not what was approved"):
        venue.exchange.submit(approved("buy", "1"), request("buy", "1.0001"))
    assert venue.exchange.open_orders() == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 4000)), max_size=6))
def test_whatever_is_traded_the_balances_are_the_sum_of_the_trades(
    venue: Venue, wishes: list[tuple[Side, int]]
) -> None:
    """Exactly, refused orders included."""
    before = venue.exchange.balances()
    assert before is not None
    base, quote = before.base, before.quote
    for side, steps in wishes:
        quantity, name = f"{Decimal(steps) / 10_000}", f"ls-{next(_numbers)}"
        venue.exchange.submit(approved(side, quantity, name=name), request(side, quantity, name=name))
        bar = venue.next_bar()
        for each in venue.exchange.executions(bar.open_time - DAY, bar) or ():
            if each.client_order_id == name:
                base, quote = base + each.base_change, quote + each.quote_change
    after = venue.exchange.balances()
    assert after is not None
    assert (after.base, after.quote) == (base, quote)
