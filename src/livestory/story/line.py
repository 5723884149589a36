"""Events and lines of text: `tell` writes a line, `parse` reads one back, `render` writes either again.

A line is ``time | symbol headline | facts[ | why]``; a column's own bars and control characters are escaped, so that
one event is one line whatever anybody's text contains.
"""

from __future__ import annotations

from decimal import getcontext, setcontext
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.clock import instant
from livestory.story.event import Event
from livestory.story.kinds import KINDS
from livestory.story.positions import SHARES
from livestory.story.wording import numbers
from livestory.story.wording.columns import Row

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts

_SEPARATOR = " | "
_ROWS = {kind: tuple(Row(name, words) for words in kind.declared.words) for name, kind in KINDS.items()}
# Words that take any text are read last among those of their kind: they would have what the others say exactly.
_READERS = tuple(row for rows in _ROWS.values() for row in sorted(rows, key=attrgetter("takes_any")))


class Line(NamedTuple):
    """A line of the story, read back: its facts at printed precision, its why as text."""

    time: int
    kind: str  # the short name of the event
    facts: dict[str, Any]  # what the third column and the headline say: numbers as Decimal, shares as fractions
    why: str
    row: Row  # the words that it is written in


class Untold(Event, frozen=True):
    """An event that nobody has read yet: its line is made when it is asked for. A journal hands back an `Event`."""

    @property  # type: ignore[misc]  # it keeps none
    def line(self) -> str:
        """What a person reads of it."""
        return tell(self.time, self.facts)


def tell(time: int, facts: Facts) -> str:
    """The line that tells ``facts`` at ``time``, without its newline."""
    before = getcontext()
    setcontext(SHARES)  # a library beside the bot may have changed how its thread rounds, as ccxt does
    try:
        return _joined(time, _headline_and_facts(facts), "; ".join(clauses(time, facts)))
    finally:
        setcontext(before)


def third_column(facts: Facts) -> str:
    """``+12.4% to 1.2400 BTC``: what the line of ``facts`` says between its headline and its why."""
    return _headline_and_facts(facts).partition(_SEPARATOR)[2]


def clauses(time: int, facts: Facts) -> list[str]:
    """The clauses of the fourth column of the line that tells ``facts`` at ``time``."""
    why = list(filter(None, facts.why(time)))
    claimed = getattr(facts, "claimed", None)
    if claimed is not None:
        why.append(f"given the time {numbers.stamp(claimed)}, which is not believed")
    return why


def render(said: Event | Line) -> str:
    """The line of an event, or the line that `parse` read: ``render(parse(line)) == line``."""
    if isinstance(said, Event):
        return tell(said.time, said.facts)
    return _joined(said.time, said.row.write_again(said.facts, said.facts.get("unit")), said.why)


def parse(line: str) -> Line:
    """What a line says. Raises ValueError where it is no line of a story."""
    stamp, _, rest = line.partition(_SEPARATOR)
    headline, _, rest = rest.partition(_SEPARATOR)
    shown, _, reason = rest.partition(_SEPARATOR)
    for row in _READERS:
        facts = row.read(headline + _SEPARATOR + shown)
        if facts is not None:
            read = Line(instant(stamp), row.kind, facts, reason, row)
            if render(read) == line:  # else another date format, or a number that is not written so
                return read
            break
    message = f"not a line of a story: {line!r}"
    raise ValueError(message)


def _headline_and_facts(facts: Facts) -> str:
    for row in _ROWS[type(facts)]:
        if row.when(facts):
            break
    return row.write(facts)


def _joined(time: int, told: str, reason: str) -> str:
    line = f"{numbers.stamp(time)}{_SEPARATOR}{told}"
    return f"{line}{_SEPARATOR}{reason}" if reason else line
