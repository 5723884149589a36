"""Makes of a fleet's database a journal for each bot, which trusts none of them."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from msgspec import MsgspecError, msgpack

from livestory.errors import JournalError, LivestoryError
from livestory.outlets.fleet.database import BATCH, LARGEST, FleetRefused, Troubles, asked, check, opened
from livestory.outlets.fleet.hearing import HearingFile, Signs
from livestory.story.absurd import absurd
from livestory.story.event import disagreement, facts_of
from livestory.story.files.layout import Layout, make_folder, sync_folder
from livestory.story.files.story_file import StoryFile
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.replica import Origin, Replica, RowRefused
from livestory.story.journal.schema import STEPS
from livestory.story.journal.stored import EventRow, OtherRow, Rows
from livestory.story.kinds import KINDS
from livestory.story.line import tell
from livestory.story.snapshot import on_bars_time, unpacked
from livestory.story.wording.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from threading import Event

    import psycopg

    from livestory.clock import Clock
    from livestory.outlets.fleet.address import FleetAddress
    from livestory.story.journal.entry import Kept

_LOOK_EVERY = 1.0  # seconds between two looks where no notice comes: a pooler passes none on
_PARTITIONS_EVERY = 86_400.0  # seconds
_OPEN = 100  # replicas that are held open at a time
_KEEP_DAYS = 7  # of a text
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_800_000_000  # the years 1 to 9999
_WORDS = 1000  # characters of what is wrong that the database keeps
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
FORMER = "former"

_NOW = "floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_HEADS = f"""SELECT stream, bot, journal, epoch, seq, observed, changed, schema,
stream = max(stream) OVER (PARTITION BY bot), floor(extract(epoch FROM heard) * 1000000)::bigint, {_NOW}
FROM livestory.heads ORDER BY stream"""  # noqa: S608 (no values)
_HEAD = "SELECT identity, created, snapshot FROM livestory.heads WHERE stream = %s"
_EVENTS = """SELECT seq, id, time, told, kind, record, line, hash, shown, checksum FROM livestory.events
WHERE stream = %s AND seq > %s AND seq <= %s ORDER BY seq LIMIT %s"""
_OBSERVATIONS = """SELECT time, kept FROM livestory.observations
WHERE stream = %s AND time > %s AND time <= %s ORDER BY time LIMIT %s"""
_POSITIONS = """SELECT time, kept FROM livestory.positions
WHERE stream = %s AND time > %s AND time <= %s ORDER BY time"""


class Head(NamedTuple):
    """Where the database stands in one stream."""

    stream: int
    bot: str
    journal: str
    epoch: int
    seq: int
    observed: int
    changed: Any
    schema: int
    newest: bool  # of its bot's

    @property
    def name(self) -> str:
        """What a person knows it by: ``scout (0123456789abcdef.1)``."""
        return f"{self.bot} ({self.journal}.{self.epoch})"


class _Copy(NamedTuple):
    """An open replica and its text."""

    journal: Replica
    text: StoryFile

    def close(self) -> None:
        self.text.close()
        self.journal.close()


class Puller:
    """Keeps a folder in step with a fleet: ``fleet/scout/live_story.db`` is what the bot scout tells now.

    What a bot told in an epoch that has ended lies in ``fleet/former/``.
    """

    def __init__(
        self,
        address: FleetAddress,
        folder: Path,
        clock: Clock,
        report: Callable[[str], object],
    ) -> None:
        """``report`` is called with each new trouble and its end. Nothing is opened yet."""
        self._address = address
        self._folder = folder
        self._clock = clock
        self._report = report
        self._connection: psycopg.Connection[Any] | None = None
        self._copies: OrderedDict[int, _Copy] = OrderedDict()
        self._seen: dict[int, Head] = {}  # as they were pulled, or could not be
        self._troubles: dict[int, str] = {}
        self._newest: dict[str, str] = {}  # the name of each bot's newest stream
        self._quarantined: set[int] = set()
        self._hearing = HearingFile(folder, address.name, clock)
        self._signs = Signs()
        self._partitions = -_PARTITIONS_EVERY  # when they were last looked after, by the monotonic clock
        self.pulled = 0  # events

    @property
    def troubles(self) -> list[str]:
        """What can't be pulled at present, and why."""
        return list(self._troubles.values())

    def once(self) -> None:
        """Pull all that there is. Raises FleetUnreachable, FleetRefused; what is wrong with one bot is reported."""
        try:
            self.step()
        finally:
            self.close()

    def run(self, stop: Event, *, patient: bool = False) -> None:
        """Pull what there is and what comes, until ``stop``. Each trouble is told once and waited for.

        Raises FleetRefused where the fleet refuses this hub from the beginning, unless it is ``patient``.
        """
        troubles = Troubles(self._report, f"{self._address.name}: is pulled from again")
        worked = patient
        try:
            while not stop.is_set():
                try:
                    self.step()
                    self._wait()
                except LivestoryError as error:
                    if not worked and isinstance(error, FleetRefused):
                        raise
                    self.close()
                    self._hearing.cut_off(str(error).partition("\n")[0].removeprefix(f"{self._address.name}: "))
                    troubles.tell(error)
                    stop.wait(troubles.pause(error))
                else:
                    worked = True
                    troubles.ended()
        finally:
            self.close()

    def close(self) -> None:
        """Close what is open; the next round opens it again."""
        self._close_all()
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._seen.clear()

    def _wait(self) -> None:
        """Until a push gives notice, or for a while."""
        connection = self._connection
        if connection is not None:
            with asked(self._address, connection):
                for _ in connection.notifies(timeout=_LOOK_EVERY, stop_after=1):
                    pass

    def step(self) -> None:
        """Pull once what there is. Raises FleetUnreachable and FleetRefused; `close` ends what it has opened."""
        if self._connection is None or self._connection.closed:
            self._connection = opened(self._address, "fleet pull")
            self._begin(self._connection)
        connection = self._connection
        with asked(self._address, connection):
            rows = connection.execute(_HEADS).fetchall()
        heads = [Head(*row[:-2]) for row in rows]
        self._newest = {head.bot: head.name for head in heads if head.newest}
        for head in heads:
            if self._seen.get(head.stream) != head:
                self._stream(connection, head)
        self._signs.heard({row[0]: row[-2] for row in rows})
        self._note_hearing(connection, rows[0][-1] if rows else 0)

    def _note_hearing(self, connection: psycopg.Connection[Any], now: int) -> None:
        """Note that all that the bots tell is here, or that the database hears none of them; ``now`` by its clock."""
        missing = self._signs.missing(now)
        silent = len(missing)
        if missing:
            with asked(self._address, connection):
                found = connection.execute("SELECT snapshot FROM livestory.heads WHERE stream = ANY(%s)", (missing,))
                silent -= sum((how := unpacked(snapshot)) is not None and how.at_rest for (snapshot,) in found)
        if silent > 1:  # and said no goodbye
            since = self._clock.now() - (now - self._signs.last())
            why = f"it hears none of {silent} bots: it takes nothing, nobody reaches it, or all are away"
            self._hearing.cut_off(why, since)
        else:
            self._hearing.well()

    def _begin(self, connection: psycopg.Connection[Any]) -> None:
        with asked(self._address, connection):
            row = connection.execute(f"SELECT version, {_NOW} FROM livestory.fleet").fetchone()  # noqa: S608 (no values)
            check(self._address, {"version": row and row[0], "now": row[1] if row else 0}, self._clock)
            connection.execute("LISTEN livestory")
            found = connection.execute("SELECT stream FROM livestory.quarantine").fetchall()
            self._quarantined = {stream for (stream,) in found}
            if time.monotonic() - self._partitions >= _PARTITIONS_EVERY:
                connection.execute("SELECT livestory.make_partitions()")
                self._partitions = time.monotonic()

    def _stream(self, connection: psycopg.Connection[Any], head: Head) -> None:
        """Pull one stream; what is wrong with it stops no other."""
        if head.schema > len(STEPS):
            newer = f"{head.name}: told by a newer livestory (schema {head.schema})\nUpgrade livestory on this hub."
            self._trouble(head, newer)
            return
        try:
            if self._pull(connection, head):
                self._recovered(connection, head)
        except RowRefused as error:
            self._close(head.stream)
            remedy = "What it told before stays here; look at that bot and its machine."
            words = f"{head.name}: quarantined: {error}\n{remedy}"
            if self._trouble(head, words):
                self._quarantine(connection, head, error)
        except (JournalError, OSError) as error:
            self._close(head.stream)
            self._trouble(head, f"{head.name}: {error}")
            return  # and is tried again
        self._seen[head.stream] = head

    def _pull(self, connection: psycopg.Connection[Any], head: Head) -> bool:
        with asked(self._address, connection):
            row = connection.execute(_HEAD, (head.stream,)).fetchone()
        if row is None:  # it was deleted meanwhile
            return False
        identity, created, snapshot = row
        if absurd(unpacked(snapshot)):  # how it is, is then read from what it told
            snapshot = None
        copy = self._copy(head, Origin(head.name, head.journal, identity, created))
        copy.journal.rename(identity)
        if copy.journal.is_beyond(head.seq, head.observed):  # the database was restored: how the bot was, it is no more
            snapshot = None
        for rows in self._rows(connection, head, copy.journal):
            kept = copy.journal.take(rows, snapshot if rows.whole else None, _wrong)
            copy.text.append(kept)
            self.pulled += len(kept)
        return True

    def _rows(self, connection: psycopg.Connection[Any], head: Head, journal: Replica) -> Iterator[Rows]:
        """What the stream has and the replica lacks: events first, since observations refer to them."""
        stream = head.stream
        while True:
            last, after = journal.last.seq if journal.last is not None else 0, journal.observed
            events, observed, held = [], [], []
            with asked(self._address, connection):
                if last < head.seq:
                    events = connection.execute(_EVENTS, (stream, last, head.seq, BATCH)).fetchall()
                    last = events[-1][0] if events else _missing(last + 1)
                if last >= head.seq:
                    observed = connection.execute(_OBSERVATIONS, (stream, after, head.observed, BATCH)).fetchall()
                if observed:
                    held = connection.execute(_POSITIONS, (stream, after, observed[-1][0])).fetchall()
            whole = last >= head.seq and len(observed) < BATCH
            yield Rows([_event(row) for row in events], _others(observed, last), _others(held, last), whole=whole)
            if whole:
                return

    def _copy(self, head: Head, origin: Origin) -> _Copy:
        """The replica of that stream, open; the one that was asked for longest ago is closed for it."""
        if head.stream in self._copies:
            self._copies.move_to_end(head.stream)
            return self._copies[head.stream]
        while len(self._copies) >= _OPEN:
            self._copies.popitem(last=False)[1].close()
        path = self._place(head)
        journal = Replica.of(path, origin)
        text = StoryFile(path, None if on_bars_time(journal.identity) else _KEEP_DAYS)
        try:
            text.open(journal)
        except BaseException:
            text.close()
            journal.close()
            raise
        self._copies[head.stream] = copy = _Copy(journal, text)
        return copy

    def _place(self, head: Head) -> Path:
        """Where the text of that stream lies. A replica that stands where a newer epoch's belongs makes way for it."""
        if not (_NAME.fullmatch(head.bot) and _NAME.fullmatch(head.journal)):
            raise RowRefused(0, f"{head.bot!r} is no name for a folder")
        current = self._folder / head.bot
        stands = self._stands_in(current)
        if stands is not None and stands != self._newest[head.bot]:
            self._close_all()
            aside = self._former(stands)
            make_folder(aside.parent)
            current.rename(aside)
            sync_folder(current.parent)
            sync_folder(aside.parent)
        return (current if head.newest else self._former(head.name)) / "live_story.txt"

    def _former(self, name: str) -> Path:
        """Where a stream of that name lies that is not its bot's newest."""
        bot, _, epoch = name.partition(" ")
        return self._folder / FORMER / f"{bot}-{epoch.strip('()')}"

    def _stands_in(self, folder: Path) -> str | None:
        """Of which stream a replica lies in that folder."""
        if not Layout.of(folder / "live_story.txt").db.exists():
            return None
        with JournalReader.open(folder / "live_story.txt") as reader:
            return reader.replica

    def _close(self, stream: int) -> None:
        copy = self._copies.pop(stream, None)
        if copy is not None:
            copy.close()

    def _close_all(self) -> None:
        for stream in [*self._copies]:
            self._close(stream)

    def _trouble(self, head: Head, words: str) -> bool:
        """Note and report a trouble; whether it is a new one."""
        new = self._troubles.get(head.stream) != words
        self._troubles[head.stream] = words
        if new:
            self._report(words)
        return new

    def _recovered(self, connection: psycopg.Connection[Any], head: Head) -> None:
        if self._troubles.pop(head.stream, None) is not None:
            self._report(f"{head.name}: is pulled again")
        if head.stream in self._quarantined:
            with asked(self._address, connection):
                connection.execute("DELETE FROM livestory.quarantine WHERE stream = %s", (head.stream,))
            self._quarantined.discard(head.stream)

    def _quarantine(self, connection: psycopg.Connection[Any], head: Head, error: RowRefused) -> None:
        """Let everybody who asks the database know."""
        known = "INSERT INTO livestory.quarantine (stream, seq, why) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
        with asked(self._address, connection):
            connection.execute(known, (head.stream, error.seq, visible(error.why)[:_WORDS]))
        self._quarantined.add(head.stream)


def _missing(seq: int) -> NoReturn:
    raise RowRefused(seq, "it is missing")


def _event(row: Sequence[Any]) -> EventRow:
    seq, stored_id, *others = row
    try:
        return EventRow(seq, bytes(stored_id).decode(), *others)
    except UnicodeDecodeError as error:
        raise RowRefused(seq, f"its id is no text ({error})") from error


def _others(rows: Sequence[Sequence[Any]], last_seq: int) -> list[OtherRow]:
    try:
        found = [OtherRow(time, msgpack.decode(kept, type=dict[str, Any])) for time, kept in rows]
    except (MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RowRefused(last_seq, f"a row beside it can't be read ({error})") from error
    if any(row.columns.get("time") != row.time for row in found):
        raise RowRefused(last_seq, "a row beside it is of another time than it says")
    return found


def _wrong(event: Kept) -> str | None:
    """The reason why a hub refuses an event that fits the chain but can't be believed or shown; None if it takes it."""
    if max(len(event.record), len(event.line.encode())) > LARGEST:
        return f"it is larger than {LARGEST:,} bytes"
    if not _FIRST <= event.time < _LAST:
        return "its time is no date"
    if "\n" in event.line or visible(event.line) != event.line:
        return "its line holds what would forge, hide or split one"
    return disagreement(event, others=True) or (_untold(event) if event.kind in KINDS else None)


def _untold(event: Kept) -> str | None:
    """What is wrong with a record where what reads it would fail."""
    facts = facts_of(event.record)
    if absurd(facts):
        return "its record has a number that nothing has"
    try:
        tell(event.time, facts)
    except (ArithmeticError, ValueError, TypeError) as error:
        return f"its record can't be told ({error})"
    return None
