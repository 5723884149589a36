"""What is traded: ``ETH/BTC``, or ``ETH/USDT:USDT`` for a contract that is settled in USDT; and its other spellings.

A story writes a symbol in one way, so that one holding is never told as two. Exchanges and tools write it in many.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_MONEY = ("USDT", "USDC", "FDUSD", "BUSD", "USDP", "USDS", "USDE", "PYUSD", "DAI", "USD", "EUR", "GBP", "CHF", "JPY",
          "KRW", "TRY", "BRL", "AUD", "CAD", "PLN", "MXN", "ZAR", "UAH", "IDR", "INR")  # fmt: skip
_DOLLARS = frozenset({"USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USD"})
_COINS = ("BTC", "XBT", "ETH", "BNB")
_AFTER_A_DASH = frozenset({
    *_MONEY, *_COINS, "TUSD", "GUSD", "USDD", "UST", "USTC", "LUSD", "FRAX", "EURT", "EURC", "EURI", "WBTC",
    "WETH", "SOL", "TRX", "XRP", "DOGE", "DOT", "LTC", "BCH", "ADA", "AVAX", "MATIC", "POL", "ATOM", "NEAR",
    "TON", "KCS", "HT", "OKB", "BGB", "GT", "CRO", "DCR", "BNT", "STETH", "NZD", "SGD", "HKD", "SEK", "NOK",
    "DKK", "CZK", "HUF", "RON", "BGN", "RUB", "CNY", "CNH", "TWD", "THB", "VND", "PHP", "MYR", "NGN", "KES",
    "ARS", "COP", "CLP", "PEN", "AED", "SAR", "ILS", "BIDR",
})  # fmt: skip
"""What is paid with, as far as a dash parts it: ``BAJAJ-AUTO`` and ``AAPL_NASDAQ`` are one thing each."""
_QUOTES = sorted((*_MONEY, *_COINS), key=len, reverse=True)
_TOKENS = frozenset({"STETH", "WSTETH", "RETH", "CBETH", "WEETH", "CBBTC"})
"""Tokens whose names end like a pair that is priced in a coin; with one letter before it, as in WBTC, none is read."""
_CAPITALS = re.compile(r"[A-Z0-9][A-Z0-9.:/_-]+")
_FORMER = {"XBT": "BTC", "XDG": "DOGE"}
_PAIR = re.compile(r"([^/]+)/([^:/]+)(?::(.+))?", re.DOTALL)  # an option may have its day's slashes in its name
_PARTED = re.compile(r"([A-Z0-9]+)[-_]([A-Z]{2,6})")
_KRAKEN = re.compile(r"X([A-Z]{3})[XZ]([A-Z]{3})")
_PREFIX = re.compile(r"[A-Z]{2,}:|t(?=[A-Z]{6})")  # TradingView's venue, Bitfinex' letter for a pair that is traded
_VENUE = re.compile(r"\.[A-Z][A-Z_0-9]+\Z")
_CONTRACT = re.compile(r"(.+?)(?:[-_](?:PERP|PERPETUAL|SWAP|([0-9]{6}))|(?<=[A-Z]{6})PERP|\.P)")
_REMEMBERED = 4096


class Symbol(NamedTuple):
    """A base asset, the quote asset that it is priced in, and for a contract what it is settled in.

    ``settle`` may carry a date, as in ``BTC/USDT:USDT-241227``.
    """

    base: str
    quote: str
    settle: str | None = None

    @classmethod
    def read(cls, text: str) -> Symbol:
        """The symbol in any usual spelling, such as ETH-BTC, ETHBTC, XETHXXBT or, for a contract, ETH-USDT-SWAP.

        Raises ValueError where it names no two assets.
        """
        symbol = _read(text)
        if symbol is None:
            message = "expected BASE/QUOTE, like ETH/BTC or AAPL/USD, or BASE/QUOTE:SETTLE"
            raise ValueError(message)
        return symbol

    def __str__(self) -> str:
        """As a story writes it: ``BASE/QUOTE`` or ``BASE/QUOTE:SETTLE``."""
        return f"{self.base}/{self.quote}" + (f":{self.settle}" if self.settle else "")


@lru_cache(_REMEMBERED)
def assets(symbol: str | None) -> tuple[str | None, str | None]:
    """The base and the quote asset of a symbol; None of what is unknown: of ``AAPL`` the quote."""
    if symbol is None:
        return None, None
    read = _read(symbol)
    return (read.base, read.quote) if read is not None else (symbol or None, None)


@lru_cache(_REMEMBERED)
def settled_in(symbol: str | None) -> str | None:
    """The asset in which gains and losses are paid: the quote asset, or what a contract is settled in."""
    read = _read(symbol) if symbol is not None else None
    if read is None:
        return None
    return read.settle.partition("-")[0] if read.settle is not None else read.quote


@lru_cache(_REMEMBERED)
def is_contract(symbol: str | None) -> bool:
    """Whether it is settled in an asset, so that it may be sold without being held."""
    read = _read(symbol) if symbol is not None else None
    return read is not None and read.settle is not None


class Traded(NamedTuple):
    """What a fill of a symbol trades; None is unknown."""

    base: str | None
    quote: str | None  # that it is priced in
    paid_in: str | None  # in which results are paid
    contract: bool  # it may be sold without being held
    worked_out: bool  # prices and sizes say what a result is: it is paid in the quote asset
    inverse: bool = False  # a contract that is paid in the base asset, and worth so much of the quote asset


@lru_cache(_REMEMBERED)
def traded(symbol: str) -> Traded:
    """What a fill of that symbol trades."""
    base, quote = assets(symbol)
    paid_in = settled_in(symbol)
    contract = is_contract(symbol)
    return Traded(base, quote, paid_in, contract, paid_in == quote, contract and paid_in == base)


@lru_cache(_REMEMBERED)
def canonical(symbol: str) -> str:
    """The one way in which a story writes it; what names no two assets stays as it is."""
    read = _read(symbol)
    return symbol if read is None else str(read)


def is_usual(text: str) -> bool:
    """Whether a text, in capitals, names a pair whose quote asset is money or a coin that others are priced in."""
    read = _read(text) if _CAPITALS.fullmatch(text) else None
    return read is not None and read.quote in _QUOTES


@lru_cache(_REMEMBERED)
def _read(text: str) -> Symbol | None:
    found = _PAIR.fullmatch(text.strip())
    if found is not None:
        base, quote, settle = found.groups()
        return Symbol(_named(base), _named(quote), _named(settle) if settle else None)
    rest = _PREFIX.sub("", text.strip(), count=1).upper()
    contract = _CONTRACT.fullmatch(rest) or _CONTRACT.fullmatch(_VENUE.sub("", rest))
    if contract is None:
        return _two(_VENUE.sub("", rest))
    pair = _two(contract[1])
    if pair is None:
        return None
    # One priced in dollars that no coin stands for is settled in its base, wherever it is spelled so.
    settle = pair.base if pair.quote == "USD" else pair.quote
    return pair._replace(settle=f"{settle}-{contract[2]}" if contract[2] else settle)


def _two(text: str) -> Symbol | None:
    if (found := _PARTED.fullmatch(text) or _KRAKEN.fullmatch(text)) and found[2] in _AFTER_A_DASH:
        if found[1] in _DOLLARS and found[2] not in _MONEY:  # USDT_ETH: some tools put the quote first
            return Symbol(_named(found[2]), _named(found[1]))
        return Symbol(_named(found[1]), _named(found[2]))
    if not text.isalnum() or text in _TOKENS:
        return None
    quote = next((each for each in _QUOTES if text.endswith(each) and len(text) > len(each) + (each in _COINS)), None)
    return Symbol(_named(text.removesuffix(quote)), _named(quote)) if quote else None


def _named(asset: str) -> str:
    return _FORMER.get(asset, asset)
