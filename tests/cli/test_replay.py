"""`livestory run --bars`: from the first bar to the last, however often it is stopped or killed on the way."""

from __future__ import annotations

import re
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from livestory import parse
from livestory.story.journal.reader import JournalReader
from livestory.trading.session import STATE
from livestory.trading.state import strategy_told
from livestory.trading.strategy.regime_score import RegimeSettings
from tests.cli.program import LIMIT, OnTerminal, inside, livestory, slice_of, started, story, told_of_the_market

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen


def a_slow_replay(bars: Path, folder: Path) -> Popen[str]:
    """A replay that can't be over before it is stopped, and that prints each line."""
    return started("run", "--bars", bars, "--dir", folder, "--speed", 1000, cwd=folder)


def heard_lines(process: Popen[str], count: int) -> None:
    """Wait until it has printed ``count`` lines of its story."""
    assert process.stdout is not None
    for _ in range(count):
        parse(process.stdout.readline().rstrip("\n"))


def test_a_replay_tells_its_story_and_closes_with_a_summary(bars: Path, tmp_path: Path) -> None:
    """The summary on standard output, nothing on standard error, every line of the file a line of a story."""
    done = livestory("run", "--bars", bars, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = story(tmp_path / "results")
    assert [parse(line).kind for line in lines][:2] == ["started", "rules"]
    assert "REPLAY" in lines[0]
    assert "end of the bars" in lines[-1]
    rows = dict(line.split(None, 1) for line in done.stdout.splitlines())
    assert rows["bars"].startswith("2,000 over 20d 20h: 2022-01-01 00:00 to 2022-01-21 20:00 UTC")
    told_of_all = inside("digest", "--since", "2021-12-31", cwd=tmp_path).stdout  # from the same reading on
    assert re.findall(r"[\d.]+%", rows["return"]) == re.findall(r"[\d.]+%", told_of_all)[:2]
    told = livestory("tail", "--all", "-n", 1000, cwd=tmp_path).stdout.splitlines()
    assert set(lines) < set(told)
    assert rows["events"].startswith(f"{len(told)}: ")
    assert rows["story"] == "results/live_story.txt"
    trades = [line for line in lines if parse(line).kind == "trade"]
    assert f"{sum('BUY' in line for line in trades)} buys" in rows["trades"]
    assert f", {len(trades)} trade" in rows["events"]


def test_a_finished_replay_says_so_and_tells_nothing_twice(bars: Path, tmp_path: Path) -> None:
    """Exit status 0, and the same summary again."""
    first = livestory("run", "--bars", bars, cwd=tmp_path)
    lines = story(tmp_path / "results")
    again = livestory("run", "--bars", bars, cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("finished before")
    assert again.stdout.endswith(first.stdout)
    assert story(tmp_path / "results") == lines


@pytest.mark.parametrize("heard", [1, 9, 23])
def test_a_killed_replay_goes_on_as_if_nothing_had_happened(bars: Path, told: Path, tmp_path: Path, heard: int) -> None:
    """SIGKILL, then the same command: the story of an uninterrupted run, but for the line of the return."""
    process = a_slow_replay(bars, tmp_path)
    heard_lines(process, heard)
    process.kill()
    process.communicate(timeout=LIMIT)
    assert livestory("run", "--bars", bars, "--dir", tmp_path, cwd=tmp_path).returncode == 0
    lines = story(tmp_path)
    assert sum("Bot Resumed" in line for line in lines) == 1
    assert told_of_the_market(lines) == told_of_the_market(story(told))
    assert livestory("verify", "--dir", tmp_path, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("number", "by"),
    [(signal.SIGINT, "by you"), (signal.SIGTERM, "by the system (SIGTERM)")],
    ids=["SIGINT", "SIGTERM"],
)
def test_a_signal_stops_the_replay_after_the_bar(
    bars: Path, told: Path, tmp_path: Path, number: signal.Signals, by: str
) -> None:
    """Exit status 0, the stop is told, and whose it is; the same command goes on from there."""
    process = a_slow_replay(bars, tmp_path)
    heard_lines(process, 5)
    process.send_signal(number)
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err) == (0, "")
    assert f"💤 Bot Stopped | {by}" in out
    assert "stopped; the same command goes on from here" in out
    assert by in story(tmp_path)[-1]
    assert livestory("run", "--bars", bars, "--dir", tmp_path, cwd=tmp_path).returncode == 0
    assert told_of_the_market(story(tmp_path)) == told_of_the_market(story(told))


def test_the_bars_may_come_in_several_files(told: Path, tmp_path: Path, real_bars_file: Path) -> None:
    """As a shell writes them out, in any order: the story is that of one file."""
    early, late = tmp_path / "early.csv", tmp_path / "late.csv"
    slice_of(real_bars_file, early, 0, 900)
    slice_of(real_bars_file, late, 900, 1100)
    assert livestory("run", "--bars", late, early, "--dir", tmp_path, cwd=tmp_path).returncode == 0
    assert story(tmp_path) == story(told)


def test_a_story_keeps_its_regimes_rule_until_another_is_named(bars: Path, tmp_path: Path) -> None:
    """It changes trades; a new one has today's default."""
    before, named = tmp_path / "before.toml", tmp_path / "named.toml"
    before.write_text("[strategy.regime]\nhysteresis = 3\n", encoding="utf-8")
    named.write_text("[strategy.regime]\nhysteresis = 5\n", encoding="utf-8")
    stopped = started("run", "--bars", bars, "--config", before, "--dir", "kept", "--speed", 1000, cwd=tmp_path)
    heard_lines(stopped, 3)
    stopped.send_signal(signal.SIGTERM)
    stopped.communicate(timeout=LIMIT)
    shutil.copytree(tmp_path / "kept", tmp_path / "other")

    def played(name: str, *options: object) -> tuple[float, list[str]]:
        """The hysteresis after the last bar, and what changed in the rules."""
        assert livestory("run", "--bars", bars, "--dir", name, *options, cwd=tmp_path).returncode == 0
        with JournalReader.open(tmp_path / name / "live_story.db") as reader:
            told = strategy_told(reader.state(STATE) or b"")
        return told.regime.hysteresis, [line for line in story(tmp_path / name) if "Rules Changed" in line]

    assert played("kept") == (3.0, [])
    hysteresis, (changed,) = played("other", "--config", named)
    assert hysteresis == 5.0
    assert "regime hysteresis 3.0 → 5.0" in changed
    assert played("kept", "--fresh") == (RegimeSettings().hysteresis, [])


def test_fresh_moves_the_former_story_aside_whole(bars: Path, tmp_path: Path) -> None:
    """Nothing is deleted: the former one can still be read and verified, with its archive."""
    keep = ("run", "--bars", bars, "--keep-days", 3)
    assert livestory(*keep, cwd=tmp_path).returncode == 0
    results = tmp_path / "results"
    before = livestory("tail", "-n", 1000, cwd=tmp_path).stdout
    archived = sorted(path.name for path in (results / "archive").iterdir())
    assert len(archived) > 10
    done = livestory(*keep, "--fresh", cwd=tmp_path)
    assert done.returncode == 0
    (former,) = results.glob("live_story.former-*")
    assert done.stderr == f"the former story lies in {former.relative_to(tmp_path)}\n"
    assert sorted(path.name for path in (former / "archive").iterdir()) == archived
    assert livestory("tail", "-n", 1000, "--dir", former, cwd=tmp_path).stdout == before
    for folder in (results, former):
        assert livestory("verify", "--dir", folder, cwd=tmp_path).returncode == 0


def test_the_bars_that_a_story_writes_down_are_not_replayed_into_it(told: Path, tmp_path: Path) -> None:
    """Else the story would begin by emptying what it was to read, with --fresh or beside a journal that is gone."""
    shutil.copytree(told, tmp_path / "results")
    kept = (tmp_path / "results" / "live_story.bars.csv").read_bytes()
    for journal in (tmp_path / "results").glob("live_story.db*"):
        journal.unlink()
    for words in ((), ("--fresh",)):
        done = livestory("run", "--bars", "results/live_story.bars.csv", *words, cwd=tmp_path)
        assert (done.returncode, done.stderr.splitlines()) == (
            2,
            [
                "results/live_story.bars.csv: the bars that the story itself writes down",
                "Replay them into another --dir.",
            ],
        )
        assert (tmp_path / "results" / "live_story.bars.csv").read_bytes() == kept


def test_only_a_terminal_sees_a_progress_bar(bars: Path, tmp_path: Path) -> None:
    """And the summary stays when the bar is gone."""
    shown = OnTerminal("run", "--bars", bars, cwd=tmp_path).read_to_end()
    assert "/2000" in shown
    assert "story " in shown.rpartition("/2000")[2]
