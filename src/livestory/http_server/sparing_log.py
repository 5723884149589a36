"""A server's log that tells the first line of a kind, and counts those that follow."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGERS = ("livestory.web", "uvicorn.error", "asyncio")
INTERVAL = 60.0  # seconds
_MOST_KINDS = 100


class _Seen:
    def __init__(self, record: logging.LogRecord, since: float) -> None:
        self.record = record
        self.since = since
        self.more = 0


class SparingLog(logging.Filter):
    """Lets the first line of a kind through, and counts those that follow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Attach it to loggers with addFilter, or use it as a context for the server's own."""
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[object, ...], _Seen] = {}

    def __enter__(self) -> None:
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def __exit__(self, *_: object) -> None:
        """Let them be, with what is left to tell."""
        self.summarise(after=0.0)
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is the first of its kind: the same words, whatever is put into them."""
        kind = record.name, record.levelno, str(record.msg).partition("\n")[0], record.exc_info and record.exc_info[0]
        seen = self._seen.get(kind)
        if seen is not None:
            seen.more += 1
        elif len(self._seen) < _MOST_KINDS:
            self._seen[kind] = _Seen(record, self._clock())
        return seen is None

    def summarise(self, after: float = INTERVAL) -> None:
        """Tell how many more there were of each kind that was told ``after`` seconds ago or earlier."""
        now = self._clock()
        for kind, seen in list(self._seen.items()):
            if now - seen.since < after:
                continue
            if not seen.more:
                del self._seen[kind]
                continue
            first = seen.record.getMessage().partition("\n")[0]
            record = logging.makeLogRecord(
                {
                    "name": seen.record.name,
                    "levelno": seen.record.levelno,
                    "levelname": seen.record.levelname,
                    "msg": "%s (%d more times in %.0f s)",
                    "args": (first, seen.more, now - seen.since),
                }
            )
            logging.getLogger(record.name).callHandlers(record)
            seen.more, seen.since = 0, now
