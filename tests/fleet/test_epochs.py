"""A journal that parts from what the database has of it, and a database that has lost what it had."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from livestory.story.journal.writer import Journal
from tests.fleet.fleets import ABot, AFleet, assert_equal, observation, rows

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.outlets.fleet.push import Pusher


def sent(pusher: Pusher) -> None:
    """Send all, and keep the connection."""
    while not pusher.step():
        pass


def _kept(bot: ABot, aside: Path) -> None:
    """A backup of the bot's folder, of a time when nobody writes in it."""
    shutil.copytree(bot.story.parent, aside)


def test_a_bot_put_back_from_a_backup_is_sent_again_as_a_new_epoch(fleet: AFleet, tmp_path: Path) -> None:
    """It is told, what it told before stays whole, and the bot's folder has what it tells now."""
    bot, backup = ABot(tmp_path / "bot"), tmp_path / "backup"
    bot.tells(10)
    _kept(bot, backup)
    bot.tells(10)
    fleet.pushed(bot)
    fleet.pulled()
    lost = rows(fleet.story())
    shutil.rmtree(bot.story.parent)
    backup.rename(bot.story.parent)
    assert "it was put back from a backup" in fleet.pushed(bot)[0]
    bot.told = 10
    bot.tells(15, "after the backup")
    assert fleet.pushed(bot) == []
    assert fleet.pulled() == []
    assert_equal(bot.story, fleet.story())
    assert rows(fleet.former()[0]) == lost


def test_one_put_back_while_it_is_pushed_is_noticed(fleet: AFleet, tmp_path: Path) -> None:
    """Though the push holds its place, and the journal has as many events as before."""
    bot, backup, said = ABot(tmp_path / "bot"), tmp_path / "backup", list[str]()
    bot.tells(10)
    _kept(bot, backup)
    bot.tells(10)
    pusher = fleet.pusher(bot, said)
    sent(pusher)
    shutil.rmtree(bot.story.parent)
    backup.rename(bot.story.parent)
    bot.told = 10
    bot.tells(10, "after the backup")
    sent(pusher)
    pusher.close()
    assert len(said) == 1
    fleet.pulled()
    assert_equal(bot.story, fleet.story())


def test_a_bot_doubled_on_two_machines_has_two_epochs_that_both_go_on(fleet: AFleet, tmp_path: Path) -> None:
    """Neither drops what the other tells; each is sent as what it is, however they take turns."""
    one, other = ABot(tmp_path / "one"), ABot(tmp_path / "other")
    one.tells(10)
    fleet.pushed(one)
    _kept(one, tmp_path / "other")
    other.told = 10
    said = []
    for turn in range(3):
        one.tells(3, f"one, {turn}")
        other.tells(4, f"other, {turn}")
        said += [*fleet.pushed(one), *fleet.pushed(other)]
        assert fleet.pulled() == []
        assert_equal(other.story, fleet.story())
        assert_equal(one.story, fleet.former()[0])
    assert len(said) == 1


def test_two_that_part_while_both_are_pushed_are_told_apart(fleet: AFleet, tmp_path: Path) -> None:
    """Though both pushes hold the place where they were one: what overlaps must be the same."""
    one, other, said = ABot(tmp_path / "one"), ABot(tmp_path / "other"), list[str]()
    one.tells(10)
    _kept(one, tmp_path / "other")
    other.told = 10
    pushers = [fleet.pusher(one, said), fleet.pusher(other, said)]
    for pusher in pushers:
        sent(pusher)
    for bot, pusher, events in zip((one, other), pushers, (3, 4), strict=True):
        bot.tells(events, bot.story.parent.name)
        sent(pusher)
        pusher.close()
    assert len(said) == 1
    assert fleet.pulled() == []
    assert_equal(other.story, fleet.story())
    assert_equal(one.story, fleet.former()[0])


def test_observations_alone_tell_a_restored_journal(fleet: AFleet, tmp_path: Path) -> None:
    """Where nothing was told since the backup, the database is ahead by what was observed."""
    bot, backup = ABot(tmp_path / "bot"), tmp_path / "backup"
    bot.tells(10)
    _kept(bot, backup)
    journal = Journal.open(bot.story, bot.identity)
    journal.append([], [observation(n) for n in range(20, 30)])
    journal.close()
    fleet.pushed(bot)
    shutil.rmtree(bot.story.parent)
    backup.rename(bot.story.parent)
    assert len(fleet.pushed(bot)) == 1
    fleet.pulled()
    assert_equal(bot.story, fleet.story())


def test_a_database_restored_to_yesterday_gets_what_is_missing_again(fleet: AFleet, tmp_path: Path) -> None:
    """From the push that is running and from one that starts; the hub, which was ahead, has nothing twice."""
    bot, said = ABot(tmp_path / "bot"), list[str]()
    bot.tells(20)
    fleet.pushed(bot)
    yesterday = fleet.backup()
    bot.tells(20)
    pusher = fleet.pusher(bot, said)
    sent(pusher)
    fleet.pulled()
    fleet.restore(yesterday)
    bot.tells(1)
    pusher.close()  # as a server that is restored closes all connections
    sent(pusher)
    assert said == []
    assert fleet.ask("SELECT count(*), max(seq) FROM livestory.events") == [(41, 41)]
    assert fleet.pulled() == []
    assert_equal(bot.story, fleet.story())
    pusher.close()


def test_the_same_rows_twice_and_two_pushes_at_once_are_one(fleet: AFleet, tmp_path: Path) -> None:
    """Each goes on from where the other has come; a batch that is sent again changes nothing."""
    bot, said = ABot(tmp_path / "bot"), list[str]()
    bot.tells(2_500)
    one, other = fleet.pusher(bot, said), fleet.pusher(bot, said)
    other.step()
    sent(one)
    sent(other)  # from where it stands itself: rows that are there already
    one.close()
    other.close()
    assert said == []
    assert one.sent + other.sent > 2_500
    assert fleet.ask("SELECT count(*) FROM livestory.events") == [(2_500,)]
    assert fleet.ask("SELECT count(*) FROM livestory.observations") == [(2_500,)]
    fleet.pulled()
    assert_equal(bot.story, fleet.story())
