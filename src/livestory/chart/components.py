"""What page and report are both made of: pieces of HTML, and modules of JavaScript that can be one script."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_STATIC = resources.files("livestory.chart").joinpath("static")
_IMPORT = re.compile(r'^import (?:\* as (\w+)|\{ ([^}]+) \}) from "\./([\w-]+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) (\w+))", re.MULTILINE)


def static_text(name: str) -> str:
    """The text of a file beside the charts."""
    return _STATIC.joinpath(name).read_text(encoding="utf-8")


def with_sections(page: str, story_tools: str) -> str:
    """A page with the sections that page and report have alike; ``story_tools`` stand at the head of the story."""
    for name, piece in (("sections", static_text("sections.html")), ("story", static_text("story.html"))):
        page = page.replace("{{" + name + "}}", piece.strip())
    return page.replace("{{story-tools}}", story_tools)


def bundled(main: Traversable, instead: dict[str, Traversable]) -> str:
    """A module and all that it imports as one script; ``instead``: modules that take the place of those of a name.

    Imports are by name or of a whole module, each on a line of its own, and nothing is exported by default.
    """
    done: list[str] = []
    written: list[str] = []

    def add(name: str, file: Traversable) -> None:
        if name in done:
            return
        done.append(name)
        source = file.read_text(encoding="utf-8")
        for _, _, other in _IMPORT.findall(source):
            add(other, instead.get(other) or _STATIC.joinpath(f"{other}.js"))
        exported = ", ".join(_EXPORT.findall(source))
        body = _EXPORT.sub("", _IMPORT.sub(_imported, source))
        written.append(f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n')

    add("", main)
    return f'"use strict";\n{{\nconst modules = {{}};\n{"".join(written)}}}\n'


def _imported(match: re.Match[str]) -> str:
    whole, names, module = match.groups()
    names = f"{{ {names.replace(' as ', ': ')} }}" if names else ""
    return f'const {whole or names} = modules["{module}"];'
