"""A spot bot that knows its fills and not its wealth: several pairs, fees in BNB, ccxt's trades told as they come.

Run it from the project's root:  python examples/spot_bot.py [folder]
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livestory import StoryWriter

START = datetime(2024, 12, 3, 9, tzinfo=UTC)
BNB = 640.0
# hours since the start, pair, side, amount, price, why
ORDERS = [
    (1, "ETH/USDT", "buy", 1.0, 3640.1, "RSI 28"),
    (3, "SOL/USDT", "buy", 10.0, 228.5, "RSI 29"),
    (9, "ETH/USDT", "sell", 0.5, 3712.4, "half of it at the first target"),
    (14, "SOL/USDT", "sell", 10.0, 221.15, "stop"),
    (20, "ETH/USDT", "sell", 0.5, 3788.0, "second target"),
    (23, "BNB/USDT", "buy", 0.1, 641.2, "for fees"),
    (26, "ETH/BTC", "buy", 2.0, 0.0381, "RSI 27"),
    (30, "SOL/USDT", "buy", 12.0, 219.0, "RSI 26"),
    (41, "ETH/BTC", "sell", 2.0, 0.0389, "target"),
    (44, "SOL/USDT", "buy", 12.0, 214.3, "RSI 24"),
    (60, "SOL/USDT", "sell", 24.0, 225.6, "target"),
    (75, "ETH/USDT", "buy", 1.0, 3811.0, "RSI 30"),
]


def trades() -> list[dict[str, Any]]:
    """What ``exchange.fetch_my_trades()`` answers, the oldest first."""
    answer = []
    for number, (hour, symbol, side, amount, price, _) in enumerate(ORDERS, start=1):
        cost = amount * price
        in_usdt = cost * (96_000.0 if symbol.endswith("/BTC") else 1.0)
        answer.append(
            {"id": str(7000 + number), "order": f"b{number}", "symbol": symbol, "type": "market", "side": side,
             "takerOrMaker": "taker", "amount": amount, "price": price, "cost": cost,
             "fee": {"cost": float(f"{in_usdt * 0.00075 / BNB:.6f}"), "currency": "BNB"},
             "timestamp": int(START.timestamp() + hour * 3600) * 1000}
        )  # fmt: skip
    return answer


def main() -> None:
    """Each trade once, with why; a bot asks for them in its loop, and what was told before is not told again."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
    reasons = {str(7000 + number): order[-1] for number, order in enumerate(ORDERS, start=1)}
    path = folder / "live_story.txt"
    first = not path.exists()
    with StoryWriter(path, name="spot bot", symbol=None, unit="USDT", keep_days=None, max_wait=30) as story:
        if first:
            story.started(wealth=10_000, timestamp=START)  # from then on it knows its fills alone
        for trade in trades():
            story.fill(trade, reason=reasons[trade["id"]])
    print(path.read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
