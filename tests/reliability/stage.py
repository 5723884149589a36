"""Processes that are made to fail: each session runs in a fork of one prepared process, and dies there alone."""

from __future__ import annotations

import enum
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

ROOT = Path(__file__).parents[2]
_SOURCE = Path(__file__).with_name("failing_calls.c")


class Call(enum.IntFlag):
    """The system calls that can be made to fail; the numbers are those of failing_calls.c."""

    OPEN = 1
    WRITE = 2
    SYNC = 4
    TRUNCATE = 8
    RENAME = 16
    UNLINK = 32
    MKDIR = 64
    READ = 128


CHANGES = Call.OPEN | Call.WRITE | Call.SYNC | Call.TRUNCATE | Call.RENAME | Call.UNLINK | Call.MKDIR


class Act(enum.IntEnum):
    """What is done to a call; the numbers are those of failing_calls.c."""

    COUNT = 0  # nothing
    KILL = 1  # SIGKILL before it
    TORN_KILL = 2  # SIGKILL after half of the write
    FAIL = 3  # it returns an error
    SHORT = 4  # half of the write is done, and said to be
    HANG = 5  # it doesn't return before it is mended
    TAKE = 6  # the fault's victim is deleted, and a folder renamed, before it; its stand-in comes in its place


class Fault(Struct, frozen=True):
    """The call number ``at`` of these kinds, counted from 0, and with ``again`` each one after it."""

    calls: Call
    at: int
    act: Act
    error: int = 0
    again: bool = False
    victim: str = ""  # in the session's folder
    stand_in: str = ""  # the path of what comes in the victim's place; moved there


class Outcome(Struct):
    """How a session went."""

    code: int  # exit code; negative: the signal that killed it
    said: list[dict[str, Any]]  # what came through the pipe, in order
    in_time: int  # how much of it before the power was cut

    def all(self, what: str) -> list[Any]:
        """Everything said under that name, before the power was cut."""
        return [said[what] for said in self.said[: self.in_time] if what in said]

    @property
    def last_step(self) -> int:
        """The number of the step that it came to at last, with power or without; 0 for none."""
        return max((said["step"] for said in self.said if "step" in said), default=0)

    @property
    def struck(self) -> int:
        """How many calls were made to fail, in a session that came to its end."""
        return int(self.all("struck")[-1])


def compiled(folder: Path) -> Path:
    """The library that makes calls fail. Needs gcc, which building Python packages needs as well."""
    library = folder / "failing_calls.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(_SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


class Stage:
    """A process with all modules loaded, under the library that makes calls fail; it forks for each session."""

    def __init__(self, library: Path) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.rehearse"],
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": str(library)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def play(
        self,
        session: str,
        folder: Path,
        fault: Fault | None = None,
        *,
        kill_after: int | None = None,
        pause: float = 0.0,
        disk: Path | None = None,
        **options: Any,
    ) -> Outcome:
        """Play a session of rehearse.py in ``folder``, to its end or until it dies.

        ``kill_after`` so many messages, and ``pause`` seconds, it is killed; on a ``disk``, whose power is cut first.
        The pipe outlives both.
        """
        request = {
            "session": session,
            "folder": str(folder),
            "fault": None
            if fault is None
            else [fault.calls, fault.at, fault.act, fault.error, fault.again, fault.victim, fault.stand_in],
            "kill_after": kill_after,
            "pause": pause,
            "disk": None if disk is None else str(disk),
            "options": options,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return Outcome(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)
