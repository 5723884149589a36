"""A bot whose login is real and whose program is not ours: whatever it sends, no other bot and no hub is harmed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
import pytest
from msgspec import msgpack

from livestory.outlets.fleet.push import _PUSH
from livestory.story.event import Event
from livestory.story.journal.checksum import GENESIS, checksum, link
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.risk import Halted
from livestory.story.kinds.trades import Trade
from livestory.story.snapshot import Snapshot
from tests.cli.program import inside
from tests.fleet.fleets import START, ABot, AFleet, assert_equal, entry

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.journal.entry import Entry
    from livestory.story.kinds.base import Facts

NOTE = entry(1)
DEEP = b"[" * 30_000 + b"]" * 30_000
NEST = b"\x81\xa1a" * 60_000 + b"\xc0"  # maps in maps, packed
FAR = 253_402_300_799_999_999  # the last microsecond of the year 9999


def observed(time: int = START, **columns: object) -> bytes:
    """A row that an observation of that instant would have."""
    return msgpack.encode({"time": time, "after_seq": 1, "wealth": 1.0, **columns})


def other(record: bytes, kind: str) -> Entry:
    """An event of a kind that this livestory does not know."""
    return msgspec.structs.replace(NOTE, record=record, kind=kind)


def tells(facts: Facts) -> Entry:
    """An event of that kind, whose line says little of it."""
    kind = str(facts.__struct_config__.tag)
    return msgspec.structs.replace(NOTE, record=Event(NOTE.time, facts, "").record(), kind=kind)


LIES: dict[str, dict[str, Any]] = {
    "its record can't be read": {"told": other(b'{"v":1,"x":' + DEEP + NOTE.record[6:], "note")},
    "record can't be read (JSON": {"told": other(b"\xff", "later")},
    "its kind is no name": {"told": other(NOTE.record.replace(b'"note"', rb'"a\nb"'), "a\nb")},
    "its record is of another event": {"told": other(NOTE.record, "'; DROP TABLE events; --")},
    "is of another event: note\nWhat": {
        "told": msgspec.structs.replace(NOTE, record=NOTE.record.replace(str(NOTE.time).encode(), b"9" * 30))
    },
    "its record has a number that nothing has": {
        "told": tells(Trade(side="buy", quantity=Decimal("1E+99999"), price=Decimal(1)))
    },
    "its record can't be told": {"told": tells(Halted(reason="a", until=-62_135_596_800_000_001))},
    "its time is no date": {"told": msgspec.structs.replace(NOTE, time=2**63 - 1)},
    "its line begins with another": {"told": msgspec.structs.replace(NOTE, line="")},
    "whose story it is can't be read": {"whose": b'{"x":' + DEEP + b"}"},
    "whose story it is holds what": {"whose": rb'{"bot":"a\u001b[2J"}'},
    "a row beside it can't be read": {"seen": {START: b"\x82\xa4time" + NEST}},
    "a row of observations can't be": {"seen": {START: observed(**{"x) VALUES(1); DROP TABLE events; --": 1})}},
    "is of another time than it says": {"seen": {START + 1: observed()}},
    f"the observation of {FAR} was altered": {"seen": {FAR: observed(FAR)}},
    f"the observation of {START} can't be": {"seen": {START: observed(no_trade_reason='{"x":' + DEEP.decode() + "}")}},
    f"the observation of {START} was": {"seen": {START: observed(after_seq=10**15)}},
}


def sends(
    fleet: AFleet,
    journal: str,
    *,
    told: Entry = NOTE,
    whose: bytes = b"{}",
    seen: dict[int, bytes] | None = None,
    state: bytes | None = None,
    checked: int | None = None,
) -> dict[str, Any]:
    """Push one event and what is beside it in scout's name; the database's answer."""
    kept = checksum(1, told.id, told.time, told.told, told.kind) if checked is None else checked
    event = ([told.id.encode()], [told.time], [told.told], [told.kind], [told.record], [told.line],
             [link(GENESIS, told.record, told.line)], [True], [kept])  # fmt: skip
    seen = seen or {}
    beside = ([*seen], *[[None] * len(seen)] * 8, [*seen.values()], [], [], [], [], [])
    with fleet.connected("livestory_scout") as scout:
        values = (journal, 1, whose, START, 4, 1, True, state, 0, GENESIS, *event, *beside)
        row = scout.execute(_PUSH, values).fetchone()
        assert row is not None
        return dict(row[0])


def test_each_lie_is_quarantined_with_a_word_of_its_own_and_the_others_go_on(fleet: AFleet, tmp_path: Path) -> None:
    """Said once, however often it is pulled; nothing of it is kept, and the honest bot beside it has all."""
    grid, said = ABot(tmp_path / "grid"), list[str]()
    for number, lie in enumerate(LIES.values()):
        assert sends(fleet, f"j{number}", **lie)["fits"]
    grid.tells(3)
    fleet.pushed(grid, "grid")
    puller = fleet.puller(said)
    for _ in range(2):
        puller.step()
    puller.close()
    for words, each in zip(LIES, said, strict=True):
        assert "quarantined: event " in each
        assert words in each
    assert fleet.ask("SELECT count(*) FROM livestory.quarantine") == [(len(LIES),)]
    assert_equal(grid.story, fleet.story("grid"))


def test_a_snapshot_that_is_none_harms_nobody_who_looks(fleet: AFleet, tmp_path: Path) -> None:
    """How the bot is is then read from what it told; texts of it are shown without what a terminal would obey."""
    for number, state in enumerate((b"\xff" * 9, b"\x92\x01" + NEST)):
        sends(fleet, f"j{number}", state=state, seen={START: observed(regime="a\x1b[2J\nstate  fine")})
    assert fleet.pulled() == []
    with JournalReader.open(fleet.story()) as reader:
        assert Snapshot.read(reader).last_seq == 1
    shown = inside("status", "--dir", fleet.story().parent, cwd=tmp_path)
    assert r"regime     a\x1b[2J\x0astate  fine" in shown.stdout


def test_what_no_journal_has_is_refused_by_the_database(fleet: AFleet) -> None:
    """A day beyond the year 2100, a text beyond its size, a journal's name that is a path."""
    for words in (
        {"told": msgspec.structs.replace(NOTE, told=FAR)},
        {"told": msgspec.structs.replace(NOTE, line="x" * 70_000)},
        {"state": bytes(1 << 21)},
        {"whose": bytes(70_000)},
        {"seen": {START: bytes(1 << 21)}},
        {"seen": {FAR * 2: observed()}},
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            sends(fleet, "j", **words)
    with pytest.raises(psycopg.errors.CheckViolation):
        sends(fleet, "../../x")
    assert fleet.ask("SELECT count(*) FROM livestory.heads") == [(0,)]
