"""Symbols: one way to write them, and the many ways in which exchanges and tools do."""

from __future__ import annotations

import pytest

from livestory.story.symbol import Symbol, assets, canonical, is_contract


@pytest.mark.parametrize(
    ("spelled", "symbol"),
    [
        ("ETH/BTC", "ETH/BTC"),
        (" ETH/BTC ", "ETH/BTC"),
        ("ETH-BTC", "ETH/BTC"),
        ("ETH_BTC", "ETH/BTC"),
        ("ETHBTC", "ETH/BTC"),
        ("btc_usdt", "BTC/USDT"),
        ("TUSDT", "T/USDT"),
        ("ETHBUSD", "ETH/BUSD"),
        ("1000PEPEUSDT", "1000PEPE/USDT"),
        ("BINANCE:ETHBTC", "ETH/BTC"),
        ("ETHUSDT.BINANCE", "ETH/USDT"),
        ("tBTCUSD", "BTC/USD"),
        ("XXBTZUSD", "BTC/USD"),
        ("XETHXXBT", "ETH/BTC"),
        ("XBT/EUR", "BTC/EUR"),
        ("XDGUSD", "DOGE/USD"),
        ("BTC/USDT:USDT", "BTC/USDT:USDT"),
        ("BTC/USDT:USDT-241227", "BTC/USDT:USDT-241227"),
        ("BTC-USDT-SWAP", "BTC/USDT:USDT"),
        ("BTC-USD-SWAP", "BTC/USD:BTC"),
        ("BTCUSDT.P", "BTC/USDT:USDT"),
        ("ETHUSDT-PERP.BINANCE", "ETH/USDT:USDT"),
        ("BTCUSDT_240927", "BTC/USDT:USDT-240927"),
        ("kPEPE/USDC:USDC", "kPEPE/USDC:USDC"),
    ],
)
def test_a_symbol_is_read_in_its_usual_spellings(spelled: str, symbol: str) -> None:
    """Of ccxt, exchanges, TradingView and NautilusTrader; what is written already is read as itself."""
    assert str(Symbol.read(spelled)) == canonical(spelled) == symbol
    assert Symbol.read(symbol) == Symbol.read(spelled)


@pytest.mark.parametrize(
    "text", ["", "AAPL", "BRK.B", "BRK-B", "WBTC", "STETH", "GBTC", "USD", "BTC-PERPETUAL", "/BTC", "ETH/"]
)
def test_what_names_one_asset_is_made_no_pair(text: str) -> None:
    """A share, a token whose name ends like a pair, half a pair: nothing is invented of it."""
    with pytest.raises(ValueError, match=r"^expected BASE/QUOTE, like ETH/BTC"):
        Symbol.read(text)
    assert canonical(text) == text
    assert assets(text) == (text or None, None)


def test_the_assets_of_a_contract_are_those_that_it_is_about() -> None:
    """What it is settled in is no part of its quote asset."""
    assert assets("ETH/USDT:USDT") == assets("ETH/USDT") == ("ETH", "USDT")
    assert assets(None) == (None, None)
    assert [is_contract(each) for each in ("ETH/USDT:USDT", "ETH/USDT", "AAPL", None)] == [True, False, False, False]
