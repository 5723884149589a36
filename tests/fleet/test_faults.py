"""Bots that tell, pushes, a pull and a server that are killed, parted and doubled: every event arrives, once."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.outlets.fleet.push import Place
from livestory.outlets.fleet.setup import HUB, role_of
from livestory.story.journal.reader import JournalReader
from tests.cli.program import COMMAND, environment
from tests.fleet.fleets import ABot, AFleet, assert_equal, has_all
from tests.fleet.postgres_process import PostgresProcess
from tests.fleet.proxy import Proxy
from tests.patience import until
from tests.reliability.amount import TORTURE, amount
from tests.reliability.conftest import mounted
from tests.reliability.rehearse import cut_power
from tests.reliability.test_power_cuts import Disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_FULL = 4.0  # seconds that a disk is
_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of its own in it


class Running:
    """The processes of a fleet: a push for each bot and a pull, all through one proxy."""

    def __init__(self, fleet: AFleet, names: list[str], proxy: Proxy) -> None:
        self.fleet = fleet
        self.proxy = proxy
        self.bots = {name: ABot(fleet.folder / name, name) for name in names}
        self._log = (fleet.folder / "log").open("ab")
        for bot in self.bots.values():
            bot.tells(1)
        self.pushes = {name: self._push(name) for name in names}
        self.pull = self._pull()

    def _push(self, name: str) -> subprocess.Popen[bytes]:
        return self._started(role_of(name), "push", "--to", self.fleet.folder / name)

    def _pull(self) -> subprocess.Popen[bytes]:
        return self._started(HUB, "pull", "--from", self.fleet.folder / "fleet")

    def _started(self, role: str, verb: str, option: str, folder: Path) -> subprocess.Popen[bytes]:
        url = self.fleet.server.url(role, self.fleet.database, self.proxy.port)
        secret = environment(LIVESTORY_FLEET_PASSWORD=self.fleet.password(role).reveal())
        command = [*COMMAND, "fleet", verb, option, url, "--dir", str(folder)]
        return subprocess.Popen(command, env=secret, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL)

    def kill_a_push(self, chance: random.Random) -> None:
        """In the middle of whatever it does."""
        name = chance.choice([*self.bots])
        self.pushes[name].kill()
        self.pushes[name].wait()
        self.pushes[name] = self._push(name)

    def kill_the_pull(self, _: random.Random) -> None:
        """In the middle of whatever it writes."""
        self.pull.kill()
        self.pull.wait()
        self.pull = self._pull()

    def kill_the_server(self, _: random.Random) -> None:
        """With all its processes; it recovers by its log."""
        self.fleet.server.kill()
        self.fleet.server.start()

    def part_and_join(self, chance: random.Random) -> None:
        """Nobody hears of anybody while the bots tell on."""
        self.proxy.part()
        for bot in self.bots.values():
            bot.tells(chance.randrange(3))
        self.proxy.join()

    def cut_a_batch(self, chance: random.Random) -> None:
        """Whichever it is that passes the proxy next."""
        self.proxy.cut_after(chance.randrange(1, 40_000))

    def cut_all(self, _: random.Random) -> None:
        """Every connection at once, as a proxy that is restarted does."""
        self.proxy.cut()

    def double_a_push(self, chance: random.Random) -> None:
        """Two send one journal, and take turns; the former is killed."""
        name = chance.choice([*self.bots])
        former, self.pushes[name] = self.pushes[name], self._push(name)
        self.bots[name].tells(chance.randrange(5))
        former.kill()
        former.wait()

    def send_out_of_order(self, chance: random.Random) -> None:
        """Rows that are there already once more, then rows that come before their time."""
        name = chance.choice([*self.bots])
        said = list[str]()
        pusher = self.fleet.pusher(self.bots[name], said, name)
        pusher.step()
        self.bots[name].tells(2)
        pusher.step()
        with JournalReader.open(self.bots[name].story) as reader:
            for seq in (chance.randint(1, reader.last_seq - 1), reader.last_seq):
                event = reader.event(seq)
                assert event is not None
                pusher.place = Place(1, seq, event.hash, event.time)
                self.bots[name].tells(1)
                pusher.step()
        pusher.close()
        assert said == []

    def fail_over(self, _: random.Random) -> None:
        """The primary dies while all push, and its synchronous standby takes its place."""
        primary = self.fleet.server
        place = primary.folder.with_name(f"{primary.folder.name}+")
        standby = PostgresProcess(standby_of=primary, durable=True, folder=place)
        primary.follow_at_once("standby")
        acknowledged = self.heads()
        primary.kill()
        standby.promote()
        standby.ask("postgres", "ALTER SYSTEM RESET synchronous_standby_names")
        standby.ask("postgres", "SELECT pg_reload_conf()")
        primary.close()
        self.fleet = AFleet(standby, self.fleet.database, self.fleet.folder)
        self.proxy.to = standby.port
        self.proxy.cut()
        self.kept(acknowledged)

    def heads(self) -> dict[str, int]:
        """What the database has acknowledged of each bot."""
        return dict(self.fleet.ask("SELECT bot, seq FROM livestory.heads"))

    def kept(self, acknowledged: dict[str, int]) -> None:
        """All that was acknowledged is there still."""
        found = self.heads()
        assert all(found[bot] >= seq for bot, seq in acknowledged.items())

    def arrived(self) -> bool:
        """Whether each pulled journal has what its bot has told and observed."""
        return all(has_all(self.fleet.story(name), bot) for name, bot in self.bots.items())

    def pushed(self) -> int:
        """How many events the database has."""
        return int(self.fleet.ask("SELECT coalesce(sum(seq), 0) FROM livestory.heads")[0][0])

    def goes_on(self, before: int) -> bool:
        """Whether the database has more events than before, or all that there are."""
        return self.pushed() > before or self.pushed() == sum(bot.told for bot in self.bots.values())

    def said(self) -> str:
        """What all its processes have said."""
        return (self.fleet.folder / "log").read_text("utf-8")

    def close(self) -> None:
        """End them all in order, as a service is stopped."""
        for process in (*self.pushes.values(), self.pull):
            process.terminate()
        for process in (*self.pushes.values(), self.pull):
            process.wait()
        self._log.close()


class OnADisk(Running):
    """With its database on a disk of its own, whose power can be cut and which can be full."""

    def __init__(self, fleet: AFleet, names: list[str], proxy: Proxy, disk: Disk) -> None:
        super().__init__(fleet, names, proxy)
        self._disk = disk

    def cut_the_power(self, _: random.Random) -> None:
        """What was not synced is gone, and what was acknowledged is not."""
        server, acknowledged = self.fleet.server, self.heads()
        cut_power(str(self._disk.mount))
        server.kill()
        self._disk.off()
        self._disk.on()
        server.start()
        self.kept(acknowledged)

    def fill_the_disk(self, chance: random.Random) -> None:
        """Until the database has no room for what the bots tell; afterwards it has."""
        server, ballast, acknowledged = self.fleet.server, self._disk.mount / "ballast", self.heads()
        with ballast.open("wb") as file:
            room = shutil.disk_usage(self._disk.mount).free
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, room)
            with suppress(OSError):
                while file.write(bytes(1 << 16)):
                    file.flush()
        for bot in self.bots.values():
            bot.tells(chance.randrange(20, 60))
        over = time.monotonic() + _FULL
        while server.runs and time.monotonic() < over:
            time.sleep(0.1)
        ballast.unlink()
        if not server.runs:
            server.start()
        self.kept(acknowledged)


@pytest.fixture
def disk() -> Iterator[Disk | None]:
    """For the database, in the long form: bounded, it has none of its own."""
    if not TORTURE:
        yield None
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        Path(folder).chmod(0o755)
        disk = Disk(Path(folder), 4 * 2**30)
        yield disk
        disk.off()


def test_whatever_is_killed_parted_or_doubled_every_event_arrives_once(
    request: pytest.FixtureRequest, disk: Disk | None, tmp_path: Path, counted: Callable[[str, str, int], None]
) -> None:
    """Each pulled journal is its bot's, column for column, with no epoch too many and nobody in quarantine."""
    names = [f"bot-{n}" for n in range(1, amount(5, 50) + 1)]
    events, faults, chance = amount(1_000, 20_000), amount(10, 200), random.Random(18)  # noqa: S311 (of faults)
    before_each = events * 9 // 10 // faults  # what the faults themselves let a bot tell has room in the rest
    on_disk = None if disk is None else PostgresProcess(durable=True, folder=disk.mount / "postgres")
    server: PostgresProcess = on_disk or request.getfixturevalue("postgres")
    fleet = AFleet.made(server, tmp_path, names)
    with Proxy(server.port) as proxy:
        running = Running(fleet, names, proxy) if disk is None else OnADisk(fleet, names, proxy, disk)
        kinds = [running.kill_a_push, running.kill_the_pull, running.kill_the_server, running.part_and_join,
                 running.cut_a_batch, running.cut_all, running.double_a_push, running.send_out_of_order]  # fmt: skip
        if isinstance(running, OnADisk):
            os.sync()  # what initdb has made
            kinds += [running.cut_the_power, running.fill_the_disk, running.fail_over]
        try:
            for number in range(faults):
                for bot in running.bots.values():
                    bot.tells(before_each)
                before = running.pushed()
                kind = kinds[number % len(kinds)]
                kind(chance)
                counted("fleet", kind.__name__.replace("_", " "), 1)
                until(lambda before=before: running.goes_on(before), running.said)  # type: ignore[misc]
            for bot in running.bots.values():
                bot.tells(events - bot.told)
            until(running.arrived, running.said)
        finally:
            running.close()
        fleet = running.fleet
        for name, bot in running.bots.items():
            assert_equal(bot.story, fleet.story(name))
        assert fleet.former() == []
        total = len(names) * events
        assert fleet.ask("SELECT count(*) FROM livestory.events") == [(total,)]
        assert fleet.ask("SELECT count(*) FROM livestory.observations") == [(total,)]
        assert fleet.ask("SELECT count(*), max(epoch) FROM livestory.heads") == [(len(names), 1)]
        assert fleet.ask("SELECT count(*) FROM livestory.quarantine") == [(0,)]
        if disk is not None:
            fleet.server.close()
    assert "Traceback" not in running.said()
    for name in names:
        assert fleet.password(role_of(name)).reveal() not in running.said()
    counted("fleet", "events through faults", total)
    counted("fleet", "observations beside them", total)
    counted("fleet", "faults", faults)


def test_a_batch_that_comes_before_its_time_is_not_taken(fleet: AFleet, tmp_path: Path) -> None:
    """Nothing is kept with a hole before it: the push looks where the database stands, and sends from there."""
    bot, said = ABot(tmp_path / "bot"), list[str]()
    bot.tells(1_200)
    pusher = fleet.pusher(bot, said)
    pusher.step()
    first = pusher.place
    assert first is not None
    first_head = r"seq = 0, hash = decode(repeat('00', 32), 'hex'), observed = -9223372036854775808"
    fleet.ask(f"UPDATE livestory.heads SET {first_head}")  # noqa: S608 (no values)
    fleet.ask("DELETE FROM livestory.events")
    fleet.ask("DELETE FROM livestory.observations")
    fleet.ask("DELETE FROM livestory.positions")
    pusher.place = Place(1, first.seq, first.hash, first.observed)
    while not pusher.step():
        pass
    pusher.close()
    assert said == []
    fleet.pulled()
    assert_equal(bot.story, fleet.story())


@pytest.mark.skipif(not TORTURE, reason="mounts a small disk: make torture")
def test_a_database_whose_disk_is_full_is_waited_for(tmp_path: Path) -> None:
    """What does not fit is not acknowledged; once there is room again all of it is sent, and nothing twice."""
    disk = Path(tempfile.mkdtemp(prefix="livestory-disk-"))
    mounted("-t", "tmpfs", "-o", "size=96m,mode=0755", "tmpfs", str(disk))
    server = PostgresProcess(folder=disk)
    try:
        fleet = AFleet.made(server, tmp_path, ("scout",))
        bot, said, stop = ABot(tmp_path / "bot"), list[str](), threading.Event()
        bot.tells(500)
        pushing = threading.Thread(target=fleet.pusher(bot, said).run, args=(stop,))
        pushing.start()
        until(lambda: fleet.ask("SELECT coalesce(sum(seq), 0) FROM livestory.heads") == [(500,)], lambda: said)
        ballast = disk / "ballast"
        with ballast.open("wb") as file, suppress(OSError):
            while file.write(bytes(1 << 16)):
                file.flush()
        bot.tells(amount(5_000, 20_000))
        until(lambda: any("can't be reached" in each for each in said), lambda: said)
        ballast.unlink()
        if server.process.poll() is not None:  # without room for its own log it ends itself
            server.start()
        until(lambda: fleet.ask("SELECT sum(seq) FROM livestory.heads") == [(bot.told,)], lambda: said)
        stop.set()
        pushing.join()
        fleet.pulled()
        assert_equal(bot.story, fleet.story())
    finally:
        server.close()
        subprocess.run(["/usr/bin/umount", str(disk)], check=True)
        disk.rmdir()


def test_a_standby_that_is_promoted_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    """Of a synchronous one: the primary dies, the pushes find the other by their address and go on where it stands."""
    primary = PostgresProcess()
    fleet = AFleet.made(primary, tmp_path, ("scout",))
    standby = PostgresProcess(standby_of=primary)
    try:
        primary.follow_at_once("standby")
        bot, said = ABot(tmp_path / "bot"), list[str]()
        bot.tells(amount(300, 20_000))
        pusher = fleet.pusher(bot, said, ports=(primary.port, standby.port))
        while not pusher.step():
            pass
        acknowledged = pusher.place
        primary.kill()
        standby.promote()
        pusher.close()
        bot.tells(50)
        sent = pusher.sent
        while not pusher.step():
            pass
        assert acknowledged is not None
        assert (pusher.sent - sent, said) == (50, [])
        pusher.close()
        promoted = AFleet(standby, fleet.database, tmp_path)
        assert promoted.pulled() == []
        assert_equal(bot.story, promoted.story())
    finally:
        standby.close()
        primary.close()
