"""What tells one set of bars from any other, however it is stored."""

from __future__ import annotations

import hashlib
from math import nan
from struct import Struct as Layout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livestory.trading.market.row import Row

_BAR = Layout("<q5d")  # open time; open, high, low, close, volume (unknown is NaN)
_INTERVAL = Layout("<q")


class BarsDigest:
    """SHA-256 over the bars' numbers, oldest first, and then their interval; not over their text or their files."""

    def __init__(self) -> None:
        """Begin with no bars."""
        self._sha = hashlib.sha256()

    def add(self, bar: Row) -> None:
        """The next bar."""
        open_time, open_, high, low, close, volume = bar
        self._sha.update(_BAR.pack(open_time, open_, high, low, close, nan if volume is None else volume))

    def of(self, interval: int) -> str:
        """The digest of the bars added, each as long as ``interval``: 64 hex digits."""
        whole = self._sha.copy()
        whole.update(_INTERVAL.pack(interval))
        return whole.hexdigest()
