"""A bot of your own, ccxt-style, that tells its story: one call a bar, one a trade.

Run it from the project's root:  python examples/own_bot.py [folder]

`Exchange` stands in for ``ccxt.binance()`` and has the shape of its answers; with the real one the loop stays as it is.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from livestory import Observation, StoryWriter

SYMBOL, BAR = "ETH/BTC", timedelta(minutes=15)
BUY_UNDER, SELL_OVER = 0.0295, 0.0310


class Exchange:
    """A tiny market: the price falls and recovers, orders are filled at once, the fee is 0.1 %."""

    prices = (0.0305, 0.0303, 0.0299, 0.0294, 0.0290, 0.0296, 0.0301, 0.0307, 0.0312, 0.0309)

    def __init__(self) -> None:
        """Before its first bar, with one BTC in the account."""
        self._bar = -1
        self._held = {"ETH": 0.0, "BTC": 1.0}
        self._trades: list[dict[str, Any]] = []

    def next_bar(self) -> bool:
        """Let a quarter of an hour pass; False at the end of the market."""
        self._bar += 1
        return self._bar < len(self.prices)

    def fetch_ticker(self, symbol: str) -> dict[str, Any]:
        """The last price, and when it was."""
        time = datetime(2024, 12, 4, 10, tzinfo=UTC) + self._bar * BAR
        return {"symbol": symbol, "last": self.prices[self._bar], "timestamp": int(time.timestamp() * 1000)}

    def fetch_balance(self) -> dict[str, Any]:
        """What the account holds."""
        return {"total": dict(self._held)}

    def fetch_my_trades(self, symbol: str) -> list[dict[str, Any]]:
        """All trades of the pair, those of earlier bars too."""
        return [trade for trade in self._trades if trade["symbol"] == symbol]

    def create_order(self, symbol: str, side: str, amount: float) -> None:
        """Buy or sell at the last price."""
        price, sign = self.prices[self._bar], 1 if side == "buy" else -1
        fee = amount * price * 0.001
        self._held["ETH"] += sign * amount
        self._held["BTC"] -= sign * amount * price + fee
        self._trades.append(
            {"id": str(len(self._trades) + 1), "symbol": symbol, "side": side, "amount": amount, "price": price,
             "fee": {"cost": fee, "currency": "BTC"}, "timestamp": self.fetch_ticker(symbol)["timestamp"]}
        )  # fmt: skip


def decide(price: float, eth: float) -> tuple[str, float, str] | None:
    """Buy ten ETH when they are cheap, sell them when they are dear."""
    if price < BUY_UNDER and not eth:
        return "buy", 10.0, f"price under {BUY_UNDER}"
    if price > SELL_OVER and eth:
        return "sell", eth, f"price over {SELL_OVER}"
    return None


def main() -> None:
    """The loop."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
    exchange = Exchange()
    with StoryWriter(folder / "live_story.txt", name="own bot", symbol=SYMBOL) as story:
        while exchange.next_bar():
            ticker, held = exchange.fetch_ticker(SYMBOL), exchange.fetch_balance()["total"]
            price, now = ticker["last"], ticker["timestamp"]
            wealth = held["BTC"] + held["ETH"] * price
            story.observe(Observation(time=now, wealth=wealth, price=price, position=held["ETH"]))

            order = decide(price, held["ETH"])
            if order is not None:
                exchange.create_order(SYMBOL, *order[:2])
            for trade in exchange.fetch_my_trades(SYMBOL):  # those told before are not told again
                story.fill(
                    trade["side"], trade["amount"], trade["price"], fee=trade["fee"]["cost"], trade_id=trade["id"],
                    timestamp=trade["timestamp"], reason=order[2] if order else None,
                )  # fmt: skip
    print(Path(story.filepath).read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
