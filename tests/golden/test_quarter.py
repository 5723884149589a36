"""The golden story: a quarter of the real bars, told today as it was told when its words were last agreed on."""

from __future__ import annotations

import re
import subprocess
import sys
from difflib import unified_diff
from typing import TYPE_CHECKING

from msgspec.structs import replace

from livestory.story.settings import StorySettings
from tests.golden.oracle import events
from tests.golden.replay import GOLDEN, QUARTER, replay

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.files.layout import Layout


def test_the_quarter_is_told_byte_for_byte_as_agreed(quarter: Layout) -> None:
    """Where a change is meant, `python -m tests.golden.replay` shows it and makes it the golden story."""
    told, golden = quarter.text.read_text(encoding="utf-8"), GOLDEN.read_text(encoding="utf-8")
    changed = unified_diff(golden.splitlines(), told.splitlines(), "quarter.txt", "told now", n=0, lineterm="")
    shown = "\n".join(list(changed)[:20])
    assert told.encode() == golden.encode(), f"{shown}\nmeant? python -m tests.golden.replay makes it the golden story"


def test_the_command_tells_it_too(quarter_bars: Path, tmp_path: Path) -> None:
    """`livestory run` with the quarter's settings in its file."""
    configured = tmp_path / "livestory.toml"
    configured.write_text('[risk]\nbreaker = 0.08\n[story]\ndetail = "all"\n', encoding="utf-8")
    options = ["--bars", str(quarter_bars), "--config", str(configured), "--dir", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "livestory", "run", *options], check=True, capture_output=True)
    assert (tmp_path / "live_story.txt").read_bytes() == GOLDEN.read_bytes()


def test_all_six_kinds_of_the_plan_occur_in_it(quarter: Layout) -> None:
    """Else the golden story would guard less than it promises."""
    told = events(quarter.db)
    assert {"started", "regime", "trade", "ath", "breaker", "phoenix"} <= set(told["kind"])
    assert {facts["side"] for facts in told["facts"] if "side" in facts} == {"buy", "sell"}


def test_the_text_holds_the_lines_of_the_journal_and_no_others(quarter: Layout) -> None:
    """In their order, each with its end."""
    lines = events(quarter.db)["line"]
    assert quarter.text.read_text(encoding="utf-8") == "".join(f"{line}\n" for line in lines)


def test_what_matters_is_shown_and_all_else_is_in_the_journal(
    quarter_bars: Path, quarter: Layout, tmp_path: Path
) -> None:
    """The journal is the same, and the text has about half of it: every trade, trip, resume and record.

    Only how much is not shown is told besides, by a sign of life how long the text was without news, and by a record
    where on its day has another; the regime, where its switch is not shown; and what a switch means for what is held.
    """
    short = replay(quarter_bars, tmp_path, replace(QUARTER, story=StorySettings()))
    told, whole = short.text.read_text("utf-8").splitlines(), quarter.text.read_text("utf-8").splitlines()
    unshown = r"; not shown: [^;]*|; \d+ lines? not shown( \(livestory tail --all\))?"
    regime = r"; (?:in (?:TREND|MEAN_REV) since [^;]*|now in (?:TREND|MEAN_REV))(?=;)|(?<=of the time), now [A-Z_]+"
    counted = unshown + r"| in the last 12h|, today from [\d.]+|" + regime

    means = r"(; )(?:keeps what it holds: .*|now (?:follows|buys) .*)"

    def without(line: str) -> str:
        return re.sub(means, r"\1", re.sub(r"\| [^|]*( without news)", r"| 12h\1", re.sub(counted, "", line)))

    whole = [without(line) for line in whole]
    assert [without(line) for line in events(short.db)["line"]] == whole
    silences = [line for line in told if "without news" in line]
    told = [without(line) for line in told]
    assert silences
    assert not any("| 12h without news" in line for line in silences)
    left_out = [line for line in whole if line not in set(told)]
    assert told == [line for line in whole if line not in set(left_out)]
    assert len(told) <= 0.65 * len(whole)
    assert {line.split(" | ")[1][2:].split(":")[0].strip() for line in left_out} <= {"Quiet", "Day", "Regime Switch"}
    switches = events(short.db)
    switches = switches[switches["kind"] == "regime"]
    held = [facts for facts, shown in zip(switches["facts"], switches["shown"], strict=True) if not shown]
    assert all(facts.get("halted") or facts.get("flat") for facts in held)
    assert any(facts.get("flat") for facts in held)
