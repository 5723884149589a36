"""Sizes of files in words."""

from __future__ import annotations


def size(count: int) -> str:
    """``12 kB``, ``1.2 MB`` for a number of bytes."""
    left = float(count)
    for unit in ("B", "kB", "MB"):
        if left < 1000:  # noqa: PLR2004 - SI
            return f"{left:.3g} {unit}"
        left /= 1000
    return f"{left:.3g} GB"
