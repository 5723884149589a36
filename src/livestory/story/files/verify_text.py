"""Whether the story file and its archive are what the journal says."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

from livestory.story.files.layout import no_file
from livestory.story.files.story_file import CURSOR, day_told, pages
from livestory.story.files.story_text import uncompressed
from livestory.story.files.verify_lines import Finding, line_findings
from livestory.story.journal.reader import JournalReader

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from livestory.story.files.layout import Layout
    from livestory.story.journal.entry import ShownLine

_START = "Start the bot again; it makes the file again from the journal."
_MOVE = "Move it away and start the bot again; it is written again from the journal."


def text_findings(layout: Layout) -> tuple[list[Finding], int]:
    """What is wrong with the text of the story, and how many days are archived.

    Raises JournalError where the journal can't be read.
    """
    # The file is read between two looks at the journal: a line that was kept before the first must be in it, one kept
    # before the second may be.
    with closing(JournalReader.open(layout.db)) as journal:
        required = journal.last_seq
        content, trouble = _content(layout.text)
        lines = list(chain.from_iterable(pages(journal)))
        cursor = journal.cursor(CURSOR)
    end = cursor.seq if cursor is not None else 0
    archived, live = [line for line in lines if line.seq <= end], [line for line in lines if line.seq > end]
    findings = [Finding(str(path), "left by a writer that was killed", _START) for path in layout.leftovers()]
    by_day: dict[date, list[ShownLine]] = {}
    for line in archived:
        by_day.setdefault(day_told(line.told), []).append(line)
    findings += _archive(layout, by_day, {day_told(line.told) for line in live})
    if trouble is not None:
        findings.append(Finding(str(layout.text), trouble, _START))
    else:
        written = frozenset(content.split(b"\n")) if lines and lines[-1].seq > required else frozenset()
        expected = [line for line in live if line.seq <= required or line.line.encode() in written]
        known = frozenset(line.line.encode() for line in archived)
        findings += line_findings(str(layout.text), _START, content, expected, known)
    return findings, len(by_day)


def _content(path: Path) -> tuple[bytes, str | None]:
    """The content of the story file, or why there is none."""
    try:
        if (trouble := no_file(path)) is not None:
            return b"", trouble
        return path.read_bytes(), None
    except FileNotFoundError:
        return b"", "it is missing"
    except OSError as error:
        return b"", f"it can't be read ({error.strerror})"


def _archive(layout: Layout, by_day: dict[date, list[ShownLine]], live: set[date]) -> list[Finding]:
    there = layout.archives()
    gone = sorted(by_day.keys() - there.keys())
    findings = [Finding(str(layout.archived(day)), "it is missing", _START) for day in gone]
    for day, path in there.items():
        if day in by_day:
            findings += _archived_day(path, by_day[day])
        else:
            what = "its day is still in the story file" if day in live else "the journal has nothing of its day"
            findings.append(Finding(str(path), what, "Move it away."))
    return findings


def _archived_day(path: Path, expected: list[ShownLine]) -> list[Finding]:
    try:
        content = uncompressed(path)
    except OSError as error:
        return [Finding(str(path), f"it can't be read ({error.strerror})", _MOVE)]
    except ValueError as error:
        return [Finding(str(path), f"it is cut or damaged ({error})", _MOVE)]
    return line_findings(str(path), _MOVE, content, expected)
