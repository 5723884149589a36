"""The tables and functions of a fleet: each version is a file of SQL that leads there from the one before."""

from __future__ import annotations

from importlib.resources import files

STEPS = tuple(
    each.read_text("utf-8")
    for each in sorted(files(__name__).iterdir(), key=lambda file: file.name)
    if each.name.endswith(".sql")
)
VERSION = len(STEPS)
"""What this livestory knows."""
