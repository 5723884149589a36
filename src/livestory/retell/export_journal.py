"""A story's journal -> a table that explain reads: its observations, and its fills and flows as rows of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import asdict

from livestory.retell import table_file
from livestory.retell.columns import FILL, FLAGS, INSTANTS, OF_A_FILL, TIME, columns_of
from livestory.retell.explain_story import KeptEvent, ThinnedObservation
from livestory.retell.journal_source import JournalSource
from livestory.story.inputs import Fill, Flow, Observation
from livestory.story.journal.reader import JournalReader
from livestory.story.reason import Reason

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livestory.retell.explain_story import SourceInput

_SHOWN = 1000  # rows between two looks at how much is done


def export_journal(
    journal: str | os.PathLike[str],
    out: Path,
    *,
    start: int | None = None,
    end: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> int:
    """Write the story at ``journal`` (its journal or its text) to ``out``: start <= time < end; return how many rows.

    Rows stand in the order in which they were told. ``progress`` is called with the share that is done. The file is
    written whole or not at all. Raises JournalError, InputError for the name of ``out``, and OSError.
    """
    table_file.check_name(out)
    with JournalReader.open(journal) as reader:
        source = JournalSource(reader)
        known = {name for row in _rows(source, start, end) for name, value in row.items() if value is not None}
        header = columns_of(known.union(OF_A_FILL))  # where there is no fill, none was made
        last = reader.last_observation()
        count = 0

        def texts() -> Iterator[list[str]]:
            nonlocal count
            begun = 0
            for row in _rows(source, start, end):
                begun = begun or row[TIME]
                count += 1
                if count % _SHOWN == 0 and last is not None:
                    progress((row[TIME] - begun) / max(last.time - begun, 1))
                yield [_text(name, row.get(name)) for name in header]

        table_file.write(out, header, texts())
    return count


def _rows(source: JournalSource, start: int | None, end: int | None) -> Iterator[dict[str, Any]]:
    """What is told in a table, by its columns."""
    for chunk in source.inputs(in_order=True):
        for each in chunk:
            if (start is not None and each.time < start) or (end is not None and each.time >= end):
                continue
            match _told(each):
                case Observation() as observed:
                    yield asdict(observed)
                case Fill() as fill:
                    fields = asdict(fill)
                    yield {TIME: fill.time} | {column: fields[name] for column, name in FILL.items()}
                case Flow() as flow:
                    yield {TIME: flow.time, "flow": flow.amount}


def _told(each: SourceInput) -> SourceInput | None:
    """The input itself, also of a time that was compacted."""
    if isinstance(each, ThinnedObservation):
        return each.observation
    return each.told_from if isinstance(each, KeptEvent) else each


def _text(column: str, value: Any) -> str:
    if value is None:
        return ""
    if column in INSTANTS:
        return table_file.iso(value)
    if column in FLAGS:
        return "1" if value else "0"
    if isinstance(value, Reason):
        return msgspec.json.encode(value).decode()
    return str(value)
