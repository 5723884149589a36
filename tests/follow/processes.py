"""A process that follows a bot until it has told all, as often as a test wants one, and what it has told."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from livestory.clock import instant
from livestory.follow.following import Following
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.settings import StorySettings
from livestory.story.writing.store import StoryStore
from livestory.story.writing.synchronous import SynchronousWriter
from tests.journal.stories import ended, forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from livestory.clock import Clock
    from tests.follow.sources import Followed

START = instant("2026-11-26 16:00:00")
MOMENTS = ("before it is kept", "before it is written", "before anybody is told")
"""At which a process is killed in its first commit: of those that are in it, in the journal, and in the text too."""


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> int:
        return self.at


def follow(followed: Followed, folder: Path, clock: Clock, cut: Callable[[], None] = lambda: None) -> None:
    """Look until nothing more is found, in a process of its own; ``cut`` is called before each commit."""
    identity = Identity(bot="followed", unit="BTC")
    if followed.clock is not None:
        followed.clock.at = clock.now()
    with SynchronousWriter(folder / "live_story.txt", identity, StorySettings(), clock=clock) as story:
        commit = story.commit

        def cutting(*arguments: object, **more: object) -> object:
            cut()
            return commit(*arguments, **more)  # type: ignore[arg-type]  # as they were given

        story.commit = cutting  # type: ignore[assignment,method-assign]  # the fault that is tried
        following = Following(followed.source(), story, clock)
        while following.step():
            pass


def killed(tell: Callable[[], object], moment: str) -> bool:
    """Whether there was a first commit, at one of the `MOMENTS` of which a process that tells is killed (SIGKILL)."""
    keep, write = StoryStore.keep, StoryStore._write_text  # noqa: SLF001 - where it is cut

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def keeping(*arguments: Any, **more: Any) -> Any:
        if moment == MOMENTS[0]:
            die()
        kept = keep(*arguments, **more)
        die()
        return kept

    def writing(*arguments: Any, **more: Any) -> Any:
        if moment == MOMENTS[1]:
            die()
        return write(*arguments, **more)

    def work(_pipe: int) -> None:
        StoryStore.keep = keeping  # type: ignore[method-assign]  # in this process alone
        StoryStore._write_text = writing  # type: ignore[method-assign]  # noqa: SLF001 - as above
        tell()

    status, _ = ended(*forked(work))
    assert status in {0, -signal.SIGKILL}
    return status != 0


def lines(folder: Path, *, shown: bool = False) -> list[str]:
    """All lines that are kept, or those that the text shows."""
    with JournalReader.open(folder / "live_story.db") as reader:
        return [event.line for event in reader.events(shown=shown)]
