"""`livestory compact`: says what it did, does nothing while a bot writes, and changes no line of the story."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import LIMIT, livestory, started, story

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def a_story(told: Path, tmp_path: Path) -> Path:
    """A copy of a finished story of three weeks."""
    return shutil.copytree(told, tmp_path / "results")


def test_it_says_what_it_did(a_story: Path) -> None:
    """How much was taken away and what that gave back; explain tells the same lines, and says so at its head."""
    before = livestory("explain", "results/live_story.db", cwd=a_story.parent).stdout.splitlines()
    done = livestory("compact", "--keep", "10d", cwd=a_story.parent)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("before 2022-01-11 00:00 UTC hourly extremes are left: ")
    assert second.startswith("results/live_story.db: ")
    after = livestory("explain", "results/live_story.db", cwd=a_story.parent).stdout.splitlines()
    assert after[1:] == before[1:]
    assert "before 2022-01-11 00:00 only hourly extremes of the observations are left" in after[0]
    checked = livestory("verify", cwd=a_story.parent)
    assert checked.returncode == 0
    assert story(a_story) == before[1:-1]


def test_the_bot_goes_on_with_a_compacted_story(a_story: Path, bars: Path) -> None:
    """It needs nothing that was taken away."""
    assert livestory("compact", "--keep", "2d", cwd=a_story.parent).returncode == 0
    done = livestory("run", "--bars", bars, cwd=a_story.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert livestory("verify", cwd=a_story.parent).returncode == 0


def test_what_is_young_stays(a_story: Path) -> None:
    """By default 400 days, or what the configuration says; its age counts from the last observation."""
    done = livestory("compact", cwd=a_story.parent)
    assert done.returncode == 0
    assert done.stdout == "results/live_story.db: no observation is older than 400d; nothing to do\n"
    (a_story.parent / "livestory.toml").write_text('[story]\nkeep_observations = "5d"\n', "utf-8")
    assert "before 2022-01-16 00:00" in livestory("compact", cwd=a_story.parent).stdout


@pytest.mark.parametrize(("given", "said"), [("1h", "at least 1d"), ("soon", "is not a duration such as 400d")])
def test_a_bad_age_is_refused(a_story: Path, given: str, said: str) -> None:
    """With exit status 2."""
    done = livestory("compact", "--keep", given, cwd=a_story.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_running_bot_is_named_and_left_alone(bars: Path, tmp_path: Path) -> None:
    """It is to be stopped first."""
    bot = started("run", "--bars", bars, "--dir", tmp_path, "--speed", 100, cwd=tmp_path)
    assert bot.stdout is not None
    bot.stdout.readline()
    done = livestory("compact", "--dir", tmp_path, "--keep", "1d", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"the journal is being written by pid {bot.pid}, bot\n" in done.stderr
    bot.send_signal(signal.SIGTERM)
    bot.communicate(timeout=LIMIT)
    assert bot.returncode == 0
