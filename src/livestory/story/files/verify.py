"""Whether journal, story file and archive agree, or what is wrong where. Reads only."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import msgspec

from livestory.errors import JournalCorrupt
from livestory.story.files.layout import Layout
from livestory.story.files.verify_lines import Finding
from livestory.story.files.verify_text import text_findings
from livestory.story.journal import queries
from livestory.story.journal.checksum import GENESIS, altered, link, sealed
from livestory.story.journal.connection import connect_reader
from livestory.story.journal.entry import Kept, from_row
from livestory.story.journal.faults import faults
from livestory.story.journal.lock import holder
from livestory.story.journal.positions import KeptPositions
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.schema import STEPS

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["Finding", "Verification", "verify"]

_FIELDS = Kept.__struct_fields__
_FLAGS = {0: False, 1: True}
_ATTEMPTS = 20  # looks at the text of a story that is being written, before a difference counts
_MOST = 20  # altered rows told of a table
_PAUSE = 0.05  # seconds between them
_RESTORE = "Stop the bot, move the journal away and restore it from a backup; the text is still there to read."


class Verification(msgspec.Struct):
    """What `verify` found, to be printed."""

    findings: list[Finding] = []
    events: int = 0
    observations: int = 0
    archives: int = 0  # days
    writer: str | None = None  # who writes the story now
    replica: str | None = None  # of what it is a copy that a fleet made


def verify(path: str | os.PathLike[str], check: Callable[[Kept], str | None] | None = None) -> Verification:
    """Look at every part of the story at ``path`` (its text or its journal); the findings are empty if all is well.

    ``check`` is asked of each event whether its record and its line agree, and says what is wrong or None.
    Raises JournalNewer, JournalForeign, and JournalError where there is no journal.
    """
    layout = Layout.of(path)
    report = Verification(writer=holder(layout.lock))
    try:
        with faults(layout.db, "verify"):
            with JournalReader.open(layout.db) as reader:
                report.replica = reader.replica
            with closing(connect_reader(layout.db)[0]) as db:
                readable = _Inspection(db, layout, report).run(check)
            if readable:
                report.findings += _text(layout, report)
    except JournalCorrupt as error:
        what = str(error).partition("\n")[0].removeprefix(f"{layout.db}: ")
        report.findings.append(Finding(str(layout.db), what, _RESTORE))
    if not layout.lock.is_file() or layout.lock.is_symlink():
        remedy = "Start the bot again; it makes a new one."
        report.findings.append(Finding(str(layout.lock), "the lock is missing or no file", remedy))
    return report


def _text(layout: Layout, report: Verification) -> list[Finding]:
    """What is wrong with the text. That of a running bot follows its journal: only what lasts counts."""
    lasting: list[Finding] | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE)
        written = holder(layout.lock) is not None
        findings, report.archives = text_findings(layout)
        lasting = findings if lasting is None or not written else [each for each in lasting if each in findings]
        if not lasting or not written:
            break
    return lasting or []


class _Inspection:
    """Goes through one snapshot of the journal."""

    def __init__(self, db: apsw.Connection, layout: Layout, report: Verification) -> None:
        self.db = db
        self.path = layout.db
        self.report = report
        self.last_seq = 0

    def run(self, check: Callable[[Kept], str | None] | None) -> bool:
        """Go through all of it; whether its lines can be read, to compare the text with."""
        self.db.execute("BEGIN")
        for (verdict,) in self.db.execute("PRAGMA integrity_check(20)"):
            if verdict != "ok":
                self._found("", f"SQLite: {verdict}")
        if self.path.stat().st_size % self.db.pragma("page_size"):  # SQLite reads on where the rest of a page is empty
            self._found("", "it is cut off: its last page is not whole")
        if not self._schema():
            return False
        readable = self._events(check)
        self._observations()
        self._states()
        self._altered()
        return readable

    def _found(self, place: str, what: str, remedy: str = _RESTORE) -> None:
        self.report.findings.append(Finding(f"{self.path}{place and ' '}{place}", what, remedy))

    def _schema(self) -> bool:
        """Whether all tables and columns are there."""
        whole = True
        with closing(apsw.Connection(":memory:")) as fresh:
            version = self.db.pragma("user_version")  # an older one is brought up to date by the next writer
            for statement in (statement for step in STEPS[:version] for statement in step):
                fresh.execute(statement)
            tables = [name for (name,) in fresh.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
            for table in tables:
                wanted, there = (_columns(db, table) for db in (fresh, self.db))
                for column in wanted - there:
                    whole = False
                    self._found(f"table {table}", f"the column {column} is missing" if there else "it is missing")
                    if not there:
                        break
        return whole

    def _events(self, check: Callable[[Kept], str | None] | None) -> bool:
        """Look at each event; whether all can be read."""
        seq, before, told, readable = 0, GENESIS, 0, True
        for row in self.db.execute(f"{queries.events(self.db)} NOT INDEXED ORDER BY seq"):
            try:
                fields = dict(zip(_FIELDS, row, strict=True))
                fields["shown"] = _FLAGS.get(fields["shown"], fields["shown"])
                event = msgspec.convert(fields, Kept, builtin_types=(bytes,))
            except msgspec.ValidationError as error:
                self._found(f"event {row[0]}", f"its row can't be read ({error})")
                readable = False
                continue
            if event.seq != seq + 1:
                gone = f"event {seq + 1} is" if event.seq == seq + 2 else f"events {seq + 1} to {event.seq - 1} are"
                self._found(f"event {seq + 1}", f"{gone} missing")
            elif link(before, event.record, event.line) != event.hash:
                self._found(f"event {event.seq}", "the record, the line or the hash was altered")
            if event.told < told:
                self._found(f"event {event.seq}", "it is told before the event in front of it")
            if check is not None and (wrong := check(event)) is not None:
                self._found(f"event {event.seq}", wrong)
            seq, before, told = event.seq, event.hash, event.told
            self.report.events += 1
        self.last_seq = seq
        doubled = "SELECT id, count(*), max(seq) FROM events NOT INDEXED GROUP BY +id HAVING count(*) > 1"
        for entry_id, count, at in self.db.execute(doubled):
            self._found(f"event {at}", f"the id {entry_id} is there {count} times")
        return readable

    def _observations(self) -> None:
        positions = KeptPositions(self.db)
        for *row, after, moves, _ in self.db.execute(f"{queries.observations(self.db)} ORDER BY time"):
            self.report.observations += 1
            try:
                from_row(row, None if moves is None else positions.of(row[0], moves))
            except (TypeError, ValueError, msgspec.MsgspecError) as error:
                self._found(f"observation {row[0]}", f"its row can't be read ({error})")
            if not isinstance(after, int) or not 0 <= after <= self.last_seq:
                self._found(f"observation {row[0]}", f"it follows event {after}, the last one is {self.last_seq}")

    def _states(self) -> None:
        for (name,) in self.db.execute("SELECT name FROM states WHERE typeof(state) != 'blob'"):
            self._found(f"state {name}", "it can't be read (no bytes)")
        beyond = "SELECT name, seq FROM cursors WHERE typeof(seq) != 'integer' OR seq NOT BETWEEN 0 AND ?"
        for name, seq in self.db.execute(beyond, (self.last_seq,)):
            self._found(f"cursor {name}", f"it stands at event {seq}, the last one is {self.last_seq}")

    def _altered(self) -> None:
        for table in sealed(self.db.pragma("user_version")):
            for key in altered(self.db, table)[:_MOST]:
                self._found(f"{table[:-1]} {key}", "it was altered")


def _columns(db: apsw.Connection, table: str) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))}
