"""The real program in a process of its own, and what it reads: slices of the real bars."""

from __future__ import annotations

import atexit
import gzip
import os
import pty
import select
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from functools import cache
from typing import TYPE_CHECKING

from click.testing import CliRunner

from livestory.cli import livestory as commands
from tests.cli.forks import Forks
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COMMAND = (sys.executable, "-m", "livestory")
LIMIT = LONG  # seconds until a program that hangs is given up


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would change the program, and then ``changes``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LIVESTORY_", "LC_", "NO_COLOR", "TZ", "PYTHONUNBUFFERED"))
    }
    return {**kept, "TERM": "xterm", "PYTHONWARNINGS": "error", **changes}


def livestory(
    *arguments: object, cwd: Path, env: Mapping[str, str] | None = None, streams: Mapping[int, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, with pipes and no terminal.

    ``streams`` says which of 0, 1 and 2 lead to a file instead, or are closed (None).
    """
    words, env = [str(argument) for argument in arguments], env or environment()
    if _read_at_the_start(env) != _read_at_the_start(environment()):
        command, null = [*COMMAND, *words], subprocess.DEVNULL
        return subprocess.run(
            command, cwd=cwd, env=env, stdin=null, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False
        )
    with ThreadPoolExecutor(2) as both:
        output, errors = os.pipe(), os.pipe()
        read = both.map(_all_of, (output[0], errors[0]))
        ends = {0: os.open(os.devnull, os.O_RDONLY), 1: output[1], 2: errors[1]}
        for stream, path in (streams or {}).items():
            os.close(ends.pop(stream))
            if path is not None:
                ends[stream] = os.open(path, os.O_RDWR)
        try:
            status = forks().run(words, cwd, env, ends, LIMIT)
        finally:
            for end in ends.values():
                os.close(end)
        return subprocess.CompletedProcess(words, status, *read)


def _read_at_the_start(env: Mapping[str, str]) -> dict[str, str]:
    """What of an environment Python reads as it starts, and a fork does no more."""
    return {name: value for name, value in env.items() if name.startswith(("PYTHON", "LANG", "LC_"))}


@cache
def forks() -> Forks:
    """The forks that this process asks for."""
    made = Forks(environment())
    atexit.register(made.close)
    return made


def _all_of(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8") as file:
        return file.read()


def inside(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, for what neither the start of the program nor its streams have a part in."""
    without = dict.fromkeys(name for name in os.environ if name.startswith("LIVESTORY_"))
    words = [str(argument) for argument in arguments]
    with chdir(cwd):
        done = CliRunner(env=without).invoke(commands, words, prog_name="livestory", catch_exceptions=False)
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def started(
    *arguments: object, cwd: Path, env: Mapping[str, str] | None = None, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start the program with pipes and no terminal; it is killed if the test waits for it too long."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        encoding="utf-8",
    )
    too_long = threading.Timer(LIMIT, process.kill)
    too_long.daemon = True
    too_long.start()
    return process


class OnTerminal:
    """The program with a pseudo-terminal as its three streams."""

    def __init__(self, *arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        self._screen, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=cwd,
            env=env or environment(),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self._raw = b""

    @property
    def text(self) -> str:
        """What the screen has been given so far."""
        return self._raw.decode("utf-8", "replace")

    def read_until(self, wanted: str) -> str:
        """Read until ``wanted`` was printed or the program ended; all that was printed so far."""
        while wanted not in self.text and self._read():
            pass
        return self.text

    def read_to_end(self) -> str:
        """All that the program printed until its end."""
        while self._read():
            pass
        self.process.wait(LIMIT)
        os.close(self._screen)
        return self.text

    def _read(self) -> bool:
        if not select.select([self._screen], [], [], LIMIT)[0]:
            self.process.kill()
            return False
        try:
            chunk = os.read(self._screen, 65536)
        except OSError:  # the other end is closed
            return False
        self._raw += chunk
        return bool(chunk)


def slice_of(real: Path, to: Path, first: int, count: int) -> Path:
    """Write ``count`` of the real bars, from number ``first`` on, with their header."""
    with gzip.open(real, "rt") as source:
        lines = source.readlines()
    content = "".join([lines[0], *lines[1 + first : 1 + first + count]])
    if to.suffix == ".gz":
        to.write_bytes(gzip.compress(content.encode(), mtime=0))
    else:
        to.write_text(content, "utf-8")
    return to


def story(folder: Path) -> list[str]:
    """The lines of the story file."""
    return (folder / "live_story.txt").read_text("utf-8").splitlines()


def told_of_the_market(lines: list[str]) -> list[str]:
    """The lines without those of stopping and coming back."""
    return [line for line in lines if "Bot Stopped" not in line and "Bot Resumed" not in line]
