"""Options as brokers state them: each by itself, by what a contract is, and with its end without a trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.retell.explaining import explained

if TYPE_CHECKING:
    from pathlib import Path

ROBINHOOD = (
    "Activity Date,Process Date,Settle Date,Instrument,Description,Trans Code,Quantity,Price,Amount\n"
    '3/15/2024,,,SPY,Option Expiration for SPY 3/15/2024 Call $520.00,{},2S,,\n'
    '3/8/2024,,,SPY,SPY 3/15/2024 Call $520.00,BTC,1,$0.25,($25.04)\n'
    '3/5/2024,,,SPY,SPY 3/15/2024 Call $520.00,STO,3,$0.50,$149.88\n'
    '3/4/2024,,,SPY,SPDR Trust,Buy,10,$500.00,"($5,000.00)"\n'
)  # fmt: skip
LEGS = (
    "timestamp,symbol,action,right,expiry,strike,quantity,price,credit\n"
    "2024-03-05 10:00:00,XYZ,Buy-to-Open,Call,3/15/2024,100.0,1,2.5,-250\n"
    "2024-03-05 10:00:00,XYZ,Sell-to-Open,Call,3/15/2024,110.0,1,1.0,100\n"
    "2024-03-15 20:00:00,XYZ,Sell-to-Close,Call,3/15/2024,100.0,1,6.0,600\n"
    "2024-03-15 20:00:00,XYZ,Buy-to-Close,Call,3/15/2024,110.0,1,0.0,0\n"
)


def test_an_option_that_expires_closes_at_nothing(tmp_path: Path) -> None:
    """Whoever sold it keeps what was paid for it: 2 x 100 x 0.50, after 1 x 100 x 0.25 of the one bought back."""
    told = explained(tmp_path, ROBINHOOD.format("OEXP")).stdout
    assert "an option is 100 of what its price is for, by the Amount" in told
    assert "options that expired are told as closed at 0" in told
    assert "+200 SPY-3-15-2024-520.00-C @ 0 USD | closes the short" in told
    assert "1 trade closed, 1 won, 0 lost, result +125.00 USD" in told
    assert "open: 10 SPY/USD at 500" in told


@pytest.mark.parametrize("word", ["OASGN", "OEXCS"])
def test_one_that_is_exercised_is_doubted(word: str, tmp_path: Path) -> None:
    """What its shares won stands elsewhere, or nowhere."""
    told = explained(tmp_path, ROBINHOOD.format(word)).stdout
    assert "options that were assigned or exercised are told as closed at 0" in told
    assert "result +125.00 USD" in told


def test_each_leg_is_an_option_of_its_own(tmp_path: Path) -> None:
    """A spread's bought call is not closed by the sale of the other: 350 and 100 are won."""
    told = explained(tmp_path, LEGS).stdout
    assert "+100 XYZ-3-15-2024-100-C @ 2.5 | opens a position" in told
    assert "-100 XYZ-3-15-2024-110-C @ 1 | opens a short" in told
    assert "2 trades closed, 2 won, 0 lost, result +450.0000" in told


def test_a_price_of_nothing_opens_nothing(tmp_path: Path) -> None:
    """Only what is held can end."""
    told = explained(tmp_path, LEGS.replace("110.0,1,1.0,100", "110.0,1,0.0,0")).stdout
    assert "2 rows left out: price 0" in told
    assert "1 trade closed, 1 won, 0 lost, result +350.0000" in told


def test_a_put_that_was_bought_is_no_short(tmp_path: Path) -> None:
    """Its result says so: its price fell, and it lost."""
    header = "direction,strike,entry_time,exit_time,entry_price,exit_price,quantity,pnl\n"
    row = "PUT,25200,2024-03-05 10:00:00,2024-03-05 11:00:00,120,100,50,-1000\n"
    told = explained(tmp_path, header + row).stdout
    assert "call and put read as options that were bought" in told
    assert "🟢 BUY | +50 @ 120" in told
    assert "1 trade closed, 0 won, 1 lost, result -1000.0000" in told


def test_interactive_brokers_codes_say_what_was_opened_and_closed(tmp_path: Path) -> None:
    """A call that was sold and expires, and the money for it: 2 x 100 x 1.5, less 1.3."""
    rows = (
        "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,Proceeds,Comm/Fee,"
        "Realized P/L,Code\n"
        'Trades,Data,Order,Options,USD,XYZ 21MAR25 560 C,"2025-03-11, 10:00:00",-2,1.5,300,-1.3,0,O\n'
        'Trades,Data,Order,Options,USD,XYZ 21MAR25 550 C,"2025-03-11, 10:00:00",2,2.5,-500,-1.3,0,O\n'
        'Trades,Data,Order,Options,USD,XYZ 21MAR25 550 C,"2025-03-12, 10:00:00",-2,3.5,700,-1.3,197.4,C\n'
        'Trades,Data,Order,Options,USD,XYZ 21MAR25 560 C,"2025-03-21, 16:20:00",2,0,0,0,298.7,C;Ep\n'
    )
    told = explained(tmp_path, rows).stdout
    assert "2 trades closed, 2 won, 0 lost, result +496.10 USD" in told
    assert "Differs" not in told


def test_options_sold_first_are_shorts(tmp_path: Path) -> None:
    """As India's exchange names them, whose quantities are shares."""
    rows = "2024-01-10 09:30:00,NIFTY24JAN21500CE,sell,50,120\n2024-01-11 09:30:00,NIFTY24JAN21500CE,buy,50,80\n"
    told = explained(tmp_path, "time,symbol,side,quantity,price\n" + rows).stdout
    assert "options that were sold first are told as shorts" in told
    assert "how much one contract is" not in told
    assert "1 trade closed, 1 won, 0 lost, result +2000.0000" in told


def test_an_expiry_beside_an_empty_action_is_read(tmp_path: Path) -> None:
    """As tastytrade has it, in the kind of the row."""
    rows = (
        "2024-01-19T22:00:00+0000,Receive Deliver,Expiration,,XYZ   240119C00480000,0.00,1,0.00,--,0.00\n"
        "2024-01-12T16:00:00+0000,Trade,Sell to Open,SELL_TO_OPEN,XYZ   240119C00480000,120.00,1,120.00,-1.00,-0.13\n"
    )
    told = explained(
        tmp_path, "Date,Type,Sub Type,Action,Symbol,Value,Quantity,Average Price,Commissions,Fees\n" + rows
    ).stdout
    assert "1 trade closed, 1 won, 0 lost, result +118.8700" in told
