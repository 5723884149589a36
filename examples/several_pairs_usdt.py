"""A bot that trades several pairs in USDT, long and short, and tells them in one story.

Run it from the project's root:  python examples/several_pairs_usdt.py [folder]
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from livestory import Observation, Reason, Rules, StoryWriter

HOUR = 3600
START = int(datetime(2024, 12, 3, 9, tzinfo=UTC).timestamp())  # epoch seconds are as good a timestamp as any

# hours since the start, pair, side, effect, quantity, price, fee
FILLS = [
    (1, "ETH/USDT", "buy", "open", "0.5", "3640.10", "1.82"),
    (2, "SOL/USDT", "sell", "open", "10", "229.50", "2.30"),
    (5, "ETH/USDT", "sell", "reduce", "0.25", "3712.40", "0.93"),
    (8, "SOL/USDT", "buy", "close", "10", "221.15", "2.21"),
    (9, "BTC/USDT", "buy", "open", "0.02", "95810", "1.92"),
    (13, "BTC/USDT", "sell", "close", "0.02", "94905.5", "1.90"),
]
WEALTH = [10000.0, 9998.2, 9995.9, 10012.0, 10040.5, 10047.3, 10051.0, 10093.6, 10112.4, 10110.5, 10098.0, 10085.2,
          10079.9, 10078.0, 10081.5, 10083.1]  # fmt: skip
DEPOSIT_HOUR, SKIPPED_HOUR = 11, 10


def main() -> None:
    """A bar an hour, the fills as they come, a deposit in between."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
    # The first pair is the story's own; any other is named at each call.
    with StoryWriter(folder / "live_story.txt", name="three pairs", symbol="ETH/USDT") as story:
        story.rules(Rules(breaker=0.1, daily_loss=0.02, base="crypto"), timestamp=START)
        deposited = 0.0
        for hour, wealth in enumerate(WEALTH):
            now = START + hour * HOUR
            if hour == DEPOSIT_HOUR:
                deposited = 500.0
                story.flow(deposited, timestamp=now - 1200)
            for _, pair, side, effect, quantity, price, fee in (fill for fill in FILLS if fill[0] == hour):
                story.fill(
                    side, quantity, price, symbol=pair, effect=effect, fee=fee, trade_id=f"{pair}-{hour}",
                    timestamp=now - 40,
                )  # fmt: skip
            if hour == SKIPPED_HOUR:
                funding = Reason("funding", 0.0009, 0.0005)
                story.skip(funding, side="sell", quantity=10, symbol="SOL/USDT", timestamp=now)
            story.observe(Observation(time=now, wealth=wealth + deposited, halted=False, next_due=now + HOUR))
    print(Path(story.filepath).read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
