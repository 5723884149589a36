"""The tool that changes the code to see whether a test notices: each of its changes is one."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_change_is_python_that_does_something_else() -> None:
    """Tried on every change of a file that has all kinds of them."""
    mutants_of = runpy.run_path(str(ROOT / "tools" / "mutants.py"))["mutants_of"]
    file = Path("src/livestory/story/account.py")
    text = (ROOT / file).read_bytes()
    changed = [text[: each.start] + each.after.encode() + text[each.end :] for each in mutants_of(file)]
    assert len(changed) > 100
    assert ast.dump(ast.parse(text)) not in {ast.dump(ast.parse(each)) for each in changed}
