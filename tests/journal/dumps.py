"""Journals that older releases have written, as SQL."""

from __future__ import annotations

from pathlib import Path

import apsw

from livestory.story.journal import queries
from livestory.story.journal.entry import Identity
from livestory.story.journal.schema import STEPS, prepare

FIRST = Path(__file__).with_name("schema_1.sql")
"""A replay of 60 bars, told by release 0.1.0."""
WITH_POSITIONS = FIRST.with_name("schema_4.sql")
"""`record` has told it."""


def loaded(dump: Path, folder: Path, schema: int) -> Path:
    """The story of a dump, brought to that schema."""
    story = folder / "live_story.txt"
    db = apsw.Connection(str(folder / "live_story.db"))
    db.execute(dump.read_text("utf-8"))
    prepare(db, folder / "live_story.db", Identity(), 0, STEPS[:schema])
    db.pragma("journal_mode", "delete")  # its content stands in one file
    lines = [line.line for line in queries.lines(db, 0, 1000)]
    db.close()
    story.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    (folder / "live_story.lock").touch()
    return story
