"""`livestory alert` as an owner meets it: test, list, deliver, stop; and beside the page."""

from __future__ import annotations

import signal
import urllib.request
from functools import partial
from typing import TYPE_CHECKING

import pytest

from livestory.story.files.layout import Layout
from tests.alerts.delivering import enrolled
from tests.cli.program import environment, livestory, started
from tests.patience import until as eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.service import Service
    from tests.web.teller import Teller

CONFIGURATION = """
[alerts]
link = "https://bot.example.org/"

[alerts.channels.hook]
service = "webhook"
address_env = "HOOK"
kinds = ["note", "trade"]

[alerts.channels.topic]
service = "ntfy"
address_env = "NTFY"
"""


@pytest.fixture
def env(tmp_path: Path, service: Service) -> dict[str, str]:
    """An owner's environment, with the configuration beside it."""
    (tmp_path / "livestory.toml").write_text(CONFIGURATION)
    return environment(HOOK=service.environ()["HOOK"], NTFY=service.environ()["NTFY"])


def test_a_test_message_goes_to_the_channel_that_is_named_or_to_all(
    tmp_path: Path, service: Service, env: dict[str, str]
) -> None:
    """It needs no story; each answer is told."""
    done = livestory("alert", "test", cwd=tmp_path, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        ["hook", "accepted", "in"],
        ["topic", "accepted", "in"],
    ]
    assert livestory("alert", "test", "topic", cwd=tmp_path, env=env).returncode == 0
    assert sorted(taken.service for taken in service.accepted) == ["ntfy", "ntfy", "webhook"]
    assert "🔔 Test | channel: topic" in service.of("ntfy")[0].text
    service.faults.append("error")
    failed = livestory("alert", "test", "topic", cwd=tmp_path, env=env)
    assert (failed.returncode, failed.stdout) == (1, "topic  FAILED: fails (HTTP 500)\n")
    unknown = livestory("alert", "test", "phone", cwd=tmp_path, env=env)
    assert (unknown.returncode, unknown.stderr.split("\n")[0]) == (
        2,
        "phone: no such channel; configured: hook, topic",
    )


def test_it_delivers_until_it_is_stopped_and_the_list_tells(
    tmp_path: Path, story: Path, teller: Teller, service: Service, env: dict[str, str]
) -> None:
    """SIGINT, SIGTERM and SIGHUP end it at once, without a word."""
    unread = livestory("alert", "--dir", story, "list", cwd=tmp_path, env=env)
    assert unread.stdout.splitlines()[0] == "not being delivered: start livestory alert"
    for count, number in enumerate((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), 1):
        alert = started("alert", "--dir", story, cwd=tmp_path, env=env)
        eventually(partial(enrolled, Layout.of(story), "topic"))
        assert alert.stderr is not None
        first = alert.stderr.readline()
        teller.note(f"note {count}")
        service.wait(count, "webhook")
        listed = livestory("alert", "list", "--dir", story, cwd=tmp_path, env=env).stdout
        alert.send_signal(number)
        output, trouble = alert.communicate()
        assert (alert.returncode, output, trouble) == (0, "", "")
        assert first == f"delivers the lines of {story.with_suffix('.db')} to hook, topic\n"
    assert f"delivered by pid {alert.pid}, livestory alert" in listed
    assert "topic  0 pending, 0 delivered, 0 failed" in listed


def test_what_is_wrong_with_the_configuration_is_told_before_anything_runs(tmp_path: Path, env: dict[str, str]) -> None:
    """One line that says what to do, status 2."""
    file = tmp_path / "livestory.toml"
    for text, problem in (
        ("", "no channel is configured"),
        ("[alerts.channels.phone]\n", "[alerts]: channels.phone: ntfy needs address_env or address_file"),
        ('[alerts.channels.phone]\nservice = "telegrm"', '"telegrm" is not "apprise", "discord", "ntfy"'),
        ('[alerts.channels.p]\nservice = "telegram"\ntoken_env = "X"', "telegram needs to, the chat's id"),
        ('[alerts.channels.p]\naddress_env = "X"\nkinds = ["trades"]', "kinds: trades is unknown; known: "),
        ('[alerts.channels.p]\naddress_env = "X"\ntime_zone = "Mars"', "time_zone: Mars is unknown"),
        ('[alerts.channels.p]\naddress_env = "X"\nquiet = "22-7"', '"22-7" is not a text'),
        ('[alerts.channels.p]\naddress_env = "X"\nquiet = "07:00-07:00"', "has no length"),
        ('[alerts.channels."a b"]\naddress_env = "X"', "a channel's name has up to 40 letters"),
        ("[alerts.channels]\nphone = 3", "phone is a section; write [alerts.channels.phone] on a line of its own"),
        ("[alerts.chanels.phone]\n", "unknown section"),
        ('[alerts.channels.p]\naddress_env = "X"\nadress_env = "Y"', "unknown setting; did you mean address_env?"),
    ):
        file.write_text(text)
        done = livestory("alert", cwd=tmp_path, env=env)
        assert (done.returncode, done.stdout) == (2, ""), text
        assert problem in done.stderr


def test_the_page_can_deliver_as_well(
    tmp_path: Path, story: Path, teller: Teller, service: Service, env: dict[str, str]
) -> None:
    """`livestory serve --alerts`, whose metrics tell what came of it; it ends within a moment."""
    page = started("serve", "--alerts", "--dir", story, "--port", "0", cwd=tmp_path, env=env)
    assert page.stdout is not None
    address = page.stdout.readline().split()[-1]
    eventually(partial(enrolled, Layout.of(story), "topic"))
    teller.note("a word")
    service.wait(1, "webhook")

    def counted() -> bool:
        with urllib.request.urlopen(f"{address}metrics") as answer:  # noqa: S310 - our own server
            return b'livestory_alerts_delivered_total{channel="hook",story="' in answer.read()

    eventually(counted)
    page.terminate()
    page.communicate()
    assert page.returncode in {0, -signal.SIGTERM}
