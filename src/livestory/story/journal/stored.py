"""The rows of a journal as they stand in it, to be kept elsewhere: a fleet's database, and the copy made from that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import msgpack

from livestory.story.journal.checksum import ADDED, CHECKSUMS, ROWS, sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

_EVENT = ("seq", "id", "time", "told", "kind", "record", "line", "hash")


class EventRow(NamedTuple):
    """The row of an event, column by column."""

    seq: int
    id: str
    time: int
    told: int
    kind: str
    record: bytes
    line: str
    hash: bytes
    shown: bool
    checksum: int  # 0: it was kept before rows had them


class OtherRow(NamedTuple):
    """The row of an observation or a position: its columns that are not empty."""

    time: int
    columns: dict[str, Any]

    def packed(self) -> bytes:
        """As one value, whatever the columns hold."""
        return msgpack.encode(self.columns)


class Rows(NamedTuple):
    """A part of a journal: what follows an event and the instant of an observation."""

    events: Sequence[EventRow]
    observations: Sequence[OtherRow]  # those that follow one of these events, or an earlier one
    positions: Sequence[OtherRow]  # those that changed with these observations, or before
    whole: bool  # nothing follows


def read(db: apsw.Connection, after_seq: int, after_time: int, limit: int, most_bytes: int) -> Rows:
    """The next ``limit`` events, or some megabytes of them, and observations. From one state of the journal."""
    db.execute("BEGIN")
    try:
        schema = db.pragma("user_version")
        events = _events(db, schema, after_seq, limit, most_bytes)
        until = events[-1].seq if events else after_seq
        observations = _others(
            db, "observations", schema, "time > ? AND after_seq <= ? ORDER BY time LIMIT ?", (after_time, until, limit)
        )
        positions: list[OtherRow] = []
        if observations and "positions" in sealed(schema):
            bounds = "time > ? AND time <= ? ORDER BY time, symbol"
            positions = _others(db, "positions", schema, bounds, (after_time, observations[-1].time))
        last = db.execute("SELECT max(seq) FROM events").get or 0
        return Rows(events, observations, positions, whole=until >= last and len(observations) < limit)
    finally:
        db.execute("ROLLBACK")


def _events(db: apsw.Connection, schema: int, after_seq: int, limit: int, most_bytes: int) -> list[EventRow]:
    shown = ADDED["events"].of(schema)
    checksum = "checksum" if schema >= CHECKSUMS else "0"
    query = f"SELECT {', '.join(_EVENT)}, {shown}, {checksum} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 (names of our own)
    found: list[EventRow] = []
    rows: Iterable[tuple[Any, ...]] = db.execute(query, (after_seq, limit))
    for row in rows:
        found.append(EventRow._make((*row[:8], bool(row[8]), row[9])))
        most_bytes -= len(found[-1].record) + len(found[-1].line)
        if most_bytes <= 0:
            break
    return found


def _others(db: apsw.Connection, table: str, schema: int, bounds: str, values: tuple[int, ...]) -> list[OtherRow]:
    names = columns(table, schema)
    query = f"SELECT {', '.join(names)} FROM {table} WHERE {bounds}"  # noqa: S608 (as above)
    rows = (dict(zip(names, row, strict=True)) for row in db.execute(query, values))
    return [OtherRow(row["time"], {name: value for name, value in row.items() if value is not None}) for row in rows]


def columns(table: str, schema: int) -> list[str]:
    """The columns of that table in a journal of that schema."""
    added = ADDED.get(table)
    names = [*ROWS[table]] + ([added.name] if added is not None and schema >= added.schema else [])
    return names + (["checksum"] if schema >= CHECKSUMS else [])
