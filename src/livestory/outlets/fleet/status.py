"""How the bots of a fleet are, by what its database has heard of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.outlets.fleet.database import asked, check, opened
from livestory.story.wording import numbers
from livestory.story.wording.text import visible

if TYPE_CHECKING:
    from livestory.clock import Clock
    from livestory.outlets.fleet.address import FleetAddress

_MICROS = "floor(extract(epoch FROM {}) * 1000000)::bigint"
_NOW = _MICROS.format("clock_timestamp()")
_BOTS = f"""SELECT bots.bot, head.journal || '.' || head.epoch, head.seq, head.last_seq,
    {_MICROS.format("head.heard")}, {_MICROS.format("coalesce(head.complete, head.began)")},
    (SELECT count(*) FROM livestory.heads AS every WHERE every.bot = bots.bot),
    (SELECT min(event.seq) FROM livestory.events AS event WHERE event.stream = head.stream),
    (SELECT max(event.seq) FROM livestory.events AS event WHERE event.stream = head.stream),
    (SELECT format('event %s: %s', q.seq, q.why) FROM livestory.quarantine AS q JOIN livestory.heads AS h
        ON h.stream = q.stream WHERE h.bot = bots.bot ORDER BY q.since DESC LIMIT 1),
    {_NOW}
FROM livestory.bots LEFT JOIN LATERAL (
    SELECT * FROM livestory.heads AS each WHERE each.bot = bots.bot ORDER BY each.stream DESC LIMIT 1
) AS head ON true
ORDER BY bots.bot"""  # noqa: S608 (names of our own)


class BotStatus(Struct, frozen=True):
    """One bot, by its newest epoch; None is unknown."""

    bot: str
    epoch: str | None
    seq: int | None  # of the last event that the database has
    last_seq: int | None  # of the bot's journal, when it was heard
    heard: int | None
    complete: int | None  # when it had sent all
    epochs: int
    first_kept: int | None  # event that stands in the tables
    last_kept: int | None
    quarantined: str | None
    now: int

    def wrong(self, limit: int) -> bool:
        """Whether somebody is to look at it."""
        if self.heard is None or self.complete is None or self.quarantined is not None:
            return True
        return self.now - min(self.heard, self.complete) > limit or self.last_kept_lacks

    @property
    def last_kept_lacks(self) -> bool:
        """Whether the tables lack the end of what the database has taken."""
        return bool(self.seq) and self.last_kept != self.seq

    def words(self, limit: int) -> str:
        """``event 1,204, up to date, heard 2s ago, epoch 0123456789abcdef.1``, and what is wrong."""
        if self.heard is None or self.complete is None or self.seq is None:
            return "never heard"
        behind = (self.last_seq or 0) - self.seq
        lag = numbers.duration(max(self.now - self.complete, 0))
        told = [
            f"event {self.seq:,}",
            "up to date" if not behind and self.now - self.complete <= limit else f"{behind:,} behind, for {lag}",
            f"heard {numbers.duration(max(self.now - self.heard, 0))} ago",
            f"epoch {self.epoch}" + (f" (of {self.epochs})" if self.epochs > 1 else ""),
        ]
        if self.first_kept is not None and self.first_kept > 1:
            told.append(f"gap: events before {self.first_kept:,} are in no table any more")
        if self.last_kept_lacks:
            told.append(f"gap: events after {self.last_kept or 0:,} are in no table")
        if self.quarantined is not None:
            told.append(f"QUARANTINED: {visible(self.quarantined)}")
        return ", ".join(told)


def read(address: FleetAddress, clock: Clock) -> list[BotStatus]:
    """Every bot of the fleet, by name. Raises FleetUnreachable and FleetRefused."""
    with opened(address, "fleet status") as connection, asked(address, connection):
        row = connection.execute(f"SELECT version, {_NOW} FROM livestory.fleet").fetchone()  # noqa: S608 (as above)
        check(address, {"version": row and row[0], "now": row[1] if row else 0}, clock)
        return [BotStatus(*each) for each in connection.execute(_BOTS)]
