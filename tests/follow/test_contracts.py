"""Contracts that a freqtrade trades: shorts, leverage, funding, liquidation, with its own results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livestory.follow.database import Database
from livestory.follow.freqtrade.database import FreqtradeDatabase
from livestory.follow.freqtrade.rest import OpenTrade
from livestory.follow.freqtrade.source import FreqtradeSource
from tests.follow.freqtrade_files import Bot
from tests.follow.processes import Time, follow, lines
from tests.follow.sources import Followed

if TYPE_CHECKING:
    from pathlib import Path

FEES: dict[str, Any] = {"fee_open": 0.0005, "fee_close": 0.0005, "trading_mode": "FUTURES"}


def test_a_result_has_the_funding_in_it_as_freqtrade_reckons_it(tmp_path: Path) -> None:
    """Of a short that earned by it, and of a long that paid until it was liquidated; neither contradicts its fills."""
    bot = Bot(tmp_path / "tradesv3.sqlite")
    bot.enter(1, "BTC/USDT:USDT", is_short=True, amount=0.1, open_rate=60000.0, leverage=3.0, funding_fees=0.5, **FEES)
    bot.exit(1, side="buy", rate=59000.0, amount=0.1, profit=94.55, pair="BTC/USDT:USDT")
    bot.enter(2, "ETH/USDT:USDT", "2026-11-26 13:00:00", amount=2.0, open_rate=3000.0, leverage=10.0,
              funding_fees=-1.25, **FEES)  # fmt: skip
    bot.exit(2, "2026-11-26 15:00:00", rate=2710.0, amount=2.0, profit=-586.96, reason="liquidation",
             pair="ETH/USDT:USDT")  # fmt: skip
    source = FreqtradeSource(FreqtradeDatabase(Database(bot.file)))
    follow(Followed((), lambda: source, bot.file), tmp_path / "story", Time())
    told = [line for line in lines(tmp_path / "story") if "result" in line or "Differs" in line]
    assert [line.split("; ")[2] for line in told] == [
        "result +1.6% after fees (+94.55 USDT)",
        "result -9.8% after fees (-586.96 USDT)",
    ]
    assert ["funding received 0.5 USDT, in it" in told[0], "funding paid 1.25 USDT, in it" in told[1]] == [True, True]
    assert "liquidation" in told[1]


def test_an_open_short_is_read_with_its_leverage_and_price_of_liquidation() -> None:
    """As its API reports it; without leverage there is neither."""
    short = OpenTrade(pair="BTC/USDT:USDT", is_short=True, amount=0.1, open_rate=60000.0, leverage=3.0,
                      current_rate=59000.0, profit_abs=97.05, liquidation_price=79000.5).position()  # fmt: skip
    assert short is not None
    assert (str(short.quantity), str(short.leverage), str(short.liquidation)) == ("-0.1", "3.0", "79000.5")
    spot = OpenTrade(pair="BTC/USDT", amount=0.1, open_rate=60000.0, leverage=1.0).position()
    assert spot is not None
    assert (spot.leverage, spot.liquidation) == (None, None)
