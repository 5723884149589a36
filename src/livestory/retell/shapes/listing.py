"""What `livestory explain --formats` prints: the tables that are known, with their columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from livestory.retell.columns import FILL, OBSERVATION
from livestory.retell.shapes import declared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.retell.shapes.declared import Shape

_WIDTH = 100


def listing() -> str:
    """All that is known, as text."""
    return "\n".join(_lines()) + "\n"


def page() -> str:
    """The page docs/tables.md, in Markdown."""
    told = [shape for shape in declared.SHAPES if shape.told]
    lines = [
        "# The tables that are known",
        "",
        "What [explain](explain.md) recognises; `livestory explain --formats` prints it too. A column is found by any",
        "of its names, whatever the case, spaces, signs: `Avg Entry Price` and `avg_entry_price` are `avgentryprice`,",
        "`%` is `pct`, `#` is `no`. The first name that a table has is the column; of the bold ones some are needed.",
    ]
    for shape in told:
        needed = {own for each in shape.needs for own in each}
        lines += [
            "",
            f"## {shape.name.capitalize()}",
            "",
            f"{shape.says.capitalize()}.",
            "",
            "| column | names |",
            "| --- | --- |",
        ]
        for own, spellings in _own_columns(shape).items():
            name = f"**{own}**" if own in needed else own
            lines.append(f"| {name} | {' '.join(f'`{each}`' for each in spellings.split())} |")
        writers = dict.fromkeys(writer.name for writer in declared.WRITERS if writer.shape == shape.name)
        if writers:
            lines += ["", f"Known writers: {', '.join(writers)}."]
    lines += ["", "## Refused by name", ""]
    lines += [f"- {shape.name}: {shape.advice}" for shape in declared.SHAPES if not shape.told]
    return "\n".join(lines) + "\n"


def _lines() -> Iterator[str]:
    yield "A column is found by any of its names, whatever its case, spaces and signs (% is pct, # is no)."
    for shape in (shape for shape in declared.SHAPES if shape.told):
        yield ""
        yield f"{shape.name}: {shape.says}"
        needed = {own for each in shape.needs for own in each}
        for own, spellings in _own_columns(shape).items():
            mark = "*" if own in needed else " "
            yield from textwrap.wrap(
                f"{spellings}", _WIDTH, initial_indent=f" {mark} {own:<16} ", subsequent_indent=" " * 20
            )
        writers = dict.fromkeys(writer.name for writer in declared.WRITERS if writer.shape == shape.name)
        if writers:
            yield f"   known writers: {', '.join(writers)}"
    yield ""
    yield "* needed, or one of several that are"
    yield "Refused by name: " + ", ".join(shape.name for shape in declared.SHAPES if not shape.told) + "."


def _own_columns(shape: Shape) -> dict[str, str]:
    """Its columns; those that only an export of livestory has are left to its own page."""
    if shape is declared.WEALTH:
        return {own: names for own, names in shape.columns.items() if own not in FILL}
    if shape is declared.FILLS:
        return {own: names for own, names in shape.columns.items() if own not in OBSERVATION[1:] or own == "wealth"}
    return shape.columns
