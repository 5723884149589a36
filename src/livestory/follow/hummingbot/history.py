"""All that a Hummingbot's database holds, as the inputs of a story that is told once."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from livestory.errors import InputError
from livestory.follow.hummingbot.files import identity_of
from livestory.follow.hummingbot.source import HummingbotSource
from livestory.story.inputs import Statement
from livestory.story.kinds.followed import Reported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livestory.follow.hummingbot.database import HummingbotDatabase
    from livestory.story.inputs import Input


class HummingbotHistory:
    """A database of Hummingbot's as `livestory explain` reads it, from its beginning to its end."""

    tool = "Hummingbot"
    compacted: int | None = None
    knows: frozenset[str] | None = frozenset({"time", "fill"})

    def __init__(self, database: HummingbotDatabase, now: int) -> None:
        """Look which pairs and currencies it holds. Raises InputError where no trade is in it."""
        self.name = PurePath(database.database.name).name
        self._database = database
        self._now = now
        if not database.kinds():
            message = (
                f"{database.database.name}: Hummingbot's database, and no trade in it yet; there is nothing to tell"
            )
            raise InputError(message)
        identity = identity_of(database)
        self.symbol, self.unit = identity.symbol, identity.unit

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """All of it in the order of time, and at the end what its executors report."""
        del in_order  # it always is
        source, cursor, more, last = HummingbotSource(self._database), None, True, 0
        while more:
            inputs, cursor, more, *_ = source.read(cursor, self._now)
            if inputs:
                last = max(last, inputs[-1].time)
                yield inputs
        executed = self._database.executed() if self.unit is not None else None
        if executed is not None:
            reported = Reported(
                tool=f"{self.tool}'s executors",
                unit=self.unit,
                trades=executed.trades,
                won=executed.won,
                lost=executed.lost,
                result=executed.result,
            )
            yield (Statement(last, (reported,)),)
