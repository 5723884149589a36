"""`livestory demo` shows all that the plan promises, whatever market is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from livestory.cli import livestory
from tests.golden.oracle import events

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", range(20))
def test_every_demo_has_all_six_kinds_of_the_plan(seed: int, tmp_path: Path) -> None:
    """Told by the unmodified executor with its default settings, by the command itself; and it says what it plays."""
    played = CliRunner().invoke(
        livestory, ["demo", "--seed", str(seed), "--dir", str(tmp_path)], catch_exceptions=False
    )
    assert played.exit_code == 0
    told = events(tmp_path / "live_story.db").query("shown == 1")
    assert {"started", "regime", "trade", "ath", "breaker", "phoenix"} <= set(told["kind"])
    assert {facts["side"] for facts in told["facts"] if "side" in facts} == {"buy", "sell"}
    lines = list(told["line"])
    assert "SIMULATED" in lines[0]
    assert played.stdout.splitlines()[: len(lines)] == lines
