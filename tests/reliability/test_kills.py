"""SIGKILL anywhere: what was acknowledged is in journal and text exactly once after the next start, in order."""

from __future__ import annotations

import random
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.reliability.amount import TORTURE, amount
from tests.reliability.keeping import begun_by_an_older_livestory, kept, started_again
from tests.reliability.stage import CHANGES, Act, Call, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.conftest import Did
    from tests.reliability.stage import Outcome, Stage

CHANCE = random.Random(6)  # noqa: S311 - where to kill, no secret
_CALLS = 600  # of a session, in which something of it is taken away
A_STORY = 25  # kills that one story has to bear


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


@pytest.mark.parametrize("killed", [False, True], ids=["to its end", "then killed"])
@pytest.mark.parametrize("victim", [".db", ".db-wal", ".db-shm", ".lock", ".txt", ".inbox", "archive"])
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
        if killed and "Journal Set Aside" in path.read_text(encoding="utf-8"):
            did("losses told")
        else:
            kept(path, acknowledged(outcome))
        shutil.rmtree(path.parent)
    did("files taken away at a system call", len(ats))
