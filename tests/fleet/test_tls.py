"""Off this machine the database has to prove who it is, by a certificate for its name."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from livestory.clock import SystemClock
from livestory.outlets.fleet.address import FleetAddress
from livestory.outlets.fleet.database import FleetRefused
from livestory.outlets.fleet.push import Pusher
from tests.fleet.fleets import ABot, AFleet, assert_equal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fleet.postgres_process import PostgresProcess

ROLE, NAME = "livestory_scout", "db.example.net"


class Authority:
    """One who vouches for servers, made for a test."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.certificate, self._key = folder / "ca.crt", folder / "ca.key"
        self._folder = folder
        self._openssl(f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=nobody -keyout {self._key} "
                      f"-out {self.certificate}")  # fmt: skip

    def vouches(self, name: str) -> tuple[Path, Path]:
        """A certificate for a server of that name, and its key."""
        key, asked, made, more = (self._folder / each for each in ("key", "asked", "made", "more"))
        more.write_text(f"subjectAltName=DNS:{name}", "utf-8")
        self._openssl(f"req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {key} -out {asked}")
        self._openssl(f"x509 -req -days 2 -in {asked} -CA {self.certificate} -CAkey {self._key} -CAcreateserial "
                      f"-extfile {more} -out {made}")  # fmt: skip
        return made, key

    @staticmethod
    def _openssl(words: str) -> None:
        openssl = shutil.which("openssl")
        if openssl is None:
            pytest.skip("needs openssl to make certificates")
        subprocess.run([openssl, *words.split()], check=True, capture_output=True)


@pytest.fixture
def authority(postgres: PostgresProcess, tmp_path: Path) -> Iterator[Authority]:
    """Whom the server has its certificate from; afterwards it speaks no TLS any more."""
    made = Authority(tmp_path / "authority")
    postgres.speak_tls(*made.vouches(NAME))
    yield made
    postgres.ask("postgres", "ALTER SYSTEM RESET ssl")
    postgres.ask("postgres", "SELECT pg_reload_conf()")


def pushed(fleet: AFleet, bot: ABot, host: str, more: str = "") -> None:
    """Push as from another machine: the server is called by a name that is none of this one's."""
    port, database = fleet.server.port, fleet.database
    url = f"postgresql://{ROLE}@{host}:{port}/{database}?hostaddr=127.0.0.1{more}"
    address = FleetAddress.read(url, environ={"LIVESTORY_FLEET_PASSWORD": fleet.password(ROLE).reveal()})
    assert address.parameters["sslmode"] == "verify-full"
    Pusher(bot.story, address, SystemClock(), print).once()


def test_a_server_that_proves_its_name_is_sent_to(fleet: AFleet, authority: Authority, tmp_path: Path) -> None:
    """Its authority is named in the address; nothing else is said of TLS."""
    bot = ABot(tmp_path / "bot")
    bot.tells(3)
    pushed(fleet, bot, NAME, f"&sslrootcert={authority.certificate}")
    fleet.pulled()
    assert_equal(bot.story, fleet.story())
    used = fleet.ask("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert used == [(True,)]  # on this machine it is welcome where it is offered


def test_one_that_does_not_is_sent_nothing(fleet: AFleet, authority: Authority, tmp_path: Path) -> None:
    """Another name, another authority, the machine's own authorities: each is one message of two lines."""
    bot = ABot(tmp_path / "bot")
    bot.tells(3)
    other = Authority(tmp_path / "other")
    for host, more, words in (
        ("other.example.net", f"&sslrootcert={authority.certificate}", 'does not match host name "other.example.net"'),
        (NAME, f"&sslrootcert={other.certificate}", "certificate verify failed"),
        (NAME, "", "certificate verify failed"),
        (NAME, f"&sslrootcert={tmp_path / 'none'}", "does not exist"),
    ):
        with pytest.raises(FleetRefused, match="the server does not prove who it is") as refused:
            pushed(fleet, bot, host, more)
        message = str(refused.value)
        assert words in message
        assert message.count("\n") == 1
        assert "sslrootcert=FILE" in message
        assert fleet.password(ROLE).reveal() not in message
    assert fleet.ask("SELECT count(*) FROM livestory.heads") == [(0,)]


def test_one_that_speaks_no_tls_is_sent_nothing(fleet: AFleet, tmp_path: Path) -> None:
    """The password least of all."""
    bot = ABot(tmp_path / "bot")
    bot.tells(3)
    with pytest.raises(FleetRefused, match="server does not support SSL, but SSL was required"):
        pushed(fleet, bot, NAME)
