"""A retold story as text, JSON or CSV: written where it belongs once all of it is told."""

from __future__ import annotations

import csv
import io
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec import Struct

from livestory.clock import as_datetime
from livestory.errors import InputError
from livestory.story.files.layout import Layout
from livestory.story.files.output_file import Target, replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from livestory.story.account import Account
    from livestory.story.event import Event

_IN_MEMORY = 4 << 20  # bytes of a story that are kept in memory; more go to a temporary file
_BLOCK = 1 << 20
_AT_ONCE = 512  # texts
_COMMA = ",\n"  # before a record of the JSON array; the first one goes without
_COLUMNS = ("time", "kind", "headline", "facts", "why", "record")


class EventFilter(Struct, frozen=True, kw_only=True):
    """Which events are written: since <= time < until, of these kinds; None is all."""

    since: int | None = None
    until: int | None = None
    kinds: frozenset[str] | None = None
    everything: bool = True  # also what is not shown

    def matches(self, event: Event) -> bool:
        """Whether the event is one of them."""
        return (
            (self.everything or event.shown)
            and (self.kinds is None or event.kind in self.kinds)
            and (self.since is None or event.time >= self.since)
            and (self.until is None or event.time < self.until)
        )


class StoryOutput:
    """Keeps a story, formatted, until it is at its end and can be written in one go."""

    wants_observations = False

    def __init__(self, form: str, events: EventFilter) -> None:
        """Take the events of ``events``. ``form`` is "text", "json" (an array, a record a line) or "csv"."""
        self._form = form
        self._format = _FORMS[form]
        self._filter = events
        self._first = ""
        self._body = Spool()

    def begin(self) -> None:
        """Forget what was heard before."""
        self._body.clear()

    def on_observation(self, account: Account, time: int) -> None:
        """Never called: `wants_observations` is false."""

    def on_event(self, event: Event) -> None:
        """Keep the event as it will be written, where it is one of the chosen."""
        if self._filter.matches(event):
            self._body.write(self._format(event))

    def end(self, head: Event, summary: Event) -> None:
        """Keep head and summary, whenever they are: they speak of the whole."""
        kinds = self._filter.kinds
        if kinds is None or head.kind in kinds:
            self._first = self._format(head)
        if kinds is None or summary.kind in kinds:
            self._body.write(self._format(summary))

    @property
    def is_text(self) -> bool:
        """Whether it is lines for a person to read."""
        return self._form == "text"

    @property
    def is_empty(self) -> bool:
        """Whether no event was one of the chosen."""
        return not self._first and not self._body.used

    def blocks(self) -> Iterator[str]:
        """The story as it is written, in blocks."""
        if self._form != "json":
            yield (",".join(_COLUMNS) + "\n" if self._form == "csv" else "") + self._first
            yield from self._body.blocks()
            return
        comma = ""
        for block in (self._first, *self._body.blocks()):
            yield "[\n" + block.removeprefix(_COMMA) if block and not comma else block
            comma = comma or block
        yield "\n]\n" if comma else "[]\n"

    def close(self) -> None:
        """Delete what is kept of the story."""
        self._body.close()


class Spool:
    """Text that is kept until it is known whether it will be wanted: in memory, beyond some MB in a temporary file."""

    def __init__(self) -> None:
        self.used = False
        self._waiting: list[str] = []  # a call of the file for each line takes longer than all else with it
        self._file: IO[str] = SpooledTemporaryFile(  # noqa: SIM115 - closed by `close`
            _IN_MEMORY, "w+", encoding="utf-8", newline=""
        )

    def clear(self) -> None:
        """Delete the text that was written so far."""
        self._waiting.clear()
        self._file.seek(0)
        self._file.truncate()
        self.used = False

    def write(self, text: str) -> None:
        """Add to it. Raises OSError."""
        self.used = True
        self._waiting.append(text)
        if len(self._waiting) >= _AT_ONCE:
            self._keep()

    def blocks(self) -> Iterator[str]:
        """All of it, in blocks."""
        self._keep()
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            yield block

    def close(self) -> None:
        """Delete the text, and its temporary file."""
        self._waiting.clear()
        self._file.close()

    def _keep(self) -> None:
        self._file.write("".join(self._waiting))
        self._waiting.clear()


def write_whole(path: Path, blocks: Iterable[str]) -> None:
    """Put a file of these blocks of text in the place of ``path``: all of it or nothing.

    Raises InputError, LivestoryError and OSError as `replaced` does.
    """
    with replaced(path) as file:
        for block in blocks:
            file.write(block.encode())


def check_place(out: Path, source: Path | None) -> None:
    """Raise InputError where a story may not be written: over a running story, over what is read, over a folder."""
    target = Target.of(out)
    if target.is_stream:
        return
    journal = Layout.of(target.path).db
    if journal.exists():
        other = out.with_name(f"{out.stem}_retold{out.suffix}")
        message = (
            f"{out}: beside it lies {journal.name}, the journal of a live story that writes this file\n"
            f"Name another one: --out {other}"
        )
        raise InputError(message)
    if source is not None and out.exists() and source.exists() and out.samefile(source):
        message = f"{out}: this is what is read; name another file with --out"
        raise InputError(message)


def _text(event: Event) -> str:
    return event.line + "\n"


def _json(event: Event) -> str:
    record = event.record().decode()
    return f'{_COMMA}{{"line":{msgspec.json.encode(event.line).decode()},{record[1:]}'


def _csv(event: Event) -> str:
    _, headline, facts, *why = event.line.split(" | ", 3)
    file = io.StringIO()
    time = as_datetime(event.time).isoformat().replace("+00:00", "Z")
    csv.writer(file, lineterminator="\n").writerow(
        (time, event.kind, headline, facts, *(why or [""]), event.record().decode())
    )
    return file.getvalue()


_FORMS = {"text": _text, "json": _json, "csv": _csv}
