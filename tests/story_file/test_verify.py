"""Every kind of damage is found and named with its place; a story that is well has no findings."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
from typing import TYPE_CHECKING

import apsw
import pytest

from livestory.clock import DAY, HOUR
from livestory.errors import JournalError, JournalNewer
from livestory.story.files.story_file import StoryFile
from livestory.story.files.verify import Finding, verify
from livestory.story.journal.writer import Cursor, Journal, Kept
from tests.journal.stories import DEMO, START, ended, entry, forked, observation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TODAY = "live_story.txt"
OLD = "archive/live_story-2024-12-04.txt.gz"


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three lines on each of ten days: events 1 to 9 archived, 10 to 30 in the live file."""
    folder = tmp_path_factory.mktemp("healthy")
    journal, text = Journal.open(folder / TODAY, DEMO), StoryFile(folder / TODAY, 7)
    text.open(journal)
    for n in range(1, 31):
        told = START + (n - 1) // 3 * DAY + n % 3 * HOUR
        text.append(journal.append([entry(n, told)], [observation(n)], {"narrator": b"%d" % n}, {"page": Cursor(n)}))
    text.close()
    journal.close()
    return folder


@pytest.fixture
def story(healthy: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return shutil.copytree(healthy, tmp_path / "results")


def _sql(*statements: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        db = apsw.Connection(str(folder / "live_story.db"))
        for statement in statements:
            db.execute(statement)
        db.close()

    return damage


def _text(change: Callable[[list[str]], list[str]], name: str = TODAY) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / name
        if name.endswith(".gz"):
            lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
            path.write_bytes(gzip.compress("".join(change(lines)).encode()))
        else:
            path.write_text("".join(change(path.read_text().splitlines(keepends=True))))

    return damage


def _in_folder(work: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        work(folder)

    return damage


def _without_wal(folder: Path) -> None:
    """All of it stands in the journal itself once it was closed; the -wal would hide what is done to that."""
    for suffix in ("-wal", "-shm"):
        (folder / f"live_story.db{suffix}").unlink(missing_ok=True)


def _page_of_junk(folder: Path) -> None:
    db = apsw.Connection(str(folder / "live_story.db"))
    (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name='observations'").fetchone() or (0,)
    db.close()
    _without_wal(folder)
    with (folder / "live_story.db").open("r+b") as file:
        file.seek((int(root) - 1) * 4096 + 2000)
        file.write(b"\xa5" * 1500)


def _byte_flipped_in_a_record(folder: Path) -> None:
    _without_wal(folder)
    path = folder / "live_story.db"
    content = bytearray(path.read_bytes())
    at = content.index(b'{"n":15}')
    content[at + 6] ^= 1
    path.write_bytes(content)


def _journal_cut(folder: Path) -> None:
    _without_wal(folder)
    os.truncate(folder / "live_story.db", 9_000)


def _cut(folder: Path) -> None:
    os.truncate(folder / OLD, (folder / OLD).stat().st_size - 12)


def _flipped(folder: Path) -> None:
    content = bytearray((folder / OLD).read_bytes())
    content[len(content) // 2] ^= 0x55
    (folder / OLD).write_bytes(content)


def _linked(folder: Path) -> None:
    (folder / TODAY).rename(folder / "elsewhere.txt")
    (folder / TODAY).symlink_to("elsewhere.txt")


def _unlock(folder: Path) -> None:
    (folder / "live_story.lock").unlink()


def _moved(lines: list[str]) -> list[str]:
    return [*lines[:4], lines[9], *lines[4:9], *lines[10:]]


_LOOSE = (
    "CREATE TABLE loose AS SELECT * FROM events",
    "DROP TABLE events",
    "ALTER TABLE loose RENAME TO events",
)

# What is done, where it is found (a part of it), and what is said (a part of it).
_DAMAGES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a page overwritten": (_page_of_junk, "live_story.db", "SQLite: "),
    "a byte flipped in a record": (_byte_flipped_in_a_record, "live_story.db event 15", "was altered"),
    "no database": (
        _in_folder(lambda folder: (folder / "live_story.db").write_bytes(b"something else " * 500)),
        "live_story.db",
        "not a database",
    ),
    "a journal cut": (
        _journal_cut,
        "live_story.db",
        "malformed",
    ),
    "a table gone": (_sql("DROP TABLE cursors"), "live_story.db table cursors", "it is missing"),
    "a column gone": (
        _sql("ALTER TABLE observations DROP COLUMN wealth"),
        "live_story.db table observations",
        "the column wealth is missing",
    ),
    "an event gone": (_sql("DELETE FROM events WHERE seq=20"), "live_story.db event 20", "event 20 is missing"),
    "events gone": (
        _sql("DELETE FROM events WHERE seq BETWEEN 20 AND 22"),
        "live_story.db event 20",
        "events 20 to 22 are missing",
    ),
    "the first events gone": (_sql("DELETE FROM events WHERE seq<3"), "event 1", "events 1 to 2 are missing"),
    "a line altered in the journal": (
        _sql("UPDATE events SET line='forged' WHERE seq=15"),
        "live_story.db event 15",
        "was altered",
    ),
    "a hash altered": (_sql("UPDATE events SET hash=zeroblob(32) WHERE seq=15"), "event 15", "was altered"),
    "an id doubled": (
        _sql(*_LOOSE, "UPDATE events SET id='trade-3' WHERE seq=25"),
        "live_story.db event 25",
        "the id trade-3 is there 2 times",
    ),
    "a row of wrong types": (_sql("UPDATE events SET time='noon' WHERE seq=12"), "event 12", "can't be read"),
    "a day of no number": (_sql("UPDATE events SET told='today' WHERE seq=12"), "event 12", "can't be read"),
    "told out of order": (_sql("UPDATE events SET told=5 WHERE seq=28"), "event 28", "before the event in front"),
    "whose it is gone": (_sql("DELETE FROM meta WHERE key='identity'"), "live_story.db", "whose it is"),
    "a state that is no bytes": (_sql("UPDATE states SET state='x'"), "state narrator", "can't be read"),
    "a cursor beyond the end": (
        _sql("UPDATE cursors SET seq=99 WHERE name='page'"),
        "live_story.db cursor page",
        "stands at event 99, the last one is 30",
    ),
    "an observation's reason damaged": (
        _sql("UPDATE observations SET no_trade_reason='{' WHERE no_trade_reason IS NOT NULL"),
        "live_story.db observation 1733",
        "can't be read",
    ),
    "an observation after the end": (
        _sql("UPDATE observations SET after_seq=31 WHERE after_seq=30"),
        "live_story.db observation 1733",
        "it follows event 31, the last one is 30",
    ),
    "a line missing": (_text(lambda lines: lines[:4] + lines[5:]), f"{TODAY}:5", "line of event 14 is missing"),
    "lines missing": (
        _text(lambda lines: lines[:4] + lines[8:]),
        f"{TODAY}:5",
        "lines of events 14 to 17 are missing (4)",
    ),
    "the last lines missing": (
        _text(lambda lines: lines[:-2]),
        f"{TODAY}:20",
        "lines of events 29 to 30 are missing (2)",
    ),
    "a line doubled": (
        _text(lambda lines: lines[:5] + lines[4:]),
        f"{TODAY}:6",
        "line of event 14 is doubled",
    ),
    "a line altered": (
        _text(lambda lines: [line.replace("+14 ETH", "+41 ETH") for line in lines]),
        f"{TODAY}:5",
        "line of event 14 is altered",
    ),
    "a line added": (
        _text(lambda lines: [*lines[:4], "mine\n", *lines[4:]]),
        f"{TODAY}:5",
        "a line that is not in the journal",
    ),
    "two lines swapped": (
        _text(lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]]),
        f"{TODAY}:5",
        "line of event 15 is out of order",
    ),
    "a line moved up": (_text(_moved), f"{TODAY}:5", "line of event 19 is out of order"),
    "the last line torn": (
        _text(lambda lines: [*lines[:-1], lines[-1][:-6]]),
        f"{TODAY}:21",
        "line of event 30 is torn",
    ),
    "the text missing": (_in_folder(lambda folder: (folder / TODAY).unlink()), TODAY, "it is missing"),
    "the text a link": (_linked, TODAY, "it is a link"),
    "an archived line still in the text": (
        _text(lambda lines: [f"{entry(9).line}\n", *lines]),
        f"{TODAY}:1",
        "in the archive already",
    ),
    "an archive missing": (_in_folder(lambda folder: (folder / OLD).unlink()), OLD, "it is missing"),
    "an archive cut": (_cut, OLD, "it is cut or damaged"),
    "an archive with a flipped byte": (_flipped, OLD, "it is cut or damaged"),
    "an archive's line altered": (
        _text(lambda lines: [line.replace("+5 ETH", "+6 ETH") for line in lines], OLD),
        f"{OLD}:2",
        "event 5 is altered",
    ),
    "an archive's line missing": (_text(lambda lines: lines[1:], OLD), f"{OLD}:1", "line of event 4 is missing"),
    "an archive of another story": (
        _in_folder(lambda folder: shutil.copy(folder / OLD, folder / "archive" / "live_story-2024-11-01.txt.gz")),
        "archive/live_story-2024-11-01.txt.gz",
        "the journal has nothing of its day",
    ),
    "a day archived that is still in the text": (
        _in_folder(lambda folder: shutil.copy(folder / OLD, folder / "archive" / "live_story-2024-12-07.txt.gz")),
        "archive/live_story-2024-12-07.txt.gz",
        "its day is still in the story file",
    ),
    "a temporary archive left": (
        _in_folder(lambda folder: (folder / "archive" / ".live_story-2024-12-06.txt.gz.tmp").touch()),
        "archive/.live_story-2024-12-06.txt.gz.tmp",
        "left by a writer that was killed",
    ),
    "a temporary text left": (
        _in_folder(lambda folder: (folder / ".live_story.txt.tmp").touch()),
        ".live_story.txt.tmp",
        "left by a writer that was killed",
    ),
    "the lock missing": (_unlock, "live_story.lock", "the lock is missing"),
}


@pytest.mark.parametrize("damage", _DAMAGES)
def test_damage_is_found_and_named_with_its_place(story: Path, damage: str) -> None:
    """Each finding says where, what and what to do; no damage hides behind another file's name."""
    do, where, what = _DAMAGES[damage]
    do(story)
    before = {path: path.stat().st_mtime_ns for path in story.rglob("*.txt*")}
    findings = verify(story / TODAY).findings
    assert any(where in finding.where and what in finding.what for finding in findings), findings
    assert all(finding.remedy for finding in findings)
    assert {path: path.stat().st_mtime_ns for path in story.rglob("*.txt*")} == before


@pytest.mark.parametrize(
    "damage", [name for name, (_, where, _) in _DAMAGES.items() if where.startswith((TODAY, "archive/"))]
)
def test_damage_to_the_text_is_one_finding(story: Path, damage: str) -> None:
    """One change is told once, not as a change to every line after it."""
    _DAMAGES[damage][0](story)
    assert len(verify(story / TODAY).findings) == 1


def test_one_altered_event_does_not_make_the_later_ones_suspect(story: Path) -> None:
    """The chain goes on from the hash that is stored."""
    _sql("UPDATE events SET record=x'00' WHERE seq=15")(story)
    assert [finding.where for finding in verify(story / TODAY).findings] == [f"{story / 'live_story.db'} event 15"]


@pytest.mark.parametrize(
    "damage",
    [
        name
        for name, (_, where, _) in _DAMAGES.items()
        if where.startswith((TODAY, ".live", "archive/.")) or name == "an archive missing"
    ],
)
def test_the_next_start_mends_the_text(story: Path, damage: str) -> None:
    """What the remedy promises: after a start nothing is wrong."""
    _DAMAGES[damage][0](story)
    journal, text = Journal.open(story / TODAY, DEMO), StoryFile(story / TODAY, 7)
    text.open(journal)
    text.close()
    journal.close()
    assert verify(story / TODAY).findings == []


def test_a_story_that_is_well_has_no_findings(story: Path) -> None:
    """And the report counts what was looked at."""
    report = verify(story / "live_story.db")
    assert report.findings == []
    assert (report.events, report.observations, report.archives, report.writer) == (30, 30, 3, None)


def test_the_caller_may_judge_each_event(story: Path) -> None:
    """What a record means is known elsewhere; what is said of it stands at its event."""

    def check(kept: Kept) -> str | None:
        return "the line is not the record's" if kept.seq == 17 else None

    assert [(finding.where, finding.what) for finding in verify(story / TODAY, check).findings] == [
        (f"{story / 'live_story.db'} event 17", "the line is not the record's")
    ]


def test_many_findings_in_one_file_are_not_all_told(story: Path) -> None:
    """A text of another story is not listed line by line."""
    (story / TODAY).write_text("".join(f"foreign {n}\n" for n in range(1_000)))
    findings = verify(story / TODAY).findings
    assert len(findings) < 30
    assert findings[-1] == Finding(str(story / TODAY), "there is more", findings[0].remedy)


def test_a_story_that_is_being_written_has_no_findings(story: Path) -> None:
    """Looked at again and again while a bot writes, rotates and archives as fast as it can."""

    def write(answer: int) -> None:
        journal, text = Journal.open(story / TODAY, DEMO), StoryFile(story / TODAY, 7)
        text.open(journal)
        os.write(answer, b"!")
        for n in range(31, 10_000_000):
            text.append(journal.append([entry(n, START + (10 + n // 40) * DAY)], [observation(n)]))

    pid, read = forked(write)
    os.read(read, 1)
    reports = [verify(story / TODAY) for _ in range(8)]
    os.kill(pid, signal.SIGKILL)
    ended(pid, read)
    assert [report.findings for report in reports] == [[]] * 8
    assert {report.writer for report in reports} == {f"pid {pid}, demo"}
    assert reports[-1].events > reports[0].events


def test_a_newer_journal_or_none_is_an_error(story: Path) -> None:
    """There is nothing to verify: the error says what to do."""
    _sql("PRAGMA user_version=99")(story)
    with pytest.raises(JournalNewer):
        verify(story / TODAY)
    with pytest.raises(JournalError):
        verify(story / "other.txt")
