"""The inbox: what other processes leave for the writer has its effect exactly once, and nothing left there can harm."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory import StoryWriter
from livestory.clock import MINUTE, ManualClock, instant
from livestory.errors import InputError
from livestory.story.commands import AlertsLost, Command, Flow, Halt, Note, Resume, as_input
from livestory.story.files.inbox import INBOX, Inbox
from livestory.story.files.layout import Layout
from livestory.story.journal.writer import Identity, JournalReader
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.patience import LONG

if TYPE_CHECKING:
    from pathlib import Path

    from livestory import Event

NOON = instant("2024-12-03 12:00:00")
ETH = Identity(bot="demo", mode="paper", symbol="ETH/BTC", unit="BTC")
LOST = AlertsLost(channel="phone", lines=12, first=NOON, last=NOON + MINUTE, age=MINUTE, problem="refused")

words = st.one_of(
    st.builds(Halt, sell=st.booleans()),
    st.just(Resume()),
    st.builds(Note, text=st.text()),
    st.builds(Flow, amount=st.floats(allow_nan=False, allow_infinity=False), came=st.none() | st.integers(0, NOON)),
    st.just(LOST),
)


def _layout(folder: Path) -> Layout:
    return Layout.of(folder / "live_story.txt")


def _teller(folder: Path) -> SynchronousWriter:
    return SynchronousWriter(folder / "live_story.txt", ETH, StorySettings(), clock=ManualClock(NOON))


def _lines(folder: Path) -> list[str]:
    text = (folder / "live_story.txt").read_text(encoding="utf-8")
    return [line.partition(" | ")[2] for line in text.splitlines()]


@settings(max_examples=40)
@given(left=st.lists(words, max_size=6))
def test_words_wait_in_the_order_in_which_they_were_left(
    tmp_path_factory: pytest.TempPathFactory, left: list[Command]
) -> None:
    """As they were, whatever they say."""
    inbox = Inbox(_layout(tmp_path_factory.mktemp("story")))
    for n, word in enumerate(left):
        inbox.post(word, ManualClock(NOON + n))
    assert [posted.command for posted in inbox.waiting()] == left
    assert [posted.time for posted in inbox.waiting()] == [NOON + n for n in range(len(left))]


def test_a_word_taken_and_committed_is_gone(tmp_path: Path) -> None:
    """Its file too."""
    with _teller(tmp_path) as teller:
        posted = Inbox(_layout(tmp_path)).post(Note(text="hello"))
        [word] = teller.commands()
        teller.settle(word)
        teller.commit({})
        assert teller.commands() == []
    assert not Inbox(_layout(tmp_path)).holds(posted)


def test_a_word_whose_file_is_gone_already_is_swept_with_the_others(tmp_path: Path) -> None:
    """Nothing of it is remembered any longer, and the files of the others go."""
    inbox = Inbox(_layout(tmp_path))
    for n in range(3):
        inbox.post(Note(text="hello"), ManualClock(NOON + n))
    for posted in inbox.waiting():
        inbox.take(posted)
        if posted.time == NOON:
            inbox._path(posted.id).unlink()  # noqa: SLF001 - as somebody else may
    inbox.sweep()
    assert (inbox.states(), inbox.waiting()) == ({}, [])


def test_a_word_taken_and_not_committed_is_there_again(tmp_path: Path) -> None:
    """As after a kill before the commit: its effect is lost too."""
    Inbox(_layout(tmp_path)).post(Note(text="hello"))
    with _teller(tmp_path) as teller:
        teller.settle(teller.commands()[0])
    with _teller(tmp_path) as teller:
        assert [posted.command for posted in teller.commands()] == [Note(text="hello")]


def test_a_word_committed_and_not_removed_is_not_taken_again(tmp_path: Path) -> None:
    """As after a kill between the commit and the removal of its file."""
    layout = _layout(tmp_path)
    inbox = Inbox(layout)
    inbox.post(Note(text="hello"))
    inbox.take(inbox.waiting()[0])
    states = inbox.states()
    with _teller(tmp_path) as teller:
        teller.commit(states)
        assert len(list(layout.inbox.iterdir())) == 1
    with _teller(tmp_path) as teller:
        assert teller.commands() == []
    assert list(layout.inbox.iterdir()) == []


@pytest.mark.parametrize("make", ["pipe", "link", "folder", "nonsense", "foreign", "huge", "nested", "nameless"])
def test_what_is_no_word_is_set_aside_and_the_next_is_taken(
    tmp_path: Path, make: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A pipe doesn't block, a link isn't followed, nothing is deleted, and a name forges no line of the log."""
    layout = _layout(tmp_path)
    layout.inbox.mkdir(parents=True)
    path = layout.inbox / ("name\nless.json" if make == "nameless" else f"{NOON:020d}-00000000.json")
    secret = tmp_path / "elsewhere"
    secret.write_bytes(b'{"word": "halt"}')
    match make:
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to(secret)
        case "folder":
            path.mkdir()
        case "nonsense":
            path.write_bytes(b"\xff{")
        case "foreign":
            path.write_bytes(b'{"word": "dance"}')
        case "huge":
            path.write_bytes(b'{"word": "note", "text": "' + b"x" * 100_000 + b'"}')
        case "nested":
            path.write_bytes(b'{"word": "note", "else": ' + b"[" * 10_000)
        case _:
            path.write_bytes(b'{"word": "halt"}')
    inbox = Inbox(layout)
    inbox.post(Resume())
    assert [posted.command for posted in inbox.waiting()] == [Resume()]
    assert [posted.command for posted in inbox.waiting()] == [Resume()]
    assert os.path.lexists(path.with_suffix(".bad"))
    assert [len(message.splitlines()) for message in caplog.messages] == [1]


def test_a_half_written_word_is_not_seen(tmp_path: Path) -> None:
    """Words appear whole."""
    layout = _layout(tmp_path)
    layout.inbox.mkdir()
    (layout.inbox / f".{NOON:020d}-00000000.json.tmp").write_bytes(b'{"word": "ha')
    assert Inbox(layout).waiting() == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """With what to do."""
    layout = _layout(tmp_path)
    layout.inbox.write_text("in the way")
    with pytest.raises(InputError, match="can't leave a command there"):
        Inbox(layout).post(Resume())


def test_the_story_of_anothers_bot_tells_what_is_left_for_it(tmp_path: Path) -> None:
    """A note, a withdrawal and lost alerts, within moments and without a call of the bot."""
    told: list[Event] = []
    all_told = threading.Event()

    def listen(event: Event) -> None:
        told.append(event)
        if len(told) == 3:
            all_told.set()

    with StoryWriter(tmp_path / "live_story.txt", clock=ManualClock(NOON)) as story:
        story.subscribe(listen)
        inbox = Inbox(_layout(tmp_path))
        for word in (Note(text="I leave it"), Flow(amount=-0.1), LOST):
            inbox.post(word)
        assert all_told.wait(LONG)
    assert [event.kind for event in told] == ["note", "flow", "alerts_given_up"]
    lines = _lines(tmp_path)
    assert lines[0] == "📝 Note | I leave it | by you"
    assert lines[1].startswith("💸 Withdrawal | -0.1000 BTC")
    assert "phone: 12 lines" in lines[2]


def test_to_halt_anothers_bot_is_left_undone(tmp_path: Path) -> None:
    """The word stays; the next one is told."""
    told = threading.Event()
    with StoryWriter(tmp_path / "live_story.txt", clock=ManualClock(NOON)) as story:
        story.subscribe(lambda _: told.set())
        inbox = Inbox(_layout(tmp_path))
        halt = inbox.post(Halt())
        inbox.post(Note(text="after it"))
        assert told.wait(LONG)
    assert inbox.holds(halt)
    assert len(_lines(tmp_path)) == 1


def test_the_taking_is_committed_with_the_effect(tmp_path: Path) -> None:
    """So the journal knows of it even if the file could not be removed."""
    Inbox(_layout(tmp_path)).post(Note(text="once"))
    with _teller(tmp_path) as teller:
        [posted] = teller.commands()
        assert isinstance(posted.command, Note)
        teller.take(as_input(NOON, posted.command))
        teller.settle(posted)
        teller.commit({})
    with JournalReader.open(tmp_path / "live_story.txt") as reader:
        assert reader.state(INBOX) is not None
    assert _lines(tmp_path) == ["📝 Note | once | by you"]
