"""What the tests of reliability share: the stage, and the tally that each run prints."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import pytest

from tests.reliability.stage import Stage, compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOM = 2**28  # bytes; a container may have less


class Did(Protocol):
    """Counts what was done: the run ends with one line of it."""

    def __call__(self, what: str, count: int = 1) -> None: ...


class Figure(Protocol):
    """Takes a line to print at the end."""

    def __call__(self, line: str) -> None: ...


@pytest.fixture
def did(counted: Callable[[str, str, int], None]) -> Did:
    """Count something done."""
    return lambda what, count=1: counted("reliability", what, count)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Have a line printed at the end."""
    return lambda line: request.node.user_properties.append(("figure", ["reliability", line]))


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
