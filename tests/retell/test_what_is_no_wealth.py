"""Tables with a word of wealth that say something else, or several things: told as they are meant, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.retell.explaining import explained

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = (f"2024-03-{day:02} 10:00:00" for day in (5, 6, 7))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"opened,closed,px open,px close,value,p/l\n{A},{B},100,105,5.84,474\n", "no column for entry_price"),
        (f"time,model,value\n{A},a,0\n{B},b,-0.1\n", "nothing to tell besides the time"),
        (
            f"symbol,side,size,avgPrice,markPrice,unrealisedPnl,createdTime\nSOLUSDT,Buy,2,100,105,10,{A}\n",
            "open positions: they tell of no trade",
        ),
        (
            f"date,Trend,Mean reversion,Buy & hold\n{A},1,1,1\n{B},1.1,1,0.9\n",
            "a number in each of several columns: Trend, Mean reversion, Buy & hold; name the one that is the wealth",
        ),
    ],
    ids=["a value of each trade", "values at or below 0", "open positions", "several curves"],
)
def test_what_is_no_wealth_is_refused(content: str, problem: str, tmp_path: Path) -> None:
    """With what to do."""
    told = explained(tmp_path, content)
    assert (told.exit_code, told.stdout) == (2, "")
    assert problem in told.stderr


def test_one_of_several_curves_is_told_by_its_name(tmp_path: Path) -> None:
    """As the message says."""
    told = explained(tmp_path, f"date,Trend,Hold\n{A},1,1\n{B},1.1,0.9\n", "--columns", "wealth=Hold")
    assert "-10.0% to 0.9000" in told.stdout


def test_a_total_beside_several_is_told(tmp_path: Path) -> None:
    """What the others are is said."""
    told = explained(tmp_path, f"date,BTC,ETH,total\n{A},50,50,100\n{B},60,50,110\n").stdout
    assert "+10.0% to 110.0000" in told
    assert "columns not used: BTC, ETH" in told


def test_all_returns_of_one_time_count(tmp_path: Path) -> None:
    """None is left out, and none is said to be."""
    told = explained(tmp_path, f"time,return\n{A},0.1\n{B},0.1\n{B},0.1\n").stdout
    assert "+33.1% to 1.3310" in told
    assert "left out" not in told


def test_one_day_and_two_times_of_day_are_an_entry_and_an_exit(tmp_path: Path) -> None:
    """As those who trade within a day write them."""
    header = "Date,Entry_Time,Exit_Time,Direction,Entry_Price,Exit_Price,Qty\n"
    told = explained(tmp_path, header + "2024-03-05,09:30:00,10:15:00,LONG,100,105,2\n").stdout
    assert "2024-03-05 09:30:00 | 🟢 BUY | +2 @ 100" in told
    assert "2024-03-05 10:15:00 | 🔴 SELL | -2 @ 105" in told


def test_a_market_beside_a_code_is_an_exchange(tmp_path: Path) -> None:
    """The code is what was traded."""
    told = explained(tmp_path, f"Market,Code,Type,Date,Quantity,Price\nNASDAQ,XYZ,Buy,{A},2,100\n").stdout
    assert "+2 XYZ @ 100" in told


def test_sides_are_found_whatever_their_column_is_called(tmp_path: Path) -> None:
    """Dividends between them are no purchases."""
    header = "Datum;Mouvement;Titel;Antal;Kurs\n"
    rows = f"{A};Köp;XYZ;2;100\n{B};Utdelning;XYZ;2;1,5\n{C};Sälj;XYZ;-2;105\n"
    told = explained(tmp_path, header + rows).stdout
    assert "1 row left out: its side is utdelning" in told
    assert "1 trade closed, 1 won, 0 lost, result +10.0000" in told


def test_results_before_the_fees_of_entries_are_told_after_them(tmp_path: Path) -> None:
    """Hyperliquid writes the fee of an opening fill as its result: 10 - 0.21 - 0.2 are won."""
    rows = f"{A},SOL,Open Long,100,2,200,0.2,-0.2\n{B},SOL,Close Long,105,2,210,0.21,9.79\n"
    told = explained(tmp_path, "time,coin,dir,px,sz,ntl,fee,closedPnl\n" + rows).stdout
    assert "results are before the fees of the entries, which are taken off" in told
    assert "1 trade closed, 1 won, 0 lost, result +9.5900" in told
    assert "Differs" not in told


def test_ask_and_bid_are_left_to_what_was_done(tmp_path: Path) -> None:
    """Hyperliquid's sides say which side of the book was hit."""
    rows = f"{A},SOL,A,Open Short,105,2\n{B},SOL,B,Close Short,100,2\n"
    told = explained(tmp_path, "time,coin,side,dir,px,sz\n" + rows).stdout
    assert "1 trade closed, 1 won, 0 lost, result +10.0000" in told


@pytest.mark.parametrize("symbol", ["BAJAJ-AUTO", "AAPL_NASDAQ"])
def test_no_asset_is_made_of_a_name(symbol: str, tmp_path: Path) -> None:
    """What stands behind a dash is the quote only where that is money or a coin that is paid with."""
    told = explained(tmp_path, f"time,symbol,side,price,quantity\n{A},{symbol},buy,100,2\n").stdout
    assert f"+2 {symbol} @ 100\n" in told


def test_trades_without_quantities_are_no_story_of_reasons(tmp_path: Path) -> None:
    """Of several symbols neither price nor weight is told, and so nothing."""
    rows = f"{A},AAA,BUY,100,0.5,rebalance\n{A},BBB,BUY,50,0.5,rebalance\n"
    told = explained(tmp_path, "date,code,action,price,weight,reason\n" + rows)
    assert told.exit_code == 2
    assert "nothing to tell besides the time" in told.stderr


@pytest.mark.parametrize(
    "order",
    [
        "{'symbol': 'SOL/USDT', 'side': '%s', 'price': %s, 'amount': 2, 'fee': {'cost': 0.2, 'currency': 'USDT'}}",
        '{""symbol"": ""SOL/USDT"", ""side"": ""%s"", ""price"": %s, ""amount"": 2, ""fee"": 0.2}',
    ],
    ids=["Python", "JSON"],
)
def test_orders_in_one_column_are_read(order: str, tmp_path: Path) -> None:
    """As a bot logs them: what they hold stands in columns of its own."""
    bought, sold = order % ("buy", 100), order % ("sell", 105)
    told = explained(tmp_path, f'time,event,order\n{A},fill,"{bought}"\n{B},fill,"{sold}"\n').stdout
    assert "1 trade closed, 1 won, 0 lost, result +9.60 USDT" in told


@pytest.mark.parametrize(
    ("name", "cells", "told"),
    [
        ("cumulative_return", "0.0 0.01 -0.02", "-2.0% to 0.9800"),
        ("Cumulative_Returns", "1.0 1.01 0.98", "-2.0% to 0.9800"),
        ("cumulative_return_pct", "0 1 -2", "-2.0% to 0.9800"),
    ],
)
def test_all_returns_so_far_are_a_wealth(name: str, cells: str, told: str, tmp_path: Path) -> None:
    """What was won of 1, or what 1 has become."""
    rows = "".join(f"{time},{cell},0\n" for time, cell in zip((A, B, C), cells.split(), strict=True))
    assert told in explained(tmp_path, f"date,{name},drawdown\n{rows}").stdout


def test_what_two_columns_say_together_is_read_of_json_too(tmp_path: Path) -> None:
    """Once, not twice."""
    times = '"date": "2024-03-05", "entry_time": "09:30", "exit_time": "10:15"'
    told = explained(tmp_path, f'[{{{times}, "side": "long", "entry_price": 100, "exit_price": 105}}]').stdout
    assert "2024-03-05 10:15:00 | 🔴 SELL | -1 @ 105" in told


@pytest.mark.parametrize("dates", ["03/04/2025 11/04/2025 02/05/2025", "11/02/2026 12/02/2026 01/03/2026"])
def test_days_that_ascend_say_what_comes_first(dates: str, tmp_path: Path) -> None:
    """Read with the month first, they would jump."""
    rows = "".join(f"{date} 10:00:00,{100 + n}\n" for n, date in enumerate(dates.split()))
    told = explained(tmp_path, "time,equity\n" + rows).stdout
    assert "dates read with the day first: else they would be out of order, or ahead of now" in told
    assert "out of order and were sorted" not in told


def test_a_value_of_each_symbol_is_no_wealth(tmp_path: Path) -> None:
    """Such as dividends."""
    told = explained(tmp_path, f"date,symbol,event,value\n{A},AAA,DIVIDENDS,5\n{B},BBB,DIVIDENDS,3\n")
    assert told.exit_code == 2
    assert "t.csv:1:4: a value of each trade or symbol, and no wealth" in told.stderr


def test_companies_are_what_is_traded(tmp_path: Path) -> None:
    """Each is held by itself."""
    rows = f"{A},Tata Motors,Buy,2,100\n{B},TCS Ltd,Buy,1,3000\n{C},Tata Motors,Sell,2,105\n"
    told = explained(tmp_path, "Date,Company,Side,Quantity,Price\n" + rows).stdout
    assert "1 trade closed, 1 won, 0 lost, result +10.0000" in told


def test_a_first_column_of_words_is_no_time(tmp_path: Path) -> None:
    """What lacks is named."""
    told = explained(tmp_path, "strategy,price,score\nmomentum,1,2\n")
    assert "no column for time" in told.stderr


def test_hyperliquid_takes_the_fee_of_a_bought_coin_in_that_coin(tmp_path: Path) -> None:
    """Its export does not say so, but its amounts do."""
    rows = f"{A},HYPE/USDC,Buy,10,8,80,0.0028,-0.028\n{B},BTC,Open Long,60000,0.1,6000,2,-2\n"
    told = explained(tmp_path, "time,coin,dir,px,sz,ntl,fee,closedPnl\n" + rows).stdout
    assert "fees 2.0000 and 0.0028 HYPE" in told or "fees 0.0028 HYPE" in told


def test_what_each_trade_came_to_is_no_wealth(tmp_path: Path) -> None:
    """It is read as trades where it says how much was traded."""
    rows = f"{A},Buy,SOL/USDT,100,{{}},200 USDT\n{B},Sell,SOL/USDT,105,{{}},210 USDT\n"
    told = explained(tmp_path, "Time,Trade Type,Pair,Price,Order Amount,Total\n" + rows.format("2 SOL", "2 SOL")).stdout
    assert "1 trade closed, 1 won, 0 lost, result +10.00 USDT" in told
    refused = explained(tmp_path, "Time,Trade Type,Pair,Price,Ordered,Total\n" + rows.format("2 SOL", "2 SOL"))
    assert "a value of each trade or symbol, and no wealth" in refused.stderr


def test_a_dividend_without_a_time_is_left_out(tmp_path: Path) -> None:
    """As Alpaca's activities have it, which name its day elsewhere."""
    told = explained(
        tmp_path,
        f'[{{"transaction_time":"{A}","side":"buy","symbol":"AAA","qty":"2","price":"100"}},'
        f'{{"transaction_time":"{B}","side":"sell","symbol":"AAA","qty":"2","price":"105"}},'
        '{"date":"2024-03-07","symbol":"AAA","qty":"2","net_amount":"1.2"}]',
    ).stdout
    assert "1 row left out: its side is empty" in told
    assert "1 trade closed, 1 won, 0 lost, result +10.0000" in told


def test_the_quotes_half_of_a_trade_is_left_out(tmp_path: Path) -> None:
    """OKX writes a row for each asset that a trade changes."""
    header = "Order id,Time,Symbol,Action,Amount,Trading Unit,Filled Price\n"
    rows = f"1,{A},SOL-USDT,Buy,2,SOL,100\n1,{A},SOL-USDT,Buy,200,USDT,100\n"
    rows += f"2,{B},SOL-USDT,Sell,2,SOL,105\n2,{B},SOL-USDT,Sell,210,USDT,105\n"
    told = explained(tmp_path, header + rows).stdout
    assert "2 rows left out: it is the quote's half of a trade, and its fee" in told
    assert "1 trade closed, 1 won, 0 lost, result +10.00 USDT" in told


def test_values_in_place_of_a_header_are_named(tmp_path: Path) -> None:
    """Also where one of them is a word."""
    told = explained(tmp_path, "2024-03-05,100000.0,0.00,held nothing\n2024-03-06,101000.0,1.00,held all\n")
    assert told.exit_code == 2
    assert "no header: the first row holds values already" in told.stderr
