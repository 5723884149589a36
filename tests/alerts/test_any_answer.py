"""Whatever one service answers, only its channel suffers, and of what it gets only the message that it refuses."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from livestory.clock import DAY, HOUR, MINUTE, SECOND, ManualClock
from livestory.outlets.alerts.services import Apprise
from livestory.outlets.alerts.settings import ChannelSettings
from livestory.story.commands import AlertsLost
from livestory.story.files.inbox import Inbox
from tests.alerts.delivering import QUICK, Delivering, delivering, discord, ntfy, telegram, webhook
from tests.alerts.raw_server import ANSWERS, answer, answering
from tests.alerts.service import CHAT, HOOK, TOKEN, Service
from tests.alerts.test_delivery import lines_of, waiting
from tests.patience import LONG, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.teller import Teller

SLOWEST_END = LONG  # half of what a name that hangs would take
BAD = ChannelSettings(service="webhook", address_env="BAD", severity="all")


def beside(service: Service, address: str) -> None:
    """Let the owner have that address, too."""
    known = service.environ()
    service.environ = lambda: known | {"BAD": f"{address}/{HOOK}"}  # type: ignore[method-assign]


@pytest.mark.parametrize("said", ANSWERS.values(), ids=ANSWERS)
def test_no_answer_of_one_channel_ends_another(
    story: Path, teller: Teller, service: Service, said: bytes | list[bytes]
) -> None:
    """Nor does it after a restart, for which the outbox remembers what was answered."""
    with answering(said) as (address, asked):
        beside(service, address)
        for number in (1, 2):
            with delivering(story, service, {"bad": BAD, "hook": webhook()}) as running:
                teller.note(f"note {number}")
                until(lambda number=number: len(lines_of(service)) == number)  # type: ignore[misc]  # one may come twice
                until(lambda told=running.told: bool(asked or told))  # type: ignore[misc]
            assert not any("fails here" in told for told in running.told)
    assert lines_of(service) == ["note 1", "note 2"]


def test_an_answer_that_trickles_is_waited_for_as_long_as_any(story: Path, teller: Teller, service: Service) -> None:
    """A byte at a time, for ever."""
    parts = [b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", *[b"x"] * 60_000]
    with answering(parts, pause=0.05) as (address, _):
        beside(service, address)
        with delivering(story, service, {"bad": BAD, "hook": webhook()}) as running:
            teller.note("a word")
            until(lambda: bool(running.told))
    assert running.told == ["alerts: bad: gives no answer within 0.5s; goes on trying"]


def test_names_that_are_looked_up_for_ever_hold_up_no_other_channel_and_not_the_end(
    story: Path, teller: Teller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than an event loop has threads; each is asked for once at a time, however often it is tried."""
    release, real = threading.Event(), socket.getaddrinfo
    asked: list[object] = []

    def getaddrinfo(host: object, *more: Any) -> Any:
        if "silent" not in str(host):
            return real(host, *more)  # type: ignore[arg-type]
        asked.append(host)
        release.wait(2 * LONG)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    names = [f"bad{number}" for number in range(40)]
    known = service.environ() | {name.upper(): f"http://{name}.silent.example/x" for name in names}
    known["HOOK"] = known["HOOK"].replace("127.0.0.1", "localhost")
    service.environ = lambda: known  # type: ignore[method-assign]
    channels = {name: replace(BAD, address_env=name.upper()) for name in names} | {"hook": webhook()}
    try:
        with delivering(story, service, channels) as running:
            for number in range(3):
                teller.note(f"note {number}")
                service.wait(number + 1)
            until(lambda: {told.split(": ")[1] for told in running.told} >= set(names))
            begun = time.monotonic()
        assert time.monotonic() - begun < SLOWEST_END
        assert len(asked) == len(set(asked)) == len(names)
    finally:
        release.set()


def test_no_secret_follows_to_where_an_answer_leads(story: Path, teller: Teller, service: Service) -> None:
    """Neither to another host, nor round and round."""
    with answering(b"") as (elsewhere, asked):
        for status in (301, 302, 303, 307, 308):
            with answering(answer(status, Location=f"{elsewhere}/{HOOK}")) as (address, _):
                beside(service, address)
                with delivering(story, service, {"bad": BAD}) as running:
                    teller.note("a word")
                    until(lambda told=running.told: bool(told))  # type: ignore[misc]
                assert f"leads elsewhere: check the address (HTTP {status})" in running.told[0]
        assert asked == []


@pytest.mark.parametrize("retry_after", [1e305, 86_400 * 30.0])
def test_nobody_is_left_alone_for_longer_than_an_hour(
    story: Path, teller: Teller, service: Service, retry_after: float
) -> None:
    """However long a service asks to wait."""
    service.faults.append("too_many")
    service.retry_after = retry_after
    clock = ManualClock(teller.now)
    with delivering(story, service, {"phone": telegram(service)}, clock=clock) as running:
        teller.note("the first")
        until(lambda: bool(running.told))
        clock.set(clock.now() + HOUR)
        teller.note("the second")
        service.wait(1)


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, RecursionError, ValueError])
def test_whatever_a_plugin_of_apprise_raises_is_a_failure_of_its_channel(
    story: Path, teller: Teller, service: Service, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even what ends a program."""

    def notify(*_: object, **__: object) -> bool:
        raise raised(HOOK)

    monkeypatch.setattr("apprise.Apprise.notify", notify)
    mail = ChannelSettings(service="apprise", address_env="APPRISE", severity="all")
    with delivering(story, service, {"mail": mail, "hook": webhook()}) as running:
        teller.note("a word")
        service.wait(1)
        until(lambda: bool(running.told))
    assert running.told == [f"alerts: mail: Apprise fails ({raised.__name__}); goes on trying"]


def test_a_plugin_of_apprise_that_hangs_holds_up_nothing_but_its_channel(
    story: Path, teller: Teller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is tried, one thread hangs; and the alerts can be stopped meanwhile."""
    release = threading.Event()
    calls: list[object] = []

    def notify(*given: object, **_: object) -> bool:
        calls.append(given)
        return release.wait(2 * LONG)

    monkeypatch.setattr("apprise.Apprise.notify", notify)
    monkeypatch.setattr(Apprise, "patience", 0.05)
    mail = ChannelSettings(service="apprise", address_env="APPRISE", severity="all")
    with delivering(story, service, {"mail": mail, "hook": webhook()}) as running:
        teller.note("a word")
        service.wait(1)
        until(lambda: any("has not ended" in told for told in running.told))
        assert len(calls) == 1
        release.set()
        until(lambda: delivered(running, "mail") == 1)


@pytest.fixture
def picky(service: Service) -> Service:
    """A webhook that refuses every message with a poisoned line, whatever the others are."""
    service.poison = "poison"
    return service


@pytest.mark.parametrize(("status", "tries"), [(400, 3), (422, 3), (403, 15), (500, 15)])
def test_a_message_that_is_refused_for_good_holds_up_what_is_behind_it_for_a_while(
    story: Path, teller: Teller, picky: Service, status: int, tries: int
) -> None:
    """Then what is behind it is tried, and comes; the refused line alone is given up, and the story is told."""
    picky.poison_status = status
    with delivering(story, picky, {"hook": webhook()}) as running:
        teller.notes("one", "poison", "two", "three")
        teller.note("four")
        inbox = Inbox(running.layout)
        until(lambda: bool(inbox.waiting()))
        until(lambda: delivered(running, "hook") == 4)
    (lost,) = [posted.command for posted in inbox.waiting() if isinstance(posted.command, AlertsLost)]
    assert lost.lines == 1
    assert f"(HTTP {status})" in lost.problem
    assert tries <= sum(f": {status}" in each for each in picky.refused) <= 8 * tries
    assert sorted(lines_of(picky)) == ["four", "one", "three", "two"]


def test_a_channel_that_refuses_everything_loses_nothing(story: Path, teller: Teller, picky: Service) -> None:
    """It is set up wrongly: what waits comes once that is mended, each line once and in order."""
    picky.poison, picky.poison_status = "note", 400
    words = [f"note {number}" for number in range(12)]
    with delivering(story, picky, {"hook": webhook()}) as running:
        teller.notes(*words)
        until(lambda: len(picky.refused) > 40)
        picky.poison = ""
        until(lambda: delivered(running, "hook") == 12)
    assert sorted(lines_of(picky)) == sorted(words)
    assert len(lines_of(picky)) == len(words)
    assert Inbox(running.layout).waiting() == []


@pytest.mark.parametrize("name", ["telegram", "discord", "ntfy", "webhook"])
def test_what_is_too_long_is_split_or_shortened(story: Path, teller: Teller, service: Service, name: str) -> None:
    """Never the same again; what is behind it comes after it."""
    channel = {"telegram": telegram(service), "discord": discord(), "ntfy": ntfy(), "webhook": webhook()}[name]
    service.most_bytes = 1500
    with delivering(story, service, {name: channel}) as running:
        teller.notes("B" * 5000, "x" * 700, "y" * 650)
        teller.note("the last")
        until(lambda: delivered(running, name) == 4)
    assert len(set(service.sizes)) == len(service.sizes)
    told = json.dumps([taken.body for taken in service.accepted])
    assert "the last" in told


def test_a_group_that_has_a_new_id_is_followed_and_named(story: Path, teller: Teller, service: Service) -> None:
    """By the next try; the owner reads what to write."""
    service.moved_to = -1001234567890
    with delivering(story, service, {"phone": telegram(service)}) as running:
        teller.note("a word")
        service.wait(1)
        teller.note("another")
        service.wait(2)
        until(lambda: len(running.told) == 2)
    assert [taken.body["chat_id"] for taken in service.accepted] == ["-1001234567890"] * 2
    assert 'set to = "-1001234567890" in [alerts.channels.phone]; goes on trying' in running.told[0]
    assert (CHAT in running.told[0], TOKEN in running.told[0]) == (False, False)


@pytest.mark.parametrize("step", [2 * DAY, -2 * DAY, 365 * DAY])
def test_a_clock_that_is_set_gives_nothing_up_and_waits_for_nothing(
    story: Path, teller: Teller, service: Service, step: int
) -> None:
    """A line is given up after a day of trying; the next try comes when it would have come."""
    service.faults.extend(["reset_before", "error"])
    clock, steady = ManualClock(teller.now), ManualClock("2000-01-01")
    slow = replace(QUICK, first=MINUTE, most=MINUTE)
    with delivering(story, service, {"hook": webhook()}, clock=clock, steady=steady, patience=slow) as running:
        teller.note("one")
        until(lambda: bool(running.told))
        clock.set(clock.now() + step)
        for number in range(2, 5):
            teller.note(f"{number}")
            until(lambda count=number: waiting(running, "hook") == count)  # type: ignore[misc]
        assert service.asked == 1
        for tries in (2, 3):
            steady.set(steady.now() + 2 * MINUTE)
            teller.note("more")
            until(lambda count=tries: service.asked >= count)  # type: ignore[misc]
            until(lambda count=tries: len(running.told) >= count)  # type: ignore[misc]
        until(lambda: delivered(running, "hook") == 6)
    assert lines_of(service)[:4] == ["one", "2", "3", "4"]
    assert not any("gave up" in told for told in running.told)


def test_a_day_of_trying_counts_over_restarts_and_by_no_clock_on_the_wall(
    story: Path, teller: Teller, service: Service
) -> None:
    """Half a day in one process and half in another."""
    service.faults.extend(["error"] * 1000)
    clock, steady = ManualClock(teller.now), ManualClock("2000-01-01")
    told: list[str] = []
    for _ in range(2):
        with delivering(story, service, {"hook": webhook()}, clock=clock, steady=steady) as running:
            teller.note("a word")
            until(lambda: bool(running.told))
            asked = service.asked
            steady.set(steady.now() + DAY // 2 + SECOND)
            until(lambda before=asked: service.asked > before or len(running.told) > 1)  # type: ignore[misc]
            teller.note("another")
            told = running.told
    until(lambda: any("gave up" in each for each in told))


def test_a_clock_that_is_set_raises_no_false_alarm_and_hides_no_silence(
    story: Path, service: Service, live: Teller
) -> None:
    """A bot counts as lost once it was silent for its time, as a clock measures that nobody sets."""
    clock, steady = ManualClock(live.now), ManualClock("2000-01-01")
    with delivering(story, service, {"hook": webhook()}, clock=clock, steady=steady) as running:
        live.note("one")
        service.wait(1)
        clock.set(clock.now() + 2 * DAY)
        live.note("two")
        service.wait(2)
        clock.set(clock.now() - 4 * DAY)
        steady.set(steady.now() + HOUR)
        live.note("three")
        until(lambda: delivered(running, "hook") == 4)
    kinds = [event["kind"] for taken in service.accepted for event in taken.body["events"]]
    assert sorted(kinds) == ["not_heard", "note", "note", "note"]
    assert kinds[:2] == ["note", "note"]


def delivered(running: Delivering, channel: str) -> int:
    """How many lines a channel's service has accepted."""
    with running.outbox() as outbox:
        state = outbox.state(channel)
        return state.delivered if state is not None else 0
