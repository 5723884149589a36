"""The tables that people have: each shape is recognised, named in the head and told, with nothing made up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from livestory.cli import livestory
from livestory.retell.shapes.listing import page
from tests.retell.explaining import explained

A, B, C = "2024-01-02 09:30:00", "2024-01-02 10:30:00", "2024-01-02 11:30:00"
LONG = ["BUY | +2", "@ 100", "SELL | -2", "@ 110"]
TABLES: dict[str, tuple[str, str, list[str]]] = {
    "1 an own loop's wealth": (f",equity,drawdown\n{A},100,0\n{B},90,-0.1\n", "wealth", ["-10.0% to 90.0000 |"]),
    "2 backtesting.py's equity": (
        f",Equity,DrawdownPct,DrawdownDuration\n{A},100.0,0.0,\n{B},90.0,0.1,\n",
        "wealth, backtesting.py",
        ["drawdown read as positive", "-10.0% to 90.0000 |"],
    ),
    "3 a value": (f"Timestamp,Portfolio Value,cash\n{A},100,5\n{B},110,5\n", "wealth", ["+10.0% to 110.0000 |"]),
    "3 vectorbt's value": (f",0\n{A},100\n{B},110\n", "wealth", ["+10.0% to 110.0000 |"]),
    "3 a capital in dollars": (f"Date,Capital (USD)\n{A},100\n{B},110\n", "wealth", ["+10.0% to 110.00 USD"]),
    "4 returns": (
        "date,returns\n2024-01-02,0.1\n2024-01-03,-0.5\n",
        "returns",
        ["-45.0% to 0.5500 |", "Day: Tue 2 Jan | +10.0%", "Day: Wed 3 Jan | -50.0%"],
    ),
    "5 fills": (
        f"timestamp,symbol,side,price,quantity,fee\n{A},ETHUSDT,buy,100,2,0.1\n{B},ETHUSDT,sell,110,2,0.1\n",
        "fills",
        ["+2 ETH @ 100 USDT", "-2 ETH @ 110 USDT"],
    ),
    "6 round trips": (
        (
            "symbol,side,entry_time,exit_time,entry_price,exit_price,size,pnl,pnl_pct,exit_reason\n"
            f"ETH/USDT,long,{A},{B},100,110,2,20,10,target\nETH/USDT,short,{B},{C},110,100,1,10,9.1,stop\n"
        ),
        "round trips",
        ["BUY | +2 ETH @ 100 USDT", "SELL | -2 ETH @ 110 USDT", "-1 ETH @ 110 USDT", "+1 ETH @ 100 USDT"],
    ),
    "7 round trips without side and size": (
        f"entry_date,exit_date,entry_price,exit_price,pnl,pnl_pct,exit_reason\n{A},{B},100,110,20,10.0,target\n",
        "round trips",
        ["no side in it: all taken as long", "worked out from the results in money and in percent", *LONG],
    ),
    "8 backtesting.py's trades": (
        (
            ",Size,EntryBar,ExitBar,EntryPrice,ExitPrice,SL,TP,PnL,Commission,ReturnPct,EntryTime,ExitTime,Duration,Tag\n"
            f"0,2,1,2,100,110,,,19.5,0.5,0.0975,{A},{B},0 days,up\n"
            f"1,-2,2,3,110,100,,,19.5,0.5,0.0886,{B},{C},0 days,down\n"
        ),
        "round trips, backtesting.py",
        [*LONG, "SELL | -2 @ 110", "BUY | +2 @ 100"],
    ),
    "9 vectorbt's trades": (
        (
            "Exit Trade Id,Column,Size,Entry Timestamp,Avg Entry Price,Entry Fees,Exit Timestamp,Avg Exit Price,"
            f"Exit Fees,PnL,Return,Direction,Status\n0,0,2,{A},100,0.2,{B},110,0.22,19.58,0.0979,Long,Closed\n"
            f"1,0,1,{B},110,0.1,{C},105,0,-5.1,-0.046,Long,Open\n"
        ),
        "round trips, vectorbt",
        [*LONG, "BUY | +1 @ 110", "a trade without an exit is open"],
    ),
    "10 vectorbt's orders": (
        f"Order Id,Column,Timestamp,Size,Price,Fees,Side\n0,0,{A},2,100,0.1,Buy\n1,0,{B},2,110,0.1,Sell\n",
        "fills, vectorbt",
        LONG,
    ),
    "11 TradingView's trades, as they were": (
        (
            "Trade #,Type,Signal,Date/Time,Price USD,Contracts,Profit USD,Profit %\n"
            "1,Exit Long,tp,2024-01-02 10:30,110,2,20,10\n1,Entry Long,in,2024-01-02 09:30,100,2,,\n"
        ),
        "two rows a trade, TradingView",
        LONG,
    ),
    "11 TradingView's trades, as they are": (
        (
            "Trade number,Type,Date and time,Signal,Price USD,Size (qty),Size (value),Net PnL USD,Net PnL %\n"
            "1,Exit short,2024-01-02 10:30,tp,90,2,200,20,10\n1,Entry short,2024-01-02 09:30,in,100,2,200,20,10\n"
        ),
        "two rows a trade, TradingView",
        ["SELL | -2 @ 100", "BUY | +2 @ 90"],
    ),
    "11 TradingView's trades in German": (
        (
            "Handelsnr.,Typ,Datum und Zeit,Signal,Preis USD,Größe (Stück),Größe (Wert),Netto-GuV USD,Netto-GuV %\n"
            "1,Ausstieg Long,2024-01-02 10:30,Ziel,110,2,200,20,10\n"
            "1,Einstieg Long,2024-01-02 09:30,rein,100,2,200,20,10\n"
        ),
        "two rows a trade, TradingView",
        LONG,
    ),
    "12 Binance's export": (
        (
            "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"
            f'{A},ETHUSDT,BUY,100,2ETH,200USDT,0.2USDT\n{B},ETHUSDT,SELL,"1,110.5",2ETH,"2,221USDT",0.2USDT\n'
        ),
        "fills, Binance",
        ["+2 ETH @ 100 USDT", "-2 ETH @ 1110.5 USDT"],
    ),
    "13 Kraken's trades": (
        (
            '"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc","ledgers"\n'
            f'"T1","O1","XETHZEUR","{A}.1234","buy","limit",100,200,0.5,2,0,"","L1"\n'
            f'"T2","O2","XETHZEUR","{B}.1234","sell","limit",110,220,0.5,2,0,"","L2"\n'
        ),
        "fills, Kraken",
        ["+2 ETH @ 100 EUR", "-2 ETH @ 110 EUR"],
    ),
    "14 Hummingbot's trades": (
        (
            "exchange_trade_id,market,symbol,base_asset,quote_asset,timestamp,order_id,trade_type,order_type,price,"
            "amount,leverage,trade_fee,position,age\n"
            'a,x,ETH-USDT,ETH,USDT,1704187800000,1,BUY,LIMIT,100,2,1,"{""percent"": ""0.001""}",NIL,1\n'
            'b,x,ETH-USDT,ETH,USDT,1704191400000,2,SELL,LIMIT,110,2,1,"{""percent"": ""0.001""}",NIL,1\n'
        ),
        "fills, Hummingbot",
        ["+2 ETH @ 100 USDT", "-2 ETH @ 110 USDT"],
    ),
    "15 freqtrade's trades": (
        (
            "pair,stake_amount,amount,open_date,close_date,open_rate,close_rate,fee_open,fee_close,profit_ratio,profit_abs,"
            f"exit_reason,enter_tag,is_short\nETH/BTC,0.2,2,{A}+00:00,{B}+00:00,0.1,0.11,0.001,0.001,0.0979,0.01958,roi,dip,False\n"
        ),
        "round trips, freqtrade",
        ["+2 ETH @ 0.1 BTC | dip", "-2 ETH @ 0.11 BTC", "roi"],
    ),
    "16 pyfolio's transactions": (
        f"date,amount,price,sid,symbol,value\n{A},2,100,0,,-200\n{B},-2,110,0,,220\n",
        "fills, pyfolio",
        LONG,
    ),
    "17 passivbot's fills": (
        (
            "trade_id,timestamp,pnl,fee_paid,balance,equity,qty,price,psize,pprice,type\n"
            "1,1704187800000,0,-0.1,999.9,999.9,2,100,2,100,long_ientry\n"
            "2,1704191400000,20,-0.1,1019.8,1019.8,-2,110,0,0,long_nclose\n"
        ),
        "fills, passivbot",
        [*LONG, "fees are negative: read as paid", "to 1019.8000 |"],
    ),
    "18 ccxt's orders": (
        (
            "id,datetime,symbol,type,side,price,amount,filled,average,cost,status,fee\n"
            f"1,{A},ETH/USDT,limit,buy,101,2,2,100,200,closed,\"{{'cost': 0.1, 'currency': 'USDT'}}\"\n"
            f"2,{A},ETH/USDT,limit,buy,90,2,0,,0,open,\n3,{B},ETH/USDT,limit,sell,110,5,2,110,220,canceled,\n"
        ),
        "fills, ccxt",
        ["+2 ETH @ 100 USDT", "-2 ETH @ 110 USDT", "1 row left out: orders without a fill"],
    ),
}
REFUSED = {
    "19 a ledger": (
        f"txid,time,type,asset,amount,fee,balance\na,{A},trade,ETH,2,0,2\nb,{A},trade,USDT,-200,0,800\n",
        "a ledger",
    ),
    "an order book": (f"time,bid_price,bid_size,ask_price,ask_size\n{A},99,1,101,1\n", "an order book"),
    "candles": (f"time,open,high,low,close,volume\n{A},1,1,1,1,1\n", "candles"),
}


def story_of(folder: Path, content: str | bytes, *options: str) -> str:
    """The story of a table that is told."""
    result = explained(folder, content, *options)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", TABLES)
def test_a_known_shape_is_told_and_named_in_the_head(tmp_path: Path, name: str) -> None:
    """Each way in which people's bots, backtests and exchanges write a table."""
    content, read_as, expected = TABLES[name]
    story = story_of(tmp_path, content)
    assert f"; read as {read_as};" in story
    for each in expected:
        assert each in story
    if "ETH" not in content and "BTC" not in content:
        assert "ETH" not in story
        assert "BTC" not in story


@pytest.mark.parametrize("name", REFUSED)
def test_what_tells_of_no_bot_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    """In one line that says what to do."""
    content, expected = REFUSED[name]
    result = explained(tmp_path, content)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"t.csv:1: {expected}: " in result.stderr


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("20240102093000", "2024-01-02 09:30:00"),
        ("202401020930", "2024-01-02 09:30:00"),
        ("20240102093000000", "2024-01-02 09:30:00"),
        ("638397846000000000", "2024-01-02 09:30:00"),
        ("2401020930", "2024-01-02 09:30:00"),
        ("45293.395833333336", "2024-01-02 09:30:00"),
        ("1704187800", "2024-01-02 09:30:00"),
        ("1704187800000", "2024-01-02 09:30:00"),
        ("01/13/2024 9:30 PM", "2024-01-13 21:30:00"),
        ("13.01.2024 09:30", "2024-01-13 09:30:00"),
        ("Jan 2, 2024 09:30", "2024-01-02 09:30:00"),
        ("2 January 2024 09:30:00 CET", "2024-01-02 08:30:00"),
        ("2024-01-02 09:30:00 Europe/Berlin", "2024-01-02 08:30:00"),
        ("2024/01/02 09:30:00+01:00", "2024-01-02 08:30:00"),
        ("Tue Jan  2 09:30:00 2024", "2024-01-02 09:30:00"),
        ("2024-01-02", "2024-01-03 00:00:00"),
        ("20240102", "2024-01-03 00:00:00"),
        ("45293", "2024-01-03 00:00:00"),
    ],
)
def test_a_time_is_the_instant_that_it_means(tmp_path: Path, written: str, meant: str) -> None:
    """However it is written; a day without a time of day is that day's close."""
    assert story_of(tmp_path, f'time,equity\n"{written}",100\n').startswith(meant)


def test_the_zone_of_times_that_name_none_is_asked_for(tmp_path: Path) -> None:
    """And one that is none is refused."""
    told = story_of(tmp_path, f"time,equity\n{A},100\n", "--tz", "Europe/Berlin")
    assert told.startswith("2024-01-02 08:30:00")
    assert "; times that name no zone are of Europe/Berlin; " in told.partition("\n")[0]
    assert "--tz Mars: not a time zone" in explained(tmp_path, f"time,equity\n{A},100\n", "--tz", "Mars").stderr


def test_a_day_and_its_time_may_stand_in_two_columns(tmp_path: Path) -> None:
    """They are one instant."""
    assert story_of(tmp_path, "date,time,equity\n2024-01-02,09:30,100\n").startswith(A)


def test_what_nothing_decides_or_can_hardly_be_is_said_aloud(tmp_path: Path) -> None:
    """The order of day and month, times that are to come, weights beyond all wealth, a score that is none."""
    assert "nothing says whether day or month comes first" in story_of(tmp_path, "time,equity\n1/2/2024 09:30,100\n")
    assert "times reach into 2611-" in story_of(tmp_path, "time,equity\n20240102093,100\n")
    story = story_of(tmp_path, f"time,equity,score,target_weight\n{A},100,-0.18,3\n{B},100,0.2,0\n")
    assert "score not used: beyond 0 to 100" in story
    assert "target weight above 1, up to 3" in story
    assert "Regime" not in story


@pytest.mark.parametrize(
    "rows",
    [
        "time;equity\n{A};1.234,50\n{B};1.300,00\n",
        'time,equity\n{A},"$1,234.50"\n{B},"$1,300"\n',
        "time\tequity\n{A}\t1'234.50\n{B}\t1'300\n",
        "My account,\nsep,\ntime,equity,note\n{A},1234.5 USD,x\n{B},1300 USD,x\n,,\nTotal,,\n",
        "time,equity\n{A},1234.5\ntime,equity\n# a remark,\n{B},1300\n",
        "time,equity\n{A},1234.5\n{B},1\n{B},1300\n",
    ],
)
def test_numbers_and_rows_are_read_as_they_were_meant(tmp_path: Path, rows: str) -> None:
    """Decimal commas, thousands, currency signs; titles, blank rows, totals, headers and remarks in between."""
    assert "In All | +5.3% to 1300.00" in story_of(tmp_path, rows.format(A=A, B=B))


def test_an_optional_column_that_means_something_else_is_left_out_with_a_word(tmp_path: Path) -> None:
    """One that is needed, or that the caller named, refuses the file; any can be left out by the caller."""
    table = f"time,equity,price\n{A},100,cheap\n{B},110,dear\n"
    story = story_of(tmp_path, table)
    assert "price not used: 'cheap' is not a number" in story
    assert "+10.0% to 110.0000" in story
    assert explained(tmp_path, table, "--columns", "price=price").exit_code == 2
    assert "not used: 'cheap'" not in story_of(tmp_path, table, "--columns", "price=-")


def test_a_caller_may_say_the_shape_and_ask_for_all_that_are_known(tmp_path: Path) -> None:
    """An unknown one is refused with those that there are."""
    assert "read as wealth" in story_of(tmp_path, f"time,equity,return\n{A},100,0\n", "--shape", "wealth")
    assert (
        "not a shape; there is two rows a trade" in explained(tmp_path, f"time,equity\n{A},1\n", "--shape", "x").stderr
    )
    listing = CliRunner().invoke(livestory, ["explain", "--formats"]).stdout
    for each in (
        "round trips",
        "backtesting.py, vectorbt, freqtrade",
        "avgentryprice",
        "Refused by name",
    ):
        assert each in listing


def test_the_page_of_known_tables_is_what_is_declared() -> None:
    """`make docs` writes it anew."""
    assert (Path(__file__).parents[2] / "docs" / "tables.md").read_text("utf-8") == page()


def test_wealth_alone_tells_nothing_of_trades(tmp_path: Path) -> None:
    """Where none are known, none are missed; and a result is counted from before the first trade."""
    wealth = "time,equity\n" + "".join(f"2024-01-0{day} 12:00,{100 + day}\n" for day in range(1, 8))
    assert "no trade" not in re.sub("no fills: no trades", "", story_of(tmp_path, wealth))
    fills = f"time,side,quantity,price,pnl,balance\n{A},buy,1,100,0,100\n{B},sell,1,110,10,110\n"
    assert "In All | +10.0% to 110.0000" in story_of(tmp_path, fills)


def test_equal_trade_ids_count_once(tmp_path: Path) -> None:
    """Equal trade ids count once, and that is said; another pair's id is another one."""
    twice = f"time,symbol,side,price,quantity,trade_id\n{A},ETH/BTC,buy,0.05,2,a1\n{A},ETH/BTC,buy,0.05,2,a1\n"
    story = story_of(tmp_path, twice + f"{B},ETH/BTC,buy,0.05,1,a2\n{B},LTC/BTC,buy,0.0017,1,a2\n")
    assert "1 row left out: its trade id was told before" in story
    assert "3 buys, 0 sells" in story


def test_a_position_in_coins_is_told_as_its_weight(tmp_path: Path) -> None:
    """What wealth and price did says that it is what is held."""
    rows = f"time,equity,close,position\n{A},10000,40000,0\n{B},10000,40000,0.1\n{C},10100,41000,0.2\n"
    assert "0% → 40%" in story_of(tmp_path, rows)


def test_a_starting_balance_gives_round_trips_a_wealth(tmp_path: Path) -> None:
    """The reported results are added to it."""
    rows = f"side,entry_time,exit_time,entry_price,exit_price,size,pnl\nlong,{A},{B},100,110,2,20\n"
    assert "In All | +2.0% to 1020.0000" in story_of(tmp_path, rows, "--start", "1000")


PEERS = Path(__file__).resolve().parents[3] / "shared" / "peers"
WRITTEN = {
    "tables/g_backtestingpy_equity.csv": ["read as wealth, backtesting.py", "+0.28% to 100,277.4101 |"],
    "tables/g_backtestingpy_trades.csv": ["read as round trips, backtesting.py", "21 buys, 21 sells"],
    "tables/g_pyfolio_returns.csv": ["read as returns", "+0.07% to 1.0007 |"],
    "tables/g_pyfolio_transactions.csv": ["read as fills, pyfolio", "11 buys, 11 sells"],
    "tables/g_vectorbt_orders.csv": ["read as fills, vectorbt", "11 buys, 11 sells", "fees 2152.4065"],
    "tables/g_vectorbt_trades.csv": ["read as round trips, vectorbt", "11 buys, 11 sells", "fees 2152.4065"],
    "tables/g_vectorbt_positions.csv": ["read as round trips, vectorbt", "11 buys, 11 sells", "fees 2152.4065"],
    "tables/g_vectorbt_value.csv": ["read as wealth", "+0.02% to 100,019.3626 |"],
    "nautilus/generate_fills_report.csv": ["read as fills, NautilusTrader", "-120.20 USDT"],
    "nautilus/generate_orders_report.csv": [
        "read as fills, NautilusTrader",
        "2 rows left out: orders without a fill",
        "-120.20 USDT",
    ],
    "nautilus/generate_positions_report.csv": ["read as round trips, NautilusTrader", "-120.20 USDT"],
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_the_tools_themselves_wrote_is_told(tmp_path: Path, name: str) -> None:
    """The files of real runs, which are no part of the repository."""
    if not (PEERS / name).exists():
        pytest.skip("needs the files of ../shared/peers, which lie beside the project's own machines only")
    story = story_of(tmp_path, (PEERS / name).read_bytes())
    for each in WRITTEN[name]:
        assert each in story
    if "ETH" not in (PEERS / name).read_text("utf-8"):
        assert not re.search(r"\b(ETH|BTC)\b", story)
