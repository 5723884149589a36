"""The columns of a table that an export writes and explain reads, and which column of anybody's table is which.

A row is an observation, a fill or a flow. One whose ``fill_side`` is filled in is a fill. One that has a ``flow`` and
no other value is a deposit or withdrawal told by itself. Every other row is an observation. An empty cell is unknown,
never 0. Instants are ISO 8601 in UTC (``2024-12-03T15:15:00Z``), flags are 1 and 0, reasons are JSON, numbers have a
point.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.errors import InputError
from livestory.story.inputs import Fill, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livestory.errors import TableError
    from livestory.tables import Table

TIME = "time"

OBSERVATION: tuple[str, ...] = tuple(name for name in Observation.__struct_fields__ if name != "positions")
"""The columns of an observation: its fields under their own names, ``time`` first."""

FILL: dict[str, str] = {
    field if field == "trade_id" else f"fill_{field}": field for field in Fill.__struct_fields__ if field != TIME
}
"""The columns of a fill besides ``time``, each with its field of `Fill`: ``fill_side``, ``trade_id``, …"""

INSTANTS = frozenset({TIME, "resume_at", "next_due", "fill_filled_at", "fill_ordered"})
"""The columns that hold instants."""

FLAGS = frozenset({"halted", "daily_loss_hit"})
"""The columns that hold 1 or 0."""

OF_A_FILL = ("fill_side", "fill_quantity", "fill_price")
"""The columns without which nothing is told of fills: a table that has them and no fill tells that none was made."""

REASONS = frozenset({"no_trade_reason", "fill_reason"})
"""The columns that hold a `Reason` as JSON."""

COLUMNS: tuple[str, ...] = (*OBSERVATION, *FILL)
"""All columns, in the order in which an export writes those that it has."""


_MOST, _LONGEST = 50, 40  # columns, and characters of a column's name, that a message repeats
# The usual names of each column, besides its own; the first one that a header has.
_USUAL: dict[str, tuple[str, ...]] = {
    "time": ("time", "close_time", "timestamp", "datetime", "date", "bar_close"),
    "wealth": ("wealth", "wealth_btc", "equity", "balance", "wealth_total"),
    "price": ("price", "close", "price_mid", "mid"),
    "weight": ("weight", "actual_weight", "actual_w"),
    "target_weight": ("target_weight", "target_w"),
    "score": ("score", "regime_score"),
    "threshold": ("threshold", "regime_threshold", "adx_threshold"),
    "halted": ("halted", "phoenix_active"),
    "no_trade_reason": ("no_trade_reason", "reason", "reasons"),
    "flow": ("flow", "flows"),
    "fill_side": ("fill_side", "side"),
    "fill_quantity": ("fill_quantity", "quantity", "qty", "amount", "size"),
    "fill_price": ("fill_price", "price"),
    "fill_fee": ("fill_fee", "fee"),
    "fill_symbol": ("fill_symbol", "symbol"),
    "fill_reason": ("fill_reason", "reason"),
}


def columns_of(known: Iterable[str]) -> list[str]:
    """The columns of a table in which the ``known`` ones have values.

    A position never stands without a target beside it: in other people's tables a lone one may be the target.
    """
    wanted = {TIME, *known}
    if "position" in wanted:
        wanted.add("target_weight")
    return [name for name in COLUMNS if name in wanted]


class Header(Struct, frozen=True):
    """A table's columns, in livestory's own names, each with its field from 0."""

    fields: dict[str, int]
    lone_position: bool = False  # nothing names a target beside it: it is the target, if it can be a weight

    @property
    def fills(self) -> bool:
        """Whether its rows may be fills."""
        return "fill_side" in self.fields

    @property
    def known(self) -> frozenset[str]:
        """What it says: fields of `Observation`, and ``fill``."""
        return frozenset(self.fields) - FILL.keys() | ({"fill"} if self.fills else set())

    def with_target(self) -> Header:
        """The header where a lone position is what the bot wants."""
        return Header({("target_weight" if name == "position" else name): self.fields[name] for name in self.fields})

    @classmethod
    def of(cls, table: Table, line: int, names: Sequence[str], given: Mapping[str, str]) -> Header:
        """Read the header of ``table``; ``given`` names columns that have unusual names.

        Raises TableError where there is no time, nothing besides, half a trade, or a name twice.
        """
        there = [_plain(name) for name in names]
        fields: dict[str, int] = {}
        for column, name in given.items():
            exact = [field for field, each in enumerate(names) if each.strip() == name]
            fields[column] = exact[0] if len(exact) == 1 else _field(table, line, names, there, name)
        for column in COLUMNS:
            usual = _USUAL.get(column, (column,))
            found = next((name for name in usual if name in there), None)
            if column not in fields and found is not None:
                fields[column] = _field(table, line, names, there, found)
        if TIME not in fields:
            if 0 in fields.values():
                raise _missing(table, line, names, TIME)
            fields[TIME] = 0
        _settle(fields)
        _check(table, line, names, fields)
        return cls(fields, "position" in fields and "target_weight" not in fields and "position" not in given)


def given_columns(text: str) -> dict[str, str]:
    """What ``wealth=my_equity,price=last`` names, by livestory's own names. Raises InputError."""
    given = {}
    own = {usual: column for column, names in _USUAL.items() for usual in names} | {each: each for each in COLUMNS}
    for pair in filter(None, text.split(",")):
        column, equals, name = (part.strip() for part in pair.partition("="))
        if not equals or not name or _plain(column) not in own:
            message = (
                f"--columns {pair.strip()}: not a column with its name in the table, such as wealth=my_equity\n"
                f"Columns: {', '.join(COLUMNS)}."
            )
            raise InputError(message)
        given[own[_plain(column)]] = name
    return given


def _plain(name: str) -> str:
    return re.sub(r"[\s\-.]+", "_", name.strip()).casefold()


def _field(table: Table, line: int, names: Sequence[str], there: list[str], name: str) -> int:
    found = [field for field, each in enumerate(there) if each == _plain(name)]
    if len(found) > 1:
        raise table.error(line, found[1] + 1, f"{len(found)} columns are called {name!r}; rename all but one")
    if not found:
        raise table.error(line, None, f"no column {name!r}; there is {_list(names)}")
    return found[0]


def _settle(fields: dict[str, int]) -> None:
    """Decide about names that mean one thing in one table and another in the next."""
    if fields.get("position") == fields.get("target_weight"):
        fields.pop("position", None)  # the caller says that it is what the bot wants
    if "fill_side" not in fields:
        for column in FILL:
            fields.pop(column, None)
    elif fields.keys() <= {TIME, "price", "no_trade_reason", *FILL}:
        for column, own in (("price", "fill_price"), ("no_trade_reason", "fill_reason")):
            if fields.get(column) == fields.get(own):  # in a table of trades alone, these are theirs
                fields.pop(column, None)


def _check(table: Table, line: int, names: Sequence[str], fields: Mapping[str, int]) -> None:
    if "fill_side" in fields:
        for column in OF_A_FILL:
            if column not in fields:
                raise _missing(table, line, names, column)
    if not fields.keys() & {*OBSERVATION[1:], "fill_side"}:
        looked = ", ".join(name for column in ("wealth", "score", "target_weight", "price") for name in _USUAL[column])
        problem = f"nothing to tell besides the time; looked for {looked}, side; there is {_list(names)}"
        raise table.error(line, None, f"{problem}; name them with --columns wealth=…")


def _missing(table: Table, line: int, names: Sequence[str], column: str) -> TableError:
    looked = ", ".join(_USUAL.get(column, (column,)))
    problem = f"no column for {column}; looked for {looked}; there is {_list(names)}"
    return table.error(line, None, f"{problem}; name it with --columns {column}=…")


def _list(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > _MOST else []
    return ", ".join([*(" ".join(name.split())[:_LONGEST] or "''" for name in names[:_MOST]), *more])
