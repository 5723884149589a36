"""Questions that the journal's writer and its readers ask alike; none leaves a transaction open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import json

from livestory.story.journal.checksum import ADDED, CHECKSUMS, GENESIS, ROWS, altered, link
from livestory.story.journal.entry import Answer, Compacted, Cursor, Identity, Kept, ShownLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

_SHOWN = ADDED["events"]
_EVENT = Kept.__struct_fields__[:-1]  # without ``shown``, the last
_OBSERVATION, _POSITIONS = ", ".join(ROWS["observations"]), ADDED["observations"]
END = 2**63 - 1
"""After every instant."""
CHECKED = 100  # events at the end of the chain that are checked whenever a journal is opened
_COMPACTED = 2  # the schema from which a journal can be compacted
_ANSWERS = 4  # the schema from which requests have them
_TOGETHER = 500  # ids in one question
_QUICK = 16 * 1024 * 1024  # bytes; a journal up to this size has its pages checked when it is opened


def events(db: apsw.Connection) -> str:
    """The SQL that selects the fields of `Kept` from the events, of a journal of any schema; a condition may follow.

    Asked each time: a writer may bring the journal up to date while it is read.
    """
    return f"SELECT {', '.join(_EVENT)}, {_SHOWN.of(db.pragma('user_version'))} FROM events"  # noqa: S608 (names of our own)


def as_kept(row: Sequence[Any]) -> Kept:
    """The event whose row that question has answered."""
    seq, entry_id, time, told, kind, record, line, link_, shown_ = row
    return Kept(seq, entry_id, time, told, kind, record, line, link_, bool(shown_))


def observations(db: apsw.Connection) -> str:
    """The SQL that selects from the observations what a checksum covers, then that; 0 where the schema has none."""
    schema = db.pragma("user_version")
    checksum = "checksum" if schema >= CHECKSUMS else "0"
    return f"SELECT {_OBSERVATION}, {_POSITIONS.of(schema)}, {checksum} FROM observations"  # noqa: S608 (as above)


def shown(db: apsw.Connection) -> str:
    """The condition that an event is shown."""
    return _SHOWN.name if db.pragma("user_version") >= _SHOWN.schema else _SHOWN.default


def last_kept(db: apsw.Connection) -> Kept | None:
    """The last event of the journal; None where it has none."""
    return _one(db, f"{events(db)} ORDER BY seq DESC LIMIT 1")


def kept_by_id(db: apsw.Connection, entry_id: str) -> Kept | None:
    """The event of that id."""
    return _one(db, f"{events(db)} WHERE id=?", (entry_id,))


def has(db: apsw.Connection, entry_id: str) -> bool:
    """Whether there is an event of that id."""
    return db.execute("SELECT 1 FROM events WHERE id=?", (entry_id,)).get is not None


def known(db: apsw.Connection, entry_ids: Sequence[str]) -> set[str]:
    """Those of the ids of which there is an event."""
    found: set[str] = set()
    for first in range(0, len(entry_ids), _TOGETHER):
        some = entry_ids[first : first + _TOGETHER]
        marks = ", ".join("?" * len(some))
        rows = db.execute(f"SELECT id FROM events WHERE id IN ({marks})", some)  # noqa: S608 (question marks)
        found.update(str(each) for (each,) in rows)
    return found


def kept_by_seq(db: apsw.Connection, seq: int) -> Kept | None:
    """The event of that seq."""
    return _one(db, f"{events(db)} WHERE seq=?", (seq,))


def ids(db: apsw.Connection, prefix: str) -> set[str]:
    """The ids of the events whose id begins with ``prefix``."""
    rows = db.execute("SELECT id FROM events WHERE id >= ? AND id < ?", (prefix, f"{prefix}\U0010ffff"))
    return {str(found) for (found,) in rows}


def lines(db: apsw.Connection, after_seq: int, limit: int) -> list[ShownLine]:
    """The text of the events after ``after_seq`` that are shown, at most ``limit`` of them."""
    query = f"SELECT seq, told, line FROM events WHERE seq>? AND {shown(db)} ORDER BY seq LIMIT ?"  # noqa: S608 (as above)
    return [ShownLine(*row) for row in db.execute(query, (after_seq, limit))]


def state(db: apsw.Connection, name: str) -> bytes | None:
    """The state of that name."""
    found: bytes | None = db.execute("SELECT state FROM states WHERE name=?", (name,)).get
    return found


def states(db: apsw.Connection) -> dict[str, bytes]:
    """All states, by name."""
    return _pairs(db, "SELECT name, state FROM states ORDER BY name")


def cursor(db: apsw.Connection, name: str) -> Cursor | None:
    """The cursor of that name."""
    row = db.execute("SELECT seq, state FROM cursors WHERE name=?", (name,)).fetchone()
    return row and Cursor(*row)


def cursors(db: apsw.Connection) -> dict[str, Cursor]:
    """All cursors, by name."""
    return {
        name: Cursor(seq, own) for name, seq, own in db.execute("SELECT name, seq, state FROM cursors ORDER BY name")
    }


def answer(db: apsw.Connection, request: str) -> Answer | None:
    """The answer to the request of that id; None where none was kept."""
    if db.pragma("user_version") < _ANSWERS:
        return None
    row = db.execute("SELECT digest, seqs FROM answers WHERE id=?", (request,)).fetchone()
    return row and Answer(row[0], json.decode(row[1], type=tuple[int, ...]))


def compacted(db: apsw.Connection) -> Compacted | None:
    """Up to where its observations were thinned; None where they never were."""
    if db.pragma("user_version") < _COMPACTED:
        return None
    row = db.execute("SELECT until, seq, narrator FROM compacted ORDER BY until DESC LIMIT 1").fetchone()
    return row and Compacted(*row)


def meta(db: apsw.Connection) -> tuple[str, Identity, int]:
    """The journal's id, whose it is, and when it was created. Raises KeyError or msgspec.DecodeError if damaged."""
    found = _pairs(db, "SELECT key, value FROM meta")
    return found["id"], json.decode(found["identity"], type=Identity), found["created"]


def replica(db: apsw.Connection) -> str | None:
    """Of which journal it is a copy that a fleet made; None of one that has a writer of its own."""
    found: str | None = db.execute("SELECT value FROM meta WHERE key='replica'").get
    return found


def tail_damage(db: apsw.Connection) -> str | None:
    """What is wrong with the last events, the states or, in a small journal, its pages; None if all is well."""
    rows = db.execute(f"{events(db)} ORDER BY seq DESC LIMIT ?", (CHECKED + 1,)).fetchall()
    kept = [as_kept(row) for row in reversed(rows)]
    if kept and kept[0].seq == 1:
        damage = _break(0, GENESIS, kept)
    else:
        damage = _break(kept[0].seq, kept[0].hash, kept[1:]) if kept else None
    states(db)
    cursors(db)
    if damage is None:
        altered_ones = (
            f"the {table[:-1]} {key}" for table in ("meta", "states", "cursors") for key in altered(db, table)
        )
        damage = next(altered_ones, None)
    if damage is None and db.pragma("page_count") * db.pragma("page_size") <= _QUICK:
        verdict = str(db.execute("PRAGMA quick_check(1)").get)
        damage = None if verdict == "ok" else verdict
    return damage


def last_moving(db: apsw.Connection) -> tuple[int, str] | None:
    """When an observation last reported positions, and what of them moves."""
    if db.pragma("user_version") < _POSITIONS.schema:
        return None
    query = "SELECT time, positions FROM observations WHERE positions IS NOT NULL ORDER BY time DESC LIMIT 1"
    return db.execute(query).fetchone()


def position(db: apsw.Connection, symbol: str, time: int) -> tuple[Any, ...] | None:
    """The row of a position as it was at ``time``, its checksum, and when the next one begins."""
    following = "SELECT min(time) FROM positions WHERE symbol=?1 AND time>?2"
    query = f"""SELECT {", ".join(ROWS["positions"])}, checksum, ({following})
    FROM positions WHERE symbol=?1 AND time<=?2 ORDER BY time DESC LIMIT 1"""  # noqa: S608 (as above)
    return db.execute(query, (symbol, time)).fetchone()


def held_since(db: apsw.Connection, symbol: str, time: int) -> int | None:
    """Since when the position held at ``time`` has been on its side; None: since before the first one was reported."""
    query = """WITH turns AS (SELECT time, CAST(quantity AS REAL) AS now, lag(CAST(quantity AS REAL)) OVER t AS before
    FROM positions WHERE symbol=? AND time<=? WINDOW t AS (ORDER BY time))
    SELECT max(time), (SELECT min(time) FROM observations WHERE positions IS NOT NULL)
    FROM turns WHERE before IS NULL OR sign(before) != sign(now)"""
    since, first = db.execute(query, (symbol, time)).fetchone() or (None, None)
    return None if since == first else since


def _break(seq: int, before: bytes, kept: list[Kept]) -> str | None:
    for event in kept:
        if event.seq != seq + 1:
            return f"event {seq + 1} is missing"
        if link(before, event.record, event.line) != event.hash:
            return f"event {event.seq} does not fit the chain"
        seq, before = event.seq, event.hash
    return None


def _one(db: apsw.Connection, query: str, values: tuple[object, ...] = ()) -> Kept | None:
    row = db.execute(query, values).fetchone()
    return row and as_kept(row)


def _pairs(db: apsw.Connection, query: str) -> dict[str, Any]:
    rows: Any = db.execute(query)
    return dict(rows)
