"""How much is done: a bounded form in `make test`, the long one in `make torture`."""

from __future__ import annotations

import os

TORTURE = float(os.environ.get("LIVESTORY_TORTURE") or 0)
"""The share of the long form that is wanted; 0: the bounded form."""


def amount(bounded: int, torture: int) -> int:
    """``bounded``, or the share of ``torture`` that LIVESTORY_TORTURE asks for, which is never less than that."""
    return max(bounded, round(torture * TORTURE))
