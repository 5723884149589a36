"""The detectors: one small state machine a file. Each sees what the bot reports and says what is worth a line.

A detector is a `msgspec.Struct`; its fields are all it remembers, so that saving it is encoding it. It does O(1) work
an observation, reads no clock and touches nothing outside. It reads the `Account`, which is ahead of it by the same
input, and returns the facts to tell, usually none.
"""

from livestory.story.detectors.all_time_high import AllTimeHigh
from livestory.story.detectors.breaker import Breaker
from livestory.story.detectors.chapters import Chapters
from livestory.story.detectors.daily_limit import DailyLossLimit
from livestory.story.detectors.drawdown import DrawdownWarning
from livestory.story.detectors.exposure import Exposures
from livestory.story.detectors.flows import Flows
from livestory.story.detectors.gaps import Gaps
from livestory.story.detectors.half_way import HalfWayWarning
from livestory.story.detectors.lifecycle import Lifecycle
from livestory.story.detectors.put_off import PutOffs
from livestory.story.detectors.quiet import Silence
from livestory.story.detectors.readings import Readings
from livestory.story.detectors.regime import Regime
from livestory.story.detectors.rules import RulesInForce
from livestory.story.detectors.times import Times
from livestory.story.detectors.told_in_part import Lacking
from livestory.story.detectors.trades import Trades
from livestory.story.detectors.troubles import Troubles

__all__ = [
    "AllTimeHigh",
    "Breaker",
    "Chapters",
    "DailyLossLimit",
    "DrawdownWarning",
    "Exposures",
    "Flows",
    "Gaps",
    "HalfWayWarning",
    "Lacking",
    "Lifecycle",
    "PutOffs",
    "Readings",
    "Regime",
    "RulesInForce",
    "Silence",
    "Times",
    "Trades",
    "Troubles",
]
