"""What may have been accepted says so until it is delivered, and what was accepted does not go out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory.clock import HOUR, MINUTE, SECOND, ManualClock
from livestory.errors import JournalError
from livestory.outlets.alerts.outbox import Outbox
from tests.alerts.delivering import delivering, telegram, webhook
from tests.patience import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.service import Service
    from tests.web.teller import Teller


def test_an_acceptance_that_can_not_be_recorded_is_recorded_later_and_not_sent_again(
    story: Path, teller: Teller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox fails right after the service has accepted."""
    failures = iter(range(3))
    real = Outbox.delivered

    def delivered(*given: object, **more: object) -> None:
        if next(failures, None) is not None:
            message = "the disk is full"
            raise JournalError(message)
        real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Outbox, "delivered", delivered)
    with delivering(story, service, {"hook": webhook()}) as running:
        teller.note("a word")
        until(lambda: len(running.told) == 2)
        teller.note("another")
        service.wait(2)
    assert [taken.lines[0].rpartition(" | ")[2] for taken in service.accepted] == ["a word", "another"]
    assert running.told[0] == "the disk is full"


def test_a_doubt_outlives_a_refusal_that_is_none(story: Path, teller: Teller, service: Service) -> None:
    """Taken without an answer, then turned away for being too many: the third try may still be the second message."""
    service.faults.extend(["reset", "too_many"])
    with delivering(story, service, {"hook": webhook()}):
        teller.note("a word")
        service.wait(2)
    assert [taken.body["again"] for taken in service.accepted] == [False, True]


@pytest.mark.parametrize(("back", "asked"), [(0, 1), (2 * HOUR, 2)])
def test_a_wish_to_be_left_alone_is_kept_over_a_restart_but_by_no_clock_that_was_put_back(
    story: Path, teller: Teller, service: Service, back: int, asked: int
) -> None:
    """Half an hour by the clock on the wall, which is all that a restart has."""
    service.faults.append("too_many")
    service.retry_after = 1800.0
    clock = ManualClock(teller.now)
    with delivering(story, service, {"phone": telegram(service)}, clock=clock) as running:
        teller.note("a word")
        until(lambda: bool(running.told))
    clock.set(clock.now() + MINUTE - back)
    with delivering(story, service, {"phone": telegram(service)}, clock=clock):
        teller.note("another")
        if asked > 1:
            service.wait(1)
        assert service.asked >= asked
        clock.set(clock.now() + 1800 * SECOND)
        teller.note("a third")
        service.wait(1)
