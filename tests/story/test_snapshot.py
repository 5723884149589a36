"""What readers of a journal show of a bot, without the narrator's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest
from msgspec.structs import fields

from livestory.clock import DAY, MINUTE, SECOND
from livestory.errors import JournalCorrupt
from livestory.story.inputs import Observation, Statement
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.exchange import ExchangeBack, ExchangeDown
from livestory.story.narrator import NARRATOR, Narrator, _Memory
from livestory.story.settings import StorySettings
from livestory.story.snapshot import Snapshot
from livestory.story.snapshot import _Memory as _Shown
from livestory.story.writing.synchronous import SynchronousWriter
from tests.web.teller import QUARTER, START, Teller, week

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path, before: Snapshot | None = None) -> Snapshot:
    """The snapshot of the story at ``path``."""
    with JournalReader.open(path) as reader:
        return Snapshot.read(reader, before)


def test_it_reads_the_fields_that_the_narrator_saves() -> None:
    """By the same names and types: a renamed one would be unknown from then on without a word."""
    saved = {field.name: field.type for field in fields(_Memory)}
    shown = {field.name: field.type for field in fields(_Shown)}
    assert {name: str(saved[name]).removeprefix("d.") for name in shown} == {
        name: str(each) for name, each in shown.items()
    }


def test_it_says_what_the_narrator_knows(tmp_path: Path) -> None:
    """Wealth, drawdown and its peak, today and since the start, as a restored narrator has them."""
    story = tmp_path / "live_story.txt"
    with week(story, START + 7 * DAY):
        bot = read(story)
    whole = Narrator()
    with JournalReader.open(story) as reader:
        whole.restore(reader.state(NARRATOR) or b"")
        last = reader.last_observation()
    account = whole.account
    assert last is not None
    assert (bot.observation, bot.wealth, bot.drawdown) == (last, account.wealth, account.drawdown)
    assert account.value is not None
    assert bot.peak is not None
    assert bot.peak.drawdown == account.value / account.peak - 1
    assert (bot.peak.time, bot.peak.resumed_at, bot.breaker) == (account.peak_time, account.resumed_at, 0.2)
    assert bot.total is not None
    assert account.first is not None
    assert bot.total.change == account.value / account.first - 1  # as its chapters have it
    assert bot.today is not None
    assert bot.today.since is not None
    assert last.time - bot.today.since <= DAY


def test_from_an_earlier_one_it_is_the_same(tmp_path: Path) -> None:
    """Whatever came in between: bars, a halt by hand and its end, a goodbye and a return."""
    story = tmp_path / "live_story.txt"
    with Teller(story) as teller:
        before: Snapshot | None = None
        steps = (
            teller.begin,
            lambda: teller.bars(3),
            lambda: teller.hand(halts=True),
            lambda: teller.bars(1, halted=True, halt_reason="owner"),
            lambda: teller.hand(halts=False),
            teller.end,
            lambda: teller.note("a word"),
            teller.begin,
            lambda: teller.bars(2),
        )
        for step in steps:
            step()
            assert read(story, before) == (before := read(story))


def test_a_halt_told_between_two_bars_is_part_of_the_last_observation(tmp_path: Path) -> None:
    """Until the next bar says it itself; so is its end."""
    story = tmp_path / "live_story.txt"
    with Teller(story) as teller:
        teller.begin().bars(2)
        assert (seen := read(story).observation) is not None
        assert not seen.halted
        teller.hand(halts=True)
        bot = read(story)
        assert bot.observation is not None
        assert (bot.observation.halted, bot.observation.halt_reason) == (True, "owner")
        assert bot.halt_change is not None
        assert bot.halt_change.since == teller.now
        teller.hand(halts=False)
        assert (seen := read(story).observation) is not None
        assert (seen.halted, seen.halt_reason) == (False, None)


def test_a_bot_is_at_rest_from_its_goodbye_until_something_is_observed(tmp_path: Path) -> None:
    """And it is no longer stopped once it has come again."""
    story = tmp_path / "live_story.txt"
    with Teller(story) as teller:
        teller.begin().bars(1)
        assert (read(story).at_rest, read(story).stopped_by) == (False, None)
        teller.end()
        assert (read(story).at_rest, read(story).stopped_by) == (True, "you")
        teller.bars(1)
        assert (read(story).at_rest, read(story).stopped_by) == (False, "you")
        teller.begin()
        assert (read(story).stopped, read(story).stopped_by) == (None, None)


@pytest.mark.parametrize(
    ("mode", "interval", "grace", "later"),
    [
        ("live", QUARTER, None, QUARTER // 4),
        ("live", SECOND, None, 30 * SECOND),
        ("live", DAY, None, 5 * MINUTE),
        ("paper", QUARTER, 7 * SECOND, 7 * SECOND),
        ("replay", QUARTER, None, None),
        ("live", None, None, None),
    ],
)
def test_an_observation_is_overdue_after_a_grace(
    mode: str, interval: int | None, grace: int | None, later: int | None
) -> None:
    """A quarter of the interval within bounds, or as many microseconds as are given; never on the bars' time."""
    due = None if interval is None else START + interval
    bot = Snapshot(
        journal="", identity=Identity(mode=mode), last_seq=0, observation=Observation(time=START, next_due=due)
    )
    assert bot.overdue_from(grace) == (None if later is None or due is None else due + later)


def test_troubles_that_go_on_are_named_by_their_kinds(tmp_path: Path) -> None:
    """Until their end is told."""
    story = tmp_path / "live_story.txt"
    writer = SynchronousWriter(story, Identity(mode="live"), StorySettings())
    writer.take(Statement(START, (ExchangeDown(exchange="binance"),)))
    writer.commit({})
    assert read(story).troubles == ("exchange_down",)
    writer.take(Statement(START + MINUTE, (ExchangeBack(exchange="binance"),)))
    writer.commit({})
    assert read(story).troubles == ()
    writer.close()


def test_a_story_without_a_bar_is_unknown_and_not_0(tmp_path: Path) -> None:
    """And one whose narrator's state is damaged is an error that says so."""
    story = tmp_path / "live_story.txt"
    with Teller(story) as teller:
        teller.note("hello")
    bot = read(story)
    assert (bot.observation, bot.wealth, bot.drawdown, bot.peak, bot.today) == (None,) * 5
    with apsw.Connection(str(story.with_suffix(".db"))) as db:
        db.create_scalar_function("checksum", lambda *_: 0)
        db.execute("UPDATE states SET state=x'c1' WHERE name='narrator'")
    with pytest.raises(JournalCorrupt, match="narrator's state in the journal can't be read"):
        read(story)
