"""Every command whose standard streams are closed, full or given up: one message, never a traceback."""

from __future__ import annotations

import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from livestory.cli import livestory as commands
from tests.cli.program import COMMAND, LIMIT, environment, livestory, started

if TYPE_CHECKING:
    from pathlib import Path

# What each command is tried with; one that is added must be added here.
WORDS = {
    "demo": "demo --dir new",
    "run": "run --bars bars.csv.gz --dir new",
    "check": "check --mode live",
    "serve": "serve --root-path story",
    "alert": "alert list",
    "tail": "tail -n 3",
    "status": "status",
    "digest": "digest",
    "tell": "tell --schema",
    "listen": "listen --port none",
    "follow": "follow freqtrade --db none.sqlite --dir new",
    "fleet": "fleet status --from postgresql://nobody@127.0.0.1:1/none",
    "verify": "verify",
    "halt": "halt why not",
    "resume": "resume",
    "note": "note hello",
    "flow": "flow 1",
    "init": "init new.toml",
    "explain": "explain results/live_story.db",
    "export": "export --journal results/live_story.db --out -",
    "backup": "backup b.tar.gz",
    "restore": "restore old.tar.gz --dir new",
    "compact": "compact",
    "service": "service install --print",
    "report": "report --out -",
    "share": "share list",
    "completion": "completion bash",
    "man": "man new",
}
# Those that find nothing to print: what they say, they say on standard error.
SILENT = {"check", "serve", "halt", "resume", "note", "flow", "listen", "follow", "fleet"}
CLOSED, FULL = "standard output is closed", "No space left on device"


@pytest.fixture(scope="module")
def place(told: Path, bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished replay in results, a backup of it, and its bars."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(told, folder / "results")
    shutil.copy(bars, folder / "bars.csv.gz")
    assert livestory("backup", "old.tar.gz", cwd=folder).returncode == 0
    return folder


def cleared(place: Path) -> Path:
    """The folder without what a command has made in it."""
    shutil.rmtree(place / "new", ignore_errors=True)
    (place / "new.toml").unlink(missing_ok=True)
    return place


def shell(words: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run the program by a shell, which knows how to close a stream."""
    return subprocess.run(
        ["sh", "-c", f"{' '.join(COMMAND)} {words}"],  # noqa: S607 - wherever the system has it
        cwd=cleared(place),
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )


def test_every_command_is_tried() -> None:
    """Also one that is new."""
    assert set(WORDS) == set(commands.commands)


@pytest.mark.parametrize("command", ["--help", "--version", "tail --help", *WORDS])
def test_a_standard_output_that_takes_nothing(place: Path, command: str) -> None:
    """Closed or full: one message that says so, status 1; whoever has nothing to print doesn't notice."""
    words = WORDS.get(command, command)
    for output, message in ((None, CLOSED), ("/dev/full", FULL)):
        done = livestory(*words.split(), cwd=cleared(place), streams={1: output})
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        if command in SILENT:
            assert done.returncode == 2, done.stderr
        else:
            assert done.returncode == 1, done.stderr
            assert message in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("broken", [{2: "/dev/full"}, {2: None, 0: None}], ids=["full", "closed"])
@pytest.mark.parametrize("command", WORDS)
def test_without_standard_error_and_input(place: Path, command: str, broken: dict[int, str | None]) -> None:
    """What a command does and prints is the same."""
    words = WORDS[command].split()
    usual = livestory(*words, cwd=cleared(place))
    done = livestory(*words, cwd=cleared(place), streams=broken)
    assert done.returncode == usual.returncode == (2 if command in SILENT else 0)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout == usual.stdout


@pytest.mark.parametrize("command", ["tail", "explain", "export"])
def test_a_reader_that_has_enough(place: Path, command: str) -> None:
    """As `head` has: nothing is said."""
    done = shell(f"{WORDS[command]} | head -c 1", place)
    assert (len(done.stdout), done.stderr) == (1, "")


def test_no_file_of_a_story_becomes_a_stream(place: Path) -> None:
    """With all three closed, what others print there would land in the first file that is opened: the journal."""
    assert shell("run --bars bars.csv.gz --dir new <&- >&- 2>&-", place).returncode == 1
    done = subprocess.run([*COMMAND, "verify", "--dir", "new"], cwd=place, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", ["run --bars bars.csv.gz --dir {new} --speed 100", "tail -f", "serve --port 0"])
def test_a_signal_ends_what_would_go_on(place: Path, tmp_path: Path, words: str) -> None:
    """Each of the three within two seconds, without a traceback; a bot says goodbye."""
    running = {
        number: started(*words.format(new=tmp_path / number.name).split(), cwd=place)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    for number, process in running.items():
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        _, errors = process.communicate(timeout=LIMIT)
        assert "Traceback" not in errors
        if words.startswith("run"):
            assert process.returncode == 0
            assert "Bot Stopped" in (tmp_path / number.name / "live_story.txt").read_text("utf-8").splitlines()[-1]
