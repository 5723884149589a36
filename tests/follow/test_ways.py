"""Every way by which a story is told from outside: killed anywhere, it loses and doubles nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from livestory.cli.commands.follow import follow as commands
from livestory.clock import HOUR, MINUTE
from livestory.story.files.verify import verify
from livestory.story.line import parse, render
from tests.follow.processes import MOMENTS, Time, killed, lines
from tests.follow.ways import WAYS, Way

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EACH = pytest.mark.parametrize("make", WAYS, ids=lambda way: way.__name__)


def test_every_way_is_in_this_suite() -> None:
    """The commands that follow, those that are told, and the actor."""
    names = {way.__name__.partition("_")[0] for way in WAYS}
    assert names == {*commands.commands, "tell", "listen", "nautilus"}


def trades(folder: Path) -> list[str]:
    """What was bought and sold, whenever that was told."""
    return sorted(line.split(" | ")[2] for line in lines(folder) if " @ " in line)


@EACH
def test_killed_at_any_moment_of_a_commit_it_loses_and_doubles_nothing(
    tmp_path: Path, make: Callable[[Path], Way]
) -> None:
    """The story is that of processes that each came to their end, and the text says what the journal has."""
    (tmp_path / "bot").mkdir()
    way, whole, cut, clock = make(tmp_path / "bot"), tmp_path / "whole", tmp_path / "cut", Time()
    deaths = 0
    for step in way.steps:
        step()
        clock.at += MINUTE
        for moment in MOMENTS:
            deaths += killed(lambda: way.tell(cut, clock), moment)
        for story in (cut, cut, whole, whole):
            way.tell(story, clock)
    assert deaths >= 2 * len(way.steps)
    assert trades(cut) == trades(whole)
    if not way.tells_each_start:
        assert lines(cut) == lines(whole)
    assert verify(cut / "live_story.txt").findings == []


@EACH
def test_a_clock_that_is_set_back_and_ahead_loses_nothing(tmp_path: Path, make: Callable[[Path], Way]) -> None:
    """Column one never goes back, each trade is told once, and no text that a bot has forges a line."""
    (tmp_path / "bot").mkdir()
    way, steady, stepped = make(tmp_path / "bot"), Time(), Time()
    for number, step in enumerate(way.steps):
        step()
        steady.at += MINUTE
        stepped.at += MINUTE + (-1 if number % 2 else 1) * 3 * HOUR
        way.tell(tmp_path / "whole", steady)
        way.tell(tmp_path / "stepped", stepped)
    told = lines(tmp_path / "stepped")
    assert trades(tmp_path / "stepped") == trades(tmp_path / "whole")
    assert way.gives_times or all(first[:19] <= second[:19] for first, second in pairwise(told))
    assert all(render(parse(line)) == line for line in told)
    text = (tmp_path / "stepped" / "live_story.txt").read_text(encoding="utf-8")
    assert text.splitlines() == lines(tmp_path / "stepped", shown=True)
