"""Which message is at fault where a service refuses, and when one is tried again."""

from __future__ import annotations

from livestory.clock import MINUTE, SECOND
from livestory.outlets.alerts.delivery import Retry
from livestory.outlets.alerts.suspicion import Suspicion, Verdict


def refused(suspicion: Suspicion, upto: int, times: int, *, alone: bool = True, whole: bool = True) -> list[Verdict]:
    """What so many refusals of the first message in a row lead to."""
    return [suspicion.refuse(upto, alone=alone, of_the_message=whole) for _ in range(times)]


def test_a_message_is_at_fault_once_one_behind_it_was_accepted() -> None:
    """Three refusals, one behind it accepted, three refusals anew; not before."""
    suspicion = Suspicion()
    assert refused(suspicion, 1, 3) == [Verdict.TRY_AGAIN] * 3
    assert suspicion.wants_another(1)
    suspicion.accept(before=1)
    assert not suspicion.wants_another(1)
    assert refused(suspicion, 1, 3) == [Verdict.TRY_AGAIN, Verdict.TRY_AGAIN, Verdict.GIVE_UP]
    assert not suspicion.wants_another(1)


def test_a_channel_that_refuses_everything_gives_nothing_up() -> None:
    """After eight others that were refused as well, none further is tried before the first; so each time anew."""
    suspicion = Suspicion()
    for _ in range(2):
        refused(suspicion, 5, 2)
        assert not suspicion.wants_another(5)
        refused(suspicion, 5, 1)
        assert suspicion.wants_another(5)
        assert [suspicion.refuse_another() for _ in range(8)] == [True] * 7 + [False]
        assert not suspicion.wants_another(5)
    assert Verdict.GIVE_UP not in refused(suspicion, 5, 30)


def test_what_may_be_the_services_own_trouble_is_borne_longer() -> None:
    """Fifteen refusals, where the service does not say that the message is wrong."""
    suspicion = Suspicion()
    refused(suspicion, 5, 14, whole=False)
    assert not suspicion.wants_another(5)
    refused(suspicion, 5, 1, whole=False)
    assert suspicion.wants_another(5)


def test_lines_that_are_refused_together_are_tried_apart() -> None:
    """At once where what they hold is wrong, else after many refusals; then any message with one of them is suspect."""
    assert refused(Suspicion(), 9, 1, alone=False) == [Verdict.SPLIT]
    suspicion = Suspicion()
    assert refused(suspicion, 9, 15, alone=False, whole=False) == [Verdict.TRY_AGAIN] * 14 + [Verdict.SPLIT]
    assert refused(suspicion, 7, 1, alone=False, whole=False) == [Verdict.SPLIT]


def test_pauses_double_until_a_message_is_taken() -> None:
    """Up to the longest, or as long as the service asks for; a shorter message is tried at once."""
    retry = Retry()
    pauses = []
    for _ in range(4):
        retry.fail(0, SECOND, 5 * SECOND, 0)
        pauses.append(retry.next)
    assert pauses == [SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND]
    retry.fail(0, SECOND, 5 * SECOND, MINUTE)
    assert (retry.next, retry.since_last(SECOND)) == (MINUTE, SECOND)
    retry.shorten(3)
    assert (retry.next, retry.failures) == (3, 5)
    retry.clear()
    assert retry == Retry()
