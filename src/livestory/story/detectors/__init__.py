"""The detectors: one small state machine a class. Each sees what the bot reports and says what is worth a line.

A detector is a `msgspec.Struct`; its fields are all it remembers, so that saving it is encoding it. It does O(1) work
an observation, reads no clock and touches nothing outside. It reads the `Account`, which is ahead of it by the same
input, and returns the facts to tell, usually none.
"""

from livestory.story.detectors.chapters import ChapterDetector, QuietDetector
from livestory.story.detectors.exchange import TroubleDetector
from livestory.story.detectors.lifecycle import LifecycleDetector, RulesDetector
from livestory.story.detectors.money import FlowDetector, GapDetector, MissingFieldsDetector, ReadingDetector
from livestory.story.detectors.records import AllTimeHighDetector
from livestory.story.detectors.results import ResultDetector
from livestory.story.detectors.risk import (
    BreakerDetector,
    DailyLimitDetector,
    DrawdownDetector,
    HalfWayDetector,
    LiquidationDetector,
)
from livestory.story.detectors.telling import TimeDetector
from livestory.story.detectors.trades import ExposureDetector, PutOffDetector, RegimeDetector, TradeDetector

__all__ = [
    "AllTimeHighDetector",
    "BreakerDetector",
    "ChapterDetector",
    "DailyLimitDetector",
    "DrawdownDetector",
    "ExposureDetector",
    "FlowDetector",
    "GapDetector",
    "HalfWayDetector",
    "LifecycleDetector",
    "LiquidationDetector",
    "MissingFieldsDetector",
    "PutOffDetector",
    "QuietDetector",
    "ReadingDetector",
    "RegimeDetector",
    "ResultDetector",
    "RulesDetector",
    "TimeDetector",
    "TradeDetector",
    "TroubleDetector",
]
