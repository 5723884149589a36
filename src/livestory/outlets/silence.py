"""From when on a bot counts as not heard: its next observation is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.clock import MINUTE, SECOND

if TYPE_CHECKING:
    from livestory.story.inputs import Observation

REPLAYED = frozenset({"simulated", "replay"})
"""Modes whose time is the bars' own, so that only a writer at work says that they are alive."""

_LEAST_GRACE, _MOST_GRACE = 30 * SECOND, 5 * MINUTE


def overdue_from(last: Observation, grace: int | None = None) -> int | None:
    """The instant from which the observation after ``last`` is overdue; None where it said nothing of the next.

    That is ``grace`` after it was due; else a quarter of the interval, within 30 seconds and five minutes.
    """
    if last.next_due is None:
        return None
    if grace is None:
        grace = min(max((last.next_due - last.time) // 4, _LEAST_GRACE), _MOST_GRACE)
    return last.next_due + grace
