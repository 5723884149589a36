"""The real NautilusTrader: its fills are those of the story, and a story that can't be written stops nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from livestory.story.journal.reader import JournalReader
from tests.peers.conftest import program, spoke

_BACKTEST = Path(__file__).parent / "nautilus" / "backtest.py"


def backtested(folder: Path, story: Path) -> list[dict[str, Any]]:
    """Run a backtest that tells into ``story``; the fills that NautilusTrader itself reports."""
    fills = folder / "fills.json"
    spoke(program("nautilus", "python"), _BACKTEST, story, fills, cwd=folder)
    reported: list[dict[str, Any]] = json.loads(fills.read_text(encoding="utf-8"))
    assert len(reported) == 30
    return reported


def test_a_backtests_fills_are_those_of_its_story(tmp_path: Path) -> None:
    """Each once, with the strategy's own reason and the fee; an order that risk denied is told as put off."""
    reported = backtested(tmp_path, tmp_path / "live_story.txt")
    with JournalReader.open(tmp_path / "live_story.db") as reader:
        facts = [json.loads(event.record)["facts"] for event in reader.events()]
    trades = [fact for fact in facts if fact["kind"] == "trade"]
    told = [
        (trade["side"], *(Decimal(trade[name]) for name in ("quantity", "price", "fee")), trade["reason"]["text"])
        for trade in trades
    ]
    reasons = {5: "low tide", 12: "half of it", 18: "high tide"}
    assert told == [
        (
            fill["order_side"].lower(),
            Decimal(fill["last_qty"]),
            Decimal(fill["last_px"]),
            Decimal(fill["commission"].split()[0]),
            reasons[fill["ts_event"] // 60_000 % 20],
        )
        for fill in reported
    ]
    assert [fact["kind"] for fact in facts if fact not in trades] == ["started", "put_off", "stopped"]


def test_a_story_that_cant_be_written_stops_nothing(tmp_path: Path) -> None:
    """The engine fills the same orders where the story's folder is a file."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    backtested(tmp_path, tmp_path / "taken" / "live_story.txt")
