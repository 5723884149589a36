"""Another program with a database: it commits again and again, and says so where it was kept from it."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

file, mode, ends = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
with sqlite3.connect(file, timeout=0, isolation_level=None) as db:
    db.execute(f"PRAGMA journal_mode={mode}")
    db.execute("CREATE TABLE IF NOT EXISTS numbers(id INTEGER PRIMARY KEY, number INTEGER NOT NULL, text TEXT)")
    print("begun", flush=True)  # noqa: T201 - whoever started it reads that
    commits = 0
    while not ends.exists():
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO numbers(number, text) VALUES(?, ?)", [(commits, "x" * 300)] * 20)
        db.execute("DELETE FROM numbers WHERE number < ?", (commits - 20,))
        db.execute("COMMIT")
        commits += 1
    print(commits, flush=True)  # noqa: T201 - as above
