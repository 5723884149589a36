"""Where the files of a story lie: no two stories share one."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from livestory import StoryWriter
from livestory.errors import InputError
from livestory.story.files.backup import backup, install, unpacked
from livestory.story.files.layout import Layout
from livestory.story.files.verify import verify
from livestory.story.journal.writer import Journal, JournalReader
from tests.journal.stories import DEMO
from tests.patience import LONG

LINE = "2024-12-03 15:00:00 | 📝 Note | mine\n"
# Asks for the lock on a -shm (byte 128) that says to SQLite that nobody else has it open, so that it can be begun anew.
ALONE = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)
"""


def test_the_names_of_the_first_stage_stay(tmp_path: Path) -> None:
    """A text that ends in .txt gives its name without that to all others."""
    layout = Layout.of(tmp_path / "live_story.txt")
    names = [layout.db.name, layout.lock.name, layout.inbox.name, layout.archive.name]
    assert names == ["live_story.db", "live_story.lock", "live_story.inbox", "archive"]
    assert Layout.of(layout.db) == layout


@pytest.mark.parametrize("pair", [("scout.v1", "scout.v2"), ("a.txt", "a.log"), ("b.log", "b.md"), ("c", "c.log")])
def test_texts_that_differ_by_their_ending_have_stories_of_their_own(tmp_path: Path, pair: tuple[str, str]) -> None:
    """At the same time, over a restart, in a backup and back."""
    first, second = (tmp_path / name for name in pair)
    for _ in range(2):
        with StoryWriter(first, max_wait=LONG) as one, StoryWriter(second, max_wait=LONG) as other:
            for story, text in ((one, "one"), (other, "other")):
                (event,) = story.note(text) or ()
                assert event.seq is not None
    for path, text in ((first, "one"), (second, "other")):
        assert [line.rpartition(" | ")[2] for line in path.read_text(encoding="utf-8").splitlines()] == [text, text]
        assert verify(path).findings == []
        assert Layout.of(Layout.of(path).db) == Layout.of(path)
        backup(path, tmp_path / f"{text}.tar.gz")
        target = Layout.of(tmp_path / "back" / path.name)
        with unpacked(tmp_path / f"{text}.tar.gz", target) as (story_, _):
            install(story_, target)
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()


def test_a_story_begun_by_an_earlier_livestory_goes_on(tmp_path: Path) -> None:
    """Which kept story.log in story.db; also where the text was deleted since."""
    Journal.open(tmp_path / "story.txt", DEMO).close()
    text = tmp_path / "story.log"
    text.write_text(LINE, encoding="utf-8")
    assert Layout.of(text).db == tmp_path / "story.db"
    assert Layout.of(tmp_path / "story.db").text == text
    text.unlink()
    assert Layout.of(text).db == tmp_path / "story.db"


def test_to_look_for_the_files_of_a_story_takes_no_lock_from_its_journal(tmp_path: Path) -> None:
    """POSIX takes all locks of a process from a file that it closes: a reader would empty the -shm under the writer."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    index = (tmp_path / "live_story.db-shm").stat().st_ino

    def locked() -> bool:
        lines = (line.split() for line in Path("/proc/locks").read_text().splitlines())
        return any(str(index) == place.split(":")[2] for line in lines for place in line if place.count(":") == 2)

    assert locked()
    for name in ("live_story.txt", "live_story.db", "live_story.log", "live_story"):
        Layout.of(tmp_path / name)
    assert locked()
    journal.close()


def test_a_journal_that_two_texts_may_have_is_given_to_neither(tmp_path: Path) -> None:
    """As scout.v1 and scout.v2 shared scout.db; the error names both, and a third begins one of its own."""
    Journal.open(tmp_path / "scout.txt", DEMO).close()
    for name in ("scout.v1", "scout.v2"):
        (tmp_path / name).write_text(LINE, encoding="utf-8")
    with pytest.raises(InputError, match=r"scout\.db: it may be the journal of scout\.v2 as well as of scout\.v1"):
        Layout.of(tmp_path / "scout.v1")
    assert Layout.of(tmp_path / "scout.v3").db == tmp_path / "scout.v3.db"
    (tmp_path / "scout.csv").write_text("time,wealth\n")
    assert Layout.of(tmp_path / "scout.v3").db == tmp_path / "scout.v3.db"
    (tmp_path / "scout.v2").unlink()
    assert Layout.of(tmp_path / "scout.v1").db == tmp_path / "scout.db"


def test_a_text_does_not_take_the_journal_of_another(tmp_path: Path) -> None:
    """A text without an ending, and one with .txt, would have the same; a deleted text keeps its own."""
    with StoryWriter(tmp_path / "story", max_wait=LONG) as story:
        story.note("mine")
    with pytest.raises(InputError, match=r"journal of story as well as of story\.txt"):
        Layout.of(tmp_path / "story.txt")
    with StoryWriter(tmp_path / "other.txt", max_wait=LONG) as story:
        story.note("mine")
    with pytest.raises(InputError, match=r"journal of other\.txt as well as of other"):
        Layout.of(tmp_path / "other")
    (tmp_path / "other.csv").write_text("time,wealth\n")
    (tmp_path / "other.txt").unlink()
    with JournalReader.open(tmp_path / "other.txt") as reader:
        assert reader.last_seq == 1


def test_a_writer_keeps_its_locks_while_there_is_no_text(tmp_path: Path) -> None:
    """As before its first line. Without them the next reader truncates the -shm, and the writer ends by SIGBUS."""
    text = tmp_path / "live_story.txt"
    with closing(Journal.open(text, DEMO)):
        Layout.of(text)
        command = [sys.executable, "-c", ALONE, str(tmp_path / "live_story.db-shm")]
        tried = subprocess.run(command, check=False, capture_output=True)
    assert b"BlockingIOError" in tried.stderr
