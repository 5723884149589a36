"""What a newcomer asks first: help, version, configuration, glossary."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

import livestory as package
from livestory.cli import livestory as group
from livestory.story.wording.glossary import GLOSSARY
from tests.cli.program import environment, livestory, story

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = list(group.commands)


def test_help_names_every_command(tmp_path: Path) -> None:
    """In the order in which one meets them, each with what it does."""
    done = livestory("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert re.findall(r"^  (\w+)  +\S.*\.$", done.stdout.partition("Commands:")[2], re.MULTILINE) == COMMANDS
    assert COMMANDS[:2] == ["demo", "run"]
    assert "..." not in done.stdout.partition("Commands:")[2]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_with_an_example(tmp_path: Path, command: str) -> None:
    """That begins with the program's name, on a line of its own."""
    done = livestory(command, "-h", cwd=tmp_path)
    assert done.returncode == 0
    assert re.search(
        rf"^  livestory {command}\b", done.stdout.partition("Options:")[0].partition("\n")[2], re.MULTILINE
    )


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """What a command needs is imported when it runs."""
    code = "import sys, livestory.cli\ntry: livestory.cli.main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "click" in loaded
    unwanted = {"rich", "duckdb", "ccxt", "prometheus_client", "asyncio", "livestory.config", "livestory.trading"}
    assert loaded & unwanted == set()


def test_version(tmp_path: Path) -> None:
    """The package's."""
    assert livestory("--version", cwd=tmp_path).stdout == f"livestory, version {package.__version__}\n"


def test_init_writes_a_configuration_that_changes_nothing_and_overwrites_none(tmp_path: Path, bars: Path) -> None:
    """All of it is commented out; a second time is refused."""
    assert livestory("init", cwd=tmp_path).returncode == 0
    written = (tmp_path / "livestory.toml").read_text("utf-8")
    assert not any(isinstance(value, dict) and value for value in _leaves(tomllib.loads(written)))
    assert "breaker" in written
    refused = livestory("init", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "livestory.toml: is there already" in refused.stderr
    assert (tmp_path / "livestory.toml").read_text("utf-8") == written
    assert livestory("run", "--bars", bars, cwd=tmp_path).returncode == 0
    nowhere = livestory("init", "no/such/folder.toml", cwd=tmp_path)
    assert (nowhere.returncode, nowhere.stderr) == (1, "no/such/folder.toml: No such file or directory\n")


def _leaves(table: dict[str, object]) -> list[object]:
    """The values of a table and its tables that are not tables themselves."""
    found: list[object] = []
    for value in table.values():
        found += _leaves(value) if isinstance(value, dict) else [{"value": value}]
    return found


def test_the_glossary_explains_the_words_of_a_story(tmp_path: Path, told: Path) -> None:
    """Every capital word of the lines, and what DESIGN names."""
    done = livestory("explain", "--glossary", cwd=tmp_path)
    assert done.returncode == 0
    words = {word for term in GLOSSARY for word in re.findall(r"[\w/]+", term.word)}
    assert words >= {"score", "DD", "ATH", "regime", "Phoenix", "bar", "spread"}
    assert all(term.meaning.endswith(".") and len(term.meaning) < 130 for term in GLOSSARY)
    capital = {word for line in story(told) for word in re.findall(r"\b[A-Z][A-Z_]{2,}\b", line)}
    known = words | {"BUY", "SELL", "NEW"} | {"ETH", "BTC"}
    assert capital <= known
    for term in GLOSSARY:
        assert re.search(rf"^{re.escape(term.word)}  ", done.stdout, re.MULTILINE)


def test_explaining_a_table_comes_later(tmp_path: Path) -> None:
    """One line, status 2; so does nothing to explain."""
    for arguments in (("x.csv",), ()):
        done = livestory("explain", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
