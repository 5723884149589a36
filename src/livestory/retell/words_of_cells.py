"""The words that stand in a trade's cells: which side, which direction, whether it was filled."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from livestory.retell.cells import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

SIDES = {
    "buy": "buy", "sell": "sell", "open long": "buy", "close long": "sell", "open short": "sell", "close short": "buy",
    "1": "buy", "+1": "buy", "1.0": "buy", "-1": "sell", "-1.0": "sell",
}  # fmt: skip
"""What was done, by the words that `word_of` makes of a cell."""

LONG_OR_SHORT = {
    "long": False, "short": True, "buy": False, "sell": True, "call": False, "put": True, "true": True, "false": False,
    "open long": False, "close long": False, "open short": True, "close short": True,
    "1": False, "+1": False, "1.0": False, "-1": True, "-1.0": True,
}  # fmt: skip
"""Whether a round trip is short, by the words for its direction."""

CLOSE = "close"
"""The word for a fill that closes what is open, whichever way that is."""

OPTIONS_ENDED = frozenset({
    "expired", "expiration", "expiry", "oexp", "assigned", "assignment", "oasgn", "exercised", "exercise", "oexcs",
})  # fmt: skip
"""The words for the end of an option that was not traded."""

NO_TRADES = OPTIONS_ENDED | frozenset({
    "hold", "none", "flat", "0", "wait", "balance", "deposit", "withdrawal", "withdraw", "credit", "transfer",
    "funding", "fee", "fees", "commission", "dividend", "dividends", "interest", "swap", "staking", "reward",
    "rewards", "receive", "send", "convert", "conversion", "airdrop", "rollover", "settlement", "correction",
    "bonus", "charge", "tax", "split", "rebate", "cashback", "distribution", "adjustment", "journal", "wire",
    "payment", "merger", "received", "cash", "dust", "stake", "unstake", "forex",
    "interests", "debit", "journaled", "dividende", "dividenden", "dividendo", "dividendi", "ausschüttung", "utdelning",
    "einzahlung", "auszahlung", "insättning", "uttag", "storting", "onttrekking", "depósito", "deposito", "dépôt",
    "versement", "retrait", "retiro", "prelievo", "bonifico", "zinsen", "zins", "ränta", "rente", "interessi",
    "intereses", "intérêts", "provento", "steuer", "belasting", "skatt",
})  # fmt: skip
"""The words of rows between trades that are none."""

FLOWS = frozenset({"balance", "deposit", "withdrawal", "withdraw"})
"""Those of money that came or went."""

FILLED = frozenset({
    "filled", "closed", "executed", "done", "complete", "completed", "finished", "match", "matched", "fill", "full",
    "fully_filled", "fully filled", "success", "ok",
})  # fmt: skip
"""The words of an order that was filled to its end."""

EFFECTS = {
    word: effect
    for effect, words in {
        "open": ("open", "entry", "enter", "opening", "opened", "to open", "in", "open position"),
        "add": ("add", "increase", "scale in"),
        "reduce": ("reduce", "decrease", "scale out", "partial exit", "partial close"),
        "close": ("close", "exit", "closing", "closed", "to close", "out", "close position"),
    }.items()
    for word in words
}
"""What a fill did to the position, by the words of a column beside its side."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BUYS = _words(
    "achat achats acheter acquisto al alis alım alış b bid bot bought buy buys c compra comprado cumpărare "
    "comprar köp køb kjøp nákup osto vétel gekauft kauf kaufen koop kupno zakup купить куплено покупка 买 买入 "
    "证券买入 買 買い "
    "買入 매수"
)
_SELLS = _words(
    "ask eladás myynti prodej salg sälj vânzare "
    "s sat satis satım satış sell sells sld sold sprzedaż v venda vender vendido vendita vendre "
    "venta vente ventes verkauf verkaufen verkauft verkoop продажа продано продать 卖 卖出 売 売り "
    "证券卖出 賣 賣出 매도"
)
_LONGS = _words("bull l largo long longs лонг ロング 做多 多 多头 롱")
_SHORTS = _words("bear corto short shorts шорт ショート 做空 空 空头 숏")
_CLOSES = frozenset({
    "close", "exit", "close position", "exit position", "closed", "take profit", "stop loss", "tp", "sl", "liquidation",
    "cerrar", "cierre", "平仓", "закрытие",
})  # fmt: skip
_WHOLE = {
    "buy to open": "open long", "sell to close": "close long", "sell to open": "open short",
    "buy to close": "close short", "buy to cover": "close short", "cover": "close short", "cover short": "close short",
    "short cover": "close short", "sell short": "open short", "sold short": "open short", "short sell": "open short",
    "enter long": "open long", "enter short": "open short", "exit long": "close long", "exit short": "close short",
    "buy long": "open long", "sell long": "close long", "buy short": "close short", "long entry": "open long",
    "bto": "open long", "stc": "close long", "sto": "open short", "btc": "close short",
    "ss": "open short", "bc": "close short", "reinvest shares": "buy", "short entry": "open short",
    "long exit": "close long", "short exit": "close short", "entry long": "open long",
    "entry short": "open short", "long open": "open long", "long close": "close long", "short open": "open short",
    "short close": "close short", "short > long": "buy", "long > short": "sell",
    "开多": "open long", "开空": "open short", "平多": "close long", "平空": "close short", "买入开多": "open long",
    "卖出平多": "close long", "卖出开空": "open short", "买入平空": "close short",
}  # fmt: skip
_ENDS = {"entry": "open", "close": "close", "exit": "close"}
_BEFORE = {"open": "open", "close": "close", "liquidated": "close", "liquidation": "close"}
_AFTER = re.compile(r"\s*[·(\[|].*")  # Long·Cross, Close Short (Price Improved)
_PARTS = re.compile(r"(?<=\w)[_-](?=\w)|\s+")


_IS_CODE = re.compile(r"[a-z]{1,3}").fullmatch
_OF_EXITS = re.compile(
    r"(?:\w+[ _])?(?:(open(?:ed|ing)?|entry|enter)|(close|closed|closing|exit))(?:[ _-]\w+)*"
).fullmatch


def effect_of(text: str) -> str | None:
    """Whether a side such as ``ENTRY`` or ``TIME_EXIT`` opens or closes, where it doesn't say which way."""
    found = _OF_EXITS(text.strip().casefold())
    if found is None or word_of(text) in SIDES:
        return None
    return "open" if found[1] else "close"


def effect_of_code(text: str) -> str | None:
    """Whether a broker's codes, such as ``O``, ``C;Ep`` and ``A;O``, say that something was opened or closed."""
    codes = {code.strip().casefold() for code in re.split(r"[;,]", text)}
    said = [effect for code, effect in (("o", "open"), ("c", "close")) if code in codes]
    return said[0] if len(said) == 1 and all(map(_IS_CODE, codes)) else None


def are_effects(texts: Iterable[str]) -> bool:
    """Whether the sides of some cells say all of them what was done, and none of them which way."""
    words = {text.strip().casefold() for text in texts} - UNKNOWN - NO_TRADES
    return bool(words) and all(map(effect_of, words))


def is_known(word: str) -> bool:
    """Whether a word that `word_of` made says what a row is."""
    return word in SIDES or word in LONG_OR_SHORT or word in NO_TRADES or word == CLOSE


@lru_cache(4096)
def word_of(text: str) -> str:
    """The word for what a cell says of a side or a direction; the cell itself where it says nothing known."""
    plain = text.strip().casefold()
    if plain in LONG_OR_SHORT or plain in NO_TRADES:
        return plain
    words = _PARTS.sub(" ", _AFTER.sub("", plain))
    parts = words.split()
    whole = _WHOLE.get(words) or _WHOLE.get(" ".join(parts[:3]))  # BUY_TO_OPEN, and what was bought after it
    if whole is not None or words in _CLOSES:
        return whole or CLOSE
    return _said(parts, words) or next((part for part in parts if part in NO_TRADES), plain)


def _said(parts: list[str], words: str) -> str | None:
    """The one side or direction that some words name, and what was done to it; None where there is none, or several."""
    known = [(_BUYS, "buy"), (_SELLS, "sell"), (_LONGS, "long"), (_SHORTS, "short")]
    said = [word for names, word in known if words in names or any(len(part) > 1 and part in names for part in parts)]
    if said and said[-1] in {"long", "short"} and parts[0] in _BEFORE:  # Open Long, Liquidated Isolated Short
        return f"{_BEFORE[parts[0]]} {said[-1]}"
    if said in (["long"], ["short"]):  # passivbot's long_ientry_normal, and its long_nclose
        does = next((word for end, word in _ENDS.items() if any(part.endswith(end) for part in parts)), "")
        return f"{does} {said[0]}".strip()
    return said[0] if len(said) == 1 else None
