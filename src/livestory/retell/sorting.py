"""More rows than memory holds, by their times."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from operator import itemgetter
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from msgspec import msgpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Row = tuple[int, int, Sequence[str]]  # time, line, fields
_RUN = 100_000  # rows sorted in memory
_LENGTH = 4  # bytes before each row of a run on disk
_decode = msgpack.Decoder(Row).decode


def neighbours(compare: Callable[[Any, Any], bool], values: Sequence[Any]) -> Iterator[bool]:
    """Compare each value with the one after it: ``all(neighbours(le, times))`` is True if the times ascend."""
    return map(compare, values, islice(values, 1, None))


def by_time(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows by time; those of one time stay in the order in which they stood. Raises OSError."""
    source = iter(rows)
    with ExitStack() as files:
        runs = []
        while run := sorted(islice(source, _RUN), key=itemgetter(0)):
            file = files.enter_context(TemporaryFile())
            for row in run:
                packed = msgpack.encode(row)
                file.write(len(packed).to_bytes(_LENGTH, "little") + packed)
            file.seek(0)
            runs.append(_read(file))
        yield from heapq.merge(*runs, key=itemgetter(0))


def _read(file: IO[bytes]) -> Iterator[Row]:
    while length := file.read(_LENGTH):
        yield _decode(file.read(int.from_bytes(length, "little")))
