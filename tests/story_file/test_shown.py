"""What is not shown is in the journal and nowhere in the text; the text goes on over it without being made again."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING

import apsw
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from livestory.cli import livestory
from livestory.clock import DAY
from livestory.story.files.backup import backup
from livestory.story.files.story_file import StoryFile
from livestory.story.files.verify import verify
from livestory.story.journal.checksum import GENESIS, link
from livestory.story.journal.connection import connect
from livestory.story.journal.schema import STEPS, prepare
from livestory.story.journal.writer import Journal, JournalReader
from tests.journal.stories import DEMO, START, entry, observation

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.journal.writer import Entry


def shown(n: int) -> bool:
    """Which of them are: not the first, the last or any of a whole day."""
    return n % 3 == 0 and n // 10 != 2


def told(n: int) -> Entry:
    """The n-th event: ten a day."""
    return replace(entry(n, START + n // 10 * DAY + n), shown=shown(n))


def written(path: Path, last: int = 40, keep_days: int | None = None) -> StoryFile:
    """A story of so many events; its text is closed."""
    journal, text = Journal.open(path, DEMO), StoryFile(path, keep_days)
    text.open(journal)
    for n in range(1, last + 1):
        text.append(journal.append([told(n)], [observation(n)]))
    text.close()
    journal.close()
    return text


def wanted(numbers: range) -> list[str]:
    """The lines of those events that are shown."""
    return [told(n).line for n in numbers if shown(n)]


def test_the_text_has_what_is_shown_and_the_journal_everything(tmp_path: Path) -> None:
    """Written at once, and completed after a start."""
    path = tmp_path / "live_story.txt"
    written(path)
    assert path.read_text("utf-8").splitlines() == wanted(range(1, 41))
    assert verify(path).findings == []
    path.write_text(path.read_text("utf-8")[:-9], "utf-8")
    written(path, 0)
    assert path.read_text("utf-8").splitlines() == wanted(range(1, 41))
    with JournalReader.open(path) as reader:
        assert [kept.shown for kept in reader.events()] == [shown(n) for n in range(1, 41)]
        assert [kept.seq for kept in reader.events(shown=True)] == [line.seq for line in reader.lines()]


def test_the_text_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event is one write or none, also right after a start and over events that are not shown."""
    path = tmp_path / "live_story.txt"
    written(path, 2)
    journal, text = Journal.open(path, DEMO), StoryFile(path, None)
    text.open(journal)
    monkeypatch.setattr(StoryFile, "_renew", lambda _: pytest.fail("the text is looked through"))
    for n in range(3, 41):
        text.append(journal.append([told(n)]))
    text.append(journal.append([told(41), told(42), told(43)]))
    text.close()
    journal.close()
    assert path.read_text("utf-8").splitlines() == wanted(range(1, 44))


def test_archive_and_backup_have_what_is_shown(tmp_path: Path) -> None:
    """A day of which nothing is shown has no archive; the backup can be restored, with its journal whole."""
    path, runner = tmp_path / "live_story.txt", CliRunner()
    written(path, keep_days=2)
    archived = {file.name[11:21]: gzip.decompress(file.read_bytes()) for file in tmp_path.glob("archive/*.gz")}
    assert [lines.decode().splitlines() for _, lines in sorted(archived.items())] == [
        wanted(range(1, 10)),
        wanted(range(10, 20)),
    ]
    assert path.read_text("utf-8").splitlines() == wanted(range(30, 41))
    assert verify(path).findings == []
    saved = tmp_path / "story.tar.gz"
    backup(path, saved)
    with tarfile.open(saved) as tar:
        assert len(tar.getnames()) == 4
    restored = tmp_path / "restored"
    answer = runner.invoke(livestory, ["restore", str(saved), "--dir", str(restored)])
    assert answer.exit_code == 0, answer.output
    assert (restored / "live_story.txt").read_bytes() == path.read_bytes()
    assert verify(restored / "live_story.txt").findings == []


def test_tail_prints_it_on_request(tmp_path: Path) -> None:
    """By default what is shown; with --all everything."""
    written(tmp_path / "live_story.txt")
    runner = CliRunner()

    def printed(*options: str) -> list[str]:
        return runner.invoke(livestory, ["tail", "--dir", str(tmp_path), *options]).output.splitlines()

    assert printed("-n", "4") == wanted(range(1, 41))[-4:]
    assert printed("--all", "-n", "4") == [told(n).line for n in range(37, 41)]
    assert printed("--since", "2024-12-01") == wanted(range(1, 41))
    assert printed("--since", "2024-12-01", "--all", "--kind", "trade") == [told(n).line for n in range(1, 41)]


def test_whether_it_is_shown_stands_under_a_checksum(tmp_path: Path) -> None:
    """Either way; a row that an older release wrote keeps its own checksum, and can't be hidden either."""
    path = tmp_path / "live_story.txt"
    db = connect(path.with_suffix(".db"), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    prepare(db, path.with_suffix(".db"), DEMO, 0, STEPS[:3])
    one = told(1)
    db.execute(
        """INSERT INTO events(seq, id, time, told, kind, record, line, hash, checksum)
        VALUES(1, 'an-older-one', ?1, ?1, 'note', ?2, ?3, ?4, checksum(1, 'an-older-one', ?1, ?1, 'note'))""",
        (one.time, one.record, one.line, link(GENESIS, one.record, one.line)),
    )
    db.close()
    journal = Journal.open(path, DEMO)
    journal.append([told(2), told(3)])
    journal.close()
    assert [each.what for each in verify(path).findings if "altered" in each.what] == []
    db = apsw.Connection(str(path.with_suffix(".db")))
    db.execute("UPDATE events SET shown = NOT shown")
    db.close()
    found = [each.where.rpartition(" ")[2] for each in verify(path).findings if "altered" in each.what]
    assert found == ["1", "2", "3"]


def test_a_reader_sees_that_its_journal_was_brought_up_to_date(tmp_path: Path) -> None:
    """It was opened before that: what the new writer does not show, it does not take for shown."""
    path = tmp_path / "live_story.txt"
    db = connect(path.with_suffix(".db"), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
    prepare(db, path.with_suffix(".db"), DEMO, 0, STEPS[:3])
    db.close()
    with JournalReader.open(path) as reader:
        assert reader.lines() == []
        journal = Journal.open(path, DEMO)
        journal.append([told(2), told(3)])
        assert [line.line for line in reader.lines()] == [told(3).line]
        assert [kept.shown for kept in reader.events()] == [False, True]
        journal.close()
