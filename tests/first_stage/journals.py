"""What is read from a story's folder, by everything that reads one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.first_stage.packed import names, unpack
from tests.first_stage.said import said, served

if TYPE_CHECKING:
    from pathlib import Path

_PAGES = ("api/status", "api/events?limit=10", "api/events/3", "api/series?points=50", "api/chapters", "story.txt")


def read(folder: Path) -> dict[str, str]:
    """The output of each command that reads a story, by its name; nothing in the folder is changed."""
    journal, table = folder / "live_story.db", folder.with_suffix(".csv")
    told = {
        "tail": said(folder, "tail", "-n", 1000, "--dir", folder),
        "status": re.sub(r"\d+d( \d+h)?( \d+m)?", "<age>", said(folder, "status", "--dir", folder)),
        "verify": said(folder, "verify", "--dir", folder),
        "explain": said(folder, "explain", journal),
        "export": said(folder, "export", "--journal", journal, "--out", table) + table.read_text("utf-8"),
    }
    return {f"{folder.name}/{name}": text for name, text in told.items()}


def all_read(folder: Path) -> dict[str, str]:
    """What all kept journals say, put back in ``folder``: to the commands, and to the live page's server."""
    folders = [unpack(name, folder / name) for name in names("journals")]
    told = {name: text for one in folders for name, text in read(one).items()}
    answered = {f"{one.name}/{path}": text for one, path, text in served(folders, _PAGES)}
    return told | answered
