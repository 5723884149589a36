"""The chain of hashes through a journal's events."""

from __future__ import annotations

from hashlib import blake2b

GENESIS = bytes(32)
"""The hash before the first event."""


def link(previous: bytes, record: bytes, line: str) -> bytes:
    """The hash of an event that follows one whose hash is ``previous``: BLAKE2b, 32 bytes.

    It finds corruption. It proves nothing against someone who rewrites the whole chain.
    """
    size = len(record).to_bytes(8, "big")  # so that no byte can move from the record to the line unseen
    return blake2b(b"".join((previous, size, record, line.encode())), digest_size=32).digest()
