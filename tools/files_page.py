"""Write docs/files.md: every file of the program in the sentence that it begins with."""

from __future__ import annotations

import ast
import re
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "livestory"
HEAD = """# Every file in a sentence

Written by `make docs` from the first sentence of each file. To find where something is changed, begin at the table in
[architecture](architecture.md#where-do-i-change-what); to find a file by what it is about, search here.
"""


HEADS = {
    ".js": r"(?://.*\n)+",
    ".sql": r"(?:--.*\n)+",
    ".toml": r"(?:#.*\n)+",
    ".css": r"/\*.*?\*/",
    ".html": r"(?:<!doctype html>\n)?<!-- .*? -->",
}
"""What a file begins with that says what it is, but for a module of Python, which has a docstring."""
IN_REPORTS = {
    "story.html": "What page and report have alike: the story with its filters and its search.",
    "report.html": "A story as one page.",
}
"""Those without a comment of their own, which every report would carry."""
MARKS = r"^(?://|--|#) ?|/\*|\*/|<!doctype html>|<!--|-->"


def sentence(file: Path) -> str:
    """What the file says of itself, in its docstring or in its first comment."""
    text = file.read_text("utf-8")
    if file.suffix == ".py":
        said = ast.get_docstring(ast.parse(text)) or ""
    else:
        head = re.match(HEADS[file.suffix], text.lstrip(), re.DOTALL if file.suffix in {".css", ".html"} else 0)
        said = re.sub(MARKS, "", head[0], flags=re.MULTILINE) if head else IN_REPORTS.get(file.name, "")
    return " ".join(said.partition("\n\n")[0].split()).replace("|", "\\|")


def page() -> str:
    """The page, a table for each folder."""
    files = [file for file in PACKAGE.rglob("*") if file.suffix in {".py", *HEADS} and ".min." not in file.name]
    parts = [HEAD]
    for folder, within in groupby(sorted(files, key=lambda file: (file.parent, file.name)), lambda file: file.parent):
        rows = [f"| `{file.name}` | {sentence(file)} |" for file in within]
        parts += [f"## `{folder.relative_to(ROOT)}`\n", "| file | what it is |", "| --- | --- |", *rows, ""]
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
