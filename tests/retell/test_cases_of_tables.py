"""Tables that were told falsely, or not at all: what their owners mean is told, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.retell.explaining import explained

if TYPE_CHECKING:
    from pathlib import Path

A, B, C, D = (f"2024-03-05 {hour:02}:30:00" for hour in (9, 10, 11, 12))
WON = "1 trade closed, 1 won, 0 lost, result"
TOLD: dict[str, tuple[str, list[str], list[str]]] = {
    "times of fourteen digits": (
        "time,equity\n20240305093000,100\n20240305103000,110\n",
        [f"{B} | 🚀 NEW ATH"],
        ["2611"],
    ),
    "times of twelve digits": ("time,equity\n202403050930,100\n202403051030,110\n", [f"{B} | 🚀 NEW ATH"], ["1976"]),
    "times of ten digits that are no seconds": (
        "time,equity\n2403050930,100\n2403051030,110\n",
        [f"{B} | 🚀 NEW ATH", "times read as YYMMDDhhmm"],
        ["2046"],
    ),
    "ticks of .NET": (
        "time,equity\n638452278000000000,100\n638452314000000000,110\n",
        [f"{B} | 🚀 NEW ATH", ".NET ticks"],
        ["1990"],
    ),
    "a date whose year has two digits and stands first": (
        "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n24-03-05 09:30:00,SOLUSDT,BUY,100,2SOL,200USDT,0USDT\n",
        [f"{A} | 🟢 BUY | +2 SOL @ 100 USDT", "dates read as year, month, day"],
        ["2005"],
    ),
    "a day is told at its close": ("day,equity\n2024-03-05,100\n2024-03-06,110\n", ["2024-03-07 00:00:00 | 🚀"], []),
    "24:00 ends a day": ("time,equity\n2024-03-05 12:00,100\n2024-03-05 24:00,110\n", ["2024-03-06 00:00:00 | 🚀"], []),
    "Excel's serials with as many digits as a second needs": (
        "time,equity\n45356.395833,100\n45356.4375,110\n",
        [f"{A} | 📼", f"{B} | 🚀"],
        [],
    ),
    "a zone by its name": ("time,equity\n2024-03-05 04:30:00 America/New_York,100\n", [f"{A} | 📼"], []),
    "a zone beside its offset, as Java writes it": (
        "time,equity\n2024-03-05T04:30:00-05:00[America/New_York],100\n",
        [f"{A} | 📼"],
        [],
    ),
    "a zone beside its offset, as JavaScript writes it": (
        "time,equity\nTue Mar 05 2024 10:30:00 GMT+0100 (Central European Standard Time),100\n",
        [f"{A} | 📼"],
        [],
    ),
    "orders: what was filled of them, at its average price": (
        (
            "id,datetime,symbol,type,side,price,amount,filled,average,cost,status\n"
            f"1,{A},SOL/USDT,limit,buy,101,3,2,100,200,canceled\n2,{B},SOL/USDT,market,sell,0,2,0.5,104,52,closed\n"
            f"3,{C},SOL/USDT,limit,sell,120,1,0,,0,open\n"
        ),
        ["+2 SOL @ 100 USDT", "-0.5 SOL @ 104 USDT", "1.5 SOL left", "1 row left out: orders without a fill"],
        ["120"],
    ),
    "a fee in the asset that was bought": (
        f"time,symbol,side,price,qty,fee,feeCoin\n{A},SOLUSDT,buy,10,100,0.1,SOL\n{B},SOLUSDT,sell,12,99.9,0,USDT\n",
        ["result +19.9% after fees (+198.80 USDT)", "no SOL left", "fees 0.1 SOL"],
        ["-98.8%"],
    ),
    "a fee in a third asset": (
        f"time,symbol,side,price,qty,fee,Fee Coin\n{A},SOLUSDT,buy,10,1,0.001,BNB\n{B},SOLUSDT,sell,12,1,0.001,BNB\n",
        ["before 0.002 BNB of fees (+2.00 USDT)"],
        ["after fees"],
    ),
    "what is sold again as it was bought, though a fee took some of it": (
        (
            "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n"
            f"{A},SOLUSDT,BUY,100,2SOL,200USDT,0.002SOL\n{B},SOLUSDT,SELL,110,2SOL,220USDT,0.22USDT\n"
        ),
        ["closes the position; result +9.8% after fees", WON],
        ["its cost is not known"],
    ),
    "no fees": (
        f"time,symbol,side,price,qty\n{A},SOLUSDT,buy,10,1\n{B},SOLUSDT,sell,12,1\n",
        ["before fees"],
        ["after"],
    ),
    "fees by another name": (
        f"time,symbol,side,price,qty,commission\n{A},SOLUSDT,buy,10,1,0.1\n{B},SOLUSDT,sell,12,1,0.1\n",
        ["after fees (+1.80 USDT)"],
        ["before fees"],
    ),
    "one trade twice": (
        f"time,symbol,side,price,qty,trade_id\n{A},SOLUSDT,buy,10,1,7\n{A},SOLUSDT,buy,10,1,7\n",
        ["1 row left out: its trade id was told before", "1 buy, 0 sells"],
        [],
    ),
    "two fills that are equal": (
        f"time,symbol,side,price,qty\n{A},SOLUSDT,buy,10,1\n{A},SOLUSDT,buy,10,1\n",
        ["2 buys, 0 sells"],
        ["left out"],
    ),
    "symbols as exchanges spell them": (
        f"time,symbol,side,price,qty\n{A},SOL-USDT,buy,10,1\n{B},SOLUSDT,buy,10,1\n{C},SOL/USDT,sell,12,2\n",
        ["+1 SOL @ 10 USDT", "-2 SOL @ 12 USDT", WON],
        ["SOL-USDT"],
    ),
    "a drawdown in percent": (
        f"time,equity,drawdown\n{A},1000,0\n{B},995,-0.5\n{C},1000,0\n",
        ["max drawdown -0.50%"],
        ["-50"],
    ),
    "a drawdown that contradicts wealth": (
        f"time,equity,drawdown\n{A},1000,0\n{B},500,-0.1\n{C},1000,-0.9\n",
        ["drawdown not used: it contradicts wealth", "max drawdown -50.0%"],
        ["-90"],
    ),
    "weights in percent": (
        f"time,equity,target_weight\n{A},1000,0\n{B},1000,50\n",
        ["target weight read as percent", "0% → 50%"],
        ["5000%"],
    ),
    "blank rows at the end": (f"time,equity,price\n{A},100,1\n{B},110,1\n,,\n,,\n", ["2 rows,", "+10.0% to 110"], []),
    "semicolons and decimal commas": (f"time;equity\n{A};1.234,5\n{B};1.300,0\n", ["1234.5000", "1300.0000"], []),
    "two rows of one time": (
        f"time,equity\n{A},100\n{B},110\n{B},90\n",
        ["-10.0% to 90.0000", "1 row left out: a later one"],
        ["110.0000"],
    ),
    "wealth alone": (
        f"time,equity\n{A},100\n2024-03-06 09:30:00,110\n",
        ["+10.0% to 110.0000"],
        ["no trade in", "BTC"],
    ),
    "all that was lost": (
        f"time,equity\n{A},100\n{B},50\n{C},0\n{D},0\n",
        [
            "wealth is not above 0 in the last 2 rows, which is not believed: all may be lost",
            "In All | -50.0% to 50.0000 | 2024-03-05 09:30 to 2024-03-05 12:30; wealth is not above 0",
        ],
        [],
    ),
    "prices in dollars of what has no name": (
        f"time,side,price_usd,qty\n{A},buy,100,2\n{B},sell,110,2\n",
        ["+2 @ 100 USD", f"{WON} +20.00 USD"],
        ["ETH"],
    ),
    "prices in dollars of a coin": (
        f"time,coin,side,price_usd,qty\n{A},SOL,buy,100,2\n{B},SOL,sell,110,2\n",
        ["+2 SOL @ 100 USD", "+20.00 USD"],
        [],
    ),
    "assets that the cells name": (
        (
            "Type,Datetime,Account,Amount,Value,Rate,Fee,Sub Type\n"
            f"Market,{A},Main,2.0 SOL,200 USD,100 USD,0.5 USD,Buy\n"
            f"Market,{B},Main,2.0 SOL,220 USD,110 USD,0.5 USD,Sell\n"
        ),
        ["+2 SOL @ 100 USD", f"{WON} +19.00 USD"],
        ["NEW ATH"],
    ),
    "several symbols: each has its own price": (
        f"time,symbol,side,price,qty\n{A},SOLUSDT,buy,100,1\n{B},ADAUSDT,buy,1,9\n{C},SOLUSDT,sell,110,1\n",
        [f"{WON} +10.00 USDT"],
        ["Refused", "holding SOL: -"],
    ),
    "sides that are those of the closing orders": (
        (
            "symbol,side,qty,avgEntryPrice,avgExitPrice,closedPnl,createdTime,updatedTime\n"
            f"SOLUSDT,Sell,2,100,110,20,{A},{B}\nSOLUSDT,Buy,2,110,100,20,{C},{D}\n"
        ),
        ["sides read as those of the closing orders", "2 trades closed, 2 won, 0 lost, result +40.00"],
        ["Differs"],
    ),
    "an account's deposit and total among round trips": (
        (
            "Ticket,Open Time,Type,Size,Item,Price,Close Time,Price,Profit\n"
            f"0,2024.03.05 09:00:00,balance,,Deposit,,,,1000.00\n1,{A},buy,2,SOLUSD,100,{B},110,20.00\n"
            "Closed P/L:,,,,,,,,20.00\n"
        ),
        ["Deposit | +1000.00 USD", "1 row left out: it adds up others", f"{WON} +20.00 USD"],
        [],
    ),
    "a statement with a table in each section": (
        (
            "Statement,Header,Field Name,Field Value\nStatement,Data,Title,Activity\n"
            "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,Comm/Fee\n"
            'Trades,Data,Order,Stocks,USD,ACME,"2024-03-05, 09:30:00",10,100,-1\n'
            'Trades,Data,Trade,Stocks,USD,ACME,"2024-03-05, 09:30:00",10,100,-1\n'
            'Trades,Data,Order,Stocks,USD,ACME,"2024-03-05, 10:30:00",-10,102,-1\nTrades,Total,,Stocks,USD,,,0,,-2\n'
        ),
        ["read as fills, Interactive Brokers", f"{WON} +18.00 USD", "1 buy, 1 sell"],
        [],
    ),
    "who wrote it, below the rows": (
        f"time,equity\n{A},100\n{B},110\n\nWritten by a bot\nTotal\n",
        ["1 row left out: a remark", "1 row left out: it adds up others", "+10.0% to 110.0000"],
        [],
    ),
    "an exchange's answer, whose rows lie within": (
        '{"result":{"list":[{"time":1709631000000,"equity":"100"},{"time":1709634600000,"equity":"110"}]}}',
        ["+10.0% to 110.0000"],
        [],
    ),
    "whether it was a buyer's": (
        (
            '[{"symbol":"SOLUSDT","id":1,"price":"100","qty":"2","time":1709631000000,"isBuyer":true},'
            '{"symbol":"SOLUSDT","id":2,"price":"110","qty":"2","time":1709634600000,"isBuyer":false}]'
        ),
        ["+2 SOL @ 100 USDT", f"{WON} +20.00 USDT"],
        [],
    ),
    "orders at the market's price, by what was paid": (
        (
            "time,symbol,side,price,executedQty,cummulativeQuoteQty,status\n"
            f"{A},SOLUSDT,BUY,0,2,200,FILLED\n{B},SOLUSDT,SELL,120,0,0,CANCELED\n{C},SOLUSDT,SELL,0,2,220,FILLED\n"
        ),
        ["+2 SOL @ 100 USDT", "-2 SOL @ 110 USDT", f"{WON} +20.00 USDT"],
        ["120"],
    ),
    "amounts of money": (
        f"timestamp,side,price,amount_usd\n{A},BUY,100,200\n{B},SELL,110,220\n",
        ["quantities are money: what was traded is worked out by the prices", "+2 @ 100", f"{WON} +20.00"],
        ["+200"],
    ),
    "returns of the strategy beside those of the market": (
        "Date,Close,Returns,Strategy_Returns\n2024-03-05,100,0.0,0.0\n2024-03-06,150,0.5,0.1\n",
        ["read as returns", "In All | +10.0% to 1.1000"],
        [],
    ),
    "a short that is closed, whose side is flat": (
        (
            "instrument_id,entry,side,peak_qty,ts_opened,ts_closed,avg_px_open,avg_px_close\n"
            f"SOLUSDT.BINANCE,SELL,FLAT,2,{A},{B},100,90\n"
        ),
        ["-2 SOL @ 100 USDT", "closes the short", f"{WON} +20.00 USDT"],
        [],
    ),
    "a minus that stands last": (
        f"time,symbol,side,price,qty,pnl\n{A},SOLUSDT,buy,100,2,\n{B},SOLUSDT,sell,95,2,10.0-\n",
        ["result -10.00 USDT"],
        [],
    ),
}
REFUSED: dict[str, tuple[str, str]] = {
    "a balance for each asset": (f"time,asset,amount,balance\n{A},BTC,1,1\n{A},USD,-9,91\n", ":1: a ledger: "),
    "candles": (f"time,open,high,low,close\n{A},1,2,1,2\n", "livestory run --bars FILE"),
    "candles without a header": ("1709631000000,1,2,1,2,9\n1709634600000,1,2,1,2,9\n", "livestory run --bars FILE"),
    "values without a header": ("2024-03-05,100\n2024-03-06,110\n", ":1: no header: the first row holds"),
    "wealth in two currencies": (f"time,equity\n{A},100 EUR\n{B},110 USD\n", ":1:2: wealth in EUR and USD; keep"),
    "trades without a side": (f"time,amount,price,total,fee\n{A},2,100,200,1\n", ":1: no column for fill_side;"),
    "a score that is none": (f"time,score\n{A},-0.18\n{B},0.4\n", ":1: nothing to tell besides the time: score"),
    "what was sold and bought": (
        f"Type,Buy,Cur.,Sell,Cur.,Fee,Cur.,Exchange,Date\nTrade,2,SOL,200,USDT,0,USDT,x,{A}\n",
        ":1: CoinTracking's export: ",
    ),
    "contracts that are settled in what they are on": (
        f"time,instrument,side,price,amount\n{A},BTC-PERPETUAL,buy,50000,1000\n",
        ":1:2: BTC-PERPETUAL is settled in the coin that it is on",
    ),
    "rows that are counted and not dated": ("step,equity\n0,100\n1,110\n", ":1: no column for time; looked for"),
    "freqtrade's messages": (
        '{"type":"new_candle","data":["SOL/USDT","1m","spot"]}\n{"type":"status","data":"running"}\n',
        "messages of freqtrade's WebSocket",
    ),
    "freqtrade's configuration": (
        '{"stake_currency":"USDT","exchange":{"name":"binance"},"pairlists":[{"method":"StaticPairList"}]}',
        "freqtrade's configuration\nExplain its database",
    ),
    "a Feather file": ("ARROW1\0\0 and more", "a Feather file, not a table that can be read; save the table as CSV"),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_was_told_falsely_is_told_as_it_is(tmp_path: Path, name: str) -> None:
    """With what the table says, and without what was made of it."""
    content, expected, false = TOLD[name]
    result = explained(tmp_path, content)
    assert result.exit_code == 0, result.stderr
    for each in expected:
        assert each in result.stdout
    for each in false:
        assert each not in result.stdout


@pytest.mark.parametrize("name", REFUSED)
def test_what_tells_no_story_is_refused_for_what_it_is(tmp_path: Path, name: str) -> None:
    """In one message with its place, and what to do; nothing is told."""
    content, problem = REFUSED[name]
    result = explained(tmp_path, content)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "t.csv" in result.stderr
    assert problem in result.stderr


def test_the_effects_of_our_own_exports_are_read_as_they_were_told(tmp_path: Path) -> None:
    """An addition, and a part that was sold, are not taken for an opening and a close."""
    rows = ("00,buy,1,100,open", "01,buy,1,100,add", "02,sell,1,110,reduce")
    cells = "".join(f"2024-01-01T{row[:2]}:00:00Z{row[2:]}\n" for row in rows)
    told = explained(tmp_path, f"time,fill_side,fill_quantity,fill_price,fill_effect\n{cells}").output
    assert "not used" not in told
    assert "adds to the position" in told
    assert "reduces the position" in told
    assert "closes" not in told
