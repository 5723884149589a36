"""The live page beside a running bot: a child process that ends with it, however it ends."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from livestory.cli.beside import beside

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

PORT = 8730


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


def served(story: Path, port: int = PORT) -> AbstractContextManager[None]:
    """Serve the page of ``story`` in a process of its own, which can slow no trade; its address goes to standard error.

    A page that can't be served is told there too, and changes nothing else.
    """
    return beside("the live page", "serve", "--dir", str(story), "--port", str(port))


def free_port() -> int:
    """The page's port if it is free, else 0: any."""
    from livestory.errors import InputError
    from livestory.http_server.address import bind

    try:
        bind("127.0.0.1", PORT).close()
    except InputError:
        return 0
    return PORT
