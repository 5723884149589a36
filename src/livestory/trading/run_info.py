"""What the executor tells of its run without needing it for trading."""

from __future__ import annotations

from msgspec import Struct

from livestory.clock import SECOND, Clock


class RunInfo(Struct, frozen=True, kw_only=True):
    """Where and how the bot trades, for the story."""

    mode: str = "paper"  # "simulated", "replay", "paper", "testnet" or "live"
    market: str | None = None  # where the bars come from, in a few words
    base: str | None = None  # the base asset's name
    unit: str = "BTC"  # the story's unit, the quote asset's name
    symbol: str | None = None
    exchange: str | None = None  # the name of the exchange that orders go to
    ath_min_gain: float | None = None  # the story's own rule for records
    clock: Clock | None = None  # the present; None: the bars', as in a replay
    patience: int = 10 * SECOND  # how long an exchange may be silent before that is told
