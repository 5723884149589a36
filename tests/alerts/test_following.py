"""What becomes of the story: silence, another journal in its place, storms; and what is wrong with one channel."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import tracemalloc
from typing import TYPE_CHECKING, Any

import apsw
import pytest
from msgspec.structs import replace

from livestory.clock import DAY, HOUR, MINUTE, SECOND, ManualClock
from livestory.errors import ConfigError, InputError, JournalError
from livestory.outlets.alerts import alerts
from livestory.outlets.alerts.alerts import open_channels
from livestory.outlets.alerts.outbox import Outbox, outbox_path
from livestory.outlets.alerts.settings import AlertsSettings, ChannelSettings
from livestory.story.files.layout import Layout
from livestory.story.journal.reader import JournalReader
from tests.alerts.delivering import QUICK, Delivering, delivering, discord, ntfy, telegram, webhook
from tests.alerts.raw_server import answer, answering
from tests.alerts.service import KEY, Service, serving
from tests.patience import until
from tests.web.teller import QUARTER, Teller

if TYPE_CHECKING:
    from pathlib import Path


def test_a_bot_that_is_not_heard_is_said_once_and_once_that_it_is_back(
    story: Path, live: Teller, service: Service
) -> None:
    """To every channel, whatever it asked for; also over a restart of the alerts."""
    clock = ManualClock(live.now)
    channels = {"phone": telegram(service), "hook": webhook(kinds=("chapter",), severity="critical")}
    for _ in range(2):
        with delivering(story, service, channels, clock=clock):
            clock.set(live.now + QUARTER + 4 * MINUTE)
            live.note("a word is no observation")
            until(lambda: "word" in "".join(taken.text for taken in service.of("telegram")))
            clock.set(live.now + QUARTER + 6 * MINUTE)
            service.wait(1, "webhook")
    with delivering(story, service, channels, clock=clock):
        live.bars(1)
        service.wait(2, "webhook")
    lost, back = [line for taken in service.of("webhook") for line in taken.lines]
    assert lost.split(" | ")[1:3] == ["🔕 Not Heard", "since 00:30"]
    assert "the next observation was due 00:45, 4m ago" in lost or "due 00:45, 6m ago" in lost
    assert back.split(" | ")[1:] == ["🔔 Heard Again", "after 21m"]
    told = "".join(taken.text for taken in service.of("telegram"))
    assert (told.count("🔕"), told.count("🔔")) == (1, 1)


def test_the_digest_of_a_period_comes_when_it_ends(story: Path, live: Teller, service: Service) -> None:
    """To the channels that asked for it, whatever lines they get; over a restart once."""
    asked = telegram(service, severity="critical", digest=("day", "month"))
    for _ in range(2):
        with delivering(story, service, {"phone": asked, "hook": webhook(severity="critical")}):
            live.bars(100)
            until(lambda: "nothing is asked of you." in "".join(taken.text for taken in service.of("telegram")))
            live.trip()
            service.wait(1, "webhook")
    texts = [taken.text for taken in service.of("telegram")]
    digests = [text for text in texts if "🗞️" in text]
    assert len(digests) == len(set(digests))
    assert all(" BTC" in text and "nothing is asked of you." in text for text in digests)
    assert not any("🗞️" in line for taken in service.of("webhook") for line in taken.lines)


def test_a_digest_that_can_not_be_made_ends_no_alert(
    story: Path, live: Teller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails in it is said, and the breaker's line behind it comes; also of a period nobody asked for."""

    def broken(*_: object) -> str:
        message = "a fault of ours"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("livestory.outlets.alerts.dispatcher.digest", broken)
    asked = telegram(service, severity="critical", digest=("day",))
    with delivering(story, service, {"phone": asked}) as running:
        live.bars(100)
        live.trip()
        until(lambda: "BREAKER" in "".join(taken.text for taken in service.of("telegram")))
    assert any("the digest at line #" in told and "ZeroDivisionError" in told for told in running.told)


def test_a_bot_that_said_goodbye_is_stopped_and_not_lost(story: Path, live: Teller, service: Service) -> None:
    """Nothing is said of it, however long it rests; the ping goes on, as the machine does."""
    clock = ManualClock(live.now)
    with delivering(story, service, {"hook": webhook()}, clock=clock, ping_env=None):
        live.end()
        service.wait(1)
        clock.set(live.now + DAY)
        live.note("the owner says a word")
        service.wait(2)
    kinds = [event["kind"] for taken in service.accepted for event in taken.body["events"]]
    assert kinds == ["stopped", "note"]


def test_the_dead_mans_switch_is_held_only_while_the_bot_is_heard(story: Path, live: Teller, service: Service) -> None:
    """Its address is asked for again and again, and no longer once the bot is overdue."""
    clock = ManualClock(live.now)
    often = replace(QUICK, trouble=SECOND // 100)
    settings: dict[str, Any] = {"ping_env": "PING", "ping_every": SECOND // 50}
    pings = service.environ()["PING"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PING", pings)
        with delivering(story, service, {"hook": webhook()}, clock=clock, patience=often, **settings):
            until(lambda: service.pinged >= 3)
            clock.set(live.now + HOUR)
            service.wait(1)
            before = service.pinged
            live.note("a word")
            service.wait(2)
            assert service.pinged <= before + 1


def test_another_story_in_its_place_is_told_from_its_first_line(story: Path, teller: Teller, service: Service) -> None:
    """And it is said once."""
    with delivering(story, service, {"hook": webhook()}) as running:
        teller.note("of the first")
        service.wait(1)
        teller.close()
        for file in story.parent.glob("live_story.db*"):
            file.unlink()
        with Teller(story, "replay") as second:
            second.begin()
            until(lambda: any("another story" in told for told in running.told))
            until(lambda: sum(len(taken.lines) for taken in service.accepted) >= 3)
    kinds = [event["kind"] for taken in service.accepted for event in taken.body["events"]]
    assert kinds[:3] == ["note", "started", "rules"]
    assert sum("another story" in told for told in running.told) == 1


def test_an_older_copy_of_the_story_is_followed_from_its_end(story: Path, teller: Teller, service: Service) -> None:
    """Its numbers would name other lines: it is said, and nothing is sent twice."""
    with delivering(story, service, {"hook": webhook()}):
        teller.note("of the first")
        service.wait(1)
    with Outbox.open(outbox_path(Layout.of(story))) as outbox:
        state = outbox.state("hook")
        assert state is not None
        outbox.enrol("hook", state.journal, 1000)
    with delivering(story, service, {"hook": webhook()}) as running:
        until(lambda: bool(running.told))
        teller.note("after it")
        service.wait(2)
    assert running.told[0].endswith("an older copy was put back; goes on from its end")
    assert service.accepted[1].lines[0].endswith("after it")


def test_a_damaged_outbox_is_moved_aside_and_said(story: Path, teller: Teller, service: Service) -> None:
    """The alerts go on from where the story stands."""
    path = outbox_path(Layout.of(story))
    path.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with delivering(story, service, {"hook": webhook()}) as running:
        teller.note("a word")
        service.wait(1)
    assert "the outbox was damaged and now lies in" in running.told[0]
    assert len(list(story.parent.glob("*.damaged-*"))) == 1


def test_a_pipe_in_the_outboxs_place_is_waited_for_by_nobody(story: Path) -> None:
    """SQLite would wait for it for ever."""
    path = outbox_path(Layout.of(story))
    os.mkfifo(path)
    for opened in (Outbox.open, Outbox.read):
        with pytest.raises(JournalError, match="it is a pipe or a device, not a file"):
            opened(path)


def test_a_storm_reaches_the_phone_as_a_handful_of_messages(story: Path, teller: Teller, service: Service) -> None:
    """Ten thousand lines told at once; the webhook's program gets each of them."""
    with delivering(story, service, {"phone": telegram(service, gather=10 * MINUTE), "hook": webhook()}):
        teller.notes(*(f"note {number}" for number in range(10_000)))
        until(lambda: sum(len(taken.lines) for taken in service.of("webhook")) == 10_000)
    assert 1 <= len(service.of("telegram")) <= 5
    assert "similar lines" in service.of("telegram")[0].text or len(service.of("telegram")) > 1


def test_one_deliverer_is_enough(story: Path, teller: Teller, service: Service) -> None:  # noqa: ARG001 the story is there
    """A second one is refused and told who the first is."""
    with (
        delivering(story, service, {"hook": webhook()}),
        pytest.raises(InputError, match="are being delivered by pid"),
        delivering(story, service, {"hook": webhook()}),
    ):
        pass


def test_an_outbox_that_is_locked_is_waited_for(story: Path, teller: Teller, service: Service) -> None:
    """It is said once; nothing is lost and nothing comes twice."""
    with delivering(story, service, {"hook": webhook()}) as running:
        other = apsw.Connection(str(outbox_path(running.layout)))
        other.execute("BEGIN EXCLUSIVE")
        teller.note("a word")
        until(lambda: bool(running.told))
        other.execute("ROLLBACK")
        other.close()
        service.wait(1)
        teller.note("another")
        service.wait(2)
    assert "another program has locked it" in running.told[0]
    assert [taken.lines[0].rpartition(" | ")[2] for taken in service.accepted] == ["a word", "another"]


def test_with_nothing_on_its_way_it_ends_at_once(
    story: Path, teller: Teller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a message that is on its way might take."""
    monkeypatch.setattr(alerts, "_GRACE", 600.0)
    with delivering(story, service, {"hook": webhook(), "phone": telegram(service)}):
        teller.note("a word")
        service.wait(2)


def test_alerts_may_be_started_before_the_bot(tmp_path: Path, service: Service) -> None:
    """The story's first line comes, as all that follow."""
    story = tmp_path / "results" / "live_story.txt"
    with delivering(story, service, {"hook": webhook()}) as running:
        until(lambda: bool(running.told))
        with Teller(story, "replay") as teller:
            teller.begin()
            service.wait(1)
    assert service.accepted[0].body["events"][0]["kind"] == "started"
    assert "no story has been written here yet; waiting" in running.told[0]


@pytest.mark.parametrize(
    ("channel", "environ", "problem"),
    [
        ({"service": "telegram", "token_env": "PHONE", "to": "666"}, {}, "HTTP 400: Bad Request: chat not found"),
        ({"service": "telegram", "token_env": "WRONG", "to": "1"}, {"WRONG": "1:no"}, "the token is refused: check it"),
        ({"service": "discord", "address_env": "WRONG"}, {"WRONG": "{url}/api/webhooks/9/none"}, "Unknown Webhook"),
        ({"service": "ntfy", "address_env": "WRONG"}, {"WRONG": "{url}/another"}, "topic invalid"),
        ({"service": "webhook", "address_env": "WRONG"}, {"WRONG": "{url}/hooks/none"}, "there is no such address"),
        ({"service": "webhook", "address_env": "WRONG"}, {"WRONG": "http://127.0.0.1:{free}/"}, "can't be reached"),
        ({"service": "webhook", "address_env": "WRONG"}, {"WRONG": "https://{host}/"}, "can't be reached"),
        ({"service": "apprise", "address_env": "WRONG"}, {"WRONG": "json://127.0.0.1:{free}/"}, "is not accepted"),
    ],
)
def test_a_channel_that_cannot_work_says_why_once_and_the_others_go_on(
    story: Path, teller: Teller, service: Service, channel: dict[str, str], environ: dict[str, str], problem: str
) -> None:
    """One message each, which does not change from try to try."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    host = service.url.removeprefix("http://")
    own = {name: value.format(url=service.url, free=free, host=host) for name, value in environ.items()}
    service.environ = lambda: Service.environ(service) | own  # type: ignore[method-assign]
    wrong = ChannelSettings(**{"severity": "all", "api": service.url} | channel)  # type: ignore[arg-type]
    with delivering(story, service, {"wrong": wrong, "hook": webhook()}) as running:
        for number in range(1, 4):
            teller.note(f"note {number}")
            until(lambda count=number: len(service.of("webhook")) >= count)  # type: ignore[misc]
        until(lambda: bool(running.told))
        with running.outbox() as outbox:
            until(
                lambda: (
                    (state := outbox.state("wrong")) is not None and bool(state.attempt and state.attempt.attempts > 2)
                )
            )
    assert len(running.told) == 1
    assert problem in running.told[0]
    assert running.told[0].startswith("alerts: wrong: ")


@pytest.mark.parametrize(
    ("channel", "environ", "problem"),
    [
        ({"service": "telegram", "token_env": "NONE", "to": "1"}, {}, "the environment variable NONE is not set"),
        ({"service": "telegram", "token_env": "BAD", "to": "1"}, {"BAD": "no token"}, "not a Telegram bot's"),
        ({"service": "discord", "address_env": "BAD"}, {"BAD": "discord.com/x"}, "no http or https address"),
        ({"service": "webhook", "address_env": "BAD"}, {"BAD": "http://[::1"}, "no http or https address"),
        ({"service": "ntfy", "address_env": "BAD"}, {"BAD": "https://ntfy.example/"}, "names no topic"),
        ({"service": "webhook", "address_env": "BAD"}, {"BAD": "https://h.example/x#top"}, "sent to no server"),
        (
            {"service": "ntfy", "address_env": "OK", "token_env": "BAD"},
            {"BAD": "abc", "OK": "https://me:pw-canary@x/y"},
            "Name one of them",
        ),
        ({"service": "webhook", "address_env": "BAD"}, {"BAD": "'https://h.example/x'"}, "in quotes"),
        ({"service": "apprise", "address_env": "BAD"}, {"BAD": "nonsense://x"}, "Apprise does not know such a service"),
        (
            {"service": "ntfy", "address_env": "OK", "token_env": "BAD"},
            {"BAD": "a\nb", "OK": "http://x/y"},
            "character",
        ),
    ],
)
def test_a_secret_that_is_none_is_told_when_it_is_read(
    channel: dict[str, str], environ: dict[str, str], problem: str
) -> None:
    """With the section it belongs to and never with itself; where no channel is left, nothing is started."""
    told: list[str] = []
    settings = AlertsSettings(channels={"phone": ChannelSettings(**channel)})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no channel can be used"):
        open_channels(settings, told.append, environ)
    assert problem in told[0]
    assert "[alerts.channels.phone]" in told[0]
    assert not any(value in told[0] for value in environ.values())


def test_an_address_to_ping_that_is_none_is_refused_as_that_of_a_channel_is() -> None:
    """When it is read, and never shown."""
    channels = {"hook": ChannelSettings(service="webhook", address_env="OK")}
    environ = {"OK": "https://x/y", "BAD": "x/pw-canary"}
    with pytest.raises(ConfigError, match=r"\[alerts\] ping: what it holds is no http or https address") as refused:
        open_channels(AlertsSettings(channels=channels, ping_env="BAD"), print, environ)
    assert "canary" not in str(refused.value)


def test_a_signed_webhook_and_a_protected_topic_are_opened(story: Path, teller: Teller, service: Service) -> None:
    """The signature fits the body; a wrong token is refused."""
    service.key = KEY
    channels = {"hook": webhook(token_env="KEY"), "topic": ntfy(token_env="KEY"), "unsigned": webhook()}  # noqa: S106
    with delivering(story, service, channels) as running:
        teller.note("a word")
        service.wait(2)
        until(lambda: bool(running.told))
    assert {taken.service for taken in service.accepted} == {"webhook", "ntfy"}
    assert running.told == [
        "alerts: unsigned: access is refused: check the token and what it is allowed (HTTP 403); goes on trying"
    ]


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path, story: Path, teller: Teller) -> None:
    """Nothing is sent, the reason is told, and the others go on."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([openssl, *made.split(), "-out", cert, "-keyout", key], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with serving(tls=context) as unknown, delivering(story, unknown, {"room": discord()}) as running:
        teller.note("a word")
        until(lambda: bool(running.told))
        assert unknown.asked == 0
    assert "certificate" in running.told[0].lower()


def tries(outbox: Outbox, channel: str) -> int:
    """How often a channel's message was sent."""
    state = outbox.state(channel)
    return state.attempt.attempts if state is not None and state.attempt is not None else 0


@pytest.mark.parametrize(
    ("kind", "address", "first"),
    [
        ("ntfy", "{url}/base/topic?auth=QmFzaWM", b"POST /base/?auth=QmFzaWM HTTP/1.1"),
        ("ntfy", "{url}/topic/", b"POST / HTTP/1.1"),
        ("webhook", "{url}/a/?b=c&d=%23", b"POST /a/?b=c&d=%23 HTTP/1.1"),
        ("discord", "{url}/hook?thread_id=7&wait=false", b"POST /hook?thread_id=7&wait=true HTTP/1.1"),
        ("webhook", "{login}/x", b"Authorization: Basic bWU6cHc="),
    ],
)
def test_an_address_is_sent_as_it_was_written(
    story: Path, teller: Teller, service: Service, kind: str, address: str, first: bytes
) -> None:
    """With all that opens it: query, slashes, user and password."""
    with answering(answer(500)) as (url, asked):
        known = {"OK": address.format(url=url, login=url.replace("://", "://me:pw@"))}
        service.environ = lambda: known  # type: ignore[method-assign]
        channel = ChannelSettings(service=kind, address_env="OK", severity="all")  # type: ignore[arg-type]
        with delivering(story, service, {"there": channel}):
            teller.note("a word")
            until(lambda: bool(asked))
    assert first in asked[0]


def test_long_lines_of_an_old_journal_are_read_a_few_at_a_time(story: Path, teller: Teller, service: Service) -> None:
    """Alerts that were away for many of them need the memory of some."""
    channels = {"hook": webhook(kinds=("chapter",))}
    with delivering(story, service, channels):
        pass
    for number in range(16):
        teller.note(f"{number} " + "h" * 1_000_000)
    with JournalReader.open(story) as reader:
        last = reader.last_seq
    tracemalloc.start()
    try:
        with delivering(story, service, channels) as running:
            until(lambda: read_up_to(running, "hook") == last)
            _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 48_000_000


def read_up_to(running: Delivering, channel: str) -> int:
    """The seq up to which a channel has followed the story."""
    with running.outbox() as outbox:
        state = outbox.state(channel)
        return 0 if state is None else state.seq


def test_a_channel_that_can_not_be_enrolled_yet_is_once_it_can(
    story: Path, teller: Teller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while the disk is full: the alerts do not end for that."""
    real, refused = Outbox.enrol, threading.Event()

    def enrol(self: Outbox, channel: str, journal: str, seq: int) -> None:
        if not refused.is_set():
            refused.set()
            message = "can't write: the disk is full"
            raise JournalError(message)
        real(self, channel, journal, seq)

    monkeypatch.setattr(Outbox, "enrol", enrol)
    with delivering(story, service, {"hook": webhook()}) as running:
        teller.note("a word")
        service.wait(1)
    assert "the disk is full" in running.told[0]


@pytest.mark.parametrize("word", [b"{nonsense", b"[]", b'{"channel": 7}', b"\xff"])
def test_a_word_in_the_outbox_that_is_none_ends_no_alert(
    story: Path, teller: Teller, service: Service, word: bytes
) -> None:
    """It is told, with what to do, and lines are delivered as before."""
    with delivering(story, service, {"hook": webhook()}):
        pass
    db = apsw.Connection(str(outbox_path(Layout.of(story))))
    db.execute("INSERT INTO owed(word) VALUES(?)", (word,))
    db.close()
    with delivering(story, service, {"hook": webhook()}) as running:
        teller.note("a word")
        service.wait(1)
        until(lambda: any("damaged" in told for told in running.told))
