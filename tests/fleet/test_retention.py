"""What an administrator gives back goes for every bot, wherever it lies; the heads stay, and pushes go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fleet.fleets import ABot, AFleet

if TYPE_CHECKING:
    from pathlib import Path

PARTS = (("events", "told"), ("observations", "time"))


def test_months_without_a_partition_are_given_back_too(fleet: AFleet, tmp_path: Path) -> None:
    """They lie in the default partition, as the bars of a replay of other years do."""
    for name in ("scout", "grid"):
        bot = ABot(tmp_path / name, name)
        bot.tells(5)
        fleet.pushed(bot, name)
    for table, began in PARTS:
        old, days = 946_684_800_000_000, 30 * 86_400_000_000  # into January of 2000
        fleet.ask(f"UPDATE livestory.{table} SET {began} = {old} + {began} % {days} WHERE bot = 'grid'")  # noqa: S608
        assert fleet.ask(f"SELECT count(*) FROM livestory.{table}_default WHERE bot = 'grid'") == [(5,)]  # noqa: S608
    fleet.ask("SELECT livestory.drop_before('2000-01-31')")
    assert [fleet.ask(f"SELECT count(*) FROM livestory.{table}") for table, _ in PARTS] == [[(10,)], [(10,)]]  # noqa: S608
    fleet.ask("SELECT livestory.drop_before('2000-02-01')")
    kept = "SELECT bot, count(*) FROM livestory.{} GROUP BY bot"
    assert [fleet.ask(kept.format(table)) for table, _ in PARTS] == [[("scout", 5)], [("scout", 5)]]
    bot.tells(5)
    assert fleet.pushed(bot, "grid") == []
    assert fleet.ask("SELECT seq FROM livestory.heads WHERE bot = 'grid'") == [(10,)]
