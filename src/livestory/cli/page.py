"""The live page beside a running bot: a child process that ends with it, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PORT = 8730
_PATIENCE = 2.0  # seconds that it may take to end


def can_serve() -> bool:
    """Whether the packages that the page needs are installed."""
    return _missing() is None


def need_page() -> None:
    """Raise InputError where a package that the page needs is not installed."""
    from livestory.extras import missing

    package = _missing()
    if package is not None:
        raise missing(ImportError(name=package), "--serve", "web")


def _missing() -> str | None:
    return next((package for package in ("starlette", "uvicorn") if find_spec(package) is None), None)


@contextmanager
def served(story: Path, port: int = PORT) -> Iterator[None]:
    """Serve the page of ``story`` in a process of its own, which can slow no trade; its address goes to standard error.

    A page that can't be served is told there too, and changes nothing else.
    """
    command = [sys.executable, "-m", "livestory", "serve", "--dir", str(story), "--port", str(port), "--with-parent"]
    # A session of its own: Ctrl-C is the bot's, and the page shows its goodbye.
    page = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stderr.fileno(), start_new_session=True)  # noqa: S603 - ourselves
    try:
        yield
    finally:
        if page.stdin is not None:
            page.stdin.close()
        try:
            page.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            page.kill()
            page.wait()


def free_port(wanted: int = PORT) -> int:
    """That port if it is free, else 0: any."""
    from livestory.errors import InputError
    from livestory.http_server.server import bind

    try:
        bind("127.0.0.1", wanted).close()
    except InputError:
        return 0
    return wanted


def when_parent_ends(act: Callable[[], object]) -> None:
    """Call ``act`` when standard input, the pipe that `served` holds, is closed."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        act()

    threading.Thread(target=wait, name="parent", daemon=True).start()
