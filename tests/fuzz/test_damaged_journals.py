"""FAULTS row 12: a journal with flipped bytes, a cut tail, a lost or foreign -wal."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import apsw
import pytest

from livestory.clock import DAY
from livestory.errors import LivestoryError
from tests.fuzz.mutation import examples
from tests.fuzz.oracle import asked, bounded, still_at_it
from tests.web.teller import START, Teller

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.fuzz.conftest import Tried
    from tests.fuzz.mutation import Example

DB, WAL = "live_story.db", "live_story.db-wal"
_OF_A_STATUS = 30  # lines: one of a killed bot, exit 1, is an answer
_TABLES = ("meta", "events", "observations", "states", "cursors", "compacted")


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A story that ended, all of it in the journal itself; and one that was killed, its last lines in the -wal."""
    ended, killed = (tmp_path_factory.mktemp(name) for name in ("ended", "killed"))
    running = Teller(ended / "live_story.txt").begin()
    running.bars(60).trade().bars(40).note("a note of mine").trip()
    running.close()
    running = Teller(ended / "live_story.txt", start=running.now + DAY).bars(8)
    shutil.copytree(ended, killed, dirs_exist_ok=True)
    running.close()
    assert (ended / WAL).exists()
    for suffix in ("-wal", "-shm"):
        (ended / f"{DB}{suffix}").unlink()
    (killed / f"{DB}-shm").unlink()
    return {"ended": ended, "killed": killed}


def content(folder: Path, scratch: Path, tables: Sequence[str] = _TABLES) -> dict[str, list[tuple[object, ...]]] | None:
    """All rows of all tables, as SQLite reads them in a copy; None where it can't."""
    copy = shutil.copytree(folder, scratch)
    try:
        db = apsw.Connection(str(copy / DB))
        try:
            return {table: db.execute(f"SELECT * FROM {table} NOT INDEXED ORDER BY 1").fetchall() for table in tables}  # noqa: S608  our own names
        finally:
            db.close()
    except (apsw.Error, UnicodeDecodeError):
        return None
    finally:
        shutil.rmtree(copy)


def damaged(healthy: Path, folder: Path, name: str, example: Example) -> str:
    """A copy with one bit of one of its files flipped; where."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(healthy, folder)
    data = bytearray((folder / name).read_bytes())
    at = example.random.randrange(len(data))
    data[at] ^= 1 << example.random.randrange(8)
    (folder / name).write_bytes(data)
    return f"{name} at {at}"


@pytest.mark.parametrize(("story", "name"), [("ended", DB), ("killed", WAL)])
def test_a_flipped_bit_that_changes_anything_is_found(
    stories: dict[str, Path], tmp_path: Path, story: str, name: str, tried: Tried
) -> None:
    """Wherever it is; one that changes nothing that is read may stay unseen."""
    healthy = content(stories[story], tmp_path / "read")
    assert healthy is not None
    folder, missed = tmp_path / "copy", []
    with bounded():
        for example in examples(120, 6_000):
            still_at_it()
            where = damaged(stories[story], folder, name, example)
            now = content(folder, tmp_path / "read")
            if now == healthy:
                tried(f"flips of {name}, {story}", "without effect")
                continue
            if asked("verify", "--dir", folder, lines=2_000).exit_code:
                tried(f"flips of {name}, {story}", "found")
                continue
            tables = [] if now is None else [table for table in _TABLES if now[table] != healthy[table]]
            missed.append(f"{example}: {where}: {tables}")
            tried(f"flips of {name}, {story}", f"MISSED in {tables}")
    assert missed == []


@pytest.mark.parametrize(("story", "name"), [("ended", DB), ("killed", WAL)])
def test_a_cut_tail_is_found_where_it_takes_an_event(
    stories: dict[str, Path], tmp_path: Path, story: str, name: str, tried: Tried
) -> None:
    """SQLite takes a cut -wal as a shorter one: the text knows of the events. What had no line is lost unseen."""
    healthy, folder = content(stories[story], tmp_path / "read"), tmp_path / "copy"
    assert healthy is not None
    with bounded():
        for example in examples(40, 1_000):
            still_at_it()
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(stories[story], folder)
            (folder / name).write_bytes(
                (folder / name).read_bytes()[: example.random.randrange((folder / name).stat().st_size)]
            )
            now = content(folder, tmp_path / "read")
            if asked("verify", "--dir", folder, lines=2_000).exit_code:
                tried(f"cut tails of {name}, {story}", "found")
                continue
            assert now is not None, f"{example}: found by SQLite alone"
            assert now["events"] == healthy["events"], f"{example}: events are lost unseen"
            tried(f"cut tails of {name}, {story}", "without effect" if now == healthy else "only observations lost")


@pytest.mark.parametrize(("story", "name"), [("ended", DB), ("killed", WAL)])
def test_a_damaged_journal_is_read_or_refused_by_every_command(
    stories: dict[str, Path], tmp_path: Path, story: str, name: str, tried: Tried
) -> None:
    """What is printed of it is lines or one message, and the terminal stays as it is."""
    folder = tmp_path / "copy"
    commands: tuple[tuple[object, ...], ...] = (
        ("tail", "--dir", folder), ("tail", "--local", "--since", "2h", "--dir", folder), ("status", "--dir", folder),
        ("explain", folder / DB), ("export", "--journal", folder / DB, "--out", tmp_path / "table.csv"),
        ("backup", tmp_path / "story.tgz", "--dir", folder),
    )  # fmt: skip
    with bounded():
        for example in examples(60, 1_000):
            still_at_it()
            where = damaged(stories[story], folder, name, example)
            if example.random.random() < 0.5:
                data = (folder / name).read_bytes()
                (folder / name).write_bytes(example.mutated(data))
            for command in commands:
                try:
                    result = asked(*command, lines=2 if command[0] != "status" else _OF_A_STATUS)
                except AssertionError as error:
                    error.add_note(f"{example}: {where}: {command}")
                    raise
                tried("commands on a damaged journal", f"exit {result.exit_code}")


@pytest.mark.parametrize(("story", "name"), [("ended", DB), ("killed", WAL)])
def test_a_writer_goes_on_with_a_sound_journal_or_says_that_it_is_damaged(
    stories: dict[str, Path], tmp_path: Path, story: str, name: str, tried: Tried
) -> None:
    """Records, lines and hashes of all events are those that were kept, or it refuses; what it adds follows them."""
    events = (content(stories[story], tmp_path / "read", ["events"]) or {})["events"]
    folder = tmp_path / "copy"
    with bounded():
        for example in examples(60, 1_000):
            still_at_it()
            where = damaged(stories[story], folder, name, example)
            try:
                with Teller(folder / "live_story.txt", start=START + 9 * DAY) as teller:
                    teller.note("after the damage")
            except LivestoryError:
                tried("writers of a damaged journal", "refused")
                continue
            if list(folder.glob("*.damaged-*")):
                tried("writers of a damaged journal", "set it aside")
                continue
            now = content(folder, tmp_path / "read", ["events"])
            assert now is not None, f"{example}: {where}"
            if name == WAL:  # a damaged log is a shorter one, and its last lines stay in a text that is set aside
                lost = len(events) + 1 - len(now["events"])
                assert lost <= 0 or list(folder.glob("live_story.txt.replaced-*")), f"{example}: {where}"
            else:
                assert [row[5:8] for row in now["events"][:-1]] == [row[5:8] for row in events], f"{example}: {where}"
            tried("writers of a damaged journal", "went on")
