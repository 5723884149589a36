"""More stories than may be looked at so often: each journal is open only while it is read, and nothing is missed."""

from __future__ import annotations

import os
from time import time_ns
from typing import TYPE_CHECKING

from livestory.clock import SystemClock
from livestory.outlets.web.app import names_of
from livestory.outlets.web.followed_story import FollowedStory, Update
from livestory.outlets.web.rounds import Rounds
from livestory.story.journal.touched import Touched
from tests.patience import until
from tests.web.teller import Teller

if TYPE_CHECKING:
    from pathlib import Path

MANY = 60


def test_each_of_many_is_followed_and_none_is_held_open(tmp_path: Path) -> None:
    """What two of them tell is published, one after the other; one that is deleted and put back is read again."""
    tellers = [Teller(tmp_path / str(n) / "live_story.txt").begin().bars(1) for n in range(2)]
    published: list[tuple[str, str]] = []

    def publish(story: FollowedStory, update: Update) -> None:
        published.extend((story.name, event.line.split(" | ")[-1]) for event in update.events)

    stories = [FollowedStory(str(n), tmp_path / str(n) / "live_story.txt", SystemClock(), publish) for n in range(2)]
    rounds = Rounds(lambda: stories)
    for story in stories:
        story.among(MANY)
        story.start()
    rounds.start()
    until(lambda: all(story.status().state != "loading" for story in stories))
    for number in range(20):
        tellers[number % 2].note(f"word {number}")
        until(lambda n=number: any(f"word {n}" in line for _, line in published))  # type: ignore[misc]
    until(lambda: all(story.opening is None for story in stories))
    journal = tmp_path / "0" / "live_story.db"
    tellers[0].close()
    aside = journal.with_name("aside")
    journal.rename(aside)
    until(lambda: stories[0].status().state == "waiting")
    aside.rename(journal)
    until(lambda: stories[0].status().state != "waiting")
    assert [name for name, line in published if "word" in line] == ["0", "1"] * 10
    rounds.stop()
    for story in stories:
        story.stop()
    tellers[1].close()


def test_a_journal_that_is_written_is_touched_whatever_the_clock_of_its_files_tells_apart(tmp_path: Path) -> None:
    """Two commits within one tick of the clock by which files are timed are two."""
    teller = Teller(tmp_path / "live_story.txt").begin()
    journal = tmp_path / "live_story.db"
    touched = Touched(journal)
    assert touched
    touched.look()
    assert touched  # it was written just now, and may be again without a sign
    long_ago = time_ns() - 10**12
    for name in (journal, journal.with_name("live_story.db-wal")):
        os.utime(name, ns=(long_ago, long_ago))
    touched.look()
    assert not touched
    teller.note("a word")
    assert touched
    teller.close()
    touched.forget()
    assert touched


def test_a_story_that_is_a_link_to_itself_has_a_name_like_any_other(tmp_path: Path) -> None:
    """The page of the others is served, and waits for this one."""
    (tmp_path / "live_story.db").symlink_to("live_story.db")
    first, second = names_of([tmp_path / "live_story.db", tmp_path / "live_story.db"])
    assert second == f"{first}~2"
