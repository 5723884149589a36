"""How much goes to a fleet's database and comes from it at a time."""

from __future__ import annotations

LARGEST = 65_536
"""Bytes of a line, and of a record; the database refuses more, by its own CHECKs (`schema/1.sql`)."""
BATCH = 1000
"""Rows that are read in one step."""
