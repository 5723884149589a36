"""The files of a story are taken away under its writer: what was acknowledged is kept, or its loss is told."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from livestory import StoryWriter
from livestory.errors import JournalCorrupt, JournalError, JournalHeld
from livestory.story.commands import Note as NoteWord
from livestory.story.files.inbox import Inbox
from livestory.story.files.layout import Layout
from livestory.story.files.verify import verify
from livestory.story.inputs import Statement
from livestory.story.journal.writer import Entry, Journal, JournalReader
from livestory.story.kinds.telling import Note
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.journal.stories import DEMO, START, ended, entry, forked
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _log_of_the_story(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="livestory")  # the trouble is meant


def _deleted(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _renamed(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.moved"))


def _empty(path: Path) -> None:
    _deleted(path)
    path.touch()


def _emptied(path: Path) -> None:
    if path.is_file():
        os.truncate(path, 0)


def _of_another(path: Path) -> None:
    _deleted(path)
    path.write_bytes(os.urandom(50_000))


def _a_folder(path: Path) -> None:
    _deleted(path)
    path.mkdir()
    (path / "mine").touch()


def _a_link(path: Path) -> None:
    _renamed(path)
    path.symlink_to(path.with_name(f"{path.name}.moved"))


def _a_link_to_nowhere(path: Path) -> None:
    _deleted(path)
    path.symlink_to("nowhere")


def _a_pipe(path: Path) -> None:
    _deleted(path)
    os.mkfifo(path)


def _an_older_copy(path: Path) -> None:
    """As it was at the beginning."""
    _deleted(path)
    before = path.parents[1] / "before" / path.name
    (shutil.copytree if before.is_dir() else shutil.copy)(before, path)


_ACTS = (_deleted, _renamed, _empty, _of_another, _a_folder, _a_link, _a_link_to_nowhere, _a_pipe, _an_older_copy)
_FILES = (".db", ".db-wal", ".db-shm", ".lock", ".txt")
_EACH_ACT = pytest.mark.parametrize("act", _ACTS, ids=lambda act: act.__name__.strip("_"))


def _begun(folder: Path) -> Path:
    """A story with a copy of its first state beside it."""
    path = folder / "story" / "live_story.txt"
    with StoryWriter(path, max_wait=LONG) as story:
        story.note("the first")
    shutil.copytree(path.parent, folder / "before")
    return path


def _notes(path: Path) -> list[str]:
    with JournalReader.open(path) as reader:
        return [event.line.rpartition(" | ")[2] for event in reader.events(limit=10_000) if event.kind == "note"]


def _killed(path: Path, before: Callable[[], None]) -> list[str]:
    """A process tells until it has seen ``before`` done to its files and told two lines more; then it is killed."""

    def tell(answer: int) -> None:
        story = StoryWriter(path, max_wait=LONG)
        for n in range(6):
            if n == 4:
                before()
            for event in story.note(f"note {n}") or ():
                os.write(answer, f"note {n}\n".encode() if event.seq is not None else b"")
        os.kill(os.getpid(), signal.SIGKILL)

    code, said = ended(*forked(tell))
    assert code == -signal.SIGKILL
    return said.decode().splitlines()


@_EACH_ACT
@pytest.mark.parametrize("suffix", _FILES)
def test_a_file_taken_away_under_a_running_bot_costs_nothing(
    tmp_path: Path, suffix: str, act: Callable[[Path], None]
) -> None:
    """Though it is killed right after; the next start finds every acknowledged event."""
    path = _begun(tmp_path)
    acknowledged = _killed(path, lambda: act(path.with_suffix(suffix)))
    assert acknowledged == [f"note {n}" for n in range(6)]
    with StoryWriter(path, max_wait=LONG) as story:
        assert story.note("after")
        assert story.health.ok
    notes = _notes(path)
    assert notes == ["the first", *acknowledged, "after"]
    assert verify(path).findings == []


@pytest.mark.parametrize("act", [_deleted, _renamed, _an_older_copy, _a_link], ids=lambda act: act.__name__.strip("_"))
def test_the_whole_folder_taken_away_costs_nothing(tmp_path: Path, act: Callable[[Path], None]) -> None:
    """It is made again with all that the writer had open."""
    path = tmp_path / "a" / "story" / "live_story.txt"
    with StoryWriter(path, max_wait=LONG) as story:
        story.note("the first")
    shutil.copytree(path.parent, tmp_path / "before" / "story")
    acknowledged = _killed(path, lambda: act(path.parent))
    assert acknowledged == [f"note {n}" for n in range(6)]
    with StoryWriter(path, max_wait=LONG) as story:
        assert story.note("after")
    assert _notes(path) == ["the first", *acknowledged, "after"]
    assert verify(path).findings == []


@pytest.mark.parametrize("suffix", [".db-wal", ".db-shm"])
def test_a_log_that_is_truncated_costs_nothing_or_its_loss_is_told(tmp_path: Path, suffix: str) -> None:
    """What SQLite has mapped is not there any more; the bot goes on, and no event is gone without a word."""
    path = _begun(tmp_path)
    acknowledged = _killed(path, lambda: _emptied(path.with_suffix(suffix)))
    assert acknowledged == [f"note {n}" for n in range(6)]
    with StoryWriter(path, max_wait=LONG) as story:
        assert story.note("after")
    told = path.read_text(encoding="utf-8")
    lost = [note for note in acknowledged if note not in _notes(path)]
    assert not lost or "Journal Set Aside" in told
    assert verify(path).findings == []


def test_an_older_journal_written_over_the_running_one_is_told(tmp_path: Path) -> None:
    """As a copy in place does it: the file is the same one, and what it held is gone but for what is in the log."""
    path = _begun(tmp_path)
    with StoryWriter(path, max_wait=LONG) as story:
        for n in range(200):
            story.note(f"note {n} " + "x" * 2_000)
        with path.with_suffix(".db").open("r+b") as file:
            file.write((tmp_path / "before" / "live_story.db").read_bytes())
            file.truncate()
        (event,) = story.note("after") or ()
        assert event.seq is not None
    told = path.read_text(encoding="utf-8")
    assert "Journal Set Aside" in told or len(_notes(path)) == 202
    assert told.splitlines()[-1].endswith("| after")
    assert verify(path).findings == []


def test_a_wal_deleted_and_the_bot_killed_before_it_could_notice_is_told(tmp_path: Path) -> None:
    """Nobody can keep those events; the text that still has their lines is kept, and the story says so."""
    path = _begun(tmp_path)

    def tell(answer: int) -> None:
        story = StoryWriter(path, max_wait=LONG)
        story.note("acknowledged")
        path.with_suffix(".db-wal").unlink()
        os.write(answer, b".")
        os.kill(os.getpid(), signal.SIGKILL)

    ended(*forked(tell))
    with StoryWriter(path, max_wait=LONG) as story:
        story.note("after")
    told = path.read_text(encoding="utf-8")
    if "acknowledged" not in told:
        assert "Journal Set Aside | live_story.txt.replaced-" in told
        (former,) = path.parent.glob("live_story.txt.replaced-*")
        assert "acknowledged" in former.read_text(encoding="utf-8")
    assert verify(path).findings == []


def test_a_new_journal_beside_an_old_text_is_told(tmp_path: Path) -> None:
    """The text is kept under another name."""
    path = _begun(tmp_path)
    for suffix in (".db", ".db-wal", ".db-shm"):
        path.with_suffix(suffix).unlink()
    with StoryWriter(path, max_wait=LONG) as story:
        story.note("after")
    first, last = path.read_text(encoding="utf-8").splitlines()
    assert "Journal Set Aside | live_story.txt.replaced-" in first
    assert "its journal is gone; a new journal was begun" in first
    assert last.endswith("| after")
    (former,) = path.parent.glob("live_story.txt.replaced-*")
    assert "the first" in former.read_text(encoding="utf-8")


def test_another_journal_that_stood_in_its_place_is_kept_and_told(tmp_path: Path) -> None:
    """So nothing that somebody else's writer has acknowledged is thrown away."""
    path = _begun(tmp_path)
    with StoryWriter(path, max_wait=LONG) as story:
        story.note("mine")
        _an_older_copy(path.with_suffix(".db"))
        story.note("mine too")
        story.note("after")
    (told,) = (line for line in path.read_text(encoding="utf-8").splitlines() if "Journal Set Aside" in line)
    assert "Journal Set Aside | live_story.db.replaced-" in told
    assert "the story goes on in its own journal" in told
    (aside,) = (one for one in path.parent.glob("live_story.db.replaced-*") if one.name.endswith("Z"))
    assert aside.stat().st_size


@pytest.mark.parametrize("suffix", [".db", ".db-wal", ".db-shm", ".lock"])
def test_a_bot_that_owns_its_loop_loses_nothing_either(tmp_path: Path, suffix: str) -> None:
    """The executor's teller notices with its next commit."""
    path = tmp_path / "live_story.txt"
    with SynchronousWriter(path, DEMO, StorySettings()) as teller:
        for n in range(4):
            teller.take(Statement(START + n, (Note(text=f"note {n}"),)))
            if n == 2:
                path.with_suffix(suffix).unlink()
            teller.commit({"bot": b"%d" % n})
    with JournalReader.open(path) as reader:
        assert [event.line.rpartition(" | ")[2] for event in reader.events()] == [f"note {n}" for n in range(4)]
        assert reader.state("bot") == b"3"
    assert verify(path).findings == []


def test_a_reader_goes_over_to_the_journal_that_was_put_back(tmp_path: Path) -> None:
    """It is told to open it again, and finds everything there."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    journal.append([entry(1)])
    with JournalReader.open(tmp_path / "live_story.txt") as reader:
        (tmp_path / "live_story.db-wal").unlink()
        journal.append([entry(2)])
        with pytest.raises(JournalError, match="Open it again"):
            reader.changed()
    with JournalReader.open(tmp_path / "live_story.txt") as reader:
        assert reader.last_seq == 2
    journal.close()


def test_what_can_not_be_put_back_waits_until_it_can(tmp_path: Path) -> None:
    """A file in the place of the folder: the append fails, is kept in what is open, and stands there once it may."""
    folder = tmp_path / "story"
    journal = Journal.open(folder / "live_story.txt", DEMO)
    journal.append([entry(1)])
    shutil.rmtree(folder)
    folder.touch()
    for _ in range(2):
        with pytest.raises(JournalError, match="can't take the lock again"):
            journal.append([entry(2)])
    folder.unlink()
    assert [kept.seq for kept in journal.append([entry(2)])] == [2]
    journal.close()
    with JournalReader.open(folder / "live_story.txt") as reader:
        assert [event.id for event in reader.events()] == [entry(1).id, entry(2).id]


def test_two_writers_that_count_alike_lose_nothing(tmp_path: Path) -> None:
    """The second has the same number for its call: an id that is a count is not taken for a retry."""
    path = tmp_path / "live_story.txt"
    first = Journal.open(path, DEMO)
    (tmp_path / "live_story.lock").unlink()
    second = Journal.open(path, DEMO)
    second.append([Entry("1.0", START, START, "note", b"{}", "of the second", numbered=True)])
    with pytest.raises(JournalHeld):
        first.append([Entry("1.0", START, START, "note", b"{}", "of the first", numbered=True)])
    second.close()
    first.append([Entry("1.0", START, START, "note", b"{}", "of the first", numbered=True)])
    first.close()
    with JournalReader.open(path) as reader:
        assert [event.line for event in reader.events()] == ["of the second", "of the first"]


def test_the_lock_deleted_and_a_second_bot_started_costs_nothing(tmp_path: Path) -> None:
    """Two processes; the first stands still until the second has begun, then waits: its lines are kept at the end."""
    path = tmp_path / "live_story.txt"
    code = (
        "import sys, time; from livestory import StoryWriter; s = StoryWriter(sys.argv[1], max_wait=30)\n"
        "for n in range(int(sys.argv[3])):\n"
        "    print(*[f'{sys.argv[2]}{n}' for e in s.note(f'{sys.argv[2]}{n}') if e.seq], flush=True)\n"
        "    time.sleep(0.01)\n"
        "    sys.stdin.readline() if n == 3 else None\n"
        "s.close(30)"
    )

    def bot(name: str, count: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, str(path), name, str(count)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    first = bot("A", 40)
    assert first.stdout is not None
    assert first.stdout.readline() == "A0\n"
    first.send_signal(signal.SIGSTOP)
    (tmp_path / "live_story.lock").unlink()
    second = bot("B", 40)
    assert second.stdout is not None
    assert second.stdout.readline() == "B0\n"
    first.send_signal(signal.SIGCONT)
    said = [second.communicate("\n", timeout=LONG)[0], first.communicate("\n", timeout=LONG)[0]]
    acknowledged = ["A0", "B0", *" ".join(said).split()]
    assert set(acknowledged) >= {f"B{n}" for n in range(40)}
    assert not set(acknowledged) - set(_notes(path))
    assert len(_notes(path)) == 80
    assert verify(path).findings == []


def test_a_damaged_log_is_no_loss_of_words_in_the_executor(tmp_path: Path) -> None:
    """A bot that trades is stopped by damage, and does not begin anew behind its own back."""
    path = tmp_path / "live_story.txt"
    with SynchronousWriter(path, DEMO, StorySettings()) as teller:
        for n in range(300):
            teller.take(Statement(START + n, (Note(text=f"note {n}" + "x" * 3_000),)))
            teller.commit({})
        path.with_suffix(".db").write_bytes(os.urandom(20_000))
        teller.take(Statement(START + 999, (Note(text="after"),)))
        with pytest.raises(JournalCorrupt):
            teller.commit({})


def test_an_inbox_taken_away_is_no_end_of_the_bot(tmp_path: Path) -> None:
    """It goes on meanwhile, and hears what is left once there is a folder again."""
    path = tmp_path / "live_story.txt"
    inbox = Layout.of(path).inbox
    with StoryWriter(path, max_wait=LONG) as story:
        for n, act in enumerate((_deleted, _empty, _a_pipe, _a_link_to_nowhere)):
            inbox.mkdir(exist_ok=True)
            act(inbox)
            story.note(f"note {n}")
            assert story.health.ok
            inbox.unlink(missing_ok=True)
            left = Inbox(Layout.of(path)).post(NoteWord(text=f"word {n}"))
            story.note("wakes it")
            story.note("wakes it again")
            assert not Inbox(Layout.of(path)).holds(left)
    told = path.read_text(encoding="utf-8")
    assert all(f"| word {n} |" in told for n in range(4))
