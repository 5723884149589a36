"""An input with an id is told once, whatever happens between its sending and its answer."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from livestory import StoryWriter
from livestory.clock import DAY, ManualClock
from livestory.errors import JournalError, JournalForeign
from livestory.story.commands import Halt, Note
from livestory.story.files.inbox import Inbox
from livestory.story.files.layout import Layout
from livestory.story.files.verify import verify
from livestory.story.inputs import Observation
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.lifecycle import Rules
from livestory.story.public.reading import read
from livestory.story.settings import StorySettings
from livestory.story.writing.public import PublicWriter
from livestory.story.writing.synchronous import SynchronousWriter
from tests.public.bot import lines, of_a_portfolio

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2024-12-09T00:00:00Z"
WHO = Identity(symbol="ETH/BTC", unit="BTC")


def writer(path: Path) -> PublicWriter:
    """The story's, at a time after all that the bot tells."""
    return PublicWriter(path, WHO, StorySettings(), clock=ManualClock(NOW))


def tell(story: PublicWriter, *sent: str) -> list[Any]:
    """Tell these, and keep them; the seqs or the error of each."""
    outcomes = [story.tell(read(each.encode())) for each in sent]
    story.keep()
    replies = [outcome.reply() for outcome in outcomes]
    return [reply.error or list(reply.seqs or ()) for reply in replies]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's story lies."""
    return tmp_path / "live_story.txt"


def test_the_same_lines_again_get_the_same_answers_and_tell_nothing(path: Path) -> None:
    """Also after a restart, and in one commit with others."""
    with writer(path) as story:
        first = tell(story, *lines())
        told = path.read_text()
        assert tell(story, *lines()) == first
    with writer(path) as story:
        assert tell(story, *lines()) == first
    assert path.read_text() == told
    with JournalReader.open(path) as reader:
        assert sum(map(len, first)) == reader.last_seq
    assert [] in first
    assert verify(path).findings == []


@pytest.mark.parametrize("cut", [1, 2, 7, 23, 50, 60])
def test_cut_anywhere_and_sent_again_the_story_is_the_same(path: Path, tmp_path: Path, cut: int) -> None:
    """Some inputs were kept, some only taken, when the process went."""
    with writer(tmp_path / "whole" / "live_story.txt") as story:
        whole = tell(story, *lines())
    with writer(path) as story:
        tell(story, *lines()[:cut])
        for each in lines()[cut : cut + 5]:
            story.tell(read(each.encode()))
    with writer(path) as story:
        assert tell(story, *lines()) == whole
    assert path.read_text() == (tmp_path / "whole" / "live_story.txt").read_text()


def test_an_id_is_known_within_one_commit_too(path: Path) -> None:
    """Of an input that was taken, and is not kept yet."""
    note = '{"input": "note", "text": "a", "id": "x"}'
    with writer(path) as story:
        assert tell(story, note, note) == [[1], [1]]


def test_an_id_with_another_input_is_refused(path: Path) -> None:
    """Else a sender that counts wrongly would lose lines without a word."""
    with writer(path) as story:
        assert tell(story, '{"input": "note", "text": "a", "id": "x"}') == [[1]]
        (refused,) = tell(story, '{"input": "note", "text": "b", "id": "x"}')
        assert refused == "id 'x': another input was told with it; give each an id of its own"


def test_an_input_that_was_refused_may_be_corrected_under_its_id(path: Path) -> None:
    """A refusal is not kept."""
    with writer(path) as story:
        assert "expected buy or sell" in tell(
            story, '{"input": "fill", "side": "x", "quantity": 1, "price": 1, "id": 1}'
        )[0]  # fmt: skip
        assert tell(story, '{"input": "fill", "side": "buy", "quantity": 1, "price": 1, "id": 1}') == [[1]]


def test_a_trade_is_told_once_whatever_the_ids(path: Path) -> None:
    """By its trade_id: in one commit, and later."""
    fill = '{"input": "fill", "side": "buy", "quantity": 1, "price": 1, "trade_id": 7, "id": "%s"}'
    with writer(path) as story:
        assert tell(story, fill % "a", fill % "b") == [[1], [1]]
        assert tell(story, fill % "c") == [[1]]


def test_an_old_observation_is_ignored_and_its_sender_told(path: Path) -> None:
    """It is no error: a bot may poll."""
    with writer(path) as story:
        tell(story, '{"input": "observation", "wealth": 1, "time": "2024-12-02"}')
        outcome = story.tell(read(b'{"input": "observation", "wealth": 1, "time": "2024-12-01"}'))
        story.keep()
        assert outcome.reply().ignored == "not newer than the last observation, 2024-12-02 00:00:00 UTC"
        assert outcome.reply().error is None


def test_a_time_far_ahead_of_the_clock_is_set_aside_and_its_sender_told(tmp_path: Path) -> None:
    """Of an observation; anything else is told at the clock's time."""
    sent = b'{"input": "observation", "wealth": 1, "time": "2099-01-01"}'
    with PublicWriter(tmp_path / "live_story.txt", WHO, StorySettings()) as story:
        outcome = story.tell(read(sent))
        story.keep()
    assert outcome.reply().ignored == "its time is too far ahead of the clock to be believed"
    assert "🕰️ Time Doubted | observe: 2099-01-01" in (tmp_path / "live_story.txt").read_text()


def test_what_could_not_be_kept_is_kept_by_the_next_try_once(path: Path) -> None:
    """Another program holds a lock on the journal; meanwhile the sender has tried again."""
    note = '{"input": "note", "text": "a", "id": "x"}'
    with writer(path) as story:
        story.keep()
        with closing(apsw.Connection(str(path.with_suffix(".db")))) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalError):
                tell(story, note)
            assert story.behind
            other.execute("ROLLBACK")
        assert tell(story, note) == [[1]]
        assert not story.behind


def test_words_that_others_leave_are_told_and_halts_are_left(path: Path) -> None:
    """By `livestory note` and the alerts; no halt is for a story."""
    with writer(path) as story:
        inbox = Inbox(Layout.of(path))
        noted, halted = inbox.post(Note(text="I look")), inbox.post(Halt())
        story.keep()
        assert (inbox.holds(noted), inbox.holds(halted)) == (False, True)
    assert path.read_text().endswith("| 📝 Note | I look | by you\n")


def test_the_story_of_an_executor_takes_none(path: Path) -> None:
    """It has one teller, who knows what it did."""
    own = Identity(bot="own", mode="paper", symbol="ETH/BTC", unit="BTC")
    with SynchronousWriter(path, own, StorySettings()) as story:
        story.commit({})
    with pytest.raises(JournalForeign, match="a bot that livestory runs itself \\(paper\\)"):
        writer(path)
    with SynchronousWriter(path, own, StorySettings()):
        pass  # its lock is free again


def test_verify_finds_an_answer_that_was_altered(path: Path) -> None:
    """A row of the journal like any other."""
    with writer(path) as story:
        tell(story, *lines()[:3])
    with apsw.Connection(str(path.with_suffix(".db"))) as db:
        db.execute("UPDATE answers SET seqs='[9]' WHERE id='n-0'")
    assert [finding.what for finding in verify(path).findings] == ["it was altered"]


@pytest.mark.parametrize(
    ("symbol", "unit", "sent"),
    [("ETH/BTC", "BTC", lines()), (None, "USDT", of_a_portfolio())],
    ids=["pair", "portfolio"],
)
def test_a_story_told_as_json_is_the_one_that_a_story_writer_tells(
    path: Path, tmp_path: Path, symbol: str | None, unit: str, sent: list[str]
) -> None:
    """Line for line, and in what is kept: the same calls, made in Python."""
    with PublicWriter(path, Identity(symbol=symbol, unit=unit), StorySettings(), clock=ManualClock(NOW)) as story:
        answers = tell(story, *sent)
    assert not [each for each in answers if isinstance(each, str)]
    own = tmp_path / "own" / "live_story.txt"
    with StoryWriter(own, symbol=symbol, unit=unit, clock=ManualClock(NOW), strict=True, max_wait=60) as bot:
        for line in sent:
            given = json.loads(line)
            kind, at = given.pop("input"), given.pop("time")
            del given["id"]
            if kind == "observation":
                bot.observe(Observation(at, **given))
            elif kind == "rules":
                bot.rules(Rules(breaker=0.2, cooldown=7 * DAY), timestamp=at)
            elif kind == "flow":
                bot.flow(float(given["amount"]), timestamp=at)
            else:
                getattr(bot, kind)(**given, timestamp=at)
        bot.flush()
    assert own.read_text() == path.read_text()
    with JournalReader.open(path) as one, JournalReader.open(own) as other:
        assert list(one.observations()) == list(other.observations()) != []


@pytest.mark.parametrize("given", ['"rules", "cooldown"', '"started", "interval"'])
def test_a_span_without_an_end_is_refused(path: Path, given: str) -> None:
    """A number of JSON that no clock has; the inputs after it are told."""
    note = '{"input": "note", "text": "a"}'
    with writer(path) as story:
        refused, told = tell(story, f'{{"input": {given}: 1.7e308}}', note)
    assert "expected a duration" in refused
    assert told == [1]
