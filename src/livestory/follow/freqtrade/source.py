"""A living freqtrade's database as a source: its history first, in order, then what is new each time it is asked."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from livestory.clock import DAY, MINUTE, SECOND
from livestory.errors import InputError
from livestory.follow.freqtrade.database import Unread
from livestory.follow.freqtrade.fills import Told, inputs_of
from livestory.follow.freqtrade.locks import begun, over
from livestory.follow.freqtrade.present import STOPPED, Present
from livestory.follow.in_order import InOrder, batch
from livestory.follow.source import Step, left_out
from livestory.story.inputs import Begin, End, Fill, Skip, Statement
from livestory.story.kinds.telling import Note
from livestory.story.reason import in_own_words
from livestory.story.wording.numbers import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from livestory.follow.freqtrade.database import FreqtradeDatabase, Locks, News, Starts
    from livestory.follow.freqtrade.present import Teller
    from livestory.follow.freqtrade.records import Lock, Trade
    from livestory.story.inputs import Input

_BATCH = 2_000  # inputs of the history that are kept together
_MANY = 200  # trades that are new or open at once: beyond that they are brought in order as the history is
_SLACK = DAY  # by which a trade may have been opened before one with a lower id
_SAME = 2 * SECOND
_RECENT = MINUTE  # from a start on its log tells how it came to it


class _Open(Struct):
    """A trade that is not over, and what was told of it."""

    pair: str
    told: Told


class _Arc(Struct):
    """What locks a pair, and until when."""

    end: int
    locks: set[int]


class Cursor(Struct):
    """The place in a freqtrade's database up to which it was told."""

    version: int = 1
    is_live: bool = False  # all that was there at first is told
    since: int = 0  # trades that were closed before are left out
    time: int = 0  # up to which all was told, but for fills: those are known by their ids
    last_trade: int = 0  # highest id of which something was told
    last_lock: int = 0
    open: dict[int, _Open] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)  # what can't be read, as was said
    arcs: dict[str, _Arc] = field(default_factory=dict)
    started: int = 0
    running: bool = True
    born: int = 0  # when the bot was first started
    present: Present = field(default_factory=Present)


_decode = msgspec.json.Decoder(Cursor).decode


class FreqtradeSource:
    """What a freqtrade's database says of it, from its first trade on."""

    kind = "freqtrade"

    def __init__(
        self,
        database: FreqtradeDatabase,
        *,
        since: int = 0,
        mode: str | None = None,
        market: str | None = None,
        teller: Teller | None = None,
    ) -> None:
        """``since`` leaves out, at the very first look, what was over before; ``teller`` asks the living bot besides.

        The rest is for the line of its start.
        """
        self._database = database
        self._since = since
        self._mode, self._market = mode, market
        self._teller = teller
        self._at: Cursor | None = None
        self._encoded: bytes | None = None
        self._history: Iterator[list[Input]] | None = None
        self._unread: list[str] = []  # what is left out, and was not told yet

    @property
    def path(self) -> Path:
        """Where the database lies now."""
        return self._database.database.path

    def state(self) -> object:
        """Equal to another time's where nothing was written in between; see `Source`."""
        return self._database.database.state(), self._teller.watch.count if self._teller is not None else 0

    def read(self, cursor: bytes | None, now: int) -> Step:
        """What is new since ``cursor``; see `Source`."""
        if self._at is None or cursor != self._encoded:
            self._at, self._history = Cursor(since=self._since) if cursor is None else _decode(cursor), None
        at, self._at = self._at, None  # where this fails, the next look begins at the cursor again
        news = self._look(at) if at.is_live else None
        self._identify(at, news.starts if news is not None else self._database.starts())
        restored = news is not None and news.last < at.last_trade
        inputs = self._news(at, news, now) if news is not None and not restored else None
        if inputs is None:
            at.is_live = False
            inputs = self._next_of_history(at, now)
        if restored:
            note = Note(text="the bot's database has fewer trades than before: restored, or cleared; it is read anew")
            inputs.insert(0, Statement(now, (note,)))
        if at.is_live and self._unread:
            inputs.append(Statement(now, (left_out(self._unread),)))
            self._unread = []
        at.time = max([at.time, *(min(given.time, now) for given in inputs)])
        self._at, self._encoded = at, msgspec.json.encode(at)
        due = min((arc.end for arc in at.arcs.values()), default=None)
        running = at.running and at.present.state != STOPPED
        return Step(tuple(inputs), self._encoded, more=not at.is_live, due=due, running=running)

    def _identify(self, at: Cursor, starts: Starts) -> None:
        """Raise InputError where another bot's database lies there now; one that was begun anew is the same bot's."""
        if starts.first is not None and at.born not in {0, starts.first} and starts.first <= at.time:
            message = (
                f"{self.path}: another bot's database: its bot was first started {stamp(starts.first)}, this story's "
                f"{stamp(at.born)}\nGive that bot's story a folder of its own with --dir."
            )
            raise InputError(message)
        at.born = starts.first or at.born

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
        at.open, at.arcs, at.last_trade, at.last_lock, at.started, last = {}, {}, 0, 0, 0, 0
        at.doubted, self._unread = set(), []

        def push(inputs: Iterable[Input]) -> None:
            waiting.add(given for given in inputs if isinstance(given, Fill) or given.time > told_until)

        push(self._starts(at, self._database.starts(), now))
        push(self._locks(at, self._database.locks(), now))
        while page := self._database.trades(last):
            reached = 0
            for number, trade in page:
                last = number
                if isinstance(trade, Unread) or trade.closed is None or trade.closed >= at.since:
                    push(self._of_trade(at, number, trade))
                else:
                    at.last_trade = number
                reached = reached if isinstance(trade, Unread) else min(trade.opened, now)
            yield from waiting.moments(reached - _SLACK)
        push(self._end(at, now))
        yield from waiting.moments()

    def _look(self, at: Cursor) -> News:
        locks = [number for arc in at.arcs.values() for number in arc.locks]
        return self._database.news(at.open, at.last_trade, _MANY + 1, locks, at.last_lock)

    def _news(self, at: Cursor, news: News, now: int) -> list[Input] | None:
        """What came since the last look; None where it is to be brought in order as the history is."""
        if len(news.trades) > _MANY:
            return None
        inputs = [*self._starts(at, news.starts, now), *self._locks(at, news.locks, now)]
        for number in at.open.keys() - {number for number, _ in news.trades}:
            inputs += _gone(at.open.pop(number), now)
        for number, trade in news.trades:
            inputs += self._of_trade(at, number, trade)
        inputs += self._end(at, now)
        if self._teller is not None:
            if inputs:
                self._teller.watch.wake()
            inputs += self._teller.inputs(at.present, news.starts.first, now, running=at.running)
        inputs.sort(key=attrgetter("time"))
        return inputs

    def _of_trade(self, at: Cursor, number: int, trade: Trade | Unread) -> Iterator[Input]:
        known = at.open.get(number)
        told = known.told.copied() if known is not None else Told()
        inputs = trade if isinstance(trade, Unread) else self._database.made(f"trade {number}", inputs_of, trade, told)
        if isinstance(trade, Unread) or isinstance(inputs, Unread):
            problem = next(each.problem for each in (trade, inputs) if isinstance(each, Unread))
            if number > at.last_trade or known is not None:
                self._doubt(at, f"trade {number}", problem)
            at.last_trade = max(at.last_trade, number)
            return
        yield from inputs
        if trade.is_open:
            at.open[number] = _Open(trade.pair, told)
        else:
            at.open.pop(number, None)
        if told.orders or not trade.is_open:  # else it may be deleted, and its number given to another
            at.last_trade = max(at.last_trade, number)

    def _doubt(self, at: Cursor, what: str, problem: str) -> None:
        """Have it said once that something is left out."""
        if what not in at.doubted:
            at.doubted.add(what)
            self._unread.append(problem)

    def _starts(self, at: Cursor, starts: Starts, now: int) -> Iterator[Input]:
        if starts.problem is not None:
            self._doubt(at, "start", starts.problem)
        for start in (starts.first, starts.last):
            if start is None or start <= at.started + _SAME:
                continue
            living = self._teller is not None and at.started and now - start < _RECENT
            how = self._teller.watch.how_started() if self._teller is not None and living else None
            at.started, at.running = start, True
            if how == "reload":
                yield Statement(start, (Note(text="its configuration was reloaded"),))
                continue
            if how == "start" and at.present.state != STOPPED:  # between two looks
                yield End(time=start, by="you")
            is_first = start == starts.first and not at.time
            wealth = self._teller.began_with(start, now) if self._teller is not None and is_first else None
            yield Begin(time=start, mode=self._mode, market=self._market, wealth=wealth, own=True)

    def _end(self, at: Cursor, now: int) -> Iterator[Input]:
        """A freqtrade that ends in order takes its database's log away; one that is killed leaves it there."""
        closed = self._database.database.closed_at()
        if closed is not None and at.running and at.present.state != STOPPED:
            yield End(time=min(closed, now), by="its database is closed")
        at.running = closed is None

    def _locks(self, at: Cursor, locks: Locks, now: int) -> Iterator[Input]:
        for number, lock in locks.new:
            at.last_lock = max(at.last_lock, number)
            if isinstance(lock, Unread):
                self._unread.append(lock.problem)
            elif not lock.is_automatic and lock.end >= at.since:
                yield from _locked(at.arcs, lock)
        for name, arc in list(at.arcs.items()):
            by_hand = arc.end > now and not arc.locks & locks.active
            if arc.end <= now or by_hand:
                del at.arcs[name]
                yield over(name, now if by_hand else arc.end, by_hand=by_hand)


def _locked(arcs: dict[str, _Arc], lock: Lock) -> Iterator[Input]:
    """A lock within another one makes that longer; else a new arc begins."""
    arc = arcs.get(lock.name)
    if arc is not None and lock.begin <= arc.end:
        arc.end = max(arc.end, lock.end)
        arc.locks.add(lock.key)
        return
    if arc is not None:
        yield over(lock.name, arc.end)
    arcs[lock.name] = _Arc(lock.end, {lock.key})
    yield begun(lock)


def _gone(trade: _Open, now: int) -> Iterator[Input]:
    """What is told of a trade that was open, and is not there any more."""
    if trade.told.size:
        yield Statement(now, (Note(text=f"an open trade in {trade.pair} was deleted from the bot's database"),))
    elif not trade.told.given_up:
        yield Skip(time=now, reason=in_own_words("entry order cancelled"), symbol=trade.pair)
