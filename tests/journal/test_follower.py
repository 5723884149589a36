"""A follower of a journal: late, deleted, replaced, put back from an older copy, damaged; and its four users alike."""

from __future__ import annotations

import shutil
import signal
import threading
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pytest

from livestory.clock import SystemClock
from livestory.errors import JournalError
from livestory.outlets.metrics import StoryMetrics
from livestory.outlets.web.followed_story import FollowedStory
from livestory.story.journal.follower import Change, StoryFollower
from livestory.story.journal.writer import Journal
from tests.alerts.delivering import delivering, webhook
from tests.alerts.service import serving
from tests.cli.program import LIMIT, started
from tests.journal.stories import DEMO, entry, written
from tests.metrics.test_metrics import scrape
from tests.patience import until
from tests.web.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def seqs(follower: StoryFollower) -> list[int]:
    """What a page holds that is read now."""
    return [event.seq for event in follower.page()]


def look(follower: StoryFollower) -> Change | str:
    """What a look says, or why it fails."""
    try:
        return follower.look()
    except JournalError as error:
        follower.failed(error)
        return type(error).__name__


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "live_story.db"


@pytest.fixture
def follower(path: Path) -> Iterator[StoryFollower]:
    """One that has not looked yet."""
    follower = StoryFollower(path)
    yield follower
    follower.close()


def appended(path: Path, *numbers: int) -> None:
    """Tell these events more."""
    journal = Journal.open(path, DEMO)
    journal.append([entry(n) for n in numbers])
    journal.close()


def removed(path: Path) -> None:
    """Take the journal's files away."""
    for file in path.parent.glob("live_story.db*"):
        file.unlink()


@contextmanager
def older_copy(path: Path) -> Iterator[Callable[[], None]]:
    """What puts the journal back as it is now."""
    folder = path.parent / "older"
    folder.mkdir()
    for file in path.parent.glob("live_story.db*"):
        shutil.copy2(file, folder)

    def put_back() -> None:
        removed(path)
        shutil.copytree(folder, path.parent, dirs_exist_ok=True)

    yield put_back


def test_a_journal_is_awaited_and_its_events_are_read_once(path: Path, follower: StoryFollower) -> None:
    """In pages and in order; a look without a commit finds nothing, and one with a commit what is new."""
    assert look(follower) == "JournalError"
    assert follower.trouble is not None
    assert (follower.trouble.missing, follower.trouble.passing, follower.opening) == (True, True, None)
    written(path, 3)
    assert look(follower) is Change.REPLACED
    assert [[event.seq for event in follower.page(2)] for _ in range(3)] == [[1, 2], [3], []]
    assert follower.recovered()
    assert look(follower) is Change.NONE
    appended(path, 4)
    assert look(follower) is Change.GREW
    assert seqs(follower) == [4]


def test_a_trouble_is_new_once_and_its_end_is_noted_once(path: Path, follower: StoryFollower) -> None:
    """However often it is met; another trouble is new again."""
    path.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    told = []
    for _ in range(3):
        with pytest.raises(JournalError) as met:
            follower.look()
        told.append(follower.failed(met.value))
    assert told == [True, False, False]
    assert follower.trouble is not None
    assert (follower.trouble.missing, follower.trouble.passing) == (False, False)
    removed(path)
    with pytest.raises(JournalError) as met:
        follower.look()
    assert follower.failed(met.value)
    written(path, 1)
    assert follower.look() is Change.REPLACED
    assert [follower.recovered(), follower.recovered()] == [True, False]


def test_another_journal_in_its_place_is_read_from_its_first_event(path: Path, follower: StoryFollower) -> None:
    """At the first look that meets it, without a trouble."""
    written(path, 3)
    follower.look()
    assert seqs(follower) == [1, 2, 3]
    first, opening = follower.journal, follower.opening
    removed(path)
    written(path, 2)
    assert follower.look() is Change.REPLACED
    assert follower.journal != first
    assert follower.opening != opening
    assert seqs(follower) == [1, 2]
    assert follower.trouble is None


def test_the_same_journal_as_another_file_goes_on(path: Path, follower: StoryFollower) -> None:
    """As where its writer put it back: nothing is read twice, and what came meanwhile is read."""
    written(path, 2)
    follower.look()
    assert seqs(follower) == [1, 2]
    with older_copy(path) as put_back:
        put_back()
    appended(path, 3)
    assert follower.look() is Change.REOPENED
    assert seqs(follower) == [3]


@pytest.mark.parametrize("more", [0, 1, 5])
def test_an_older_copy_is_noticed_however_far_it_has_come_again(path: Path, follower: StoryFollower, more: int) -> None:
    """Its events have the numbers of others, but not their hashes; what parts from what was read is read."""
    written(path, 1)
    with older_copy(path) as put_back:
        appended(path, 2, 3)
        follower.look()
        assert seqs(follower) == [1, 2, 3]
        put_back()
    appended(path, *range(10, 10 + more))
    assert follower.look() is Change.REWOUND
    assert follower.seq == 1
    assert seqs(follower) == list(range(2, 2 + more))
    appended(path, 30)
    assert follower.look() is Change.GREW
    assert seqs(follower) == [2 + more]


def test_a_reader_whose_index_was_replaced_says_so(path: Path, follower: StoryFollower) -> None:
    """A journal opened with its predecessor's -shm would never see a commit again."""
    written(path, 1)
    follower.look()
    assert seqs(follower) == [1]
    shared = path.with_name("live_story.db-shm")
    shared.rename(path.with_name("moved"))
    shutil.copy2(path.with_name("moved"), shared)
    appended(path, 2)
    assert follower.look() is Change.REOPENED
    assert seqs(follower) == [2]


Using: TypeAlias = "Callable[[Path], AbstractContextManager[User]]"


class User(NamedTuple):
    """One that reads along, and how many notes it has heard of."""

    notes: Callable[[], int]
    adds_up: bool  # it counts what it has heard of any story; False: what the present story holds


@contextmanager
def page(story: Path) -> Iterator[User]:
    """The live page."""
    followed = FollowedStory("a", story, SystemClock(), lambda _story, _update: None)
    followed.start()
    yield User(lambda: followed.index.kinds().get("note", 0), adds_up=False)
    followed.stop()


@contextmanager
def metrics(story: Path) -> Iterator[User]:
    """The bot's metrics."""
    collector = StoryMetrics(str(story))
    counter = "livestory_events_total", (("kind", "note"),)
    yield User(lambda: int(scrape(collector).get(counter, 0)), adds_up=False)
    collector.close()


@contextmanager
def alerts(story: Path) -> Iterator[User]:
    """The alerts, with a webhook."""
    with serving() as service, delivering(story, service, {"hook": webhook()}):
        yield User(lambda: sum(" 📝 " in line for taken in service.accepted for line in taken.lines), adds_up=True)


@contextmanager
def tail(story: Path) -> Iterator[User]:
    """`livestory tail -f`."""
    process = started("tail", "-f", "-n", 1000, "--kind", "note", "--dir", story.parent, cwd=story.parent)
    lines: list[str] = []
    assert process.stdout is not None
    reading = threading.Thread(target=lines.extend, args=(process.stdout,))
    reading.start()
    yield User(lambda: len(lines), adds_up=True)
    process.send_signal(signal.SIGINT)
    reading.join(LIMIT)
    process.wait(LIMIT)
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


@pytest.mark.parametrize("using", [page, metrics, alerts, tail], ids=lambda using: using.__name__)
def test_all_four_users_follow_a_story_through_everything(
    tmp_path: Path, using: Callable[[Path], AbstractContextManager[User]]
) -> None:
    """One that begins late, goes on, is put back from an older copy, is deleted, and has another in its place."""
    story = tmp_path / "live_story.txt"
    db = story.with_suffix(".db")
    with using(story) as user:
        with Teller(story, "replay") as teller:
            teller.note("one")
            until(lambda: user.notes() == 1)
        with older_copy(db) as put_back:
            with Teller(story, "replay") as teller:
                teller.note("two").note("three")
                until(lambda: user.notes() == 3)
            put_back()
        with Teller(story, "replay") as teller:
            if not user.adds_up:
                until(lambda: user.notes() == 1)
            teller.note("another two")
            until(lambda: user.notes() == (4 if user.adds_up else 2))
        removed(db)
        with Teller(story, "replay") as teller:
            teller.note("of another story")
            until(lambda: user.notes() == (5 if user.adds_up else 1))
