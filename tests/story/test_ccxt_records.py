"""ccxt's own trades and positions, told as they are."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ccxt  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pandas as pd
import pytest

from livestory import Observation, PositionReading, StoryWriter
from livestory.clock import ManualClock, instant
from livestory.story import arguments
from livestory.story.ccxt_records import trade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = instant("2024-12-03 12:00:00")
RAW: dict[str, Any] = {
    "symbol": "BNBUSDT",
    "id": 28457,
    "orderId": 100234,
    "price": "640.10",
    "qty": "12.5",
    "quoteQty": "8001.25",
    "commission": "0.0093",
    "commissionAsset": "BNB",
    "time": 1733227200000,
    "isBuyer": True,
    "isMaker": False,
}


@pytest.fixture
def story(tmp_path: Path) -> Iterator[StoryWriter]:
    """One that raises what it is told wrongly."""
    with StoryWriter(tmp_path, symbol="ETH/USDT", strict=True, max_wait=30.0, clock=ManualClock(NOON)) as story:
        yield story


def _market(exchange: ccxt.Exchange, symbol: str, **fields: Any) -> Any:
    base, _, quote = symbol.partition(":")[0].partition("/")
    settle = symbol.partition(":")[2] or None
    given = {"id": symbol, "symbol": symbol, "base": base, "quote": quote, "settle": settle, "active": True,
             "spot": settle is None, "swap": settle is not None, "contract": settle is not None, "taker": 0.001,
             "type": "swap" if settle else "spot", "precision": {}, "limits": {}, **fields}  # fmt: skip
    return exchange.safe_market_structure(given)


def test_a_trade_of_ccxts_own_making_is_told_with_what_is_said_otherwise(story: StoryWriter) -> None:
    """As fetch_my_trades gives it, parsed by ccxt itself; the reason is the bot's."""
    exchange = ccxt.binance()
    parsed = exchange.parse_trade(RAW, _market(exchange, "BNB/USDT"))
    (event,) = story.fill(parsed, reason="dip") or ()
    assert event.line == "2024-12-03 12:00:00 | 🟢 BUY | +12.5 BNB @ 640.1 USDT | opens a position; dip"
    facts: Any = event.facts
    assert (facts.trade_id, facts.order_id) == ("28457", "100234")
    assert (facts.fee, facts.fee_asset) == (Decimal("0.0093"), "BNB")
    assert story.fill(parsed) is None, "told before"


def test_contracts_are_counted_in_the_base_asset() -> None:
    """Five contracts of a hundredth of a bitcoin each; an inverse one is paid in its base."""
    given = {"symbol": "BTC/USDT:USDT", "side": "sell", "amount": 5.0, "price": 96000.0, "cost": 4800.0}
    assert trade(given)["quantity"] == Decimal("0.05")
    assert trade(given | {"amount": 0.3, "cost": 28800.0})["quantity"] == 0.3
    assert trade(given | {"symbol": "BTC/USDT", "cost": 1.0})["quantity"] == 5.0
    inverse = {"symbol": "BTC/USD:BTC", "side": "buy", "amount": 96.0, "price": 96000.0, "cost": 0.1}
    assert trade(inverse)["quantity"] == 0.1


@pytest.mark.parametrize("missing", [float("nan"), np.float32("nan"), pd.NA, pd.NaT])
def test_what_a_record_lacks_after_it_went_through_pandas_is_unknown(missing: Any) -> None:
    """As None is, from ccxt itself; what is no number at all is named."""
    spot = {"symbol": "ETH/USDT", "side": "buy", "amount": 2.0, "price": missing, "cost": 6.0, "timestamp": missing,
            "fee": {"cost": missing, "currency": "BNB"}, "fees": missing}  # fmt: skip
    assert (trade(spot)["price"], trade(spot)["fee"], trade(spot)["timestamp"]) == (3, None, None)
    swap = {"symbol": "BTC/USDT:USDT", "side": "sell", "amount": 5.0, "price": 96000.0, "cost": missing}
    assert trade(swap)["quantity"] == 5.0
    held = {"symbol": "ETH/USDT:USDT", "contracts": 2.0, "contractSize": missing, "entryPrice": missing}
    assert arguments.positions([held]) == {"ETH/USDT:USDT": PositionReading(quantity=Decimal(2))}
    with pytest.raises(ValueError, match=r"^'lots': expected a number"):
        trade(spot | {"fee": {"cost": "lots", "currency": "BNB"}})


def test_an_order_that_is_over_is_told_by_what_was_filled_of_it(story: StoryWriter) -> None:
    """As ccxt parses it: neither what was asked for nor at what limit, and not twice."""
    exchange = ccxt.binance()
    raw = {"symbol": "ETHUSDT", "orderId": 17, "price": "3700.00", "origQty": "1.5", "executedQty": "1.1",
           "cummulativeQuoteQty": "4015.00", "status": "CANCELED", "type": "LIMIT", "side": "BUY",
           "time": 1733227200000, "updateTime": 1733227260000}  # fmt: skip
    order = exchange.parse_order(raw, _market(exchange, "ETH/USDT"))
    (event,) = story.fill(order, reason="dip") or ()
    assert event.line == "2024-12-03 12:01:00 | 🟢 BUY | +1.1 ETH @ 3650 USDT | dip"
    assert story.fill(order) is None, "told before"


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"filled": 0.0, "status": "canceled"}, r"^order '9': nothing of it was filled"),
        ({"filled": None, "status": None}, r"^order '9': how much of it was filled is not known: tell its trades"),
        ({"filled": 1.0, "average": None, "cost": None}, r"^order '9': at what price it was filled is not known"),
        ({"filled": 0.4, "status": "open"}, r"^order '9' is open and may fill further: tell its trades"),
    ],
)
def test_an_order_that_does_not_say_what_was_filled_is_no_fill(known: dict[str, Any], said: str) -> None:
    """Nothing is made up of what was wanted."""
    order = {"id": "9", "symbol": "ETH/USDT", "side": "buy", "amount": 1.5, "price": 3700.0, "average": 3650.0,
             "cost": 1460.0}  # fmt: skip
    with pytest.raises(ValueError, match=said):
        trade(order | known)


def test_a_trade_without_a_price_has_the_one_that_was_paid() -> None:
    """Of a contract, of which nobody knows how much one is, it stays unknown."""
    given = {"symbol": "KCS/USDT", "side": "buy", "amount": 10.0, "price": None, "cost": 120.0}
    assert trade(given)["price"] == 12
    assert trade(given | {"symbol": "KCS/USDT:USDT"})["price"] is None


def test_an_inverse_contract_is_closed_by_what_it_is_worth(story: StoryWriter) -> None:
    """A thousand dollars of it, bought and sold: less of the base by then, and nothing is left."""
    given = {"symbol": "BTC/USD:BTC", "side": "buy", "amount": 1000.0, "price": 95000.0, "cost": 0.010526}
    story.fill(given)
    closed, *_ = story.fill(given | {"side": "sell", "price": 100_000.0, "cost": 0.01}, result="0.000526") or ()
    assert closed.line.endswith(
        "closes the long of BTC/USD:BTC; result +0.0005 BTC as reported; entry 95,000, exit 100,000; no BTC left"
    )
    held = {"symbol": "BTC/USD:BTC", "contracts": 1000.0, "contractSize": 1.0, "side": "short", "entryPrice": 95000.0}
    assert arguments.positions([held])["BTC/USD:BTC"].quantity == Decimal("-0.0105263157895")


def test_fees_of_one_asset_are_summed_and_those_of_several_are_unknown() -> None:
    """A fill has room for one; what it has no room for is not made nothing of."""
    given: dict[str, Any] = {"symbol": "ETH/USDT", "side": "buy", "amount": 1, "price": 1, "fee": None}
    usdt, bnb = {"cost": 0.1, "currency": "USDT"}, {"cost": 0.2, "currency": "BNB"}
    fees = [trade(given | {"fees": each}) for each in ([], [usdt], [usdt, usdt], [usdt, bnb])]
    assert [(each["fee"], each["fee_asset"]) for each in fees] == [
        (None, None),
        (Decimal("0.1"), "USDT"),
        (Decimal("0.2"), "USDT"),
        (None, None),
    ]
    assert trade(given | {"fee": usdt})["fee"] == Decimal("0.1")
    assert trade(given | {"fee": {"cost": None, "currency": None}})["fee"] is None


def test_positions_of_ccxts_own_making_are_read() -> None:
    """A short of thirty contracts of a tenth; what it does not know is unknown."""
    exchange = ccxt.binanceusdm()
    record = exchange.safe_position(
        {"symbol": "ETH/USDT:USDT", "contracts": 30.0, "contractSize": 0.1, "side": "short", "entryPrice": 3700.5,
         "markPrice": 3650.0, "unrealizedPnl": 151.5, "leverage": 5.0, "liquidationPrice": None}
    )  # fmt: skip
    expected = PositionReading(
        quantity=Decimal(-3),
        price=Decimal(3650),
        entry=Decimal("3700.5"),
        unrealised=Decimal("151.5"),
        leverage=Decimal(5),
    )
    assert arguments.positions([record]) == {"ETH/USDT:USDT": expected}
    assert arguments.positions({"ETHUSDT.P": record}) == {"ETH/USDT:USDT": expected}


def test_positions_are_taken_as_readings_dicts_rows_and_numbers() -> None:
    """Of numpy and pandas, with NaN where nothing is known; the observation is not changed where it is right."""
    expected = {"ETH/USDT": PositionReading(quantity=Decimal("0.1"), entry=Decimal(3600))}
    frame = pd.DataFrame({"quantity": [0.1], "entry": [3600.0], "liquidation": [float("nan")]}, index=["ETHUSDT"])
    for given in (expected, {"ETH-USDT": {"quantity": np.float32(0.1), "entry": "3600"}}, frame.to_dict("index"),
                  {"ETH/USDT": frame.iloc[0]}):  # fmt: skip
        assert arguments.positions(given) == expected
    assert arguments.positions({"ETH/USDT": 0.1})["ETH/USDT"].quantity == Decimal("0.1")
    seen: Any = Observation(time=NOON, positions={"ETHUSDT": 2})  # type: ignore[dict-item]  # as a bot has it
    assert arguments.observation(seen).positions == {"ETH/USDT": PositionReading(quantity=Decimal(2))}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, r"^positions 5: expected a dict with a symbol's reading each, or what ccxt"),
        ({"ETH": 1}, r"^symbol 'ETH': expected BASE/QUOTE"),
        ({"ETH/USDT": {"qty": 1}}, r"^positions\['ETH/USDT'\]: no field 'qty'; there are quantity, price"),
        ({"ETH/USDT": {"entry": 1}}, r"^positions\['ETH/USDT'\]: its quantity is not known"),
        ({"ETH/USDT": {"quantity": "lots"}}, r"^positions\['ETH/USDT'\].quantity 'lots': expected a number"),
    ],
)
def test_what_is_no_position_is_named(given: Any, said: str) -> None:
    """The place, and what is wanted."""
    with pytest.raises(ValueError, match=said):
        arguments.positions(given)


def test_an_amount_that_is_no_number_is_no_reading() -> None:
    """However it was made."""
    with pytest.raises(ValueError, match=r"^entry NaN: expected a finite number"):
        PositionReading(quantity=Decimal(1), entry=Decimal("NaN"))


def test_positions_and_funding_are_accepted_end_to_end(story: StoryWriter) -> None:
    """Beside all else that is observed; the journal's columns are those of its schema."""
    seen = Observation(time=NOON, wealth=1000.0, positions={"BTC/USDT:USDT": PositionReading(quantity=Decimal(-1))})
    story.observe(seen)
    story.funding("BTCUSDT.P", "-0.12", funding_id=7)
    assert story.flush(30.0)
    assert story.health.ok


BITGET: dict[str, Any] = {
    "tradeId": "1111", "orderId": "1112", "symbol": "BTCUSDT", "price": "37271.4", "baseVolume": "0.001",
    "quoteVolume": "37.2714", "side": "buy", "tradeSide": "close", "posMode": "hedge_mode", "cTime": "1700720700342",
    "feeDetail": [{"deduction": "no", "feeCoin": "USDT", "totalDeductionFee": None, "totalFee": "-0.02236284"}],
}  # fmt: skip
BYBIT: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": "x1", "orderStatus": "Filled", "orderType": "Market", "side": "Sell",
    "qty": "0.001", "cumExecQty": "0.001", "avgPrice": "122500", "cumExecValue": "122.5", "price": "116000",
    "createdTime": "1757837618905", "updatedTime": "1757837618909",
}  # fmt: skip


def _swap(exchange: ccxt.Exchange, symbol: str, **fields: Any) -> Any:
    """A market that the exchange knows."""
    market = _market(exchange, symbol, linear=True, inverse=False, **{"contractSize": 1.0, **fields})
    exchange.set_markets([market])
    return market


@pytest.mark.parametrize(
    ("side", "trade_side", "told"),
    [
        ("buy", "open", ("buy", "long")),
        ("buy", "close", ("sell", "long")),
        ("sell", "open", ("sell", "short")),
        ("sell", "burst_close_short", ("buy", "short")),
    ],
)
def test_a_fill_of_a_hedge_of_bitgets_has_the_side_of_its_position(
    side: str, trade_side: str, told: tuple[str, str]
) -> None:
    """What closes a long is a "buy" there, and so ccxt hands it on; it was sold."""
    exchange = ccxt.bitget()
    raw = {**BITGET, "side": side, "tradeSide": trade_side}
    given = trade(exchange.parse_trade(raw, _swap(exchange, "BTC/USDT:USDT", id="BTCUSDT")))
    assert (given["side"], given["position"]) == told
    one_way = exchange.parse_trade({**raw, "posMode": "one_way_mode"}, exchange.market("BTC/USDT:USDT"))
    assert (trade(one_way)["side"], trade(one_way)["position"]) == (side, None)


@pytest.mark.parametrize(
    ("detail", "fee"),
    [
        ({"feeCoin": "USDT", "deduction": "no", "totalFee": "-0.0223"}, "0.0223"),
        ({"feeCoin": "USDT", "deduction": "no", "totalFee": "0.0118"}, "-0.0118"),
        ({"feeCoin": "BGB", "deduction": "yes", "totalFee": "0.0016"}, "0.0016"),
        ({"feeCoin": "USDT", "fee": "0.0064"}, "0.0064"),
    ],
)
def test_what_bitget_was_paid_is_no_rebate(detail: dict[str, str], fee: str) -> None:
    """In its own coin, or of a unified account; what it gives a maker is one."""
    exchange = ccxt.bitget()
    raw = {**BITGET, "feeDetail": [detail]}
    given = trade(exchange.parse_trade(raw, _swap(exchange, "BTC/USDT:USDT", id="BTCUSDT")))
    assert (given["fee"], given["fee_asset"]) == (Decimal(fee), detail["feeCoin"])


@pytest.mark.parametrize(("number", "position"), [(0, None), (1, "long"), (2, "short")])
def test_bybit_numbers_the_sides_of_a_hedge(number: int, position: str | None) -> None:
    """In its orders; of one way the number is 0."""
    exchange = ccxt.bybit()
    order = exchange.parse_order({**BYBIT, "positionIdx": number}, _swap(exchange, "BTC/USDT:USDT", id="BTCUSDT"))
    assert (trade(order)["side"], trade(order)["position"]) == ("sell", position)


def test_funding_that_bybit_lists_among_its_trades_is_no_fill() -> None:
    """It has a price and a quantity, and trades nothing."""
    exchange = ccxt.bybit()
    raw = {"category": "linear", "symbol": "BTCUSDT", "execId": "f1", "execType": "Funding", "side": "Buy",
           "execPrice": "123498", "execQty": "0.001", "execValue": "123.498", "execFee": "0.01", "feeRate": "0.0001",
           "execTime": "1757837580469", "feeCoin": "USDT"}  # fmt: skip
    market = _swap(exchange, "BTC/USDT:USDT", id="BTCUSDT")
    assert trade(exchange.parse_trade({**raw, "execType": "Trade"}, market))["quantity"] == 0.001
    with pytest.raises(ValueError, match=r"^trade 'f1' is funding, which trades nothing: tell it with funding\("):
        trade(exchange.parse_trade(raw, market))


def test_a_fee_of_nothing_beside_the_one_that_was_paid_is_none() -> None:
    """Gate names the quote asset too where the fee was taken in its own coin."""
    exchange = ccxt.gate()
    raw = {"id": "28", "create_time_ms": "1645464610777.399200", "currency_pair": "DOGE_USDT", "side": "sell",
           "amount": "10.97", "price": "0.137384", "order_id": "125", "fee": "0", "fee_currency": "USDT",
           "point_fee": "0", "gt_fee": "0.0002"}  # fmt: skip
    given = trade(exchange.parse_trade(raw, _market(exchange, "DOGE/USDT")))
    assert (given["fee"], given["fee_asset"]) == (Decimal("0.0002"), "GT")
    free = trade(exchange.parse_trade({**raw, "gt_fee": "0"}, _market(exchange, "DOGE/USDT")))
    assert (free["fee"], free["fee_asset"]) == (0, "USDT")


def test_a_rounded_average_price_makes_no_other_quantity() -> None:
    """What was paid and what one cost say how large a contract is, and that is a round number."""
    exchange = ccxt.binanceusdm()
    raw = {"orderId": 20, "symbol": "1000PEPEUSDT", "status": "FILLED", "avgPrice": "0.0071", "origQty": "1234",
           "executedQty": "1234", "cumQuote": "8.8012", "type": "MARKET", "side": "BUY", "positionSide": "BOTH",
           "time": 1569514978020, "updateTime": 1569514978021}  # fmt: skip
    market = _swap(exchange, "1000PEPE/USDT:USDT", id="1000PEPEUSDT")
    assert trade(exchange.parse_order(raw, market))["quantity"] == 1234
    quarter = {"symbol": "BTC/USDT:USDT", "side": "buy", "amount": 4.0, "price": 96000.0, "cost": 96000.0}
    assert trade(quarter)["quantity"] == 1
    assert trade(quarter | {"price": 95990.0, "cost": 38400.0})["quantity"] == Decimal("0.4")


def test_a_leverage_or_price_of_nothing_is_unknown() -> None:
    """Gate has a leverage of 0 where the whole account stands behind a position."""
    exchange = ccxt.gate()
    raw = {"contract": "DOGE_USDT", "size": -5, "mode": "single", "leverage": "0", "value": "6.25", "liq_price": "0",
           "entry_price": "0.12", "mark_price": "0.125", "unrealised_pnl": "-0.25"}  # fmt: skip
    market = _swap(exchange, "DOGE/USDT:USDT", id="DOGE_USDT", contractSize=10.0)
    assert arguments.positions([exchange.parse_position(raw, market)])["DOGE/USDT:USDT"] == PositionReading(
        quantity=Decimal(-50), price=Decimal("0.125"), entry=Decimal("0.12"), unrealised=Decimal("-0.25")
    )


def test_a_trade_of_a_hedge_changes_its_own_side(tmp_path: Path) -> None:
    """As Binance and OKX say it; what is bought back of the short closes no long."""
    same: dict[str, Any] = {"symbol": "ETH/USDT:USDT", "price": 100.0, "timestamp": 1733241600000}
    sides = [("buy", 2, "LONG"), ("sell", 1, "SHORT"), ("buy", 1, "SHORT"), ("sell", 2, "LONG")]
    with StoryWriter(tmp_path / "live_story.txt", symbol=None, unit=None, strict=True, max_wait=30.0) as story:
        told = [
            story.fill(
                {
                    **same,
                    "id": str(n),
                    "side": side,
                    "amount": amount,
                    "cost": amount * 100.0,
                    "info": {"positionSide": of},
                }
            )
            for n, (side, amount, of) in enumerate(sides)
        ]
    effects = [
        getattr(event.facts, "effect", None) for events in told for event in events or () if event.kind == "trade"
    ]
    assert effects == ["open", "open", "close", "close"]
