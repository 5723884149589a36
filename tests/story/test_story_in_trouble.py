"""The story may be held, locked, full, read-only, deleted or corrupt: the bot goes on, and the story tells it later."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from livestory import JournalHeld, Observation, StoryWriter
from livestory.clock import HOUR, SECOND, ManualClock, instant
from livestory.errors import JournalError, JournalForeign
from livestory.story.files.verify import verify
from livestory.story.journal.writer import Entry, Identity, Journal
from livestory.story.writing import thread
from tests.patience import LONG, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory import Event
    from livestory.story.writing.call import Call

NOON = instant("2024-12-03 12:00:00")


def _path(folder: Path) -> Path:
    return folder / "live_story.txt"


def _told(folder: Path) -> list[str]:
    """The lines, without their time."""
    return [line.partition(" | ")[2] for line in _path(folder).read_text(encoding="utf-8").splitlines()]


def _writer(folder: Path, **options: Any) -> StoryWriter:
    return StoryWriter(_path(folder), **{"clock": ManualClock("2024-12-03 12:00"), **options})


def _other(folder: Path, name: str = "the other bot") -> Journal:
    """Another writer of the same story."""
    return Journal.open(_path(folder), Identity(bot=None, symbol="ETH/BTC", unit="BTC"), name=name)


def _taken_away(folder: Path) -> Path:
    """The whole folder, with a file in its place."""
    away = folder.rename(folder.with_name(f"{folder.name}.away"))
    folder.touch()
    return away


def _brought_back(away: Path, folder: Path) -> None:
    folder.unlink()
    away.rename(folder)


def _seqs(told: tuple[Event, ...] | None) -> list[int | None]:
    return [event.seq for event in told or ()]


@pytest.fixture(autouse=True)
def _log_of_the_story(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="livestory")  # the trouble is meant


def test_a_strict_writer_is_told_who_holds_the_story(tmp_path: Path) -> None:
    """The constructor raises; once the other has let go, a new one opens."""
    other = _other(tmp_path)
    with pytest.raises(JournalHeld, match=rf"written by pid {os.getpid()}, the other bot"):
        _writer(tmp_path, strict=True)
    other.close()
    with _writer(tmp_path, strict=True, max_wait=LONG) as story:
        assert _seqs(story.note("x")) == [1]


def test_lines_wait_while_another_holds_the_story_and_are_told_once_it_lets_go(tmp_path: Path) -> None:
    """Visibly, with what was told before known: no record, regime or trade is told again."""
    with _writer(tmp_path, max_wait=LONG) as before:
        before.check_ath(1.0, 1.0)
        before.check_ath(1.5, 1.5)
        before.check_regime_switch(40, 25)
        before.fill("buy", 2, "0.03", trade_id="t1")
    other = _other(tmp_path)
    story = _writer(tmp_path, max_wait=LONG)
    assert "written by pid" in (story.health.trouble or "")
    told = story.note("while held")
    assert _seqs(told) == [None]
    story.check_ath(1.5, 1.0)
    story.check_regime_switch(30, 25)
    story.fill("buy", 2, "0.03", trade_id="t1")
    story.fill("buy", 2, "0.05", trade_id="t2")
    story.fill("buy", 2, "0.05", trade_id="t2")
    assert story.health.waiting == 6
    assert not story.flush(0.0)
    other.close()
    assert story.flush(LONG)
    assert story.health.ok
    (sale,) = story.fill("sell", 4, "0.06", trade_id="t3") or ()
    assert "result +50.0% before fees (+0.0800 BTC); entry 0.04, exit 0.06; no ETH left" in sale.line
    story.close()
    assert [line.split(" | ")[0] for line in _told(tmp_path)] == [
        "🚀 NEW ATH", "🔄 Regime Switch: TREND", "🟢 BUY", "📝 Note", "🟢 BUY", "🩹 Story Late", "🔴 SELL",
    ]  # fmt: skip
    assert _told(tmp_path)[5].startswith("🩹 Story Late | 2 lines, 0s | ")
    assert verify(_path(tmp_path)).findings == []


def test_a_call_that_is_heard_once_the_trouble_is_over_is_kept_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though there was trouble when it was made: it comes back durable, and nothing is told as late."""
    monkeypatch.setattr(thread, "_THINKING", LONG)
    other = _other(tmp_path)
    with _writer(tmp_path, max_wait=LONG) as story:
        threads = story._thread  # noqa: SLF001 - what it is asked waits until the trouble is over
        ask = threads._ask  # noqa: SLF001 - as above

        def ask_later(call: Call) -> None:
            def later() -> None:
                other.close()
                until(lambda: threads.trouble is None)
                ask(call)

            threading.Thread(target=later).start()

        with monkeypatch.context() as patched:
            patched.setattr(threads, "_ask", ask_later)
            assert _seqs(story.note("made in trouble")) == [1]
    assert len(_told(tmp_path)) == 1


def test_a_hanging_journal_is_not_waited_for(tmp_path: Path) -> None:
    """Locked for good by a tool: each call is back while the journal is still being tried, so within ``max_wait``."""
    with _writer(tmp_path, max_wait=LONG) as story:
        story.note("before")
        story._max_wait = 0.01  # noqa: SLF001 - after the first line, so that it is durable
        locker = apsw.Connection(str(tmp_path / "live_story.db"))
        locker.execute("BEGIN EXCLUSIVE")
        told = [story.note(f"while locked {n}") for n in range(5)]
        fill = story.fill("buy", 1, "0.03", trade_id="t1")
        assert story.health.trouble is None  # the journal has not given up: none of the calls waited for that
        assert [_seqs(one) for one in (*told, fill)] == [[None]] * 6
        assert story.health.waiting == 6
        locker.execute("ROLLBACK")
        assert story.flush(LONG)
        assert story.fill("buy", 1, "0.03", trade_id="t1") is None
        locker.close()
    assert [line.rpartition(" | ")[2] for line in _told(tmp_path)[:6]] == [
        "before", *(f"while locked {n}" for n in range(5)),
    ]  # fmt: skip
    assert verify(_path(tmp_path)).findings == []


def test_a_disk_that_does_not_answer_is_shown_and_told_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing fails, nothing comes: health says so while it lasts, and a line says how many came late."""
    with _writer(tmp_path, max_wait=LONG) as story:
        story.note("before")
        story._max_wait = 0.0  # noqa: SLF001 - after the first line, so that it is durable
        store, answers = story._thread._store, threading.Event()  # noqa: SLF001
        assert store is not None
        keep = store.keep

        def hanging(*arguments: Any) -> Any:
            answers.wait(LONG)
            return keep(*arguments)

        monkeypatch.setattr(store, "keep", hanging)
        for n in range(3):
            story.note(f"late {n}")
        assert story.health.ok  # it may yet answer
        story._thread._calls[0].begun -= 3600.0  # noqa: SLF001 - an hour ago
        assert (story.health.ok, story.health.trouble) == (False, "the disk does not answer")
        answers.set()
        assert story.flush(LONG)
        assert story.health.ok
    lines = _told(tmp_path)
    assert lines[:4] == ["📝 Note | before", *(f"📝 Note | late {n}" for n in range(3))]
    assert lines[4].startswith("🩹 Story Late | 1 line, 1h | the disk does not answer")
    assert len(lines) == 5


def test_a_coroutine_never_waits_for_a_hanging_journal(tmp_path: Path) -> None:
    """However long ``max_wait``: the call is back before the journal has given up."""

    async def bot(story: StoryWriter) -> None:
        locker.execute("BEGIN EXCLUSIVE")
        assert _seqs(story.note("while locked")) == [None]
        assert story.health.trouble is None
        locker.execute("ROLLBACK")
        assert await story.flushed(LONG)

    with _writer(tmp_path, max_wait=LONG) as story:
        locker = apsw.Connection(str(tmp_path / "live_story.db"))
        asyncio.run(bot(story))
        locker.close()
    assert _told(tmp_path)[0] == "📝 Note | while locked"


def test_what_came_late_is_counted_and_told(tmp_path: Path) -> None:
    """The lines told while the journal could not be written, with the cause and how long it lasted."""
    clock = ManualClock("2024-12-03 12:00")
    with _writer(tmp_path, clock=clock, max_wait=LONG) as story:
        story.note("before")
        away = _taken_away(tmp_path)
        assert _seqs(story.note("late 1")) == [None]
        assert "take the lock again" in (story.health.trouble or "")
        for n in range(2, 6):
            assert _seqs(story.note(f"late {n}")) == [None]
        clock.set("2024-12-03 13:30")
        _brought_back(away, tmp_path)
        assert story.flush(LONG)
        assert story.health.ok
        assert _seqs(story.note("after")) == [8]
    lines = _told(tmp_path)
    assert [line.rpartition(" | ")[2] for line in lines[:6]] == ["before", *(f"late {n}" for n in range(1, 6))]
    assert lines[6].startswith("🩹 Story Late | 5 lines, 1h 30m | ")
    assert lines[6].endswith("(12:00 to 13:30); the bot went on")
    assert lines[7] == "📝 Note | after"
    assert verify(_path(tmp_path)).findings == []


def test_a_strict_writer_raises_what_keeps_a_line_waiting(tmp_path: Path) -> None:
    """And keeps it all the same."""
    with _writer(tmp_path, strict=True, max_wait=LONG) as story:
        story.note("before")
        away = _taken_away(tmp_path)
        with pytest.raises(JournalError, match="take the lock again"):
            story.note("late")
        _brought_back(away, tmp_path)
        assert story.flush(LONG)
    assert _told(tmp_path)[:2] == ["📝 Note | before", "📝 Note | late"]


def test_a_corrupt_journal_is_set_aside_and_the_story_tells_it(tmp_path: Path) -> None:
    """The old one and the old text are kept; a new journal is begun."""
    with _writer(tmp_path, max_wait=LONG) as story:
        for n in range(50):
            story.note(f"note {n} " + "x" * 500)
    journal = tmp_path / "live_story.db"
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"live_story.db{suffix}").unlink()
    content = bytearray(journal.read_bytes())
    content[100:] = os.urandom(len(content) - 100)
    journal.write_bytes(content)
    with _writer(tmp_path, max_wait=LONG) as story:
        story.note("after")
    set_aside, after = _told(tmp_path)
    assert set_aside.startswith("🩹 Journal Set Aside | live_story.db.damaged-")
    assert "a new journal was begun" in set_aside
    assert after == "📝 Note | after"
    (kept,) = tmp_path.glob("live_story.db.damaged-*Z")
    assert kept.stat().st_size == len(content)
    assert "note 49" in next(tmp_path.glob("live_story.txt.replaced-*")).read_text(encoding="utf-8")
    assert verify(_path(tmp_path)).findings == []


def test_a_narrators_state_that_can_not_be_read_is_no_end_of_the_bot(tmp_path: Path) -> None:
    """It is shown, and the lock is not kept from whoever repairs it."""
    with _writer(tmp_path, max_wait=LONG) as story:
        story.note("before")
    with_damage = _other(tmp_path)
    with_damage.append(states={"narrator": b"damage"})
    with_damage.close()
    story = _writer(tmp_path)
    assert _seqs(story.note("waits")) == [None]
    assert "the narrator's state" in (story.health.trouble or "")
    assert not story.close(0.0)
    _other(tmp_path).close()


@pytest.mark.parametrize("folder", ["file/inside", "/proc/nowhere"])
def test_a_folder_that_can_not_be_written_is_shown_and_harms_nothing(tmp_path: Path, folder: str) -> None:
    """Each call returns its event, waiting; strict: the constructor raises."""
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / folder / "live_story.txt"
    story = StoryWriter(path)
    assert _seqs(story.note("x")) == [None]
    assert "can't" in (story.health.trouble or "")
    assert not story.close(0.0)
    with pytest.raises(JournalError, match="can't"):
        StoryWriter(path, strict=True)


def test_another_bots_story_is_not_written_into(tmp_path: Path) -> None:
    """Another symbol is another story: nothing is told here, and health says why."""
    with _writer(tmp_path, max_wait=LONG) as story:
        story.note("mine")
    story = _writer(tmp_path, symbol="SOL/BTC")
    assert _seqs(story.note("not mine")) == [None]
    assert "another story: symbol ETH/BTC, not SOL/BTC" in (story.health.trouble or "")
    assert not story.close(0.0)
    assert _told(tmp_path) == ["📝 Note | mine"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; root only."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    yield mount
    subprocess.run(["/usr/bin/umount", "-l", str(mount)], check=True)


def test_on_a_full_disk_lines_wait_and_are_written_when_space_returns(small_disk: Path) -> None:
    """Each exactly once, in order, and one line tells how many came late."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(400_000))
    with _writer(small_disk, max_wait=LONG) as story:
        told = 0
        while story.health.trouble is None:
            story.note(f"{told}: " + "x" * 2000)
            told += 1
        assert "the disk is full" in (story.health.trouble or "") or "No space left" in (story.health.trouble or "")
        for _ in range(5):
            assert story.note(f"{told}: late") is not None
            told += 1
        ballast.unlink()
        assert story.flush(LONG)
        assert story.note("after")
        assert story.flush(LONG)
        assert story.health.ok
    lines = _told(small_disk)
    assert [line.split(" | ")[1].split(":")[0] for line in lines if "📝" in line] == [*map(str, range(told)), "after"]
    assert [line for line in lines if line.startswith("🩹 Story Late")]
    assert verify(_path(small_disk)).findings == []


def test_a_clock_set_back_is_told_once_and_the_days_go_on(tmp_path: Path) -> None:
    """An event is never told before the last one; a clock that catches up is no news."""
    clock = ManualClock("2024-12-03 12:00")
    with _writer(tmp_path, clock=clock, max_wait=LONG) as story:
        story.note("noon")
        clock.set("2024-12-03 10:00")
        for n in range(3):
            clock.set(NOON - 2 * HOUR + n * SECOND)
            story.note(f"{n} s after ten")
        clock.set("2024-12-03 12:30")
        story.note("half past noon")
        assert story.flush(LONG)
    moved = [line for line in _told(tmp_path) if "Clock Moved" in line]
    assert len(moved) == 1
    assert moved[0].startswith("🕰️ Clock Moved | back 2h | ")
    assert len(_told(tmp_path)) == 6


def test_a_directory_in_place_of_the_text_does_not_stop_the_story(tmp_path: Path) -> None:
    """The journal has every line; the text gets them when it can be written, and the story tells it."""
    with _writer(tmp_path, max_wait=LONG) as story:
        story.note("before")
        _path(tmp_path).unlink()
        _path(tmp_path).mkdir()
        (tmp_path / "live_story.txt" / "in the way").write_text("x")
        (event,) = story.note("in the journal") or ()
        assert event.seq == 2
        story.observe(Observation(time=NOON, wealth=1.0, price=0.03, halted=False, regime="TREND"))
        assert story.flush(LONG)
    assert [line for line in _told(tmp_path) if "in the journal" in line] == ["📝 Note | in the journal"]
    assert verify(_path(tmp_path)).findings == []


def test_an_entry_that_another_program_kept_under_our_id_is_not_kept_twice(tmp_path: Path) -> None:
    """The journal itself keeps an id only once."""
    with _writer(tmp_path, max_wait=LONG) as story:
        story.note("one")
    other = _other(tmp_path)
    other.append([Entry("trade-ETH/BTC-7", NOON, NOON, "note", b'{"v":1}', "2024-12-03 12:00:00 | 📝 Note | two")])
    other.close()
    with _writer(tmp_path, max_wait=LONG) as story:
        assert story.fill("buy", 1, 1, trade_id="7") is None
    assert len(_told(tmp_path)) == 2


def test_a_story_that_livestorys_own_bot_tells_is_left_alone(tmp_path: Path) -> None:
    """A writer in somebody's bot adds no line to it, and says why; strict, it raises that."""
    own = Identity(bot="bot", mode="replay", symbol="ETH/BTC", unit="BTC")
    Journal.open(_path(tmp_path), own).close()
    with pytest.raises(JournalForeign, match="livestory runs itself"):
        _writer(tmp_path, strict=True)
    story = _writer(tmp_path)
    story.note("mine")
    assert "livestory runs itself" in (story.health.trouble or "")
    story.close(0.1)
    journal = Journal.open(_path(tmp_path), own)
    assert journal.last is None
    journal.close()


def test_livestorys_own_bot_leaves_the_story_of_another_alone(tmp_path: Path) -> None:
    """A story without a mode is not gone on with by a replay."""
    _writer(tmp_path).close()
    with pytest.raises(JournalForeign, match="mode none, not replay"):
        Journal.open(_path(tmp_path), Identity(bot="bot", mode="replay", symbol="ETH/BTC", unit="BTC"))
