"""`[fleet] url`: whoever tells or shows a story sends it meanwhile, from a process of its own that disturbs nothing."""

from __future__ import annotations

import json
import os
import signal
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.story.files.layout import Layout
from livestory.story.journal.reader import JournalReader
from tests.cli.program import environment, inside, livestory, slice_of, started
from tests.fleet.fleets import ABot, AFleet, assert_equal
from tests.follow.hummingbot_files import Bot as Hummingbot
from tests.patience import LONG, until

if TYPE_CHECKING:
    import subprocess

ROLE = "livestory_scout"


def configured(fleet: AFleet, folder: Path) -> Path:
    """A folder with a livestory.toml that names the fleet, and the file of its password."""
    folder.mkdir()
    secret = folder / "password"
    secret.write_text(fleet.password(ROLE).reveal(), "utf-8")
    secret.chmod(0o600)
    (folder / "livestory.toml").write_text(
        f'[fleet]\nurl = "{fleet.url(ROLE)}"\npassword_file = "{secret}"\n', encoding="utf-8"
    )
    return folder


def children(process: subprocess.Popen[str]) -> list[int]:
    """The processes that it has started."""
    found = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(pid) for each in found for pid in each.read_text("ascii").split()]


def has(fleet: AFleet, events: int) -> bool:
    """Whether the database has so many events."""
    return bool(fleet.ask("SELECT count(*) >= %s FROM livestory.events", events)[0][0])


class AListener:
    """`livestory listen` with a fleet, and who posts to it."""

    def __init__(self, fleet: AFleet, folder: Path) -> None:
        self.folder = configured(fleet, folder)
        self.said = self.folder / "said"
        with self.said.open("wb") as said:
            self.process = started("listen", "--port", "0", cwd=self.folder, stderr=said.fileno())
        assert self.process.stdout is not None
        self._port = int(self.process.stdout.readline().rpartition(":")[2].partition("/")[0])
        self.posted = 0

    def posts(self) -> None:
        """A note; it is answered once it is durable, whatever becomes of the fleet."""
        self.posted += 1
        connection = HTTPConnection("127.0.0.1", self._port, timeout=LONG)
        note = {"input": "note", "text": f"number {self.posted}", "id": str(self.posted)}
        connection.request("POST", "/tell", json.dumps(note))
        assert connection.getresponse().status == 200
        connection.close()

    def text(self) -> str:
        """What it and its push have said."""
        return self.said.read_text("utf-8")


def test_a_bot_tells_on_while_its_fleet_is_killed_and_comes_back(fleet: AFleet, tmp_path: Path) -> None:
    """The server, then the push itself: what was told meanwhile is sent afterwards, and the goodbye, too."""
    listener = AListener(fleet, tmp_path / "bot")
    listener.posts()
    until(lambda: has(fleet, 1), listener.text)
    (push,) = children(listener.process)
    command = Path(f"/proc/{push}/cmdline").read_bytes().decode()
    assert "\0fleet\0push\0" in command
    fleet.server.kill()
    listener.posts()
    until(lambda: "can't be reached" in listener.text(), listener.text)
    listener.posts()
    fleet.server.start()
    until(lambda: has(fleet, 3), listener.text)
    until(lambda: "is sent to again" in listener.text(), listener.text)
    os.kill(push, signal.SIGKILL)
    listener.posts()
    until(lambda: has(fleet, 4), listener.text)
    listener.posts()
    listener.process.terminate()
    listener.process.communicate(timeout=LONG)
    assert listener.process.returncode == 0
    story = listener.folder / "results" / "live_story.txt"
    with JournalReader.open(story) as reader:
        assert has(fleet, reader.last_seq)
    fleet.pulled()
    assert_equal(story, fleet.story())
    said, secret = listener.text(), fleet.password(ROLE).reveal()
    assert said.count("can't be reached") == said.count("is sent to again") == 1, said
    assert said.count("the push to the fleet has ended (-9) and is begun again") == 1
    for shown in (said, command, story.read_text("utf-8"), fleet.server.log()):
        assert secret not in shown
    assert "Traceback" not in said


def test_a_replay_is_sent_to_its_end(fleet: AFleet, tmp_path: Path, real_bars_file: Path) -> None:
    """Though it is told sooner than the push has begun."""
    folder = configured(fleet, tmp_path / "bot")
    bars = slice_of(real_bars_file, folder / "bars.csv", 0, 300)
    told = livestory("run", "--bars", bars, cwd=folder)
    assert told.returncode == 0, told.stderr
    fleet.pulled()
    assert_equal(folder / "results" / "live_story.txt", fleet.story())


def test_the_page_sends_the_story_of_a_bot_that_does_not_and_only_one_does(fleet: AFleet, tmp_path: Path) -> None:
    """Of two that have one configuration the second waits for the first's end."""
    folder = configured(fleet, tmp_path / "page")
    bot = ABot(folder / "results")
    bot.tells(3)
    pages = [started("serve", "--port", "0", cwd=folder) for _ in range(2)]
    until(lambda: has(fleet, 3))
    lock = Layout.of(bot.story).db.with_suffix(".fleet.lock")
    first = next(page for page in pages if int(lock.read_text("utf-8").split()[1].strip(",")) in children(page))
    first.terminate()
    first.communicate(timeout=LONG)
    bot.tells(2)
    until(lambda: has(fleet, 5))
    for page in pages:
        page.terminate()
        page.communicate(timeout=LONG)


@pytest.mark.parametrize(
    "command",
    [
        "run --bars bars.csv",
        "follow hummingbot bot.sqlite",
        "follow hummingbot none.sqlite --wait",
        "follow freqtrade --config none.json --wait",
        "listen --port 0",
        "serve --port 0",
    ],
)
def test_an_address_that_holds_a_password_is_refused_before_anything_begins(tmp_path: Path, command: str) -> None:
    """By all who would send, also by who waits for a bot at boot; it is not repeated, and nothing is written."""
    (tmp_path / "livestory.toml").write_text('[fleet]\nurl = "postgresql://a:s3cret@db/fleet"\n', encoding="utf-8")
    Hummingbot(tmp_path / "bot.sqlite")
    refused = inside(*command.split(), cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "holds a password" in refused.stderr
    assert "s3cret" not in refused.stderr
    assert not (tmp_path / "results").exists()


def test_the_password_may_stand_in_the_environment(fleet: AFleet, tmp_path: Path) -> None:
    """It is no setting, and no command takes it for one."""
    folder = tmp_path / "bot"
    bot = ABot(folder / "results")
    bot.tells(1)
    secret = environment(LIVESTORY_FLEET__URL=fleet.url(ROLE), LIVESTORY_FLEET_PASSWORD=fleet.password(ROLE).reveal())
    page = started("serve", "--port", "0", cwd=folder, env=secret)
    until(lambda: has(fleet, 1))
    page.terminate()
    page.communicate(timeout=LONG)
