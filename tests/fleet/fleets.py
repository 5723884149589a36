"""Fleets in a real database, the bots that push to them, and what makes two journals equal."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import msgspec

from livestory.clock import DAY, MINUTE, SystemClock
from livestory.credentials import Secret
from livestory.errors import JournalError
from livestory.outlets.fleet.address import FleetAddress
from livestory.outlets.fleet.pull import Puller
from livestory.outlets.fleet.push import Pusher
from livestory.outlets.fleet.setup import HUB, make, role_of
from livestory.story.event import Event, disagreement
from livestory.story.files.layout import Layout
from livestory.story.files.verify import verify
from livestory.story.inputs import Observation, PositionReading
from livestory.story.journal.checksum import ROWS
from livestory.story.journal.entry import Entry, Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.writer import Journal
from livestory.story.kinds.telling import Note
from livestory.story.line import tell
from livestory.story.reason import Reason
from tests.fleet.postgres_process import ADMIN_PASSWORD, PostgresProcess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import psycopg

    from livestory.clock import Clock

START = 20_060 * DAY  # 2024-12-03
_COLUMNS = {
    "meta": ("key", "value"),
    "events": (*ROWS["events"], "record", "line", "hash", "shown", "checksum"),
    "observations": (*ROWS["observations"], "positions", "checksum"),
    "positions": (*ROWS["positions"], "checksum"),
}
_LATER = {"shown": "1", "positions": "NULL", "checksum": "0"}  # what an older schema has in the place of a column
_databases = count(1)


def entry(n: int, text: str = "") -> Entry:
    """The n-th event of a bot: a note, as its livestory would keep it."""
    time = START + n * MINUTE
    facts = Note(text=text or f"number {n}", by="you")
    event = Event(time, facts, tell(time, facts), f"note-{n}")
    return Entry(event.id, time, time, "note", event.record(), event.line, shown=n % 7 != 0)


def observation(n: int) -> Observation:
    """What the bot looks like then; now and then it has positions."""
    held = {"ETH/BTC": PositionReading(quantity=Decimal(n // 50), price=Decimal("0.0300"), entry=Decimal("0.030"))}
    return Observation(
        time=START + n * MINUTE,
        wealth=1 + n / 1000,
        halted=n // 700 % 2 == 1,
        regime="TREND",
        no_trade_reason=Reason("band", n / 10, 2.5, text="12h") if n % 3 else None,
        positions=held if n % 5 == 0 else None,
    )


class ABot:
    """A bot whose livestory keeps a journal."""

    def __init__(self, folder: Path, name: str = "scout") -> None:
        self.story = folder / "live_story.txt"
        self.identity = Identity(bot=name, mode="paper", symbol="ETH/BTC", unit="BTC")
        self.told = 0

    def tells(self, events: int, text: str = "", at_once: int = 500) -> None:
        """Keep so many events more, each with an observation."""
        journal = Journal.open(self.story, self.identity)
        until = self.told + events
        while self.told < until:
            numbers = range(self.told + 1, min(self.told + at_once, until) + 1)
            journal.append([entry(n, text) for n in numbers], [observation(n) for n in numbers])
            self.told = numbers[-1]
        journal.close()

    def lies(self, line: str) -> None:
        """Keep an event with a line that its livestory would not write."""
        self.told += 1
        journal = Journal.open(self.story, self.identity)
        journal.append([msgspec.structs.replace(entry(self.told), line=line)])
        journal.close()


class AFleet(NamedTuple):
    """A fleet in a database of its own, and what its users need."""

    server: PostgresProcess
    database: str
    folder: Path

    @classmethod
    def made(cls, server: PostgresProcess, folder: Path, bots: Sequence[str]) -> AFleet:
        """A new one with these bots."""
        database = f"fleet_{next(_databases)}"
        server.ask("postgres", f"CREATE DATABASE {database}")
        fleet = cls(server, database, folder)
        hub, given = make(fleet.address("postgres"), bots)
        for access in (hub, *given.values()):
            if access.password is not None:
                server.passwords[access.role] = access.password
        return fleet

    def password(self, role: str) -> Secret:
        """What that role logs in with."""
        return Secret(ADMIN_PASSWORD) if role == "postgres" else self.server.passwords[role]

    def url(self, role: str) -> str:
        """Its address for that role."""
        return self.server.url(role, self.database)

    def address(self, role: str, *ports: int) -> FleetAddress:
        """Its address for that role, at the server's port, a proxy's, or those of several servers."""
        found = FleetAddress.read(self.server.url(role, self.database, *ports), environ={})
        return FleetAddress(found.url, found.parameters, self.password(role))

    def pusher(self, bot: ABot, said: list[str], name: str = "scout", ports: Sequence[int] = ()) -> Pusher:
        """What pushes that bot's journal in the name of a bot of the fleet."""
        return Pusher(bot.story, self.address(role_of(name), *ports), SystemClock(), said.append)

    def pushed(self, bot: ABot, name: str = "scout") -> list[str]:
        """Push all that there is once; what was said."""
        said: list[str] = []
        self.pusher(bot, said, name).once()
        return said

    def puller(self, said: list[str], clock: Clock | None = None) -> Puller:
        """What pulls it into its folder."""
        return Puller(self.address(HUB), self.folder / "fleet", clock or SystemClock(), said.append)

    def pulled(self) -> list[str]:
        """Pull all that there is once; what was said."""
        said: list[str] = []
        self.puller(said).once()
        return said

    def backup(self) -> str:
        """A backup of the database as it is: the name of what `restore` puts back."""
        copy = f"{self.database}_backup"
        self.server.ask("postgres", f"CREATE DATABASE {copy} TEMPLATE {self.database}")
        return copy

    def restore(self, copy: str) -> None:
        """Put the backup in the place of the database, as an administrator would: all its users are cut off."""
        self.server.ask("postgres", f"DROP DATABASE {self.database} WITH (FORCE)")
        self.server.ask("postgres", f"ALTER DATABASE {copy} RENAME TO {self.database}")

    def story(self, name: str = "scout") -> Path:
        """The pulled story of a bot."""
        return self.folder / "fleet" / name / "live_story.txt"

    def former(self) -> list[Path]:
        """The pulled stories of epochs that have ended."""
        return sorted((self.folder / "fleet" / "former").glob("*/live_story.txt"))

    def connected(self, role: str) -> psycopg.Connection[Any]:
        """A connection of that role."""
        return self.server.connected(self.database, role, self.password(role).reveal())

    def ask(self, query: str, *values: object, role: str = "postgres") -> list[Any]:
        """What a query answers to that role."""
        return self.server.ask(self.database, query, *values, user=role, password=self.password(role).reveal())


def rows(story: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that a fleet replicates of a journal, as it stands there: whose it is, and every column of every row."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with closing(apsw.Connection(str(Layout.of(story).db), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        for table, key in (("meta", "key"), ("events", "seq"), ("observations", "time"), ("positions", "time")):
            there = [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))]
            names = [_LATER.get(name, name) if name not in there else name for name in _COLUMNS[table]]
            query = f"SELECT {', '.join(names)} FROM {table} WHERE {key} IS NOT 'replica' ORDER BY {key}, 2"  # noqa: S608 (names of our own)
            found[table] = list(db.execute(query)) if there else []
    return found


def has_all(story: Path, bot: ABot) -> bool:
    """Whether a pulled story has what its bot has told and observed."""
    try:
        with JournalReader.open(story) as reader:
            last = reader.last_observation()
            return reader.last_seq == bot.told and last is not None and last.wealth == 1 + bot.told / 1000
    except JournalError:  # it is not there yet
        return False


def assert_equal(bot: Path, pulled: Path) -> None:
    """The pulled journal is the bot's, and nothing is wrong with it."""
    ours, theirs = rows(pulled), rows(bot)
    for table, expected in theirs.items():
        assert ours[table] == expected, table
    report = verify(pulled, disagreement)
    assert report.findings == []
    assert report.events == len(theirs["events"])
