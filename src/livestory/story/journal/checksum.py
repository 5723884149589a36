"""What tells that a row of the journal is as it was written: its checksum, and the chain of hashes over the events."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from msgspec import msgpack

from livestory.story.journal.entry import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection

    import apsw


CHECKSUMS = 3
"""The schema from which rows have them."""

ROWS: dict[str, tuple[str, ...]] = {
    "meta": ("key", "value"),
    "events": ("seq", "id", "time", "told", "kind"),
    "observations": (*COLUMNS, "after_seq"),
    "states": ("name", "state"),
    "cursors": ("name", "seq", "state"),
    "positions": ("time", "symbol", "quantity", "price", "entry", "unrealised", "leverage", "liquidation"),
    "answers": ("id", "digest", "seqs"),
}
"""The tables with checksums: what of each row they cover, its key first; of a released table it never changes."""


_LATER = {"positions": 4, "answers": 4}  # the schemas that brought them


def sealed(schema: int) -> list[str]:
    """The tables with checksums in a journal of that schema."""
    return [table for table in ROWS if schema >= _LATER.get(table, CHECKSUMS)]


class Added(NamedTuple):
    """A column that a later schema gave to a table."""

    name: str
    schema: int
    default: str  # as SQL: what the rows have that were there before

    def of(self, schema: int) -> str:
        """What a question names for it in a journal of that schema."""
        return self.name if schema >= self.schema else f"{self.default} AS {self.name}"


ADDED = {"events": Added("shown", 4, "1"), "observations": Added("positions", 4, "NULL")}
"""Covered where it is not the default, so that a row keeps the checksum of the schema that it was written in."""


def covering(table: str, schema: int, without: Collection[str] = ()) -> str:
    """The SQL of a row's checksum in a journal of that schema, once the columns ``without`` are emptied."""
    columns = ", ".join("NULL" if column in without else column for column in ROWS[table])
    added = ADDED.get(table)
    if added is None or schema < added.schema:
        return f"checksum({columns})"
    return f"iif({added.name} IS {added.default}, checksum({columns}), checksum({columns}, {added.name}))"


def checksum(*values: float | str | bytes | None) -> int:
    """The CRC-32 of a row's values as they are stored; never 0."""
    return crc32(msgpack.encode(values)) or 1


def teach(db: apsw.Connection) -> None:
    """Let statements on this connection call `checksum`."""
    db.create_scalar_function("checksum", checksum, deterministic=True)


def altered(db: apsw.Connection, table: str) -> list[object]:
    """The keys of the rows that are not what was kept; the table has checksums."""
    of = covering(table, db.pragma("user_version"))
    rows = db.execute(f"SELECT {ROWS[table][0]} FROM {table} WHERE checksum NOT IN (0, {of})")  # noqa: S608 (names of our own)
    return [key for (key,) in rows]


GENESIS = bytes(32)
"""The hash before the first event."""


def link(previous: bytes, record: bytes, line: str) -> bytes:
    """The hash of an event that follows one whose hash is ``previous``: BLAKE2b, 32 bytes.

    It finds corruption. It proves nothing against someone who rewrites the whole chain.
    """
    size = len(record).to_bytes(8, "big")  # so that no byte can move from the record to the line unseen
    return blake2b(b"".join((previous, size, record, line.encode())), digest_size=32).digest()
