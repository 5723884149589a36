"""A command of ours beside another: a child process that ends with it, however it ends, and slows it in nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_LOOK = 0.5  # seconds between two looks whether it runs
_AGAIN = 2.0  # seconds until it is begun again
_WRONG = 2  # exit status of what only a person can mend


@contextmanager
def beside(what: str, *words: str, patience: float = 2.0) -> Iterator[None]:
    """Run a livestory command, which a person knows as ``what``, until the with block ends, and for ``patience`` more.

    Where it is killed or fails, that is told and it is begun again; what is wrong with how it was asked, it tells
    itself, and nothing else changes.
    """
    over = threading.Event()
    command = [sys.executable, "-m", "livestory", *words, "--with-parent"]
    # A daemon: an exit that the with block does not hear of waits for nothing.
    keeper = threading.Thread(target=_keep_up, args=(what, command, over, patience), name=what, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _keep_up(what: str, command: Sequence[str], over: threading.Event, patience: float) -> None:
    while not over.is_set():
        try:
            # A session of its own: Ctrl-C is its parent's, and it sees that one's goodbye.
            with subprocess.Popen(  # noqa: S603 - ourselves
                command, stdin=subprocess.PIPE, stdout=sys.stderr.fileno(), start_new_session=True
            ) as process:
                status: int | str | None = _status(process, over, patience)
        except OSError as error:
            status = error.strerror
        if over.is_set() or status == _WRONG:
            return
        click.echo(f"{what} has ended ({status}) and is begun again", err=True)
        over.wait(_AGAIN)


def _status(process: subprocess.Popen[bytes], over: threading.Event, patience: float) -> int:
    """Its exit status, once it has ended or was ended."""
    while process.poll() is None and not over.wait(_LOOK):
        pass
    if process.stdin is not None:
        process.stdin.close()
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def when_parent_ends(act: Callable[[], object]) -> None:
    """Call ``act`` when standard input, the pipe that `beside` holds, is closed."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        act()

    threading.Thread(target=wait, name="parent", daemon=True).start()
