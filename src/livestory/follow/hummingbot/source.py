"""A living Hummingbot as a source: its history first, in order, then what is new each time it is asked."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from livestory.clock import DAY
from livestory.follow.in_order import InOrder, batch
from livestory.follow.source import Step, left_out
from livestory.story.inputs import Fill, Statement
from livestory.story.kinds.telling import Note
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal
    from pathlib import Path

    from livestory.follow.hummingbot.files import Pages
    from livestory.story.inputs import Input

_BATCH = 500  # inputs of the history that are kept together
_SLACK = DAY  # by which a fill may have happened before one that was written earlier
_FILLS = "TradeFill"
_ROUGH = 1_000  # steps of the database that a price has at least, for its rounding to be below 0.1 %


class Cursor(Struct):
    """The place in a Hummingbot's files up to which it was told."""

    version: int = 1
    is_live: bool = False  # all that was there at first is told
    since: int = 0  # what happened before is left out
    time: int = 0  # up to which all was told, but for fills: those are known by their ids
    last: dict[str, int] = field(default_factory=dict)  # place in each table
    mark: str | None = None  # of the last fill
    rough: set[str] = field(default_factory=set)  # symbols of whose prices too few digits are kept


_decode = msgspec.json.Decoder(Cursor).decode


class HummingbotSource:
    """What a Hummingbot's file says of it, from its first fill on."""

    kind = "hummingbot"

    def __init__(self, pages: Pages, *, since: int = 0) -> None:
        """``since`` leaves out, at the very first look, what happened before."""
        self._pages = pages
        self._since = since
        self._at: Cursor | None = None
        self._encoded: bytes | None = None
        self._history: Iterator[list[Input]] | None = None

    @property
    def path(self) -> Path:
        """Where the file lies now."""
        return self._pages.path

    def state(self) -> object:
        """Equal to another time's where nothing was written in between; see `Source`."""
        return self._pages.state()

    def read(self, cursor: bytes | None, now: int) -> Step:
        """What is new since ``cursor``; see `Source`."""
        if self._at is None or cursor != self._encoded:
            self._at, self._history = Cursor(since=self._since) if cursor is None else _decode(cursor), None
        at, self._at, more = self._at, None, False  # where this fails, the next look begins at the cursor again
        replaced = at.is_live and at.mark is not None and self._pages.mark(at.last[_FILLS]) != at.mark
        if at.is_live and not replaced:
            inputs, more = self._news(at, now)
        else:
            at.is_live = False
            inputs = self._next_of_history(at, now)
        if replaced:
            note = Note(text="the bot's file has not the fills that it had: restored, or cleared; it is read anew")
            inputs.insert(0, Statement(now, (note,)))
        at.time = max([at.time, *(min(given.time, now) for given in inputs)])
        self._at, self._encoded = at, msgspec.json.encode(at)
        return Step(tuple(inputs), self._encoded, more=more or not at.is_live)

    def _next_of_history(self, at: Cursor, now: int) -> list[Input]:
        if self._history is None:
            self._history = self._in_order(at, now)
        inputs, at.is_live = batch(self._history, _BATCH)
        if at.is_live:
            self._history = None
        return inputs

    def _in_order(self, at: Cursor, now: int) -> Iterator[list[Input]]:
        """All that is there, one moment after the other; of what was told before, the fills alone."""
        waiting, told_until = InOrder(), at.time
        at.last, at.mark = {}, None
        reasons = self._pages.reasons()
        for table in reversed(self._pages.tables):  # the fills come last: they are many, and nearly in order
            while (page := self._page(at, table, now, reasons)) is not None:
                waiting.add(each for each in page if isinstance(each, Fill) or each.time > told_until)
                fills = [each.time for each in page if isinstance(each, Fill)]
                if fills:
                    yield from waiting.moments(fills[-1] - _SLACK)
        yield from waiting.moments()

    def _news(self, at: Cursor, now: int) -> tuple[list[Input], bool]:
        """What came since the last look, and whether there may be more."""
        found = [self._page(at, table, now) for table in self._pages.tables]
        inputs = [each for page in found for each in page or ()]
        return sorted(inputs, key=attrgetter("time")), any(page is not None for page in found)

    def _page(
        self, at: Cursor, table: str, now: int, reasons: Mapping[str, tuple[str, str]] | None = None
    ) -> list[Input] | None:
        """The next rows of a table, with a word about those that can't be read; None where there are no more."""
        page = self._pages.page(table, at.last.get(table, 0), reasons)
        if page.last == at.last.get(table, 0):
            return None
        at.last[table] = page.last
        if table == _FILLS:
            at.mark = self._pages.mark(page.last)
        inputs = [each for each in page.inputs if each.time >= at.since]
        if page.problems:
            time = min(now, max((each.time for each in page.inputs), default=now))
            inputs.append(Statement(time, (left_out(page.problems),)))
        return [*inputs, *(_doubts(at, inputs, page.step) if page.step is not None else ())]


def _doubts(at: Cursor, inputs: list[Input], step: Decimal) -> Iterator[Statement]:
    """A word, once, about each symbol whose prices lost digits on their way into the database."""
    for given in inputs:
        if isinstance(given, Fill) and given.price < step * _ROUGH and given.symbol not in at.rough:
            at.rough.add(given.symbol or "")
            text = (
                f"the bot's database keeps six decimals, too few for {given.symbol}: {numbers.exact(given.price)} "
                f"may be off by {numbers.percent(float(step / given.price))}, and so its results"
            )
            yield Statement(given.time, (Note(text=text),))
