"""What tells that a row of the journal is as it was written: its checksum, and the chain of hashes over the events."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING
from zlib import crc32

from msgspec import msgpack

from livestory.story.journal.entry import COLUMNS

if TYPE_CHECKING:
    import apsw


CHECKSUMS = 3
"""The schema from which rows have them."""

ROWS: dict[str, tuple[str, ...]] = {
    "meta": ("key", "value"),
    "events": ("seq", "id", "time", "told", "kind"),
    "observations": (*COLUMNS, "after_seq"),
    "states": ("name", "state"),
    "cursors": ("name", "seq", "state"),
    "answers": ("id", "digest", "seqs"),
}
"""The tables with checksums: what of each row they cover, its key first."""

_OF = {table: f"checksum({', '.join(columns)})" for table, columns in ROWS.items()}

SEAL_OBSERVATIONS = f"UPDATE observations SET checksum = {_OF['observations']} WHERE checksum = 0 AND time >= ?"  # noqa: S608 (names of our own)
"""After the rows are there: SQLite may have stored another number than it was given, 1.0 for 1 and NULL for NaN."""

SEAL_META = f"UPDATE meta SET checksum = {_OF['meta']} WHERE checksum = 0"  # noqa: S608 (as above)


def checksum(*values: float | str | bytes | None) -> int:
    """The CRC-32 of a row's values as they are stored; never 0."""
    return crc32(msgpack.encode(values)) or 1


def teach(db: apsw.Connection) -> None:
    """Let statements on this connection call `checksum`."""
    db.create_scalar_function("checksum", checksum, deterministic=True)


def altered(db: apsw.Connection, table: str) -> list[object]:
    """The keys of the rows that are not what was kept."""
    rows = db.execute(f"SELECT {ROWS[table][0]} FROM {table} WHERE checksum NOT IN (0, {_OF[table]})")  # noqa: S608 (as above)
    return [key for (key,) in rows]


GENESIS = bytes(32)
"""The hash before the first event."""


def link(previous: bytes, record: bytes, line: str) -> bytes:
    """The hash of an event that follows one whose hash is ``previous``: BLAKE2b, 32 bytes.

    It finds corruption. It proves nothing against someone who rewrites the whole chain.
    """
    size = len(record).to_bytes(8, "big")  # so that no byte can move from the record to the line unseen
    return blake2b(b"".join((previous, size, record, line.encode())), digest_size=32).digest()
