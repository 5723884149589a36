"""Whatever call fails, and for how long: nothing corrupt, nothing acknowledged lost or doubled, and the bot goes on."""

from __future__ import annotations

import errno
import shutil
from itertools import count, product
from typing import TYPE_CHECKING

import pytest

from tests.reliability.amount import TORTURE
from tests.reliability.keeping import begun_by_an_older_livestory, kept, started_again
from tests.reliability.stage import Act, Call, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.reliability.conftest import Did
    from tests.reliability.stage import Outcome, Stage

STEPS = 12
_SHORT = -1
_ERRORS = {
    Call.OPEN: (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EMFILE),
    Call.WRITE: (errno.EIO, errno.ENOSPC, errno.EROFS, _SHORT),
    Call.SYNC: (errno.EIO, errno.ENOSPC),
    Call.TRUNCATE: (errno.EIO, errno.EROFS),
    Call.RENAME: (errno.EIO, errno.ENOSPC, errno.EROFS),
    Call.UNLINK: (errno.EIO, errno.EROFS),
    Call.MKDIR: (errno.ENOSPC, errno.EROFS),
    Call.READ: (errno.EIO,),
}


def faults(call: Call) -> Iterator[list[Fault]]:
    """For the k-th call of its kind, each k in turn, the ways in which it fails; bounded, of many writes one each."""
    ways = list(product(_ERRORS[call], (False, True)))
    for k in count():
        chosen = ways if TORTURE >= 1 or call not in {Call.WRITE, Call.SYNC} else [ways[k % len(ways)]]
        yield [_fault(call, k, error, again=again) for error, again in chosen]


def _fault(call: Call, k: int, error: int, *, again: bool) -> Fault:
    return Fault(call, k, Act.SHORT if error == _SHORT else Act.FAIL, max(error, 0), again)


def orders(outcome: Outcome) -> list[object]:
    """What the bot would have sent to its exchange."""
    return outcome.all("order")


@pytest.fixture(scope="module")
def quiet(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The session with nothing failing."""
    path = tmp_path_factory.mktemp("quiet") / "results" / "live_story.txt"
    begun_by_an_older_livestory(path)
    outcome = stage.play("story", path.parent, first=1, count=STEPS)
    assert outcome.code == 0
    assert outcome.all("waits") == []
    return outcome


@pytest.mark.parametrize("call", list(_ERRORS), ids=lambda call: call.name.lower())
def test_a_call_that_fails_harms_nothing(stage: Stage, memory: Path, did: Did, quiet: Outcome, call: Call) -> None:
    """The k-th call of its kind fails, once or until the end of the session; then all is mended.

    The bot's orders are those of a story in health, no call raises, nothing it was told is lost, and what had to wait
    is told to have come late.
    """
    for several in faults(call):
        for fault in several:
            path = memory / "results" / "live_story.txt"
            begun_by_an_older_livestory(path)
            outcome = stage.play("story", path.parent, fault, first=1, count=STEPS)
            assert outcome.code == 0, fault
            assert orders(outcome) == orders(quiet)
            assert (outcome.all("flushed"), outcome.all("whole"), outcome.all("lost")) == ([True], [True], [0]), fault
            started_again(path, 40)
            events = kept(path, outcome.all("kept"))
            lines = [event.line for event in events]
            waited = outcome.all("waits")
            assert {f"note {n}" for n in range(1, STEPS + 1)} <= {line.rpartition(" | ")[2] for line in lines}, fault
            assert not waited or any(event.kind == "story_late" for event in events), fault
            assert sum(event.kind == "trade" for event in events) == STEPS, fault
            shutil.rmtree(path.parent)
        if not outcome.struck:
            return
        did(f"failing calls of {call.name}", len(several))
