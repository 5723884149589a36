"""`livestory tail`: which lines, how they look, and reading along."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from livestory import parse
from livestory.clock import HOUR
from livestory.story.journal.reader import JournalReader
from tests.cli.program import COMMAND, LIMIT, OnTerminal, environment, livestory, slice_of, started, story

if TYPE_CHECKING:
    from pathlib import Path

ESCAPE = "\x1b"


def tailed(folder: Path, *arguments: object, **changes: str) -> list[str]:
    """The lines that it prints."""
    done = livestory("tail", "--dir", folder, *arguments, cwd=folder, env=environment(**changes))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_it_prints_the_last_fifty_lines_as_the_file_has_them(told: Path, bars: Path, tmp_path: Path) -> None:
    """Byte for byte, and as many as are asked for; all, shown or not, where asked: as a file has that shows all."""
    env = environment(LIVESTORY_STORY__DETAIL="all")
    assert livestory("run", "--bars", bars, "--dir", tmp_path, cwd=tmp_path, env=env).returncode == 0
    everything = story(tmp_path)
    assert len(everything) > 50
    assert tailed(tmp_path) == everything[-50:]
    assert tailed(told, "-n", 3) == story(told)[-3:]
    assert tailed(told, "-n", 0) == []
    assert tailed(told, "-n", 10**20) == story(told)
    with JournalReader.open(told / "live_story.txt") as journal:
        every_line = [event.line for event in journal.events(limit=10_000)]
    assert len(every_line) == len(everything) > len(story(told))
    assert tailed(told, "--all", "-n", 9999) == every_line


def test_the_story_may_be_named_by_its_file(told: Path) -> None:
    """Text or journal."""
    for name in ("live_story.txt", "live_story.db"):
        assert livestory("tail", "--dir", told / name, cwd=told).stdout.splitlines() == story(told)[-50:]


def test_kinds_are_chosen_by_their_short_names(told: Path) -> None:
    """Several at once, each with the last lines of its own kinds."""
    wanted = [line for line in story(told) if parse(line).kind in {"trade", "started"}]
    assert len(wanted) > 3
    assert tailed(told, "--kind", "trade,started") == wanted
    assert tailed(told, "--kind", "trade, started", "-n", 2) == wanted[-2:]
    none = livestory("tail", "--dir", told, "--kind", "breaker", cwd=told)
    assert (none.returncode, none.stdout) == (0, "")
    assert none.stderr == f"{told / 'live_story.db'}: no line of kind breaker was told yet\n"


def test_an_unknown_kind_is_told_with_the_nearest(told: Path) -> None:
    """Not an empty answer."""
    done = livestory("tail", "--kind", "trades", "--dir", told, cwd=told)
    assert done.returncode == 2
    assert "did you mean trade?" in done.stderr


def test_since_counts_from_the_last_line_of_a_replay(told: Path) -> None:
    """Its present is long past; a time is taken as it is."""
    lines = story(told)
    end = parse(lines[-1]).time
    recent = [line for line in lines if parse(line).time >= end - 26 * HOUR]
    assert 3 < len(recent) < len(lines)
    assert tailed(told, "--since", "1d 2h") == recent
    assert tailed(told, "--since", "1d 2h", "-n", 1) == recent[-1:]
    assert tailed(told, "--since", "2022-01-10") == [line for line in lines if line >= "2022-01-10"]
    assert tailed(told, "--since", "2022-01-10T12:00+01:00") == [line for line in lines if line >= "2022-01-10 11"]
    assert tailed(told, "--since", "9999d") == lines
    done = livestory("tail", "--since", "yesterday", "--dir", told, cwd=told)
    assert done.returncode == 2
    assert "'yesterday' is neither a duration" in done.stderr


def test_local_time_says_how_far_it_is_from_utc(told: Path) -> None:
    """Only in the first column."""
    (line,) = tailed(told, "-n", 1, "--local", TZ="Asia/Kolkata")
    (utc,) = tailed(told, "-n", 1)
    assert utc.startswith("2022-01-21 20:00:00 | ")
    assert line == "2022-01-22 01:30:00+05:30" + utc[19:]


def test_colours_appear_on_a_terminal_only(told: Path) -> None:
    """And there only if NO_COLOR is empty and the terminal is not a dumb one."""
    plain = story(told)[-50:]
    for changes in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        shown = OnTerminal("tail", "--dir", told, cwd=told, env=environment(**changes)).read_to_end()
        assert shown.splitlines() == plain
    shown = OnTerminal("tail", "--dir", told, cwd=told, env=environment(NO_COLOR="")).read_to_end()
    assert ESCAPE in shown
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines() == plain


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_any_locale_gets_utf_8(told: Path, locale: str) -> None:
    """Even where Python would choose another encoding."""
    wanted = story(told)[-3:]
    assert tailed(told, "-n", 3, LC_ALL=locale, PYTHONCOERCECLOCALE="0", PYTHONUTF8="0") == wanted
    assert tailed(told, "-n", 3, PYTHONIOENCODING="ascii") == wanted


def test_a_reader_that_has_enough_ends_it_silently(told: Path) -> None:
    """As `head` does."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        done = subprocess.run(
            [*COMMAND, "tail", "-n", "9999", "--dir", told],
            env=environment(),
            stdout=nobody,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_following_waits_for_a_story_and_reads_along(bars: Path, tmp_path: Path, told: Path) -> None:
    """It says that it waits, then prints every line while the bot runs; Ctrl-C ends it without a word."""
    tail = started("tail", "-f", "--dir", tmp_path, cwd=tmp_path)
    assert tail.stdout is not None
    assert tail.stderr is not None
    assert "waiting" in tail.stderr.readline()
    assert livestory("run", "--bars", bars, "--dir", tmp_path, "--speed", 20000, cwd=tmp_path).returncode == 0
    lines = [tail.stdout.readline().rstrip("\n") for _ in story(told)]
    assert lines == story(told)
    tail.send_signal(signal.SIGINT)
    assert tail.communicate(timeout=LIMIT) == ("", "")
    assert tail.returncode == 130


def test_following_goes_on_with_the_story_that_takes_its_place(
    bars: Path, told: Path, tmp_path: Path, real_bars_file: Path
) -> None:
    """A `run --fresh` under a running `tail -f`: from its first line on."""
    results = shutil.copytree(told, tmp_path / "results")
    tail = started("tail", "-f", "-n", 1, "--kind", "stopped,started", cwd=tmp_path)
    assert tail.stdout is not None
    assert "end of the bars" in tail.stdout.readline()
    other = slice_of(real_bars_file, tmp_path / "other.csv", 500, 300)
    assert livestory("run", "--bars", other, "--fresh", cwd=tmp_path).returncode == 0
    wanted = [story(results)[0], story(results)[-1]]
    assert [tail.stdout.readline().rstrip("\n") for _ in wanted] == wanted
    tail.terminate()
    tail.communicate(timeout=LIMIT)
    assert bars.exists()
