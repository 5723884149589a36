"""Holdings and round trips: exact for any sequence of fills, over any symbols, cut anywhere."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, localcontext
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from livestory.clock import DAY, HOUR, MINUTE
from livestory.story.inputs import Fill, Funding, Observation, PositionReading
from livestory.story.kinds.trades import ResultDiffers, Trade
from livestory.story.narrator import Narrator
from livestory.story.positions import EXACT, Holding, RoundTrip
from livestory.story.reason import in_own_words
from tests.reliability.amount import amount
from tests.story.inputs import NEW_YEARS_EVE, fill, of_trades, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import SearchStrategy

    from livestory.story.event import Event
    from livestory.story.inputs import Input

CONTRACTS = ("ETH/USDT:USDT", "BTC/USDT:USDT", "SOL/USDC:USDC")
QUOTE = {symbol: symbol[4:8] for symbol in CONTRACTS}

_amounts = st.decimals("0.00000001", 1000, places=8) | st.sampled_from([Decimal(1), Decimal("0.1"), Decimal(1) / 3])
_fees = st.none() | st.decimals(-1, 1, places=8)


def _fills(symbols: tuple[str, ...]) -> SearchStrategy[list[Fill]]:
    one = st.builds(
        lambda symbol, side, quantity, price, fee: fill(side, str(quantity), str(price), symbol=symbol, fee=fee),
        st.sampled_from(symbols),
        st.sampled_from(["buy", "sell"]),
        _amounts,
        _amounts,
        _fees,
    )
    return st.lists(one, min_size=1, max_size=20).map(_in_time)


def _in_time(inputs: list[Any]) -> list[Any]:
    return [replace(each, time=NEW_YEARS_EVE + number * MINUTE) for number, each in enumerate(inputs)]


def _flattened(narrator: Narrator, time: int) -> list[Fill]:
    """What closes all that is held, at a price of its own."""
    return [
        Fill(time=time, symbol=symbol, side="sell" if held.quantity > 0 else "buy", quantity=held.quantity.copy_abs(),
             price=Decimal("123.456789"), fee=Decimal("0.01"))
        for symbol, held in narrator.account.positions.items() if held.quantity
    ]  # fmt: skip


def _trades(narrator: Narrator, inputs: Iterable[Input]) -> list[Trade]:
    return [event.facts for each in inputs for event in narrator.take(each) if isinstance(event.facts, Trade)]


def _cash(fills: Iterable[Fill]) -> dict[str, Decimal]:
    """What came in less what went out, by quote asset."""
    flows: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext(EXACT):
        for each in fills:
            paid = each.quantity * each.price
            flows[QUOTE[each.symbol or ""]] += (paid if each.side == "sell" else -paid) - (each.fee or 0)
    return flows


@given(_fills(CONTRACTS))
def test_positions_are_the_sums_of_fills(fills: list[Fill]) -> None:
    """Of each symbol its own, whatever is bought and sold in between."""
    narrator = Narrator(None, None)
    _trades(narrator, fills)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext(EXACT):
        for each in fills:
            sums[each.symbol or ""] += each.quantity if each.side == "buy" else -each.quantity
    held = narrator.account.positions
    assert {symbol: held[symbol].quantity for symbol in held if held[symbol].quantity} == {
        symbol: quantity for symbol, quantity in sums.items() if quantity
    }


@given(_fills(CONTRACTS))
def test_once_flat_the_results_are_the_cash_that_flowed_to_the_last_digit(fills: list[Fill]) -> None:
    """Adds, partial closes, flips, fees and rebates; of all fills, and of the round trips but for dust."""
    narrator = Narrator(None, None)
    told = _trades(narrator, fills)
    last = _flattened(narrator, NEW_YEARS_EVE + HOUR)
    told += _trades(narrator, last)
    gains: dict[str, Decimal] = defaultdict(Decimal)
    trips: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext(EXACT):
        for trade in told:
            gains[trade.quote or ""] += trade.gain or 0
            if trade.trip is not None and trade.trip.worked_out is not None:
                trips[trade.trip.asset or ""] += trade.trip.worked_out
        for symbol, held in narrator.account.positions.items():
            assert not held.quantity
            trips[QUOTE[symbol]] += held.carried
    cash = _cash([*fills, *last])
    assert {asset: gains[asset] for asset in cash} == cash
    assert {asset: trips[asset] for asset in cash} == cash


@given(_fills(("ETH/USDT",)), st.sampled_from(["ETH", "BNB", "USDT"]))
def test_a_fee_in_the_base_is_held_less_and_one_in_a_priced_asset_is_worth_its_price(
    fills: list[Fill], asset: str
) -> None:
    """Bought and then sold to the last: the results are the cash, with the fee in whatever it was paid."""
    bought = [replace(each, side="buy", fee_asset=asset) for each in fills]
    narrator = Narrator(None, None)
    narrator.take(fill("buy", 1, "600", symbol="BNB/USDT", time=NEW_YEARS_EVE - 1))
    told = _trades(narrator, bought)
    left = narrator.account.positions["ETH/USDT"].quantity
    sale = Fill(time=NEW_YEARS_EVE + HOUR, symbol="ETH/USDT", side="sell", quantity=left, price=Decimal(77))
    told += _trades(narrator, [sale])
    with localcontext(EXACT):
        in_base = asset == "ETH"
        as_base = [each for each in bought if in_base and each.fee is not None and each.fee < each.quantity]
        charged = {"BNB": Decimal(600), "USDT": Decimal(1), "ETH": None}[asset]
        fees = sum((each.fee * (each.price if charged is None else charged) for each in bought
                    if each.fee is not None and each not in as_base), Decimal(0))  # fmt: skip
        assert left == sum((each.quantity for each in bought), Decimal(0)) - sum(
            (each.fee for each in as_base if each.fee is not None), Decimal(0)
        )
        paid = sum((each.quantity * each.price for each in bought), Decimal(0))
        assert sum((trade.gain or 0 for trade in told), Decimal(0)) == left * 77 - paid - fees


_fundings = st.builds(
    lambda symbol, paid, number: Funding(time=0, symbol=symbol, amount=paid, funding_id=f"{number}"),
    st.sampled_from(CONTRACTS[:2]),
    st.decimals(-1, 1, places=8),
    st.integers(0, 5),
)
_marks = st.builds(
    lambda price: Observation(
        time=0, wealth=1000.0, positions={"ETH/USDT:USDT": PositionReading(quantity=Decimal(1), price=price)}
    ),
    st.decimals(1, 1000, places=2),
)


@given(st.lists(_fills(CONTRACTS[:2]).map(lambda fills: fills[0]) | _fundings, max_size=25).map(_in_time))
def test_two_symbols_in_one_story_are_told_as_in_two_stories(inputs: list[Fill | Funding]) -> None:
    """Trade and funding facts: nothing of the one ever becomes the other's."""

    def facts(chosen: Iterable[Fill | Funding]) -> dict[str, list[Any]]:
        narrator = Narrator(None, None)
        told: dict[str, list[Any]] = defaultdict(list)
        for each in chosen:
            told[each.symbol or ""].extend(event.facts for event in of_trades(narrator.take(each)))
        return dict(told)

    apart = [facts(each for each in inputs if each.symbol == symbol) for symbol in CONTRACTS[:2]]
    assert facts(inputs) == apart[0] | apart[1]


@given(
    st.lists(_fills(CONTRACTS).map(lambda fills: fills[0]) | _fundings | _marks, max_size=20).map(_in_time), st.data()
)
def test_a_story_cut_anywhere_goes_on_the_same(inputs: list[Input], data: st.DataObject) -> None:
    """Saved and restored after any fill, payment or reading."""

    def told(narrator: Narrator, chosen: list[Input]) -> list[Event]:
        return [event for each in chosen for event in narrator.take(each)]

    cut = data.draw(st.integers(0, len(inputs)))
    whole, first, second = Narrator(None, None), Narrator(None, None), Narrator(None, None)
    before = told(first, inputs[:cut])
    second.restore(first.save())
    assert before + told(second, inputs[cut:]) == told(whole, inputs)
    assert second.save() == whole.save()


def _oracle(table: pd.DataFrame) -> pd.DataFrame:
    """Round trips by running sums in whole numbers: cash that flowed between two times at which nothing was held."""
    signed = table.quantity.where(table.side == "buy", -table.quantity)
    table = table.assign(signed=signed, before=signed.groupby(table.symbol).cumsum() - signed)
    flips = table[(table.before != 0) & (table.before * (table.before + table.signed) < 0)]
    closing = flips.assign(signed=-flips.before)
    opening = flips.assign(signed=flips.before + flips.signed, before=0)
    table = pd.concat([table.drop(flips.index), closing, opening]).sort_index(kind="stable")
    table["after"] = table.before + table.signed
    table["cash"] = -table.signed * table.price - table.signed.abs() * table.fee
    ended = table.after == 0
    table["trip"] = ended.groupby(table.symbol).cumsum() - ended
    enters = table.signed * table.after > 0
    table["entered"] = table.signed.abs().where(enters & (table.before * table.signed >= 0), 0)
    table["entered_for"] = table.entered * table.price
    table["size"] = table.after.abs()
    trips = table.groupby(["symbol", "trip"]).agg(
        result=("cash", "sum"), entered=("entered", "sum"), entered_for=("entered_for", "sum"), size=("size", "max"),
        first=("number", "first"), last=("number", "last"), over=("after", lambda after: after.iloc[-1] == 0),
    )  # fmt: skip
    return trips[trips.over].sort_values(["last"]).reset_index()


def test_round_trips_are_those_of_an_independent_oracle() -> None:
    """Over random fills of fifty symbols, with flips, in whole numbers: no figure rounds."""
    rows, random = amount(20_000, 200_000), np.random.default_rng(7)
    table = pd.DataFrame(
        {
            "number": range(rows),
            "symbol": "A" + pd.Series(random.integers(50, size=rows)).astype(str) + "/USDT:USDT",
            "side": random.choice(["buy", "sell"], rows),
            "quantity": random.integers(1, 5, rows),
            "price": random.integers(1, 1000, rows),
            "fee": random.integers(3, size=rows),  # for each unit, so that those of a flip's parts are whole
        }
    )
    expected = _oracle(table)
    narrator, found = Narrator(None, None), []
    for row in table.itertuples():
        one: Any = row
        trade = fill(one.side, one.quantity, one.price, symbol=one.symbol, fee=Decimal(one.fee * one.quantity),
                     time=NEW_YEARS_EVE + one.number)  # fmt: skip
        found += [(one.number, each.trip) for each in _trades(narrator, [trade]) if each.trip is not None]
    assert len(found) == len(expected) > 500
    for (number, trip), row in zip(found, expected.itertuples(), strict=True):
        one = row
        assert (number, trip.symbol, trip.size) == (one.last, one.symbol, one.size)
        assert (trip.opened, trip.closed) == (NEW_YEARS_EVE + one.first, NEW_YEARS_EVE + one.last)
        assert trip.result is not None
        assert abs(trip.result - one.result) < Decimal("1e-18"), "a share of a cost has 28 digits"
        assert trip.entry == Decimal(int(one.entered_for)) / Decimal(int(one.entered))


def _story(*inputs: Input, narrator: Narrator | None = None) -> list[str]:
    narrator = narrator or Narrator("ETH/USDT", "USDT")
    times = count(NEW_YEARS_EVE, HOUR)
    events = [event for each in inputs for event in narrator.take(replace(each, time=next(times)))]
    return [event.line.partition(" | ")[2] for event in of_trades(events) if event.kind != "chapter"]


def _usdt(text: str) -> dict[str, Any]:
    return {"fee": Decimal(text)}


def test_each_change_of_a_position_has_its_words_and_the_last_tells_the_round_trip() -> None:
    """A short that is added to, reduced and turned; what is told stands for the whole trip."""
    sol: dict[str, Any] = {"symbol": "SOL/USDT:USDT"}
    assert _story(
        fill("buy", "0.5", "3640.10", reason=in_own_words("dip"), **_usdt("1.82")),
        fill("sell", 10, "229.5", **sol, **_usdt("2")),
        fill("sell", 5, "231.5", **sol, **_usdt("1")),
        fill("buy", 5, "225", **sol, **_usdt("1")),
        fill("buy", 12, "220", **sol, **_usdt("2.2"), reason=in_own_words("trend over")),
        fill("sell", 2, "225", **sol, **_usdt("0.5")),
        fill("sell", "0.5", "3700", **_usdt("1")),
    ) == [
        "🟢 BUY | +0.5 ETH @ 3640.1 USDT | dip",
        "🔴 SELL | -10 SOL @ 229.5 USDT | opens a short of SOL/USDT:USDT",
        "🔴 SELL | -5 SOL @ 231.5 USDT | adds to the short of SOL/USDT:USDT: 15 SOL at 230.17 on average",
        ("🟢 BUY | +5 SOL @ 225 USDT | reduces the short of SOL/USDT:USDT; result +2.1% after fees (+23.83 USDT); "
         "10 SOL left"),
        ("🟢 BUY | +12 SOL @ 220 USDT | closes the short of SOL/USDT:USDT; trend over; "
        "result in all +3.5% after fees (+121.67 USDT); entry 230.17, exit 221.67, held 3h; opens a long of 2 SOL"),
        ("🔴 SELL | -2 SOL @ 225 USDT | closes the long of SOL/USDT:USDT; result +2.1% after fees (+9.13 USDT); "
        "entry 220, exit 225, held 1h; opened: trend over; no SOL left"),
        ("🔴 SELL | -0.5 ETH @ 3700 USDT | closes the position; result +1.5% after fees (+27.13 USDT); "
        "entry 3640.1, exit 3700, held 6h; opened: dip; no ETH left"),
    ]  # fmt: skip


def test_a_story_with_wealth_and_one_pair_tells_its_trades_as_it_did() -> None:
    """With the price that it was bought at; the whole round trip stands in the record."""
    narrator = Narrator("ETH/USDT", "USDT")
    narrator.take(Observation(time=NEW_YEARS_EVE - 1, wealth=1000.0))
    assert _story(fill("buy", 1, "100", **_usdt("1")), fill("sell", 1, "110", **_usdt("1")), narrator=narrator) == [
        "🟢 BUY | +1 ETH @ 100 USDT",
        "🔴 SELL | -1 ETH @ 110 USDT | result +7.9% after fees (+8.00 USDT); entry 100, held 1h; no ETH left",
    ]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"fee": Decimal("0.001"), "fee_asset": "ETH"}, {"fee": Decimal(0)}, "+9.9% after fees (+9.89 USDT)"),
        ({"fee": Decimal(1), "fee_asset": "USDT"}, {"fee": Decimal(1)}, "+7.9% after fees (+8.00 USDT)"),
        ({}, {}, "+10.0% before fees (+10.00 USDT)"),
        ({}, {"fee": Decimal(1)}, "+9.0% after the fees that are known (+9.00 USDT)"),
        ({"fee": Decimal("0.01"), "fee_asset": "BNB"}, {"fee": Decimal("0.02"), "fee_asset": "BNB"},
         "+10.0% before 0.03 BNB of fees (+10.00 USDT)"),
        ({"fee": Decimal(1)}, {"fee": Decimal(1), "result": Decimal("8.00")}, "+7.9% after fees (+8.00 USDT)"),
        ({"fee": Decimal(1)}, {"fee": Decimal(1), "result": Decimal("10.0")}, "+9.9% before fees (+10.00 USDT)"),
        ({"fee": Decimal(1)}, {"fee": Decimal(1), "result": Decimal("9.0")}, "+8.9% as reported (+9.00 USDT)"),
        ({}, {"result": Decimal("9.2")}, "+9.2% as reported (+9.20 USDT)"),
    ],
)  # fmt: skip
def test_a_result_says_which_fees_it_is_after(first: dict[str, Any], second: dict[str, Any], told: str) -> None:
    """Bought at 100 and sold at 110; what is reported is told."""
    held = "0.999" if first.get("fee_asset") == "ETH" else 1
    (line,) = _story(fill("buy", 1, "100", **first), fill("sell", held, "110", **second))[1:]
    assert f"; result {told}; entry 100, exit 110, held 1h" in line


def test_a_fee_in_a_third_asset_is_worth_what_that_was_last_told_to_cost() -> None:
    """By a fill of it, or by a reading of what is held; never by the price of what was traded."""
    bnb: dict[str, Any] = {"fee": Decimal("0.01"), "fee_asset": "BNB"}
    narrator = Narrator("ETH/USDT", "USDT")
    narrator.take(fill("buy", 1, "600", symbol="BNB/USDT", time=NEW_YEARS_EVE - 1))
    told = _story(fill("buy", 1, "100", **bnb), fill("sell", 1, "120", **bnb), narrator=narrator)
    assert "result +7.5% after fees (+8.00 USDT)" in told[1]
    reading = Observation(time=0, positions={"BNB/USDT": PositionReading(quantity=Decimal(1), price=Decimal(500))})
    told = _story(reading, fill("buy", 1, "100", **bnb), fill("sell", 1, "120", **bnb))
    assert "result +9.5% after fees (+10.00 USDT)" in told[-1]


def test_a_reported_result_that_contradicts_the_fills_is_said_once() -> None:
    """What is reported is told; ours is the check."""
    told = _story(
        *(fill("buy", 1, "100", **_usdt("1")), fill("sell", 1, "110", **_usdt("1"), result=Decimal("12.5"))),
        *(fill("buy", 1, "100", **_usdt("1")), fill("sell", 1, "110", **_usdt("1"), result=Decimal("12.5"))),
    )
    assert "result +12.4% as reported (+12.50 USDT)" in told[1]
    assert told[2] == (
        "⚖️ Result Differs | 12.5 USDT reported | the fills make 8 USDT; what is reported is told; "
        "said once for ETH/USDT"
    )
    assert [line for line in told if "Differs" in line] == [told[2]]


def test_dust_ends_a_round_trip_in_words_and_is_kept() -> None:
    """Less than a thousandth of the largest size; the next trip begins with it."""
    narrator = Narrator("ETH/USDT", "USDT")
    told = _story(fill("buy", 1, "100"), fill("sell", "0.9995", "110"), narrator=narrator)
    assert told[1].endswith("closes the position; result +10.0% before fees (+10.00 USDT); entry 100, exit 110, "
                            "held 1h; 0.0005 ETH of dust left")  # fmt: skip
    held = narrator.account.positions["ETH/USDT"]
    assert (held.quantity, held.cost) == (Decimal("0.0005"), Decimal("0.05"))
    narrator.take(fill("buy", 1, "100", time=NEW_YEARS_EVE + 5 * HOUR))
    (sale,) = _trades(narrator, [fill("sell", "1.0005", "110", time=NEW_YEARS_EVE + 6 * HOUR)])
    assert sale.trip is not None
    assert (sale.trip.opened, sale.trip.result) == (NEW_YEARS_EVE + 5 * HOUR, Decimal("10.005"))
    assert narrator.account.positions == {}


def test_what_a_fee_took_may_be_sold_all_the_same() -> None:
    """Of 2 SOL a fee took 0.002; who sells 2 had those from elsewhere. More than that is of unknown cost."""
    bought = fill("buy", "2", "100", symbol="SOL/USDT", fee=Decimal("0.002"), fee_asset="SOL")
    for sold, result in (("2", Decimal("19.78")), ("2.01", None)):
        narrator = Narrator("SOL/USDT", "USDT")
        narrator.take(replace(bought, time=NEW_YEARS_EVE))
        sale = replace(fill("sell", sold, "110", symbol="SOL/USDT"), time=NEW_YEARS_EVE + MINUTE)
        (event,) = of_trades(narrator.take(sale))
        assert isinstance(event.facts, Trade)
        assert event.facts.gain == result
        assert event.facts.position_after == (None if result is None else 0)


def test_what_readings_say_is_gone_is_not_added_to() -> None:
    """A liquidation that nobody told: the next fill opens anew and says so; once may be an exchange's slip."""

    def story(narrator: Narrator, *later: Input) -> list[str]:
        seen = {"ETH/USDT:USDT": PositionReading(quantity=Decimal(1))}
        held: list[Input] = [fill("buy", 1, "100", symbol="ETH/USDT:USDT"), Observation(time=0, positions=seen)]
        return _story(*held, *later, narrator=narrator)[-1:]

    none, again = Observation(time=0, positions={}), fill("sell", 2, "90", symbol="ETH/USDT:USDT")
    assert story(Narrator(None, "USDT"), none, none, again) == [
        "🔴 SELL | -2 ETH @ 90 USDT | 1 ETH held before went without a fill; opens a short of ETH/USDT:USDT"
    ]
    assert "closes the long" in story(Narrator(None, "USDT"), none, again)[0]
    more = fill("buy", 1, "100", symbol="ETH/USDT:USDT")
    assert "closes the long" in story(Narrator(None, "USDT"), none, more, none, again)[0], (
        "a fill begins the count anew"
    )
    narrator = Narrator(None, "USDT")
    story(narrator, none, none)
    (told_late,) = narrator.take(replace(again, quantity=Decimal(1), time=NEW_YEARS_EVE + HOUR))[:1]
    assert "closes the long" in told_late.line, "it was filled before it was gone"


def test_dust_that_readings_leave_out_is_not_gone() -> None:
    """Nor is what is bought after it, before a reading has it."""
    none = Observation(time=0, positions={})
    told = _story(
        fill("buy", "10", "100", symbol="SOL/USDT"),
        Observation(time=0, positions={"SOL/USDT": PositionReading(quantity=Decimal(10))}),
        fill("sell", "9.9999", "110", symbol="SOL/USDT"),
        *(none, none, none),
        fill("buy", "5", "100", symbol="SOL/USDT"),
        fill("sell", "5", "101", symbol="SOL/USDT"),
        narrator=Narrator(None, "USDT"),
    )
    assert not any("went without a fill" in line for line in told)
    assert "closes the position; result +1.0%" in told[-1]


def test_an_inverse_contract_has_the_result_that_is_reported() -> None:
    """It is paid in the base asset, which prices and sizes in the quote say nothing of."""
    usd: dict[str, Any] = {"symbol": "BTC/USD:BTC"}
    told = _story(
        *(fill("buy", 1, "100", **usd), fill("sell", 1, "110", **usd, result=Decimal("0.09"))),
        *(fill("buy", 1, "100", **usd), fill("sell", 1, "110", **usd)),
    )
    assert told[1].endswith("closes the long of BTC/USD:BTC; result +0.0900 BTC as reported; entry 100, exit 110, "
                            "held 1h; no BTC left")  # fmt: skip
    assert "result" not in told[3]


def test_an_inverse_contract_that_is_closed_in_part_does_not_drift() -> None:
    """A thousand dollars' worth, closed as that: what a part is of the base asset moves with the price."""
    usd: dict[str, Any] = {"symbol": "BTC/USD:BTC"}

    def worth(side: str, dollars: int, price: str, **more: Any) -> Fill:
        return fill(side, str(Decimal(dollars) / Decimal(price)), price, **usd, **more)

    told = _trades(
        Narrator(None, None),
        [
            worth("buy", 1000, "50000"),
            *(worth("sell", 250, price) for price in ("60000", "40000", "61234.5", "80000")),
            worth("sell", 1000, "50000"),
            worth("buy", 400, "30000"),
            worth("buy", 900, "70000"),
            worth("sell", 400, "90000", effect="close"),
        ],
    )
    held = [float(abs(trade.position_after)) for trade in told if trade.position_after is not None]
    assert held == pytest.approx([0.02, 0.015, 0.01, 0.005, 0, 0.02, 0.012, 300 / 70000, 0])
    assert [trade.effect for trade in told] == ["open", *["reduce"] * 3, "close", "open", "reduce", "flip", "close"]
    trips = [trade.trip for trade in told if trade.trip is not None]
    assert [round(float(trip.entry or 0), 6) for trip in trips] == [50000, 50000, 70000]
    assert round(float(trips[0].exit or 0), 3) == round(4 / (1 / 60000 + 1 / 40000 + 1 / 61234.5 + 1 / 80000), 3)


def test_a_holding_that_the_first_stage_saved_goes_on() -> None:
    """Quantity and cost are known, not when it was begun, nor its fees."""
    narrator = Narrator("ETH/USDT", "USDT")
    held = msgspec.convert({"quantity": "2", "cost": "202"}, Holding)
    narrator.account.positions["ETH/USDT"] = held
    assert held.entry == 101
    (sale,) = _trades(narrator, [fill("sell", 2, "110", fee=Decimal(2))])
    assert (sale.gain, sale.effect) == (Decimal(16), "close")
    assert sale.trip == RoundTrip(
        symbol="ETH/USDT",
        asset="USDT",
        closed=NEW_YEARS_EVE,
        entry=Decimal(101),
        exit=Decimal(110),
        size=Decimal(2),
        result=Decimal(16),
        share=16 / 202,
        worked_out=Decimal(16),
        fees={"USDT": Decimal(2)},
    )


def test_a_sale_of_another_pair_is_not_the_price_that_the_own_was_sold_at() -> None:
    """Which the Phoenix tells what a halt has cost by."""
    narrator = Narrator("ETH/USDT", "USDT")
    _trades(narrator, [fill("buy", 1, "100"), fill("sell", 1, "110")])
    _trades(narrator, [fill("buy", 1, "7", symbol="SOL/USDT"), fill("sell", 1, "8", symbol="SOL/USDT")])
    assert narrator.account.sold_at == 110


def test_differs_is_asked_only_of_what_closes() -> None:
    """An opening fill has no result, whatever is reported of it."""
    narrator = Narrator("ETH/USDT", "USDT")
    events = narrator.take(fill("buy", 1, "100", result=Decimal(0)))
    assert [type(event.facts) for event in events] == [Trade]
    assert not any(isinstance(event.facts, ResultDiffers) for event in events)
    assert asdict(events[0].facts)["reported"] == 0


def test_a_rebate_of_more_than_was_sold_is_worth_its_price() -> None:
    """An odd exchange's, or a mistaken one: no sale takes less than nothing from what is held."""
    narrator = Narrator(None, None)
    narrator.take(fill("buy", 1, "100", symbol="ETH/USDT", time=NEW_YEARS_EVE, fee=Decimal(0)))
    sale = fill("sell", 1, "100", symbol="ETH/USDT", time=NEW_YEARS_EVE + 1, fee=Decimal(-2), fee_asset="ETH")
    (event,) = of_trades(narrator.take(sale))
    assert event.line.endswith("closes the position; result +200.0% after fees (+200.00 USDT); entry 100, exit 100, "
                               "held 0s; no ETH left")  # fmt: skip


def test_a_share_is_the_same_whatever_precision_its_teller_works_with() -> None:
    """A bot may have set Python's decimals to few digits, and who retells its story to none of that."""

    def shares() -> list[float | None]:
        narrator = Narrator(None, "USDT")
        paid = Funding(time=NEW_YEARS_EVE + HOUR, symbol="ETH/USDT:USDT", amount=Decimal("-1.2345678901"))
        events = [
            *narrator.take(fill("sell", "1.23456789", "3123.456789", symbol="ETH/USDT:USDT")),
            *narrator.take(paid),
            *narrator.take(fill("buy", "1.23456789", "3000.123456", symbol="ETH/USDT:USDT")),
        ]
        return [getattr(event.facts, "share", None) or getattr(event.facts, "result", None) for event in events]

    with localcontext(prec=4):
        few = shares()
    assert few == shares()
    assert few[1] == float(Decimal("-1.2345678901") / (Decimal("1.23456789") * Decimal("3123.456789")))


@pytest.mark.parametrize(
    ("reported", "with_funding", "differs"),
    [
        ("10.00", False, False),
        ("9.00", False, False),
        ("7.00", True, False),
        ("8.00", True, False),
        ("8.50", True, False),
        ("6.00", False, True),
        ("9.50", False, True),
        ("12.00", False, True),
    ],
)
def test_a_reported_result_may_have_the_funding_in_it(reported: str, with_funding: bool, differs: bool) -> None:  # noqa: FBT001
    """All of it, or a part where a part was closed; what no fee and no funding explains contradicts the fills."""
    symbol = "ETH/USDT:USDT"
    life: list[Input] = [
        fill("buy", 1, "100", symbol=symbol, fee=Decimal("0.4")),
        Funding(time=NEW_YEARS_EVE + HOUR, symbol=symbol, amount=Decimal(-2), funding_id="f"),
        fill("sell", 1, "110", symbol=symbol, fee=Decimal("0.6"), result=Decimal(reported), time=NEW_YEARS_EVE + DAY),
    ]
    found = [event.facts for event in told(Narrator(None, "USDT"), life)]
    trips = [facts.trip for facts in found if isinstance(facts, Trade) and facts.trip is not None]
    assert [trip.with_funding for trip in trips] == [with_funding]
    assert any(isinstance(facts, ResultDiffers) for facts in found) is differs
