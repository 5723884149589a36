"""All that a freqtrade's database holds, as the inputs of a story that is told once."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from livestory.errors import InputError
from livestory.follow.freqtrade.source import FreqtradeSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livestory.follow.freqtrade.database import FreqtradeDatabase
    from livestory.story.inputs import Input


class FreqtradeHistory:
    """A database of freqtrade's as `livestory explain` reads it, from its beginning to its end."""

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
        pairs, stakes = database.pairs(), database.stake_currencies()
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
        source, cursor, more = FreqtradeSource(self._database), None, True
        while more:
            inputs, cursor, more, *_ = source.read(cursor, self._now)
            if inputs:
                yield inputs
