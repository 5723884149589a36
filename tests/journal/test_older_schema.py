"""A journal of an older release: read as it is, and brought up to date by the next writer, whole or not at all."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import apsw
import pytest

from livestory.retell.explain_story import RetellingSettings
from livestory.retell.journal_source import JournalSource
from livestory.story.files.story_file import StoryFile
from livestory.story.files.verify import verify
from livestory.story.journal.schema import STEPS, prepare
from livestory.story.journal.writer import Identity, Journal, JournalReader
from tests.journal import record
from tests.journal.dumps import FIRST, WITH_POSITIONS, loaded
from tests.journal.stories import ended, forked
from tests.retell.listening import heard

if TYPE_CHECKING:
    from pathlib import Path

_EVENTS, _OBSERVATIONS = 4, 60
_SINCE = "48 bars read, no trade: warming up, 48 of 112 bars"  # what a quiet line says since, and what it said
_THEN = "no trade: warming up, 48 of 112 bars; 48 bars read, last 12:00"


@pytest.fixture(params=[1, 3])
def older(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A story of an older schema."""
    return loaded(FIRST, tmp_path, request.param)


def told(story: Path) -> list[str]:
    """The lines that explain tells."""
    with JournalReader.open(story) as reader:
        return heard(JournalSource(reader), RetellingSettings()).lines


def test_it_is_read_as_it_is(older: Path) -> None:
    """By every reader, without being changed; nothing is missing in it."""
    before = older.with_suffix(".db").read_bytes()
    report = verify(older)
    assert (report.findings, report.events, report.observations) == ([], _EVENTS, _OBSERVATIONS)
    assert [line.replace(_SINCE, _THEN) for line in told(older)] == older.read_text("utf-8").splitlines()
    with JournalReader.open(older) as reader:
        assert reader.compacted() is None
    assert older.with_suffix(".db").read_bytes() == before


def test_killed_at_each_statement_of_the_upgrade_it_is_the_old_or_the_new(older: Path, tmp_path: Path) -> None:
    """With the same events and observations; the next start finishes it."""
    lines, content = told(older), older.with_suffix(".db").read_bytes()
    with JournalReader.open(older) as reader:
        before = list(reader.observations())
    was = apsw.Connection(str(older.with_suffix(".db"))).pragma("user_version")
    for statement in range(25):
        story = tmp_path / str(statement) / "live_story.txt"
        story.parent.mkdir()
        path = story.with_suffix(".db")
        path.write_bytes(content)

        def upgrade(answer: int, path: Path = path, countdown: int = statement) -> None:
            db = apsw.Connection(str(path))
            left = [countdown]

            def trace(*_: object) -> bool:
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return True

            db.exec_trace = trace
            prepare(db, path, Identity(), 0)
            os.write(answer, b"done")

        code, _ = ended(*forked(upgrade))
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        version = db.pragma("user_version")
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}
        db.close()
        assert version in {was, len(STEPS)}
        assert ("positions" in tables) == (version == len(STEPS))
        assert told(story) == lines
        journal, text = Journal.open(story, Identity()), StoryFile(story, None)
        text.open(journal)
        text.close()
        journal.close()
        report = verify(story)
        assert (report.findings, report.events, report.observations) == ([], _EVENTS, _OBSERVATIONS)
        with JournalReader.open(story) as reader:
            assert list(reader.observations()) == before
            assert all(kept.shown for kept in reader.events())
        if code == 0:
            assert statement > 5
            return
    pytest.fail("the upgrade has more statements than the test kills")


def test_positions_and_what_is_not_shown_are_read_as_they_were_kept(tmp_path: Path) -> None:
    """By every reader, and after a writer has gone on with it."""
    story = loaded(WITH_POSITIONS, tmp_path, 4)
    for _ in range(2):
        report = verify(story)
        assert (report.findings, report.events, report.observations) == ([], _EVENTS, _OBSERVATIONS)
        with JournalReader.open(story) as reader:
            assert list(reader.observations()) == [record.bar(n) for n in range(_OBSERVATIONS)]
            assert [kept.shown for kept in reader.events()] == [True, True, False, True]
        assert told(story)
        Journal.open(story, Identity()).close()


def test_released_steps_never_change() -> None:
    """The tables of the first release are still what the first step makes."""
    with_first = apsw.Connection(":memory:")
    for statement in STEPS[0]:
        with_first.execute(statement)
    dump = FIRST.read_text("utf-8")
    for (sql,) in with_first.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"):
        assert " ".join(sql.split()) in " ".join(dump.split())
