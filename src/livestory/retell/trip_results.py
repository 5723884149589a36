"""What the result that is told of a round trip says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_against(row: Mapping[str, Any], hundred: int) -> bool:
    """Whether a trade won by a fall or lost by a rise; ``hundred``: what the share of all is, 1 or 100."""
    entry, exit_ = row.get("entry_price"), row.get("exit_price")
    if not entry or exit_ is None:
        return False
    move = float(exit_ / entry) - 1
    share, result = row.get("share"), row.get("fill_result")
    if share is not None:
        return bool(abs(share / hundred + move) < abs(share / hundred - move))
    return result is not None and float(result) * move < 0


def has_moved(row: Mapping[str, Any]) -> bool:
    """Whether a trade has both prices, which differ, and a result: then `is_against` knows."""
    told = row["fill_result"] if row["share"] is None else row["share"]
    return bool(told and row["entry_price"] and row["exit_price"] and row["entry_price"] != row["exit_price"])
