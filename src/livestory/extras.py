"""Packages that only some commands need: what is said where one is missing."""

# ruff: noqa: PLC0415 - none of it is needed unless a package is missing
from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def missing(error: ImportError, what: str, extra: str) -> InputError:
    """The error for ``what`` ("the page", "alerts"), which needs a package that is not installed; how to install it."""
    package = (error.name or "a package").partition(".")[0]
    verb = "need" if what.endswith("s") else "needs"
    return InputError(f"{what} {verb} {package}, which is not installed; install it with: {command(extra)}")


def command(extra: str) -> str:
    """What installs an extra into this very environment, from where livestory itself came."""
    from pathlib import Path

    project = _project()
    source = f"livestory[{extra}]" if project is None else f"{project}[{extra}]"
    return _install(source) + (" in the project's folder" if project == Path() else "")


@contextmanager
def importing(name: str, what: str) -> Iterator[None]:
    """Around the import of a library that ``what`` needs: an ImportError says how to install it."""
    try:
        yield
    except ImportError as error:
        lacking = (error.name or name).partition(".")[0]
        message = f"{what} needs {lacking}, which is not installed; install it with: {_install(name)}"
        raise ImportError(message, name=error.name) from error


def _install(source: str) -> str:
    import shutil
    import sys
    from pathlib import Path
    from shlex import quote

    found = shutil.which("pip")
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return f"{'pip' if ours else f'{quote(sys.executable)} -m pip'} install {quote(source)}"


def _project() -> Path | None:
    """The folder that this livestory was installed from, "." where that is gone; None: it came from a package index."""
    from importlib.metadata import distribution
    from pathlib import Path
    from urllib.parse import unquote, urlsplit

    import msgspec

    origin = distribution("livestory").read_text("direct_url.json")  # PEP 610
    if origin is None:
        return None
    url = urlsplit(msgspec.json.decode(origin)["url"])
    folder = Path(unquote(url.path))
    return folder if url.scheme == "file" and (folder / "pyproject.toml").is_file() else Path()
