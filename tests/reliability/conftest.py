"""What the tests of reliability share: the stage, and the tally that each run prints."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import pytest

from tests.reliability.stage import Stage, compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOM = 2**28  # bytes; a container may have less
_TALLY = pytest.StashKey[Counter[str]]()
_FIGURES = pytest.StashKey[list[str]]()


class Did(Protocol):
    """Counts what was done: the run ends with one line of it, and lines of figures."""

    def __call__(self, what: str, count: int = 1) -> None: ...


@pytest.fixture
def did(pytestconfig: pytest.Config) -> Did:
    """Count something done."""
    tally = pytestconfig.stash.setdefault(_TALLY, Counter())

    def count(what: str, count: int = 1) -> None:
        tally[what] += count

    return count


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines to print at the end."""
    return pytestconfig.stash.setdefault(_FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print how much was done."""
    tally = config.stash.get(_TALLY, None)
    if tally:
        terminalreporter.write_line("reliability: " + ", ".join(f"{count:,} {what}" for what, count in tally.items()))
    for line in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(f"reliability: {line}")


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Where processes are made to fail."""
    if shutil.which("gcc") is None:
        unable("needs gcc, to compile the library that makes calls fail")
    stage = Stage(compiled(tmp_path_factory.mktemp("stage")))
    yield stage
    stage.close()


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory: the page cache outlives a process as well as a disk does, and a sync costs nothing."""
    shared = Path("/dev/shm")  # noqa: S108  a folder of its own in it
    within = shared if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > _ROOM else None
    with tempfile.TemporaryDirectory(dir=within) as folder:
        yield Path(folder)


@pytest.fixture
def needs_mounts() -> None:
    """File systems of our own can only be mounted by root."""
    if os.geteuid() != 0:
        unable("needs root, to mount file systems of its own")


def mounted(*command: str) -> None:
    """Run ``mount`` with these arguments, or say that it can't be done here."""
    made = subprocess.run(["/usr/bin/mount", *command], check=False, capture_output=True, text=True)
    if made.returncode:
        unable(f"can't mount a file system of its own here: {made.stderr.strip()}")


def unable(reason: str) -> NoReturn:
    """Skip what this machine can't do; where CI=true, that is a failure."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)
