"""All that a freqtrade's database holds, as the inputs of a story."""

from __future__ import annotations

import heapq
import itertools
from pathlib import PurePath
from typing import TYPE_CHECKING

from livestory.clock import DAY
from livestory.errors import InputError
from livestory.follow.freqtrade.fills import Told, inputs_of
from livestory.follow.freqtrade.locks import arcs, begun, over

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livestory.follow.freqtrade.database import FreqtradeDatabase
    from livestory.follow.freqtrade.records import Trade
    from livestory.story.inputs import Input

_SLACK = DAY  # by which a trade may have been opened before one with a lower id


class FreqtradeHistory:
    """A database of freqtrade's as `livestory explain` reads it, once and to its end."""

    compacted: int | None = None
    knows: frozenset[str] | None = frozenset({"time", "fill", "skip"})

    def __init__(self, database: FreqtradeDatabase, now: int) -> None:
        """Look which pairs and currencies it holds; a lock that ends after ``now`` has not ended.

        Raises InputError where no trade is in it.
        """
        self.name = PurePath(database.database.name).name
        self.tool = "freqtrade"
        self._database = database
        self._now = now
        pairs, stakes = set(), set()
        for _, trade in self._trades():
            pairs.add(trade.pair)
            stakes.add(trade.stake_currency)
        if not pairs:
            message = (
                f"{database.database.name}: freqtrade's database, and no trade in it yet; there is nothing to tell"
            )
            raise InputError(message)
        self.symbol = next(iter(pairs)) if len(pairs) == 1 else None
        self.unit = next(iter(stakes)) if len(stakes) == 1 else None

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """All of it in the order of time."""
        del in_order  # it always is
        waiting: list[tuple[int, int, int, Input]] = []
        count = itertools.count()

        def push(opened: int, *all_given: Input) -> None:
            for given in all_given:
                heapq.heappush(waiting, (given.time, opened, next(count), given))

        for first, end in arcs(self._database.locks(0)):
            push(first.begin, begun(first), *([over(first.pair, end)] if end <= self._now else []))
        for _, trade in self._trades():
            while waiting and waiting[0][0] < trade.opened - _SLACK:
                yield [heapq.heappop(waiting)[-1]]
            push(trade.opened, *inputs_of(trade, Told()))
        while waiting:
            yield [heapq.heappop(waiting)[-1]]

    def _trades(self) -> Iterator[tuple[int, Trade]]:
        last = 0
        while page := self._database.trades(last):
            yield from page
            last = page[-1][0]
