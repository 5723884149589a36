"""One story and several writers in a process: a notebook's cell run twice, dropped writers, copies, other settings."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from livestory import StorySettings, StoryWriter
from livestory.clock import ManualClock
from livestory.errors import InputError
from livestory.story.writing import thread
from tests.story.processes import bot, told

if TYPE_CHECKING:
    from collections.abc import Callable


def _writer(path: Path | str, **options: Any) -> StoryWriter:
    return StoryWriter(path, **{"max_wait": 30.0, "strict": True, **options})


def test_they_tell_one_story_and_the_last_to_close_closes_it(tmp_path: Path) -> None:
    """Each of their lines is kept, in the order of the calls."""
    first = _writer(tmp_path / "live_story.txt")
    second = _writer(tmp_path / "live_story.txt", max_wait=20.0)  # how long one waits is its own affair
    first.note("one")
    second.note("two")
    assert first.close()
    with pytest.raises(ValueError, match="closed"):
        first.note("no more")
    (event,) = second.note("three") or ()
    assert event.seq == 3
    assert second.close()
    with _writer(
        tmp_path / "live_story.txt", symbol="ETH/BTC", keep_days=3
    ) as third:  # closed, so other settings may be
        third.note("four")
    assert told(tmp_path) == ["one", "two", "three", "four"]


def test_the_same_file_by_another_spelling_is_the_same_story(tmp_path: Path) -> None:
    """A linked folder, a way up and down again, a relative path, its journal's name, the folder alone."""
    folder = tmp_path / "results"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    spellings: list[Any] = [
        *(folder / "live_story.txt", str(folder), f"{folder}/", os.fsencode(folder), folder / "live_story.db"),
        *(tmp_path / "link" / "live_story.txt", tmp_path / "link" / ".." / "results"),
        os.path.relpath(folder / "live_story.txt"),
    ]
    writers = [_writer(spelling) for spelling in spellings]
    for n, writer in enumerate(writers):
        writer.note(str(n))
    for writer in writers:
        assert writer.close()
    assert told(folder) == [str(n) for n in range(len(spellings))]


def test_a_journal_with_a_second_name_is_refused(tmp_path: Path) -> None:
    """Two texts of one journal are nothing that anybody can mean."""
    with _writer(tmp_path / "live_story.txt"):
        with pytest.raises(InputError, match=r"may be the journal of live_story.txt as well as of live_story\n"):
            _writer(tmp_path / "live_story")
        (tmp_path / "other").mkdir()
        os.link(tmp_path / "live_story.db", tmp_path / "other" / "live_story.db")
        with pytest.raises(ValueError, match=r"tells this story already, as .*: use that name"):
            _writer(tmp_path / "other" / "live_story.txt")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"symbol": "SOL/BTC"}, "symbol 'ETH/BTC', not 'SOL/BTC'"),
        ({"unit": "EUR"}, "unit 'BTC', not 'EUR'"),
        ({"name": "scout"}, "name None, not 'scout'"),
        ({"keep_days": 3}, "keep_days 7, not 3"),
        ({"settings": StorySettings(ath_min_gain=0.5)}, "settings "),
        ({"clock": ManualClock("2024-12-03")}, "clock "),
    ],
)
def test_other_settings_for_the_same_story_are_an_error(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    """Also where the writer is not strict: it is a mistake in the program, and one of the two would be ignored."""
    with _writer(tmp_path), pytest.raises(ValueError, match=f"already, with {said}"):
        StoryWriter(tmp_path, **options)


def test_dropped_writers_leave_nothing_behind(tmp_path: Path) -> None:
    """No thread, no file, no lock; and the lines that waited are kept."""
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    threads = threading.active_count()
    for n in range(20):
        StoryWriter(tmp_path / str(n), max_wait=0.0).note("the last word")
        with StoryWriter(f"{tmp_path}/c{n}/") as closed:
            closed.subscribe(print)
    del closed
    gc.collect()
    assert threading.active_count() == threads
    assert len(list(Path("/proc/self/fd").iterdir())) == open_files
    for n in range(20):
        assert told(tmp_path, str(n)) == ["the last word"]


def test_a_cell_that_is_run_again_goes_on_with_the_story(tmp_path: Path) -> None:
    """The new writer is there before the old one is dropped."""
    for n in range(3):
        story = _writer(tmp_path)
        assert story.note(f"run {n}")
    assert story.close()
    assert told(tmp_path) == ["run 0", "run 1", "run 2"]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_copy_is_refused_and_harms_nothing(tmp_path: Path, duplicate: Callable[[object], object]) -> None:
    """A backtest's copy of a bot would tell into the live story."""
    with _writer(tmp_path) as story:
        with pytest.raises(TypeError, match="can't be copied or pickled"):
            duplicate(story)
        assert story.note("still told")


def test_a_relative_path_is_meant_where_the_writer_was_made(tmp_path: Path) -> None:
    """A daemon goes to the root folder, and the lines are all where they were."""
    code = """
import os
story = StoryWriter("results/live_story.txt")
story.note("0")
os.chdir("/")
[story.note(str(n)) for n in range(1, 50)]
print(os.path.isabs(story.filepath), story.close(), story.health.ok)
"""
    assert bot(tmp_path, code) == ["True True True"]
    assert told(tmp_path / "results") == [str(n) for n in range(50)]


def test_a_folder_stands_for_the_file_in_it(tmp_path: Path) -> None:
    """It is neither renamed nor replaced; a path that ends with a slash is a folder too, before it is there."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "bars.csv").write_text("kept")
    for name in ("results", "new/"):
        with _writer(f"{tmp_path}/{name}") as story:
            story.note("x")
            assert Path(story.filepath).name == "live_story.txt"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "results"]
    assert (tmp_path / "results" / "bars.csv").read_text() == "kept"
    assert told(tmp_path / "results") == told(tmp_path / "new") == ["x"]


_INFINITE = float("inf")


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("filepath", [None, "", "a\0b", 7, b"", b"\xff.txt"]),
        ("max_wait", [_INFINITE, -_INFINITE, float("nan"), -1, None, "0.05", True, 10**10, 10**400]),
        ("keep_days", [0, -1, 1.5, "7", True, 10**9]),
        ("strict", [None, 1, "yes"]),
        ("name", [7, b"bot"]),
        ("unit", [7]),
        ("symbol", ["", 7, "ETH-"]),
        ("settings", [{}, "none"]),
        ("clock", [0, object()]),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_at_once(tmp_path: Path, argument: str, values: list[Any]) -> None:
    """By its name, what it was given and what is allowed; nothing is opened or written."""
    for value in values:
        with pytest.raises(ValueError, match=f"{argument} .*: expected ") as refused:
            StoryWriter(**{"filepath": tmp_path / "live_story.txt", argument: value})
        assert repr(value) in str(refused.value) or value is None
    assert list(tmp_path.iterdir()) == []


def test_a_bots_own_class_of_writer_is_one_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its length, which may be that of its trades, and though it can't be hashed, as a dataclass can't."""

    class Bot(StoryWriter):
        __hash__ = None  # type: ignore[assignment]

        def __len__(self) -> int:
            return 0

    monkeypatch.setattr(thread, "_LISTEN", 0.01)
    story = Bot(tmp_path, max_wait=30.0)
    time.sleep(0.1)  # in which it would be taken for one that was dropped
    assert story.note("told")
    assert story.close()
