"""Tables as brokers, exchanges and own bots write them, in several languages: as the owner means it, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.retell.explaining import explained

if TYPE_CHECKING:
    from pathlib import Path

A, B, C, D = (f"2024-03-{day:02} 10:00:00" for day in (5, 6, 7, 8))
WON = "1 trade closed, 1 won, 0 lost, result +10.00 USDT"
TWICE = "2 trades closed, 2 won, 0 lost, result +20.00 USDT"
LOST_TOO = "2 trades closed, 1 won, 1 lost, result 0.00 USDT"
FILLS = "time,symbol,{},price,qty\n"
TOLD: dict[str, tuple[str, list[str]]] = {
    "sides of futures, with what follows them": (
        (
            f"time,coin,dir,px,sz\n{A},SOLUSDT,Open Short,105,2\n{B},SOLUSDT,Close Short (Price Improved),100,2\n"
            f"{C},SOLUSDT,Open Long·Cross,100,2\n{D},SOLUSDT,Liquidated Isolated Long,105,2\n"
        ),
        ["opens a short", TWICE],
    ),
    "a fill that turns a short": (
        f"time,coin,dir,px,sz\n{A},SOLUSDT,Open Short,105,2\n{B},SOLUSDT,Short > Long,100,3\n",
        ["closes the short", "opens a long of 1 SOL"],
    ),
    "stocks sold short and covered": (
        FILLS.format("Action") + f"{A},SOLUSDT,SELL_SHORT,105,2\n{B},SOLUSDT,Buy to Cover,100,2\n",
        ["opens a short", WON],
    ),
    "entries and exits of long and short": (
        (
            f"time,symbol,action,side,price,qty\n{A},SOLUSDT,ENTRY,long,100,2\n{B},SOLUSDT,EXIT,long,105,2\n"
            f"{C},SOLUSDT,ENTRY,short,105,2\n{D},SOLUSDT,EXIT,short,100,2\n"
        ),
        ["opens a short", TWICE],
    ),
    "exits that close whatever is open": (
        FILLS.format("action") + f"{A},SOLUSDT,LONG,100,2\n{B},SOLUSDT,EXIT,105,2\n{C},SOLUSDT,SHORT,105,2\n"
        f"{D},SOLUSDT,close,100,2\n",
        ["opens a short", TWICE],
    ),
    "rows between trades that are none": (
        FILLS.format("Action") + f"{A},SOLUSDT,Market buy,100,2\n{B},SOLUSDT,Qualified Dividend,1,2\n"
        f"{C},SOLUSDT,YOU SOLD SOL (Cash),105,2\n",
        ["1 row left out: its side is dividend", WON],
    ),
    "fills of which one names no side": (
        FILLS.format("side") + f"{A},SOLUSDT,buy,100,2\n{B},SOLUSDT,,101,1\n{C},SOLUSDT,sell,105,2\n",
        ["1 row left out: its side is empty", WON],
    ),
    "an option, whose name has the slashes of its day": (
        (
            "Date,Action,Symbol,Quantity,Price\n2024-03-06,Sell to Open,SPY 04/19/2024 460.00 P,1,2.20\n"
            "2024-03-07,Buy to Close,SPY 04/19/2024 460.00 P,1,1.20\n"
        ),
        ["1 trade closed, 1 won, 0 lost, result +1.0000 |"],
    ),
    "signed fills of which one has no quantity": (
        f"time,symbol,price,quantity\n{A},SOLUSDT,100,2\n{B},SOLUSDT,101,\n{C},SOLUSDT,105,-2\n",
        ["1 row left out: its quantity is empty", WON],
    ),
    "trades of which one names no side": (
        (
            "symbol,side,entry_time,exit_time,entry_price,exit_price,qty,pnl\n"
            f"SOLUSDT,long,{A},{B},100,105,2,10\nSOLUSDT,,{C},{D},105,100,2,10\n"
        ),
        ["where a side is empty, it is told from the result", "opens a short", TWICE],
    ),
    "the newest day first, with several rows a day": (
        (
            "Date,Action,Symbol,Quantity,Price\n03/16/2026,Sell,SOLUSDT,2,105\n03/16/2026,Buy,SOLUSDT,2,100\n"
            "03/13/2026,Sell,ADAUSDT,2,105\n03/13/2026,Buy,ADAUSDT,2,100\n"
        ),
        [TWICE],
    ),
    "an amount that is what was paid": (
        f"date,code,side,price,shares,amount\n{A},000420,BUY,100,2,200\n{B},000420,SELL,105,2,210\n",
        ["+2 000420 @ 100", "result +10.0000"],
    ),
    "a base that begins with a digit": (
        (
            f"Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n{A},1INCHUSDT,BUY,0.5,2001INCH,100USDT,0.5USDT\n"
            f"{B},1INCHUSDT,SELL,0.6,2001INCH,120USDT,0.11INCH\n"
        ),
        ["+200 1INCH @ 0.5 USDT", "fees 0.1 1INCH and 0.5 USDT"],
    ),
    "symbols with their sides": (
        (
            "Futures,Opening time,Average entry price,Average exit price,Closed amount,Realized PnL,Closed time\n"
            f"SOLUSDT Long·Cross,{A},100,105,2SOL,10USDT,{B}\nSOLUSDT Short·Isolated,{C},105,100,2SOL,10USDT,{D}\n"
        ),
        ["opens a short", TWICE],
    ),
    "what was bought and sold, whichever came first": (
        f"symbol,qty,buyPrice,sellPrice,pnl,boughtTimestamp,soldTimestamp\nSOLUSDT,2,100,105,10,{A},{B}\n"
        f"SOLUSDT,2,105,110,$(-),{D},{C}\n".replace("$(-)", "10"),
        ["opens a short", TWICE],
    ),
    "no exit price": (
        (
            "direction,symbol,entry_time,exit_time,entry_price,initial_qty,realised_pnl\n"
            f"SHORT,SOLUSDT,{A},{B},105,2,10\nLONG,SOLUSDT,{C},{D},100,2,10\n"
        ),
        ["no exit price in it: worked out from the results, before fees", "@ 100 USDT", TWICE],
    ),
    "an entry at 0, and an exit before its entry": (
        (
            f"symbol,entry_time,exit_time,entry_price,exit_price,qty\nSOLUSDT,{A},{B},100,105,2\n"
            f"SOLUSDT,{A},{B},0.0,105,2\nSOLUSDT,{C},{B},100,105,2\n"
        ),
        ["1 row left out: the price of its entry is 0", "1 row left out: its exit is before its entry", WON],
    ),
    "results in percent": (
        f"symbol,side,entry_time,exit_time,entry_price,exit_price,qty,pnl\nSOLUSDT,long,{A},{B},100,105,2,5%\n",
        ["+2 SOL @ 100 USDT", "it is in percent", WON],
    ),
    "AmiBroker's trades": (
        (
            "Ticker,Trade,Date,Price,Ex. date,Ex. Price,% chg,Profit,Shares\n"
            "SOLUSDT,Long,1/13/2020,100,1/14/2020,105,5%,10,2\n"
            "SOLUSDT,Short (stop),1/15/2020,105,1/16/2020,100,-5%,10,2\n"
        ),
        ["read as round trips, AmiBroker", "opens a short", TWICE],
    ),
    "TopstepX' trades": (
        (
            "Id,ContractName,EnteredAt,ExitedAt,EntryPrice,ExitPrice,Fees,PnL,Size,Type,TradeDay\n"
            "1,SOLUSDT,05/18/2025 11:22:07 -04:00,05/18/2025 11:27:06 -04:00,100,105,0,10,2,Long,x\n"
        ),
        ["2025-05-18 15:22:07", "read as round trips, TopstepX", WON],
    ),
    "names and values above the header, sums below": (
        (
            "Name,Demo\nCurrency,USD\n\nPosition,Symbol,Type,Volume,Open time,Open price,Close time,Close price,"
            "Gross P/L\n"
            f"1,SOLUSDT,BUY,2,{A},100,{B},105,10\nTotal,,,,,,,,10\n"
        ),
        ["1 row left out: it adds up others", WON],
    ),
    "a wealth for each trade, several at one time": (
        (
            f"entry_time,exit_time,entry_price,exit_price,qty,pnl,balance\n{A},{C},100,105,2,10,110\n"
            f"{B},{C},100,105,2,10,120\n"
        ),
        ["+20.0% to 120.0000"],
    ),
    "returns in percent, by the column's name": (
        "date,daily_return_pct\n2024-01-02,0.5\n2024-01-03,-0.3\n",
        ["returns read as percent", "+0.20% to 1.0020"],
    ),
    "a strategy's value beside nothing": ("Date,strategy\n2024-01-02,100\n2024-01-03,99\n", ["-1.0% to 99.0000"]),
    "QuantStats' returns": ("Date,Strategy,Benchmark\n2024-01-02,0.01,0\n2024-01-03,-0.01,0\n", ["to 0.9999"]),
    "pairs of a time and a value": ("[[1704153600000, 100], [1704240000000, 110]]", ["+10.0% to 110.0000"]),
    "Chinese fills": (
        f"成交时间,交易对,方向,成交价格,成交数量,手续费\n{A},SOLUSDT,买入,100,2,0\n{B},SOLUSDT,卖出,105,2,0\n",
        [WON],
    ),
    "Chinese trades": (
        (
            f"交易对,方向,开仓时间,平仓时间,开仓价,平仓价,数量,盈亏\nSOLUSDT,多,{A},{B},100,105,2,10\n"
            f"SOLUSDT,空,{C},{D},100,105,2,-10\n"
        ),
        ["opens a short", LOST_TOO],
    ),
    "German fills": (
        (
            "Datum;Uhrzeit;Typ;Symbol;Menge;Preis_pro_Einheit;Gebuehren\n05.03.2024;10:00;KAUF;SOLUSDT;2,0;100,00;0,00\n"
            "06.03.2024;11:00;VERKAUF;SOLUSDT;2,0;105,00;0,00\n"
        ),
        ["2024-03-05 10:00:00", "held 1d 1h", WON],
    ),
    "German fills of two pairs": (
        (
            "Datum;Paar;Richtung;Menge;Preis\n05.03.2024 10:00;SOL/USDT;Kauf;2;100,00\n"
            "05.03.2024 11:00;ETH/USDT;Kauf;1;3000,00\n06.03.2024 11:00;SOL/USDT;Verkauf;2;105,00\n"
        ),
        ["BUY | +1 ETH @ 3000 USDT", "held 1d 1h", WON],
    ),
    "pairs in a column of any name": (
        f"time,what,side,price,qty\n{A},SOLUSDT,buy,100,2\n{A},ETH-USDT,buy,3000,1\n{B},SOLUSDT,sell,105,2\n",
        ["BUY | +1 ETH @ 3000 USDT", WON],
    ),
    "kinds of orders, which are no pairs": (
        f"time,what,side,price,qty\n{A},STOP-LOSS,buy,100,2\n{B},TAKE_PROFIT,sell,105,2\n",
        ["columns not used: what", "+2 @ 100"],
    ),
    "a day at midnight beside its time of day": (
        (
            f"date,time,symbol,side,price,qty\n{A[:10]} 00:00:00,09:30:00,SOLUSDT,buy,100,2\n"
            f"{A[:10]} 00:00:00,10:30:00,SOLUSDT,sell,105,2\n"
        ),
        ["2024-03-05 09:30:00", "held 1h", WON],
    ),
    "days of entry and exit, each beside its time of day": (
        (
            "symbol,Entry Date,Entry Time,Exit Date,Exit Time,entry_price,exit_price,qty\n"
            "SOLUSDT,2024-03-05,09:30,2024-03-05,10:30,100,105,2\n"
        ),
        ["2024-03-05 09:30:00", "held 1h", WON],
    ),
    "one balance, told after each of a day's trades": (
        (
            "date,symbol,pnl,balance\n2024-01-02,BTC,1,101\n2024-01-02,ETH,1,102\n2024-01-03,ETH,2,104\n"
            "2024-01-03,BTC,2,106\n2024-01-04,BTC,4,110\n2024-01-04,ETH,1,111\n"
        ),
        ["+8.8% to 111.0000"],
    ),
    "bars with two prices, and a wealth": (
        "date,opening_price,closing_price,equity\n2024-01-02,9,9,100\n2024-01-03,9,9,110\n",
        ["read as wealth", "+10.0% to 110.0000"],
    ),
    "returns of a week from its start to its end": (
        "start_date,end_date,return\n2024-01-01,2024-01-08,0.1\n2024-01-08,2024-01-15,-0.05\n",
        ["to 1.0450"],
    ),
    "a strategy's name beside a price": (
        "time,strategy,price,regime\n2024-01-02,v7,9,TREND\n2024-01-03,v7,8,TREND\n",
        ["no wealth in it", "columns not used: strategy"],
    ),
    "what was paid, called net": (
        f"time,symbol,side,qty,price,net\n{A},SOLUSDT,buy,2,100,199\n{B},SOLUSDT,sell,2,105,211\n",
        ["fill result not used: it is what was paid", WON],
    ),
    "a column that is empty before one that is not": (
        f"time,symbol,side,shares,amount,price\n{A},SOLUSDT,buy,,2,100\n{B},SOLUSDT,sell,,2,105\n",
        [WON],
    ),
    "bars between columns, and an index without a name": (
        "|time|equity\n0|2024-01-02|100\n1|2024-01-03|110\n",
        ["+10.0% to 110.0000"],
    ),
    "what psql prints, with an empty cell at each side": (
        (
            " note | time | equity | price \n------+------+--------+-------\n      | 2024-01-02 | 100 | 8\n"
            " x    | 2024-01-03 | 110 | \n(2 rows)\n"
        ),
        ["+10.0% to 110.0000"],
    ),
    "long and short beside a wealth": (
        "time,side,qty,price,equity\n2024-01-02,long,1,9,100\n2024-01-03,short,1,9,110\n",
        ["no trades are told: sides are long and short", "no fills: no trades;", "+10.0% to 110.0000"],
    ),
    "Spanish trades": (
        (
            "Símbolo;Tipo;Fecha de apertura;Fecha de cierre;Precio de entrada;Precio de salida;Cantidad;Beneficio\n"
            "SOLUSDT;Compra;15/01/2024 10:00;16/01/2024 10:00;100;105;2;10\n"
            "SOLUSDT;Venta;17/01/2024 10:00;18/01/2024 10:00;100;105;2;-10\n"
        ),
        ["opens a short", LOST_TOO],
    ),
    "Portuguese results, with their percent beside them": (
        (
            "Ativo;Abertura;Fechamento;Qtd Compra;Lado;Preço Compra;Preço Venda;Res. Operação;Res. Operação (%)\n"
            "PETR4;10/03/2026 09:15:30;13/03/2026 09:22:10;100;C;38,10;38,60;R$ 50,00;1,31\n"
        ),
        ["result +50.0000 BRL", "+100 PETR4 @ 38.1"],
    ),
    "Russian fills": (
        (
            "Дата;Инструмент;Операция;Количество;Цена;Комиссия\n15.01.2024 10:00;SOLUSDT;Покупка;2;100,0;0,00\n"
            "16.01.2024 10:00;SOLUSDT;Продажа;2;105,0;0,00\n"
        ),
        [WON],
    ),
    "Korean fills": (
        f"체결시간,마켓,종류,거래수량,거래단가,수수료\n{A},SOLUSDT,매수,2,100,0\n{B},SOLUSDT,매도,2,105,0\n",
        [WON],
    ),
    "entries and exits without a direction": (
        f"time,symbol,action,price,qty,pnl\n{A},SOL/USDT,ENTRY,100,2,\n{B},SOL/USDT,TIME_EXIT,105,2,10\n",
        ["no direction in it: all taken as long", "1 trade closed, 1 won", "result +10.00 USDT"],
    ),
    "cash called a balance": (
        f"time,action,price,units,balance\n{A},BUY,100,1,900\n{B},SELL,110,1,1010\n2024-01-04,BUY,100,2,810\n",
        ["wealth not used: it is the cash, without what was bought for it", "result +10.0000"],
    ),
    "a fee in percent": (
        f"Date,Market,Type,Price,Amount,Fee\n{A},SOL/USDT,Buy,100,2,0.15%\n{B},SOL/USDT,Sell,105,2,0.15%\n",
        ["fees 0.615 USDT", "result +9.38"],
    ),
    "assets in the cells alone": (
        (
            f"Type,Datetime,Amount,Rate,Fee,Sub Type\nMarket,{A},1.0 ETH,2000 EUR,1 EUR,Buy\n"
            f"Market,{B},0.1 BTC,40000 EUR,1 EUR,Buy\n"
        ),
        ["+1 ETH @ 2000 EUR", "+0.1 BTC @ 40,000 EUR"],
    ),
    "prices in several currencies": (
        (
            f'Symbol,Type,Quantity,Price,Date\nBTC,Buy,1,"€35,761.54",{A}\nBTC,Buy,1,"40,000.00 SEK",{B}\n'
            f"BTC,Sell,1,€36000,{B}\nBTC,Learn reward,,,{B}\n"
        ),
        ["@ 35,761.54 EUR", "@ 40,000 SEK", "result +238.46 EUR", "its side is reward"],
    ),
    "securities by their ISIN": (
        f"date,isin,side,quantity,price,currency\n{A},IE00BK5BQT80,buy,1,100,EUR\n{A},CH0111762537,buy,1,9,CHF\n",
        ["+1 IE00BK5BQT80 @ 100 EUR", "+1 CH0111762537 @ 9 CHF"],
    ),
    "results in another currency": (
        (
            f"Action,Time,Ticker,No. of shares,Price / share,Currency (Price / share),Result (GBP)\n"
            f"Market buy,{A},AAPL,2,100,USD,\nMarket sell,{B},AAPL,2,105,USD,7.90\n"
        ),
        ["fill result not used: it is in GBP", "result +10.00 USD"],
    ),
    "a remark without a time, and an exit that is yet to come": (
        (
            "entry_time,exit_time,symbol,side,entry_price,exit_price,qty\n,,,note,,,\n"
            f"{A},{B},SOLUSDT,long,100,105,2\n{B},,SOLUSDT,long,105,0.0,2\n"
        ),
        ["a trade without an exit is open", "open: 2 SOL/USDT at 105"],
    ),
    "base and quote in columns of their own": (
        f"Date,Way,Base amount,Base currency (name),Quote amount,Quote currency\n{A},BUY,10,ETH,0.6,BTC\n",
        ["+10 ETH @ 0.06 BTC"],
    ),
    "a commission and a fee": (
        f"time,symbol,side,qty,price,commission,fees\n{A},SOLUSDT,buy,2,100,1,0.5\n{B},SOLUSDT,sell,2,105,1,0.5\n",
        ["fees 3.00 USDT", "result +7.00 USDT"],
    ),
    "a gross result beside fees": (
        (
            "symbol,entry_time,exit_time,side,entry_price,exit_price,qty,gross_profit,fees\n"
            f"SOLUSDT,{A},{B},long,100,105,2,10,1.5\n"
        ),
        ["results are before fees, which are taken off", "result +8.50 USDT"],
    ),
    "an exit's date beside wealth": (
        "trade_num,exit_date,equity\n1,2024-01-01,1.0\n2,2024-01-02,1.1\n",
        ["read as wealth", "+10.0% to 1.1000"],
    ),
    "a trade booked later": (
        (
            'Date,Action,Symbol,Quantity,Price,Fees & Comm\n"01/16/2024 as of 01/15/2024",Buy,FOO,2,$100,$1\n'
            '"01/20/2024",Sell,FOO,2,$105,\n'
        ),
        ["2024-01-16 23:59:59", "result +9.00 USD"],
    ),
    "trades of the last and the first day of a month": (
        (
            "date,symbol,side,qty,price\n2024-01-30,FOO/USD,buy,2,100\n2024-01-31,FOO/USD,sell,2,105\n"
            "2024-02-01,FOO/USD,buy,2,100\n"
        ),
        ["Month: January 2024 | result +10.00 USD | told late", "1 buy, 1 sell; 1 trade closed", "3 rows, "],
    ),
    "a quantity worked out from a difference of floats": (
        (
            "entry_time,exit_time,entry_price,exit_price,pnl\n"
            "2025-01-14 04:45,2025-02-03 09:00,1.02446,1.02437,-0.08999999999992347\n"
        ),
        ["+1000 @ 1.02446", "1 row, "],
    ),
}
REFUSED: dict[str, tuple[str, str]] = {
    "long and short alone": (
        FILLS.format("side") + f"{A},SOLUSDT,long,100,2\n",
        "1:3: sides are long and short, and nothing says which rows open a position",
    ),
    "an id that is no time": ("telegram_id,balance\n5079683472,100\n", "1: no column for time"),
    "a wealth for each model": (
        "date,model,equity\n2024-01-02,trend,1\n2024-01-02,mean,9\n2024-01-03,trend,2\n2024-01-03,mean,8\n",
        "1:2: a wealth for each model at one time; keep the rows of one",
    ),
    "a score of something else": ("params,score,timestamp\nx,1,1746148819\n", "1: nothing to tell besides the time"),
    "trades without prices": (f"entry_time,exit_time,type,pnl\n{A},{B},LONG,1\n", "1: no column for entry_price"),
    "exits before their entries": (
        f"entry_time,exit_time,entry_price,exit_price,qty,side\n{B},{A},100,105,2,long\n",
        " every row is left out (its exit is before its entry)",
    ),
    "prices alone": ("time,close,volume\n2024-01-02,9,1\n2024-01-03,8,1\n", "1: prices, and nothing of a bot"),
    "signals for sides": (
        f"time,symbol,type,price,size\n{A},MES,BUY_SIGNAL,100,1\n{B},MES,SELL_SIGNAL,105,1\n",
        "1:3: sides are signals, which say what was wanted and not what was filled",
    ),
    "entries that were short by their results": (
        f"time,symbol,action,price,qty,pnl\n{A},SOL/USDT,ENTRY,100,2,\n{B},SOL/USDT,EXIT,105,2,-10\n",
        "1:3: entries and exits without a direction, and by the results some of them were short",
    ),
    "a statement of cash": (
        (
            "Date,Details,Amount,Balance\n2024-01-02,Deposit,15000,15000\n2024-01-03,Bought 9 Foo,-14000,1000\n"
            "2024-01-04,Dividend,1,1001\n"
        ),
        "1:4: a statement of cash: a balance for each asset is no wealth",
    ),
    "a ledger of one asset": (
        "txid,time,type,asset,amount,fee,balance\na,2024-01-02,deposit,EUR,9,0,9\nb,2024-01-03,trade,EUR,-5,0,4\n",
        "1: a ledger: a balance for each asset is no wealth",
    ),
    "entries alone": (
        f"timestamp,direction,entry_price,lots\n{A},LONG,100,1\n{B},SHORT,105,1\n",
        "1: no column for exit_price",
    ),
    "several tables": ("time,equity\n2024-01-02,1\n\na,b,c\n1,2,3\n", "4: another table begins here"),
}


WON_A_ROW = {
    "a day": ("date,day_pnl\n2024-01-02,-1\n2024-01-03,4\n", (), "1:2: what was won in each row, and no wealth"),
    "a trade": (
        f"entry_time,exit_time,type,pnl\n{A},{A},LONG,-1\n{B},{B},LONG,4\n",
        ("--shape", "returns"),
        "1: no column for entry_price",
    ),
}


@pytest.mark.parametrize("name", WON_A_ROW)
def test_what_was_won_a_row_is_wealth_once_its_start_is_known(tmp_path: Path, name: str) -> None:
    """Without it the refusal says how it is given."""
    content, shape, problem = WON_A_ROW[name]
    refused = explained(tmp_path, content)
    assert refused.exit_code == 2
    assert problem in refused.stderr
    assert "--start 1000" in refused.stderr
    assert "In All | +3.0% to 103.0000" in explained(tmp_path, content, "--start", "100", *shape).stdout


@pytest.mark.parametrize("name", TOLD)
def test_a_table_is_told_as_its_owner_means_it(tmp_path: Path, name: str) -> None:
    """With the side, direction, quantity and result that it says."""
    content, expected = TOLD[name]
    result = explained(tmp_path, content)
    assert result.exit_code == 0, result.stderr
    for each in expected:
        assert each in result.stdout
    assert "Differs" not in result.stdout


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_told_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    """In one message; nothing is told."""
    content, problem = REFUSED[name]
    result = explained(tmp_path, content)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"t.csv:{problem}" in result.stderr
