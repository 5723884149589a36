"""The story on a terminal: each line as it happens, coloured by what it tells. It has no words of its own."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, TextIO
from unicodedata import category, combining, east_asian_width

from livestory.clock import as_datetime
from livestory.story.kinds.base import Tone
from livestory.story.wording.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from livestory.story.event import Event
    from livestory.story.kinds.base import Facts

_SEPARATOR = " | "
_COLUMNS = 4  # time, headline, facts, why
_STAMP = 19  # characters of the first column

# Of the terminal's own sixteen colours (ECMA-48, "select graphic rendition"): the owner's theme decides how they look.
_DIM = "2"
_STYLES = {
    Tone.PLAIN: "",
    Tone.DIM: _DIM,
    Tone.NEWS: "34",
    Tone.REGIME: "36",
    Tone.CHAPTER: "35",
    Tone.GOOD: "32",
    Tone.GREAT: "1;32",
    Tone.BAD: "31",
    Tone.WARNING: "33",
    Tone.ALARM: "1;31",
}


def takes_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether lines on ``stream`` may be coloured: on a terminal, unless NO_COLOR or TERM=dumb says no."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def style(facts: Facts) -> str:
    """The colour of what ``facts`` tell, as the parameters of an SGR sequence; empty for none."""
    return _STYLES[facts.tone]


def coloured(line: str, facts: Facts) -> str:
    """The line with its time dimmed and what happened in the colour of its kind."""
    stamp, *happened = line.split(_SEPARATOR, _COLUMNS - 1)
    what, why = happened[: _COLUMNS - 2], happened[_COLUMNS - 2 :]
    return _SEPARATOR.join([_painted(stamp, _DIM), _painted(_SEPARATOR.join(what), style(facts)), *why])


def in_local_time(line: str, time: int) -> str:
    """The line with its first column in the machine's time zone, the distance from UTC beside it.

    Times further on in the line stay UTC, as the story tells them.
    """
    try:
        return as_datetime(time).astimezone().isoformat(" ", "seconds") + line[_STAMP:]
    except (OverflowError, ValueError):  # a damaged one, of no year that there is
        return line


def _painted(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


_SGR = re.compile(r"\x1b\[[0-9;]*m")
_HANGING, _LITTLE = 22, 2  # columns that the further lines are indented by: under what happened, or in a narrow window
_NARROW = 60  # columns under which a window is that


def width_of(stream: TextIO) -> int:
    """Columns of the terminal that ``stream`` is; 0 where it is none, or none is known."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0
    except (OSError, ValueError):  # a stream without a file, or one that is closed
        return 0


def wrapped(line: str, width: int, hanging: int | None = None) -> str:
    """The line cut between its words so that no part is wider than ``width`` columns, where no word is.

    ``hanging``: what the further parts are indented by, where that is not a line of a story.
    """
    indent = " " * (hanging if hanging is not None else _HANGING if width >= _NARROW else _LITTLE)
    if width <= len(indent):
        return line
    first, *words = line.split(" ")
    parts, column = [first], _columns(first)
    for word in words:
        size = _columns(word)
        if column + 1 + size > width:
            parts.append(indent + word)
            column = len(indent) + size
        else:
            parts[-1] += f" {word}"
            column += 1 + size
    return "\n".join(parts)


def fitted(blocks: Iterable[str], stream: TextIO) -> Iterator[str]:
    """A text of lines, in blocks, with its lines wrapped where ``stream`` is a terminal."""
    width, rest = width_of(stream), ""
    for block in blocks:
        if not width:
            yield block
            continue
        *lines, rest = (rest + block).split("\n")
        yield from (wrapped(line, width) + "\n" for line in lines)
    yield wrapped(rest, width) if rest else ""


def _columns(text: str) -> int:
    """Columns that a terminal gives a text: two for a wide letter or a picture, none for what joins the last one."""
    widths = ((0 if combining(char) or category(char) in {"Mn", "Cf"} else 1 + (east_asian_width(char) in "WF"))
              for char in _SGR.sub("", text))  # fmt: skip
    return sum(widths)


class TerminalPrinter:
    """Prints each event the moment it is told; `SynchronousWriter.subscribe` and `StoryWriter.subscribe` take one."""

    def __init__(
        self, stream: TextIO, *, local: bool = False, when_closed: Callable[[], object] = lambda: None
    ) -> None:
        """Print on ``stream``; once that takes no more (its reader has gone), call ``when_closed`` and rest."""
        self._stream = stream
        self._local = local
        self._coloured = takes_colour(stream)
        self._when_closed = when_closed
        self._closed = False

    def __call__(self, event: Event) -> None:
        """Print the event's line where it is shown, unless the stream takes no more."""
        if self._closed or not event.shown:
            return
        try:
            self._stream.write(self.shown(event) + "\n")
            self._stream.flush()
        except OSError:
            self._closed = True
            self._when_closed()

    def shown(self, event: Event) -> str:
        """The line as it is printed."""
        line = visible(event.line)  # a journal that was damaged or forged may hold anything
        if self._local:
            line = in_local_time(line, event.time)
        line = coloured(line, event.facts) if self._coloured else line
        width = width_of(self._stream)  # a window may change it
        return wrapped(line, width) if width else line
