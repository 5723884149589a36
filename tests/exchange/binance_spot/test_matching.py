"""The matching itself: money is conserved whatever is done, and a market order fills as it does on paper."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import MINUTE, SECOND, ManualClock, instant
from livestory.story.reason import Reason
from livestory.trading.exchange.paper import PaperExchange, PaperSettings
from livestory.trading.exchange.records import Accepted, Answer, Execution, OrderRequest, exact
from livestory.trading.execution.working_order import Order
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.market.simulated import SimulatedBars
from livestory.trading.risk import Approved, Risk, RiskSettings
from tests.exchange.binance_spot.conftest import BAR, NOON, flat_bars
from tests.exchange.binance_spot.fills import Book, NextOpen
from tests.exchange.binance_spot.matching import Exchange
from tests.exchange.binance_spot.prices import Prices
from tests.exchange.binance_spot.records import Fees, OrderSide, Refusal, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from livestory.trading.market.bar import Bar

MARKET = list(SimulatedBars(7, 400, NOON).read())


def an_exchange(bars: Sequence[Bar] = MARKET, now: int = NOON + 100 * BAR, **more: Any) -> tuple[Exchange, ManualClock]:
    """An account of 10 BTC and 20 ETH."""
    clock = ManualClock(now)
    balances = {"BTC": Decimal(10), "ETH": Decimal(20)}
    return Exchange(bars, clock, **({"balances": balances} | more)), clock


# Money.

_quantities = st.integers(1, 150_000).map(lambda lots: Decimal(lots) / 10_000)
_nearby = st.integers(-60, 60)  # ticks from the present price
_sides = st.sampled_from(["BUY", "SELL"])
_names = st.integers(1, 6)
_ACTIONS: dict[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "market": st.tuples(st.just("market"), _sides, _quantities, _names),
    "limit": st.tuples(
        st.just("limit"), _sides, _quantities, _names, _nearby, st.sampled_from(["GTC", "GTC", "IOC", "FOK"])
    ),
    "maker": st.tuples(st.just("maker"), _sides, _quantities, _names, _nearby),
    "cancel": st.tuples(st.just("cancel"), _names),
    "wait": st.tuples(st.just("wait"), st.integers(1, 3 * BAR)),
    "price": st.tuples(st.just("price"), _nearby),
    "deposit": st.tuples(st.just("deposit"), st.sampled_from(["BTC", "ETH", "BNB"]), _quantities),
    "withdraw": st.tuples(st.just("withdraw"), st.sampled_from(["BTC", "ETH", "BNB"]), _quantities),
}
_OFTEN = ["market", "limit", "limit", "maker", "maker", "price", "wait", *_ACTIONS]


def do(exchange: Exchange, clock: ManualClock, action: tuple[Any, ...]) -> None:
    """Do what a customer, the owner or time may do."""
    match action:
        case ("market", side, quantity, name):
            exchange.place(side, quantity, client_order_id=f"ls-{name}")
        case ("limit", side, quantity, name, away, in_force):
            exchange.place(side, quantity, "LIMIT", ticks_away(exchange, away), f"ls-{name}", in_force)
        case ("maker", side, quantity, name, away):
            exchange.place(side, quantity, "LIMIT_MAKER", ticks_away(exchange, away), f"ls-{name}")
        case ("cancel", name):
            exchange.cancel(exchange.latest.get(f"ls-{name}"))
        case ("wait", micros):
            clock.set(clock.now() + micros)
            exchange.catch_up()
        case ("price", away):
            exchange.set_price(ticks_away(exchange, away))
        case (("deposit" | "withdraw") as flow, asset, amount):
            getattr(exchange, flow)(asset, amount)


def ticks_away(exchange: Exchange, ticks: int) -> Decimal:
    """A price so far from the present one."""
    tick = exchange.rules.tick
    return max((exchange.price / tick).to_integral_value() + ticks, Decimal(1)) * tick


def holdings(exchange: Exchange) -> tuple[object, ...]:
    """All that a refusal may not change."""
    balances = {asset: pair for asset, pair in exchange.shown_balances().items() if any(pair)}
    return balances, list(exchange.orders), [*exchange.live], len(exchange.trades), len(exchange.flows)


@given(
    st.lists(st.sampled_from(_OFTEN).flatmap(_ACTIONS.__getitem__), min_size=25, max_size=60),
    st.sampled_from([Book(), Book(level_quantity=Decimal(1), depth=3), NextOpen(), NextOpen(known="close")]),
    st.sampled_from(["received", "quote", "BNB"]),
)
def test_money_is_conserved(
    actions: list[tuple[Any, ...]], fills: Book, fee_asset: Literal["received", "quote", "BNB"]
) -> None:
    """Balances change by trades, fees and flows alone, exactly; none is negative; a refusal changes nothing."""
    exchange, clock = an_exchange(fills=fills, fees=Fees(asset=fee_asset))
    for action in actions:
        before = holdings(exchange)
        try:
            do(exchange, clock, action)
        except (Refusal, ValueError):
            assert holdings(exchange) == before
        exchange.conserved()
    for order in exchange.orders.values():
        assert order.executed == sum(trade.quantity for trade in order.trades) <= order.quantity
        assert order.value == sum(trade.value for trade in order.trades)
        assert order.live == (order.order_id in exchange.live)
        assert order.live or not order.locked
        assert (order.status == "FILLED") == (order.executed == order.quantity)
        for trade in order.trades:
            assert trade.time >= order.time
            assert (
                not order.price or (trade.price <= order.price) == (order.side == "BUY") or trade.price == order.price
            )
    assert [trade.id for trade in exchange.trades] == list(range(1, len(exchange.trades) + 1))


def test_what_leaves_the_account_unexplained_is_still_accounted_for() -> None:
    """It stands among the flows, as what no history shows."""
    exchange, _ = an_exchange()
    exchange.adjust("ETH", Decimal(-3))
    exchange.conserved()
    exchange.free["ETH"] -= 1
    with pytest.raises(AssertionError, match="ETH"):
        exchange.conserved()


# As on paper.


def give(paper: PaperExchange, bar: Bar, side: Literal["buy", "sell"], quantity: Decimal, name: str) -> Answer:
    """Give an order to the paper exchange at the end of ``bar``."""
    order = Order(
        client_order_id=name,
        time=bar.end,
        side=side,
        quantity=quantity,
        reference=exact(bar.close),
        target_weight=0.5,
        weight_before=0.5,
        reason=Reason("dip"),
    )
    approved = Risk(RiskSettings()).approve(order)
    assert isinstance(approved, Approved)
    return paper.submit(approved, OrderRequest(client_order_id=name, side=side, quantity=quantity))


def placed(exchange: Exchange, side: OrderSide, quantity: Decimal, name: str) -> bool:
    """Whether the exchange took a market order."""
    try:
        exchange.place(side, quantity, client_order_id=name)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize("known", ["open", "close"])
@pytest.mark.parametrize("settle", [0, 2 * SECOND])
def test_next_open_fills_as_the_paper_exchange_does(
    real_bars_file: Path, known: Literal["open", "close"], settle: int
) -> None:
    """Orders at the end of each of 1,500 real bars, some for more than there is: the same to the last digit."""
    bars = [bar for bar in RecordedBars([real_bars_file]).read() if bar.end <= instant("2022-01-16T15:00:00")]
    paper = PaperExchange.opened(PaperSettings(base_balance=2.0))
    exchange, clock = an_exchange(
        bars,
        bars[0].open_time,
        balances={"BTC": exact(1.0), "ETH": exact(2.0)},
        fills=NextOpen(known=known),
        fees=Fees(asset="quote"),
        rules=Rules(precision=16),
    )
    random = Random(3)  # noqa: S311 - no secret hangs on it
    on_paper: list[Execution] = []
    for number, (bar, following) in enumerate(pairwise(bars)):
        clock.set(bar.end + settle)
        buys, name = random.random() < 0.5, f"ls-{number}"
        most = paper.quote / exact(bar.close) if buys else paper.base
        quantity = exchange.rules.on_step(most * random.randrange(1, 110) / 100)
        taken = give(paper, bar, "buy" if buys else "sell", quantity, name)
        assert placed(exchange, "BUY" if buys else "SELL", quantity, name) == isinstance(taken, Accepted)
        if isinstance(taken, Accepted):
            on_paper += paper.executions(following.open_time, following)
        clock.set(following.end)
        exchange.catch_up()
        assert (exchange.total("ETH"), exchange.total("BTC")) == (paper.base, paper.quote)
    assert [(trade.client_order_id, trade.price, trade.quantity, trade.fee) for trade in exchange.trades] == [
        (trade.client_order_id, trade.price, trade.quantity, trade.quote_fee) for trade in on_paper
    ]
    assert len(on_paper) > 1000
    assert {order.status for order in exchange.orders.values()} == {"FILLED", "EXPIRED"}
    exchange.conserved()


@pytest.mark.parametrize(("known", "after"), [("open", 0), ("close", BAR)])
def test_an_order_rests_until_its_bar_is_known(known: Literal["open", "close"], after: int) -> None:
    """At once, if the bar has opened; or when it is over. Its trade is dated to where it belongs."""
    exchange, clock = an_exchange(flat_bars(), NOON, fills=NextOpen(known=known))
    order = exchange.place("SELL", Decimal(1))
    clock.set(NOON + max(after - 1, 0))
    exchange.catch_up()
    assert order.status == ("NEW" if after else "FILLED")
    clock.set(NOON + after)
    exchange.catch_up()
    (trade,) = order.trades
    assert (trade.time, trade.price) == (NOON, Decimal("0.04997"))


def test_an_order_after_the_last_bar_rests() -> None:
    """Until there is one."""
    bars = flat_bars()
    exchange, clock = an_exchange(bars[:-1], bars[-1].open_time, fills=NextOpen())
    order = exchange.place("SELL", Decimal(1))
    assert order.status == "NEW"
    exchange.bars.append(bars[-1])
    clock.set(bars[-1].end)
    exchange.catch_up()
    assert order.status == "FILLED"


# Prices.


def test_the_price_runs_through_the_extremes_of_a_bar() -> None:
    """A third of the bar each; a rising bar meets its low first, a falling one its high."""
    rising, falling = (
        next(bar for bar in MARKET if (bar.close > bar.open) == rises and bar.close != bar.open)
        for rises in (True, False)
    )
    for bar, first, second in ((rising, rising.low, rising.high), (falling, falling.high, falling.low)):
        prices = Prices(MARKET)
        corners = [prices.at(bar.open_time + BAR * third // 3) for third in range(3)]
        assert corners == [exact(bar.open), exact(first), exact(second)]
        assert prices.at(bar.end - 1).quantize(Decimal("0.0000001")) == exact(bar.close)
        assert prices.last_close(bar.end) == exact(bar.close)


def test_a_resting_order_fills_when_the_bars_reach_it() -> None:
    """Not a tick before: at the corner that reaches it, at its own price."""
    exchange, clock = an_exchange(flat_bars(), NOON, fills=Book(spread=Decimal(0)))
    order = exchange.place("SELL", Decimal(3), "LIMIT", Decimal("0.0502"))
    clock.set(NOON + 9 * MINUTE)
    exchange.catch_up()
    assert order.status == "NEW"
    clock.set(NOON + 15 * MINUTE)
    exchange.catch_up()
    assert [(trade.price, trade.time, trade.maker) for trade in order.trades] == [
        (Decimal("0.0502"), NOON + 10 * MINUTE, True)
    ]
