"""The three standard streams: UTF-8 wherever they lead, also nowhere; and the log's warnings on standard error."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress

import click

from livestory.story.wording.text import visible


class _Warnings(logging.Handler):
    """Prints a warning's message; its traceback is for developers, who attach handlers of their own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print its message, and nothing of a traceback."""
        click.echo(visible(record.getMessage()), err=True)


class _StandardError(io.TextIOWrapper):
    """Standard error: what it does not take is not said, and changes nothing else."""

    def write(self, text: str) -> int:
        """Write it, if that can be."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write out what waits, if that can be."""
        with suppress(OSError):
            super().flush()


def prepare() -> None:
    """Let both streams take any character, and the log's warnings appear.

    A story is UTF-8, whatever the locale says; a lone surrogate of a file's name comes out as its escape.
    """
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = _StandardError(
            sys.stderr.detach(), encoding="utf-8", errors="backslashreplace", line_buffering=True
        )
    logger = logging.getLogger("livestory")
    logger.propagate = False
    logger.addHandler(_Warnings(logging.WARNING))


def _open_what_is_closed() -> None:
    """Put something where a standard stream is closed, lest the next file that is opened, a journal, become it.

    Standard input is then empty; standard output takes nothing, which is an error to whoever writes; what is said on
    standard error is lost.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # the lowest that is free: this one
    # No `with`: they stay open to the end, and so do the descriptors that others may share.
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor has no path
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as above
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as above


def flush() -> None:
    """Write out what still waits. Raises OSError where it can't be."""
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
    """Whether a person sees or types on ``stream``."""
    return isinstance(stream, io.TextIOBase) and not stream.closed and stream.isatty()
