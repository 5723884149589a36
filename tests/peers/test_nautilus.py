"""The real NautilusTrader: its fills are those of the story, and a story that can't be written stops nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from livestory.errors import JournalError
from livestory.story.files.verify import verify
from livestory.story.journal.reader import JournalReader
from tests.cli.program import LIMIT, environment
from tests.peers.conftest import NAUTILUS, program, spoke

_NODE = Path(__file__).parent / "nautilus" / "node.py"
_BACKTEST = Path(__file__).parent / "nautilus" / "backtest.py"


@pytest.fixture(params=NAUTILUS)
def python(request: pytest.FixtureRequest) -> Path:
    """The interpreter that has a NautilusTrader: each there is, in turn."""
    return program(request.param, "python")


def backtested(
    python: Path, folder: Path, story: Path, *before: str, actor: str = "StoryActor"
) -> list[dict[str, Any]]:
    """Run a backtest that tells into ``story``; the fills that NautilusTrader itself reports."""
    fills = folder / "fills.json"
    spoke(*before, python, _BACKTEST, story, fills, actor, cwd=folder)
    reported: list[dict[str, Any]] = json.loads(fills.read_text(encoding="utf-8"))
    assert len(reported) == 30
    return reported


@pytest.mark.parametrize(("actor", "begun"), [("StoryActor", 0), ("Late", 110)])
def test_a_backtests_fills_are_those_of_its_story(python: Path, tmp_path: Path, actor: str, begun: int) -> None:
    """Each once, with the strategy's own reason and the fee; an order that risk denied is told as put off.

    An actor that begins late tells what was filled before: as a node's reconciliation does before its actors start.
    """
    reported = backtested(python, tmp_path, tmp_path / "live_story.txt", actor=actor)
    if begun:
        reported = [fill for fill in reported if fill["ts_event"] < 1_704_067_200_000 + begun * 60_000]
    with JournalReader.open(tmp_path / "live_story.db") as reader:
        facts = [json.loads(event.record)["facts"] for event in reader.events()]
    trades = [fact for fact in facts if fact["kind"] == "trade"]
    told = [
        (trade["side"], *(Decimal(trade[name]) for name in ("quantity", "price", "fee")), trade["reason"]["text"])
        for trade in trades
    ]
    reasons = {5: "low tide", 12: "half of it", 18: "high tide"}
    assert told[: len(reported)] == [
        (
            fill["order_side"].lower(),
            Decimal(fill["last_qty"]),
            Decimal(fill["last_px"]),
            Decimal(fill["commission"].split()[0]),
            reasons[fill["ts_event"] // 60_000 % 20],
        )
        for fill in reported
    ]
    found = {"result_record", "result_drawdown", "result_drawdown_over"}  # by the story, in what the trades brought
    others = [fact["kind"] for fact in facts if fact not in trades and fact["kind"] not in found]
    assert others == ["started", *(["put_off"] if actor == "StoryActor" else []), "stopped"]


def test_a_story_that_cant_be_written_stops_nothing(python: Path, tmp_path: Path) -> None:
    """The engine fills the same orders where the story's folder is a file."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    backtested(python, tmp_path, tmp_path / "taken" / "live_story.txt")


def test_a_disk_that_is_full_stops_nothing(python: Path, tmp_path: Path) -> None:
    """The engine fills the same orders where the story's files can't grow any more in the midst of it."""
    backtested(python, tmp_path, tmp_path / "live_story.txt", "prlimit", "--fsize=60000")


def fills_of(folder: Path) -> list[str]:
    """What the node itself says that it filled."""
    file = folder / "fills"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def orders_told(folder: Path) -> list[str]:
    """The orders whose fills are in the story."""
    try:
        with JournalReader.open(folder / "live_story.db") as reader:
            facts = [json.loads(event.record)["facts"] for event in reader.events()]
    except JournalError:  # it is being made
        return []
    return [fact["order_id"] for fact in facts if fact["kind"] == "trade"]


def killed_once(python: Path, folder: Path, trades: int, *, when_quiet: bool) -> None:
    """Run a live node until SIGKILL: once it has traded ``trades`` times and all is told, or in the midst of it."""
    before = len(fills_of(folder))
    with subprocess.Popen(
        [python, _NODE, folder / "live_story.txt", folder / "fills", str(trades)],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as node:
        try:
            deadline = time.monotonic() + LIMIT
            wanted = before + (trades if when_quiet else trades // 2)
            while len(fills_of(folder)) < wanted or (when_quiet and orders_told(folder)[-1:] != _last_of(folder)):
                assert node.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
        finally:
            node.send_signal(signal.SIGKILL)


def _last_of(folder: Path) -> list[str]:
    return [line.split()[0] for line in fills_of(folder)[-1:]]


def test_a_live_node_that_is_killed_goes_on_in_its_story(python: Path, tmp_path: Path) -> None:
    """What it filled is told once; of a kill in the midst of trading at most what the engine had just filled is not."""
    for _ in range(2):
        killed_once(python, tmp_path, 6, when_quiet=True)
    filled = [line.split()[0] for line in fills_of(tmp_path)]
    assert orders_told(tmp_path) == filled
    assert len(filled) == 12
    killed_once(python, tmp_path, 40, when_quiet=False)
    killed_once(python, tmp_path, 6, when_quiet=True)
    filled, told = [line.split()[0] for line in fills_of(tmp_path)], orders_told(tmp_path)
    assert len(set(told)) == len(told)
    assert set(told) <= set(filled)
    assert told[:12] == filled[:12]
    assert told[-6:] == filled[-6:]
    assert verify(tmp_path / "live_story.txt").findings == []
    lines = (tmp_path / "live_story.txt").read_text(encoding="utf-8").splitlines()
    assert sum(" Bot Started " in line for line in lines) == 1
    assert sum("Resumed" in line for line in lines) == 3
