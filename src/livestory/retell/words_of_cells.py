"""The words that stand in a trade's cells: which side, which direction, whether it was filled."""

from __future__ import annotations

SIDES = {
    "buy": "buy", "b": "buy", "bought": "buy", "bid": "buy", "sell": "sell", "s": "sell", "sold": "sell", "ask": "sell",
    "open long": "buy", "close long": "sell", "open short": "sell", "close short": "buy",
    "open_long": "buy", "close_long": "sell", "open_short": "sell", "close_short": "buy",
}  # fmt: skip
"""What was done, by the words for it."""

LONG_OR_SHORT = {
    "long": False, "l": False, "buy": False, "b": False, "bull": False, "call": False, "false": False, "1": False,
    "short": True, "s": True, "sell": True, "bear": True, "true": True, "-1": True,
}  # fmt: skip
"""Whether a round trip is short, by the words for its direction."""

FILLED = frozenset(
    [
        "filled",
        "closed",
        "executed",
        "done",
        "complete",
        "completed",
        "finished",
        "match",
        "matched",
        "fill",
        "full",
        "fully_filled",
        "success",
        "ok",
    ]
)
"""The words of an order that was filled to its end."""
