"""Seven days are kept, each older one goes to the archive: every line in exactly one place, whenever it is killed."""

from __future__ import annotations

import gzip
import os
import signal
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY, HOUR
from livestory.story.files.story_file import CURSOR, StoryFile
from livestory.story.files.verify import verify
from livestory.story.journal.writer import Cursor, Journal, JournalReader
from tests.journal.stories import DEMO, START, ended, entry, forked

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = date(2024, 12, 3)


def _tell(path: Path, days: range, keep_days: int | None = 7) -> None:
    """Three lines on each of these days, in one run of the bot."""
    journal, text = Journal.open(path, DEMO), StoryFile(path, keep_days)
    text.open(journal)
    for day in days:
        for hour in (0, 9, 23):
            n = (journal.last.seq if journal.last else 0) + 1
            text.append(journal.append([entry(n, START + day * DAY + hour * HOUR)]))
    text.close()
    journal.close()


def _archived(path: Path) -> dict[str, str]:
    archives = sorted((path.parent / "archive").glob("*"))
    return {archive.name: gzip.decompress(archive.read_bytes()).decode() for archive in archives}


def _lines(first: int, last: int) -> str:
    return "".join(f"{entry(n).line}\n" for n in range(first, last + 1))


@pytest.mark.parametrize("runs", [[range(10)], [range(4), range(4, 10)], [range(day, day + 1) for day in range(10)]])
def test_seven_days_are_kept_and_older_ones_archived(tmp_path: Path, runs: list[range]) -> None:
    """Ten days told, in one run or several: three archives, and today among the seven days of the live file."""
    path = tmp_path / "live_story.txt"
    for days in runs:
        _tell(path, days)
    assert path.read_text() == _lines(10, 30)
    assert _archived(path) == {
        "live_story-2024-12-03.txt.gz": _lines(1, 3),
        "live_story-2024-12-04.txt.gz": _lines(4, 6),
        "live_story-2024-12-05.txt.gz": _lines(7, 9),
    }
    assert verify(path).findings == []


def test_a_file_that_nobody_else_touched_is_rotated_without_a_look_at_the_whole_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a long history would be read again with each of its days."""
    searched: list[Path] = []

    def search(path: Path, _ours: object) -> list[bytes]:
        searched.append(path)
        return []

    monkeypatch.setattr("livestory.story.files.story_file.foreign", search)
    _tell(tmp_path / "live_story.txt", range(12))
    assert len(_archived(tmp_path / "live_story.txt")) == 5
    assert searched == []
    with (tmp_path / "live_story.txt").open("a") as file:
        file.write("mine\n")
    _tell(tmp_path / "live_story.txt", range(12, 13))
    assert searched == [tmp_path / "live_story.txt"]


def test_more_days_than_the_calendar_has_are_all_of_them(tmp_path: Path) -> None:
    """Nothing is archived, and nothing fails."""
    _tell(tmp_path / "live_story.txt", range(8), keep_days=10**20)
    assert not (tmp_path / "archive").exists()


def test_days_without_a_line_have_no_archive(tmp_path: Path) -> None:
    """After a month of silence the days that were told move, and no others."""
    path = tmp_path / "live_story.txt"
    _tell(path, range(2))
    _tell(path, range(30, 31))
    assert list(_archived(path)) == ["live_story-2024-12-03.txt.gz", "live_story-2024-12-04.txt.gz"]
    assert path.read_text() == _lines(7, 9)


def test_a_day_can_begin_without_an_event(tmp_path: Path) -> None:
    """`rotate` is told the day by the clock; a day gone back changes nothing."""
    path = tmp_path / "live_story.txt"
    _tell(path, range(2))
    journal, text = Journal.open(path, DEMO), StoryFile(path, 7)
    text.open(journal)
    text.rotate(FIRST + timedelta(days=7))
    assert path.read_text() == _lines(4, 6)
    text.rotate(FIRST)
    text.rotate(FIRST + timedelta(days=8))
    assert path.read_text() == ""
    text.open(journal)
    assert path.read_text() == ""
    text.close()
    journal.close()
    assert verify(path).findings == []


def test_without_days_to_keep_nothing_is_moved(tmp_path: Path) -> None:
    """A replay of years stays one file, until it is opened by one that keeps days."""
    path = tmp_path / "live_story.txt"
    _tell(path, range(40), keep_days=None)
    assert path.read_text() == _lines(1, 120)
    assert not (tmp_path / "archive").exists()
    _tell(path, range(40, 41), keep_days=2)
    assert path.read_text() == _lines(118, 123)
    assert len(_archived(path)) == 39
    _tell(path, range(41, 42), keep_days=None)
    assert path.read_text() == _lines(118, 126)


def test_an_archive_is_never_written_over(tmp_path: Path) -> None:
    """What stands under an archive's name and is not that day is kept aside; a missing archive is written again."""
    path = tmp_path / "live_story.txt"
    _tell(path, range(7))
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "live_story-2024-12-03.txt.gz").write_bytes(gzip.compress(b"an earlier story\n"))
    _tell(path, range(7, 10))
    (aside,) = (tmp_path / "archive").glob("*.replaced-*")
    assert gzip.decompress(aside.read_bytes()) == b"an earlier story\n"
    archived = {name: text for name, text in _archived(path).items() if name.endswith(".gz")}
    before = {name: (tmp_path / "archive" / name).stat().st_mtime_ns for name in archived}
    (tmp_path / "archive" / "live_story-2024-12-04.txt.gz").unlink()
    _tell(path, range(10, 10))
    assert {name: text for name, text in _archived(path).items() if name.endswith(".gz")} == archived
    again = {name for name in archived if (tmp_path / "archive" / name).stat().st_mtime_ns != before[name]}
    assert again == {"live_story-2024-12-04.txt.gz"}


@pytest.mark.parametrize("lay", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_what_is_no_file_and_has_an_archives_name_holds_nothing_up(tmp_path: Path, lay: Callable[[Path], None]) -> None:
    """A pipe that nobody writes, a folder, a link: it is kept aside, and not waited for."""
    path = tmp_path / "live_story.txt"
    _tell(path, range(7))
    (tmp_path / "archive").mkdir()
    lay(tmp_path / "archive" / "live_story-2024-12-03.txt.gz")
    assert verify(path).findings != []
    _tell(path, range(7, 8))
    written = (tmp_path / "archive" / "live_story-2024-12-03.txt.gz").read_bytes()
    assert gzip.decompress(written).decode() == _lines(1, 3)
    assert len(list((tmp_path / "archive").glob("*.replaced-*"))) == 1
    assert verify(path).findings == []


@pytest.mark.parametrize("lay", [os.mkfifo, lambda path: path.write_bytes(b"mine")])
def test_what_stands_in_the_archives_own_place_holds_no_day_up(tmp_path: Path, lay: Callable[[Path], None]) -> None:
    """A file or a pipe where the folder should be is kept aside."""
    path = tmp_path / "live_story.txt"
    lay(tmp_path / "archive")
    _tell(path, range(8))
    assert _archived(path) == {"live_story-2024-12-03.txt.gz": _lines(1, 3)}
    assert len(list(tmp_path.glob("archive.replaced-*"))) == 1
    assert verify(path).findings == []


def test_a_link_to_a_disk_that_is_not_mounted_waits_for_it(tmp_path: Path) -> None:
    """The archive may lie elsewhere: the link stays, the text goes on meanwhile, and the day is archived afterwards."""
    path = tmp_path / "live_story.txt"
    (tmp_path / "archive").symlink_to("disk")
    _tell(path, range(7))
    journal, text = Journal.open(path, DEMO), StoryFile(path, 7)
    text.open(journal)
    for n in (22, 23):
        with pytest.raises(OSError, match="archive"):
            text.append(journal.append([entry(n, START + 7 * DAY)]))
    journal.close()
    assert path.read_text() == _lines(1, 23)
    (tmp_path / "disk").mkdir()
    _tell(path, range(8, 8))
    assert list(_archived(path)) == ["live_story-2024-12-03.txt.gz"]
    assert verify(path).findings == []


def test_a_start_finishes_a_rotation_that_was_cut_short_though_nothing_is_told(tmp_path: Path) -> None:
    """Killed between archive and cursor: else the day would stand in both until the next event."""
    path = tmp_path / "live_story.txt"
    _tell(path, range(8))
    (day,) = (tmp_path / "archive").iterdir()
    content = day.read_bytes()
    journal = Journal.open(path, DEMO)
    journal.append(cursors={CURSOR: Cursor(0)})
    journal.close()
    _tell(path, range(0))
    assert verify(path).findings == []
    assert day.read_bytes() == content


def test_an_archive_of_the_same_lines_has_the_same_bytes(tmp_path: Path) -> None:
    """No time of compression and no name stands in it."""
    for folder in ("a", "b"):
        _tell(tmp_path / folder / "live_story.txt", range(8))
    first, second = (tmp_path / folder / "archive" / "live_story-2024-12-03.txt.gz" for folder in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[3:8] == bytes(5)  # flags and time in the head of a gzip file, RFC 1952


def _doomed(step: int, work: Callable[[], None]) -> bool:
    """Do ``work`` in a child that kills itself before its step-th touch of a file; whether it came to its end."""

    def child(_: int) -> None:
        left = [step]

        def deadly(name: str, *, torn: bool = False) -> None:
            original = getattr(os, name)

            def call(*args: object, **options: object) -> object:
                if left[0] == 0:
                    if torn:
                        original(args[0], bytes(args[1])[:3])  # type: ignore[call-overload]
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return original(*args, **options)

            setattr(os, name, call)

        for name in ("open", "fsync", "rename", "unlink", "mkdir", "lstat"):
            deadly(name)
        deadly("write", torn=True)
        append = Journal.append

        def deadly_append(journal: Journal, *args: object, **options: object) -> object:
            for _ in range(2):  # before and after the commit
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                kept = append(journal, *args, **options)  # type: ignore[arg-type]
            return kept

        Journal.append = deadly_append  # type: ignore[assignment,method-assign]
        work()

    code, _ = ended(*forked(child))
    assert code in (0, -signal.SIGKILL)
    return code == 0


def test_rotation_may_be_killed_at_any_step(tmp_path: Path) -> None:
    """Two days move at once; killed before each write, sync, rename, … the next start leaves each line in one place."""
    before = tmp_path / "before"
    _tell(before / "live_story.txt", range(7))
    for step in range(200):
        folder = tmp_path / f"{step}"
        folder.mkdir()
        for file in before.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        path = folder / "live_story.txt"

        def rotate(path: Path = path) -> None:
            journal, text = Journal.open(path, DEMO), StoryFile(path, 7)
            text.open(journal)
            text.append(journal.append([entry(22, START + 8 * DAY)]))

        finished = _doomed(step, rotate)
        for archive in (folder / "archive").glob("*.gz"):
            gzip.decompress(archive.read_bytes())  # whole as soon as it has its name
        with JournalReader.open(path) as reader:
            told = reader.last_seq
        _tell(path, range(8, 9))
        assert verify(path).findings == []
        assert "".join(_archived(path).values()) + path.read_text() == "".join(
            f"{entry(n).line}\n" for n in range(1, told + 4)
        )
        assert len(_archived(path)) == 2
        assert [name for name in os.listdir(folder) + os.listdir(folder / "archive") if name.endswith(".tmp")] == []  # noqa: PTH208
        if finished:
            assert step > 25
            return
    pytest.fail("the rotation has more steps than the test kills")
