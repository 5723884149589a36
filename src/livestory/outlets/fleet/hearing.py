"""Up to when a hub has heard its bots: kept by the pull in a file beside their copies, and read by the alerts.

A hub that its database does not answer knows nothing of any bot: what they have not told since is no silence of theirs.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from livestory.clock import MINUTE, SECOND
from livestory.errors import LivestoryError
from livestory.story.files.layout import open_file
from livestory.story.files.output_file import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livestory.clock import Clock

_FILE = "hub.json"
_LIMIT = MINUTE  # that a hub may hear nothing: a restart of its database takes less
_TOUCH = 2 * SECOND  # between two notes that all is well
_BREAK = 15 * SECOND  # of a pull that was begun anew
_SETTLING = MINUTE  # at most, until the bots' pushes have found the database again: they wait longer the longer it was
_SIGN = 75 * SECOND  # a push gives a sign of life each 30 seconds; afterwards it is missing
_STEADY = MINUTE  # of signs, and a push is one that goes on, and not a timer's
_SEVERAL = 2  # bots whose signs end together


class Hearing(Struct, frozen=True):
    """What is known of all bots of a fleet."""

    fleet: str  # its database, as a person knows it
    until: int  # whatever a bot had told the database by then is in its copy
    asked: int  # when the pull last was at work
    back: bool = False  # there was a break, which is over
    why: str = ""

    def well(self, now: int) -> bool:
        """Whether it is no older than a restart of the database takes."""
        return now - (self.asked if self.back else self.until) <= _LIMIT


class _Kept(Struct):
    """The file; when it was written last is ``asked``."""

    fleet: str
    until: int | None = None  # None: all is well
    back: bool = False
    why: str = ""


_decode = msgspec.json.Decoder(_Kept).decode


class HearingReader:
    """The readers' end of it: asked by the alerts of every bot, and so read only where it was written."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE
        self._known: tuple[tuple[int, int], Hearing] | None = None  # with the file that says so

    def read(self) -> Hearing | None:
        """What the pull has noted last; None where it has noted nothing."""
        try:
            found = self._file.stat()
            file = found.st_ino, found.st_mtime_ns
            if self._known is None or self._known[0] != file:
                with open_file(self._file) as opened:
                    kept, asked = _decode(opened.read()), found.st_mtime_ns // 1000
                until = asked if kept.until is None else kept.until
                self._known = file, Hearing(kept.fleet, until, asked, kept.back, kept.why)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return self._known[1]

    def until(self) -> int | None:
        """Up to when the copies have all that their bots told; None where nothing was noted."""
        found = self.read()
        return found.until if found is not None else None


class HearingFile:
    """The pull's end of it. What can't be written is not: it is seen that it stays away."""

    def __init__(self, folder: Path, fleet: str, clock: Clock) -> None:
        self._path = folder / _FILE
        self._clock = clock
        self._kept = _Kept(fleet)
        self._asked = self._back = 0
        before = HearingReader(folder).read()
        if before is not None:
            self._asked = before.asked
            if before.asked != before.until or clock.now() - before.until > _BREAK:
                self._kept.until = before.until

    def well(self) -> None:
        """Note that all copies are in step; after a break, once it has been so for as long as the break was."""
        now, kept = self._clock.now(), self._kept
        if kept.until is not None:
            if not kept.back:
                self._back = now
                self._note(until=kept.until, back=True)
            if now - self._back >= min(self._back - kept.until, _SETTLING):
                self._note(until=None)
        if not 0 <= now - self._asked < _TOUCH:
            self._touch(now)

    def cut_off(self, why: str, since: int | None = None) -> None:
        """Note that nothing is heard, ``since`` then or since it was last well."""
        kept = self._kept
        until = kept.until or min(since or self._asked, self._asked) or self._clock.now()
        if (until, kept.back, kept.why) != (kept.until, False, why):
            self._note(until=until, why=why)

    def _note(self, *, until: int | None, back: bool = False, why: str = "") -> None:
        self._kept = _Kept(self._kept.fleet, until, back, why)
        with suppress(OSError, LivestoryError), replaced(self._path) as file:
            file.write(msgspec.json.encode(self._kept))
        self._touch(self._clock.now())

    def _touch(self, now: int) -> None:
        with suppress(OSError):
            if not self._path.exists():
                self._path.write_bytes(msgspec.json.encode(self._kept))
            os.utime(self._path, ns=(now * 1000, now * 1000))
            self._asked = now


class Signs:
    """Whether the database hears the bots at all: where several fall silent together, the fault is no bot's."""

    def __init__(self) -> None:
        self._runs: dict[int, tuple[int, int]] = {}  # of each stream, since when its push gives signs, and the last

    def heard(self, signs: Mapping[int, int]) -> None:
        """Take when each stream's push was heard last."""
        before, self._runs = self._runs, {}
        for stream, last in signs.items():
            began, known = before.get(stream, (last, last))
            self._runs[stream] = (began if last - known <= _SIGN else last), last

    def missing(self, now: int) -> list[int]:
        """The streams whose pushes gave signs steadily until all ended together; none where any bot is heard."""
        if now - max((last for _, last in self._runs.values()), default=now) <= _SIGN:
            return []
        newest = max(last for _, last in self._runs.values())
        steady = [
            stream for stream, (began, last) in self._runs.items() if last - began >= _STEADY and newest - last <= _SIGN
        ]
        return steady if len(steady) >= _SEVERAL else []

    def last(self) -> int:
        """When a bot was heard last."""
        return max(last for _, last in self._runs.values())
