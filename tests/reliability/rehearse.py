"""The sessions that are made to fail, and the process that forks for each: `python -m tests.reliability.rehearse`.

A session says what happens to it through a pipe, one JSON object a line: what a call has acknowledged is on record
outside the process before the process goes on.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import logging
import os
import select
import signal
import struct
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import livestory.story.writing.store  # noqa: F401  loaded once, for all forks
from livestory.story.writing import thread as writer_thread
from tests.reliability.isolated_bot import isolated
from tests.reliability.long_bot import lived
from tests.reliability.told_bot import Scenery, starved, story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
_NO_LOG_FLUSH = struct.pack("I", 2)
_TOO_LONG = 3600  # seconds until a session that hangs is ended by SIGALRM


class Calls:
    """The library that makes calls fail; without it, nothing does."""

    def __init__(self) -> None:
        """Find it in this process."""
        self._library = ctypes.CDLL(None)
        self.there = hasattr(self._library, "failing_calls_arm")

    def arm(self, folder: Path, fault: Sequence[Any]) -> None:
        """Let a fault be due in ``folder``."""
        calls, at, act, error, again, victim, stand_in = fault
        self._library.failing_calls_victim(os.fsencode(folder / victim), os.fsencode(stand_in))
        self._library.failing_calls_arm(os.fsencode(folder), calls, ctypes.c_long(at), act, error, int(again))

    def mend(self) -> int:
        """End all faults; how many calls were struck."""
        if not self.there:
            return 0
        self._library.failing_calls_mend()
        return int(self._library.failing_calls_struck())


def session_named(name: str) -> Callable[..., None]:
    """The session of that name; what it needs is loaded before the process forks."""
    if name == "replay":
        from tests.reliability.replayed_bot import replay  # noqa: PLC0415  the executor, only for who plays it

        return replay
    sessions: dict[str, Callable[..., None]] = {
        "story": story,
        "starved": starved,
        "isolated": isolated,
        "lived": lived,
    }
    return sessions[name]


@contextmanager
def _last_words(pipe: int) -> Iterator[None]:
    status = 1
    try:
        yield
        status = 0
    except BaseException:  # noqa: BLE001  a child must not come back into the loop
        traceback.print_exc()
    finally:
        os.close(pipe)
        os._exit(status)


def _perform(session: Callable[..., None], request: dict[str, Any], pipe: int) -> None:
    calls, folder = Calls(), Path(request["folder"])

    def say(**what: object) -> None:
        os.write(pipe, json.dumps(what).encode() + b"\n")

    def arm() -> None:
        if request["fault"] is not None:
            calls.arm(folder, request["fault"])

    signal.alarm(_TOO_LONG)
    logging.disable(logging.CRITICAL)  # the trouble is meant
    writer_thread._RETRY_FIRST = writer_thread._LISTEN = 0.001  # noqa: SLF001  thousands of sessions wait for a retry
    session(Scenery(folder, say, arm, calls.mend), **request["options"])


def _attend(pid: int, pipe: int, kill_after: int | None, pause: float, disk: str | None) -> tuple[int, list[Any], int]:
    """Hear a session to its end, or kill it on the way, and before that cut the power of the ``disk`` it writes on.

    Returns the exit code, what was heard, and how much of that before the cut. What is said after it comes from a
    machine without power: a sync that the cut meets on its way may even claim to be done.
    """
    heard, alive, before = b"", kill_after is not None, -1
    while True:
        if alive and heard.count(b"\n") >= (kill_after or 0):
            time.sleep(pause)
            while select.select([pipe], [], [], 0)[0] and (part := os.read(pipe, 1 << 16)):
                heard += part
            before = heard.count(b"\n")
            if disk is not None:
                cut_power(disk)
            os.kill(pid, signal.SIGKILL)
            alive = False
        part = os.read(pipe, 1 << 16)
        if not part:
            break
        heard += part
    os.close(pipe)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = [json.loads(line) for line in heard.split(b"\n")[:-1]]  # the last may be torn
    return code, said, before if disk is not None and before >= 0 else len(said)


def cut_power(disk: str) -> None:
    """Let a mounted ext4 lose all that was not synced, and refuse all from then on."""
    descriptor = os.open(disk, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, _SHUTDOWN, _NO_LOG_FLUSH)
    finally:
        os.close(descriptor)


def main() -> None:
    """Play what is asked for on standard input, one request a line, and answer each on standard output."""
    for line in sys.stdin:
        request = json.loads(line)
        session = session_named(request["session"])
        hear, pipe = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(hear)
            with _last_words(pipe):
                _perform(session, request, pipe)
        os.close(pipe)
        print(json.dumps(_attend(pid, hear, request["kill_after"], request["pause"], request["disk"])), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
