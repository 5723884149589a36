"""The names of columns: which are the same name written differently, and what unit a name carries."""

from __future__ import annotations

import re
from typing import NamedTuple

from livestory.retell.shapes.languages import ENGLISH

UNITS = frozenset({
    "USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "DAI", "EUR", "GBP", "CHF", "JPY", "AUD", "CAD", "KRW", "TRY",
    "BRL", "INR", "BTC", "XBT", "ETH", "BNB", "SOL",
})  # fmt: skip
"""Assets that a column's name may end with: ``equity_usd``, ``Price USDT``."""
MONEY = UNITS - {"BTC", "XBT", "ETH", "BNB", "SOL"}
"""Those that nobody trades as such: a quantity of them is what was paid."""
_TOKENS = re.compile(r"[\s_\-./:<>\[\]()]+")
_WITHIN = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NOT_LETTERS = re.compile(r"[^\w]|_")
_ZONE = re.compile(r"[(\[]\s*((?:UTC|GMT)\s*[-+]\s*[0-9]{1,2}(?::?[0-9]{2})?|[A-Z]{3,4})\s*[)\]]")


class Name(NamedTuple):
    """A column's name, plain: the spellings by which it may be known, the fullest first."""

    spellings: tuple[str, ...]
    unit: str | None = None
    zone: str | None = None  # of its times: ``Order Time (UTC+01:00)``


def name_of(text: str) -> Name:
    """The plain name of a column: ``Net PnL %``, ``net_pnl_pct`` and ``NetPnLPct`` are one."""
    full = _plain(text)
    found = [full]
    outside = _WITHIN.sub(" ", text)
    tokens = [token for token in _TOKENS.split(outside) if token]
    inside = [token.upper() for token in _TOKENS.split(" ".join(_WITHIN.findall(text))) if token]
    unit = next((token for token in inside if token in UNITS), None)
    if len(tokens) > 1 and tokens[-1].upper() in UNITS:
        unit = tokens.pop().upper()
    found.append(_plain("_".join(tokens)))
    found += [ENGLISH[each] for each in (found[:1] if "%" in text else found) if each in ENGLISH]
    zone = _ZONE.search(text)
    return Name(tuple(dict.fromkeys(each for each in found if each)) or ("",), unit, zone[1] if zone else None)


def plain(text: str) -> str:
    """A name without regard to case, spaces and signs."""
    return _plain(text)


def _plain(text: str) -> str:
    text = text.strip().replace("%", " pct ").replace("#", " no ").replace("&", "n")
    return _NOT_LETTERS.sub("", text).casefold()
