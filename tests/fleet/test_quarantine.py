"""A hub believes nothing that it can check: rows that lie stop the one bot that they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory.clock import SystemClock
from livestory.outlets.fleet.setup import HUB
from livestory.outlets.fleet.status import read
from tests.fleet.fleets import ABot, AFleet, assert_equal, rows

if TYPE_CHECKING:
    from pathlib import Path

LIES = {
    "a line": ("UPDATE livestory.events SET line = 'forged' WHERE seq = 5", "does not fit the chain"),
    "a record": (r"UPDATE livestory.events SET record = '{}' WHERE seq = 5", "does not fit the chain"),
    "a time": ("UPDATE livestory.events SET time = time + 1 WHERE seq = 5", "it was altered"),
    "an id": (r"UPDATE livestory.events SET id = '\xff' WHERE seq = 5", "its id is no text"),
    "a hole": ("DELETE FROM livestory.events WHERE seq = 5", "it is missing"),
    "an observation": (r"UPDATE livestory.observations SET kept = '\x00' WHERE wealth > 1.004", "can't be read"),
    "another's row": (
        "UPDATE livestory.observations AS a SET kept = b.kept FROM livestory.observations AS b WHERE a.time > b.time",
        "is of another time than it says",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_bot_whose_rows_lie_is_quarantined_and_the_others_go_on(fleet: AFleet, tmp_path: Path, lie: str) -> None:
    """It is said once, and to all who ask the database; what it told before stays; mended, it goes on."""
    scout, grid = ABot(tmp_path / "scout"), ABot(tmp_path / "grid")
    scout.tells(3)
    fleet.pushed(scout)
    fleet.pulled()
    before = rows(fleet.story())
    true = fleet.backup()
    scout.tells(5)
    fleet.pushed(scout)
    statement, words = LIES[lie]
    fleet.ask(statement)
    grid.tells(2)
    fleet.pushed(grid, "grid")
    (said,) = fleet.pulled()
    assert said.startswith("scout (")
    assert "quarantined: event" in said
    assert words in said
    assert rows(fleet.story()) == before
    assert_equal(grid.story, fleet.story("grid"))
    states = {each.bot: each for each in read(fleet.address(HUB), SystemClock())}
    assert states["scout"].quarantined is not None
    assert states["grid"].quarantined is None
    fleet.restore(true)
    fleet.pushed(scout)
    fleet.pulled()
    assert_equal(scout.story, fleet.story())


def test_what_is_mended_leaves_the_quarantine(fleet: AFleet, tmp_path: Path) -> None:
    """And that is said by the pull that runs."""
    bot, said = ABot(tmp_path / "bot"), list[str]()
    bot.tells(3)
    fleet.pushed(bot)
    fleet.ask("UPDATE livestory.events SET time = time + 1 WHERE seq = 2")
    puller = fleet.puller(said)
    for _ in range(3):
        puller.step()
    assert len(said) == 1
    fleet.ask("UPDATE livestory.events SET time = time - 1 WHERE seq = 2")
    bot.tells(1)
    fleet.pushed(bot)
    puller.step()
    puller.close()
    assert said[1].endswith("is pulled again")
    assert fleet.ask("SELECT count(*) FROM livestory.quarantine") == [(0,)]
    assert_equal(bot.story, fleet.story())


def test_a_line_that_would_forge_another_is_not_believed(fleet: AFleet, tmp_path: Path) -> None:
    """Though its bot chained it: control characters, a second line, a record that says something else."""
    bot = ABot(tmp_path / "bot")
    for text in ("a\x1b[2Jb", "a\nb", "a\u202eb"):
        bot = ABot(tmp_path / f"bot {ord(text[1])}")
        bot.tells(1)
        bot.lies(f"2024-12-03 00:02:00 | 📝 Note | {text}")
        fleet.pushed(bot)
        said = fleet.pulled()[-1]
        assert "its line holds what would forge, hide or split one" in said
    bot = ABot(tmp_path / "time")
    bot.lies("2024-12-04 00:01:00 | 📝 Note | of tomorrow")
    fleet.pushed(bot)
    assert "its line begins with another time than its record's" in fleet.pulled()[-1]
