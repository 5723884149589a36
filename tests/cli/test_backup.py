"""`livestory backup` and `restore`: a running bot's story as one file, and back, sound and whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import signal
import tarfile
import time
from typing import TYPE_CHECKING

import apsw
import pytest

from livestory.clock import DAY
from livestory.story.files.backup import unpacked
from livestory.story.files.layout import Layout
from livestory.story.files.story_file import StoryFile
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.writer import Journal
from tests.cli.program import LIMIT, livestory, started, story
from tests.journal.stories import DEMO, START, entry, observation

if TYPE_CHECKING:
    from pathlib import Path


def ids(folder: Path) -> list[tuple[str, bytes]]:
    """Each event with its hash."""
    with JournalReader.open(folder / "live_story.txt") as reader:
        return [(event.id, event.hash) for event in reader.events(limit=1_000_000)]


def packed(file: Path) -> dict[str, bytes]:
    """What is in a backup, by name."""
    with tarfile.open(file) as tar:
        return {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}


def test_a_backup_of_a_running_replay_is_a_beginning_of_its_story(bars: Path, tmp_path: Path) -> None:
    """Taken again and again meanwhile: each restores to a sound story, which the bot would have gone on from."""
    bot = started("run", "--bars", bars, "--dir", tmp_path / "bot", "--keep-days", 2, "--speed", 900, cwd=tmp_path)
    assert bot.stdout is not None
    bot.stdout.readline()
    taken = 0
    while bot.poll() is None and taken < 3:
        done = livestory("backup", f"{taken}.tar.gz", "--dir", "bot", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        taken += 1
    bot.communicate(timeout=LIMIT)
    whole, lengths = ids(tmp_path / "bot"), []
    for number in range(taken):
        assert (tmp_path / f"{number}.tar.gz").stat().st_mode & 0o777 == 0o600
        done = livestory("restore", f"{number}.tar.gz", "--dir", f"r{number}", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        checked = livestory("verify", "--dir", f"r{number}", cwd=tmp_path)
        assert checked.returncode == 0, checked.stdout
        begun = ids(tmp_path / f"r{number}")
        assert begun == whole[: len(begun)]
        lengths.append(len(begun))
    assert lengths == sorted(lengths)
    assert lengths[0] < len(whole)
    goes_on = livestory("run", "--bars", bars, "--dir", "r0", "--keep-days", 2, cwd=tmp_path)
    assert goes_on.returncode == 0
    assert livestory("verify", "--dir", "r0", cwd=tmp_path).returncode == 0


def test_a_backup_can_be_opened_with_what_everybody_has(told: Path, tmp_path: Path) -> None:
    """A gzipped tar with the journal, the text and the bars, byte for byte; of a bar half written nothing."""
    bars = told / "live_story.bars.csv"
    whole = bars.read_bytes()
    bars.write_bytes(whole + b"1733184")
    assert livestory("backup", tmp_path / "b.tgz", "--dir", told, cwd=tmp_path).returncode == 0
    bars.write_bytes(whole)
    files = packed(tmp_path / "b.tgz")
    assert list(files) == ["live_story.db", "live_story.txt", "live_story.bars.csv"]
    assert files["live_story.bars.csv"] == whole
    assert files["live_story.txt"] == (told / "live_story.txt").read_bytes()
    assert files["live_story.db"].startswith(b"SQLite format 3\0")
    assert list(tmp_path.iterdir()) == [tmp_path / "b.tgz"]
    assert livestory("restore", "b.tgz", "--dir", "new", cwd=tmp_path).returncode == 0
    assert (tmp_path / "new" / "live_story.bars.csv").read_bytes() == whole


def test_the_archive_is_in_it(tmp_path: Path) -> None:
    """Each archived day, byte for byte; and back under another name."""
    path = tmp_path / "live_story.txt"
    journal, text = Journal.open(path, DEMO), StoryFile(path, 2)
    text.open(journal)
    for n in range(1, 10):
        text.append(journal.append([entry(n, START + n * DAY // 2)], [observation(n)]))
    text.close()
    archived = {f"archive/{file.name}": file.read_bytes() for file in (tmp_path / "archive").iterdir()}
    assert len(archived) == 3
    assert livestory("backup", "b.tar.gz", "--dir", tmp_path, cwd=tmp_path).returncode == 0
    journal.close()
    files = packed(tmp_path / "b.tar.gz")
    assert {name: content for name, content in files.items() if name.startswith("archive/")} == archived
    assert livestory("restore", "b.tar.gz", "--dir", "new/scout.txt", cwd=tmp_path).returncode == 0
    names = {str(file.relative_to(tmp_path / "new")) for file in (tmp_path / "new").rglob("*") if file.is_file()}
    assert names == {
        *("scout.db", "scout.txt", "scout.lock"), *(name.replace("live_story", "scout") for name in archived)
    }  # fmt: skip


def test_a_story_that_is_there_is_refused_or_moved_aside(told: Path, tmp_path: Path) -> None:
    """Never overwritten; --fresh keeps it beside the new one."""
    here = shutil.copytree(told, tmp_path / "results")
    assert livestory("backup", "b.tar.gz", cwd=tmp_path).returncode == 0
    refused = livestory("restore", "b.tar.gz", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("results/live_story.db: a story is there already\n")
    assert "--fresh" in refused.stderr
    done = livestory("restore", "b.tar.gz", "--fresh", cwd=tmp_path)
    assert done.returncode == 0
    events = len(livestory("tail", "--all", "-n", 1000, "--dir", told, cwd=tmp_path).stdout.splitlines())
    assert done.stdout == f"results/live_story.txt: restored and sound: {events} events, 2000 observations\n"
    (aside,) = here.glob("live_story.former-*")
    assert story(here) == story(aside) == story(told)
    assert livestory("verify", cwd=tmp_path).returncode == 0


def damaged(file: Path, how: str) -> None:
    """Alter a backup."""
    if how == "cut":
        os.truncate(file, file.stat().st_size // 2)
        return
    if how == "no backup":
        file.write_bytes(b"something else")
        return
    with tarfile.open(file) as tar:
        members = [(member, (tar.extractfile(member) or io.BytesIO()).read()) for member in tar]
    if how == "forged":
        db = file.with_name("forged.db")
        db.write_bytes(members[0][1])
        connection = apsw.Connection(str(db))
        connection.execute("UPDATE events SET line = replace(line, '1.0', '2.0') WHERE seq = 1")
        connection.close()
        content = db.read_bytes()
        db.unlink()
        members[0] = tarfile.TarInfo("live_story.db"), content
    else:
        members.append((tarfile.TarInfo("../escaped.txt" if how == "elsewhere" else "more.txt"), b"x"))
    with tarfile.open(file, "w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [
        ("cut", 2, "not a backup, or a part of one"),
        ("no backup", 2, "not a backup, or a part of one"),
        ("forged", 1, "live_story.db event 1: the record, the line or the hash was altered"),
        ("elsewhere", 2, "it holds '../escaped.txt'"),
        ("more", 2, "it holds 'more.txt'"),
    ],
)
def test_a_bad_backup_takes_no_place(told: Path, tmp_path: Path, how: str, status: int, said: str) -> None:
    """Two lines say why, and nothing is left behind."""
    assert livestory("backup", "b.tar.gz", "--dir", told, cwd=tmp_path).returncode == 0
    damaged(tmp_path / "b.tar.gz", how)
    done = livestory("restore", "b.tar.gz", "--dir", "new", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert [*(tmp_path / "new").glob("*")] == []
    assert not (tmp_path / "escaped.txt").exists()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("results/live_story.db", "a database, maybe a story's journal; name another file"),
        ("backup.zip", "name the backup like story-2024-12-03.tar.gz"),
        ("folder.tar.gz", "a folder; name a file in it"),
    ],
)
def test_a_backup_is_never_written_over_something_else(told: Path, tmp_path: Path, name: str, problem: str) -> None:
    """A journal, a folder: the name says what it is."""
    shutil.copytree(told, tmp_path / "results")
    (tmp_path / "folder.tar.gz").mkdir()
    done = livestory("backup", name, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{name}: {problem}\n")
    assert livestory("verify", cwd=tmp_path).returncode == 0


def test_killed_it_leaves_the_former_backup(bars: Path, told: Path, tmp_path: Path) -> None:
    """The name always leads to a whole one."""
    del bars
    file = tmp_path / "b.tar.gz"
    assert livestory("backup", file, "--dir", told, cwd=tmp_path).returncode == 0
    before = file.read_bytes()
    process = started("backup", file, "--dir", told, cwd=tmp_path)
    deadline = time.monotonic() + LIMIT
    while process.poll() is None and not [*tmp_path.glob(".b.tar.gz.*")] and time.monotonic() < deadline:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    with unpacked(file, Layout.of(tmp_path / "new" / "live_story.txt")) as (_, report):
        assert report.findings == []
    assert file.read_bytes()[:4] == before[:4]
