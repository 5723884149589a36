"""Sends the journal of a bot to its fleet's database, from a process of its own that only reads the journal."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.errors import InputError, JournalCorrupt, JournalError, JournalNewer, LivestoryError
from livestory.outlets.fleet.database import BATCH, LARGEST, FleetRefused, Troubles, asked, check, opened
from livestory.story.journal.checksum import GENESIS
from livestory.story.journal.follower import Change, StoryFollower
from livestory.story.journal.replica import BEFORE_ALL
from livestory.story.snapshot import Snapshot

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from threading import Event

    import psycopg

    from livestory.clock import Clock
    from livestory.outlets.fleet.address import FleetAddress
    from livestory.story.journal.stored import OtherRow, Rows

_LOOK_EVERY = 0.15  # seconds between two looks at the journal
_LAST_WORDS = 5.0  # seconds that sending on may take once it is to end
_SAY_EVERY = 30.0  # seconds after which the fleet hears that the bot's push is alive, though there is nothing new

_TYPES = (
    *("text", "integer", "bytea", "bigint", "integer", "bigint", "boolean", "bytea", "bigint", "bytea"),
    *("bytea[]", "bigint[]", "bigint[]", "text[]", "bytea[]", "text[]", "bytea[]", "boolean[]", "bigint[]"),
    *("bigint[]", *["double precision[]"] * 6, "text[]", "boolean[]", "bytea[]"),
    *("bigint[]", "text[]", "text[]", "text[]", "bytea[]"),
)
_PUSH = f"SELECT livestory.push({', '.join(f'%b::{each}' for each in _TYPES)})"
_OBSERVED = ("wealth", "price", "position", "weight", "score", "drawdown", "regime", "halted")
_POSITION = ("symbol", "quantity", "entry")


class Place(NamedTuple):
    """Where the database stands in one epoch of a journal."""

    epoch: int
    seq: int
    hash: bytes
    observed: int


class Pusher:
    """Follows one journal, and keeps its fleet in step with it."""

    def __init__(
        self, journal: str | os.PathLike[str], address: FleetAddress, clock: Clock, report: Callable[[str], object]
    ) -> None:
        """``report`` is called with each new trouble and its end. Nothing is opened yet."""
        self._follower = StoryFollower(journal)
        self._address = address
        self._clock = clock
        self._report = report
        self._connection: psycopg.Connection[Any] | None = None
        self.place: Place | None = None  # where the database stands; None: it is to be asked
        self._more = False  # there is something to send
        self._snapshot: Snapshot | None = None
        self._sent_snapshot = b""
        self._said = 0.0  # when the database heard of this push, by the monotonic clock
        self.sent = 0  # events, by this push

    def once(self) -> None:
        """Send all that there is. Raises JournalError, FleetUnreachable and FleetRefused."""
        try:
            while not self.step():
                pass
        finally:
            self.close()

    def run(self, stop: Event, *, patient: bool = False) -> None:
        """Send what there is and what comes, until ``stop``. Each trouble is told once and waited for.

        Raises what only a person can change where it is so from the beginning: FleetRefused, JournalNewer. Not if it is
        ``patient``, as beside a bot, which nobody begins anew for it, and whose journal may come later.
        """
        troubles = Troubles(self._report, f"{self._address.name}: is sent to again")
        worked = patient
        try:
            while not stop.is_set():
                try:
                    pause = _LOOK_EVERY if self.step() else 0.0
                except LivestoryError as error:
                    if not worked and isinstance(error, InputError | JournalNewer):
                        raise
                    self.close()
                    if not (patient and isinstance(error, JournalError) and not self._follower.path.exists()):
                        troubles.tell(error, "The bot goes on; what it tells is sent once this has ended.")
                    pause = troubles.pause(error)
                else:
                    worked = True
                    troubles.ended()
                if pause:
                    stop.wait(pause)
            if troubles.none:
                self._last_words()
        finally:
            self.close()

    def _last_words(self) -> None:
        """Send what came last, such as a bot's goodbye, as far as it can be done soon; the rest is sent next time."""
        until = time.monotonic() + _LAST_WORDS
        with suppress(LivestoryError):
            while not self.step() and time.monotonic() < until:
                pass

    def close(self) -> None:
        """Close what is open; the next round opens it again."""
        self._follower.close()
        if self._connection is not None:
            self._connection.close()
        self._connection = self.place = None

    def step(self) -> bool:
        """Send one batch where there is anything to send; whether all is sent.

        Raises JournalError, FleetUnreachable and FleetRefused; `close` ends what it has opened.
        """
        change = self._follower.look()
        if change not in {Change.NONE, Change.GREW}:
            self.place = self._snapshot = None
        if self._connection is None or self._connection.closed:
            self._connection, self.place = opened(self._address, "fleet push"), None
        if self.place is None:
            self.place, change = self._found(self._connection), Change.GREW
        due = time.monotonic() - self._said >= _SAY_EVERY
        if change is not Change.NONE or due or self._more:
            self._more = True  # until it is sent
            self._more = not self._send(self._connection, self.place)
        return not self._more

    def _found(self, connection: psycopg.Connection[Any]) -> Place:
        """Where the database stands in this journal's present history; a new epoch where it knows none."""
        reader = self._follower.reader
        self._sent_snapshot = b""  # it may have been restored, and have an older one
        with asked(self._address, connection):
            row = connection.execute("SELECT livestory.head(%s)", (reader.id,)).fetchone()
        found = row[0] if row is not None else {}
        check(self._address, found, self._clock)
        if found["bot"] is None:
            message = (
                f"{self._address.name}: this user is no bot of the fleet\n"
                f"Give it one: livestory fleet init --bot NAME --to {self._address.url}"
            )
            raise FleetRefused(message)
        for each in found["epochs"]:
            place = Place(each["epoch"], each["seq"], bytes.fromhex(each["hash"]), each["observed"])
            if self._fits(place):
                return place
        before = max((each["epoch"] for each in found["epochs"]), default=0)
        if before:
            self._report(
                f"{self._follower.path}: other than what {self._address.name} has of it: it was put back from a "
                "backup, or another copy of it is written elsewhere\n"
                f"It is sent from its first event on, as {reader.id}.{before + 1}."
            )
        return Place(before + 1, 0, GENESIS, BEFORE_ALL)

    def _fits(self, place: Place) -> bool:
        """Whether the journal goes on from there. It is read after the database, which so can't be ahead of it."""
        reader = self._follower.reader
        if place.seq:
            event = reader.event(place.seq)
            if event is None or event.hash != place.hash:
                return False
        last = reader.last_observation()
        return place.observed <= (last.time if last is not None else BEFORE_ALL)

    def _send(self, connection: psycopg.Connection[Any], place: Place) -> bool:
        reader = self._follower.reader
        if not self._fits(place):  # it was put back from a backup meanwhile
            self.place = None
            return False
        rows = reader.rows(place.seq, place.observed, BATCH)
        for event in rows.events:
            if max(len(event.record), len(event.line.encode())) > LARGEST:
                message = (
                    f"{self._follower.path}: event {event.seq} is larger than the {LARGEST:,} bytes that a fleet "
                    "takes\nIt and all after it stay here."
                )
                raise FleetRefused(message)
        whose, schema = reader.stored_identity()
        snapshot = self._new_snapshot() if rows.whole else None
        journal = reader.id, place.epoch, whose, reader.created, schema, reader.last_seq, rows.whole, snapshot
        with asked(self._address, connection):
            values = (*journal, place.seq, place.hash, *_arrays(rows))
            row = connection.execute(_PUSH, values).fetchone()
        answer: dict[str, Any] = row[0] if row is not None else {"fits": False}
        self._said = time.monotonic()
        if not answer["fits"]:
            self.place = None
            return False
        self.place = Place(place.epoch, answer["seq"], bytes.fromhex(answer["hash"]), answer["observed"])
        self._sent_snapshot = snapshot or self._sent_snapshot
        self.sent += len(rows.events)
        return rows.whole

    def _new_snapshot(self) -> bytes | None:
        """The bot's snapshot as bytes, if it differs from the one sent last; else None."""
        try:
            self._snapshot = Snapshot.read(self._follower.reader, self._snapshot)
        except JournalCorrupt as error:
            self._report(f"{error}")  # the rows are whole, and go on without it
            return None
        packed = self._snapshot.packed()
        return packed if packed != self._sent_snapshot else None


def _arrays(rows: Rows) -> tuple[Sequence[Any], ...]:
    """The rows by columns, as `push` takes them."""
    _, ids, *events = zip(*rows.events, strict=True) if rows.events else [()] * 10
    return (
        [each.encode() for each in ids],
        *map(list, events),
        *_typed(rows.observations, _OBSERVED),
        *_typed(rows.positions, _POSITION),
    )


def _typed(rows: Sequence[OtherRow], names: Sequence[str]) -> list[list[Any]]:
    """The times of the rows, what SQL may ask for, and the rows themselves."""
    by_name = [[_plain(row.columns.get(name), name) for row in rows] for name in names]
    return [[row.time for row in rows], *by_name, [row.packed() for row in rows]]


def _plain(value: Any, name: str) -> Any:
    if name == "halted":
        return None if value is None else bool(value)
    return value.replace("\0", "") if isinstance(value, str) else value
