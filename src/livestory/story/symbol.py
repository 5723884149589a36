"""What is traded: ``ETH/BTC``, or ``ETH/USDT:USDT`` for a contract that is settled in USDT."""

from __future__ import annotations


def assets(symbol: str | None) -> tuple[str | None, str | None]:
    """The base and the quote asset of a symbol; None of what is unknown."""
    base, _, quote = (symbol or "").partition("/")
    return base or None, quote.partition(":")[0] or None
