"""What every source of a followed bot keeps to: cut anywhere it loses and doubles no line, and it touches nothing."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from pkgutil import walk_packages
from typing import TYPE_CHECKING

import pytest

import livestory.follow
from livestory.clock import MINUTE, SECOND
from livestory.errors import InputError
from livestory.follow.following import Following
from livestory.story.journal.entry import Identity
from livestory.story.line import parse, render
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.follow.processes import Time, follow, lines
from tests.follow.sources import SOURCES, Followed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BOTS = pytest.mark.parametrize("bot", SOURCES, ids=lambda bot: bot.__name__)


class Cut(Exception):
    """The process ends here."""


def test_every_source_is_in_this_suite(tmp_path: Path) -> None:
    """By the names under which their cursors are kept."""
    found = set()
    for module in walk_packages(livestory.follow.__path__, "livestory.follow."):
        with suppress(ImportError):  # NautilusTrader's, where that is not installed
            found |= {each for each in vars(import_module(module.name)).values() if is_source(each)}
    tried = {type(bot(tmp_path).source()) for bot in SOURCES}
    assert found == tried


def is_source(each: object) -> bool:
    """Whether it is a class that a story can be followed with."""
    return isinstance(each, type) and isinstance(getattr(each, "kind", None), str) and hasattr(each, "read")


@BOTS
def test_a_history_that_is_cut_in_its_middle_goes_on_there(
    tmp_path: Path, bot: Callable[[Path], Followed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process comes one batch further than the one before."""
    (tmp_path / "bot").mkdir()
    followed, clock = bot(tmp_path / "bot"), Time()
    for step in followed.steps:
        step()
    for _ in range(2):  # the second finds what is no history
        follow(followed, tmp_path / "whole", clock)
    monkeypatch.setattr(f"{followed.source().__module__}._BATCH", 1)
    processes = 0
    done = False
    while not done:
        processes += 1
        left = iter(range(processes))

        def ends(left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Cut

        with suppress(Cut):
            follow(followed, tmp_path / "cut", clock, ends)
            done = True
    assert processes > 5
    follow(followed, tmp_path / "cut", clock)
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")


@BOTS
def test_column_one_never_goes_back_and_no_text_forges_a_line(tmp_path: Path, bot: Callable[[Path], Followed]) -> None:
    """Whatever a tag holds, and however late something is found."""
    (tmp_path / "bot").mkdir()
    followed, clock = bot(tmp_path / "bot"), Time()
    for step in followed.steps:
        step()
        follow(followed, tmp_path / "story", clock)
        clock.at += MINUTE
    told = lines(tmp_path / "story")
    assert all(render(parse(line)) == line for line in told)
    assert all(first[:19] <= second[:19] for first, second in pairwise(told))
    assert (tmp_path / "story" / "live_story.txt").read_text(encoding="utf-8").splitlines() == lines(
        tmp_path / "story", shown=True
    )


@BOTS
def test_the_folder_of_the_bot_stays_as_it_is(tmp_path: Path, bot: Callable[[Path], Followed]) -> None:
    """The same files with the same bytes, while it runs and after it."""
    (tmp_path / "bot").mkdir()
    followed, clock = bot(tmp_path / "bot"), Time()
    for step in followed.steps:
        step()
        before = {file.name: file.read_bytes() for file in (tmp_path / "bot").iterdir()}
        follow(followed, tmp_path / "story", clock)
        assert {file.name: file.read_bytes() for file in (tmp_path / "bot").iterdir()} == before


@BOTS
def test_a_file_that_goes_and_comes_back_is_waited_for(tmp_path: Path, bot: Callable[[Path], Followed]) -> None:
    """That is told once, after a while, with its end; and nothing is told twice. At the very start it is an error."""
    (tmp_path / "bot").mkdir()
    followed, clock = bot(tmp_path / "bot"), Time()
    for step in followed.steps:
        step()
    identity = Identity(bot="followed", unit="BTC")
    with SynchronousWriter(tmp_path / "live_story.txt", identity, StorySettings(), clock=clock) as story:
        following = Following(followed.source(), story, clock)
        following.catch_up(threading.Event())
        before = lines(tmp_path)
        away = followed.file.with_suffix(".away")
        followed.file.rename(away)
        for _ in range(5):
            clock.at += 7 * SECOND
            following.step()
        away.rename(followed.file)
        clock.at += SECOND
        following.step()
        following.step()
    said = [line.partition(" | ")[2] for line in lines(tmp_path)[len(before) :]]
    assert [line.partition(" |")[0] for line in said] == ["🙉 Not Heard", "👂 Heard Again"]
    assert "o such file" in said[0]
    source = followed.source()
    followed.file.unlink()
    with (
        SynchronousWriter(tmp_path / "other.txt", identity, StorySettings(), clock=clock) as story,
        pytest.raises(InputError, match="o such file"),
    ):
        Following(source, story, clock).step()


@BOTS
def test_an_older_file_that_was_restored_is_said_and_read_anew(tmp_path: Path, bot: Callable[[Path], Followed]) -> None:
    """What was told before is not told again; what the bot does from there on is."""
    (tmp_path / "bot").mkdir()
    followed, clock = bot(tmp_path / "bot"), Time()
    for number, step in enumerate(followed.steps):
        if number == 1:
            shutil.copytree(followed.file.parent, tmp_path / "older")
        step()
    story = tmp_path / "story"
    follow(followed, story, clock)
    before = lines(story)
    shutil.copytree(tmp_path / "older", followed.file.parent, dirs_exist_ok=True)
    clock.at += MINUTE
    follow(followed, story, clock)
    follow(followed, story, clock)
    new = lines(story)[len(before) :]
    assert "restored, or cleared; it is read anew" in new[0]
    assert not any(" BUY " in line or " SELL " in line for line in new)
