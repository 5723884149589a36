"""Who may open a journal, and what is said to the others."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import apsw
import pytest

from livestory.errors import InputError, JournalCorrupt, JournalError, JournalForeign, JournalHeld, JournalNewer
from livestory.story.files.layout import Layout
from livestory.story.journal.entry import COLUMNS
from livestory.story.journal.lock import holder
from livestory.story.journal.schema import STEPS, prepare
from livestory.story.journal.writer import Identity, Journal, JournalReader
from tests.journal.stories import DEMO, ended, entry, forked, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_of_twenty_writers_that_start_at_once_one_wins(tmp_path: Path) -> None:
    """The others are refused, and name the winner; each waits with its exit until all have tried."""
    path = tmp_path / "results" / "live_story.txt"
    gate, start = os.pipe()
    done, finish = os.pipe()

    def race(answer: int) -> None:
        os.close(start)
        os.close(finish)
        os.read(gate, 1)
        try:
            journal = Journal.open(path, DEMO)
        except JournalHeld as error:
            os.write(answer, str(error).encode())
        else:
            os.write(answer, b"won")
            os.read(done, 1)
            journal.close()

    racers = [forked(race) for _ in range(20)]
    os.close(start)
    answers = [os.read(read, 1000).decode() for _, read in racers]
    os.close(finish)
    assert [ended(*racer)[0] for racer in racers] == [0] * 20
    os.close(gate)
    os.close(done)
    winner = racers[answers.index("won")][0]
    assert answers.count("won") == 1
    # One that asks before the winner has written its name is told of "another process".
    refused = [answer for answer in answers if answer != "won"]
    assert all(f"pid {winner}, demo" in answer or "another process" in answer for answer in refused)
    assert all("--dir" in answer for answer in refused)


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    """The error and `holder` name its process and its bot, and once it is closed no one."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO, name="eth-bot")
    with pytest.raises(JournalHeld, match=f"pid {os.getpid()}, eth-bot"):
        Journal.open(tmp_path / "live_story.db", DEMO)
    assert holder(tmp_path / "live_story.lock") == f"pid {os.getpid()}, eth-bot"
    journal.close()
    assert holder(tmp_path / "live_story.lock") is None
    Journal.open(tmp_path / "live_story.txt", DEMO).close()


def test_sigkill_frees_the_lock_even_where_a_fork_of_the_writer_lives_on(tmp_path: Path) -> None:
    """A worker that the bot forked does not keep its story locked."""

    def write(answer: int) -> None:
        journal = Journal.open(tmp_path / "live_story.txt", DEMO)
        worker = os.fork()
        if worker == 0:
            os.write(answer, b"%d\n" % os.getpid())
            signal.pause()
        journal.append([entry(1)])
        signal.pause()

    pid, read = forked(write)
    worker = int(os.read(read, 100))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        Journal.open(tmp_path / "live_story.txt", DEMO).close()
    finally:
        os.kill(worker, signal.SIGKILL)
        os.close(read)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Identity(bot="another"), "bot demo, not another"),
        (Identity(bot="demo", mode="live"), "mode paper, not live"),
        (Identity(symbol="ETH/USDT", unit="USDT"), "symbol ETH/BTC, not ETH/USDT, unit BTC, not USDT"),
    ],
)
def test_another_bots_journal_is_refused(tmp_path: Path, other: Identity, said: str) -> None:
    """What differs is named, with what to do; nothing is changed, and the lock is free again."""
    written(tmp_path / "live_story.txt", 3)
    with pytest.raises(JournalForeign, match="with --dir, or begin anew with --fresh") as caught:
        Journal.open(tmp_path / "live_story.txt", other)
    assert said in str(caught.value)
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    assert journal.last is not None
    assert journal.last.seq == 3
    journal.close()


def test_what_is_unknown_is_not_compared_and_is_learnt(tmp_path: Path) -> None:
    """A journal begun without a unit takes the one that comes later, and then insists on it."""
    path = tmp_path / "live_story.txt"
    for identity in (Identity(bot="demo"), Identity(unit="BTC"), Identity()):
        journal = Journal.open(path, identity)
        journal.close()
    assert journal.identity == Identity(bot="demo", unit="BTC")
    with pytest.raises(JournalForeign, match="unit BTC, not USDT"):
        Journal.open(path, Identity(unit="USDT"))


def _newer(db: apsw.Connection) -> None:
    db.pragma("user_version", len(STEPS) + 1)


def _another_program(db: apsw.Connection) -> None:
    db.pragma("application_id", 77)


def _broken_chain(db: apsw.Connection) -> None:
    db.execute("UPDATE events SET line='forged' WHERE seq=7")


def _hole(db: apsw.Connection) -> None:
    db.execute("DELETE FROM events WHERE seq=5")


def _no_identity(db: apsw.Connection) -> None:
    db.execute("DELETE FROM meta")


def _no_table(db: apsw.Connection) -> None:
    db.execute("DROP TABLE states")


@pytest.mark.parametrize(
    ("damage", "error", "said"),
    [
        (_newer, JournalNewer, "Upgrade livestory"),
        (_another_program, JournalForeign, "another program"),
        (_broken_chain, JournalCorrupt, "event 7 does not fit the chain"),
        (_hole, JournalCorrupt, "event 5 is missing"),
        (_no_identity, JournalCorrupt, "whose it is"),
        (_no_table, JournalCorrupt, "no such table"),
    ],
)
def test_a_journal_that_can_not_be_written_on_says_why(
    tmp_path: Path, damage: Callable[[apsw.Connection], None], error: type[JournalError], said: str
) -> None:
    """Newer, foreign and damaged journals each have their error, and let the lock go."""
    written(tmp_path / "live_story.txt", 20)
    db = apsw.Connection(str(tmp_path / "live_story.db"))
    damage(db)
    db.close()
    with pytest.raises(error, match=said) as caught:
        Journal.open(tmp_path / "live_story.txt", DEMO)
    assert "live_story.db" in str(caught.value)
    assert holder(tmp_path / "live_story.lock") is None


def test_a_file_that_is_no_database_is_corrupt_and_can_be_set_aside(tmp_path: Path) -> None:
    """It is moved with what belongs to it under a name with the time, and a new journal is begun in its place."""
    written(tmp_path / "live_story.txt", 3)
    (tmp_path / "live_story.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(JournalCorrupt):
        Journal.open(tmp_path / "live_story.txt", DEMO)
    aside = [Journal.set_aside(tmp_path / "live_story.txt")]
    assert aside[0].name.startswith("live_story.db.damaged-2")
    assert aside[0].read_bytes().startswith(b"not a database")
    assert {path.suffix for path in tmp_path.iterdir()} >= {aside[0].suffix, f"{aside[0].suffix}-wal"}
    Journal.open(tmp_path / "live_story.txt", DEMO).close()
    aside.append(Journal.set_aside(tmp_path / "live_story.txt"))
    assert aside[0] != aside[1]
    assert not (tmp_path / "live_story.db-wal").exists()


def test_a_journal_in_use_is_not_set_aside(tmp_path: Path) -> None:
    """Its writer would go on writing into the moved one."""
    journal = Journal.open(tmp_path / "live_story.txt", DEMO)
    with pytest.raises(JournalHeld):
        Journal.set_aside(tmp_path / "live_story.txt")
    journal.close()


def test_an_upgrade_that_is_killed_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """Killed before each of its statements, it leaves a schema of one version, and the next start finishes it."""
    second = ("ALTER TABLE cursors ADD COLUMN more", "CREATE TABLE later(a)", "INSERT INTO later VALUES(1)")
    steps, old, new = (*STEPS, second), len(STEPS), len(STEPS) + 1
    for begun in (False, True):
        for statement in range(35):
            path = tmp_path / f"{begun}-{statement}.db"
            if begun:
                written(path, 2)

            def upgrade(answer: int, path: Path = path, countdown: int = statement) -> None:
                db = apsw.Connection(str(path))
                left = [countdown]

                def trace(*_: object) -> bool:
                    if left[0] == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    left[0] -= 1
                    return True

                db.exec_trace = trace
                prepare(db, path, DEMO, 0, steps)
                os.write(answer, b"done")

            code, _ = ended(*forked(upgrade))
            db = apsw.Connection(str(path))
            version = db.pragma("user_version")
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}
            assert version in ({old, new} if begun else {0, new})
            assert ("later" in tables) == (version == new)
            assert ("events" in tables) == (version > 0)
            prepare(db, path, DEMO, 0, steps)
            assert db.pragma("user_version") == new
            assert db.pragma("journal_mode") == "wal"
            db.close()
            if code == 0:
                assert statement > (8 if begun else 15)
                break
        else:
            pytest.fail("the upgrade has more statements than the test kills")


def test_the_files_of_a_story_are_named_after_its_text(tmp_path: Path) -> None:
    """Either name leads to them; a name that would fall on another of them is refused."""
    assert Layout.of(tmp_path / "live_story.db") == Layout.of(tmp_path / "live_story.txt")
    assert Layout.of(tmp_path / "story").db == tmp_path / "story.db"
    with pytest.raises(InputError, match="not the name of a story file"):
        Layout.of(tmp_path / "story.lock")


def test_no_journal_yet_is_said_with_what_to_do(tmp_path: Path) -> None:
    """A reader makes no file where there is none; a file that holds nothing yet is no journal."""
    with pytest.raises(JournalError, match="livestory run"):
        JournalReader.open(tmp_path / "live_story.txt")
    (tmp_path / "live_story.db").touch()
    with pytest.raises(JournalError, match="livestory run"):
        JournalReader.open(tmp_path / "live_story.txt")
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_size] == []


def test_the_schema_has_a_column_for_every_field_of_an_observation(tmp_path: Path) -> None:
    """Released steps are text, so a new field needs a step of its own."""
    Journal.open(tmp_path / "live_story.txt", Identity()).close()
    db = apsw.Connection(str(tmp_path / "live_story.db"))
    columns = [row[1] for row in db.execute("PRAGMA table_info(observations)")]
    db.close()
    assert columns == [*COLUMNS, "after_seq", "checksum", "positions"]
