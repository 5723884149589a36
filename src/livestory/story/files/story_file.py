"""live_story.txt and its archive: what a person reads of the journal.

A projection: all of it can be made again from the journal, and is where it was renamed, cut, deleted or replaced.
The cursor ``story_file`` in the journal is the last event that stands in the archive; the later ones stand in the
live file.
"""

from __future__ import annotations

import os
import stat
from datetime import date, timedelta
from itertools import chain, groupby, takewhile
from typing import TYPE_CHECKING, Protocol

from livestory.clock import DAY
from livestory.story.files.layout import Layout
from livestory.story.files.story_text import (
    complete,
    compressed,
    encoded,
    foreign,
    is_of_a_story,
    open_regular,
    replace,
    set_aside,
    uncompressed,
    write_all,
)
from livestory.story.journal.entry import Cursor, ShownLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from livestory.story.journal.entry import Kept
    from livestory.story.journal.writer import Journal

CURSOR = "story_file"
_EPOCH = date(1970, 1, 1)
_PAGE = 1000  # lines read from the journal at a time


class ShownLines(Protocol):
    """Where the text comes from: a journal, or a reader of one."""

    def lines(self, after_seq: int = 0, limit: int = 1000) -> list[ShownLine]:
        """The text of the events after ``after_seq`` that are shown, in order."""
        ...


def pages(journal: ShownLines, after_seq: int = 0) -> Iterator[list[ShownLine]]:
    """All lines after ``after_seq``, a page at a time."""
    while page := journal.lines(after_seq, _PAGE):
        yield page
        after_seq = page[-1].seq


def day_told(told: int) -> date:
    """The UTC day of an instant."""
    return _EPOCH + timedelta(days=told // DAY)


class StoryFile:
    """Writes the story file; one per journal, used by the journal's writer.

    Each method may raise OSError, or JournalError where the journal can't be read: nothing is lost, and the next call
    puts right what this one left.
    """

    def __init__(self, path: str | os.PathLike[str], keep_days: int | None) -> None:
        """The file at ``path`` keeps ``keep_days`` UTC days told, today included; None: all of them."""
        self.layout = Layout.of(path)
        self.keep_days = keep_days
        self._journal: Journal | None = None
        self._descriptor: int | None = None
        self._is: tuple[int, int, int] | None = None  # device, inode, size: what it is if nobody else touched it
        self._seq = 0  # of the last event that the file has the line of, or that is not shown
        self._oldest: date | None = None  # day of the first line in the file
        self.aside: tuple[Path, int] | None = None  # a text moved aside, and how many lines of a story it alone has
        self._today = date.min  # the latest day that it was rotated to

    def open(self, journal: Journal) -> None:
        """Follow ``journal``: complete the file, or make it again where it is not what the journal says.

        Archives that are gone are written again; those that are there stay as they are. A rotation that was cut short
        is finished: else the days it has archived would stand in the live file too, until the next event.
        """
        self._journal = journal
        for leftover in self.layout.leftovers():
            leftover.unlink()
        for day, told in self._days(0, self._archived()):
            if not os.path.lexists(self.layout.archived(day)):
                self._archive_day(day, encoded(told))
        self._renew()
        self._rotate_to_last()

    def append(self, kept: Sequence[Kept]) -> None:
        """Write events that the journal has just kept, each line in one write; rotate where a day has begun.

        With no event it only puts the file right, and finishes a rotation that failed.
        """
        try:
            if not kept and not self._untouched():
                self._renew()
            for event in kept:
                if event.seq <= self._seq:
                    continue
                if event.seq != self._seq + 1 or not self._untouched():
                    self._renew()
                elif event.shown:
                    self._write(ShownLine(event.seq, event.told, event.line))
                else:
                    self._seq = event.seq
            self._rotate_to_last()
        except BaseException:
            self.close()
            raise

    def rotate(self, today: date) -> None:
        """Move the days that are no longer kept to the archive."""
        if self.keep_days is None or today <= self._today:
            return
        first_kept = today - timedelta(days=min(self.keep_days, today.toordinal()) - 1)
        if self._oldest is not None and self._oldest < first_kept:
            archived = self._archive(first_kept)
            self._source.append(cursors={CURSOR: Cursor(archived)})
            self._renew()
        self._today = today

    def _rotate_to_last(self) -> None:
        last = self._source.last
        if last is not None:
            self.rotate(day_told(last.told))

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        descriptor, self._descriptor, self._is = self._descriptor, None, None
        if descriptor is not None:
            os.close(descriptor)

    @property
    def _source(self) -> Journal:
        if self._journal is None:
            message = "the story file was not opened"
            raise ValueError(message)
        return self._journal

    def _untouched(self) -> bool:
        try:
            found = os.lstat(self.layout.text)
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino, found.st_size) == self._is and stat.S_ISREG(found.st_mode)

    def _write(self, line: ShownLine) -> None:
        if self._descriptor is None or self._is is None:
            message = "the story file is not open"
            raise ValueError(message)
        content = encoded([line])
        write_all(self._descriptor, content)
        device, inode, size = self._is
        self._is = device, inode, size + len(content)
        self._seq = line.seq
        if self._oldest is None:
            self._oldest = day_told(line.told)

    def _renew(self) -> None:
        """Make the file what the journal says: complete it if it is a beginning of that, else write it anew."""
        ours = self._untouched()  # then no line of it is anybody else's, and the journal need not be searched for each
        self.close()
        path, archived = self.layout.text, self._archived()
        descriptor = open_regular(path)
        try:
            if descriptor is None or not complete(descriptor, self._expected(archived)):
                if not ours and os.path.lexists(path) and (lines := foreign(path, map(encoded, pages(self._source)))):
                    self.aside = set_aside(path), sum(map(is_of_a_story, lines))
                before, descriptor = descriptor, replace(path, self._expected(archived))
                if before is not None:
                    os.close(before)
            found = os.fstat(descriptor)
        except BaseException:
            if descriptor is not None:
                os.close(descriptor)
            raise
        self._descriptor, self._is = descriptor, (found.st_dev, found.st_ino, found.st_size)

    def _expected(self, after_seq: int) -> Iterator[bytes]:
        """What the live file should be; notes where it begins and ends on the way."""
        last = self._source.last.seq if self._source.last is not None else 0
        self._seq, self._oldest = max(after_seq, last), None
        for page in pages(self._source, after_seq):
            if self._oldest is None:
                self._oldest = day_told(page[0].told)
            yield encoded(page)
            self._seq = max(self._seq, page[-1].seq)

    def _archived(self) -> int:
        cursor = self._source.cursor(CURSOR)
        return cursor.seq if cursor is not None else 0

    def _archive(self, first_kept: date) -> int:
        """Write the archives of the days before ``first_kept``; the seq of the last line in them."""
        last = self._archived()
        for day, told in self._days(last, None):
            if day >= first_kept:
                break
            self._archive_day(day, encoded(told))
            last = told[-1].seq
        return last

    def _days(self, after_seq: int, until_seq: int | None) -> Iterator[tuple[date, list[ShownLine]]]:
        """The lines after ``after_seq``, up to ``until_seq``, by the day they were told."""
        lines = chain.from_iterable(pages(self._source, after_seq))
        wanted = takewhile(lambda line: until_seq is None or line.seq <= until_seq, lines)
        for day, told in groupby(wanted, lambda line: day_told(line.told)):
            yield day, list(told)

    def _archive_day(self, day: date, content: bytes) -> None:
        path, folder = self.layout.archived(day), self.layout.archive
        if os.path.lexists(folder) and not folder.is_dir() and not folder.is_symlink():
            set_aside(folder)  # but a link may lead to a disk that is mounted later
        if os.path.lexists(path):
            try:
                if uncompressed(path) == content:  # written before a kill
                    return
            except ValueError:
                pass
            set_aside(path)
        os.close(replace(path, [compressed(content)]))
