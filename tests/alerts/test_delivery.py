"""From the journal to the service: every line that was asked for, once as far as the service allows, in order."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.clock import DAY, SECOND, ManualClock
from livestory.story.commands import AlertsLost
from livestory.story.files.inbox import Inbox
from tests.alerts.delivering import QUICK, Delivering, delivering, discord, ntfy, telegram, webhook
from tests.alerts.service import ACCEPTED, FAULTS, Service, serving
from tests.patience import until
from tests.reliability.amount import amount
from tests.web.teller import Teller

IN_DOUBT = {"error", "reset_before"}
"""Faults after which nobody knows whether the service had taken the message."""


def test_a_line_reaches_every_service(story: Path, teller: Teller, service: Service) -> None:
    """What was told before the channel was configured does not come; what is told from then on does."""
    channels = {"phone": telegram(service), "room": discord(), "topic": ntfy(), "hook": webhook()}
    with delivering(story, service, channels, link="https://bot.example.org/") as running:
        teller.note("the first", topic="Word")
        service.wait(4)
        assert running.told == []
    assert [taken.service for taken in service.accepted].count("telegram") == 1
    (phone,) = service.of("telegram")
    assert phone.text.endswith("\n#4\nhttps://bot.example.org/#e4")
    assert "Word" in phone.text
    assert service.of("webhook")[0].body["events"][0]["record"]["facts"]["text"] == "the first"
    assert service.of("ntfy")[0].body["click"] == "https://bot.example.org/#e4"
    with running.outbox() as outbox:
        assert {state.name: (state.delivered, state.failed) for state in outbox.states()} == dict.fromkeys(
            channels, (1, 0)
        )


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["telegram", "discord", "ntfy", "webhook"])
def test_a_fault_delays_a_line_and_loses_none(
    story: Path, teller: Teller, service: Service, name: str, fault: str
) -> None:
    """Doubled only where the service had taken it and the answer was lost; then with the same id, and marked."""
    channel = {"telegram": telegram(service), "discord": discord(), "ntfy": ntfy(), "webhook": webhook()}[name]
    service.faults.append(fault)
    with delivering(story, service, {name: channel}) as running:
        teller.note("the first")
        service.wait(2 if fault in ACCEPTED else 1)
        until(lambda: len(running.told) == 2)
        teller.note("the second")
        service.wait(3 if fault in ACCEPTED else 2)
    first, *again, second = service.accepted
    assert "the first" in first.text or "the first" in first.lines[0]
    assert [taken.id for taken in again] == [first.id] * (fault in ACCEPTED)
    assert second.id is None or second.id != first.id
    assert running.told[0].startswith(f"alerts: {name}: ")
    assert running.told[0].endswith("; goes on trying")
    assert running.told[1] == f"alerts: {name}: delivers again"
    marked = [taken.body["again"] if name == "webhook" else "(again)" in taken.text for taken in service.accepted]
    assert marked == ([False, True, False] if fault in ACCEPTED else [fault in IN_DOUBT, False])


def test_a_service_that_is_down_gets_everything_once_it_is_back(story: Path, teller: Teller) -> None:
    """Refused connections are no delivery: nothing is marked as perhaps repeated."""
    gone = Service()
    port = gone.port
    gone.close()
    with delivering(story, gone, {"hook": webhook()}) as running:
        for number in range(5):
            teller.note(f"note {number}")
        until(lambda: any("can't be reached" in told for told in running.told))
        back = Service(port=port)
        try:
            until(lambda: sum(len(taken.lines) for taken in back.accepted) == 5)
        finally:
            back.close()
    lines = [line for taken in back.accepted for line in taken.lines]
    assert [line.rpartition(" ")[2] for line in lines] == ["0", "1", "2", "3", "4"]
    assert not any(taken.body["again"] for taken in back.accepted)


def test_a_slow_channel_delays_no_other(story: Path, teller: Teller, service: Service) -> None:
    """One service does not answer at all; the others have long had every line."""
    with serving() as slow:
        slow.faults.append("slow")
        channels = {"slow": telegram(slow), "room": discord(), "hook": webhook()}
        patient = msgspec.structs.replace(QUICK, answer=60 * SECOND)
        with delivering(story, service, channels, patience=patient):
            for number in range(1, 6):
                teller.note(f"note {number}")
                service.wait(2 * number)
            assert (slow.asked, len(slow.accepted)) == (1, 1)
            slow.release.set()


@pytest.mark.parametrize("fault", ["too_many", "busy", "busy_date"])
def test_what_a_service_asks_to_wait_is_waited(story: Path, teller: Teller, service: Service, fault: str) -> None:
    """An hour by the clock, however often it is woken in between; then the line comes."""
    service.faults.append(fault)
    service.retry_after = 3600.0
    clock = ManualClock(teller.now)
    with delivering(story, service, {"phone": telegram(service)}, clock=clock) as running:
        teller.note("the first")
        until(lambda: bool(running.told))
        clock.set(clock.now() + 3590 * SECOND)
        teller.note("the second")
        until(lambda: waiting(running, "phone") == 2)
        assert service.asked == 1
        clock.set(clock.now() + 11 * SECOND)
        teller.note("the third")
        service.wait(1)
    assert "the first" in service.accepted[0].text
    assert "(HTTP 429)" in running.told[0] or "(HTTP 503)" in running.told[0]


def test_a_message_is_given_up_at_its_age_and_the_story_is_told(story: Path, teller: Teller, service: Service) -> None:
    """How many lines, from when to when, and why; the lines after them are delivered as ever."""
    service.faults.extend(["error"] * 1000)
    clock = ManualClock(teller.now)
    with delivering(
        story, service, {"phone": telegram(service), "hook": webhook()}, clock=clock, give_up=DAY
    ) as running:
        teller.notes("one", "two")
        until(lambda: len(running.told) >= 2)
        clock.set(clock.now() + DAY + SECOND)
        teller.note("three")
        inbox = Inbox(running.layout)
        until(lambda: len(inbox.waiting()) == 2)
        service.faults.clear()
        clock.set(clock.now() + 10 * SECOND)
        teller.note("four")
        service.wait(2)
        until(lambda: not waiting(running, "phone"))
    lost = {
        posted.command.channel: posted.command for posted in inbox.waiting() if isinstance(posted.command, AlertsLost)
    }
    assert sorted(lost) == ["hook", "phone"]
    assert (lost["phone"].lines, lost["phone"].age) == (2, DAY)
    assert lost["phone"].problem == "fails (HTTP 500)"
    told = "".join(taken.text for taken in service.of("telegram"))
    assert ("three" in told, "four" in told, "one" in told) == (True, True, False)
    with running.outbox() as outbox:
        assert [(state.delivered, state.failed) for state in outbox.states()] == [(2, 2), (2, 2)]
        assert outbox.losses() == []


def test_nothing_is_given_up_untried_after_a_long_rest(story: Path, teller: Teller, service: Service) -> None:
    """The machine was off for longer than a message is tried: it is tried once more first."""
    service.faults.append("error")
    clock = ManualClock(teller.now)
    slow = msgspec.structs.replace(QUICK, first=DAY, most=DAY)
    with delivering(story, service, {"hook": webhook()}, clock=clock, patience=slow) as running:
        teller.note("a word")
        until(lambda: bool(running.told))
    clock.set(clock.now() + 3 * DAY)
    with delivering(story, service, {"hook": webhook()}, clock=clock):
        service.wait(1)
    assert lines_of(service) == ["a word"]


def test_a_restart_repeats_nothing_and_forgets_nothing(story: Path, teller: Teller, service: Service) -> None:
    """What was told while nobody delivered comes then."""
    for number in range(3):
        with delivering(story, service, {"hook": webhook()}):
            teller.note(f"with {number}")
            service.wait(2 * number + 1)
        teller.note(f"without {number}")
        with delivering(story, service, {"hook": webhook()}):
            service.wait(2 * number + 2)
    told = [line.rpartition(" | ")[2] for taken in service.accepted for line in taken.lines]
    assert told == [f"{how} {number}" for number in range(3) for how in ("with", "without")]


SCHEDULES = st.lists(st.one_of(st.sampled_from(["", *FAULTS]), st.just("")), max_size=12)


@settings(max_examples=amount(8, 200))
@given(plan=SCHEDULES, bursts=st.lists(st.integers(1, 3), min_size=1, max_size=4), patient=st.booleans())
def test_whatever_fails_every_line_comes_in_order(plan: list[str], bursts: list[int], *, patient: bool) -> None:
    """For any schedule of faults that ends, over restarts that may come in the middle of it."""
    quick = msgspec.structs.replace(QUICK, answer=SECOND // 20)
    total = sum(bursts)
    words = [f"note {number}" for number in range(total)]
    with TemporaryDirectory() as folder, serving() as service, serving() as other:
        story = Path(folder) / "live_story.txt"
        service.faults.extend(plan)
        service.retry_after = 0.01

        def arrived(last: str) -> bool:
            return lines_of(service)[-1:] == [last] and bool(other.accepted) and last in other.accepted[-1].text

        with Teller(story, "replay") as teller:
            teller.begin().bars(2)
            told = 0
            for burst in bursts:
                with delivering(story, service, {"hook": webhook(), "phone": telegram(other)}, patience=quick):
                    teller.notes(*words[told : told + burst])
                    told += burst
                    if patient or told == total:
                        until(partial(arrived, words[told - 1]))
        assert lines_of(service) == words


def lines_of(service: Service) -> list[str]:
    """The lines that a webhook got, those of a message that came again left out."""
    messages = {taken.id: taken for taken in service.accepted}
    return [line.rpartition(" | ")[2] for taken in messages.values() for line in taken.lines]


def waiting(running: Delivering, channel: str) -> int:
    """How many lines wait for a channel."""
    with running.outbox() as outbox:
        return outbox.backlog(channel).lines
