"""`livestory status`: what the bot last reported, and nothing that it did not."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from livestory import Observation, StoryWriter
from livestory.cli.commands.status import trouble
from livestory.clock import DAY, HOUR, MINUTE, SystemClock
from livestory.story.inputs import Statement
from livestory.story.journal.entry import Identity, Kept
from livestory.story.kinds.exchange import ExchangeBack, ExchangeDown, ForeignOrders
from livestory.story.kinds.lifecycle import Started
from livestory.story.kinds.risk import Halted, SellStuck, Unhalted
from livestory.story.settings import StorySettings
from livestory.story.snapshot import Snapshot
from livestory.story.writing.synchronous import SynchronousWriter
from tests.cli.program import LIMIT, livestory, started

if TYPE_CHECKING:
    from pathlib import Path


def status(folder: Path) -> dict[str, str]:
    """Its rows by name."""
    return {line[:11].rstrip(): line[11:] for line in status_lines(folder)}


def status_lines(folder: Path) -> list[str]:
    """What it prints."""
    done = livestory("status", "--dir", folder, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_finished_replay(told: Path) -> None:
    """All of it in a few lines; the past is not overdue."""
    rows = status(told)
    assert rows["bot"] == "bot, ETH/BTC, replay"
    assert rows["process"] == "not running"
    assert rows["state"] == "stopped (end of the bars); was trading"
    assert rows["wealth"].endswith(" BTC")
    assert rows["regime"].startswith(("TREND, score ", "MEAN_REV, score "))
    assert rows["last bar"] == "2022-01-21 20:00:00 UTC (replay)"
    assert "Bot Stopped" in rows["last line"]
    assert "live_story.txt" in rows["files"]


def test_a_running_bot_is_named(bars: Path, tmp_path: Path) -> None:
    """With its process."""
    bot = started("run", "--bars", bars, "--dir", tmp_path, "--speed", 100, cwd=tmp_path)
    assert bot.stdout is not None
    bot.stdout.readline()
    assert status(tmp_path)["process"] == f"running (pid {bot.pid}, bot)"
    bot.send_signal(signal.SIGTERM)
    bot.communicate(timeout=LIMIT)
    assert status(tmp_path)["process"] == "not running"


def test_a_halted_bot_says_what_it_waits_for(tmp_path: Path) -> None:
    """And an overdue bar is told."""
    last = SystemClock().now() - 3 * HOUR
    with StoryWriter(tmp_path / "live_story.txt", name="scout") as writer:
        halted = Observation(
            time=last,
            wealth=0.8,
            drawdown=-0.2,
            halted=True,
            halt_reason="breaker",
            resume_at=last + DAY,
            resume_score=30.0,
            next_due=last + 15 * MINUTE,
        )
        writer.observe(halted)
        assert writer.flush(LIMIT)
    rows = status(tmp_path)
    assert rows["bot"] == "scout, ETH/BTC, mode not known"
    assert rows["state"].startswith("HALTED (breaker); waits for ")
    assert rows["state"].endswith(" UTC, then for score ≥ 30")
    assert rows["drawdown"] == "-20.0%"
    assert ", 3h ago; the next is overdue by 2h 45m" in rows["last bar"] or "3h 1m ago" in rows["last bar"]


def test_a_trouble_is_there_with_its_line_until_its_end_is_told(tmp_path: Path) -> None:
    """An exchange that is down; others' open orders are nothing wrong."""
    now = SystemClock().now()
    with SynchronousWriter(tmp_path / "live_story.txt", Identity(bot="scout"), StorySettings()) as teller:
        teller.take(
            Statement(
                now,
                (
                    ForeignOrders(count=2),
                    ExchangeDown(exchange="binance"),
                    SellStuck(problem="no answer"),
                ),
            )
        )
        teller.commit({})
        troubles = [line for line in status_lines(tmp_path) if line.startswith("trouble ")]
        assert [line.split(" | ")[1] for line in troubles] == ["🔌 Exchange Down", "🚨 BREAKER CAN'T SELL"]
        teller.take(Statement(now, (ExchangeBack(exchange="binance"),)))
        teller.commit({})
        assert [line.split(" | ")[1] for line in status_lines(tmp_path) if line.startswith("trouble ")] == [
            "🚨 BREAKER CAN'T SELL"
        ]


def test_what_the_bot_does_not_report_is_not_known(tmp_path: Path) -> None:
    """Never 0."""
    with StoryWriter(tmp_path / "live_story.txt") as writer:
        writer.observe(Observation(time=SystemClock().now()))
        assert writer.flush(LIMIT)
    rows = status(tmp_path)
    assert [rows[name] for name in ("state", "wealth", "drawdown", "position")] == ["not known"] * 4
    assert rows["regime"] == "not known, score not known"


def test_a_story_without_a_bar(tmp_path: Path) -> None:
    """Begun by a note."""
    with StoryWriter(tmp_path / "live_story.txt") as writer:
        writer.note("hello")
        assert writer.flush(LIMIT)
    rows = status(tmp_path)
    assert rows["state"] == "not known: no bar heard yet"
    assert rows["last line"].endswith("hello")


def test_the_journals_size_is_told(told: Path) -> None:
    """For people and for machines."""
    written = (told / "live_story.db", told / "live_story.db-wal")
    count = sum(file.stat().st_size for file in written if file.exists())
    assert status(told)["journal"].endswith(f" ({count:,} bytes, its log included)")


def test_check_answers_a_machine(told: Path, bars: Path, tmp_path: Path) -> None:
    """0 for a bot that runs, or was stopped; 1 where it was killed, or where there is no story."""
    assert check(told) == (0, "healthy")
    bot = started("run", "--bars", bars, "--dir", tmp_path, "--speed", 100, cwd=tmp_path)
    assert bot.stdout is not None
    bot.stdout.readline()
    assert check(tmp_path) == (0, "healthy")
    bot.kill()
    bot.communicate(timeout=LIMIT)
    assert check(tmp_path) == (1, "not running, and it did not say goodbye")
    nothing = livestory("status", "--check", "--dir", tmp_path / "nowhere", cwd=tmp_path)
    assert (nothing.returncode, nothing.stdout) == (1, "")


def check(folder: Path) -> tuple[int, str]:
    """The exit status of --check, and what it says."""
    done = livestory("status", "--check", "--dir", folder, cwd=folder)
    return done.returncode, done.stdout.splitlines()[-1].removeprefix("check").strip()


def test_an_overdue_bar_is_trouble_for_a_running_bot_only() -> None:
    """After the grace that page and alerts grant too; a replay, whose time is the bars' own, is never overdue."""
    bar = Observation(time=DAY * 20_000, next_due=DAY * 20_000 + 15 * MINUTE)
    live = Snapshot(journal="", identity=Identity(mode="live"), last_seq=1, observation=bar)
    stopped = replace(live, lifecycle=Kept(1, "", bar.time, bar.time, "stopped", b"", "", b""), stopped_by="you")
    late = DAY * 20_000 + 19 * MINUTE
    assert trouble(live, late, written=True) == "the next bar is overdue"
    assert trouble(live, late - 2 * MINUTE, written=True) is None
    assert trouble(replace(live, identity=Identity(mode="replay")), late, written=True) is None
    assert trouble(stopped, late, written=False) is None
    assert trouble(replace(stopped, stopped_by="error"), late, written=False) == "an error stopped it"
    assert trouble(replace(live, observation=None), late, written=True) is None
    assert trouble(replace(live, observation=Observation(time=bar.time)), late, written=True) is None


def test_a_halt_by_hand_is_there_before_the_next_bar(tmp_path: Path) -> None:
    """And so is its end; a bar that is heard after either says what holds then."""
    now = SystemClock().now()
    with SynchronousWriter(tmp_path / "live_story.txt", Identity(bot="scout", mode="paper"), StorySettings()) as teller:

        def state() -> str:
            teller.commit({})
            return status(tmp_path)["state"]

        teller.take(Statement(now, (Halted(reason="owner"),)))
        assert state() == "HALTED (owner); waits for you"
        teller.take(Observation(time=now + MINUTE, wealth=1.0, halted=True, halt_reason="owner"))
        teller.take(Statement(now + 2 * MINUTE, (Unhalted(reason="owner"),)))
        assert state() == "trading"
        teller.take(Statement(now + 3 * MINUTE, (Halted(reason="owner"),)))
        assert state() == "HALTED (owner); waits for you"
        teller.take(Statement(now + 4 * MINUTE, (Unhalted(reason="owner", still="breaker"),)))
        assert state().startswith("HALTED (breaker); waits for ")
        teller.take(Observation(time=now + 5 * MINUTE, wealth=1.0, halted=False))
        assert state() == "trading"


def test_a_bot_that_was_killed_says_so_first(bars: Path, tmp_path: Path) -> None:
    """With status 1, also without --check; one that is heard again, or was stopped, does not."""
    bot = started("run", "--bars", bars, "--dir", tmp_path, "--speed", 100, cwd=tmp_path)
    assert bot.stdout is not None
    bot.stdout.readline()
    bot.kill()
    bot.communicate(timeout=LIMIT)
    for more in ((), ("--check",)):
        done = livestory("status", "--dir", tmp_path, *more, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stdout.startswith("state      killed or crashed: not running, and it did not say goodbye; was ")
        assert done.stdout.count("state ") == 1
    assert livestory("run", "--bars", bars, "--dir", tmp_path, cwd=tmp_path).returncode == 0
    assert status(tmp_path)["state"].startswith("stopped (end of the bars)")


def test_a_bot_of_the_present_that_was_killed_says_since_when(tmp_path: Path) -> None:
    """That is when it was last heard; its last report follows."""
    now = SystemClock().now()
    with SynchronousWriter(tmp_path / "live_story.txt", Identity(bot="scout", mode="paper"), StorySettings()) as teller:
        teller.take(Statement(now - 3 * HOUR, (Started(unit="BTC"),)))
        teller.take(Observation(time=now - 2 * HOUR, wealth=1.0, halted=False))
        teller.commit({})
    done = livestory("status", "--dir", tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert "not running since " in done.stdout.splitlines()[0]
    assert done.stdout.splitlines()[0].endswith(" ago), when it was last heard; was trading")


def test_of_a_killed_bot_whose_state_was_not_known_no_state_is_told(tmp_path: Path) -> None:
    """It never said whether it was halted."""
    now = SystemClock().now()
    with SynchronousWriter(tmp_path / "live_story.txt", Identity(bot="scout"), StorySettings()) as teller:
        teller.take(Statement(now - HOUR, (Started(unit="BTC"),)))
        teller.commit({})
    done = livestory("status", "--dir", tmp_path, cwd=tmp_path)
    assert done.stdout.splitlines()[0].endswith(" ago), when it was last heard")


def test_a_drawdown_says_what_it_counts_from(tmp_path: Path) -> None:
    """The record and its time."""
    now = SystemClock().now()
    with StoryWriter(tmp_path / "live_story.txt") as writer:
        writer.observe(Observation(time=now - 2 * HOUR, wealth=1.0, drawdown=0.0))
        writer.observe(Observation(time=now - HOUR, wealth=0.9, drawdown=-0.1))
        assert writer.flush(LIMIT)
    assert status(tmp_path)["drawdown"].startswith("-10.0% from the record 1.0000 of ")
