"""The story on a terminal: each line as it happens, coloured by what it tells. It has no words of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from livestory.clock import as_datetime
from livestory.story import events as e
from livestory.story.wording.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from livestory.story.events import Event, Facts

_SEPARATOR = " | "
_COLUMNS = 4  # time, headline, facts, why
_STAMP = 19  # characters of the first column

# Of the terminal's own sixteen colours (ECMA-48, "select graphic rendition"): the owner's theme decides how they look.
_DIM, _BOLD_RED, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN = "2", "1;31", "31", "32", "33", "34", "35", "36"
_GOOD_NEWS = "1;32"

_STYLES: dict[type[Facts], str] = {
    e.Started: _BLUE,
    e.Resumed: _BLUE,
    e.Stopped: _BLUE,
    e.Rules: _DIM,
    e.RulesChanged: _BLUE,
    e.RegimeSwitch: _CYAN,
    e.PutOff: _YELLOW,
    e.NewHigh: _GOOD_NEWS,
    e.HalfWay: _YELLOW,
    e.Drawdown: _YELLOW,
    e.DrawdownOver: _GREEN,
    e.WaitOver: _YELLOW,
    e.Phoenix: _GOOD_NEWS,
    e.Unhalted: _GREEN,
    e.DailyLimitOver: _GREEN,
    e.Chapter: _MAGENTA,
    e.Quiet: _DIM,
    e.DataGap: _YELLOW,
    e.ReadingRefused: _YELLOW,
    e.ReadingBack: _GREEN,
    e.StoryLate: _YELLOW,
    e.ClockMoved: _YELLOW,
    e.TimeDoubted: _YELLOW,
    e.TimeBack: _GREEN,
}


def takes_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether lines on ``stream`` may be coloured: on a terminal, unless NO_COLOR or TERM=dumb says no."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def style(facts: Facts) -> str:
    """The colour of what ``facts`` tell, as the parameters of an SGR sequence; empty for none."""
    if isinstance(facts, e.Trade):
        return _GREEN if facts.side == "buy" else _RED
    return _STYLES.get(type(facts), _BOLD_RED if facts.critical else "")


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


class TerminalPrinter:
    """Prints each event the moment it is told; `Storyteller.subscribe` and `StoryWriter.subscribe` take one."""

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
        """Print its line."""
        if self._closed:
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
        return coloured(line, event.facts) if self._coloured else line
