"""An account at the exchange through the real ccxt: what is sent, what is read, and what a lost answer is worth."""

from __future__ import annotations

import traceback
from decimal import Decimal, getcontext
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from livestory.cli.mode import wait_until_fine
from livestory.clock import DAY, HOUR, MINUTE, SECOND, ManualClock
from livestory.config import Configuration
from livestory.credentials import Secret
from livestory.story.reason import Reason
from livestory.trading.exchange.access import Keys
from livestory.trading.exchange.ccxt_errors import Failed
from livestory.trading.exchange.ccxt_spot import CcxtSpot
from livestory.trading.exchange.preflight import preflight
from livestory.trading.exchange.records import (
    Accepted,
    Balances,
    OpenOrder,
    OrderReport,
    OrderStatus,
    Rejected,
    Unanswered,
)
from livestory.trading.market.candles import CandleClient
from tests.exchange.accounts import account_of, approved, client_of, request
from tests.exchange.binance_spot import faults
from tests.exchange.binance_spot.records import Fees
from tests.market.binance_server import MovingStop

if TYPE_CHECKING:
    from tests.exchange.binance_spot.faults import Fault
    from tests.exchange.binance_spot.server import BinanceSpot

ORDER = "POST /api/v3/order"


def troubled(account: CcxtSpot) -> bool:
    """Whether something is wrong now."""
    return account.trouble is not None


def closed(account: CcxtSpot) -> str:
    """Why the market is closed now; empty while it is open."""
    return account.closed or ""


# What is read.


def test_the_rules_for_an_orders_numbers_are_the_exchanges_exactly(account: CcxtSpot) -> None:
    """Decimals from the text that was sent."""
    filters = account.filters()
    assert [str(each.normalize()) for each in (filters.tick, filters.step, filters.min_notional)] == [
        "0.00001",
        "0.0001",
        "0.0001",
    ]
    assert filters.fee == Decimal("0.001")
    assert filters.max_quantity == 10_000


def test_less_than_the_least_quantity_is_dust(server: BinanceSpot) -> None:
    """Though it lies on the step: the exchange would refuse it each time."""
    server.exchange.rules = structs.replace(server.exchange.rules, min_quantity=Decimal("0.01"))
    account = account_of(server)
    assert account.filters().problem(Decimal("0.0099"), Decimal(1)) == Reason("dust", value=0.0099, limit=0.01)
    assert account.filters().problem(Decimal("0.01"), Decimal(1)) is None
    account.close()


def test_balances_are_exact_and_know_what_open_orders_keep(server: BinanceSpot, account: CcxtSpot) -> None:
    """To the last of eight decimals."""
    server.exchange.adjust("BTC", Decimal("0.00000001"))
    server.exchange.place("SELL", Decimal("0.5"), "LIMIT", Decimal("0.09"))
    assert account.balances() == Balances(Decimal(2), Decimal("1.00000001"), base_locked=Decimal("0.5"))


def test_an_empty_or_foreign_answer_is_never_an_empty_account(server: BinanceSpot, account: CcxtSpot) -> None:
    """Unknown is never 0: a hotel's page, an empty document, a list."""
    one = b'{"balances":[{"asset":"BTC","free":"1","locked":"0"}]}'  # the exchange lists all, those of 0 too
    for body in (b"<html>", b"{}", b"[]", b"null", b'{"balances":[]}', b'{"balances":[{"asset":"ETH"}]}', one):
        fault = faults.Fault(name="ODD", acts=False, answer=faults.Answer(200, body))
        server.faults.add(fault, to="GET /api/v3/account")
        assert account.balances() is None, body
        assert account.trouble is not None
        assert account.balances() is not None
        assert account.trouble is None


@pytest.mark.parametrize("body", [b"{}", b"<html>Welcome</html>", b"null", b"", b"true"])
def test_an_odd_answer_is_never_an_empty_list(server: BinanceSpot, account: CcxtSpot, body: bytes) -> None:
    """No trades and no orders are proof; what can't be read is none."""
    server.faults.add(faults.Fault(name="ODD", acts=False, answer=faults.Answer(200, body)), to="GET", times=3)
    assert account.executions(account.client.now() - HOUR) is None
    assert account.open_orders() is None
    assert account.query("ls-1") is None


@pytest.mark.parametrize("back", [4 * DAY, 20 * DAY, 19_000 * DAY])
def test_every_trade_is_read_however_many_pages_they_are(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock, back: int
) -> None:
    """2,001 trades, all but one within seconds and days after the first; none twice, oldest first, and in few pages."""
    server.exchange.adjust("ETH", Decimal(100_000))
    server.exchange.place("SELL", Decimal("0.01"))
    clock.set(clock.now() + 3 * DAY)
    for _ in range(200):
        server.exchange.place("SELL", Decimal(50))
        clock.set(clock.now() + 20_000)
    trades = account.executions(clock.now() - back)
    assert trades is not None
    assert len(trades) == 2001
    assert server.times("GET /api/v3/myTrades") < 40
    assert [trade.trade_id for trade in trades] == [str(trade.id) for trade in server.exchange.trades]


def test_a_trade_tells_its_fee_in_every_asset(server: BinanceSpot, account: CcxtSpot) -> None:
    """What it is worth in the quote asset, and what it took from each balance."""
    fees = {}
    for asset in ("received", "quote", "BNB"):
        server.exchange.fees = Fees(asset=asset, bnb_price=Decimal("0.01"))
        server.exchange.adjust("BNB", Decimal(10))
        account.submit(approved("buy", "1", name=f"ls-{asset}"), request("buy", "1", name=f"ls-{asset}"))
        trades = account.executions(account.client.now() - HOUR)
        assert trades is not None
        fees[asset] = next(trade for trade in trades if trade.client_order_id == f"ls-{asset}")
    value = fees["quote"].price
    assert fees["received"].base_fee == Decimal("0.001")
    assert fees["received"].fee == value / 1000
    assert (fees["quote"].quote_fee, fees["quote"].fee) == (value / 1000, value / 1000)
    assert fees["BNB"].base_fee == fees["BNB"].quote_fee == 0
    assert fees["BNB"].fee == pytest.approx(value / 1000 * Decimal("0.75"), rel=Decimal("1e-4"))


def test_a_fee_in_an_asset_of_unknown_price_is_unknown(server: BinanceSpot, account: CcxtSpot) -> None:
    """Not 0."""
    server.exchange.fees = Fees(asset="BNB", bnb_price=Decimal("0.01"))
    server.exchange.adjust("BNB", Decimal(10))
    server.faults.add(faults.ERROR_BEFORE, to="GET /api/v3/ticker", times=10)
    account.submit(approved("buy", "1"), request("buy", "1"))
    (trade,) = account.executions(account.client.now() - HOUR) or ()
    assert trade.fee is None


def test_a_trade_whose_order_is_not_shown_yet_makes_no_answer(server: BinanceSpot, account: CcxtSpot) -> None:
    """It could be ours: a foreign trade is one whose order is known."""
    server.exchange.place("BUY", Decimal("0.1"), client_order_id="web_1")
    server.exchange.order_lag = MINUTE
    assert account.executions(account.client.now() - HOUR) is None
    server.exchange.order_lag = 0
    (trade,) = account.executions(account.client.now() - HOUR) or ()
    assert trade.client_order_id == "web_1"


def test_deposits_and_withdrawals_come_from_the_accounts_history(server: BinanceSpot, account: CcxtSpot) -> None:
    """Each with an id of its own; a withdrawal with what it cost; other assets left out."""
    server.exchange.deposit("BTC", Decimal("0.5"))
    server.exchange.deposit("BNB", Decimal(3))
    server.exchange.withdraw("ETH", Decimal(1), fee=Decimal("0.01"))
    flows = account.flows(account.client.now() - HOUR) or ()
    assert sorted((flow.asset, flow.amount) for flow in flows) == [
        ("base", Decimal("-1.01")),
        ("quote", Decimal("0.5")),
    ]
    assert len({flow.flow_id for flow in flows}) == 2


def test_a_testnet_has_no_history_of_flows(server: BinanceSpot) -> None:
    """Nor is it asked for one."""
    opened = account_of(server, sandbox=True)
    assert not opened.has_flows
    assert opened.flows(0) == ()
    assert opened.trouble is None
    opened.close()


# What is sent.


def test_a_market_order_is_sent_once_under_its_id(server: BinanceSpot, account: CcxtSpot) -> None:
    """Nothing more, and nothing rounded."""
    assert account.submit(approved("buy", "0.1234"), request("buy", "0.1234")) == Accepted()
    (placed,) = [asked for asked in server.asked if asked.what == ORDER]
    sent = {name: placed.params[name] for name in ("symbol", "side", "type", "quantity", "newClientOrderId")}
    assert sent == {
        "symbol": "ETHBTC",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "0.1234",
        "newClientOrderId": "ls-1",
    }
    assert account.query("ls-1") == OrderReport(OrderStatus.FILLED, Decimal("0.1234"))


def test_a_limit_order_never_takes(server: BinanceSpot, account: CcxtSpot) -> None:
    """Post-only: it stands, or is refused."""
    book = account.book()
    assert book is not None
    low = account.filters().price(book.bid * Decimal("0.95"), against="sell")
    assert account.submit(approved("buy", "1"), request("buy", "1", f"{low}")) == Accepted()
    (order,) = account.open_orders() or ()
    expected = OpenOrder(client_order_id="ls-1", side="buy", quantity=Decimal(1), filled=Decimal(0), limit=low)
    assert order == expected
    taking = request("buy", "1", f"{book.ask}", name="ls-2")
    assert account.submit(approved("buy", "1", name="ls-2"), taking) == Rejected(Reason("would_take"))
    assert account.cancel("ls-1") == OrderReport(OrderStatus.CANCELLED, Decimal(0))
    assert account.open_orders() == []
    assert server.exchange.find(None, "ls-2") is None


def test_a_price_between_two_ticks_is_not_sent(server: BinanceSpot, account: CcxtSpot) -> None:
    """Ccxt would round it."""
    answer = account.submit(approved("buy", "1"), request("buy", "1", "0.050005"))
    assert answer == Rejected(Reason("step_size", value=0.050005, limit=0.00001))
    assert server.times(ORDER) == 0


def test_withdrawing_what_is_filled_or_unknown_tells_which(account: CcxtSpot) -> None:
    """A cancel that comes too late is no mystery."""
    account.submit(approved("buy", "1"), request("buy", "1"))
    assert account.cancel("ls-1") == OrderReport(OrderStatus.FILLED, Decimal(1))
    assert account.cancel("ls-none") == OrderReport(OrderStatus.NOT_FOUND)


@given(
    quantity=st.integers(1, 10**6),
    tick=st.integers(1, 9 * 10**4),
    exponent=st.integers(-8, 0),
    places=st.integers(0, 8),
)
def test_numbers_are_sent_as_they_are(quantity: int, tick: int, exponent: int, places: int) -> None:
    """What lies on the step and the tick goes through ccxt's own rounding unchanged."""
    pytest.importorskip("ccxt")
    from ccxt.base.decimal_to_precision import (  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
        NO_PADDING,
        TICK_SIZE,
        TRUNCATE,
        decimal_to_precision,
    )

    step = Decimal(1).scaleb(-places)
    sent = f"{quantity * step:f}"
    kept = decimal_to_precision(sent, TRUNCATE, f"{step:f}", TICK_SIZE, NO_PADDING)
    assert Decimal(kept) == quantity * step
    price = tick * Decimal(1).scaleb(exponent)
    assert Decimal(decimal_to_precision(f"{price:f}", TRUNCATE, f"{Decimal(1).scaleb(exponent):f}", 4, 5)) == price


def test_ccxt_does_not_change_how_this_process_rounds(server: BinanceSpot) -> None:
    """It sets the context of whoever calls it."""
    before = getcontext().copy()
    opened = account_of(server)
    opened.submit(approved("buy", "0.1234"), request("buy", "0.1234"))
    opened.close()
    after = getcontext()
    assert (after.rounding, after.traps) == (before.rounding, before.traps)


# What is not answered.


@pytest.mark.parametrize(
    "fault", [*faults.AMBIGUOUS, faults.OVERLOADED, faults.MAINTENANCE, faults.SHUTTING_DOWN], ids=lambda f: f.name
)
def test_a_lost_answer_is_never_taken_for_a_refusal(server: BinanceSpot, account: CcxtSpot, fault: Fault) -> None:
    """Whether the exchange acted or not; asking tells."""
    server.faults.add(fault, to=ORDER)
    answer = account.submit(approved("buy", "0.1"), request("buy", "0.1"))
    assert isinstance(answer, Unanswered)
    assert troubled(account)
    report = account.query("ls-1")
    assert report is not None
    assert (report.status is OrderStatus.FILLED) == fault.acts
    assert not troubled(account)
    assert server.times(ORDER) == 1


def test_an_exchange_that_never_answers_is_given_up(server: BinanceSpot) -> None:
    """After the timeout, which is a second here."""
    account = account_of(server, timeout=SECOND)
    server.faults.add(faults.FROZEN_AFTER, to=ORDER)
    assert isinstance(account.submit(approved("buy", "0.1"), request("buy", "0.1")), Unanswered)
    report = account.query("ls-1")
    assert report is not None
    assert report.status is OrderStatus.FILLED
    account.close()


def test_an_id_that_is_there_already_is_the_first_order(server: BinanceSpot, account: CcxtSpot) -> None:
    """Still open, the exchange refuses the second; what counts is the first."""
    order = request("buy", "1", "0.05")
    assert account.submit(approved("buy", "1"), order) == Accepted()
    assert account.submit(approved("buy", "1"), order) == Accepted()
    assert len(server.exchange.orders) == 1


def test_a_restart_of_the_exchange_is_no_end(server: BinanceSpot, account: CcxtSpot) -> None:
    """Connections that it dropped are made anew."""
    assert account.balances() is not None
    server.close()
    assert account.balances() is None
    assert isinstance(account.submit(approved("buy", "1"), request("buy", "1")), Unanswered)
    server.open()
    assert account.balances() is not None
    assert account.query("ls-1") == OrderReport(OrderStatus.NOT_FOUND)


# What is refused.


def test_insufficient_funds_say_what_is_missing(account: CcxtSpot) -> None:
    """By the balance as it is then."""
    answer = account.submit(approved("buy", "100", reference="0.08"), request("buy", "100"))
    assert answer == Rejected(Reason("insufficient_funds", value=8.0, limit=1.0))
    answer = account.submit(approved("sell", "5", name="ls-2"), request("sell", "5", name="ls-2"))
    assert answer == Rejected(Reason("insufficient_funds", value=5.0, limit=2.0))


def test_the_exchanges_own_words_come_with_a_refusal(server: BinanceSpot, account: CcxtSpot) -> None:
    """Its filters were others when they were read."""
    server.exchange.rules = structs.replace(server.exchange.rules, step=Decimal("0.01"))
    answer = account.submit(approved("buy", "0.1234"), request("buy", "0.1234"))
    assert answer == Rejected(Reason("rejected", text="Filter failure: LOT_SIZE"))
    assert account.trouble is None


def test_changed_filters_are_read_within_the_hour(server: BinanceSpot, account: CcxtSpot, clock: ManualClock) -> None:
    """And not asked for in between."""
    server.exchange.rules = structs.replace(server.exchange.rules, step=Decimal("0.01"))
    asked = len(server.asked)
    clock.set(clock.now() + 59 * MINUTE)
    account.refresh(clock.now())
    assert len(server.asked) == asked
    clock.set(clock.now() + MINUTE)
    account.refresh(clock.now())
    assert account.filters().step == Decimal("0.01")


def test_a_halted_market_is_noticed_at_the_order_and_asked_for_each_minute(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock
) -> None:
    """Until it trades again."""
    server.exchange.status = "BREAK"
    assert not closed(account)
    answer = account.submit(approved("buy", "0.1"), request("buy", "0.1"))
    assert answer == Rejected(Reason("market_halted"))
    account.refresh(clock.now())
    assert closed(account) == "BREAK"
    server.exchange.status = "TRADING"
    account.refresh(clock.now())
    assert closed(account) == "BREAK"
    clock.set(clock.now() + MINUTE)
    account.refresh(clock.now())
    assert not closed(account)


def test_a_market_that_is_no_longer_listed_is_closed_and_ends_no_run(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock
) -> None:
    """A bot with a position must not fall over it."""
    unlisted = faults.Answer(200, b'{"symbols":[{"symbol":"XRPBTC","baseAsset":"XRP","quoteAsset":"BTC"}]}')
    fault = faults.Fault(name="UNLISTED", acts=False, answer=unlisted)
    server.faults.add(fault, to="GET /api/v3/exchangeInfo", times=3)
    clock.set(clock.now() + HOUR)
    account.refresh(clock.now())
    assert closed(account) == "not listed"
    assert account.filters().step == Decimal("0.0001")


# Limits, clocks, keys.


@pytest.mark.parametrize(
    ("status", "words"), [(429, "nothing may be asked until 12:01:35"), (418, "banned until 12:01:35")]
)
def test_a_ban_is_kept_without_a_question(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock, status: int, words: str
) -> None:
    """Retry-After is obeyed by every call, orders and candles included."""
    server.access.ban(90, status=status)
    assert account.balances() is None
    asked = len(server.asked)
    clock.set(clock.now() + 89 * SECOND)
    assert account.balances() is None
    assert account.query("ls-1") is None
    assert account.submit(approved("sell", "1"), request("sell", "1")) == Rejected(Reason("exchange_down"))
    assert len(server.asked) == asked
    trouble = account.trouble
    assert trouble is not None
    assert trouble.problem == f"rate limit: {words}"
    assert trouble.retry_at == clock.now() + SECOND
    clock.set(clock.now() + 2 * SECOND)
    assert account.balances() is not None
    assert account.trouble is None


def test_what_can_wait_waits_when_the_weight_is_nearly_used_up(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock
) -> None:
    """From 80 % of the minute's weight on, without a word; from 95 % only orders are sent, and the balance is read."""
    server.access.used_weight = 4900
    assert account.balances() is not None
    asked = len(server.asked)
    assert account.flows(clock.now()) is None
    assert len(server.asked) == asked
    assert not troubled(account)
    server.access.used_weight = 5800
    assert account.balances() is not None
    asked = len(server.asked)
    assert account.query("ls-1") is None
    assert len(server.asked) == asked
    assert account.trouble is not None
    assert account.trouble.problem == "rate limit: nearly used up"
    assert account.trouble.retry_at == clock.now() + 55 * SECOND
    assert account.balances() is not None
    assert account.submit(approved("sell", "1"), request("sell", "1")) == Accepted()
    assert account.cancel("ls-1") is not None
    clock.set(clock.now() + MINUTE)
    assert account.flows(clock.now()) is not None
    assert account.query("ls-1") is not None
    assert not troubled(account)


def test_a_ban_is_kept_by_those_who_read_everything_anew(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock
) -> None:
    """The clock, the filters, the check before the first order: whoever asks during a ban is banned for longer."""
    server.access.ban(90, status=418)
    assert account.balances() is None
    asked = len(server.asked)
    server.faults.down = faults.MAINTENANCE  # whatever came now would be heard
    clock.set(clock.now() + 60 * SECOND)
    account.refresh(clock.now() + HOUR)
    with pytest.raises(Failed):
        account.load()
    (_exchange, bad) = preflight(account)
    assert (bad.good, bad.passing, "banned until" in bad.words) == (False, True, True)
    assert account.client.silent_for == 30 * SECOND
    assert len(server.asked) == asked
    assert account.trouble is not None
    assert account.trouble.problem.startswith("rate limit: banned until")


def test_the_start_waits_for_the_end_of_a_ban(server: BinanceSpot, account: CcxtSpot, clock: ManualClock) -> None:
    """Without a question."""
    server.access.ban(50, status=418)
    assert account.balances() is None
    asked = len(server.asked)
    stop = MovingStop(clock, clock.now() + HOUR)
    stop.meanwhile = lambda: quiet.append(len(server.asked) == asked)
    quiet: list[bool] = []
    assert wait_until_fine(account, Configuration(), stop)
    assert quiet
    assert all(quiet)
    assert stop.waits == [50]


def test_a_ban_is_no_longer_for_a_clock_that_was_set_back(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock
) -> None:
    """As long as the exchange has said at the most."""
    server.access.ban(90, status=418)
    assert account.balances() is None
    clock.set(clock.now() - HOUR)
    server.exchange.ahead = HOUR
    assert account.balances() is None
    clock.set(clock.now() + 91 * SECOND)
    account.refresh(clock.now())
    assert account.balances() is not None


def test_keys_that_are_turned_away_stay_so_whatever_else_goes_wrong(server: BinanceSpot, account: CcxtSpot) -> None:
    """A public question that fails says nothing about them."""
    server.access.credentials.key = "another"
    assert account.balances() is None
    server.faults.add(faults.ERROR_BEFORE, to="GET /api/v3/ticker", times=10)
    assert account.book() is None
    server.faults.clear()
    assert account.book() is not None
    assert account.trouble is not None
    assert account.trouble.lasting


def test_a_session_that_was_closed_is_no_answer_and_the_next_question_opens_another(account: CcxtSpot) -> None:
    """The run goes on."""
    client = account.client
    assert client._runner is not None  # noqa: SLF001 - what happens to it is outside of any caller's reach
    client._runner.run(client.ccxt.session.close())  # noqa: SLF001
    assert account.balances() is None
    assert account.balances() is not None
    assert account.trouble is None


# A clock that is set.


def test_each_page_of_candles_sets_the_clock_right(server: BinanceSpot, account: CcxtSpot, clock: ManualClock) -> None:
    """So that a bar is heard at the exchange's time, however the machine's was set since the last bar."""
    candles = CandleClient(account.client, "ETH/BTC", 15 * MINUTE)
    for ahead in (0, 90 * SECOND, -5 * MINUTE, 300_000):
        server.exchange.ahead = -ahead
        now, _ = candles.page(clock.now() - DAY)
        assert now == clock.now() - ahead
        assert account.clock_ahead == ahead


def test_the_clock_is_not_moved_by_what_the_way_of_a_question_takes(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock
) -> None:
    """A slow answer is a bad measure: what is known stands unless it can't be."""
    assert account.clock_ahead == 0
    asked = account.client.ccxt.fetch_time

    async def slow() -> str:
        answer: str = await asked()
        clock.set(clock.now() + 8 * SECOND)
        return answer

    account.client.ccxt.fetch_time = slow
    account.client.time()
    assert account.clock_ahead == 0
    server.exchange.ahead = -9 * SECOND
    account.client.time()
    assert account.clock_ahead == 13 * SECOND


@pytest.mark.parametrize("step", [30 * SECOND, 90 * SECOND, HOUR, -90 * SECOND, -HOUR])
def test_no_trade_is_left_out_for_a_clock_that_was_set_meanwhile(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock, step: int
) -> None:
    """Whoever asks reckons "since" by it, and learns of the step only by the answer."""
    assert account.executions(clock.now()) == []
    server.exchange.place("SELL", Decimal("0.1"))
    clock.set(clock.now() + step)
    server.exchange.ahead = -step
    trades = account.executions(clock.now() - account.clock_ahead - 10 * SECOND)
    assert [trade.quantity for trade in trades or ()] == [Decimal("0.1")]


def test_a_clock_that_was_set_back_makes_nothing_fresh(
    server: BinanceSpot, account: CcxtSpot, clock: ManualClock
) -> None:
    """The rules are read anew, and not only when the time is reached again."""
    server.exchange.rules = structs.replace(server.exchange.rules, step=Decimal("0.01"))
    clock.set(clock.now() - DAY)
    account.refresh(clock.now())
    assert account.filters().step == Decimal("0.01")


@pytest.mark.parametrize("ahead", [-5 * SECOND, 5 * SECOND, -20 * SECOND, 40 * SECOND, HOUR])
def test_a_clock_that_is_off_is_set_right_with_one_more_try(server: BinanceSpot, account: CcxtSpot, ahead: int) -> None:
    """The order is placed once."""
    server.exchange.ahead = ahead
    assert account.submit(approved("buy", "1"), request("buy", "1")) == Accepted()
    assert len(server.exchange.orders) == 1
    assert account.trouble is None
    if ahead < -SECOND or ahead > 10 * SECOND:  # else the exchange did not mind
        assert abs(account.clock_ahead + ahead) < SECOND // 100


def test_a_clock_that_stays_off_stops_and_says_so(server: BinanceSpot, account: CcxtSpot, clock: ManualClock) -> None:
    """One retry, then nothing for a minute."""
    skewed = faults.Answer(400, b'{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}')
    server.faults.add(faults.Fault(name="SKEW", acts=False, answer=skewed), to=ORDER, times=10)
    answer = account.submit(approved("buy", "1"), request("buy", "1"))
    assert isinstance(answer, Rejected)
    assert server.times(ORDER) == 2
    trouble = account.trouble
    assert trouble is not None
    assert trouble.lasting
    assert trouble.problem.startswith("clock off by")
    assert account.balances() is None
    assert account.submit(approved("buy", "1"), request("buy", "1")) == Rejected(Reason("exchange_down"))
    assert server.times(ORDER) == 2
    clock.set(clock.now() + MINUTE)
    server.faults.clear()
    assert account.balances() is not None
    assert account.trouble is None


def test_keys_that_are_turned_away_are_a_lasting_trouble_and_not_hammered(
    server: BinanceSpot, clock: ManualClock
) -> None:
    """Also where they were taken before, which ccxt takes for a ban."""
    account = account_of(server)
    server.access.credentials.key = "another"
    assert account.balances() is None
    trouble = account.trouble
    assert trouble is not None
    assert trouble.lasting
    assert trouble.problem == "Invalid API-key, IP, or permissions for action."
    asked = len(server.asked)
    for _ in range(50):
        clock.set(clock.now() + SECOND)
        assert account.balances() is None
    assert len(server.asked) == asked
    server.access.credentials.key = server.key if server.key != "another" else account.client.ccxt.apiKey
    clock.set(clock.now() + 10 * SECOND)
    assert account.balances() is not None
    account.close()


@pytest.mark.parametrize("keys_are", ["taken", "turned away"])
def test_no_secret_is_shown_by_any_of_it(
    server: BinanceSpot, clock: ManualClock, caplog: pytest.LogCaptureFixture, keys_are: str
) -> None:
    """Neither in what is logged nor in a problem, a representation, an exception's chain."""
    caplog.set_level("DEBUG")
    keys = Keys(Secret("canary-key-3141592653"), Secret("canary-secret-2718281828"))
    if keys_are == "taken":
        server.access.credentials.key, server.access.credentials.secret = (secret.reveal() for secret in keys.all())
    client = client_of(server, keys=keys, timeout=SECOND)
    account = CcxtSpot(client, "ETH/BTC")
    told: list[Any] = []
    for fault in (None, *faults.AMBIGUOUS, faults.TOO_MANY, faults.FROZEN_BEFORE):
        clock.set(clock.now() + HOUR)
        account.refresh(clock.now())
        for what in ("GET", "POST"):
            server.faults.add(fault or faults.slow(0), to=what)
        told += [
            account.balances(),
            account.trouble,
            account.query("ls-1"),
            account.executions(clock.now()),
            account.trouble,
        ]
        told.append(account.submit(approved("buy", "0.01"), request("buy", "0.01", name=f"ls-{clock.now()}")))
        server.faults.clear()
        server.faults.add(fault or faults.ERROR_BEFORE, to="GET /api/v3/order")
        clock.set(clock.now() + HOUR)
        try:  # an idempotent question is asked twice by aiohttp itself, so that not every fault is seen
            client.ask("fetch_order", "1", "ETH/BTC", signed=True)
        except Failed as failed:
            told += [*traceback.format_exception(failed), failed.__context__, failed.__cause__]
        server.faults.clear()
    shown = f"{told} {account!r} {client!r} {keys!r} {caplog.text}"
    assert "canary" not in shown
    assert "signature=" not in shown
    account.close()
