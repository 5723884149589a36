"""Why nothing was traded, counted by reason."""

from __future__ import annotations

from msgspec import Struct

from livestory.story.reason import BarCount, Reason


class _Count(Struct):
    bars: int
    nearest: Reason
    distance: float  # of the nearest reading from its limit


_FAR = float("inf")
_MOST = 20  # reasons; a bot whose every reason reads differently fills no memory
_OTHER = Reason("other reasons")


class NoTradeTally(Struct):
    """Counts the reasons of bars without a trade, and keeps the reading of each that came nearest to its limit."""

    counts: dict[str, _Count] = {}

    def add(self, reason: Reason) -> None:
        """Count one bar."""
        value, limit = reason.value, reason.limit
        distance = abs(value - limit) if value is not None and limit is not None else _FAR
        name = reason.name
        if name not in self.counts and len(self.counts) >= _MOST:
            reason = _OTHER
            name = reason.key
        count = self.counts.get(name)
        if count is None:
            self.counts[name] = _Count(1, reason, distance)
            return
        count.bars += 1
        if distance < count.distance:
            count.nearest, count.distance = reason, distance

    def clear(self) -> None:
        """Begin anew."""
        self.counts.clear()

    def told(self) -> tuple[BarCount, ...]:
        """The counts, most frequent first."""
        ordered = sorted(self.counts.values(), key=lambda count: -count.bars)
        return tuple(BarCount(count.bars, count.nearest) for count in ordered)
