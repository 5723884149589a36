"""Ctrl-C at any moment: exit status 130, and nobody sees a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import LIMIT, environment

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, signal, sys
module, how = sys.argv.pop(1), sys.argv.pop(1)

class Late:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(100): pass

class Interrupts:
    def find_spec(self, name, *_):
        if name == module:
            Late() if how == "unraisable" else os.kill(os.getpid(), signal.SIGINT)

import livestory_command
sys.meta_path.insert(0, Interrupts())
livestory_command.main()
"""
"""The command, with a Ctrl-C at the moment at which it begins to read a module."""


@pytest.mark.parametrize("how", ["plain", "unraisable"])
@pytest.mark.parametrize(
    "module",
    ["livestory", "livestory.story.narrator", "livestory.cli.commands.status", "livestory.follow.freqtrade.database"],
)
def test_an_interrupt_while_modules_are_read_ends_it_without_a_word(tmp_path: Path, module: str, how: str) -> None:
    """Those of all commands, and those of one; also where Python can't raise it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, module, how, "follow", "freqtrade", "--db", "no.sqlite", "--dir", "out"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_an_interrupt_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As of what a shell runs in the background."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "livestory", "plain", "--version"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert (done.returncode, done.stdout[:10], done.stderr) == (0, "livestory,", "")
