"""A bot that trades three perpetual contracts, long and short; the exchange outlives it, and so does its story.

Run it from the project's root:  python examples/perpetual_bot.py [folder] [bars]

With a number of bars it is killed (SIGKILL) after so many. Run again, it goes on where the exchange is by then: the
story says that it was killed and how long it was away, and tells once whatever was filled meanwhile.

`Exchange` stands in for ``ccxt.binanceusdm()`` and has the shape of its answers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime
from math import sin
from pathlib import Path
from typing import Any

from livestory import Observation, Rules, StoryWriter

SYMBOLS = {"BTC/USDT:USDT": 96_000.0, "ETH/USDT:USDT": 3_640.0, "SOL/USDT:USDT": 228.0}
STEPS = {"BTC/USDT:USDT": 0.001, "ETH/USDT:USDT": 0.01, "SOL/USDT:USDT": 1.0}
HOUR, LEVERAGE, FEE, AWAY = 3600, 3, 0.0005, 5
START = int(datetime(2024, 12, 3, 9, tzinfo=UTC).timestamp())
BARS, DEPOSIT_BAR, DEAR_BAR, WINDOW = 100, 52, 63, 24
BAND = 0.012  # how far from its average a price makes a trend


class Exchange:
    """A small market whose account is kept in a file: orders are filled at once, funding is paid every eight hours."""

    def __init__(self, path: Path) -> None:
        """Go on where the file says."""
        self._path = path
        if path.exists():
            vars(self).update(json.loads(path.read_text()), _path=path)
            return
        self.bar, self.cash = 0, 10_000.0
        self.positions: dict[str, Any] = {}
        self.trades: list[dict[str, Any]] = []
        self.funding: list[dict[str, Any]] = []
        self.transfers: list[dict[str, Any]] = []

    def pass_hours(self, hours: int = 1) -> None:
        """Let time pass; what comes with it is paid, and all is written down."""
        for _ in range(hours):
            self.bar += 1
            if self.bar == DEPOSIT_BAR:
                self.cash += 2_000.0
                self.transfers.append({"id": "t1", "amount": 2_000.0, "timestamp": self.milliseconds() - 600_000})
            if (self.bar + START // HOUR) % 8 == 0:
                self._pay_funding()
        self._keep()

    def _keep(self) -> None:
        """Write all down at once, whenever the bot beside it is killed."""
        kept = {name: value for name, value in vars(self).items() if name != "_path"}
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(kept))
        written.replace(self._path)

    def _pay_funding(self) -> None:
        rate = 0.0012 if self.bar == DEAR_BAR else 0.0001
        for symbol, (held, _) in self.positions.items():
            amount = round(-held * self.price(symbol) * rate, 4)
            self.cash += amount
            paid = {"id": f"{symbol}-{self.bar}", "symbol": symbol, "amount": amount, "timestamp": self.milliseconds()}
            self.funding.append(paid)

    def now(self) -> int:
        """The present in microseconds: the story's clock."""
        return self.milliseconds() * 1000

    def milliseconds(self) -> int:
        """The present as an exchange gives it."""
        return (START + self.bar * HOUR) * 1000

    def price(self, symbol: str, bar: int | None = None) -> float:
        """Waves of two lengths, each symbol's own."""
        at = (self.bar if bar is None else bar) + sum(symbol.encode()) % 17
        return float(f"{SYMBOLS[symbol] * (1 + 0.035 * sin(at / 11) + 0.008 * sin(at / 2.3)):.5g}")

    def fetch_positions(self) -> list[dict[str, Any]]:
        """What is open, as ccxt has it."""
        return [
            {"symbol": symbol, "side": "long" if held > 0 else "short", "contracts": abs(held), "contractSize": 1,
             "entryPrice": entry, "markPrice": self.price(symbol), "leverage": LEVERAGE,
             "unrealizedPnl": round(held * (self.price(symbol) - entry), 4),
             "liquidationPrice": round(entry * (1 - (1 if held > 0 else -1) * 0.95 / LEVERAGE), 2)}
            for symbol, (held, entry) in self.positions.items()
        ]  # fmt: skip

    def fetch_balance(self) -> float:
        """What the account is worth."""
        result: float = sum(each["unrealizedPnl"] for each in self.fetch_positions())
        return self.cash + result

    def create_order(self, symbol: str, side: str, amount: float) -> None:
        """Buy or sell at the market."""
        price, change = self.price(symbol), amount if side == "buy" else -amount
        held, entry = self.positions.get(symbol, (0.0, 0.0))
        if held * change < 0:
            self.cash += (entry - price) * max(-abs(held), min(abs(held), change))  # the rest opens the other side
            entry = entry if abs(change) < abs(held) else price
        else:
            entry = (held * entry + change * price) / (held + change)
        fee = round(amount * price * FEE, 6)
        self.cash -= fee
        self.positions[symbol] = (round(held + change, 9), entry)
        if not self.positions[symbol][0]:
            del self.positions[symbol]
        number = len(self.trades) + 1
        self.trades.append(
            {"id": str(number), "order": f"o{number}", "symbol": symbol, "side": side, "amount": amount,
             "price": price, "cost": amount * price, "fee": {"cost": fee, "currency": "USDT"},
             "timestamp": self.milliseconds()}
        )  # fmt: skip
        self._keep()


def decide(exchange: Exchange, symbol: str) -> tuple[float, str] | None:
    """What to hold, and why: with the trend while a price is far from its average, nothing near it."""
    price = exchange.price(symbol)
    average = sum(exchange.price(symbol, exchange.bar - n) for n in range(WINDOW)) / WINDOW
    away, held = price / average - 1, exchange.positions.get(symbol, (0.0, 0.0))[0]
    size = round(4_000 / SYMBOLS[symbol] / STEPS[symbol]) * STEPS[symbol]
    if abs(away) > BAND and held * away <= 0:
        return (size if away > 0 else -size), f"{abs(away):.1%} {'over' if away > 0 else 'under'} its day's average"
    if held and abs(away) < BAND / 4:
        return 0.0, "back at its day's average"
    return None


def tell(story: StoryWriter, exchange: Exchange, why: dict[str, str]) -> None:
    """All that the exchange knows; what was told before is not told again."""
    if exchange.bar == DEPOSIT_BAR:
        transfer = exchange.transfers[-1]
        story.flow(transfer["amount"], timestamp=transfer["timestamp"])
    for paid in exchange.funding:
        story.funding(paid["symbol"], paid["amount"], funding_id=paid["id"], timestamp=paid["timestamp"])
    for trade in exchange.trades:
        story.fill(trade, reason=why.get(trade["id"]))
    positions: dict[str, Any] = {each["symbol"]: each for each in exchange.fetch_positions()}
    due = exchange.milliseconds() + HOUR * 1000
    story.observe(
        Observation(
            time=exchange.milliseconds(), wealth=exchange.fetch_balance(), positions=positions, halted=False,
            next_due=due,
        )
    )  # fmt: skip


def main() -> None:
    """The loop: an hour at a time."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
    killed_after = int(sys.argv[2]) if sys.argv[2:] else None
    folder.mkdir(parents=True, exist_ok=True)
    exchange = Exchange(folder / "exchange.json")
    if exchange.bar:
        exchange.pass_hours(AWAY)  # until somebody has started the bot again
    story = StoryWriter(
        folder / "live_story.txt", name="perpetual bot", symbol=None, unit="USDT", keep_days=None, clock=exchange,
        max_wait=30,
    )  # fmt: skip
    with story:
        if not exchange.bar:
            story.started(wealth=exchange.fetch_balance(), mode="paper")
            story.rules(Rules(breaker=0.15))
        while exchange.bar < BARS:
            exchange.pass_hours()
            why = {}
            for symbol in SYMBOLS:
                if (wanted := decide(exchange, symbol)) is not None:
                    target, reason = wanted
                    change = round(target - exchange.positions.get(symbol, (0.0, 0.0))[0], 9)
                    exchange.create_order(symbol, "buy" if change > 0 else "sell", abs(change))
                    why[exchange.trades[-1]["id"]] = reason
            tell(story, exchange, why)
            if exchange.bar == killed_after:
                os.kill(os.getpid(), signal.SIGKILL)
        story.stopped("end of the market", wealth=exchange.fetch_balance())
    print(Path(story.filepath).read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
