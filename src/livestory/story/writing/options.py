"""What a StoryWriter is opened with: checked at once, because no story can tell of a mistake in it."""

from __future__ import annotations

import operator
import os
from pathlib import Path
from typing import Any, NoReturn

from msgspec import Struct

from livestory.clock import BotClock, Clock, ManualClock, SystemClock
from livestory.story import arguments
from livestory.story.files.layout import Layout
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.symbol import assets
from livestory.story.wording.text import encodable

_FILE = "live_story.txt"
_LONGEST_WAIT = 86_400.0  # seconds
_MOST_DAYS = 36_500


class Options(Struct, frozen=True):
    """What all writers of one story have in common."""

    name: str | None
    symbol: str | None
    unit: str | None
    settings: StorySettings
    keep_days: int | None
    clock: Clock | None

    @classmethod
    def of(  # noqa: PLR0913 - a writer's own arguments
        cls, *, name: Any, symbol: Any, unit: Any, settings: Any, keep_days: Any, clock: Any
    ) -> Options:
        """The options as a caller gives them. Raises ValueError, which names the one that can't be."""
        name, unit, symbol = _text(name, "name"), _text(unit, "unit"), _text(symbol, "symbol")
        symbol = arguments.pair(symbol) if symbol is not None else None
        if settings is not None and not isinstance(settings, StorySettings):
            _refuse("settings", settings, "a StorySettings, or None for the usual ones")
        unit = unit or assets(symbol)[1]
        return cls(name, symbol, unit, settings or StorySettings(), _days(keep_days), _clock(clock))

    @property
    def identity(self) -> Identity:
        """What the journal says whose story it is."""
        return Identity(bot=self.name, symbol=self.symbol, unit=self.unit)

    def differences(self, other: Options) -> str:
        """Where this and the ``other`` differ, for a person; empty where they don't."""
        pairs = [(field, getattr(self, field), getattr(other, field)) for field in self.__struct_fields__]
        return ", ".join(f"{field} {mine!r}, not {theirs!r}" for field, mine, theirs in pairs if mine != theirs)


def path_of(given: Any) -> Path:
    """The absolute path of the story's text: a folder's is the file ``live_story.txt`` in it.

    Raises ValueError where ``given`` names no file.
    """
    text = os.fsdecode(given) if isinstance(given, str | bytes | os.PathLike) else ""
    if not text or "\0" in text or encodable(text) != text:  # SQLite's names are UTF-8
        _refuse("filepath", given, "the path of a file, like results/live_story.txt")
    try:
        path = Path(text).absolute()
    except FileNotFoundError:
        message = f"filepath {given!r}: the current folder was deleted, give an absolute path"
        raise ValueError(message) from None
    is_folder = os.path.isdir(path)  # noqa: PTH112 - this and the next, unlike a Path's, raise for nothing
    in_the_way = path.suffix and os.path.exists(Layout.of(path).db)  # noqa: PTH110 - then it is no folder for stories
    if text.endswith(os.sep) or not path.name or (is_folder and not in_the_way):
        path /= _FILE
    return path


def seconds(given: Any, name: str) -> float:
    """A number of seconds to wait for. Raises ValueError."""
    try:
        number = float(given) if not isinstance(given, bool | str | bytes) else -1.0
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= _LONGEST_WAIT:
        _refuse(name, given, f"seconds, from 0 to {_LONGEST_WAIT:.0f}")
    return number


def flag(given: Any, name: str) -> bool:
    """True or False, nothing that merely looks like it. Raises ValueError."""
    if not isinstance(given, bool):
        _refuse(name, given, "True or False")
    return given


def _days(given: Any) -> int | None:
    if given is None:
        return None
    try:
        days = operator.index(given) if not isinstance(given, bool) else 0
    except TypeError:
        days = 0
    if not 1 <= days <= _MOST_DAYS:
        _refuse("keep_days", given, f"whole days, from 1 to {_MOST_DAYS}, or None to keep all")
    return days


def _clock(given: Any) -> Clock | None:
    if given is None or isinstance(given, SystemClock | ManualClock):
        return given
    if isinstance(given, type) or not callable(getattr(given, "now", None)):
        _refuse("clock", given, "a clock with a method now(), or None for the machine's")
    clock = BotClock(given)
    clock.now()
    return clock


def _text(given: Any, name: str) -> str | None:
    if given is not None and not isinstance(given, str):
        _refuse(name, given, "a text")
    return None if given is None else encodable(given)


def _refuse(name: str, given: Any, expected: str) -> NoReturn:
    message = f"{name} {given!r}: expected {expected}"
    raise ValueError(message)
