"""The words that stand in a trade's cells: which side, which direction, whether it was filled."""

from __future__ import annotations

SIDES = {
    "buy": "buy", "b": "buy", "bought": "buy", "bid": "buy", "sell": "sell", "s": "sell", "sold": "sell", "ask": "sell",
    "open long": "buy", "close long": "sell", "open short": "sell", "close short": "buy",
    "open_long": "buy", "close_long": "sell", "open_short": "sell", "close_short": "buy",
    "1": "buy", "+1": "buy", "1.0": "buy", "-1": "sell", "-1.0": "sell", "buy_limit": "buy", "sell_limit": "sell",
    "kauf": "buy", "verkauf": "sell", "kaufen": "buy", "verkaufen": "sell", "compra": "buy", "venta": "sell",
    "venda": "sell", "achat": "buy", "vente": "sell", "acquisto": "buy", "vendita": "sell", "买入": "buy",
    "卖出": "sell", "买": "buy", "卖": "sell", "買い": "buy", "売り": "sell", "買": "buy", "売": "sell",
}  # fmt: skip
"""What was done, by the words for it."""

LONG_OR_SHORT = {
    "long": False, "l": False, "buy": False, "b": False, "bull": False, "call": False, "false": False, "1": False,
    "short": True, "s": True, "sell": True, "bear": True, "true": True, "-1": True, "put": True,
    "kauf": False, "verkauf": True, "largo": False, "corto": True, "多": False, "空": True, "1.0": False, "-1.0": True,
}  # fmt: skip
"""Whether a round trip is short, by the words for its direction."""

NO_TRADES = frozenset({
    "hold", "none", "flat", "0", "wait", "balance", "deposit", "withdrawal", "withdraw", "credit", "transfer",
    "funding", "fee", "fees", "commission", "dividend", "dividends", "interest", "swap", "staking", "staking reward",
    "reward", "rewards income", "receive", "send", "convert", "airdrop", "rollover", "settlement", "correction",
    "bonus", "charge",
})  # fmt: skip
"""The words of rows between trades that are none."""

FLOWS = frozenset({"balance", "deposit", "withdrawal", "withdraw"})
"""Those of money that came or went."""

FILLED = frozenset({
    "filled", "closed", "executed", "done", "complete", "completed", "finished", "match", "matched", "fill", "full",
    "fully_filled", "fully filled", "success", "ok",
})  # fmt: skip
"""The words of an order that was filled to its end."""
