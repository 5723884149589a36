"""Events, observations and doomed children for the tests of the journal and the story file."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING

from livestory.clock import DAY, MINUTE
from livestory.story.inputs import Observation
from livestory.story.journal.writer import Entry, Identity, Journal
from livestory.story.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = 20_060 * DAY  # 2024-12-03
DEMO = Identity(bot="demo", mode="paper", symbol="ETH/BTC", unit="BTC")


def entry(n: int, told: int | None = None) -> Entry:
    """The n-th event of a story, a quarter of an hour after the one before."""
    time = START + n * 15 * MINUTE if told is None else told
    return Entry(f"trade-{n}", time, time, "trade", b'{"n":%d}' % n, f"line {n} | 🟢 BUY | +{n} ETH")


def observation(n: int) -> Observation:
    """What the bot looks like then."""
    return Observation(
        time=START + n * 15 * MINUTE,
        wealth=1 + n / 1000,
        halted=n % 2 == 0,
        regime="TREND",
        no_trade_reason=Reason("band", n / 10, 2.5, text="12h") if n % 3 else None,
    )


def written(path: Path, count: int) -> None:
    """A journal with that many events and observations."""
    journal = Journal.open(path, DEMO)
    journal.append([entry(n) for n in range(1, count + 1)], [observation(n) for n in range(1, count + 1)])
    journal.close()


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """A child process that does ``work(write end of a pipe)``; its id and the read end."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    status = 1
    try:
        os.close(read)
        work(write)
        status = 0
    except BaseException:  # noqa: BLE001 (a child must not come back into the test)
        traceback.print_exc()
    finally:
        os._exit(status)


def ended(pid: int, read: int) -> tuple[int, bytes]:
    """The exit code of the child (negative: the signal that killed it) and what is left in its pipe."""
    with os.fdopen(read, "rb") as pipe:
        rest = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), rest
