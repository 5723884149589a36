"""The stories that this process has open: one pair of threads for each, however many writers; forks and the exit."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from functools import partial
from typing import TYPE_CHECKING

from livestory.story.files.layout import Layout
from livestory.story.writing.thread import StoryClosed, WriterThread

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.writing.options import Options

_AT_EXIT = 2.0  # seconds that the interpreter's end waits for all stories together
_DROPPED = 1.0  # seconds that whoever drops a writer waits for its lines, outside of an asyncio loop
_FORK = 0.1  # seconds that a fork waits for a moment in which nothing is being written

_open: dict[str, WriterThread] = {}  # by the real path of the journal
_torn: set[str] = set()  # journals that were being written when this process was forked off


class Use:
    """That a writer is in use: it goes with its writer, whose own class may have a length, or no hash."""


def joined(user: Use, path: Path, options: Options, *, wait: float) -> WriterThread:
    """The threads that tell the story at ``path``, with ``user`` as one more of those that use them.

    Returns when the story is open, or is in trouble, or ``wait`` seconds have passed. Raises ValueError where it is
    told in this process already, with other options or under another name.
    """
    db = Layout.of(path).db
    key, deadline = os.path.realpath(db), time.monotonic() + wait
    _refuse_other_name(key, Layout.of(path))
    while True:
        made = WriterThread(path, options, torn=key in _torn, at_end=partial(_forget, key))
        thread = _open.setdefault(key, made)
        if thread is not made and (differences := thread.options.differences(options)):
            if any(thread.users):
                message = f"{path}: this process tells this story already, with {differences}: close that writer first"
                raise ValueError(message)
            _end(key, thread, deadline)
            continue
        thread.users.add(user)
        # Not at the exit, which has its own order; and without a reference to the user, which would then never go.
        weakref.finalize(user, _drop, thread).atexit = False
        thread.start()
        try:
            thread.opened(max(0.0, deadline - time.monotonic()))
        except StoryClosed:  # by its last user, a moment ago
            _end(key, thread, deadline)
            continue
        return thread


def _end(key: str, thread: WriterThread, deadline: float) -> None:
    thread.leave(deadline - time.monotonic())
    _forget(key, thread)


def _forget(key: str, thread: WriterThread) -> None:
    if _open.get(key) is thread:  # else it ended late, and another one has taken its place
        _open.pop(key, None)


def _refuse_other_name(key: str, layout: Layout) -> None:
    """Raises ValueError for a journal that is open here already and has a second name, such as a hard link."""
    for other, thread in tuple(_open.items()):
        if thread.text.name != layout.text.name if other == key else _same_file(layout.db, other):
            message = f"{layout.text}: this process tells this story already, as {thread.text}: use that name"
            raise ValueError(message)


def _same_file(path: Path, other: str) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there, or can't be looked at
        return False


def _drop(thread: WriterThread) -> None:
    """Nobody can call one of its users any more: it closes like a file that was dropped."""
    thread.leave(0.0 if in_event_loop() else _DROPPED)


def in_event_loop() -> bool:
    """Whether this thread runs an asyncio loop, which must not be held up."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001 - the documented get raises


def _rest_all() -> None:
    deadline = time.monotonic() + _AT_EXIT
    for thread in tuple(_open.values()):
        thread.rest(deadline)


def _before_fork() -> None:
    deadline = time.monotonic() + _FORK
    for thread in tuple(_open.values()):
        while thread.at_disk and not thread.is_own(threading.get_ident()) and time.monotonic() < deadline:
            time.sleep(0.0005)


def _after_fork() -> None:
    for key, thread in tuple(_open.items()):
        if not thread.orphan():
            _torn.add(key)
    _open.clear()


atexit.register(_rest_all)
os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
