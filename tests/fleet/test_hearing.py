"""What a hub can't hear is no silence of its bots: one alert says so, and each bot's own is held until it is over."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY, HOUR, MINUTE, SECOND, ManualClock, SystemClock
from livestory.outlets.alerts.alerts import Alerts, open_channels
from livestory.outlets.alerts.fleet_watch import FleetAlerts
from livestory.outlets.alerts.settings import AlertsSettings
from livestory.outlets.fleet.hearing import HearingFile, HearingReader, Signs
from livestory.outlets.fleet.setup import HUB
from livestory.story.files.layout import Layout
from livestory.story.journal.reader import JournalReader
from livestory.story.snapshot import Snapshot
from tests.alerts.delivering import QUICK, webhook
from tests.alerts.service import Service, serving
from tests.fleet.fleets import START, ABot, AFleet
from tests.patience import LONG, until
from tests.web.teller import QUARTER, Teller

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def clock() -> ManualClock:
    """Moved by hand."""
    return ManualClock(START)


def told(hooks: Service) -> list[str]:
    """The alerts, in order, without their times."""
    return [line.split(" | ")[1] for each in hooks.accepted for line in each.lines if "Heard" in line]


@contextmanager
def alerting(hub: Path, stories: Sequence[Path], hooks: Service, clock: ManualClock) -> Iterator[list[str]]:
    """The alerts of a hub and of its bots' copies, to a webhook; what they have said."""
    settings = AlertsSettings(channels={"hook": webhook(severity="critical")}, grace=SECOND)
    said, stopped, ready, use = (
        list[str](),
        asyncio.Event(),
        threading.Event(),
        open_channels(settings, print, hooks.environ()),
    )
    reader, loop = HearingReader(hub), asyncio.new_event_loop()

    async def run() -> None:
        own = FleetAlerts(hub, reader, settings, use, clock, report=said.append, patience=QUICK)
        copies = [
            Alerts(Layout.of(story), settings, use, clock, report=said.append, patience=QUICK, steady=clock.now,
                   known_until=reader.until)
            for story in stories
        ]  # fmt: skip
        tasks = [asyncio.create_task(each.run()) for each in (own, *copies)]
        ready.set()
        await stopped.wait()
        for each in (own, *copies):
            each.stop()
        await asyncio.gather(*tasks)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(LONG)
    try:
        yield said
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()


def test_a_hub_that_is_cut_off_says_one_thing_and_holds_what_its_bots_might_say(
    fleet: AFleet, tmp_path: Path, clock: ManualClock
) -> None:
    """Both bots become overdue meanwhile; the one that is still silent a while after it is over is told of."""
    now = SystemClock().now()
    clock.set(now)
    bots = {name: ABot(tmp_path / name, name) for name in ("scout", "grid")}
    tellers = {name: Teller(bot.story, start=now - 4 * QUARTER) for name, bot in bots.items()}
    for name, bot in bots.items():
        tellers[name].begin().bars(4)
        fleet.pushed(bot, name)
    puller = fleet.puller([], clock)
    stop = threading.Event()
    pulling = threading.Thread(target=puller.run, args=(stop,))
    pulling.start()
    until(lambda: all(fleet.story(name).exists() for name in bots))
    with (
        serving() as hooks,
        alerting(fleet.folder / "fleet", [fleet.story(name) for name in bots], hooks, clock) as said,
    ):
        fleet.server.stop()
        until(lambda: (found := HearingReader(fleet.folder / "fleet").read()) is not None and found.why)
        clock.set(now + 20 * MINUTE)
        until(lambda: told(hooks), lambda: said)
        fleet.server.start()
        until(lambda: len(told(hooks)) > 1, lambda: said)
        tellers["grid"].bars(1)
        fleet.pushed(bots["grid"], "grid")
        hearing = HearingReader(fleet.folder / "fleet")
        for seconds in range(0, 121, 40):  # never so far at once that the pull itself seems to be dead
            clock.set(now + 20 * MINUTE + seconds * SECOND)
            until(lambda: (found := hearing.read()) is not None and found.asked >= clock.now() - SECOND, lambda: said)
        until(lambda: "🔕 Not Heard" in told(hooks), lambda: said)
        assert told(hooks) == ["🔕 Fleet Not Heard", "🔔 Fleet Heard Again", "🔕 Not Heard"]
        first, again, silent = [(each.body["story"], each.lines[0]) for each in hooks.accepted]
    assert "can't be reached" in first[1]
    assert "after 20m" in again[1]
    assert first[0] == again[0] == fleet.address(HUB).name
    assert silent[0].startswith("scout")
    stop.set()
    pulling.join()
    for teller in tellers.values():
        teller.close()


def test_after_a_break_the_bots_have_as_long_as_it_was_to_be_heard(tmp_path: Path, clock: ManualClock) -> None:
    """A minute at most; a pull that is begun anew after a break knows of it."""
    hearing, reader = HearingFile(tmp_path, "fleet at db", clock), HearingReader(tmp_path)
    assert reader.read() is None
    hearing.well()
    clock.set(START + 10 * SECOND)
    hearing.well()
    assert reader.until() == START + 10 * SECOND
    clock.set(START + 20 * SECOND)
    hearing.cut_off("away")
    clock.set(START + 30 * SECOND)
    hearing.well()
    found = reader.read()
    assert found is not None
    assert (found.until, found.back) == (START + 10 * SECOND, True)
    clock.set(START + 50 * SECOND)
    hearing.well()
    assert reader.until() == START + 50 * SECOND
    clock.set(START + DAY)
    anew = HearingFile(tmp_path, "fleet at db", clock)
    for after, known in ((0, 50 * SECOND), (MINUTE - SECOND, 50 * SECOND), (MINUTE, DAY + MINUTE)):
        clock.set(START + DAY + after)
        anew.well()
        assert reader.until() == START + known


def test_a_break_within_a_break_is_one(tmp_path: Path, clock: ManualClock) -> None:
    """What was known before the first is what is known."""
    hearing, reader = HearingFile(tmp_path, "fleet at db", clock), HearingReader(tmp_path)
    hearing.well()
    for minute in range(1, 10):
        clock.set(START + minute * MINUTE)
        hearing.cut_off("away")
        clock.set(START + minute * MINUTE + SECOND)
        hearing.well()
    assert reader.until() == START


def test_bots_that_fall_silent_together_are_no_bots_fault() -> None:
    """As where the database is read-only, full, or out of connections; a timer's pushes say nothing."""
    signs = Signs()
    for second in range(0, 200, 30):
        signs.heard({1: second * SECOND, 2: (second + 5) * SECOND, 3: 0})
    assert signs.missing(250 * SECOND) == []
    assert signs.missing(270 * SECOND) == [1, 2]
    assert signs.last() == 185 * SECOND
    signs.heard({1: 300 * SECOND, 2: 185 * SECOND, 3: 0})
    assert signs.missing(301 * SECOND) == []


def test_one_bot_that_falls_silent_is_its_own_trouble() -> None:
    """Nobody else gave signs."""
    signs = Signs()
    for second in range(0, 200, 30):
        signs.heard({1: second * SECOND, 2: 0})
    assert signs.missing(HOUR) == []
    assert Signs().missing(HOUR) == []


def test_a_database_that_takes_nothing_is_not_ten_bots_that_are_silent(fleet: AFleet, tmp_path: Path) -> None:
    """A pull that hears no push where it heard several notes it, and the end of it; those at rest are left out."""
    clock = SystemClock()
    for name in ("scout", "grid"):
        bot = ABot(tmp_path / name, name)
        Teller(bot.story, start=clock.now() - DAY).begin().bars(3).close()
        fleet.pushed(bot, name)
    puller, reader = fleet.puller([]), HearingReader(tmp_path / "fleet")
    for ago in (200, 170, 140, 110):
        fleet.ask("UPDATE livestory.heads SET heard = now() - make_interval(secs => %s)", ago)
        puller.step()
    found = reader.read()
    assert found is not None
    assert "it hears none of 2 bots" in found.why
    assert clock.now() - found.until > 100 * SECOND
    fleet.ask("UPDATE livestory.heads SET heard = now() WHERE bot = 'grid'")
    puller.step()
    found = reader.read()
    assert found is not None
    assert (found.back, found.why) == (True, "")
    puller.close()


def test_a_database_of_yesterday_does_not_make_the_hub_forget_how_the_bot_is(fleet: AFleet, tmp_path: Path) -> None:
    """Nor does it keep yesterday's state where the bot has nothing new to tell."""
    bot, now = ABot(tmp_path / "bot"), SystemClock().now()
    teller = Teller(bot.story, start=now - DAY).begin().bars(3)
    fleet.pushed(bot)
    backup = fleet.backup()
    teller.bars(5)
    pusher = fleet.pusher(bot, [])
    while not pusher.step():
        pass
    fleet.pulled()
    told_last = snapshot(fleet)
    fleet.restore(backup)
    fleet.pulled()
    assert snapshot(fleet) == told_last
    pusher.close()
    while not pusher.step():
        pass
    pusher.close()
    fleet.pulled()
    assert snapshot(fleet) == told_last
    assert fleet.ask("SELECT snapshot FROM livestory.heads")[0][0] == told_last.packed()
    teller.close()


def snapshot(fleet: AFleet) -> Snapshot:
    """How the hub knows scout."""
    with JournalReader.open(fleet.story()) as reader:
        return Snapshot.read(reader)
