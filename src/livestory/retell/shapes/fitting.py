"""Whether a column's first cells are what one of its name may hold, where the name alone does not say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livestory.retell.cells import UNKNOWN
from livestory.retell.words_of_cells import LONG_OR_SHORT, NO_TRADES, SIDES

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}[^/-]*")
_IS_NUMBER = re.compile(r"[-+]?[0-9.]+").fullmatch
_IS_BUYER = {"true", "false"}
_JUDGED = frozenset({"fill_side", "time", "entry_time", "exit_time", "fill_symbol", "fill_quantity", "wealth"})


def fits(own: str, cells: Sequence[str], spelling: str) -> bool:
    """Whether the cells of a column called ``spelling`` may be those of ``own``."""
    if own not in _JUDGED or (own == "wealth" and spelling != "portfolio"):
        return True
    texts = {text.strip().casefold() for text in set(cells)} - UNKNOWN
    match own:
        case "fill_side":
            return _are_sides(texts, spelling)
        case "time" | "entry_time" | "exit_time":  # a time of day stands beside a column of days
            return not texts or not all(map(_CLOCK.fullmatch, texts))
        case "fill_symbol":
            return not texts or any(re.search(r"[a-z]", text) for text in texts)
        case "fill_quantity":
            return not texts or any(re.search(r"[0-9]", text) for text in texts)
        case _:  # wealth
            return all(re.search(r"[0-9]", text) for text in texts)


def _are_sides(texts: set[str], spelling: str) -> bool:
    if spelling == "isbuyer":
        return texts <= _IS_BUYER
    sides = SIDES.keys() | LONG_OR_SHORT.keys()
    said = texts & sides
    if spelling in {"signal", "type", "strategy"}:
        said = {text for text in said if not _IS_NUMBER(text)}
    return bool(said) and texts <= sides | NO_TRADES
