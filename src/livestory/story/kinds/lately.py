"""What was shown lately: with an event's facts all that a rule for showing its line may ask for (`Facts.shows`)."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Lately(Struct, omit_defaults=True):
    """What was shown lately. Read it; only the narrator updates it, by `story/showing.py`."""

    news: int | None = None  # when a line was shown last that is more than a sign of life
    line: int | None = None  # when any line was shown last
    signs: int = 0  # quiet lines shown since the last news
    record: float = 0.0  # the last record that was shown
    record_told: int = 0  # and when
    result_records: dict[str, tuple[int, Decimal]] = {}  # currency -> when its last record was shown, and how high
    eventful: bool = False  # something happened since the last day's end that makes a day worth a line
    troubled: bool = False  # something besides trades, which have told what they came to
    settled: float | None = None  # the wealth that the last trade told, where it left nothing that could change it
    unshown: dict[str, int] = {}  # period -> lines that were not shown since its last chapter that was
    days: int = 0  # of them, days since the last one that was shown
    change: float | None = 0.0  # their return
    switches: dict[str, int] = {}  # period -> switches of the regime since its last chapter that was shown
    switches_unshown: dict[str, int] = {}  # of them, those that were not shown
    regime: str | None = None  # of the last one that was not shown, until a line says it with its time
    regime_since: int = 0
