"""A journal of any schema, in whatever state it was left, is read as it is, and goes on under a writer of today."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import apsw
import pytest

from tests.cli.program import environment
from tests.first_stage import a_bot
from tests.first_stage.journals import all_read
from tests.first_stage.packed import contents, names, unpack
from tests.first_stage.said import recorded, said

if TYPE_CHECKING:
    from pathlib import Path

NEWEST = 3  # the first stage's last schema


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """What everything that reads says of all journals, and their files before and after that."""
    folder = tmp_path_factory.mktemp("read")
    for name in names("journals"):
        unpack(name, folder / name)
    before = contents(folder / "journals")
    told = all_read(folder)
    return told, before, contents(folder / "journals")


@pytest.mark.parametrize("name", recorded("readings"))
def test_it_reads_as_it_did(read: tuple[dict[str, str], ...], name: str) -> None:
    """By each command and each path of the live page."""
    assert read[0][name] == recorded("readings")[name]


def test_nothing_more_is_read_than_was_recorded(read: tuple[dict[str, str], ...]) -> None:
    """A journal or a way to read that is new is recorded as well."""
    assert read[0].keys() == recorded("readings").keys()


def test_reading_changes_no_journal(read: tuple[dict[str, str], ...]) -> None:
    """Nor text, log or archive; only what readers share of the log, its index, may differ."""
    _, before, after = read
    kept, left = (
        {name: digest for name, digest in files.items() if not name.endswith((".db-shm", ".csv"))}
        for files in (before, after)
    )
    assert left == kept


@pytest.mark.parametrize("name", names("journals"))
def test_a_writer_goes_on_with_it(tmp_path: Path, name: str) -> None:
    """Brought up to date, it has all it had, its chain goes on, and it holds."""
    folder = unpack(name, tmp_path / "story")
    before = said(folder, "tail", "-n", 1000, "--dir", folder).splitlines()
    command = [
        sys.executable,
        "-m",
        "tests.first_stage.a_bot",
        str(folder / "live_story.txt"),
        str(a_bot.STEPS),
        "8",
        "close",
    ]
    subprocess.run(command, env=environment(), check=True, timeout=60)
    after = said(folder, "tail", "-n", 1000, "--dir", folder).splitlines()
    assert after[: len(before) - 1] == before[:-1]
    assert after[len(before) - 1 :] == recorded("continued")["lines"].splitlines()
    assert "agree" in said(folder, "verify", "--dir", folder)
    db = apsw.Connection(str(folder / "live_story.db"), flags=apsw.SQLITE_OPEN_READONLY)
    assert db.pragma("user_version") >= NEWEST
    db.close()
