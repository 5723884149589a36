"""`livestory verify`: nothing wrong, or what is wrong where and what to do."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import apsw
import pytest

from tests.cli.program import livestory, story

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def a_story(told: Path, tmp_path: Path) -> Path:
    """A copy of a finished story."""
    return shutil.copytree(told, tmp_path / "results")


def test_a_sound_story(a_story: Path) -> None:
    """One line with what was counted."""
    done = livestory("verify", cwd=a_story.parent)
    count = len(livestory("tail", "--all", "-n", 1000, cwd=a_story.parent).stdout.splitlines())
    assert (done.returncode, done.stderr) == (0, "")
    agree = "journal, chain, story file and archive agree"
    assert done.stdout == f"{agree}: {count} events, 2000 observations\n"


def test_an_altered_line_has_its_place_and_a_remedy(a_story: Path) -> None:
    """File and line; exit status 1."""
    text = a_story / "live_story.txt"
    text.write_text(text.read_text("utf-8").replace("Initial Wealth: 1.0000", "Initial Wealth: 9.0000"), "utf-8")
    done = livestory("verify", cwd=a_story.parent)
    assert done.returncode == 1
    place, remedy = done.stdout.splitlines()
    assert place == "results/live_story.txt:1: the line of event 1 is altered"
    assert remedy.startswith("  ")


def test_a_record_of_another_event_is_found_behind_a_line(a_story: Path) -> None:
    """Beside the chain, which finds the same."""
    db = apsw.Connection(str(a_story / "live_story.db"))
    db.execute("UPDATE events SET record=(SELECT record FROM events WHERE seq=1) WHERE seq=2")
    db.execute("UPDATE events SET record=? WHERE seq=3", (b"{",))
    db.close()
    done = livestory("verify", cwd=a_story.parent)
    assert done.returncode == 1
    assert "live_story.db event 2: its record is of another event: started at 2022-01-01 00:00:00" in done.stdout
    assert "live_story.db event 3: its record can't be read" in done.stdout


def test_text_that_is_none_in_the_journal_is_damage(a_story: Path, bars: Path) -> None:
    """Named by whoever reads it; `run` sets the journal aside, begins anew and says so, without a traceback."""
    db = apsw.Connection(str(a_story / "live_story.db"))
    db.execute("UPDATE events SET line=CAST(x'ff41' AS TEXT) WHERE seq=(SELECT max(seq) FROM events)")
    db.close()
    for command in ("verify", "tail"):
        done = livestory(command, cwd=a_story.parent)
        assert done.returncode == 1
        assert "the journal is damaged" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    done = livestory("run", "--bars", bars, cwd=a_story.parent)
    assert done.returncode == 0
    (aside,) = (path.name for path in a_story.glob("live_story.db.damaged-*Z"))
    (bars_aside,) = (path.name for path in a_story.glob("live_story.bars.csv.replaced-*Z"))
    assert done.stderr.splitlines() == [
        f"the journal is damaged: kept as {aside}, a new one is begun",
        f"results/live_story.bars.csv: has bars that this story has not heard; they are kept as {bars_aside}",
    ]
    assert sum("Journal Set Aside" in line for line in story(a_story)) == 1
