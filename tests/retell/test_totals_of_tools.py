"""What a tool reports of its run is what is told: to 8 decimals, or to the digits that it prints.

The runs are of our own making, worked out as each tool works its numbers out, and written as it writes them.
"""

from __future__ import annotations

import json
import random
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import pytest

from livestory.follow.recognition import recognised
from livestory.story.kinds.retold import Summary
from tests.follow.freqtrade_files import result, trade
from tests.retell.listening import Heard, heard, told_of_text

if TYPE_CHECKING:
    from pathlib import Path

_FEE = Decimal("0.001")
_PLACES = Decimal("1e-8")


class Made(NamedTuple):
    """A round trip of a made run."""

    day: int
    size: Decimal
    entry: Decimal
    exit: Decimal
    reason: str

    def at(self, hour: int) -> str:
        """An instant of its day."""
        return f"2024-{1 + self.day // 28:02}-{1 + self.day % 28:02} {hour:02}:00:00"

    @property
    def fees(self) -> tuple[Decimal, Decimal]:
        """Those of its entry and its exit."""
        return (self.size * self.entry * _FEE).quantize(_PLACES), (self.size * self.exit * _FEE).quantize(_PLACES)

    @property
    def result(self) -> Decimal:
        """After fees."""
        return self.size * (self.exit - self.entry) - sum(self.fees)


def run(seed: int, *, trades: int = 60) -> list[Made]:
    """A run of so many trades, one after the other."""
    draw = random.Random(seed)  # noqa: S311 - made trades
    price, made = Decimal(100), []
    for day in range(trades):
        left = price * (1 + Decimal(draw.randint(-300, 320)) / 10_000)
        size = Decimal(draw.randint(1, 50_000)) / 10_000
        made.append(Made(day, size, round(price, 4), round(left, 4), draw.choice(["roi", "stop_loss", "exit_signal"])))
        price = round(left, 4)
    return made


def assert_told(told: Heard, made: list[Made], *, fees: bool = True) -> None:
    """Closed, won and lost, the result, the profit factor, best and worst, each reason and all fees are the run's."""
    assert told.summary is not None
    summary = told.summary.facts
    assert isinstance(summary, Summary)
    (results,) = summary.results
    won = [each.result for each in made if each.result > 0]
    lost = [each.result for each in made if each.result < 0]
    assert (results.closed, results.won, results.lost) == (len(made), len(won), len(lost))
    total = sum((each.result for each in made), Decimal(0))
    assert results.realised.quantize(_PLACES) == total.quantize(_PLACES)
    assert results.profit_factor == pytest.approx(float(sum(won) / -sum(lost)), rel=1e-12)
    assert results.best is not None
    assert results.worst is not None
    assert results.best.result.quantize(_PLACES) == max(won).quantize(_PLACES)
    assert results.worst.result.quantize(_PLACES) == min(lost).quantize(_PLACES)
    if fees:
        (paid,) = summary.fees_by_asset.values()
        assert paid == sum(sum(each.fees) for each in made)
    assert not told.facts("result_differs")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_vectorbts_trades_and_orders_come_to_its_statistics(tmp_path: Path, seed: int) -> None:
    """Its numbers are floats of full length; the trades and the orders of one run tell the same."""
    made = run(seed)
    trades = [("Exit Trade Id,Column,Size,Entry Timestamp,Avg Entry Price,Entry Fees,Exit Timestamp,Avg Exit Price,"
              "Exit Fees,PnL,Return,Direction,Status,Position Id")]  # fmt: skip
    orders = ["Order Id,Column,Timestamp,Size,Price,Fees,Side"]
    for number, each in enumerate(made):
        size, entry, left, won = (float(value) for value in (each.size, each.entry, each.exit, each.result))
        paid, paid_last = map(float, each.fees)
        trades.append(f"{number},0,{size},{each.at(9)},{entry},{paid},{each.at(17)},{left},{paid_last},{won},"
                      f"{won / (size * entry)},Long,Closed,{number}")  # fmt: skip
        orders.append(f"{2 * number},0,{each.at(9)},{size},{entry},{paid},Buy")
        orders.append(f"{2 * number + 1},0,{each.at(17)},{size},{left},{paid_last},Sell")
    for rows in (trades, orders):
        assert_told(told_of_text(tmp_path, "\n".join(rows) + "\n"), made)


@pytest.mark.parametrize("seed", [4, 5])
def test_nautilus_positions_and_fills_come_to_its_result(tmp_path: Path, seed: int) -> None:
    """Its money is text with 8 decimals and a currency; each position's result is after commissions."""
    made = run(seed)
    positions = [("position_id,trader_id,strategy_id,instrument_id,account_id,opening_order_id,closing_order_id,entry,"
                 "side,quantity,peak_qty,ts_init,ts_opened,ts_last,ts_closed,duration_ns,avg_px_open,avg_px_close,"
                 "commissions,realized_return,realized_pnl,is_snapshot")]  # fmt: skip
    fills = [("client_order_id,trader_id,strategy_id,instrument_id,venue_order_id,account_id,trade_id,position_id,"
             "order_side,order_type,last_qty,last_px,currency,commission,liquidity_side,ts_event")]  # fmt: skip
    for n, each in enumerate(made):
        won = each.result.quantize(_PLACES)
        positions.append(
            f"P-{n},T-001,S-000,SOLUSDT.BINANCE,BINANCE-001,O-{n}-1,O-{n}-2,BUY,FLAT,0.00000,{each.size},,"
            f"{each.at(9)}+00:00,,{each.at(17)}+00:00,1.0,{each.entry},{each.exit},['{sum(each.fees)} USDT'],0.0,"
            f"{won} USDT,True"
        )
        for hour, side, price, fee in ((9, "BUY", each.entry, each.fees[0]), (17, "SELL", each.exit, each.fees[1])):
            fills.append(
                f"O-{n}-{hour},T-001,S-000,SOLUSDT.BINANCE,V-{n},BINANCE-001,T-{n}-{hour},P-{n},{side},MARKET,"
                f"{each.size},{price},USDT,{fee} USDT,TAKER,{each.at(hour)}+00:00"
            )
    for rows in (positions, fills):
        assert_told(told_of_text(tmp_path, "\n".join(rows) + "\n"), made)


@pytest.mark.parametrize("seed", [6, 7])
def test_a_backtest_of_freqtrade_comes_to_what_it_prints(tmp_path: Path, seed: int) -> None:
    """Its result to 8 decimals, and that of each exit reason."""
    made = run(seed)
    trades = [
        trade(
            each.at(9), each.at(17), float(each.result.quantize(_PLACES)), pair="SOL/USDT", amount=float(each.size),
            stake_amount=float(each.size * each.entry), open_rate=float(each.entry), close_rate=float(each.exit),
            exit_reason=each.reason,
        )
        for each in made
    ]  # fmt: skip
    reported = result(
        *trades, stake_currency="USDT", starting_balance=1000, final_balance=0,
        backtest_start="2024-01-01 00:00:00", backtest_end="2024-12-01 00:00:00",
    )  # fmt: skip
    reported["final_balance"] = 1000 + reported["profit_total_abs"]
    file = tmp_path / "backtest-result.json"
    file.write_text(json.dumps({"strategy": {"Dip": reported}}), encoding="utf-8")
    source = recognised(file, str(file), 0, None)
    assert source is not None
    told = heard(source)
    assert_told(told, made, fees=False)
    assert told.summary is not None
    summary = told.summary.facts
    assert isinstance(summary, Summary)
    of_reasons = {each.reason: each.result.quantize(_PLACES) for each in summary.results[0].reasons}
    assert of_reasons == {
        reason: sum(each.result.quantize(_PLACES) for each in made if each.reason == reason)
        for reason in {each.reason for each in made}
    }
    assert summary.wealth == pytest.approx(reported["final_balance"], rel=1e-12)
    wealth = [1000.0, *accumulate((float(each.result.quantize(_PLACES)) for each in made), initial=1000.0)]
    peaks = accumulate(wealth, max)  # freqtrade's max_drawdown_account: from the highest balance, at the closes
    deepest = max(1 - each / peak for each, peak in zip(wealth, peaks, strict=True))
    assert summary.deepest == pytest.approx(-deepest, rel=1e-9)
