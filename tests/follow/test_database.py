"""Another program's database is read without a trace: no lock that it feels, no file that was not there."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.errors import InputError
from livestory.follow.database import Database, DatabaseNotNow

if TYPE_CHECKING:
    from collections.abc import Callable

    import apsw

_WRITER = Path(__file__).with_name("a_writer.py")
_JOURNAL = bytes.fromhex("d9d505f920a163d7")


def _numbers(db: apsw.Connection) -> list[tuple[int, int]]:
    return list(db.execute("SELECT number, count(*) FROM numbers GROUP BY number ORDER BY number"))


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def _written(file: Path, mode: str = "wal") -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None)
    db.execute(f"PRAGMA journal_mode={mode}")
    db.execute("CREATE TABLE numbers(id INTEGER PRIMARY KEY, number INTEGER)")
    db.execute("INSERT INTO numbers(number) VALUES(7)")
    return db


@pytest.mark.parametrize("mode", ["wal", "delete", "persist", "truncate"])
def test_a_writer_beside_us_is_never_kept_from_its_commit(tmp_path: Path, mode: str) -> None:
    """It waits for no lock at all, while we read each of its states whole, and its newest."""
    file, ends = tmp_path / "its.sqlite", tmp_path / "ends"
    writer = subprocess.Popen(
        [sys.executable, str(_WRITER), str(file), mode, str(ends)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "begun\n"
    database = Database(file)
    seen: list[int] = []
    try:
        while len(set(seen)) < 15 and writer.poll() is None:
            try:
                found = database.read(_numbers)
            except DatabaseNotNow:
                continue
            assert {count for _, count in found} <= {20}
            assert [number for number, _ in found] == list(range(found[0][0], found[-1][0] + 1)) if found else True
            seen += [found[-1][0]] if found else []
    finally:
        ends.touch()
        said, _ = writer.communicate()
    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert seen[-1] <= int(said)


def _closed(file: Path) -> None:
    _written(file).close()


def _killed(file: Path) -> None:
    """A copy of what a writer had at work is what a killed one leaves."""
    db = _written(file.with_name("at work"))
    for suffix in ("", "-wal", "-shm"):
        shutil.copy(f"{db.execute('PRAGMA database_list').fetchone()[2]}{suffix}", f"{file}{suffix}")
    db.close()
    file.with_name("at work").unlink()


def _copied_with_its_log(file: Path) -> None:
    _killed(file)
    Path(f"{file}-shm").unlink()


def _rollback(file: Path) -> None:
    _written(file, "delete").close()


@pytest.mark.parametrize("left", [_closed, _killed, _copied_with_its_log, _rollback])
def test_a_folder_is_the_same_before_and_after(tmp_path: Path, left: Callable[[Path], None]) -> None:
    """The same names and bytes, however its program left it; and all that was committed is read."""
    file = tmp_path / "its.sqlite"
    left(file)
    before = _files(tmp_path)
    assert Database(file).read(_numbers) == [(7, 1)]
    assert _files(tmp_path) == before


def test_a_living_writer_finds_its_files_as_they_were(tmp_path: Path) -> None:
    """Not even the index of its log is written to; and what it commits next is read."""
    file = tmp_path / "its.sqlite"
    db = _written(file)
    before = _files(tmp_path)
    assert Database(file).read(_numbers) == [(7, 1)]
    assert _files(tmp_path) == before
    db.execute("INSERT INTO numbers(number) VALUES(8)")
    assert Database(file).read(_numbers) == [(7, 1), (8, 1)]
    db.close()
    assert [*_files(tmp_path)] == ["its.sqlite"]


def test_what_changes_during_a_read_is_read_again(tmp_path: Path) -> None:
    """Without a lock of ours the writer may commit in the middle: then that state counts."""
    file = tmp_path / "its.sqlite"
    db = _written(file, "delete")
    rounds: list[int] = []

    def ask(ours: apsw.Connection) -> list[tuple[int, int]]:
        if not rounds:
            db.execute("UPDATE numbers SET number = 9")
        rounds.append(1)
        return _numbers(ours)

    assert Database(file).read(ask) == [(9, 1)]
    assert len(rounds) == 2
    db.close()


def test_a_transaction_that_was_cut_off_is_waited_for(tmp_path: Path) -> None:
    """Its program mends it at its next start; until then nothing of it is believed."""
    file = tmp_path / "its.sqlite"
    _written(file, "delete").close()
    journal = Path(f"{file}-journal")
    journal.write_bytes(_JOURNAL + bytes(500))
    with pytest.raises(DatabaseNotNow, match="mends that at its next start"):
        Database(file).read(_numbers)
    journal.write_bytes(bytes(508))  # as journal_mode=persist leaves it
    assert Database(file).read(_numbers) == [(7, 1)]


def test_its_state_is_another_once_something_is_written(tmp_path: Path) -> None:
    """Whoever polls asks for that alone."""
    file = tmp_path / "its.sqlite"
    db = _written(file)
    database = Database(file)
    before = database.state()
    assert database.state() == before
    db.execute("INSERT INTO numbers(number) VALUES(8)")
    assert database.state() != before
    db.close()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no such file"),
        (b"", "empty: its program has written nothing yet"),
        (b"PK\x03\x04 and more", "no SQLite database"),
        (b"SQLite format 3\0" + bytes(84), "its.sqlite: "),
    ],
)
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """By its name, with what to do."""
    file = tmp_path / "its.sqlite"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        Database(file).read(_numbers)


def test_a_log_that_cannot_be_read_is_no_missing_one(tmp_path: Path) -> None:
    """Else its newest trades would be missing without a word."""
    file = tmp_path / "its.sqlite"
    _copied_with_its_log(file)
    log = Path(f"{file}-wal")
    log.unlink()
    log.mkdir()
    with pytest.raises(InputError, match=r"its.sqlite-wal beside it: can't be read: Is a directory"):
        Database(file).read(_numbers)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """It can be opened, and not read."""
    with pytest.raises(InputError, match="Is a directory"):
        Database(tmp_path).read(_numbers)


def test_a_link_to_itself_is_no_database(tmp_path: Path) -> None:
    """Said in words, whatever Python raises for it."""
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError, match="Too many levels of symbolic links"):
        Database(tmp_path / "loop").read(_numbers)
