"""What a strategy says at the end of a bar."""

from __future__ import annotations

from msgspec import Struct

from livestory.story.reason import Reason


class Signal(Struct, frozen=True, gc=False):
    """A wish, not an order: risk and the rebalance rules come after it."""

    target_weight: float  # wanted share of wealth in the base asset, 0 to 1
    reason: Reason  # why this target, or why none other
    step: int = 0  # which step of a staged entry the target is, 0 = none
    regime: str | None = None  # None while the indicators warm up
    score: float | None = None  # regime score, 0 to 100; None while it warms up
