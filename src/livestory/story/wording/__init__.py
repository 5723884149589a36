"""Events and lines of text: the only home of words, symbols and number formats.

`tell` writes a line, `parse` reads one back, `render` writes either again. A line is
``time | symbol headline | facts[ | why]``; a column's own bars and control characters are escaped, so that one event is
one line whatever anybody's text contains.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from livestory.clock import instant
from livestory.story.events import Event, Facts
from livestory.story.wording import columns, numbers
from livestory.story.wording.whys import why

__all__ = ["Line", "parse", "render", "tell"]

_SEPARATOR = " | "


class Line(NamedTuple):
    """A line of the story, read back: its facts at printed precision, its why as text."""

    time: int
    columns: columns.Columns
    why: str

    @property
    def kind(self) -> str:
        """The short name of the event."""
        return self.columns.kind

    @property
    def facts(self) -> dict[str, Any]:
        """What the third column and the headline say: numbers as Decimal, shares as fractions."""
        return self.columns.facts


def tell(time: int, facts: Facts) -> str:
    """The line that tells ``facts`` at ``time``, without its newline."""
    return _joined(time, columns.write(facts), why(facts, time))


def render(said: Event | Line) -> str:
    """The line of an event, or the line that `parse` read: ``render(parse(line)) == line``."""
    if isinstance(said, Event):
        return tell(said.time, said.facts)
    return _joined(said.time, str(said.columns), said.why)


def parse(line: str) -> Line:
    """What a line says. Raises ValueError where it is no line of a story."""
    stamp, _, rest = line.partition(_SEPARATOR)
    headline, _, rest = rest.partition(_SEPARATOR)
    facts, _, reason = rest.partition(_SEPARATOR)
    found = columns.read(headline + _SEPARATOR + facts)
    if found is None:
        message = f"not a line of a story: {line!r}"
        raise ValueError(message)
    read = Line(instant(stamp), found, reason)
    if render(read) != line:  # another date format, or a number that is not written so
        message = f"not a line of a story: {line!r}"
        raise ValueError(message)
    return read


def _joined(time: int, told: str, reason: str) -> str:
    line = numbers.stamp(time) + _SEPARATOR + told
    return line + _SEPARATOR + reason if reason else line
