"""What a bot in another language tells: some days with trades, a deposit, a halt and notes, each input with an id."""

from __future__ import annotations

import json
from typing import Any

START = 1_733_011_200  # 2024-12-01
BAR = 3_600  # seconds


def lines(bars: int = 60) -> list[str]:
    """Its JSON lines."""
    told: list[dict[str, Any]] = [
        {"input": "started", "wealth": "1.0", "time": START},
        {"input": "rules", "breaker": 0.2, "cooldown": "7d", "time": START},
    ]
    for bar in range(1, bars + 1):
        time = START + bar * BAR
        if bar % 15 == 5:
            side = "buy" if bar % 30 == 5 else "sell"
            told.append(
                {"input": "fill", "side": side, "quantity": "2.5", "price": 0.03 + bar / 10_000, "time": time,
                 "trade_id": bar, "fee": "0.00007", "reason": "the bar says so"}
            )  # fmt: skip
        if bar == 20:
            told.append({"input": "flow", "amount": "0.5", "time": time})
        if bar == 40:
            told.append({"input": "note", "text": "all is well | so far\n", "time": time})
        wealth = 1 + bar / 500 + 0.5 * (bar >= 20)
        told.append({"input": "observation", "time": time, "wealth": wealth, "price": 0.03 + bar / 10_000,
                     "halted": 45 <= bar < 50, "halt_reason": "owner" if 45 <= bar < 50 else None})  # fmt: skip
    told.append({"input": "stopped", "reason": "the bars ended", "time": START + bars * BAR})
    return [json.dumps({**each, "id": f"n-{number}"}) for number, each in enumerate(told)]


def of_a_portfolio(bars: int = 30) -> list[str]:
    """The lines of one that trades three symbols, short and hedged, with funding and fees in a third asset."""
    told: list[dict[str, Any]] = [{"input": "started", "wealth": "10000", "mode": "paper", "time": START}]
    symbols = ("BTC/USDT:USDT", "ETHUSDT", "SOL-USDC")
    for bar in range(1, bars + 1):
        time, symbol = START + bar * BAR, symbols[bar % 3]
        price = f"{100 + bar % 7 * 1.25}"
        base: dict[str, Any] = {"symbol": symbol, "price": price, "time": time, "trade_id": f"t{bar}", "order_id": bar}
        if symbol == symbols[0]:  # one side of a hedge is opened, then closed, then the other
            side, step = ("long", "short")[bar // 6 % 2], ("open", "close")[bar // 3 % 2]
            told.append({"input": "fill", "side": side, "effect": step, "position": side, "quantity": "0.3",
                         "fee": "0.0001", "fee_asset": "BNB", "reason": "a signal", **base})  # fmt: skip
            told.append({"input": "funding", "symbol": symbol, "amount": "-1.5" if bar % 2 else "0.25", "time": time,
                         "funding_id": f"f{bar}"})  # fmt: skip
        else:
            told.append({"input": "fill", "side": ("buy", "buy", "sell")[bar // 3 % 3], "quantity": "2" if bar // 3 % 3
                         == 2 else "1", "fee": "0.02", **base})  # fmt: skip
        if bar % 10 == 7:
            told.append({"input": "skip", "reason": "spread", "symbol": symbol, "side": "buy", "time": time})
        held = {"BTCUSDT.P": {"quantity": "-0.3", "price": price, "entry": "101", "liquidation": "130"}}
        told.append({"input": "observation", "time": time, "wealth": 10_000 + bar, "positions": held})
    return [json.dumps({**each, "id": f"p-{number}"}) for number, each in enumerate(told)]
