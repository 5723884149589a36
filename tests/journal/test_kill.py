"""What was acknowledged survives SIGKILL exactly once, in the journal and in the text."""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING

from livestory.story.files.story_file import StoryFile
from livestory.story.files.verify import verify
from livestory.story.journal.writer import Journal, JournalReader
from tests.journal.stories import DEMO, ended, entry, forked, observation

if TYPE_CHECKING:
    from pathlib import Path

_KILLS = 30
_NUMBER = 8  # bytes of an acknowledgement


def test_acknowledged_is_kept_exactly_once_over_many_kills(tmp_path: Path) -> None:
    """A bot that is killed again and again while it writes, and each time goes on where its state says it was."""
    path = tmp_path / "live_story.txt"

    def write(answer: int) -> None:
        journal, text = Journal.open(path, DEMO), StoryFile(path, 7)
        text.open(journal)
        n = int(journal.state("bot") or b"0")
        assert n == (journal.last.seq if journal.last else 0)  # the state is that of the last event
        while True:
            n += 1
            text.append(journal.append([entry(n)], [observation(n)], {"bot": b"%d" % n}))
            os.write(answer, n.to_bytes(_NUMBER, "big"))

    chance, acknowledged = random.Random(1), 0  # noqa: S311 (where to kill, no secret)
    for _ in range(_KILLS):
        pid, read = forked(write)
        heard = b""
        for _ in range(chance.randrange(1, 40)):
            heard += os.read(read, _NUMBER)
        os.kill(pid, signal.SIGKILL)
        code, rest = ended(pid, read)
        heard += rest
        assert code == -signal.SIGKILL
        acknowledged = max(acknowledged, int.from_bytes(heard[-_NUMBER:], "big"))
        with JournalReader.open(path) as reader:
            assert acknowledged <= reader.last_seq
    journal, text = Journal.open(path, DEMO), StoryFile(path, 7)
    text.open(journal)
    text.close()
    journal.close()
    report = verify(path)
    assert report.findings == []
    assert report.events == report.observations >= acknowledged > _KILLS
    with JournalReader.open(path) as reader:
        ids = [kept.id for kept in reader.events(limit=100_000)]
    assert ids == [entry(n).id for n in range(1, len(ids) + 1)]
