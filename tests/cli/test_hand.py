"""`livestory halt`, `resume`, `note`, `flow`: the owner's words, where they can be heard and where they can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory import StoryWriter
from livestory.story.commands import Flow, Halt, Note, Resume
from livestory.story.files.inbox import Inbox
from livestory.story.files.layout import Layout
from livestory.story.journal.writer import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.cli.program import livestory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of a story that livestory's own bot has told, on paper, and that no bot tells now."""
    identity = Identity(bot="bot", mode="paper", symbol="ETH/BTC", unit="BTC")
    SynchronousWriter(tmp_path / "live_story.txt", identity, StorySettings()).close()
    return tmp_path


def _waiting(folder: Path) -> list[object]:
    return [posted.command for posted in Inbox(Layout.of(folder / "live_story.txt")).waiting()]


def test_words_for_a_bot_that_is_not_running_are_kept(own: Path) -> None:
    """And it is said what becomes of them."""
    halt = livestory("halt", "--sell", "--dir", own, cwd=own)
    assert (halt.returncode, halt.stderr) == (0, "")
    assert halt.stdout.startswith("No bot is running: the bot will start halted")
    assert livestory("note", "saw", "the", "trip", "--dir", own, cwd=own).returncode == 0
    assert livestory("flow", "-0.25", "--at", "2024-12-05T09:42", "--dir", own, cwd=own).returncode == 0
    at = 1_733_391_720_000_000
    assert _waiting(own) == [Halt(sell=True), Note(text="saw the trip"), Flow(amount=-0.25, came=at)]


def test_a_note_to_a_running_bot_is_told_at_once_and_shown(tmp_path: Path) -> None:
    """By the process that has the story open."""
    with StoryWriter(tmp_path / "live_story.txt"):
        done = livestory("note", "hello", "--dir", tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().endswith("| 📝 Note | hello | by you")


@pytest.mark.parametrize("command", ["halt", "resume"])
def test_anothers_bot_can_not_be_halted(tmp_path: Path, command: str) -> None:
    """It is said why, and nothing is left lying."""
    StoryWriter(tmp_path / "live_story.txt").close()
    done = livestory(command, "--dir", tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "somebody else's bot" in done.stderr
    assert _waiting(tmp_path) == []


def test_a_replay_takes_no_words(told: Path) -> None:
    """Its time is not the present."""
    done = livestory("note", "hello", "--dir", told, cwd=told)
    assert done.returncode == 2
    assert "a replay run" in done.stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("flow", "0"), "a deposit is above 0"),
        (("flow", "nan"), "a deposit is above 0"),
        (("flow", "inf"), "a deposit is above 0"),
        (("flow", "much"), "not a valid float"),
        (("flow", "1", "--at", "yesterday"), "not a time"),
        (("note", " "), "a note has 1 to 500 characters"),
        (("note", "x" * 501), "a note has 1 to 500 characters"),
    ],
)
def test_bad_words_are_refused(own: Path, words: tuple[str, ...], problem: str) -> None:
    """With what is wrong, and nothing is left lying."""
    done = livestory(*words, "--dir", own, cwd=own)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert _waiting(own) == []


def test_without_a_story_there_is_nobody_to_talk_to(tmp_path: Path) -> None:
    """One message, no inbox made."""
    done = livestory("halt", "--dir", tmp_path / "none", cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_reason_is_told_with_a_halt_and_a_resume(own: Path) -> None:
    """As a note of its own; what was meant as an option halts nothing."""
    assert livestory("halt", "the exchange", "reports trouble", "--dir", own, cwd=own).returncode == 0
    assert livestory("resume", "it is well again", "--dir", own, cwd=own).returncode == 0
    said = [Halt(), Note(text="the exchange reports trouble"), Resume(), Note(text="it is well again")]
    assert _waiting(own) == said
    for words, meant in ((("sell",), "livestory halt --sell"), ((str(own),), f"--dir {own}")):
        done = livestory("halt", *words, "--dir", own, cwd=own)
        assert (done.returncode, done.stdout) == (2, "")
        assert meant in done.stderr
    assert _waiting(own) == said
