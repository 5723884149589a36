"""Starts a command of livestory in the project's own environment, whichever Python was asked to."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def livestory(command: str) -> None:
    """Become ``livestory command`` with this process's arguments; the folder it was started in stays."""
    environment = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
    python = str(environment) if environment.exists() else sys.executable
    os.execv(python, [python, "-m", "livestory", command, *sys.argv[1:]])  # noqa: S606 - our own interpreter, no shell
