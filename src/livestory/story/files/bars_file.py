"""The bars that a bot has heard, beside its story: what candles are drawn from, and what nothing else depends on.

A table in CSV that anybody can open, and that `livestory run --bars` replays: when a bar opened (milliseconds since the
epoch), its prices, and its volume. It is no part of the journal: a story that has none is drawn as a line.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Self

from livestory.clock import SECOND
from livestory.story.files.layout import open_file, unused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEAD = b"open_time,open,high,low,close,volume\n"

_MILLISECOND = SECOND // 1000
_OF_A_KILL = 1_000  # most bars between two commits of a replay

_log = logging.getLogger("livestory")


class BarRow(NamedTuple):
    """A bar, by the instant at which it opened."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None


class BarsFile:
    """Writes bars down as they are heard. What goes wrong is said once, and ends it: it stops no trade."""

    def __init__(self, path: Path, heard: int | None) -> None:
        """Go on with the file at ``path`` after the bars that the story has heard, up to that instant; or begin it."""
        self._path = path
        self._last = 0  # when the last bar that it has opened
        self._file: int | None = None
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._go_on(self._file, heard or 0)
        except OSError as error:
            self._give_up(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def add(self, bar: BarRow) -> None:
        """Write a bar down; one that is there already is passed over."""
        if self._file is None or bar.time <= self._last:
            return
        volume = "" if bar.volume is None else repr(bar.volume)
        line = f"{bar.time // _MILLISECOND},{bar.open!r},{bar.high!r},{bar.low!r},{bar.close!r},{volume}\n".encode()
        try:
            written = os.write(self._file, line)
        except OSError as error:
            self._give_up(error)
            return
        if written < len(line):  # the rest would be read as another bar's
            self._give_up(OSError(None, "no room"))
        self._last = bar.time

    def _go_on(self, file: int, heard: int) -> None:
        """After the last bar that was heard: a kill may have left more, a power cut a part of a line, or zeros.

        Far more are those of another story, and kept aside.
        """
        content = os.read(file, os.fstat(file).st_size)
        if content.strip(b"\0") and not content.startswith(_HEAD):
            raise OSError(None, "not a table of bars that livestory has begun")
        end = len(content)
        for line in reversed(content.splitlines(keepends=True)):
            row = _row(line) if line.endswith(b"\n") else None
            if row is not None and row.time < heard:
                self._last = row.time
                break
            end -= len(line)
        if content.count(b"\n", end) > _OF_A_KILL:
            aside = unused(self._path, "replaced")
            aside.write_bytes(content)
            _log.error("%s: has bars that this story has not heard; they are kept as %s", self._path, aside.name)
        os.ftruncate(file, end)
        os.lseek(file, 0, os.SEEK_END)
        if not end:
            os.write(file, _HEAD)

    def _give_up(self, error: OSError) -> None:
        _log.error("%s: %s; the page will show no candles from here on", self._path, error.strerror or error)
        self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                os.close(file)


class BarsReader:
    """Reads on in such a file, which grows meanwhile, and may be another one the next time."""

    def __init__(self, path: Path) -> None:
        """Of the file at ``path``, which need not be there."""
        self._path = path
        self._read = 0  # bytes
        self._last = b""  # line among them: where it does not stand any more, the file is another one

    def new(self) -> tuple[bool, Iterator[BarRow]]:
        """Whether it is another file than the last time, and the bars that were not read yet. Raises no error."""
        content, same = b"", self._read == 0
        with suppress(OSError), open_file(self._path) as file:
            file.seek(self._read - len(self._last))
            content = file.read()
            same = content.startswith(self._last)
            if not same:
                file.seek(0)
                content = file.read()
        if same:
            content = content[len(self._last) :]
        else:
            self._read, self._last = 0, b""
        lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
        self._read += sum(map(len, lines))
        self._last = lines[-1] if lines else self._last
        return not same, (row for line in lines if (row := _row(line)) is not None)


def _row(line: bytes) -> BarRow | None:
    """The bar that a line holds; None where it holds none that can be true."""
    try:
        time, open_, high, low, close, volume = line.rstrip().split(b",")
        prices = float(open_), float(high), float(low), float(close)
        row = BarRow(int(time) * _MILLISECOND, *prices, float(volume) if volume else None)
    except ValueError:
        return None
    possible = 0.0 < row.low <= row.open <= row.high < inf and row.low <= row.close <= row.high
    return row if possible else None
