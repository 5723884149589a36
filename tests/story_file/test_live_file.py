"""The live file is what the journal says, whatever is done to it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from livestory.story.files.story_file import StoryFile
from livestory.story.files.verify import verify
from livestory.story.journal.writer import Journal
from tests.journal.stories import DEMO, entry, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Story:
    """A journal with its text, and what the text should be."""

    def __init__(self, path: Path) -> None:
        """Open both."""
        self.path = path
        self.journal = Journal.open(path, DEMO)
        self.text = StoryFile(path, None)
        self.text.open(self.journal)
        self.count = 0

    def tell(self, count: int = 1) -> None:
        """Append events, in the journal and then in the text."""
        entries = [entry(self.count + n + 1) for n in range(count)]
        self.count += count
        self.text.append(self.journal.append(entries))

    @property
    def lines(self) -> str:
        """What the text should be."""
        return "".join(f"{entry(n + 1).line}\n" for n in range(self.count))


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A story of ten lines."""
    story = Story(tmp_path / "live_story.txt")
    story.tell(10)
    yield story
    story.text.close()
    story.journal.close()


def _deleted(path: Path) -> None:
    path.unlink()


def _renamed(path: Path) -> None:
    path.rename(path.with_name("live_story.txt.1"))


def _rotated_by_logrotate(path: Path) -> None:
    path.rename(path.with_name("live_story.txt.1"))
    path.touch()


def _copied_and_truncated(path: Path) -> None:
    shutil.copy(path, path.with_name("live_story.txt.1"))
    os.truncate(path, 0)


def _torn(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 5)


def _cut_at_a_line(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:4]))


def _line_removed(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:3] + lines[4:]))


def _line_doubled(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:3] + lines[2:]))


def _line_added(path: Path) -> None:
    with path.open("a") as file:
        file.write("a line of mine\n")


def _linked(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("elsewhere.txt"))


def _linked_to_its_own_text(path: Path) -> None:
    path.rename(path.with_name("elsewhere.txt"))
    path.symlink_to("elsewhere.txt")


def _a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "mine").touch()


_DAMAGES = [
    _deleted,
    _renamed,
    _rotated_by_logrotate,
    _copied_and_truncated,
    _torn,
    _cut_at_a_line,
    _line_removed,
    _line_doubled,
    _line_added,
    _linked,
    _linked_to_its_own_text,
    _a_pipe,
    _a_folder,
]
_each_damage = pytest.mark.parametrize("damage", _DAMAGES)


@_each_damage
def test_what_happens_to_the_file_while_it_is_written_is_put_right(
    story: Story, damage: Callable[[Path], None]
) -> None:
    """The next event finds the file changed, and makes it whole; no link is followed."""
    damage(story.path)
    story.tell()
    assert story.path.read_text() == story.lines
    assert not story.path.is_symlink()
    assert not (story.path.parent / "elsewhere.txt").exists() or damage is _linked_to_its_own_text
    assert verify(story.path).findings == []
    story.tell(2)
    assert story.path.read_text() == story.lines


@_each_damage
def test_what_happened_to_the_file_meanwhile_is_put_right_at_the_start(
    story: Story, damage: Callable[[Path], None]
) -> None:
    """Opening compares the file with the journal."""
    story.text.close()
    damage(story.path)
    story.text.open(story.journal)
    assert story.path.read_text() == story.lines
    assert verify(story.path).findings == []


def test_with_no_event_the_file_is_put_right_too(story: Story) -> None:
    """An empty append is how a file that failed is tried again."""
    story.path.unlink()
    story.text.append([])
    assert story.path.read_text() == story.lines


def test_lines_that_the_journal_does_not_have_are_kept_aside(tmp_path: Path) -> None:
    """Someone's own notes at the story's path are moved, not overwritten."""
    path = tmp_path / "notes.txt"
    path.write_text("my own notes\nof years\n")
    story = Story(path)
    story.tell(2)
    assert path.read_text() == story.lines
    (aside,) = tmp_path.glob("notes.txt.replaced-*")
    assert aside.read_text() == "my own notes\nof years\n"
    story.text.close()
    story.journal.close()


def test_text_that_the_journal_has_lost_is_kept_aside(story: Story) -> None:
    """The -wal is deleted after a kill, and the last events with it: their lines are still there to read."""
    lines = story.lines
    copy = story.path.parent / "copy"
    copy.mkdir()
    for name in ("live_story.txt", "live_story.db"):  # as a kill would leave them, without the -wal
        shutil.copy(story.path.parent / name, copy / name)
    after = Story(copy / "live_story.txt")
    assert after.journal.last is None
    (aside,) = copy.glob("live_story.txt.replaced-*")
    assert aside.read_text() == lines
    after.text.close()
    after.journal.close()


def test_a_file_that_only_lacks_lines_is_not_kept_aside(story: Story) -> None:
    """Nothing of it is lost; a rotation by others leaves no copies behind at every line."""
    _line_removed(story.path)
    story.tell()
    _line_removed(story.path)
    _torn(story.path)
    story.tell()
    assert story.path.read_text() == story.lines
    assert list(story.path.parent.glob("*.replaced-*")) == []


def test_zeros_at_the_end_are_what_a_power_cut_leaves_and_nobodys_line(story: Story) -> None:
    """The file had grown, its end was not written: it is made whole, and no copy is kept."""
    for before in (b"", story.lines.encode()[:15]):
        story.text.close()
        with story.path.open("ab") as file:
            file.write(before + bytes(3_000))
        story.text.open(story.journal)
        assert story.path.read_text() == story.lines
    assert list(story.path.parent.glob("*.replaced-*")) == []


def test_what_a_failed_rewrite_has_left_is_in_nobodys_way(story: Story) -> None:
    """The next rewrite begins its new file anew."""
    (story.path.parent / ".live_story.txt.tmp").write_text("half a li")
    story.path.unlink()
    story.tell()
    assert story.path.read_text() == story.lines


def test_a_missing_tail_is_appended_to_the_file_that_is_there(story: Story) -> None:
    """`tail -f` goes on with the same file."""
    story.text.close()
    inode = story.path.stat().st_ino
    _torn(story.path)
    story.text.open(story.journal)
    assert (story.path.stat().st_ino, story.path.read_text()) == (inode, story.lines)


def test_events_that_were_not_handed_over_are_told_with_the_next(story: Story) -> None:
    """The journal is the truth: what it kept while the file could not be written comes before what is new."""
    story.journal.append([entry(11), entry(12)])
    story.count = 12
    story.tell()
    assert story.path.read_text() == story.lines


def test_events_told_again_are_not_written_again(story: Story) -> None:
    """A retried append returns events that stand in the file already."""
    story.text.append(story.journal.append([entry(9), entry(10)]))
    assert story.path.read_text() == story.lines


def test_a_file_that_can_not_be_written_is_an_oserror_and_recovers(story: Story) -> None:
    """While the new file can not be made each call fails; the first that can makes it whole."""
    story.path.unlink()
    (story.path.parent / ".live_story.txt.tmp").mkdir()  # where the new file would be made
    for _ in range(2):
        with pytest.raises(OSError, match=r"live_story\.txt"):
            story.tell()
    (story.path.parent / ".live_story.txt.tmp").rmdir()
    story.text.append([])
    assert story.path.read_text() == story.lines


def test_a_long_story_is_compared_page_by_page(tmp_path: Path) -> None:
    """Of several thousand lines, a cut anywhere is completed and a change anywhere is mended."""
    path = tmp_path / "live_story.txt"
    written(path, 3_500)
    story = Story(path)
    story.count = 3_500
    for cut in (0, 17, 40_000, 90_001):
        os.truncate(path, cut)
        story.text.append([])
        assert path.read_text() == story.lines
    for line in (1, 999, 1_000, 1_001, 3_500):
        text = story.lines.replace(f"+{line} ETH\n", f"+{line} BTC\n")
        assert text != story.lines
        story.text.close()
        path.write_text(text)
        story.text.open(story.journal)
        assert path.read_text() == story.lines
    story.text.close()
    story.journal.close()
