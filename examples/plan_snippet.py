"""The plan's own snippet, verbatim, with the least loop around it.

Run it from the project's root:  python examples/plan_snippet.py [folder]
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from livestory import StoryWriter

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "results")

# wealth, regime score, an order's quantity and price (or None)
BARS = [
    (1.0234, 21.4, None),
    (1.0240, 32.5, None),
    (1.0251, 33.0, (0.25, 0.0329)),
    (1.0567, 33.8, None),
    (1.0301, 21.7, None),
]

story = StoryWriter(folder / "live_story.txt")
equity_high, adx_threshold = BARS[0][0], 25

# In main loop:
for W, regime_score, order in BARS:
    now = datetime.now(UTC)
    order_placed = order is not None
    qty, price = order or (0.0, 0.0)
    # fmt: off
    story.check_ath(W, equity_high)
    story.check_regime_switch(regime_score, adx_threshold)
    if order_placed:
        story.log_event(now, "TRADE", f"BUY {qty} @ {price}")
    # fmt: on
    equity_high = max(equity_high, W)

story.close()
print(Path(story.filepath).read_text(encoding="utf-8"), end="")
