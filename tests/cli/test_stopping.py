"""A run that is asked to stop more than once: the second signal does what it does to any program, without a word."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.cli.program import LIMIT, environment

_BOTH_AT_ONCE = """
import signal
from livestory.cli.stopping import stop_on_signals
with stop_on_signals() as stop:
    signal.pthread_sigmask(signal.SIG_BLOCK, [{0}, {1}])
    signal.raise_signal({0})
    signal.raise_signal({1})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [{0}, {1}])
    stop.wait()
    print(stop.by)
"""


@pytest.mark.parametrize(
    ("numbers", "ended"),
    [
        ((signal.SIGHUP, signal.SIGTERM), -signal.SIGTERM),
        ((signal.SIGINT, signal.SIGTERM), -signal.SIGTERM),
        ((signal.SIGTERM, signal.SIGTERM), 0),  # one, for the system
    ],
    ids=["SIGHUP and SIGTERM", "SIGINT and SIGTERM", "SIGTERM twice"],
)
def test_signals_that_come_together_are_taken_one_after_the_other(numbers: tuple[int, int], ended: int) -> None:
    """Python takes both before it does anything else, and would complain of one whose handler is gone by then."""
    done = subprocess.run(
        [sys.executable, "-c", _BOTH_AT_ONCE.format(*map(int, numbers))],
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (ended, "")
