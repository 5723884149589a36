"""What a docstring says, it says in a sentence."""

from __future__ import annotations

import ast
from pathlib import Path

import livestory

SOURCES = Path(livestory.__file__).parent
FEW = 3  # words, too few to say anything that the name does not

# Those that are there still, by room: a list that only becomes shorter.
TOO_SHORT: dict[str, set[str]] = {
    "cli": {
        "A timestamp.",
        "Both.",
        "Microseconds.",
        "One service.",
        "Print it.",
        "The instant.",
    },
    "outlets": {
        "An event's number.",
        "Begin to follow.",
        "Close all.",
        "Close it.",
        "Deliver until `stop`.",
        "Encode it.",
        "Follow until `stop`.",
        "It came ``now``.",
        "It is gone.",
        "Itself.",
        "Of that story.",
        "Print its line.",
        "Read no further.",
        "Read them.",
        "Send nothing more.",
        "Stop following.",
        "Stop listening.",
        "Take nothing more.",
        "Use `expose_metrics`.",
        "Watches one connection.",
        "Where it listens.",
        "Without observations.",
        "`close`.",
    },
}


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
        if len(docstring.split()) <= FEW and docstring not in TOO_SHORT.get(file.relative_to(SOURCES).parts[0], set())
    ]
    assert found == []


def test_a_short_docstring_is_found() -> None:
    """In a class, in a function within it, and in one that is asynchronous."""
    source = 'class A:\n    """One."""\n    async def b(self):\n        """Two words."""\n'
    assert docstrings(source) == ["One.", "Two words."]
