"""A bot's journal comes out on the other side of a real database as an equal journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory.errors import JournalForeign
from livestory.story.files.layout import Layout
from livestory.story.files.verify import verify
from livestory.story.journal.compaction import Compaction
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.writer import Journal
from livestory.story.settings import StorySettings
from livestory.story.snapshot import Snapshot
from livestory.story.writing.synchronous import SynchronousWriter
from tests.cli.program import inside
from tests.fleet.fleets import ABot, AFleet, assert_equal, observation, rows
from tests.journal.dumps import FIRST, loaded

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pulled_journal_is_the_bots_column_for_column(fleet: AFleet, tmp_path: Path) -> None:
    """Events, observations, positions and identity; and so is what comes later, in one batch or several."""
    bot = ABot(tmp_path / "bot")
    for events in (2_300, 1, 3):
        bot.tells(events)
        assert fleet.pushed(bot) == []
        assert fleet.pulled() == []
        assert_equal(bot.story, fleet.story())
    assert fleet.ask("SELECT count(*), max(wealth) FROM livestory.observations") == [(2_304, 1 + 2.304)]


def test_nobody_but_the_fleet_writes_in_a_copy(fleet: AFleet, tmp_path: Path) -> None:
    """A bot is refused by name, so are a compaction and the owner's hand; verify says what a copy has not."""
    bot = ABot(tmp_path / "bot")
    bot.tells(3)
    fleet.pushed(bot)
    fleet.pulled()
    before = rows(fleet.story())
    with pytest.raises(JournalForeign, match=r"a copy of scout .* from a fleet, which nobody writes but"):
        Journal.open(fleet.story(), bot.identity)
    with pytest.raises(JournalForeign, match="a copy of scout"):
        Compaction.open(fleet.story(), "compact")
    for command in (("halt",), ("note", "nobody would read this")):
        refused = inside(*command, "--dir", fleet.story().parent, cwd=tmp_path)
        assert (refused.returncode, "a copy of scout" in refused.stderr) == (2, True)
        assert not Layout.of(fleet.story()).inbox.exists()
    assert rows(fleet.story()) == before
    told = inside("verify", "--dir", fleet.story().parent, cwd=tmp_path)
    assert "the narrator's memory, cursors and compaction are not replicated" in told.stdout


def test_how_the_bot_is_comes_with_its_journal(fleet: AFleet, tmp_path: Path) -> None:
    """A copy has no narrator's memory: its snapshot is the bot's own."""
    bot = ABot(tmp_path / "bot")
    with SynchronousWriter(bot.story, bot.identity, StorySettings()) as story:
        for n in range(100):
            story.take(observation(n))
        story.commit({})
    fleet.pushed(bot)
    fleet.pulled()
    assert_equal(bot.story, fleet.story())
    with JournalReader.open(bot.story) as theirs, JournalReader.open(fleet.story()) as ours:
        assert Snapshot.read(ours) == Snapshot.read(theirs)
        assert Snapshot.read(ours).drawdown is not None
    assert fleet.story().read_bytes() == bot.story.read_bytes()


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_a_journal_of_an_older_schema_is_pushed_as_it_is(fleet: AFleet, tmp_path: Path, schema: int) -> None:
    """It is not brought up to date for that, and its copy has the same rows in today's tables."""
    (tmp_path / "bot").mkdir()
    bot = ABot(tmp_path / "bot")
    story = loaded(FIRST, tmp_path / "bot", schema)
    before = story.with_suffix(".db").read_bytes()
    fleet.pushed(bot)
    fleet.pulled()
    assert_equal(story, fleet.story())
    assert story.with_suffix(".db").read_bytes() == before


def test_a_compacted_journal_is_pushed_and_what_was_pulled_before_stays(fleet: AFleet, tmp_path: Path) -> None:
    """The copy made before keeps what the bot has thinned; one begun afterwards has what is left."""
    bot = ABot(tmp_path / "bot")
    bot.tells(3_000)
    fleet.pushed(bot)
    fleet.pulled()
    whole = rows(fleet.story())
    assert "taken away" in inside("compact", "--keep", "1d", "--dir", tmp_path / "bot", cwd=tmp_path).stdout
    fleet.pushed(bot)
    fleet.pulled()
    assert rows(fleet.story()) == whole
    assert verify(fleet.story()).findings == []
    fleet.pushed(bot, "grid")
    fleet.pulled()
    assert_equal(bot.story, fleet.story("grid"))
    assert len(rows(fleet.story("grid"))["observations"]) < 3_000


def test_a_bot_that_begins_anew_makes_way_for_itself(fleet: AFleet, tmp_path: Path) -> None:
    """Its folder has the story that it tells now; the former one lies beside, whole."""
    first, second = ABot(tmp_path / "first"), ABot(tmp_path / "second")
    first.tells(5)
    fleet.pushed(first)
    fleet.pulled()
    second.tells(7)
    fleet.pushed(second)
    assert fleet.pulled() == []
    assert_equal(second.story, fleet.story())
    assert_equal(first.story, fleet.former()[0])


def test_a_bot_learns_who_it_is(fleet: AFleet, tmp_path: Path) -> None:
    """What its journal learns of its identity later, its copy has, too."""
    bot = ABot(tmp_path / "bot")
    bot.identity = Identity(bot="scout", mode="paper")
    bot.tells(1)
    fleet.pushed(bot)
    fleet.pulled()
    bot.identity = Identity(bot="scout", mode="paper", symbol="ETH/BTC", unit="BTC", exchange="binance")
    bot.tells(1)
    fleet.pushed(bot)
    fleet.pulled()
    assert_equal(bot.story, fleet.story())
