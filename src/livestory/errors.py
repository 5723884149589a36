"""Every error that livestory raises on purpose, as a tree.

LivestoryError                 exit status 1: a failure while running
├── InputError                 exit status 2: bad usage, configuration or input
│   ├── ConfigError            a setting or the configuration file
│   └── TableError             a file of rows: bars, a backtest, an export
└── JournalError               exit status 1: the journal can't be read or written
    ├── JournalHeld            exit status 2: another process writes it
    ├── JournalForeign         exit status 2: it tells another bot's story
    ├── JournalNewer           exit status 2: a newer livestory wrote it
    └── JournalCorrupt         exit status 1: its contents are damaged

A message is one or two lines for a person: what is wrong, where, what to do.
"""

from __future__ import annotations

from typing import ClassVar, Self


class LivestoryError(Exception):
    """A failure that is told to a person as its message alone, without a traceback."""

    exit_status: ClassVar[int] = 1


class InputError(LivestoryError):
    """Bad usage, configuration or input; nothing was done."""

    exit_status: ClassVar[int] = 2


class ConfigError(InputError):
    """A setting that is unknown, malformed or out of range."""


class TableError(InputError):
    """A file of rows that can't be read as what it should be."""

    @classmethod
    def at(cls, file: object, line: int, column: int | None, problem: str) -> Self:
        """An error with its place: ``file:line:column: problem``; lines and columns count from 1."""
        place = f"{file}:{line}" if column is None else f"{file}:{line}:{column}"
        return cls(f"{place}: {problem}")


class JournalError(LivestoryError):
    """The journal can't be read or written now."""


class JournalHeld(JournalError):
    """Another process holds the journal as its writer."""

    exit_status: ClassVar[int] = 2


class JournalForeign(JournalError):
    """The journal belongs to another bot, mode, symbol or set of bars."""

    exit_status: ClassVar[int] = 2


class JournalNewer(JournalError):
    """A newer version of livestory wrote the journal."""

    exit_status: ClassVar[int] = 2


class JournalCorrupt(JournalError):
    """The journal's contents are damaged."""
