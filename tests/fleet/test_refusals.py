"""What a person got wrong is one message, which says what to do; what may pass is waited for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from livestory.clock import HOUR, SystemClock
from livestory.errors import ConfigError, InputError, JournalError
from livestory.outlets.fleet.address import FleetAddress
from livestory.outlets.fleet.database import FleetRefused, FleetUnreachable
from livestory.outlets.fleet.push import Pusher
from livestory.outlets.fleet.setup import make, role_of
from tests.cli.program import inside
from tests.fleet.fleets import ABot, AFleet, assert_equal
from tests.patience import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fleet.postgres_process import PostgresProcess


class Elsewhen:
    """A clock that is wrong."""

    def __init__(self, off: int) -> None:
        self._off = off

    def now(self) -> int:
        return SystemClock().now() + self._off


@pytest.fixture
def bot(tmp_path: Path) -> ABot:
    """A bot that has told something."""
    made = ABot(tmp_path / "bot")
    made.tells(3)
    return made


def once(bot: ABot, url: str, secret: str = "") -> None:
    """Push as a timer would."""
    found = FleetAddress.read(url, environ={"LIVESTORY_FLEET_PASSWORD": secret})
    Pusher(bot.story, found, SystemClock(), print).once()


@pytest.mark.parametrize(
    "url",
    ["nothing", "mysql://a@b/c", "postgresql://a@h:port/db", "postgresql://a@h o/db", "postgresql://h/?nonsense=1"],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    """A mistyped one may hold a password."""
    with pytest.raises(ConfigError, match=r"Write it like postgresql://") as refused:
        FleetAddress.read(url, environ={})
    assert url not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://a:secret@h/db", "postgresql://h/db?password=secret"])
def test_a_password_in_the_address_is_refused(url: str) -> None:
    """Every user of the machine sees a command's words."""
    with pytest.raises(ConfigError, match="holds a password, which every user of this machine can see") as refused:
        FleetAddress.read(url, environ={})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "environ", "mode"),
    [
        ("postgresql://a@db.example.net/fleet", {}, "verify-full"),
        ("postgresql://a@192.0.2.7/fleet", {}, "verify-full"),
        ("postgresql:///fleet", {"PGHOST": "db.example.net"}, "verify-full"),
        ("postgresql://a@127.0.0.1,db.example.net/fleet", {}, "verify-full"),
        ("postgresql:///fleet?service=hub", {}, "verify-full"),
        ("postgresql://a@db.example.net/fleet?sslmode=require", {}, "require"),
        ("postgresql://a@127.0.0.1/fleet", {}, None),
        ("postgresql://a@[::1]/fleet", {}, None),
        ("postgresql:///fleet?host=/run/postgresql", {}, None),
    ],
)
def test_off_this_machine_the_server_has_to_prove_who_it_is(
    url: str, environ: dict[str, str], mode: str | None
) -> None:
    """Unless the address says otherwise."""
    assert FleetAddress.read(url, environ=environ).parameters.get("sslmode") == mode


def test_a_password_is_read_from_a_private_file_and_shown_nowhere(tmp_path: Path) -> None:
    """One that others may read is refused; what is printed of an address has none of it."""
    file = tmp_path / "password"
    file.write_text("s3cret\n", "utf-8")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read or written by others"):
        FleetAddress.read("postgresql://a@127.0.0.1/fleet", file, {})
    file.chmod(0o600)
    address = FleetAddress.read("postgresql://a@127.0.0.1/fleet", file, {})
    assert address.password is not None
    assert address.password.reveal() == "s3cret"
    assert "s3cret" not in repr(address)


def test_whom_the_database_does_not_let_in_is_told_so(fleet: AFleet, bot: ABot) -> None:
    """A wrong password, a user, a database that are not there: what to do, and no password in it."""
    for url in (fleet.url("livestory_scout"), fleet.url("nobody"), fleet.server.url("livestory_scout", "nowhere")):
        with pytest.raises(FleetRefused, match=r"refused: .*FATAL: .*\nCheck the address") as refused:
            once(bot, url, "a-wrong-password")
        assert "a-wrong-password" not in str(refused.value)


def test_a_server_that_is_not_there_is_said_to_be_away(bot: ABot) -> None:
    """A port where nobody listens, a name that nobody knows."""
    for url in ("postgresql://a@127.0.0.1:1/fleet", "postgresql://a@nowhere.invalid/fleet"):
        with pytest.raises(FleetUnreachable, match="can't be reached: "):
            once(bot, url)


def test_a_database_without_a_fleet_is_named(postgres: PostgresProcess, fleet: AFleet, bot: ABot) -> None:
    """With what makes one."""
    secret = fleet.password("livestory_scout").reveal()
    with pytest.raises(FleetRefused, match="there is no fleet in this database\nMake one: livestory fleet init"):
        once(bot, postgres.url("livestory_scout", "postgres"), secret)


def test_who_is_no_bot_is_told_so(fleet: AFleet, bot: ABot) -> None:
    """An administrator, and a hub, which may not even ask."""
    said: list[str] = []
    with pytest.raises(FleetRefused, match="this user is no bot of the fleet\nGive it one: livestory fleet init --bot"):
        Pusher(bot.story, fleet.address("postgres"), SystemClock(), said.append).once()
    with pytest.raises(FleetRefused, match="permission denied"):
        Pusher(bot.story, fleet.address("livestory_hub"), SystemClock(), said.append).once()


@pytest.mark.parametrize(("version", "remedy"), [(99, "Upgrade livestory here"), (0, "Bring it up to date")])
def test_a_fleet_of_another_release_is_named(fleet: AFleet, bot: ABot, version: int, remedy: str) -> None:
    """By the push, the pull and the status; an older one says how it is brought up to date."""
    fleet.ask("UPDATE livestory.fleet SET version = %s", version)
    words = f"a fleet of schema {version}, and this livestory knows 1\n{remedy}"
    with pytest.raises(FleetRefused, match=words):
        fleet.pushed(bot)
    with pytest.raises(FleetRefused, match=words):
        fleet.pulled()
    if version:
        with pytest.raises(FleetRefused, match="Upgrade livestory here"):
            make(fleet.address("postgres"), ())


@pytest.mark.parametrize(("off", "words"), [(5 * HOUR, "5h( 1m)? ahead of"), (-3 * HOUR, "2h 5.m behind")])
def test_a_clock_that_is_hours_off_is_named(fleet: AFleet, bot: ABot, off: int, words: str) -> None:
    """Nothing is sent or pulled by it."""
    with pytest.raises(FleetRefused, match=f"this machine's clock is {words} the database's"):
        Pusher(bot.story, fleet.address("livestory_scout"), Elsewhen(off), print).once()
    with pytest.raises(FleetRefused, match=f"this machine's clock is {words}"):
        fleet.puller([], clock=Elsewhen(off)).once()
    assert fleet.ask("SELECT count(*) FROM livestory.heads") == [(0,)]


@pytest.mark.parametrize("name", ["", "Scout", "../x", "former", "hub", "a" * 41, "-x"])
def test_a_bots_name_is_one_that_a_folder_and_a_role_may_have(name: str) -> None:
    """The hub makes a folder of it."""
    with pytest.raises(InputError, match="not a name for a bot of a fleet"):
        role_of(name)


def test_an_event_that_is_too_large_is_named(fleet: AFleet, tmp_path: Path) -> None:
    """Before it is sent; what came before it is there."""
    bot = ABot(tmp_path / "large")
    bot.tells(2)
    fleet.pushed(bot)
    bot.tells(1, "x" * 70_000)
    with pytest.raises(FleetRefused, match=r"event 3 is larger than the 65,536 bytes that a fleet takes"):
        fleet.pushed(bot)
    fleet.pulled()
    assert fleet.ask("SELECT seq FROM livestory.heads") == [(2,)]


def test_a_push_that_runs_waits_says_so_once_and_goes_on(fleet: AFleet, bot: ABot) -> None:
    """While the database is of another release, and while there is none."""
    said: list[str] = []
    stop = threading.Event()
    pusher = fleet.pusher(bot, said)
    running = threading.Thread(target=pusher.run, args=(stop,))
    running.start()
    until(lambda: fleet.ask("SELECT max(seq) FROM livestory.heads") == [(3,)])
    fleet.server.stop()
    bot.tells(4)
    until(lambda: said)
    fleet.server.start()
    until(lambda: fleet.ask("SELECT max(seq) FROM livestory.heads") == [(7,)])
    until(lambda: len(said) >= 2)
    stop.set()
    running.join()
    assert said[0].endswith("The bot goes on; what it tells is sent once this has ended.")
    assert said[-1].endswith("is sent to again")
    fleet.pulled()
    assert_equal(bot.story, fleet.story())


def test_a_push_without_a_journal_says_so(fleet: AFleet, tmp_path: Path) -> None:
    """As every reader of a story does."""
    with pytest.raises(JournalError, match="no story has been written here yet"):
        fleet.pushed(ABot(tmp_path / "none"))


def test_the_commands_speak_to_a_person(fleet: AFleet, bot: ABot, tmp_path: Path) -> None:
    """From init to status: what to give, what was sent, which bot is not well, and exit status 2 for a mistake."""
    file = tmp_path / "password"
    file.write_text(fleet.password("postgres").reveal(), "utf-8")
    file.chmod(0o600)
    access = fleet.url("postgres"), "--password-file", file
    made = inside("fleet", "init", "--to", *access, "--bot", "scout", cwd=tmp_path)
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    assert "the bot scout has its password already (livestory_scout)" in made.stderr
    late = inside("fleet", "init", "--to", *access, "--bot", "late", cwd=tmp_path).stdout.splitlines()
    assert late[0] == "# for the bot late; the password is shown this once"
    assert late[2].startswith("livestory fleet push --to 'postgresql://livestory_late@")
    wrong = inside("fleet", "push", "--to", "postgresql://x:y@z/w", "--once", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    fleet.pushed(bot)
    pulled = inside("fleet", "pull", "--from", *access, "--once", cwd=tmp_path)
    assert pulled.stdout == f"pulled 3 events from {fleet.address('postgres').name} into fleet\n"
    status = inside("fleet", "status", "--from", *access, cwd=tmp_path)
    assert status.returncode == 1
    assert "grid   never heard\nlate   never heard\nscout  event 3, up to date, heard " in status.stdout
    assert status.stderr == "not well: grid, late\n"
