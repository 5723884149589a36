"""Law 1: the plan's own API writes the plan's six lines, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from livestory import StoryWriter
from livestory.clock import ManualClock
from livestory.story.details import facts_of
from livestory.story.line import parse, tell
from tests.story.facts import hostile_text

if TYPE_CHECKING:
    from pathlib import Path

SIX = """\
2024-12-03 15:00:00 | 🚀 Bot Started | Initial Wealth: 1.0234 BTC
2024-12-03 15:15:00 | 🔄 Regime Switch: TREND | Score: 32.5
2024-12-03 15:30:00 | 🟢 BUY | +0.25 ETH @ 0.0329 BTC
2024-12-03 16:00:00 | 🚀 NEW ATH | 1.0567 BTC
2024-12-03 18:00:00 | 🚨 SAFETY BREAKER TRIPPED | DD: -21.2%
2024-12-03 20:00:00 | 🔥 PHOENIX ACTIVATED | Resuming Trading
"""


def _time(clock: str) -> datetime:
    return datetime.fromisoformat(f"2024-12-03T{clock}:00+00:00")


def test_the_six_lines_through_the_plans_api(tmp_path: Path) -> None:
    """log_event, check_ath and check_regime_switch with timestamps; nothing more is told at open or close."""
    path = tmp_path / "results" / "live_story.txt"
    story = StoryWriter(path, strict=True)
    assert path.read_text(encoding="utf-8") == ""
    story.log_event(_time("15:00"), "START", "1.0234")
    story.check_ath(1.0234, 1.0234, timestamp=_time("15:00"))
    story.check_regime_switch(32.5, 25, timestamp=_time("15:15"))
    story.log_event(_time("15:30"), "TRADE", "BUY 0.25 @ 0.0329")
    story.check_ath(1.0567, 1.0567, timestamp=_time("16:00"))
    story.log_event(_time("18:00"), "BREAKER", "DD: -21.2%")
    story.log_event(_time("20:00"), "PHOENIX", "Resuming Trading")
    assert path.read_text(encoding="utf-8") == SIX
    assert (story.filepath, story.last_regime, story.last_target) == (str(path), "TREND", 0.0)
    story.close()
    assert path.read_text(encoding="utf-8") == SIX


@pytest.mark.parametrize(
    ("event_type", "details", "line"),
    [
        ("START", "Initial Wealth: 1.0234 BTC", "🚀 Bot Started | Initial Wealth: 1.0234 BTC"),
        ("start", 1.0234, "🚀 Bot Started | Initial Wealth: 1.0234 BTC"),
        ("START", "52000 USDT", "🚀 Bot Started | Initial Wealth: 52,000.00 USDT"),
        ("REGIME", "TREND | Score: 32.5", "🔄 Regime Switch: TREND | Score: 32.5"),
        ("REGIME", "Regime Switch: TREND | Score: 32.5", "🔄 Regime Switch: TREND | Score: 32.5"),
        ("REGIME", "TREND 32.5", "🔄 Regime Switch: TREND | Score: 32.5"),
        ("REGIME", "TREND", "🔄 Regime Switch: TREND | first reading"),
        ("TRADE", "BUY 0.25 @ 0.0329", "🟢 BUY | +0.25 ETH @ 0.0329 BTC"),
        ("TRADE", "BUY 0.25 ETH @ 0.0329 BTC", "🟢 BUY | +0.25 ETH @ 0.0329 BTC"),
        ("TRADE", "BUY | +0.25 ETH @ 0.0329 BTC", "🟢 BUY | +0.25 ETH @ 0.0329 BTC"),
        ("TRADE", "sell 1.50 at 0.0264", "🔴 SELL | -1.5 ETH @ 0.0264 BTC"),
        ("TRADE", "SELL -1.5 @ 2.64e-2", "🔴 SELL | -1.5 ETH @ 0.0264 BTC"),
        ("TRADE", "BUY 10 SOL @ 150 USDT", "🟢 BUY | +10 SOL @ 150 USDT"),
        ("ATH", "1.0567 BTC", "🚀 NEW ATH | 1.0567 BTC"),
        ("ATH", 1.0567, "🚀 NEW ATH | 1.0567 BTC"),
        ("BREAKER", "-21.2%", "🚨 SAFETY BREAKER TRIPPED | DD: -21.2%"),
        ("BREAKER", "Drawdown: 21.2 %", "🚨 SAFETY BREAKER TRIPPED | DD: -21.2%"),
        ("BREAKER", -0.212, "🚨 SAFETY BREAKER TRIPPED | DD: -21.2%"),
        ("BREAKER", "", "🚨 SAFETY BREAKER TRIPPED | DD: not known"),
        ("PHOENIX", "", "🔥 PHOENIX ACTIVATED | Resuming Trading"),
        ("STOP", "", "💤 Bot Stopped | by you"),
        ("STOP", "by hand", "💤 Bot Stopped | by hand"),
    ],
)
def test_details_are_read_generously(event_type: str, details: object, line: str) -> None:
    """The third column of the line, or just its numbers."""
    assert tell(0, facts_of(event_type, details, "ETH/BTC", "BTC")) == f"1970-01-01 00:00:00 | {line}"


class _Kind(Enum):
    TRADE = "trade"


@pytest.mark.parametrize(
    ("event_type", "details", "line"),
    [
        ("MARGIN CALL", "0.5 BTC wanted", "📝 MARGIN CALL | 0.5 BTC wanted"),
        ("TRADE", "bought a bit", "📝 TRADE | bought a bit"),
        ("TRADE", "BUY nan @ inf", "📝 TRADE | BUY nan @ inf"),
        ("ATH", "very high", "📝 ATH | very high"),
        ("START", None, "📝 START | None"),
        ("BREAKER", "it hurts", "📝 BREAKER | it hurts"),
        ("PHOENIX", "ashes", "📝 PHOENIX | ashes"),
        ("", "words", "📝 Note | words"),
        (None, "words", "📝 None | words"),
        (_Kind.TRADE, {"qty": 1}, "📝 _Kind.TRADE | {'qty': 1}"),
        ("x", ["a | b", "\n"], r"📝 x | ['a \| b', '\\n']"),
    ],
)
def test_what_can_not_be_read_is_told_as_a_note(event_type: Any, details: object, line: str) -> None:
    """Nothing is lost, and nothing is made up."""
    assert tell(0, facts_of(event_type, details, "ETH/BTC", "BTC")) == f"1970-01-01 00:00:00 | {line}"


@pytest.mark.parametrize("event_type", ["START", "REGIME", "TRADE", "ATH", "BREAKER", "PHOENIX", "STOP", "other"])
@given(details=hostile_text)
def test_any_details_make_one_line(event_type: str, details: str) -> None:
    """Of any type."""
    line = tell(0, facts_of(event_type, details, "ETH/BTC", "BTC"))
    assert parse(line).time == 0
    assert len(line.splitlines()) == 1


_NOON = "2024-12-03 12:00:00 | 📝 Note | x\n"


@pytest.mark.parametrize(
    "timestamp",
    [
        datetime(2024, 12, 3, 12, tzinfo=UTC),
        datetime(2024, 12, 3, 14, tzinfo=timezone(timedelta(hours=2))),
        datetime(2024, 12, 3, 12),  # noqa: DTZ001 - naive ones are taken as UTC
        1733227200,
        1733227200.0,
        1733227200_000,
        1733227200_000_000,
        "2024-12-03T12:00:00Z",
        "2024-12-03 12:00:00",
    ],
)
def test_timestamps_are_aware_naive_or_numbers(tmp_path: Path, timestamp: Any) -> None:
    """All of them name the same noon."""
    path = tmp_path / "live_story.txt"
    with StoryWriter(path, strict=True) as story:
        story.note("x", timestamp)
    assert path.read_text(encoding="utf-8") == _NOON


def test_without_a_timestamp_the_clock_says_when(tmp_path: Path) -> None:
    """The writer's own."""
    path = tmp_path / "live_story.txt"
    with StoryWriter(path, strict=True, clock=ManualClock("2024-12-03 12:00")) as story:
        story.note("x")
    assert path.read_text(encoding="utf-8") == _NOON
