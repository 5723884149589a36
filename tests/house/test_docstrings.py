"""What a docstring says, it says in a sentence."""

from __future__ import annotations

import ast
from pathlib import Path

import livestory

SOURCES = Path(livestory.__file__).parent
FEW = 3  # words, too few to say anything that the name does not


def docstrings(source: str) -> list[str]:
    """The docstrings of a module, of its classes and of its functions."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = [ast.get_docstring(node) for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    return [each for each in found if each is not None]


def test_no_docstring_has_three_words_or_fewer() -> None:
    """Such a one goes, or says what a stranger wants to know."""
    found = [
        f"{file.relative_to(SOURCES)}: {docstring}"
        for file in sorted(SOURCES.rglob("*.py"))
        for docstring in docstrings(file.read_text("utf-8"))
        if len(docstring.split()) <= FEW
    ]
    assert found == []


def test_a_short_docstring_is_found() -> None:
    """In a class, in a function within it, and in one that is asynchronous."""
    source = 'class A:\n    """One."""\n    async def b(self):\n        """Two words."""\n'
    assert docstrings(source) == ["One.", "Two words."]
