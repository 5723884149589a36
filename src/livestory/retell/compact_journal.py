"""A journal's old observations thinned, so that its story can still be told again from there on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from livestory.retell.explain_story import Reteller, RetellingSettings
from livestory.retell.journal_source import JournalSource
from livestory.story.journal.compaction import Compaction, Freed
from livestory.story.journal.entry import Compacted
from livestory.story.journal.reader import JournalReader
from livestory.story.symbol import assets

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from livestory.story.settings import StorySettings


class Thinned(NamedTuple):
    """What a compaction came to."""

    until: int  # before it hourly extremes are left
    freed: Freed


def compact_journal(
    path: str | os.PathLike[str],
    keep: int,
    settings: StorySettings,
    progress: Callable[[str, float | None], None] = lambda _what, _share: None,
) -> Thinned | None:
    """Leave hourly extremes of the observations that are older than ``keep``; None where none is.

    ``keep``, in microseconds, counts back from the last observation. ``settings`` are those that the story is told
    with. ``progress`` is called with what is being done, and the share of it that is, where that is known. Raises
    JournalError.
    """
    with Compaction.open(path, "livestory compact") as compaction:
        until, done = compaction.boundary(keep), compaction.done
        if done is not None and (until is None or until <= done.until):
            to = done  # what was thinned stays so; one that was cut short is finished
        elif until is None:
            return None
        else:
            with JournalReader.open(path) as reader:
                to = _state_at(reader, until, settings, lambda: progress("reading", None))
        return Thinned(to.until, compaction.compact(to, lambda share: progress("thinning", share)))


def _state_at(reader: JournalReader, until: int, settings: StorySettings, progress: Callable[[], None]) -> Compacted:
    """Where the narrator stood before the first observation from ``until`` on."""
    who = reader.identity
    unit = who.unit or assets(who.symbol)[1]
    source = JournalSource(reader)
    reteller = Reteller(source, RetellingSettings(symbol=who.symbol, unit=unit, story=settings))
    seqs, inputs = source.before(until)
    for chunk in inputs:
        reteller.take(chunk)
        progress()
    return Compacted(until, seqs[-1], reteller.state())
