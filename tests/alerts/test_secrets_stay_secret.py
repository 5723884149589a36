"""Whatever fails, no token, address or key is in any output, file, metric or log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, get_args

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from livestory.clock import DAY, SECOND, ManualClock
from livestory.outlets.alerts import settings
from livestory.outlets.alerts.settings import ChannelSettings
from livestory.outlets.metrics import OutboxMetrics
from livestory.story.files.inbox import Inbox
from tests.alerts.delivering import delivering, discord, ntfy, telegram, webhook
from tests.alerts.service import CANARIES, FAULTS, KEY, Service
from tests.cli.program import environment, livestory
from tests.patience import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.teller import Teller

APPRISE_IS_CONTENT = {"malformed", "redirect"}
"""With any page that comes back, if need be from elsewhere."""


def leaks(*outputs: str | bytes) -> list[str]:
    """The canaries that sing in them."""
    texts = [text if isinstance(text, bytes) else text.encode() for text in outputs]
    return [canary for canary in CANARIES if any(canary.encode() in text for text in texts)]


def files(folder: Path) -> list[bytes]:
    """The content of everything that lies there."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("fault", [*FAULTS, "dead"])
def test_no_fault_shows_a_secret(
    story: Path, teller: Teller, service: Service, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """In what is told, logged at the finest level, kept in the outbox, given up into the story, or measured."""
    caplog.set_level(logging.DEBUG)
    service.key = KEY
    channels = {
        "phone": telegram(service),
        "room": discord(),
        "topic": ntfy(token_env="KEY"),  # noqa: S106 - a variable's name
        "hook": webhook(token_env="KEY"),  # noqa: S106 - as above
        "mail": ChannelSettings(service="apprise", address_env="APPRISE", severity="all"),
    }
    assert {channel.service for channel in channels.values()} == {*get_args(settings.Service)}, "a new one is not tried"
    failing = len(channels) - (fault in APPRISE_IS_CONTENT)
    clock = ManualClock(teller.now)
    service.faults.extend([fault] * 1000)
    if fault == "dead":
        service.close()
    with delivering(story, service, channels, clock=clock, ping_env=None) as running:
        teller.note("a word")
        until(lambda: len(running.told) >= failing)
        clock.set(clock.now() + DAY + SECOND)
        teller.note("another")
        inbox = Inbox(running.layout)
        until(lambda: len(inbox.waiting()) == failing)
    if fault != "dead":
        service.release.set()
    registry = CollectorRegistry()
    registry.register(OutboxMetrics({"live_story": story}))
    metrics = generate_latest(registry)
    assert b'livestory_alerts_failed_total{channel="phone",story="live_story"} 1.0' in metrics
    logged = "\n".join(f"{record.name} {record.getMessage()} {record.exc_info}" for record in caplog.records)
    assert leaks(logged, "\n".join(running.told), metrics, *files(story.parent)) == []


CONFIGURATION = """
[alerts.channels.phone]
service = "telegram"
token_env = "PHONE"
to = "4242"
api = "{url}"
[alerts.channels.room]
service = "discord"
address_env = "DISCORD"
[alerts.channels.hook]
service = "webhook"
address_file = "hook"
token_env = "KEY"
"""


def test_the_program_shows_none(tmp_path: Path, story: Path, teller: Teller, service: Service) -> None:  # noqa: ARG001 the story is there
    """Neither `alert test` nor `alert list`, nor a fault of the configuration, nor where it belongs elsewhere."""
    hook = tmp_path / "hook"
    hook.write_text(service.environ()["HOOK"])
    config = tmp_path / "livestory.toml"
    config.write_text(CONFIGURATION.format(url=service.url))
    env = environment(**{name: service.environ()[name] for name in ("PHONE", "DISCORD", "KEY")})
    outputs = []
    for mode, faults in ((0o644, []), (0o600, []), (0o600, ["error", "reset", "malformed"])):
        hook.chmod(mode)
        service.faults.extend(faults)
        done = livestory("alert", "--dir", story, "test", cwd=tmp_path, env=env)
        outputs += [done.stdout, done.stderr]
        assert done.returncode == (0 if mode == 0o600 and not faults else 1), done.stderr
    assert "can be read or written by others (mode 0644)\nchmod 600 hook" in outputs[1]
    for text in (
        f'[alerts.channels.phone]\ntoken_env = "{service.environ()["PHONE"]}"',
        f'[alerts.channels.phone]\ntoken = "{service.environ()["PHONE"]}"',
        f'[alerts.channels.phone]\naddress_env = "{service.environ()["DISCORD"]}"',
    ):
        config.write_text(text)
        done = livestory("alert", "list", cwd=tmp_path, env=env)
        assert done.returncode == 2
        outputs += [done.stdout, done.stderr]
    assert leaks(*outputs) == []
