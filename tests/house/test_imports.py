"""The import rules of the design, over the sources as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.import_rules import GROUND, HEAVY, ROOF, ROOMS, breaches, circles

SOURCES = Path(__file__).parents[2] / "src"


def modules() -> dict[str, str]:
    """The source of every module of the package, by its dotted name."""
    found = {}
    for file in sorted((SOURCES / "livestory").rglob("*.py")):
        names = file.relative_to(SOURCES).with_suffix("").parts
        found[".".join(names[:-1] if names[-1] == "__init__" else names)] = file.read_text(encoding="utf-8")
    return found


def test_every_module_keeps_the_import_rules() -> None:
    """Five rooms on a ground floor under a roof; thinking modules touch nothing."""
    sources = modules()
    assert len(sources) > 20
    assert [breach for module, source in sources.items() for breach in breaches(source, module)] == []


def test_a_circle_is_found() -> None:
    """Through several modules, and through what is imported for types or in a function alone."""
    sources = {
        "a": "def f():\n    import b",
        "b": "if TYPE_CHECKING:\n    from c import C",
        "c": "import a",
        "d": "import a",
    }
    assert circles(sources) == [{"a", "b", "c"}]
    assert circles({**sources, "c": ""}) == []


def test_every_module_stands_in_a_room() -> None:
    """Nothing lies beside the five rooms, the ground floor and the roof."""
    assert {[*module.split("."), ""][1] for module in modules()} <= GROUND | ROOMS | ROOF


@pytest.mark.parametrize(
    ("module", "source", "problem"),
    [
        ("story.events", "from livestory.trading.risk import Risk", "story may not import trading"),
        ("story.events", "import livestory.outlets.web", "story may not import outlets"),
        ("trading.run", "from livestory import retell", "trading may not import retell"),
        ("trading.run", "from livestory import StoryWriter", "trading may not import the package itself"),
        ("retell.report", "if TYPE_CHECKING:\n    from livestory.trading import risk", "retell may not import trading"),
        ("outlets.web", "def f():\n    from livestory.config import load", "outlets may not import config"),
        ("follow.database", "from livestory.retell import columns", "follow may not import retell"),
        ("tables", "import livestory.story.events", "tables may not import story"),
        ("trading.run", "from . import risk", "relative import"),
        ("trading.run", "import pandas", "trading is not built on pandas"),
        ("trading.market.candles", "import ccxt.async_support", "ccxt is slow to import"),
        ("cli", "try:\n    import rich.console\nexcept ImportError: pass", "rich is slow to import"),
        ("story.narrator", "from time import time", "a module that thinks imports time"),
        ("story.detectors.peak", "def f():\n    import logging", "a module that thinks imports logging"),
        ("story.wording.numbers", "from pathlib import Path", "a module that thinks imports pathlib"),
        ("story.account", "x = open('y')", "open() touches the world"),
        ("story.account", "datetime.now(UTC)", "now() touches the world"),
        ("story.journal", "from importlib import import_module\nimport_module('x')", "import_module hides"),
    ],
)
def test_a_breach_is_found(module: str, source: str, problem: str) -> None:
    """The checker sees what it is there for."""
    (breach,) = breaches(source, f"livestory.{module}")
    assert problem in breach


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("story.journal", "import os\nimport apsw\nfrom livestory.errors import JournalError"),
        ("story.events", "if TYPE_CHECKING:\n    from pathlib import Path\n    from duckdb import X"),
        ("trading.run", "from livestory.story import observation\nfrom livestory import clock"),
        ("trading.market.candles", "async def f():\n    import ccxt.async_support"),
        ("outlets.terminal", "import rich"),
        ("cli", "import click\nfrom livestory.trading import run\nfrom livestory import outlets"),
    ],
)
def test_what_the_rules_allow_is_no_breach(module: str, source: str) -> None:
    """Nor does it cry wolf."""
    assert breaches(source, f"livestory.{module}") == []


@pytest.mark.parametrize("module", ["livestory", "livestory.cli"])
def test_importing_livestory_imports_nothing_slow(module: str) -> None:
    """What is heavy waits until it is used."""
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert set(loaded) & (HEAVY | {"asyncio"}) == set()


def test_no_modules_import_one_another_in_a_circle() -> None:
    """Nor for types only: who reads one of them would have to read all."""
    assert circles(modules()) == []


def test_a_circle_is_found_whatever_hides_it() -> None:
    """Under TYPE_CHECKING, within a function, and where a package's own name leads to a module of it."""
    sources = {
        "livestory.a": "if TYPE_CHECKING:\n    from livestory.b import B",
        "livestory.b": "def f():\n    from livestory.room import c",
        "livestory.room": "",
        "livestory.room.c": "import livestory.a",
        "livestory.d": "from livestory.a import A",
    }
    assert circles(sources) == [{"livestory.a", "livestory.b", "livestory.room.c"}]
