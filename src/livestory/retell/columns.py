"""The columns of a table that an export writes and explain reads.

A row is an observation, a fill or a flow. One whose ``fill_side`` is filled in is a fill. One that has a ``flow`` and
no other value is a deposit or withdrawal told by itself. Every other row is an observation. An empty cell is unknown,
never 0. Instants are ISO 8601 in UTC (``2024-12-03T15:15:00Z``), flags are 1 and 0, reasons are JSON, numbers have a
point. Other people's tables have other columns: `livestory.retell.shapes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.inputs import Fill, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable

TIME = "time"

OBSERVATION: tuple[str, ...] = tuple(name for name in Observation.__struct_fields__ if name != "positions")
"""The columns of an observation: its fields under their own names, ``time`` first."""

FILL: dict[str, str] = {
    field if field == "trade_id" else f"fill_{field}": field
    for field in Fill.__struct_fields__
    if field not in {TIME, "position"}
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


def columns_of(known: Iterable[str]) -> list[str]:
    """The columns of a table in which the ``known`` ones have values.

    A position never stands without a target beside it: in other people's tables a lone one may be the target.
    """
    wanted = {TIME, *known}
    if "position" in wanted:
        wanted.add("target_weight")
    return [name for name in COLUMNS if name in wanted]
