"""docs/reliability.md maps each fault to its tests; the build checks that they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FAULTS = list(range(1, 50))


def rows() -> dict[int, str]:
    """The row of each fault, by its number; each is there once."""
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (\d+) \|(.*)$", page, re.MULTILINE)
    numbers = [int(number) for number, _ in found]
    assert numbers == _FAULTS
    return dict(zip(numbers, (row for _, row in found), strict=True))


def defined_in(path: Path) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_fault_has_its_row_with_a_test_or_the_reason_why_not() -> None:
    """One that names no test says that it is in work, or not yet."""
    for number, row in rows().items():
        assert "::test_" in row or "in work" in row or "not yet: " in row, number


def test_every_test_that_the_page_names_is_there() -> None:
    """A test that is renamed takes its row with it; a file in work exists as well."""
    gone = []
    for row in rows().values():
        for file, _, name in re.findall(r"`([\w/]+\.py)(::(test_\w+))?`", row):
            path = ROOT / "tests" / file
            if not path.exists() or (name and name not in defined_in(path)):
                gone.append(f"{file}::{name}")
    assert gone == []


def test_every_test_of_reliability_stands_on_the_page() -> None:
    """What is proved is told."""
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    files = sorted((ROOT / "tests" / "reliability").glob("test_*.py"))
    names = {name for file in files for name in defined_in(file) if name.startswith("test_")}
    assert sorted(name for name in names if name not in page) == []
