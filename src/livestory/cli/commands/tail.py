"""`livestory tail`: reads along in the journal."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import click

from livestory.cli.options import MICROSECOND, dir_option, event_kinds, time_or_ago
from livestory.cli.story_folder import story_in
from livestory.clock import SystemClock
from livestory.durations import duration_text
from livestory.errors import JournalError
from livestory.story.kinds import KINDS
from livestory.story.wording.numbers import minute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.outlets.terminal import TerminalPrinter
    from livestory.story.event import Event
    from livestory.story.files.layout import Layout
    from livestory.story.journal.entry import Kept
    from livestory.story.journal.reader import JournalReader

_LINES = 50
_PAUSE = 0.1  # seconds between two looks; one takes microseconds


@click.command(short_help="Print or follow a story's lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on printing lines as they are told, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"How many of the last lines.  [default: {_LINES}, all with --since]",
)
@click.option("--kind", "kinds", type=event_kinds, metavar="KIND,…", help=f"Only these kinds: {', '.join(KINDS)}.")
@click.option(
    "--since",
    type=time_or_ago("2h"),
    metavar="2h|TIME",
    help="Only lines from then on. A duration counts from now; in a replay, from its last line.",
)
@click.option("--all", "everything", is_flag=True, help="Also the lines that the story's text leaves out.")
@click.option("--local", is_flag=True, help="First column in this machine's time zone. Times within a line stay UTC.")
@dir_option()
def tail(
    lines: int | None,
    kinds: frozenset[str] | None,
    since: int | timedelta | None,
    folder: Path,
    *,
    follow: bool,
    everything: bool,
    local: bool,
) -> None:
    """Print the last lines of a story.

    It reads the journal, so that a story file that was rotated or edited doesn't matter, and never disturbs the bot.

    \b
    livestory tail
    livestory tail -f --kind trade,breaker,phoenix
    livestory tail --since 2d --kind chapter --dir results/demo
    """
    from livestory.outlets.terminal import TerminalPrinter
    from livestory.story.journal.reader import JournalReader

    printer = TerminalPrinter(sys.stdout, local=local)
    wanted = _Wanted(kinds, since, _LINES if lines is None and since is None else lines, everything)
    layout = story_in(folder)
    if follow:
        for page in _followed(layout, wanted):
            _print(printer, page)
        return
    found = False
    with JournalReader.open(layout.db) as reader:
        for page in wanted.pages(reader):
            _print(printer, page)
            found = found or bool(page)
    if not found and lines != 0:
        click.echo(f"{layout.db}: {wanted.nothing()}", err=True)


class _Wanted(NamedTuple):
    """Which lines were asked for."""

    kinds: frozenset[str] | None
    since: int | timedelta | None
    lines: int | None  # None: all of them
    everything: bool  # also what is not shown

    def has(self, kept: Kept) -> bool:
        """Whether an event that has just been told is one of them."""
        return (self.everything or kept.shown) and (self.kinds is None or kept.kind in self.kinds)

    def pages(self, reader: JournalReader, end: int | None = None) -> Iterator[list[Kept]]:
        """The events before the seq ``end``, a page at a time."""
        since, shown = self._start(reader), not self.everything
        if self.lines is None:
            yield from reader.pages(before_seq=end, kinds=self.kinds, since=since, shown=shown)
            return
        most = min(self.lines, sys.maxsize)
        last = reader.events(before_seq=end, kinds=self.kinds, since=since, shown=shown, limit=most, newest_first=True)
        yield last[::-1]

    def nothing(self) -> str:
        """That no line is one of them."""
        kinds = f" of kind {', '.join(sorted(self.kinds))}" if self.kinds else ""
        if self.since is None:
            return f"no line{kinds} was told yet"
        if isinstance(self.since, timedelta):
            return f"no line{kinds} in the last {duration_text(self.since // MICROSECOND)}"
        return f"no line{kinds} since {minute(self.since)}"

    def _start(self, reader: JournalReader) -> int | None:
        from livestory.story.snapshot import on_bars_time

        if not isinstance(self.since, timedelta):
            return self.since
        last = reader.event(reader.last_seq) if on_bars_time(reader.identity) else None
        return (SystemClock().now() if last is None else last.told) - self.since // MICROSECOND


def _followed(layout: Layout, wanted: _Wanted) -> Iterator[list[Kept]]:
    """The last events, and then without end those that are told: of this story, and of one that takes its place."""
    from livestory.story.journal.follower import Change, StoryFollower

    follower = StoryFollower(layout.db)
    begun, said = False, ""
    while True:
        try:
            change = follower.look()
            if not begun:
                last = follower.reader.last_seq
                yield from wanted.pages(follower.reader, last + 1)
                follower.go_to(last)
                begun = True
            elif change is Change.REWOUND and not follower.seq:  # nobody knows what of it was printed
                follower.go_to(follower.reader.last_seq)
            while page := follower.page():
                yield [kept for kept in page if wanted.has(kept)]
            follower.recovered()
            said = ""
        except JournalError as error:
            follower.failed(error)
            if follower.trouble is None or not follower.trouble.passing:  # waiting is no help
                raise
            what = str(error).splitlines()[0]
            if what != said:  # a file that is begun and holds nothing yet is no news beside none
                click.echo(f"{what}; waiting (Ctrl-C ends it)", err=True)
            said = what
        time.sleep(_PAUSE)


def _print(printer: TerminalPrinter, events: list[Kept]) -> None:
    for kept in events:
        sys.stdout.write(printer.shown(_event(kept)) + "\n")
    sys.stdout.flush()


def _event(kept: Kept) -> Event:
    """The event; without its facts where a newer livestory wrote a record that this one doesn't know."""
    from msgspec import MsgspecError

    from livestory.story.event import Event, from_record
    from livestory.story.kinds.base import Facts

    try:
        return from_record(kept.record, kept.line, kept.id, kept.seq, shown=kept.shown)
    except MsgspecError:
        return Event(kept.time, Facts(), kept.line, kept.id, kept.seq, kept.shown)
