"""Commands to the one who writes a story, left by other processes: the owner, and the alerts with what they report.

A journal has one writer. Whoever else wants something of it leaves a command in the folder ``live_story.inbox`` beside
it, one file each, and the writer takes it: at once while it runs, else at its next start. A command has its effect
exactly once, because its id is committed with the effect, and its file is removed only after that.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from livestory.clock import SystemClock
from livestory.errors import InputError
from livestory.story.commands import Command
from livestory.story.files.layout import make_folder, sync_folder, temporary
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.clock import Clock
    from livestory.story.files.layout import Layout

INBOX = "inbox"  # the state that holds the commands taken
_MOST_BYTES = 65_536  # of a command; a larger file is none
_log = logging.getLogger("livestory")


class Posted(Struct, frozen=True):
    """A command that lies in the inbox."""

    id: str
    time: int  # when it was left
    command: Command


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Command)


class Inbox:
    """The commands left for one story.

    Anybody may `post`. The writer takes what is `waiting`, commits `states` together with the effects, then sweeps.
    """

    def __init__(self, layout: Layout, state: bytes | None = None) -> None:
        """The inbox of the story at ``layout``; ``state`` is what its writer committed last."""
        self._folder: Path = layout.inbox
        self._taken: set[str] = set() if state is None else msgspec.msgpack.decode(state, type=set[str])
        self._refused: set[str] = set()

    def post(self, command: Command, clock: Clock | None = None) -> str:
        """Leave ``command``, durably; returns its id. Raises InputError where the folder can't be written."""
        posted = f"{(clock or SystemClock()).now():020d}-{os.urandom(4).hex()}"
        path = self._path(posted)
        scratch = temporary(path)
        try:
            make_folder(self._folder)
            with scratch.open("xb") as file:
                file.write(_ENCODER.encode(command))
                file.flush()
                os.fsync(file.fileno())
            scratch.rename(path)
            sync_folder(self._folder)
        except OSError as error:
            with suppress(OSError):
                scratch.unlink(missing_ok=True)
            message = f"{self._folder}: can't leave a command there: {error.strerror}\nRun this as the bot's own user."
            raise InputError(message) from None
        return posted

    def holds(self, posted: str) -> bool:
        """Whether a command still waits to be taken."""
        return self._path(posted).exists()

    def waiting(self) -> list[Posted]:
        """The commands not taken yet, oldest first. One that can't be read is set aside, and logged."""
        if not os.access(self._folder, os.F_OK):  # as ever, where nobody has left any
            return []
        try:
            names = sorted(entry.name for entry in os.scandir(self._folder) if entry.name.endswith(".json"))
        except OSError:
            return []
        ids = (name.removesuffix(".json") for name in names if not name.startswith("."))
        found = (self._read(one) for one in ids if one not in self._taken and one not in self._refused)
        return [one for one in found if one is not None]

    def take(self, posted: Posted) -> None:
        """Count a command as taken; its effect and `states` are to be committed together."""
        self._taken.add(posted.id)

    def states(self) -> dict[str, bytes]:
        """What is to be committed with the effects of the commands taken, by name; nothing if none was."""
        return {INBOX: msgspec.msgpack.encode(self._taken)} if self._taken else {}

    def sweep(self) -> None:
        """Remove the files of commands whose taking is committed; one that can't be removed stays taken."""
        if not self._taken:
            return
        with suppress(OSError):
            for posted in tuple(self._taken):
                self._path(posted).unlink(missing_ok=True)
            if self._folder.is_dir():
                sync_folder(self._folder)  # else a power cut brings back a file whose id is no longer remembered
            self._taken.clear()

    def _path(self, posted: str) -> Path:
        return self._folder / f"{posted}.json"

    def _read(self, posted: str) -> Posted | None:
        path = self._path(posted)
        try:
            # A pipe laid there would block, a link could lead anywhere.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                raw = file.read(_MOST_BYTES + 1)
            if len(raw) > _MOST_BYTES:
                raise ValueError("too long")  # noqa: EM101, TRY003, TRY301 - told two lines below
            return Posted(posted, int(posted.partition("-")[0]), _DECODER.decode(raw))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            self._refused.add(posted)
            _log.error("%s: not a command that can be taken: %s; set aside", escape(str(path)), escape(str(error)))
            with suppress(OSError):
                path.rename(path.with_suffix(".bad"))
            return None
