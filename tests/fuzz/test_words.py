"""Whatever lies in the inbox of a story: a word that is told in a line of its own, or a file that is set aside."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from livestory.story.commands import AlertsLost, Flow, Note, as_input
from livestory.story.files.layout import Layout
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.wording.text import visible
from livestory.story.writing.synchronous import SynchronousWriter
from tests.fuzz.inputs import corpus
from tests.fuzz.mutation import Example, examples
from tests.fuzz.oracle import are_of_a_story, bounded, is_harmless, still_at_it

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from livestory.story.event import Event
    from tests.fuzz.conftest import Tried

WORDS = corpus("words")
_NOON = 1_733_227_200_000_000
_NAMES = (
    "{n:020d}-00c0ffee", "{n:020d}-00c0ffee", "{n:020d}-00c0ffee", "99999999999999999999-{n}", "-1-{n}", "x{n}",
    "{n}", "²-{n}", "٣-{n}", "9{n}" * 10, "\udcff-{n}", "a\nb{n}", "\x1b[31m-{n}",
)  # fmt: skip
_ODD = (
    b"\0", b"1e400", b"-1e400", b"NaN", b"9" * 30, b"null", b"[]", b'"\\ud800"', b"\xff", b'"flow"', b'"note"',
    b'"alerts_lost"', b"\\u001b[2J", b"\\n2024-12-03 16:00:00 | x | y", b" | ", b"[" * 3_000, b"1e308", b"-1",
    b"253402300800000000", b"x" * 70_000,
)  # fmt: skip


def test_any_word_is_told_or_set_aside(tmp_path: Path, tried: Tried, caplog: pytest.LogCaptureFixture) -> None:
    """The bot goes on, every line is one of a story, and what can't be taken is logged once and kept."""
    story = tmp_path / "live_story.txt"
    inbox = Layout.of(story).inbox
    inbox.mkdir()
    contents = list(WORDS.values())
    identity = Identity(bot="scout", mode="paper", symbol="ETH/BTC", unit="BTC")
    with bounded(), SynchronousWriter(story, identity, StorySettings()) as teller:
        for example in examples(400, 20_000):
            still_at_it()
            caplog.clear()
            content = example.mutated(example.random.choice(contents), contents, _ODD)
            if example.random.random() < 0.1:
                content = example.random.choice(contents)
            name = _name(example)
            (inbox / os.fsdecode(name)).write_bytes(content)
            try:
                outcome = _taken(teller)
            except Exception as error:
                error.add_note(f"{example}: {name!r} {content!r}")
                raise
            errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
            assert len(errors) == (outcome == "set aside"), f"{example}: {name!r} {content!r} {errors}"
            assert all(is_harmless(visible(error)) for error in errors)
            tried("words", outcome)
            for left in inbox.iterdir():
                assert left.suffix in {".bad", ".json"}
                left.unlink()
    assert are_of_a_story(story.read_text("utf-8").splitlines())


def _name(example: Example) -> bytes:
    shown = example.random.choice(_NAMES).format(n=_NOON + example.number)
    return os.fsencode(f"{shown}.json")


def _taken(teller: SynchronousWriter) -> str:
    """What the writer of a story does at each step."""
    told: list[Event] = []
    waiting = teller.commands()
    for posted in waiting:
        if isinstance(posted.command, Note | Flow | AlertsLost):
            told += teller.take(as_input(_NOON, posted.command))
        teller.settle(posted)
    teller.commit({})
    assert all(is_harmless(event.line) for event in told)
    assert are_of_a_story(event.line for event in told)
    if waiting:
        return "told" if told else "taken"
    return "set aside"
