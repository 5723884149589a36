"""`livestory serve --fleet`: all bots of a fleet on one page, the alerts of all, and their digest in one paragraph."""

from __future__ import annotations

import os
import signal
import subprocess
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import msgspec

from livestory.clock import DAY, MINUTE, ManualClock, SystemClock
from livestory.outlets.fleet.hearing import HearingFile
from livestory.outlets.web.followed_story import FollowedStory
from livestory.story.journal.reader import JournalReader
from livestory.story.wording.numbers import stamp
from tests.alerts.service import serving
from tests.cli.program import environment, inside, started
from tests.fleet.fleets import ABot, AFleet
from tests.fleet.test_beside import children
from tests.patience import LONG, until
from tests.web.teller import Teller

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.service import Service

HUB = "livestory_hub"
_ALERTS = """
[alerts]
grace = "1s"

[alerts.channels.hook]
service = "webhook"
address_env = "HOOK"
"""


_ROUTES = "/api/bots", "/api/bots/digest", "/api/timeline", "/api/status"
_OF_A_BOT = "/api/status", "/api/events"


class AHub:
    """`livestory serve --fleet` with alerts to a webhook, and who looks at its page."""

    def __init__(self, fleet: AFleet, folder: Path, hooks: Service) -> None:
        folder.mkdir()
        (folder / "livestory.toml").write_text(_ALERTS, encoding="utf-8")
        self.said = folder / "said"
        secret = environment(LIVESTORY_FLEET_PASSWORD=fleet.password(HUB).reveal(), HOOK=hooks.environ()["HOOK"])
        with self.said.open("wb") as said:
            self.process = started("serve", "--fleet", fleet.url(HUB), "--port", "0", "--alerts", cwd=folder,
                                   env=secret, stderr=said.fileno())  # fmt: skip
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rpartition(":")[2].partition("/")[0])

    def ask(self, path: str) -> Any:
        """What a route of its page answers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            return msgspec.json.decode(body) if path.startswith("/api") else body.decode()
        finally:
            connection.close()

    def states(self) -> dict[str, str]:
        """How each bot is."""
        return {bot["status"]["story"]: bot["status"]["state"] for bot in self.ask("/api/bots")["bots"]}

    def text(self) -> str:
        """What it and its pull have said."""
        return self.said.read_text("utf-8")

    def close(self) -> None:
        """End it in order."""
        self.process.terminate()
        assert self.process.wait(LONG) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_a_hub_shows_all_bots_and_alerts_for_all_also_for_those_that_come_later(fleet: AFleet, tmp_path: Path) -> None:
    """From no bot at all to two; one of them is not heard; the pull is killed, and goes on."""
    now, scout, grid = SystemClock().now(), ABot(tmp_path / "scout"), ABot(tmp_path / "grid", "grid")
    with serving() as hooks:
        hub = AHub(fleet, tmp_path / "hub", hooks)
        assert hub.ask("/api/bots") == {"bots": [], "sums": []}
        assert "All bots" in hub.ask("/")
        assert "none yet" in hub.ask("/api/status")["error"]
        assert hub.ask("/api/bots/digest") == {"digest": None}
        teller = Teller(scout.story, start=now - DAY).begin().bars(20).trade().bars(1, next_due=now + DAY)
        fleet.pushed(scout)
        until(lambda: hub.states() == {"scout": "trading"}, hub.text)
        late = Teller(grid.story, mode="live", start=now - DAY).begin().bars(3)
        fleet.pushed(grid, "grid")
        until(lambda: hub.states() == {"grid": "overdue", "scout": "trading"}, hub.text)
        assert {line["story"] for line in hub.ask("/api/timeline")["events"]} == {"grid", "scout"}
        told = hub.ask("/api/bots/digest")["digest"]
        assert told["verdict"].startswith("2 bots")
        until(lambda: any("Not Heard" in line for each in hooks.accepted for line in each.lines), hub.text)
        (pull,) = children(hub.process)
        os.kill(pull, signal.SIGKILL)
        until(lambda: "is begun again" in hub.text(), hub.text)
        assert hub.states()["scout"] == "trading"  # that a copy is not written here says nothing of its bot
        teller.bars(1, next_due=now + DAY)
        late.bars(1, next_due=now + 2 * DAY)
        with JournalReader.open(scout.story) as reader:
            last = reader.last_seq
        fleet.pushed(scout)
        fleet.pushed(grid, "grid")
        until(lambda: hub.states() == {"grid": "trading", "scout": "trading"}, hub.text)
        until(lambda: hub.ask("/api/status?story=scout")["last_seq"] == last, hub.text)
        shown = [repr(hub.ask(path)) for path in ("/", *_ROUTES, *(f"{route}?story=scout" for route in _OF_A_BOT))]
        shown.append(subprocess.run(["ps", "-eo", "args"], capture_output=True, encoding="utf-8", check=True).stdout)  # noqa: S607
        shown += [repr(fleet.ask("SELECT query, application_name FROM pg_stat_activity"))]
        hub.close()
    teller.close()
    secrets = [fleet.password(role).reveal() for role in (HUB, "livestory_scout", "livestory_grid")]
    tables = fleet.ask("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'livestory'")
    shown += [repr(fleet.ask(f"SELECT each::text FROM {table} AS each")) for (table,) in tables]  # noqa: S608 (its own tables)
    shown += [file.read_bytes().decode("latin-1") for file in (tmp_path / "hub").rglob("*") if file.is_file()]
    assert not [words for words in shown for secret in secrets if secret in words]
    late.close()
    assert "Traceback" not in hub.text()


def test_a_page_does_not_call_its_bots_silent_while_it_hears_none_of_them(fleet: AFleet, tmp_path: Path) -> None:
    """Which became due since its hub is cut off is said of the hub; which was overdue before stays so."""
    now = SystemClock().now()
    dues = {"scout": now - 8 * MINUTE, "grid": now - DAY, "never": None, "later": now + DAY}
    fleet = AFleet.made(fleet.server, tmp_path, tuple(dues))
    for name, due in dues.items():
        bot = ABot(tmp_path / name, name)
        Teller(bot.story, start=now - 2 * DAY).begin().bars(3).bars(1, next_due=due).close()
        fleet.pushed(bot, name)
    fleet.pulled()
    hearing = HearingFile(tmp_path / "fleet", "fleet at db", ManualClock(now - 10 * MINUTE))
    hearing.cut_off("can't be reached", now - 10 * MINUTE)
    stories = {name: FollowedStory(name, fleet.story(name), SystemClock(), lambda *_: None) for name in dues}
    for story in stories.values():
        story.start()
    until(lambda: all(story.status().state != "loading" for story in stories.values()))
    found = {name: story.status() for name, story in stories.items()}
    for story in stories.values():
        story.stop()
    assert {name: status.state for name, status in found.items()} == {
        "scout": "trouble", "grid": "overdue", "never": "trouble", "later": "trouble",
    }  # fmt: skip
    assert found["scout"].trouble == (f"fleet at db: not heard since {stamp(now - 10 * MINUTE)} UTC: can't be reached")
    assert found["grid"].trouble is None


def test_a_copy_is_looked_at_like_any_story(fleet: AFleet, tmp_path: Path) -> None:
    """It does not run here, and that is no trouble of it; a folder of several has one digest."""
    now, scout, grid = SystemClock().now(), ABot(tmp_path / "scout"), ABot(tmp_path / "grid", "grid")
    for bot in (scout, grid):
        Teller(bot.story, start=now - DAY).begin().bars(20).trade().bars(1, next_due=now + DAY).close()
    fleet.pushed(scout)
    fleet.pushed(grid, "grid")
    fleet.pulled()
    status = inside("status", "--check", "--dir", fleet.story().parent, cwd=tmp_path)
    assert "on another machine; this is a copy of scout (" in status.stdout
    assert (status.returncode, "healthy" in status.stdout) == (0, True)
    told = inside("digest", "--since", "2d", "--dir", tmp_path / "fleet", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert ": 2 bots" in told.stdout
    assert "Together they have " in told.stdout
    assert len(told.stdout.splitlines()) == 1


def test_a_hub_with_a_wrong_address_or_two_folders_is_refused(tmp_path: Path) -> None:
    """With one message, and before anything is served."""
    for words, wrong in (
        (("--fleet", "postgresql://a:s3cret@db/fleet"), "holds a password"),
        (("--fleet", "http://db/fleet"), "not the address of a PostgreSQL database"),
        (("--fleet", "postgresql://a@db/fleet", "--dir", "a", "--dir", "b"), "in one --dir"),
    ):
        refused = inside("serve", *words, cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert wrong in refused.stderr
        assert "s3cret" not in refused.stderr
