"""Old observations thinned to hourly extremes. Events stay for ever, each with its line and its hash.

Of each hour stay the first and the last observation and those with the lowest and the highest wealth, price and score;
besides, what a chart or the arithmetic of returns hangs on: changes of regime and of halts, and flows. What stays is as
it was observed, but for its reasons and due times. Thinning what was thinned takes nothing more.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

import apsw
from msgspec import json

from livestory.clock import DAY, HOUR, SystemClock
from livestory.story.files.layout import Layout
from livestory.story.journal import queries
from livestory.story.journal.checksum import covering
from livestory.story.journal.connection import connect
from livestory.story.journal.faults import faults
from livestory.story.journal.lock import WriterLock
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.schema import STEPS, prepare
from livestory.story.journal.writer import refuse_replica

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from livestory.story.journal.entry import Compacted

_AT_ONCE = 30 * DAY  # thinned in one transaction

_SPAN = "FROM observations WHERE time >= :start AND time < :end"
_BY_HOUR = f"GROUP BY (time - 1) / {HOUR}"  # a bar that ends at the full hour belongs to the hour that ends there
# The row that a bare column is taken from beside min() or max() is the one that holds it:
# https://sqlite.org/lang_select.html#bareagg
_EXTREMES = " UNION ALL ".join(
    f"SELECT time FROM (SELECT time, {extreme}({field}) {_SPAN} AND {field} IS NOT NULL {_BY_HOUR})"  # noqa: S608 (no values)
    for field in ("time", "wealth", "price", "score")
    for extreme in ("min", "max")
)
_CHANGES = f"""SELECT time FROM (SELECT time, flow IS NOT NULL
OR regime IS NOT lag(regime) OVER t OR halted IS NOT lag(halted) OVER t OR halt_reason IS NOT lag(halt_reason) OVER t
AS changes {_SPAN} WINDOW t AS (ORDER BY time)) WHERE changes"""  # noqa: S608 (no values)
_THIN = f"""DELETE {_SPAN} AND time NOT IN
({_EXTREMES} UNION ALL {_CHANGES} UNION ALL SELECT value FROM json_each(:spared))"""  # noqa: S608 (no values)
# Why a bar made no trade, and when the next one was due, say nothing once its neighbours are gone.
_STRIPPED = ("no_trade_reason", "next_due")
_STRIP = f"""UPDATE observations SET no_trade_reason = NULL, next_due = NULL,
checksum = {covering("observations", len(STEPS), _STRIPPED)}
WHERE time >= :start AND time < :end AND (no_trade_reason IS NOT NULL OR next_due IS NOT NULL)"""  # noqa: S608 (as above)


class Freed(NamedTuple):
    """What a compaction came to."""

    observations: int  # that were taken away
    before: int  # bytes of the journal with its log
    after: int


class Compaction:
    """A journal that nobody writes, open to be thinned."""

    def __init__(self, layout: Layout, lock: WriterLock) -> None:
        """Not to be called: `open` makes one."""
        self._path = layout.db
        self._lock = lock
        self._db: apsw.Connection | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str], name: str) -> Self:
        """Take the writer's lock of the story at ``path`` in the name of ``name``, and bring its tables up to date.

        Raises JournalHeld while a bot writes it, and JournalError, JournalForeign, JournalNewer, JournalCorrupt.
        """
        layout = Layout.of(path)
        with JournalReader.open(layout.db) as reader:
            identity, created = reader.identity, reader.created
            refuse_replica(reader.replica, layout.db)
        compaction = cls(layout, WriterLock.acquire(layout.lock, name))
        try:
            with faults(layout.db, "open"):
                compaction._db = connect(layout.db, flags=apsw.SQLITE_OPEN_READWRITE)
                prepare(compaction._db, layout.db, identity, created or SystemClock().now())
        except BaseException:
            compaction.close()
            raise
        return compaction

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the lock: a writer may open the journal again."""
        if self._db is not None:
            self._db.close()
        self._lock.release()

    def boundary(self, keep: int) -> int | None:
        """The midnight (UTC) before which observations are older than ``keep``, counted back from the last one.

        None where there are none. Raises JournalError.
        """
        with faults(self._path, "read"):
            first = self._connection.execute("SELECT min(time) FROM observations").get
            last = self._connection.execute("SELECT max(time) FROM observations").get
        until = 0 if last is None else (last - keep) // DAY * DAY
        return until if first is not None and first < until else None

    @property
    def done(self) -> Compacted | None:
        """Up to where it was compacted before. Raises JournalError."""
        with faults(self._path, "read"):
            return queries.compacted(self._connection)

    def compact(self, mark: Compacted, progress: Callable[[float], None] = lambda _: None) -> Freed:
        """Thin the observations before ``mark.until`` and give the room back. ``progress`` is told the share done.

        First the journal says that it is compacted, then it is: killed in between, every reader still understands it,
        and the next call goes on. Raises JournalError; what was thinned by then stays so.
        """
        db, size, gone = self._connection, self._size(), 0
        with faults(self._path, "compact"):
            with db:
                db.execute("DELETE FROM compacted WHERE until != ?", (mark.until,))
                db.execute("INSERT INTO compacted VALUES(?,?,?) ON CONFLICT(until) DO NOTHING", mark)
            first = start = int(db.execute("SELECT min(time) FROM observations").get) // DAY * DAY
            spared = json.encode(self._around_flows(mark.until)).decode()
            while start < mark.until:
                end = min(start + _AT_ONCE, mark.until)
                with db:
                    db.execute(_THIN, {"start": start, "end": end, "spared": spared})
                    gone += db.changes()
                    db.execute(_STRIP, {"start": start, "end": end})
                start = end
                progress((start - first) / (mark.until - first))
            db.execute("VACUUM")
            with suppress(apsw.BusyError):  # somebody reads; the log is then cut by the next writer
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return Freed(gone, size, self._size())

    def _around_flows(self, until: int) -> list[int]:
        """The observations that returns hang on: the wealth before each flow that was told by itself."""
        db, spared = self._connection, []
        for (time,) in db.execute("SELECT time FROM events WHERE kind = 'flow' AND time < ?", (until + DAY,)):
            before = "SELECT time FROM observations WHERE time <= ? AND wealth IS NOT NULL ORDER BY time DESC LIMIT 2"
            spared += [each for (each,) in db.execute(before, (time,))]
        return spared

    @property
    def _connection(self) -> apsw.Connection:
        if self._db is None:
            message = "the journal is closed"
            raise ValueError(message)
        return self._db

    def _size(self) -> int:
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
