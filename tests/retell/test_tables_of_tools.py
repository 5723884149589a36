"""What tools write beside the twenty known shapes, and what was told falsely: all as its owner means it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.retell.explaining import explained

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = "2024-03-05 09:30:00", "2024-03-05 10:30:00", "2024-03-05 11:30:00"
WON = "1 trade closed, 1 won, 0 lost, result +10.00 USDT"
TOLD: dict[str, tuple[str, list[str]]] = {
    "Binance's orders": (
        (
            "Date(UTC),OrderNo,Pair,Type,Order Price,Order Amount,AvgTrading Price,Filled,Total,status\n"
            f"{A},1,SOLUSDT,BUY,101,2,100,2,200,Filled\n{B},2,SOLUSDT,SELL,110,2,0,0,0,Canceled\n"
            f"{C},3,SOLUSDT,SELL,104,2,105,2,210,Filled\n"
        ),
        ["read as fills, Binance", "1 row left out", "+2 SOL @ 100 USDT", WON],
    ),
    "Binance's futures, with the profit that it reports": (
        (
            f"Time(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit\n{A},SOLUSDT,BUY,100,2,200,0.1 USDT,0\n"
            f"{B},SOLUSDT,SELL,105,2,210,0.1 USDT,10\n"
        ),
        [WON, "before fees (+10.00 USDT)", "fees 0.2 USDT"],
    ),
    "Coinbase's fills": (
        (
            "portfolio,trade id,product,side,created at,size,size unit,price,fee,total,price/fee/total unit\n"
            "p,1,SOL-USD,BUY,2024-03-05T09:30:00Z,2,SOL,100,1,-201,USD\n"
            "p,2,SOL-USD,SELL,2024-03-05T10:30:00Z,2,SOL,106,1,211,USD\n"
        ),
        ["read as fills, Coinbase", "result +10.00 USD", "fees 2.00 USD"],
    ),
    "Coinbase's report, below its titles": (
        (
            "\nYour report\n\nTransactions\nUser,a@example.org,1\n"
            "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,"
            "Total (inclusive of fees and/or spread),Fees and/or Spread,Notes\n"
            f"a,{A} UTC,Buy,SOL,2,USD,$100.00,$200.00,$201.00,$1.00,x\n"
            f"b,{B} UTC,Sell,SOL,-2,USD,$106.00,$212.00,$211.00,$1.00,x\n"
        ),
        ["+2 SOL @ 100 USD", "result +10.00 USD"],
    ),
    "Bybit's closed trades, whose direction is that of the close": (
        (
            "Contracts,Closing Direction,Qty,Entry Price,Exit Price,Closed P&L,Exit Type,Trade Time(UTC+0)\n"
            f"SOLUSDT,sell,2,100,105,9.8,Trade,{A}\nSOLUSDT,buy,2,105,100,9.8,Trade,{B}\n"
        ),
        ["read as round trips, Bybit", "closes the short", "2 trades closed, 2 won, 0 lost, result +19.60 USDT"],
    ),
    "KuCoin's times, in the zone that their column names": (
        (
            "Symbol,Side,Avg. Filled Price,Filled Amount,Filled Time(UTC+01:00),Fee,Fee Currency\n"
            f"SOL-USDT,BUY,100,2,{B},0,USDT\nSOL-USDT,SELL,105,2,{C},0,USDT\n"
        ),
        [f"{A} | 🟢 BUY | +2 SOL @ 100 USDT", WON],
    ),
    "OKX' spot trades, whose results are 0 and whose balance is one coin's": (
        (
            "id,Time,Instrument,Action,Amount,Filled Price,PnL,Fee,Fee Unit,Balance,Balance Unit\n"
            f"1,{A},SOL-USDT,Buy,2,100,0,-0.1,USDT,2,SOL\n2,{B},SOL-USDT,Sell,2,105,0,-0.1,USDT,0,SOL\n"
        ),
        ["result +9.80 USDT", "fill result not used: it is 0 throughout"],
    ),
    "3Commas' deals, with the quote before the base": (
        (
            "deal_id;pair;strategy;status;created_at;closed_at;bought_amount;bought_average;sold_amount;sold_average;profit\n"
            f"1;USDT_SOL;long;completed;{A};{B};2;100;2;105;10\n"
        ),
        ["read as round trips, 3Commas", "+2 SOL @ 100 USDT", WON],
    ),
    "MetaTrader's deals, in lots, with a deposit": (
        (
            "Time\tDeal\tSymbol\tType\tDirection\tVolume\tPrice\tOrder\tCommission\tSwap\tProfit\tBalance\tComment\n"
            "2024.03.05 09:00:00\t1\t\tbalance\t\t\t\t\t0.00\t0.00\t10 000.00\t10 000.00\t\n"
            "2024.03.05 09:30:00\t2\tEURUSD\tbuy\tin\t1.00\t1.10000\t2\t-3.50\t0.00\t0.00\t9 996.50\t\n"
            "2024.03.05 10:30:00\t3\tEURUSD\tsell\tout\t0.50\t1.10200\t3\t-1.75\t-1.20\t100.00\t10 093.55\ttp\n"
            "2024.03.05 11:30:00\t4\tEURUSD\tsell\tout\t0.50\t1.10200\t4\t-1.75\t-1.20\t100.00\t10 190.60\ttp\n"
        ),
        [
            "Deposit | +10,000.00 USD",
            "+100,000 EUR @ 1.1 USD",
            "a quantity of 1 is 100000",
            "result +0.17% after fees (+95.30 USD)",
            "1 trade closed, 1 won, 0 lost, result +190.60 USD",
            "fees 7.00 USD",
            "funding paid 2.40 USD",
        ],
    ),
    "MetaTrader's positions, with two columns called Time and Price": (
        (
            "Time;Position;Symbol;Type;Volume;Price;S / L;T / P;Time;Price;Commission;Swap;Profit\n"
            "2024.03.05 09:30:00;1;EURUSD;buy;1;1.10000;;;2024.03.05 10:30:00;1.10200;-7.00;-1.50;200.00\n"
            "2024.03.05 10:00:00;2;EURUSD;sell;1;1.10300;;;2024.03.05 11:30:00;1.10100;-7.00;0.80;200.00\n"
        ),
        [
            "read as round trips, MetaTrader",
            "results are before fees and swap, which are taken off",
            "funding paid 1.5 USD, in it",
            "2 trades closed, 2 won, 0 lost, result +385.30 USD",
            "fees 14.00 USD",
        ],
    ),
    "MetaTrader's positions of an account in dollars, one of them paid in yen": (
        (
            "Time;Position;Symbol;Type;Volume;Price;S / L;T / P;Time;Price;Commission;Swap;Profit\n"
            f"{A};1;EURUSD;buy;1;1.10000;;;{B};1.10200;-7.00;0;200.00\n"
            f"{A};2;USDJPY;sell;1;150.00;;;{B};149.00;-7.00;0.80;671.14\n"
        ),
        [
            "results and fees of USDJPY not used: they are in the account's currency",
            "-100,000 USD @ 150 JPY",
            "1 trade closed, 1 won, 0 lost, result +193.00 USD",
            "1 trade closed, 1 won, 0 lost, result +100,000 JPY",
            "fees 7.00 USD",
        ],
    ),
    "Interactive Brokers' trades, in the currency beside them": (
        (
            '"Symbol","CurrencyPrimary","DateTime","Quantity","TradePrice","IBCommission","Buy/Sell","FifoPnlRealized"\n'
            '"ACME","USD","20240305;093000","10","100","-1","BUY","0"\n'
            '"ACME","USD","20240305;103000","-10","102","-1","SELL","18"\n'
        ),
        ["read as fills, Interactive Brokers", "+10 ACME @ 100 USD", "after fees (+18.00 USD)"],
    ),
    "Jesse's trades, with a quantity beside what it cost": (
        (
            "id,symbol,type,strategy_name,opened_at,closed_at,entry_price,exit_price,qty,size,PNL,PNL_percentage,fee\n"
            "a,SOL-USDT,long,T,1709631000000,1709634600000,100,105,2,200,9.8,4.9,0.2\n"
        ),
        ["read as round trips, Jesse", "+2 SOL @ 100 USDT", "after fees (+9.80 USDT)"],
    ),
    "Hyperliquid's fills": (
        (
            "time,coin,dir,px,sz,ntl,fee,closedPnl\n3/15/2024 - 09:30:00,SOL,Open Long,100,2,200,0,0\n"
            "3/15/2024 - 10:30:00,SOL,Close Long,105,2,210,0,10\n"
        ),
        ["2024-03-15 09:30:00 | 🟢 BUY | +2 SOL @ 100", "result +10.0000"],
    ),
    "TradingView's list, whose last trade is open": (
        (
            "Trade #,Type,Signal,Date/Time,Price USD,Contracts,Profit USD,Profit %\n"
            f"1,Exit Long,TP,{B},105,2,10,5\n1,Entry Long,L,{A},100,2,10,5\n"
            f"2,Entry Long,L,{C},100,2,0,0\n2,Exit Long,Open,,,,,\n"
        ),
        ["1 trade closed, 1 won, 0 lost", "a trade without an exit is open", "open: 2 at 100"],
    ),
    "a European workbook as CSV": (
        (
            "Datum;Symbol;Richtung;Menge;Kurs;Gebühr;Gewinn\n05.03.2024 09:30;SOL/EUR;Kauf;2;1.000,50;0,50;\n"
            "05.03.2024 10:30;SOL/EUR;Verkauf;2;1.005,75;0,50;9,50\n"
        ),
        ["+2 SOL @ 1000.5 EUR", "result +9.50 EUR"],
    ),
    "trades of one symbol that overlap, a short among them": (
        (
            "trade_id,symbol,direction,entry_time,exit_time,entry_price,exit_price,quantity,pnl\n"
            f"1,SOLUSDT,BUY,{A},{C},100,105,2,10\n2,SOLUSDT,BUY,2024-03-05 09:45:00,{B},101,100,2,-2\n"
            f"3,SOLUSDT,SELL,{B},2024-03-05 12:30:00,103,101,2,4\n"
        ),
        ["3 trades closed, 2 won, 1 lost, result +12.00 USDT", "2 SOL left", "closes the short"],
    ),
    "a long and its short at once": (
        (
            "symbol,side,entry_time,exit_time,entry_price,exit_price,qty\n"
            f"SOLUSDT,LONG,{A},{C},100,105,2\nSOLUSDT,SHORT,{A},{C},100,105,2\n"
        ),
        ["2 trades closed, 1 won, 1 lost, result 0.00 USDT"],
    ),
    "lots, told from what trades earned": (
        (
            "symbol,direction,entry_time,exit_time,entry_price,exit_price,lots,profit\n"
            f"XAUUSD,BUY,{A},{B},2050,2055,0.1,50\nXAUUSD,SELL,{B},{C},2055,2058,0.1,-30\n"
        ),
        [
            "a quantity of 1 is 100 by the results: it counts lots or contracts",
            "+10 XAU @ 2050 USD",
            "result +20.00 USD",
        ],
    ),
    "contracts of several futures, told from what trades earned": (
        (
            "symbol,direction,entry_time,exit_time,entry_price,exit_price,contracts,profit\n"
            f"MES,BUY,{A},{B},5000,5010,2,100\nMNQ,BUY,{A},{B},18000,18010,1,20\nMBT,SELL,{B},{C},60000,59000,1,100\n"
        ),
        ["a quantity of 1 is 5 MES, 2 MNQ and 0.1 MBT, each by its results: it counts lots or contracts", "+10 MES"],
    ),
    "a result of less than a cent": (
        f"time,symbol,side,price,quantity\n{A},SOLUSDT,buy,0.05,0.5\n{B},SOLUSDT,sell,0.052,0.5\n",
        ["(+0.001 USDT)", "1 won, 0 lost, result +0.001 USDT"],
    ),
    "a position in words": (
        f"timestamp,price,position,equity\n{A},100,FLAT,1000\n{B},101,LONG,1010\n",
        ["position not used: 'FLAT' is not a number", "+1.0% to 1010.0000"],
    ),
    "returns in a column without a name": ("Date,0\n2024-03-05,0.1\n2024-03-06,-0.1\n", ["read as returns", "0.9900"]),
    "returns of months": ("month,return\n2024-01,0.1\n2024-02,-0.1\n", ["2024-03-01 00:00:00", "-1.0% to 0.9900"]),
    "all withdrawn, and something back": (
        f"time,equity,flow\n{A},1000,0\n{B},0,-1000\n2024-03-05 10:45:00,0,0\n{C},500,500\n",
        ["1000.0000 → 0.0000; not loss", "0.0000 → 500.0000; not profit", "In All | 0.0% to 500.0000"],
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_tools_table_is_told_as_its_owner_means_it(tmp_path: Path, name: str) -> None:
    """With the symbol, unit, side, quantity, fee and result that it says, and no reading refused."""
    content, expected = TOLD[name]
    result = explained(tmp_path, content)
    assert result.exit_code == 0, result.stderr
    for each in expected:
        assert each in result.stdout
    assert "Refused" not in result.stdout
    assert "Differs" not in result.stdout
    assert "ETH" not in result.stdout


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"date,symbol,equity\n{A},SOL,100\n{A},ADA,50\n{B},SOL,101\n{B},ADA,51\n", ":1:2: a wealth for each"),
        (f"UTC_Time,Account,Operation,Coin,Change\n{A},Spot,Buy,SOL,1\n{A},Spot,Buy,USDT,-100\n", ":1: a ledger: "),
        (f"Date,Sent Amount,Sent Currency,Received Amount,Received Currency\n{A},100,USDT,1,SOL\n", ":1: a tax export"),
        (f"transactTime,symbol,side,lastQty,lastPx,execCost,execComm\n{A},XBTUSD,Buy,9,9,9,9\n", ":1: BitMEX's exec"),
        (f"time,equity,equity\n{A},100,90\n", ":1:3: 2 columns are called 'equity'"),
        (
            (
                "Date,Action,Symbol,Quantity,Price\n2024-03-05,Sell to Open,SPY 04/19/2024 470.00 P,1,3.20\n"
                "2024-04-19,Assigned,SPY shares,100,470\n"
            ),
            ":1:2: options that ended without a trade (assigned), which no price tells; explain the account's wealth",
        ),
        (f"time,equity,equity.1\n{A},100,90\n", ":1:2: a wealth in each of several columns: equity, equity.1; name"),
        (f"time,return,return.1\n{A},0.1,0.2\n", ":1:2: a return in each of several columns: return, return.1; name"),
        (f",0,1,2\n{A},100,90,80\n", ":1:2: a wealth in each of several columns: 0, 1, 2; name"),
        (f"date,BTC,ETH\n{A},100,90\n", ":1: a number in each of several columns: BTC, ETH; name the one"),
        (
            (
                'Trade date,Settle date,Description,Unit cost (p),Quantity,Value\n"05/03/2024","06/03/2024","Interest",'
                '"n/a","n/a","3.87"\n"06/03/2024","07/03/2024","A Fund","100","20","-20.00"\n'
            ),
            ":1:6: a statement of transactions",
        ),
        (
            f"Datum,Tijd,Product,ISIN,Omschrijving,FX,Mutatie,,Saldo,\n{A},9:30,X,Y,Koop 1,,EUR,-1,EUR,9\n",
            ":1: DEGIRO's account statement: ",
        ),
        (
            f"Date,Type,Details,Amount,Realized Equity Change,Balance\n{A},Dividend,X/USD,1,1,9\n",
            ":1: eToro's account activity: ",
        ),
        (
            (
                "Date;Type;Rate;Incoming / Outgoing;Account balance\n2024-03-05 09:30:00;Purchase;978.90;0.198;0.198\n"
                "2024-03-06 09:30:00;Disbursement;;-0.1979;0.0001\n2024-03-06 10:30:00;Network fee;;-0.0001;0\n"
            ),
            ":1:5: a statement of cash",
        ),
    ],
)
def test_what_would_be_told_falsely_is_refused_with_its_place(tmp_path: Path, content: str, problem: str) -> None:
    """In one message that says what it is; nothing is told."""
    result = explained(tmp_path, content)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"t.csv{problem}" in result.stderr
