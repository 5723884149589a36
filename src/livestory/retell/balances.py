"""Whether what is called a balance is the account's wealth, or the cash that is left when something was bought."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from livestory.retell.words_of_cells import SIDES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ALIKE = 0.02  # how far fees may bring a change of cash from what was paid
_EXACTLY = 0.001
_MOST = 0.8
_LEAST = 2  # changes


def is_cash(fills: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the ``wealth`` of these fills falls by what each costs, and rises by what each brings."""
    known = [
        (fill["wealth"], (-1 if SIDES[fill["fill_side"]] == "buy" else 1) * abs(float(fill["fill_quantity"] * price)))
        for fill in fills
        if (price := fill["fill_price"]) and fill["fill_quantity"] and fill["wealth"] is not None
        and fill["fill_side"] in SIDES
    ]  # fmt: skip
    return any(_follows(rows, _ALIKE) for rows in (known, known[::-1]))


def is_statement(balances: Sequence[float | None], amounts: Iterable[Sequence[float | None]]) -> bool:
    """Whether a balance changes by what another column says, row by row, as cash on an account does."""
    for column in amounts:
        rows = [
            (balance, amount)
            for balance, amount in zip(balances, column, strict=True)
            if balance is not None and amount is not None
        ]
        if any(_follows(each, _EXACTLY) for each in (rows, rows[::-1])):
            return True
    return False


def _follows(rows: Sequence[tuple[float, float]], alike: float) -> bool:
    """Whether nearly each balance is the one before it and the amount that stands beside it."""
    found = [
        abs(after - before - amount) <= alike * abs(amount)
        for (before, _), (after, amount) in zip(rows, islice(rows, 1, None), strict=False)
        if amount
    ]
    return len(found) >= _LEAST and sum(found) >= _MOST * len(found)
