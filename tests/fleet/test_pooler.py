"""A real PgBouncer between a fleet and its database, as one has it beyond a hundred connections."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.clock import SystemClock
from livestory.outlets.fleet.pull import Puller
from livestory.outlets.fleet.setup import HUB, role_of
from livestory.outlets.fleet.status import read
from tests.fleet.fleets import ABot, AFleet, assert_equal, has_all
from tests.fleet.postgres_process import ADMIN_PASSWORD, UNPACKED, PostgresProcess, free_port, lacking
from tests.patience import LONG, until

if TYPE_CHECKING:
    from collections.abc import Iterator


_WHO = "SELECT usename, passwd FROM pg_shadow WHERE usename = $1"


class PgBouncer:
    """A pooler before one server, with one connection a user, which asks the server who its users are."""

    def __init__(self, server: PostgresProcess, mode: str) -> None:
        found = (UNPACKED / "usr/bin/pgbouncer", shutil.which("pgbouncer"), "/usr/sbin/pgbouncer")
        program = next((str(each) for each in found if each is not None and Path(each).exists()), None)
        if program is None:
            lacking("PgBouncer", "pgbouncer")
        self.folder = Path(tempfile.mkdtemp(prefix="livestory-pgbouncer-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        users, settings = self.folder / "users", self.folder / "pgbouncer.ini"
        users.write_text(f'"postgres" "{ADMIN_PASSWORD}"\n', encoding="utf-8")
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"pool_mode = {mode}\ndefault_pool_size = 1\nauth_type = scram-sha-256\nauth_file = {users}\n"
            f"auth_user = postgres\nauth_query = {_WHO}\n",
            encoding="utf-8",
        )
        self.mode = mode
        self._command = [program, *(() if os.geteuid() else ("-u", "nobody")), str(settings)]
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        libraries = ":".join(str(path) for path in UNPACKED.glob("usr/lib/*-linux-gnu*"))
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(self._command, stdout=log, stderr=log, env={"LD_LIBRARY_PATH": libraries})
        until(self._listens, self.log)
        return process

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def killed_and_started(self) -> None:
        """As a crash: all that was connected is cut off."""
        self.process.kill()
        self.process.wait()
        self.process = self._started()

    def log(self) -> str:
        """What it has said."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def close(self) -> None:
        """End it, and take its folder away."""
        self.process.kill()
        self.process.wait(LONG)
        shutil.rmtree(self.folder)


@pytest.fixture(params=["session", "transaction"])
def pooler(request: pytest.FixtureRequest, postgres: PostgresProcess) -> Iterator[PgBouncer]:
    """One of each kind that keeps what a transaction is."""
    pooler = PgBouncer(postgres, request.param)
    yield pooler
    pooler.close()


def test_bots_and_a_hub_go_through_a_pooler_that_is_killed(fleet: AFleet, tmp_path: Path, pooler: PgBouncer) -> None:
    """Two pushes and a pull that go on while it dies: who is which bot is known, and no journal differs."""
    bots, said, stop = {name: ABot(tmp_path / name, name) for name in ("scout", "grid")}, list[str](), threading.Event()
    runs = [fleet.pusher(bot, said, name, [pooler.port]).run for name, bot in bots.items()]
    runs.append(Puller(fleet.address(HUB, pooler.port), fleet.folder / "fleet", SystemClock(), said.append).run)
    running = [threading.Thread(target=run, args=(stop,)) for run in runs]
    for bot in bots.values():
        bot.tells(50)
    for thread in running:
        thread.start()
    try:
        until(lambda: all(has_all(fleet.story(name), bot) for name, bot in bots.items()), lambda: said)
        pooler.killed_and_started()
        for bot in bots.values():
            bot.tells(30)
        until(lambda: all(has_all(fleet.story(name), bot) for name, bot in bots.items()), lambda: said)
        if pooler.mode == "transaction":  # the hub's one connection is the running pull's only while that asks
            assert {each.bot: each.seq for each in read(fleet.address(HUB, pooler.port), SystemClock())} == {
                name: bot.told for name, bot in bots.items()
            }
    finally:
        stop.set()
        for thread in running:
            thread.join()
    for name, bot in bots.items():
        assert_equal(bot.story, fleet.story(name))
    assert fleet.ask("SELECT bot, epoch FROM livestory.heads ORDER BY bot") == [("grid", 1), ("scout", 1)]
    assert all("can't be reached" in each or "again" in each for each in said), said
    for role in (HUB, *map(role_of, bots)):
        assert fleet.password(role).reveal() not in pooler.log()
