"""The stand-in for Binance, asked by the real ccxt: what a customer sees of markets, orders, trades and account."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import ccxt  # type: ignore[import-untyped]
import pytest
from msgspec import structs

from livestory.clock import DAY, HOUR, MINUTE, SECOND
from livestory.trading.market.bar import Bar
from tests.exchange.binance_spot.conftest import BAR, NOON
from tests.exchange.binance_spot.records import Fees

if TYPE_CHECKING:
    from livestory.clock import ManualClock
    from tests.exchange.binance_spot.conftest import Customer
    from tests.exchange.binance_spot.server import BinanceSpot

SYMBOL = "ETH/BTC"


def mine(name: str) -> dict[str, str]:
    """The client order id of an order, as ccxt takes it."""
    return {"clientOrderId": name}


# What anybody may see.


def test_a_market_shows_its_filters(server: BinanceSpot, customer: Customer) -> None:
    """Tick, step and least value, as ccxt reads them."""
    market = customer("load_markets")[SYMBOL]
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.00001, 0.0001)
    assert market["limits"]["cost"]["min"] == 0.0001
    assert market["limits"]["amount"]["min"] == 0.0001
    assert market["active"] is True
    assert customer("fetch_time") == NOON // 1000
    assert server.asked[0].what == "GET /api/v3/exchangeInfo"


def test_rules_and_status_may_change_while_one_watches(server: BinanceSpot, customer: Customer) -> None:
    """The next look shows the new tick, and that trading has stopped."""
    customer("load_markets")
    server.exchange.rules = structs.replace(server.exchange.rules, tick=Decimal("0.0001"))
    server.exchange.status = "BREAK"
    market = customer("load_markets", reload=True)[SYMBOL]
    assert market["precision"]["price"] == 0.0001
    assert market["active"] is False
    with pytest.raises(ccxt.MarketClosed):
        customer("create_order", SYMBOL, "market", "buy", 1)


def test_candles_come_in_pages_and_the_last_is_open(server: BinanceSpot, customer: Customer) -> None:
    """From a time on, the oldest first; without one, the newest. The open bar has what is known of it."""
    server.exchange.clock.set(NOON + 5 * MINUTE)  # type: ignore[attr-defined]
    page = customer("fetch_ohlcv", SYMBOL, "15m", since=(NOON - HOUR) // 1000, limit=3)
    assert [candle[0] * 1000 for candle in page] == [NOON - HOUR + number * BAR for number in range(3)]
    assert page[0][1:5] == [0.05, 0.0502, 0.0498, 0.05]
    last = customer("fetch_ohlcv", SYMBOL, "15m", limit=2)[-1]
    assert last[0] * 1000 == NOON
    assert last[2:4] == [0.05, 0.0498]  # at a third of the bar it has met its low, and not yet its high
    hourly = customer("fetch_ohlcv", SYMBOL, "1h", since=(NOON - 3 * HOUR) // 1000)
    assert [candle[0] * 1000 for candle in hourly] == [NOON - number * HOUR for number in (3, 2, 1, 0)]
    assert hourly[0][5] == 400


def test_candles_may_be_stale_doubled_and_revised(server: BinanceSpot, customer: Customer) -> None:
    """As a test wants them."""
    server.data.candles_until = NOON - HOUR
    server.data.copies = 2
    place = server.exchange.prices.index(NOON - HOUR)
    server.exchange.bars[place] = Bar(NOON - HOUR, NOON - HOUR + BAR, 0.05, 0.06, 0.04, 0.055, 1.0)
    newest = customer("public_get_klines", {"symbol": "ETHBTC", "interval": "15m", "limit": 1})
    assert [(int(candle[0]) * 1000, candle[4]) for candle in newest] == [(NOON - HOUR, "0.05500000")] * 2


def test_the_book_surrounds_the_price(customer: Customer) -> None:
    """Half of the spread on either side, rounded away from it."""
    book = customer("fetch_order_book", SYMBOL)
    assert (book["bids"][0], book["asks"][0]) == ([0.04998, 5.0], [0.05002, 5.0])
    ticker = customer("fetch_ticker", SYMBOL)
    assert (ticker["bid"], ticker["last"], ticker["ask"]) == (0.04998, 0.05, 0.05002)
    assert customer("fetch_ticker", "BNB/BTC")["last"] == 0.0095
    assert customer("fetch_bids_asks", [SYMBOL])[SYMBOL]["ask"] == 0.05002


# Orders.


def test_a_market_order_takes_level_after_level(server: BinanceSpot, customer: Customer) -> None:
    """7 ETH where a level has 5: two trades, each with a fee in ETH; the account adds up."""
    order = customer("create_order", SYMBOL, "market", "buy", 7, None, mine("ls-1"))
    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 7, "ls-1")
    assert [(trade["price"], trade["amount"]) for trade in order["trades"]] == [(0.05002, 5), (0.05003, 2)]
    trades = customer("fetch_my_trades", SYMBOL)
    assert [(trade["order"], trade["fee"]) for trade in trades] == [
        ("1", {"cost": 0.005, "currency": "ETH"}),
        ("1", {"cost": 0.002, "currency": "ETH"}),
    ]
    balance = customer("fetch_balance")
    assert (balance["ETH"]["total"], balance["BTC"]["total"]) == (26.993, 9.64984)
    server.exchange.conserved()


def test_an_order_is_found_by_either_id(customer: Customer) -> None:
    """And one that nobody sent is not."""
    customer("create_order", SYMBOL, "limit", "buy", 1, 0.04, mine("ls-1"))
    assert customer("fetch_order", "1", SYMBOL)["clientOrderId"] == "ls-1"
    assert customer("fetch_order", None, SYMBOL, mine("ls-1"))["id"] == "1"
    for unknown in (("2", SYMBOL), (None, SYMBOL, mine("ls-2"))):
        with pytest.raises(ccxt.OrderNotFound, match=r"-2013.*Order does not exist"):
            customer("fetch_order", *unknown)
    assert [order["id"] for order in customer("fetch_open_orders", SYMBOL)] == ["1"]
    assert [order["id"] for order in customer("fetch_orders", SYMBOL)] == ["1"]


def test_an_open_order_holds_its_money_until_it_is_cancelled(customer: Customer) -> None:
    """1 ETH at 0.04 locks 0.04 BTC; what is done can't be cancelled again."""
    customer("create_order", SYMBOL, "limit", "buy", 1, 0.04, mine("ls-1"))
    assert customer("fetch_balance")["BTC"] == {"free": 9.96, "used": 0.04, "total": 10.0}
    cancelled = customer("cancel_order", None, SYMBOL, mine("ls-1"))
    assert (cancelled["status"], cancelled["info"]["origClientOrderId"]) == ("canceled", "ls-1")
    assert customer("fetch_balance")["BTC"] == {"free": 10.0, "used": 0.0, "total": 10.0}
    for name in ("ls-1", "ls-2"):
        with pytest.raises(ccxt.OrderNotFound, match=r"-2011.*Unknown order sent"):
            customer("cancel_order", None, SYMBOL, mine(name))


def test_all_open_orders_can_be_cancelled_at_once(server: BinanceSpot, customer: Customer) -> None:
    """With none open it is refused, as Binance does."""
    for price in (0.04, 0.041):
        customer("create_order", SYMBOL, "limit", "buy", 1, price)
    assert [order["status"] for order in customer("cancel_all_orders", SYMBOL)] == ["canceled", "canceled"]
    assert not server.exchange.live
    with pytest.raises(ccxt.OrderNotFound):
        customer("cancel_all_orders", SYMBOL)


def test_a_client_order_id_is_taken_while_its_order_is_open(customer: Customer) -> None:
    """Afterwards a second order of the same id is accepted: nothing but care protects from sending twice."""
    customer("create_order", SYMBOL, "limit", "buy", 1, 0.04, mine("ls-1"))
    with pytest.raises(ccxt.InvalidOrder, match=r"-2010.*Duplicate order sent"):
        customer("create_order", SYMBOL, "market", "buy", 1, None, mine("ls-1"))
    customer("cancel_order", "1", SYMBOL)
    for number in ("2", "3"):
        order = customer("create_order", SYMBOL, "market", "buy", 1, None, mine("ls-1"))
        assert order["id"] == number
    assert customer("fetch_order", None, SYMBOL, mine("ls-1"))["id"] == "3"


def test_a_post_only_order_never_takes(customer: Customer) -> None:
    """At the ask it is refused, below it rests."""
    with pytest.raises(ccxt.OrderImmediatelyFillable, match="would immediately match and take"):
        customer("create_order", SYMBOL, "limit", "buy", 1, 0.05002, {"postOnly": True})
    order = customer("create_order", SYMBOL, "limit", "buy", 1, 0.05001, {"postOnly": True})
    assert (order["id"], order["status"], order["info"]["type"]) == ("1", "open", "LIMIT_MAKER")


def test_a_resting_order_fills_in_parts_as_the_price_comes(server: BinanceSpot, customer: Customer) -> None:
    """Each move of the price gives it a level's quantity, at its own price and as the maker."""
    customer("create_order", SYMBOL, "limit", "buy", 8, 0.049, mine("ls-1"))
    server.exchange.set_price(Decimal("0.0489"))
    assert customer("fetch_order", None, SYMBOL, mine("ls-1"))["filled"] == 5
    server.exchange.set_price(Decimal("0.0488"))
    assert customer("fetch_order", None, SYMBOL, mine("ls-1"))["status"] == "closed"
    trades = customer("fetch_my_trades", SYMBOL)
    assert [(trade["price"], trade["amount"], trade["takerOrMaker"]) for trade in trades] == [
        (0.049, 5, "maker"),
        (0.049, 3, "maker"),
    ]
    assert customer("fetch_balance")["BTC"] == {"free": 9.608, "used": 0.0, "total": 9.608}


def test_what_the_book_can_not_give_expires(customer: Customer) -> None:
    """60 ETH of a book of 50."""
    order = customer("create_order", SYMBOL, "market", "buy", 60)
    assert (order["status"], order["filled"]) == ("expired", 50)


@pytest.mark.parametrize(("in_force", "filled"), [("GTC", 5), ("IOC", 5), ("FOK", 0)])
def test_a_limit_order_takes_what_its_price_allows(customer: Customer, in_force: str, filled: int) -> None:
    """Its rest waits, expires, or forbade it to take anything at all."""
    order = customer("create_order", SYMBOL, "limit", "buy", 8, 0.05002, {"timeInForce": in_force})
    assert order["filled"] == filled
    assert order["status"] == ("open" if in_force == "GTC" else "expired")


def test_a_fee_in_bnb_is_cheaper_while_there_is_some(server: BinanceSpot, customer: Customer) -> None:
    """2 ETH are worth 0.10004 BTC: 0.00789789 BNB at 0.0095 and 25% off; then ETH again."""
    server.exchange.fees = Fees(asset="BNB")
    server.exchange.deposit("BNB", Decimal("0.008"))
    fees = [customer("create_order", SYMBOL, "market", "buy", 2)["trades"][0]["fee"] for _ in range(2)]
    assert fees == [{"cost": 0.00789789, "currency": "BNB"}, {"cost": 0.002, "currency": "ETH"}]
    server.exchange.conserved()


# The account.


def test_trades_come_in_pages(server: BinanceSpot, customer: Customer, clock: ManualClock) -> None:
    """By id, by time, by order; without any of these the newest."""
    for number in range(6):
        clock.set(NOON + number * MINUTE)
        server.exchange.place("BUY", Decimal(1))

    def ids(**params: object) -> list[int]:
        return [int(trade["id"]) for trade in customer("fetch_my_trades", SYMBOL, None, None, params)]

    assert ids(fromId=3, limit=2) == [3, 4]
    assert ids(startTime=(NOON + 2 * MINUTE) // 1000, limit=3) == [3, 4, 5]
    assert ids(limit=2) == [5, 6]
    assert ids(orderId=4) == [4]
    with pytest.raises(ccxt.BadRequest, match="-1127"):
        ids(startTime=(NOON - 2 * DAY) // 1000, endTime=NOON // 1000)


def test_deposits_and_withdrawals_have_a_history_and_other_changes_none(
    server: BinanceSpot, customer: Customer, clock: ManualClock
) -> None:
    """What came, what went with its fee, and a balance that shrank for no reason that anybody gives."""
    server.exchange.deposit("BTC", Decimal("1.5"))
    clock.set(NOON + HOUR)
    server.exchange.withdraw("ETH", Decimal(3), Decimal("0.002"))
    server.exchange.adjust("BTC", Decimal("-0.25"))
    (deposit,) = customer("fetch_deposits", None, (NOON - DAY) // 1000)
    assert (deposit["currency"], deposit["amount"], deposit["status"]) == ("BTC", 1.5, "ok")
    assert deposit["timestamp"] * 1000 == NOON
    (withdrawal,) = customer("fetch_withdrawals", "ETH", (NOON - DAY) // 1000)
    assert (withdrawal["amount"], withdrawal["fee"]["cost"], withdrawal["status"]) == (3, 0.002, "ok")
    assert withdrawal["timestamp"] * 1000 == NOON + HOUR
    assert customer("fetch_deposits", None, (NOON + 1000) // 1000) == []
    balance = customer("fetch_balance")
    assert (balance["BTC"]["total"], balance["ETH"]["total"]) == (11.25, 16.998)
    server.exchange.conserved()


def test_a_key_tells_what_it_may_be_used_for(server: BinanceSpot, customer: Customer) -> None:
    """Withdrawals above all; the account tells its own rights, and both tell the fee."""
    assert customer("sapi_get_account_apirestrictions")["enableWithdrawals"] is False
    server.access.credentials.withdraws = True
    assert customer("sapi_get_account_apirestrictions")["enableWithdrawals"] is True
    assert customer("private_get_account")["canWithdraw"] is True
    assert customer("fetch_trading_fee", SYMBOL)["taker"] == 0.001
    assert customer("private_get_account")["commissionRates"]["taker"] == "0.00100000"


def test_what_is_new_may_be_seen_late(server: BinanceSpot, customer: Customer, clock: ManualClock) -> None:
    """Order, trade and balance each by its own lag: a trade may be seen before its order."""
    exchange = server.exchange
    exchange.order_lag, exchange.trade_lag, exchange.balance_lag = 20 * SECOND, 5 * SECOND, 10 * SECOND
    customer("create_order", SYMBOL, "market", "sell", 1, None, mine("ls-1"))
    seen = []
    for seconds in (0, 5, 10, 20):
        clock.set(NOON + seconds * SECOND)
        trades, held = customer("fetch_my_trades", SYMBOL), customer("fetch_balance")["ETH"]["total"]
        seen.append((len(customer("fetch_orders", SYMBOL)), len(trades), held))
        if seconds < 20:
            with pytest.raises(ccxt.OrderNotFound, match="-2013"):
                customer("fetch_order", None, SYMBOL, mine("ls-1"))
    assert seen == [(0, 0, 20), (0, 1, 20), (0, 1, 19), (1, 1, 19)]
    assert customer("fetch_order", None, SYMBOL, mine("ls-1"))["status"] == "closed"


def test_trades_may_be_shown_twice(server: BinanceSpot, customer: Customer) -> None:
    """With the same id."""
    server.exchange.repeat_trades = True
    customer("create_order", SYMBOL, "market", "buy", 1)
    assert [trade["id"] for trade in customer("fetch_my_trades", SYMBOL)] == ["1", "1"]
