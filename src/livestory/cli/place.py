"""Where a story lies, by --dir; and how a former one makes room for a new one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from livestory.story.layout import Layout

_STORY = "live_story.txt"


def dir_option(default: str = "results") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --dir of a command."""
    return click.option(
        "--dir",
        "folder",
        type=click.Path(path_type=Path),
        default=default,
        show_default=True,
        help=f"Folder of the story {_STORY}, or the story's own file.",
    )


def story_in(folder: Path) -> Layout:
    """The files of the story that --dir names. Raises InputError for a name that is no story's."""
    from livestory.story.layout import Layout  # noqa: PLC0415 - not for --help

    return Layout.of(folder if folder.suffix in {".txt", ".db"} else folder / _STORY)


def move_aside(layout: Layout) -> Path | None:
    """Move a story with its archive into a new folder beside it; None where there is none.

    What is moved is a whole story there. Raises JournalHeld while it is being written, and OSError.
    """
    from livestory.story.journal_lock import WriterLock  # noqa: PLC0415 - not for --help
    from livestory.story.layout import make_folder, sync_folder, unused  # noqa: PLC0415 - not for --help

    parts = [path for path in (layout.inbox, *_files(layout)) if os.path.lexists(path)]
    if not parts:
        return None
    lock = WriterLock.acquire(layout.lock, "livestory run --fresh")
    try:
        aside = unused(layout.text.with_suffix(""), "former")
        for part in parts:
            target = aside / part.relative_to(layout.text.parent)
            make_folder(target.parent)
            part.rename(target)
            sync_folder(target.parent)
        (aside / layout.lock.name).touch()
        sync_folder(layout.text.parent)
    finally:
        lock.release()
    return aside


def _files(layout: Layout) -> list[Path]:
    """All files of a story but its lock. The journal is the last: while it is there, the others can be made again."""
    journal = [layout.db.with_name(layout.db.name + suffix) for suffix in ("-wal", "-shm", "")]
    return [layout.text, *layout.archives().values(), *journal]


def delete(layout: Layout, mode: str) -> None:
    """Delete the story of a bot in that mode, if there is one.

    Raises InputError where it is another's, JournalHeld while it is being written, and OSError.
    """
    from livestory.errors import InputError, JournalError  # noqa: PLC0415 - not for --help
    from livestory.story.journal_lock import WriterLock  # noqa: PLC0415 - not for --help
    from livestory.story.journal_reader import JournalReader  # noqa: PLC0415 - not for --help

    try:
        with JournalReader.open(layout.db) as reader:
            found = reader.identity
    except JournalError:  # none there, or one that the writer will refuse or set aside
        return
    if found.mode != mode:
        message = (
            f"{layout.db}: another bot's story ({found.bot or 'without a name'}, {found.mode or 'mode not told'})\n"
            "Name another folder with --dir."
        )
        raise InputError(message)
    lock = WriterLock.acquire(layout.lock, f"livestory {mode}")
    try:
        for part in _files(layout):
            part.unlink(missing_ok=True)
    finally:
        lock.release()
