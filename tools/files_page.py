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


def sentence(file: Path) -> str:
    """What the file says of itself, in its docstring or, of JavaScript, in its first comment."""
    text = file.read_text("utf-8")
    if file.suffix == ".js":
        head = re.match(r"(?:// .*\n)*", text)
        said = head[0].replace("// ", "") if head else ""
    else:
        said = ast.get_docstring(ast.parse(text)) or ""
    return " ".join(said.partition("\n\n")[0].split()).replace("|", "\\|")


def page() -> str:
    """The page, a table for each folder."""
    files = [file for file in PACKAGE.rglob("*") if file.suffix in {".py", ".js"} and ".min." not in file.name]
    parts = [HEAD]
    for folder, within in groupby(sorted(files, key=lambda file: (file.parent, file.name)), lambda file: file.parent):
        rows = [f"| `{file.name}` | {sentence(file)} |" for file in within]
        parts += [f"## `{folder.relative_to(ROOT)}`\n", "| file | what it is |", "| --- | --- |", *rows, ""]
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
