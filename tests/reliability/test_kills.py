"""SIGKILL anywhere: what was acknowledged is in journal and text exactly once after the next start, in order."""

from __future__ import annotations

import os
import random
import shutil
import signal
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.errors import JournalError
from tests.reliability.amount import TORTURE, amount
from tests.reliability.keeping import begun_by_an_older_livestory, kept, loss_told, started_again
from tests.reliability.stage import CHANGES, Act, Call, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.reliability.conftest import Did
    from tests.reliability.stage import Outcome, Stage

CHANCE = random.Random(6)  # noqa: S311 - where to kill, no secret
_CALLS = 600  # of a session, in which something of it is taken away
_OPEN = 60  # of them, within which it has opened its story
A_STORY = 25  # kills that one story has to bear


_EACH_FILE = pytest.mark.parametrize("victim", [".db", ".db-wal", ".db-shm", ".lock", ".txt", ".inbox", "archive"])
_KILLED_OR_NOT = pytest.mark.parametrize("killed", [False, True], ids=["to its end", "then killed"])


def acknowledged(outcome: Outcome) -> list[tuple[int, str, str]]:
    """Seq, id and line of what a session of the StoryWriter has acknowledged."""
    return [(seq, id_, line) for seq, id_, line in outcome.all("kept")]


def test_a_bot_killed_again_and_again_keeps_what_was_acknowledged(stage: Stage, memory: Path, did: Did) -> None:
    """At random, in real time: while it opens, upgrades, tells, rotates; each start is checked in full."""
    kills = amount(150, 7_000)
    for story in range(-(-kills // A_STORY)):
        path = memory / str(story) / "live_story.txt"
        begun_by_an_older_livestory(path)
        heard, step = [], 1
        for _ in range(A_STORY):
            after, pause = (
                CHANCE.choice([0, 1, CHANCE.randrange(60)]),
                CHANCE.random() * CHANCE.choice([0, 0.002, 0.02]),
            )
            outcome = stage.play("story", path.parent, kill_after=after, pause=pause, first=step, count=10_000)
            assert outcome.code == -signal.SIGKILL
            heard += acknowledged(outcome)
            step = max(step, outcome.last_step) + 1
            started_again(path, step)
            kept(path, heard)
        did("kills of a bot", A_STORY)
        did("acknowledged events", len(heard))
        shutil.rmtree(path.parent)


def test_a_replay_killed_again_and_again_tells_the_story_of_one_that_never_died(
    stage: Stage, memory: Path, did: Did
) -> None:
    """The executor, with a state in each commit and days that rotate; comings and goings are told besides."""
    whole = memory / "whole" / "live_story.txt"
    assert stage.play("replay", whole.parent, group=50).code == 0
    expected = [event.line for event in kept(whole, []) if event.kind != "resumed"]
    kills = 0
    for story in range(amount(6, 160)):
        path, heard = memory / str(story) / "live_story.txt", list[tuple[int, str, str]]()
        for _ in range(A_STORY):
            after = CHANCE.choice([0, 1, CHANCE.randrange(8)])
            group, pause = CHANCE.choice([1, 7, 50]), CHANCE.random() * CHANCE.choice([0, 0.002, 0.05])
            outcome = stage.play("replay", path.parent, kill_after=after, pause=pause, group=group)
            kills += outcome.code == -signal.SIGKILL
            heard += [tuple(event) for commit in outcome.all("committed") for event in commit]
            if outcome.code == 0:
                break
        else:
            outcome = stage.play("replay", path.parent, group=50)
            assert outcome.code == 0
        assert [event.line for event in kept(path, heard) if event.kind != "resumed"] == expected
        shutil.rmtree(path.parent)
    did("kills of a replay", kills)


@pytest.mark.parametrize("torn", [False, True])
def test_killed_at_each_system_call_of_a_session_nothing_acknowledged_is_lost(
    stage: Stage, memory: Path, did: Did, *, torn: bool
) -> None:
    """Every open, write, sync, truncate, rename, unlink and mkdir of a session that upgrades, writes and rotates.

    Torn: half of the write is done first. Bounded, at every other one.
    """
    calls, act = (Call.WRITE, Act.TORN_KILL) if torn else (CHANGES, Act.KILL)
    count, apart = 0, 1 if TORTURE else 2
    while True:
        path = memory / str(count) / "live_story.txt"
        begun_by_an_older_livestory(path)
        outcome = stage.play("story", path.parent, Fault(calls, count, act), first=1, count=12)
        if outcome.code == 0:
            break
        assert outcome.code == -signal.SIGKILL
        started_again(path, 40)
        kept(path, acknowledged(outcome))
        shutil.rmtree(path.parent)
        count += apart
    assert list((path.parent / "archive").iterdir())  # the session that came to its end has rotated
    assert count > 100
    did("kills at a system call", count // apart)


@_KILLED_OR_NOT
@_EACH_FILE
def test_a_file_taken_away_at_each_system_call_of_a_session_costs_nothing_unsaid(
    stage: Stage, memory: Path, did: Did, victim: str, *, killed: bool
) -> None:
    """Before every open, write, sync, … one file or folder of the story is gone; with a SIGKILL later, or without.

    Each acknowledged event is kept. Only what was taken in the instant before the kill may be lost, and the next start
    tells that.
    """
    name, ats = victim if victim == "archive" else f"live_story{victim}", range(0, _CALLS, 40 // amount(1, 40))
    for at in ats:
        path = memory / str(at) / "live_story.txt"
        begun_by_an_older_livestory(path)
        (path.parent / "live_story.inbox").mkdir()
        fault = Fault(CHANGES, at, Act.TAKE, victim=name)
        kill_after, steps = (20 + at % 40, 10_000) if killed else (None, 12)
        outcome = stage.play("story", path.parent, fault, first=1, count=steps, kill_after=kill_after)
        assert outcome.code == (-signal.SIGKILL if killed else 0)
        started_again(path, 40)
        if killed and loss_told(path):
            did("losses told")
        else:
            kept(path, acknowledged(outcome))
        shutil.rmtree(path.parent)
    did("files taken away at a system call", len(ats))


def _another(path: Path) -> None:
    path.write_bytes(CHANCE.randbytes(50_000))


def _folder_of_another(path: Path) -> None:
    path.mkdir()
    (path / "mine").touch()


_STAND_INS: dict[str, Callable[[Path], object]] = {
    "another file": _another,
    "an empty file": Path.touch,
    "a folder": _folder_of_another,
    "a pipe": os.mkfifo,
}


@_KILLED_OR_NOT
@_EACH_FILE
def test_a_file_replaced_at_each_system_call_of_a_session_costs_nothing_unsaid(
    stage: Stage, memory: Path, did: Did, victim: str, *, killed: bool
) -> None:
    """By an older copy of itself, a file of somebody else, an empty one, a folder, a pipe; one after the other.

    The writer stands with all it has in its place again, and what it found there is kept aside.
    """
    name, before = victim if victim == "archive" else f"live_story{victim}", memory / "before"
    begun_by_an_older_livestory(before / "live_story.txt")
    (before / "live_story.inbox").mkdir()
    assert stage.play("story", before, first=1, count=12).code == 0
    ats = range(_OPEN, _OPEN + _CALLS // 2, 60 // amount(1, 60))
    for at, what in zip(ats, cycle(["an older copy", *_STAND_INS]), strict=False):
        path, instead = memory / str(at) / "live_story.txt", memory / f"instead-{at}"
        shutil.copytree(before, path.parent)
        if what != "an older copy":
            _STAND_INS[what](instead)
        elif (before / name).is_dir():
            shutil.copytree(before / name, instead)
        else:
            shutil.copy(before / name, instead)
        fault = Fault(CHANGES, at, Act.TAKE, victim=name, stand_in=str(instead))
        kill_after, steps = (20 + at % 40, 10_000) if killed else (None, 12)
        outcome = stage.play("story", path.parent, fault, first=13, count=steps, kill_after=kill_after)
        assert outcome.code == (-signal.SIGKILL if killed else 0), what
        try:
            started_again(path, 60)
        except JournalError as refused:  # killed before it could move aside what is no file: its owner does that
            if not (killed and str(refused).endswith("Move it out of the way.")):
                raise
            (path.parent / name).rename(path.parent / "aside")
            started_again(path, 60)
        if killed and loss_told(path):
            did("losses told")
        else:
            kept(path, acknowledged(outcome), aside=True)
        shutil.rmtree(path.parent)
    did("files replaced at a system call", len(ats))
