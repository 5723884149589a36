"""The journal's tables, and how they are created and upgraded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import json

from livestory.errors import JournalForeign, JournalNewer
from livestory.story.journal.checksum import CHECKSUMS, ROWS, covering, teach
from livestory.story.journal.entry import COLUMNS, STORED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import apsw

    from livestory.story.journal.entry import Identity

_NOTHING: Mapping[str, str | int] = {}

APPLICATION_ID = 0x4C495645  # "LIVE"
PARTS = ("", "-wal", "-shm")
"""What follows the journal's name in those of its files."""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID",
        """CREATE TABLE events(seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, time INTEGER NOT NULL,
        told INTEGER NOT NULL, kind TEXT NOT NULL, record BLOB NOT NULL, line TEXT NOT NULL, hash BLOB NOT NULL)""",
        """CREATE TABLE observations(time INTEGER PRIMARY KEY, wealth REAL, price REAL, position REAL, weight REAL,
        target_weight REAL, regime TEXT, score REAL, threshold REAL, drawdown REAL, halted INTEGER, halt_reason TEXT,
        resume_at INTEGER, resume_score REAL, daily_loss_hit INTEGER, day_return REAL, flow REAL, next_due INTEGER,
        no_trade_reason TEXT, after_seq INTEGER NOT NULL)""",
        "CREATE TABLE states(name TEXT PRIMARY KEY, state BLOB NOT NULL)",
        "CREATE TABLE cursors(name TEXT PRIMARY KEY, seq INTEGER NOT NULL, state BLOB NOT NULL)",
    ),
    ("CREATE TABLE compacted(until INTEGER PRIMARY KEY, seq INTEGER NOT NULL, narrator BLOB NOT NULL)",),
    (
        "ALTER TABLE meta ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE events ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE observations ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE states ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE cursors ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
    ),
    (
        "ALTER TABLE events ADD COLUMN shown INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE observations ADD COLUMN positions TEXT",
        """CREATE TABLE positions(time INTEGER NOT NULL, symbol TEXT NOT NULL, quantity TEXT NOT NULL, price TEXT,
        entry TEXT, unrealised TEXT, leverage TEXT, liquidation TEXT, checksum INTEGER NOT NULL,
        PRIMARY KEY(symbol, time)) WITHOUT ROWID""",
        # Of the requests that have an id; it may be there already, from the days before this schema was released.
        """CREATE TABLE IF NOT EXISTS answers(id TEXT PRIMARY KEY, digest BLOB NOT NULL, seqs TEXT NOT NULL,
        checksum INTEGER NOT NULL) WITHOUT ROWID""",
    ),
)
"""What leads from each schema version to the next; a journal's version is the number of steps it has taken.

A step that has been released never changes: a new field of `Observation` is a column that a new step adds.
"""

INSERT_EVENT = f"""INSERT INTO events(seq, id, time, told, kind, record, line, hash, shown, checksum)
SELECT *, {covering("events", len(STEPS))} FROM (SELECT ? AS seq, ? AS id, ? AS time, ? AS told, ? AS kind, ?, ?, ?,
? AS shown) WHERE true ON CONFLICT(id) DO NOTHING"""  # noqa: S608 (names of our own)
_TYPES = {int: "INTEGER", float: "REAL", str: "TEXT"}
_AS_STORED = ", ".join(f"CAST(? AS {_TYPES[STORED[column]]}) AS {column}" for column in COLUMNS)
INSERT_OBSERVATION = f"""INSERT INTO observations({", ".join(COLUMNS)}, positions, after_seq, checksum)
SELECT *, {covering("observations", len(STEPS))} FROM (SELECT {_AS_STORED}, ? AS positions, ? AS after_seq)
WHERE true ON CONFLICT(time) DO NOTHING"""  # noqa: S608 (as above)
"""The checksum is that of what SQLite stores, which may be another number than it is given: 1.0 for 1, NULL for NaN."""
INSERT_POSITION = f"""INSERT INTO positions SELECT *, {covering("positions", len(STEPS))}
FROM (SELECT {", ".join(f"? AS {column}" for column in ROWS["positions"])})"""  # noqa: S608 (as above)
PUT_STATE = """INSERT INTO states(name, state, checksum) VALUES(?1, ?2, checksum(?1, ?2))
ON CONFLICT(name) DO UPDATE SET state=excluded.state, checksum=excluded.checksum"""
PUT_CURSOR = """INSERT INTO cursors(name, seq, state, checksum) VALUES(?1, ?2, ?3, checksum(?1, ?2, ?3))
ON CONFLICT(name) DO UPDATE SET seq=excluded.seq, state=excluded.state, checksum=excluded.checksum"""
PUT_ANSWER = """INSERT INTO answers(id, digest, seqs, checksum) VALUES(?1, ?2, ?3, checksum(?1, ?2, ?3))
ON CONFLICT(id) DO NOTHING"""
PUT_META = """INSERT INTO meta(key, value, checksum) VALUES(?1, ?2, checksum(?1, ?2))
ON CONFLICT(key) DO UPDATE SET value=excluded.value, checksum=excluded.checksum"""
_SEAL_META = f"UPDATE meta SET checksum = {covering('meta', len(STEPS))} WHERE checksum = 0"  # noqa: S608 (as above)


def check_version(db: apsw.Connection, path: Path, steps: Sequence[Sequence[str]] = STEPS) -> int:
    """The schema version; 0 for a file that holds nothing yet.

    Raises JournalNewer for a version that this livestory doesn't know, JournalForeign for another program's database.
    """
    version = int(db.pragma("user_version"))
    owner = db.pragma("application_id")
    if owner != APPLICATION_ID and (owner or version or db.execute("SELECT 1 FROM sqlite_schema").get):
        message = f"{path}: a database of another program\nChoose another folder with --dir."
        raise JournalForeign(message)
    if version > len(steps):
        message = (
            f"{path}: written by a newer livestory (schema {version}, this one knows {len(steps)})\n"
            "Upgrade livestory, or tell this story elsewhere with --dir."
        )
        raise JournalNewer(message)
    return version


def prepare(  # noqa: PLR0913 (what a journal begins with)
    db: apsw.Connection,
    path: Path,
    identity: Identity,
    created: int,
    steps: Sequence[Sequence[str]] = STEPS,
    *,
    meta: Mapping[str, str | int] = _NOTHING,
) -> None:
    """Create the tables, or bring those of an older version up to date, in one transaction.

    A new journal has what ``meta`` says beside, or in the place of, what it would begin with. Raises JournalNewer,
    JournalForeign and what SQLite raises.
    """
    version = check_version(db, path, steps)
    db.pragma("synchronous", "full")
    db.pragma("cell_size_check", "on")
    if version < len(steps):
        found = {"id": os.urandom(8).hex(), "identity": json.encode(identity).decode(), "created": created, **meta}
        _upgrade(db, version, found, steps)
    # After the tables are made, so that they stand in the journal itself: one that loses its -wal is still known.
    db.pragma("journal_mode", "wal")


def _upgrade(db: apsw.Connection, version: int, meta: Mapping[str, str | int], steps: Sequence[Sequence[str]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    for statement in (statement for step in steps[version:] for statement in step):
        db.execute(statement)
    if version == 0:
        db.executemany("INSERT INTO meta(key, value) VALUES(?, ?)", meta.items())
    if len(steps) >= CHECKSUMS:
        teach(db)
        db.execute(_SEAL_META)
    db.pragma("application_id", APPLICATION_ID)
    db.pragma("user_version", len(steps))
    db.execute("COMMIT")
