"""Lines of standard input as they come, and the answer to each on standard output."""

from __future__ import annotations

import os
import sys
import threading
from queue import Empty, Queue
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click
import msgspec

from livestory.cli import streams
from livestory.errors import JournalError, JournalForeign, JournalHeld
from livestory.story.public.reading import MOST_BYTES, BadInput, read
from livestory.story.wording.text import visible
from livestory.story.writing.public import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livestory.story.writing.public import Outcome, PublicWriter

T = TypeVar("T")

_CHUNK = 65_536  # bytes read at once
_MOST_WAITING = 256  # chunks in memory: what comes faster than the disk takes it
_TOGETHER = 1_000  # lines that are made durable in one commit, at most
_LOOK = 1.0  # seconds between two looks into the inbox
_RETRY_FIRST, _RETRY_MOST = 0.05, 5.0  # seconds between tries, where the disk takes nothing
_LAST_TRIES = 10.0  # seconds of them, once there is no more input


class StdinLine(NamedTuple):
    """A line of standard input, without its end."""

    number: int  # from 1
    raw: bytes  # of one that is too long only the beginning


class StdinLines:
    """Reads standard input on a thread of its own, so that its sender does not wait for a disk."""

    def __init__(self, descriptor: int = 0) -> None:
        """Begin to read what ``descriptor`` leads to."""
        self.ended = False  # all of it was read, though perhaps not taken
        self._descriptor = descriptor
        self._waiting: Queue[list[StdinLine] | None] = Queue(_MOST_WAITING)
        threading.Thread(target=self._read, name="standard input", daemon=True).start()

    def batches(self) -> Iterator[list[StdinLine]]:
        """The lines, as many together as have come; an empty list where none came for a while."""
        while True:
            try:
                batch = self._waiting.get(timeout=_LOOK)
            except Empty:
                yield []
                continue
            while batch is not None and len(batch) < _TOGETHER and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    yield batch
                    return
                batch += more
            if batch is None:
                return
            yield batch

    def _read(self) -> None:
        number, rest = 0, b""
        while chunk := self._chunk():
            *whole, tail = chunk.split(b"\n")
            if whole:
                raws = [rest + whole[0], *whole[1:]]
                self._waiting.put([StdinLine(number + place, raw) for place, raw in enumerate(raws, 1)])
                number, rest = number + len(raws), b""
            rest += tail[: MOST_BYTES + 1 - len(rest)]  # of a line without an end no more is gathered
        if rest:
            self._waiting.put([StdinLine(number + 1, rest)])
        self.ended = True
        self._waiting.put(None)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, _CHUNK)
        except OSError:  # as of a terminal that was closed
            return b""


class Count(NamedTuple):
    """The number of inputs, and of those that were refused."""

    told: int
    refused: int


def relay(lines: StdinLines, story: PublicWriter, answer: Callable[[Reply], object]) -> Count:
    """Tell each line, and answer it once it is durable.

    Raises JournalError: what was answered before is kept, and what was not is to be sent again.
    """
    told = refused = 0
    for batch in lines.batches():
        taken = [(line.number, _taken(line, story, lines)) for line in batch if line.raw.strip()]
        _patiently(story.keep, lines)
        for number, outcome in taken:
            reply = Reply(line=number, error=outcome) if isinstance(outcome, str) else outcome.reply(number)
            answer(reply)
            told += reply.error is None
            refused += reply.error is not None
    return Count(told, refused)


def _taken(line: StdinLine, story: PublicWriter, lines: StdinLines) -> Outcome | str:
    """What becomes of a line, or why it is no input; a person reads that on standard error."""
    try:
        given = read(line.raw)
    except BadInput as error:
        place = f"{line.number}" if error.column is None else f"{line.number}:{error.column}"
        _complain(place, str(error))
        return str(error)
    outcome = _patiently(lambda: story.tell(given), lines)
    if outcome.error is not None:
        _complain(str(line.number), outcome.error)
    return outcome


def _complain(place: str, problem: str) -> None:
    click.echo(visible(f"standard input:{place}: {problem}"), err=True)


def _patiently(act: Callable[[], T], lines: StdinLines) -> T:
    """Try until the disk takes it: while there may be more input, for as long as that takes."""
    pause, since, told = _RETRY_FIRST, monotonic(), False
    while True:
        try:
            done = act()
        except (JournalHeld, JournalForeign):
            raise
        except JournalError as error:
            if lines.ended and monotonic() - since > _LAST_TRIES:
                raise
            if not told:
                click.echo(visible(f"the story waits: {error}"), err=True)
            told = True
            sleep(pause)
            pause = min(2 * pause, _RETRY_MOST)
        else:
            if told:
                click.echo("the story goes on", err=True)
            return done


class Answers:
    """Writes each reply as a line of JSON; once nobody reads them any more, none."""

    def __init__(self) -> None:
        """Answers go to standard output."""
        self._read = True

    def __call__(self, reply: Reply) -> None:
        """Write ``reply``, at once."""
        if self._read:
            try:
                sys.stdout.write(f"{msgspec.json.encode(reply).decode()}\n")
                sys.stdout.flush()
            except OSError:
                self._read = False
                streams.give_up_output()
