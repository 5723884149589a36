"""Standard output and standard error: UTF-8 wherever they lead, and the log's warnings on the latter."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress

import click

from livestory.story.wording.text import visible


class _Told(logging.Handler):
    """Prints a warning's message; its traceback is for developers, who attach handlers of their own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print it."""
        with suppress(OSError):
            click.echo(visible(record.getMessage()), err=True)


def prepare() -> None:
    """Let both streams take any character, and the log's warnings appear.

    A story is UTF-8, whatever the locale says; a lone surrogate of a file's name comes out as its escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it was closed
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    logger = logging.getLogger("livestory")
    logger.propagate = False
    logger.addHandler(_Told(logging.WARNING))


def flush() -> None:
    """Write out what still waits. Raises OSError where it can't be."""
    if sys.stdout is not None:
        sys.stdout.flush()


def give_up_output() -> None:
    """Stop writing to a standard output that takes nothing more, so that the end of the process doesn't try again."""
    try:
        flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def is_terminal(stream: object) -> bool:
    """Whether a person sees or types on ``stream`` (None: it was closed)."""
    return isinstance(stream, io.TextIOBase) and not stream.closed and stream.isatty()
