"""Bots in processes of their own: what they print is what a test judges."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SILENT = "import logging; logging.disable()\nfrom livestory import *\n"  # the trouble is meant
_LONG = 60  # seconds; a bot that hangs is ended, and the test fails


def bot(folder: Path, code: str) -> list[str]:
    """The lines that a bot prints which runs ``code`` in ``folder``; it ends by itself, without a word of error."""
    command = [sys.executable, "-W", "error", "-c", _SILENT + code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_LONG, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def told(folder: Path, name: str = "live_story.txt") -> list[str]:
    """The last column of each line of the story."""
    return [line.rpartition(" | ")[2] for line in (folder / name).read_text(encoding="utf-8").splitlines()]
