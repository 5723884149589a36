"""Which column of a table is which of a shape's, by its name and its first cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.retell.shapes.fitting import are_pairs, fits
from livestory.retell.shapes.names import Name, plain
from livestory.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.errors import TableError
    from livestory.retell.shapes.declared import Shape


DROPPED = "-"
"""What ``--columns position=-`` gives: the column is not to be read."""
_MOST, _LONGEST = 50, 40  # columns, and characters of a column's name, that a message repeats
_SOME = 15  # names of a column that a message repeats


class Seen(Struct, frozen=True):
    """What is looked at: the header and the first rows, column by column."""

    table: Table
    line: int
    texts: Sequence[str]
    names: list[Name]
    sample: Sequence[Sequence[str]]
    given: Mapping[str, str]


def matched(seen: Seen, shape: Shape) -> dict[str, int]:
    """The columns of a shape that the table has, each with its field; the caller's names come first."""
    fields: dict[str, int] = {}
    named: dict[str, str] = {}
    for own, spellings in shape.columns.items():
        for spelling in (plain(own), *spellings.split()):
            if spelling in seen.given:
                named.setdefault(own, seen.given[spelling])
                break
    taken = {plain(name) for name in named.values()}
    for own, spellings in shape.columns.items():
        if own in named:
            if named[own] != DROPPED:
                fields[own] = _exactly(seen, named[own])
            continue
        found = _found(seen, own, spellings.split(), taken if own in {"wealth", "position"} else set())
        if found is not None:
            fields[own] = found
    if "fill_symbol" in shape.columns and not {"fill_symbol"} & {*fields, *named}:
        holds_pairs = [n for n, cells in enumerate(seen.sample) if n not in fields.values() and are_pairs(cells)]
        if len(holds_pairs) == 1:
            fields["fill_symbol"] = holds_pairs[0]
    return fields


def has(shape: Shape, fields: Mapping[str, int]) -> bool:
    """Whether those columns are enough for the shape."""
    return all(fields.keys() & {*needed} for needed in shape.needs)


def _exactly(seen: Seen, name: str) -> int:
    exact = [field for field, each in enumerate(seen.texts) if each.strip() == name]
    return (
        exact[0]
        if len(exact) == 1
        else _one(seen, name, [n for n, each in enumerate(seen.texts) if plain(each) == plain(name)])
    )


def _found(seen: Seen, own: str, spellings: Sequence[str], taken: set[str]) -> int | None:
    likely: int | None = None
    for spelling in spellings:
        fields = [n for n, name in enumerate(seen.names) if name.spellings[0] == spelling and spelling not in taken]
        others = [n for n, name in enumerate(seen.names) if spelling in name.spellings[1:]]
        if not fields and (not others or not _are_alike(seen, others)):
            continue
        field = _one(seen, spelling, fields or others)
        if fits(own, seen.sample[field], spelling):
            if spelling == own.replace("_", "") or any(map(str.strip, seen.sample[field])):
                return field
            likely = field if likely is None else likely
        if own == "fill_side" and spelling in {"fillside", "side"}:
            likely = field
    return likely


def _one(seen: Seen, name: str, fields: Sequence[int]) -> int:
    if not fields:
        raise seen.table.error(seen.line, None, f"no column {name!r}; there is {listed(seen.texts)}")
    if not _are_alike(seen, fields):
        shown = seen.texts[fields[0]].strip()
        raise seen.table.error(
            seen.line, fields[1] + 1, f"{len(fields)} columns are called {shown!r}; rename all but one"
        )
    return fields[0]


def _are_alike(seen: Seen, fields: Sequence[int]) -> bool:
    return all(list(seen.sample[field]) == list(seen.sample[fields[0]]) for field in fields[1:])


def all_names(seen: Seen) -> Iterator[str]:
    """The name of each column, without its ornaments."""
    return (name.spellings[0] for name in seen.names)


def missing(seen: Seen, column: str, shape: Shape) -> TableError:
    """The error that says which column a shape needs."""
    names = shape.columns.get(column, column).split()
    looked = ", ".join([*names[:_SOME], *(["…"] if len(names) > _SOME else [])])
    problem = f"no column for {column}; looked for {looked}; there is {listed(seen.texts)}"
    return seen.table.error(seen.line, None, f"{problem}; name it with --columns {column}=…")


def listed(names: Sequence[str]) -> str:
    """A table's columns, for a message."""
    more = ["…"] if len(names) > _MOST else []
    return ", ".join([*(" ".join(name.split())[:_LONGEST] or "''" for name in names[:_MOST]), *more])
