"""The program in forks of a process that has read it: none of them needs the half second that Python reads modules for.

A fork has its own process id, streams, folder and environment, and ends as any program does. How the program starts by
itself is seen where COMMAND is run.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
_MOST = 1_000_000  # bytes of a request


class Forks:
    """The process that has read the program."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Start it in that environment."""
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.cli.forks", str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
            )
        self._alone = Lock()

    def run(
        self, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], streams: Mapping[int, int], limit: float
    ) -> int:
        """Run the program to its end with descriptors as its streams, of which those left out are closed; its status.

        Raises TimeoutError after ``limit`` seconds, when it is killed.
        """
        asked = json.dumps([arguments, os.fspath(cwd), dict(env), list(streams)])
        with self._alone:
            socket.send_fds(self._line, [asked.encode()], list(streams.values()))
            process = int(self._line.recv(_MOST))
            self._line.settimeout(limit)
            try:
                return int(self._line.recv(_MOST))
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                self._line.settimeout(None)
                self._line.recv(_MOST)
                raise
            finally:
                self._line.settimeout(None)

    def close(self) -> None:
        """End it."""
        self._line.close()
        self._process.wait()


def _serve(line: socket.socket) -> None:
    """Fork for each request: returns in the fork, whose program is still to be run; ends when nobody can ask more."""
    while True:
        content, descriptors, *_ = socket.recv_fds(line, _MOST, 3)
        if not content:
            line.close()
            sys.exit()
        process = os.fork()
        if not process:
            line.close()
            arguments, cwd, env, streams = json.loads(content)
            _become(arguments, cwd, env, dict(zip(streams, descriptors, strict=True)))
            return
        for descriptor in descriptors:
            os.close(descriptor)
        line.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        line.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(arguments: list[str], cwd: str, env: dict[str, str], given: dict[int, int]) -> None:
    """Have what Python gives a program that it starts; ``given`` are the descriptors that become its streams."""
    for target, name in enumerate(("stdin", "stdout", "stderr")):
        if target in given:
            os.dup2(given[target], target)
            # No `with`: it stays open to the end.
            setattr(sys, name, open(target, "w" if target else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
        else:
            os.close(target)
            setattr(sys, name, None)
    for descriptor in given.values():
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = ["livestory", *arguments]


if __name__ == "__main__":
    # What most commands read when they run.
    import livestory.cli.play
    import livestory.outlets.web.app
    import livestory.retell.explain_story  # noqa: F401
    from livestory_command import main

    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    main()
