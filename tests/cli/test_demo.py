"""`livestory demo`: the plan's six kinds, in a time-lapse or at once, as often as one likes."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from livestory import parse
from tests.cli.program import OnTerminal, environment, livestory, story

if TYPE_CHECKING:
    from pathlib import Path

SIX = {"started", "regime", "trade", "ath", "breaker", "phoenix"}
DEMO = "results/demo"


def test_at_full_speed_each_line_is_printed_and_then_the_summary(tmp_path: Path) -> None:
    """Without a terminal; of every seed `golden/test_demo_seeds.py` asks for the six kinds."""
    done = livestory("demo", "--seed", 7, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = story(tmp_path / DEMO)
    printed, _, summary = done.stdout.partition("\n\n")
    assert printed.splitlines() == lines
    assert {parse(line).kind for line in lines} >= SIX
    assert "SIMULATED" in lines[0]
    assert summary.splitlines()[-1].split() == ["story", f"{DEMO}/live_story.txt"]


def test_a_second_demo_begins_anew(tmp_path: Path) -> None:
    """In the same folder, whatever the first one left; the same seed tells the same story."""
    first = livestory("demo", "--seed", 3, cwd=tmp_path)
    other = livestory("demo", "--seed", 4, cwd=tmp_path)
    again = livestory("demo", "--seed", 3, cwd=tmp_path)
    assert (first.returncode, other.returncode, again.returncode) == (0, 0, 0)
    assert again.stdout == first.stdout != other.stdout
    assert livestory("verify", "--dir", DEMO, cwd=tmp_path).returncode == 0


def test_on_a_terminal_it_is_a_time_lapse_that_ctrl_c_ends(tmp_path: Path) -> None:
    """Coloured lines one after the other; after Ctrl-C the stop, the summary, status 0."""
    demo = OnTerminal("demo", cwd=tmp_path, env=environment())
    assert "\x1b[34m🚀 Bot Started" in demo.read_until("Quiet")
    demo.process.send_signal(signal.SIGINT)
    shown = demo.read_to_end()
    assert demo.process.returncode == 0
    assert "💤 Bot Stopped | by you" in shown
    assert "PHOENIX" not in shown
    assert "return " in shown
    assert "by you" in story(tmp_path / DEMO)[-1]
