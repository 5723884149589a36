"""Questions that the journal's writer and its readers ask alike; none leaves a transaction open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import json

from livestory.story.journal.checksum import GENESIS, altered, link
from livestory.story.journal.entry import Answer, Compacted, Cursor, Identity, Kept, Line

if TYPE_CHECKING:
    import apsw

EVENTS = f"SELECT {', '.join(Kept.__struct_fields__)} FROM events"  # noqa: S608 (names of our own fields)
CHECKED = 100  # events at the end of the chain that are checked whenever a journal is opened
_COMPACTED = 2  # the schema from which a journal can be compacted
_QUICK = 16 * 1024 * 1024  # bytes; a journal up to this size has its pages checked when it is opened


def last_kept(db: apsw.Connection) -> Kept | None:
    """The last event of the journal; None where it has none."""
    return _one(db, f"{EVENTS} ORDER BY seq DESC LIMIT 1")


def kept_by_id(db: apsw.Connection, entry_id: str) -> Kept | None:
    """The event of that id."""
    return _one(db, f"{EVENTS} WHERE id=?", (entry_id,))


def kept_by_seq(db: apsw.Connection, seq: int) -> Kept | None:
    """The event of that seq."""
    return _one(db, f"{EVENTS} WHERE seq=?", (seq,))


def ids(db: apsw.Connection, prefix: str) -> set[str]:
    """The ids of the events whose id begins with ``prefix``."""
    rows = db.execute("SELECT id FROM events WHERE id >= ? AND id < ?", (prefix, f"{prefix}\U0010ffff"))
    return {str(found) for (found,) in rows}


def lines(db: apsw.Connection, after_seq: int, limit: int) -> list[Line]:
    """The text of the events after ``after_seq``, at most ``limit`` of them."""
    rows = db.execute("SELECT seq, told, line FROM events WHERE seq>? ORDER BY seq LIMIT ?", (after_seq, limit))
    return [Line(*row) for row in rows]


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


def has_answers(db: apsw.Connection) -> bool:
    """Whether any request with an id was ever kept."""
    return bool(db.execute("SELECT 1 FROM sqlite_schema WHERE type='table' AND name='answers'").get)


def answer(db: apsw.Connection, request: str) -> Answer | None:
    """The answer to the request of that id; None where none was kept."""
    if not has_answers(db):
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


def tail_damage(db: apsw.Connection) -> str | None:
    """What is wrong with the last events, the states or, in a small journal, its pages; None if all is well."""
    rows = db.execute(f"{EVENTS} ORDER BY seq DESC LIMIT ?", (CHECKED + 1,)).fetchall()
    kept = [Kept(*row) for row in reversed(rows)]
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
    return row and Kept(*row)


def _pairs(db: apsw.Connection, query: str) -> dict[str, Any]:
    rows: Any = db.execute(query)
    return dict(rows)
