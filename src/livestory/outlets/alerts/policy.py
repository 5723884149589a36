"""When what goes to a channel: severity, quiet hours, gathering, rate. It only reckons; times are handed in.

Lines go out in their order. One that is due takes all before it along, so that a message is always the beginning of
what waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import inf
from zoneinfo import ZoneInfo

from livestory.clock import HOUR, MINUTE, as_datetime
from livestory.outlets.alerts.outbox import Pace, QueuedLine
from livestory.outlets.alerts.settings import ChannelSettings

_MINUTES = 24 * 60  # of a day
_LONGEST_CRITICAL = MINUTE  # that a critical line is gathered with its like


class Policy:
    """The rules of one channel."""

    def __init__(self, settings: ChannelSettings) -> None:
        """As its settings say; a webhook is read by a machine, for which nothing is gathered."""
        machine = settings.service == "webhook"
        self._kinds = frozenset(settings.kinds)
        self._all = settings.severity == "all"
        self.digests = frozenset(settings.digest)  # the periods that it gets the digest of
        self._quiet = _quiet(settings.quiet)
        self._zone = ZoneInfo(settings.time_zone)
        self._gather = 0 if machine else settings.gather
        self._per_hour = None if machine else settings.most_per_hour

    def wants(self, kind: str, *, critical: bool, shown: bool) -> bool:
        """Whether the channel asked for such a line: of a kind that it names, each one, shown or not."""
        return kind in self._kinds if self._kinds else critical or (shown and self._all)

    def due(self, waiting: Sequence[QueuedLine], pace: Pace, now: int) -> tuple[int, int | None]:
        """How many of the lines that wait, from the first on, are to be sent now; and when the next one is."""
        times: dict[tuple[str, bool], int] = {}
        count, following = 0, None
        for place, line in enumerate(waiting, 1):
            key = line.kind, line.critical
            if key not in times:
                times[key] = self._due(*key, pace, now)
            if times[key] <= now:
                count, following = place, None
            elif following is None or times[key] < following:
                following = times[key]
        return count, following

    def sent(self, lines: Sequence[QueuedLine], pace: Pace, now: int) -> Pace:
        """The pace once a message with these lines was delivered."""
        recent = {kind: time for kind, time in pace.sent.items() if now - self._gather < time <= now}
        tokens = max(self._tokens(pace, now) - 1, 0.0) if self._per_hour is not None else None
        return Pace(recent | dict.fromkeys((line.kind for line in lines), now), tokens, now)

    def _due(self, kind: str, critical: bool, pace: Pace, now: int) -> int:  # noqa: FBT001 - the key of a table
        before = pace.sent.get(kind, 0)
        before = before if before <= now else 0  # the clock was put back
        if critical:
            return before + min(self._gather, _LONGEST_CRITICAL)
        return self._after_quiet(max(before + self._gather, self._token(pace, now), now))

    def _tokens(self, pace: Pace, now: int) -> float:
        """How many messages the rate lets go at once."""
        if self._per_hour is None:
            return inf
        passed = now - pace.counted
        if pace.tokens is None or passed < 0:  # none was sent yet, or the clock was put back: what passed is unknown
            return float(self._per_hour)
        return min(pace.tokens + passed / HOUR * self._per_hour, float(self._per_hour))

    def _token(self, pace: Pace, now: int) -> int:
        """When the rate lets a message go."""
        lacking = 1 - self._tokens(pace, now)
        if lacking <= 0 or self._per_hour is None:
            return now
        return now + int(lacking / self._per_hour * HOUR) + 1

    def _after_quiet(self, time: int) -> int:
        """``time``, or the end of the quiet hours that it falls into."""
        while left := self._left(time):
            over = time - time % MINUTE + left * MINUTE
            if self._offset(over) == self._offset(time):
                return over
            time = self._change(time, over)  # the clock on the wall is put forward or back before: look at it anew
        return time

    def _left(self, time: int) -> int:
        """Minutes that the quiet hours still last by the clock on the wall; 0 outside them."""
        if self._quiet is None:
            return 0
        start, end = self._quiet
        local = as_datetime(time).astimezone(self._zone)
        minute = local.hour * 60 + local.minute
        within = start <= minute < end if start < end else minute >= start or minute < end
        return (end - minute) % _MINUTES if within else 0

    def _change(self, time: int, later: int) -> int:
        """The minute between the two at which summer time begins or ends."""
        time -= time % MINUTE  # else the two could come no closer than within two minutes
        while later - time > MINUTE:
            middle = time + (later - time) // (2 * MINUTE) * MINUTE
            time, later = (middle, later) if self._offset(middle) == self._offset(time) else (time, middle)
        return later - later % MINUTE

    def _offset(self, time: int) -> timedelta | None:
        return as_datetime(time).astimezone(self._zone).utcoffset()


def _quiet(written: str | None) -> tuple[int, int] | None:
    """Minutes of the day."""
    if written is None:
        return None
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in written.split("-"))
    return start, end
