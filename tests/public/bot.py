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
