"""What the command line refuses: one clear message on standard error, the right status, and no harm done."""

from __future__ import annotations

import fcntl
import gzip
import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from tests.cli.program import COMMAND, environment, livestory, slice_of, story

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED, BAD_INPUT = 1, 2


def refusal(*arguments: object, cwd: Path, status: int, **changes: str) -> str:
    """What the program says when it refuses: nothing on standard output, and never a traceback."""
    done = livestory(*arguments, cwd=cwd, env=environment(**changes))
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert 1 <= len(done.stderr.splitlines()) <= 4
    return done.stderr


@pytest.fixture
def a_story(told: Path, tmp_path: Path) -> Path:
    """A copy of a finished story."""
    return shutil.copytree(told, tmp_path / "results")


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("missing.csv", None, "missing.csv"),
        ("empty.csv", b"", "empty.csv"),
        ("header.csv", b"open_time,open,high,low,close,volume\n", "header.csv"),
        ("text.csv", b"open_time,open,high,low,close\n2022-01-01,1,1,1,oops\n", "text.csv:2:"),
        ("nan.csv", b"open_time,open,high,low,close\n2022-01-01,1,1,1,nan\n", "nan.csv:2:"),
        (
            "unsorted.csv",
            b"open_time,open,high,low,close\n2022-01-01 00:30,1,1,1,1\n2022-01-01 00:45,1,1,1,1\n2022-01-01,1,1,1,1\n",
            "unsorted.csv:4:",
        ),
        (
            "hours.csv",
            b"open_time,open,high,low,close\n2022-01-01 00:00,1,1,1,1\n2022-01-01 01:00,1,1,1,1\n",
            "1:00:00",
        ),
        ("bars.gz", b"not compressed", "bars.gz"),
        (".", None, "."),
    ],
)
def test_bars_that_are_none(tmp_path: Path, name: str, content: bytes | None, wanted: str) -> None:
    """Nothing is begun; the message says which file, and where in it."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert wanted in refusal("run", "--bars", name, cwd=tmp_path, status=BAD_INPUT)
    assert not (tmp_path / "results").exists()


def test_truncated_bars(tmp_path: Path, bars: Path) -> None:
    """A download that broke off is found before anything is told."""
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(bars.read_bytes()[:-5000])
    assert "broken.csv.gz" in refusal("run", "--bars", broken, cwd=tmp_path, status=BAD_INPUT)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--mode", "live"), "the configuration does not allow it"),
        (("--mode", "testnet", "--bars", "x.csv"), "replayed on paper"),
        (("--mode", "demo"), "--mode"),
        (("--speed", "0"), "bars per second"),
        (("--speed", "nan"), "bars per second"),
        (("--speed", "9"), "--bars"),
        (("--keep-days", "0"), "--keep-days"),
        (("bars.csv",), "--bars"),
        (("--bars",), "--bars"),
        (("--sped", "9"), "--speed"),
        (("--config", "missing.toml"), "missing.toml"),
    ],
)
def test_bad_usage(tmp_path: Path, arguments: tuple[str, ...], wanted: str) -> None:
    """The option is named, and what to do instead."""
    assert wanted in refusal("run", *arguments, cwd=tmp_path, status=BAD_INPUT)
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_error_has_its_place(tmp_path: Path, bars: Path) -> None:
    """livestory.toml of the working folder is read without being asked for; file, line and nearest name are told."""
    (tmp_path / "livestory.toml").write_text('[bot]\nname = "scout"\n[risk]\nbraker = 0.1\n')
    said = refusal("run", "--bars", bars, cwd=tmp_path, status=BAD_INPUT)
    assert said.startswith("livestory.toml:4:1: ")
    assert "breaker" in said
    assert not (tmp_path / "results").exists()


def test_a_variable_out_of_range_is_named(tmp_path: Path, bars: Path) -> None:
    """The environment wins over the file, and is checked like it."""
    said = refusal("run", "--bars", bars, cwd=tmp_path, status=BAD_INPUT, LIVESTORY_RISK__BREAKER="20")
    assert "LIVESTORY_RISK__BREAKER" in said


def test_a_story_that_another_process_writes(a_story: Path, bars: Path) -> None:
    """The other one is named, and nothing of its story is touched; not by --fresh or a demo either."""
    before = story(a_story)
    with (a_story / "live_story.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("pid 4711, scout\n")
        lock.flush()
        for more in ((), ("--fresh",)):
            said = refusal("run", "--bars", bars, *more, cwd=a_story.parent, status=BAD_INPUT)
            assert "pid 4711, scout" in said
            assert "--dir" in said
    assert story(a_story) == before


def test_another_bots_story(a_story: Path, bars: Path) -> None:
    """What differs is named, and both ways out."""
    said = refusal("run", "--bars", bars, cwd=a_story.parent, status=BAD_INPUT, LIVESTORY_BOT__NAME="scout")
    assert "bot bot, not scout" in said
    assert "--dir" in said
    assert "--fresh" in said


def test_other_bars(a_story: Path, tmp_path: Path, real_bars_file: Path) -> None:
    """A replay belongs to its bars."""
    others = slice_of(real_bars_file, tmp_path / "others.csv", 0, 1999)
    assert "bars" in refusal("run", "--bars", others, cwd=a_story.parent, status=BAD_INPUT)


def test_a_demo_replaces_no_other_story(a_story: Path) -> None:
    """It deletes what a demo wrote, and nothing else."""
    before = story(a_story)
    said = refusal("demo", "--dir", a_story, cwd=a_story.parent, status=BAD_INPUT)
    assert "another bot's story (bot, replay)" in said
    assert story(a_story) == before


@pytest.mark.parametrize("command", [("run", "--bars", "{bars}"), ("tail",), ("status",), ("verify",)])
def test_a_newer_journal(a_story: Path, bars: Path, command: tuple[str, ...]) -> None:
    """An older livestory neither writes nor reads it."""
    db = apsw.Connection(str(a_story / "live_story.db"))
    db.pragma("user_version", 99)
    db.close()
    said = refusal(*(part.format(bars=bars) for part in command), cwd=a_story.parent, status=BAD_INPUT)
    assert "newer livestory" in said


@pytest.mark.parametrize("command", ["tail", "status", "verify"])
def test_no_story_yet(tmp_path: Path, command: str) -> None:
    """It says where it looked and how to get one."""
    said = refusal(command, cwd=tmp_path, status=FAILED)
    assert "results/live_story.db: no story has been written here yet" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written(tmp_path: Path, bars: Path) -> None:
    """The folder and the cause are named."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    mortal: tuple[str, ...] = ()
    if os.geteuid() == 0:  # who may write anywhere, unless that is taken from it
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv to be no longer root")
        mortal = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
    done = subprocess.run(
        [*mortal, *COMMAND, "run", "--bars", bars, "--dir", locked / "results"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (FAILED, "")
    assert done.stderr.startswith(
        f"{locked / 'results' / 'live_story.db'}: can't create its folder: permission is denied"
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB."""
    if os.geteuid():
        pytest.skip("only root can mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)  # noqa: S607 - wherever the system has it


def test_a_full_disk(small_disk: Path, tmp_path: Path, bars: Path, told: Path) -> None:
    """The replay ends with the cause; what it had told stays, and with space again it goes on to the same end."""
    said = refusal("run", "--bars", bars, "--dir", small_disk, cwd=tmp_path, status=FAILED)
    assert "disk is full" in said
    grow = ["mount", "-o", "remount,size=10m", str(small_disk)]
    subprocess.run(grow, check=True)
    assert livestory("run", "--bars", bars, "--dir", small_disk, cwd=tmp_path).returncode == 0
    lines = [line for line in story(small_disk) if "Bot Resumed" not in line]
    assert lines == story(told)
    assert livestory("verify", "--dir", small_disk, cwd=tmp_path).returncode == 0


def test_an_output_that_takes_nothing(a_story: Path) -> None:
    """A full disk under `livestory tail > file` is one line and status 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "tail", "-n", "3"],
            cwd=a_story.parent,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert (done.returncode, done.stderr) == (FAILED, "No space left on device\n")


def test_bars_are_read_as_they_are_named(tmp_path: Path, bars: Path) -> None:
    """A name with spaces, umlauts and a leading dash is a name."""
    odd = tmp_path / "-Kürse vom März.csv"
    odd.write_bytes(gzip.decompress(bars.read_bytes()))
    assert livestory("run", "--bars", f"./{odd.name}", cwd=tmp_path).returncode == 0


def test_a_database_that_is_no_journal_is_named_as_it_was_given(tmp_path: Path) -> None:
    """With what it is and how a table of it is told; no name is made up beside it."""
    for name in ("prices.sqlite", "prices.db", "prices", "prices.txt"):
        with sqlite3.connect(tmp_path / name) as db:
            db.execute("CREATE TABLE prices(time, price)")
        db.close()
    for name in ("prices.sqlite", "prices.db", "prices", "prices.txt"):
        for command in (("explain", name), ("export", "--journal", name, "--out", "new.csv")):
            said = refusal(*command, cwd=tmp_path, status=BAD_INPUT)
            assert said.startswith(f"{name}: a SQLite database, and no journal of livestory's\n")
            assert f"sqlite3 -header -csv {name} " in said
    for reader in ("tail", "status", "verify", "compact", "halt", "serve"):
        said = refusal(reader, "--dir", "prices.sqlite", cwd=tmp_path, status=BAD_INPUT)
        assert said.startswith("prices.sqlite: a file that is no story's")


def test_a_name_that_no_journal_can_have(a_story: Path) -> None:
    """SQLite knows names in UTF-8 only."""
    odd = os.fsdecode(b"\xff")
    a_story.rename(a_story.with_name(odd))
    for command in ("tail", "status", "verify", "demo"):
        said = refusal(command, "--dir", odd, cwd=a_story.parent, status=BAD_INPUT)
        assert "not UTF-8" in said


def test_a_search_without_hits_says_so(told: Path) -> None:
    """On standard error: nothing went wrong."""
    for words, wanted in (
        (("tail", "--dir", told, "--kind", "sell_stuck"), "no line of kind sell_stuck was told yet"),
        (("tail", "--dir", told, "--since", "2100-01-01"), "no line since 2100-01-01 00:00"),
        (("explain", told / "live_story.db", "--kind", "sell_stuck"), "no line is of that kind and time"),
    ):
        done = livestory(*words, cwd=told)
        assert (done.returncode, done.stdout) == (0, "")
        assert wanted in done.stderr


def test_a_missing_package_is_named_with_what_installs_it(told: Path, tmp_path: Path) -> None:
    """From where this very livestory came: there may be no release."""
    root = Path(__file__).parents[2]
    for package, command in {
        "duckdb": ("export", "--journal", told / "live_story.db", "--out", "new.parquet"),
        "httpx2": ("export", "--prometheus", "http://127.0.0.1:9", "--out", "new.csv"),
        "starlette": ("serve", "--dir", told),
    }.items():
        (tmp_path / f"{package}.py").write_text(f"raise ImportError(name={package!r})", "utf-8")
        said = refusal(*command, cwd=tmp_path, status=BAD_INPUT, PYTHONPATH=str(tmp_path))
        assert f" {package}, which is not installed; install it with: " in said
        assert re.search(rf"pip install '?{re.escape(str(root))}\[(retell|web)\]'?$", said.rstrip())
