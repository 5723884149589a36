"""Lengths of time as settings: microseconds, that a person writes as "7d", "12h" or "1d 12h"."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

# No bound here: msgspec refuses a second one, and a setting may need its own. The notation has no sign, so that no
# duration read from a file is negative.
Duration = Annotated[int, Meta(extra_json_schema={"unit": "duration"})]
"""Microseconds; the configuration file writes "7d", "12h", "15m" or "30s"."""

_UNITS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
_NOTATION = re.compile(" *".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS))


def duration(text: str) -> int:
    """The microseconds that "7d", "1d 12h" or "50ms" stands for: each unit at most once, the larger first.

    Raises ValueError where the text is anything else, such as "", "-1d" or "12".
    """
    match = _NOTATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        message = f"not a duration: {text!r}"
        raise ValueError(message)
    return sum(int(count or 0) * micros for count, micros in zip(match.groups(), _UNITS.values(), strict=True))


def duration_text(micros: int) -> str:
    """The text that `duration` reads as ``micros``, in the largest units: "1d 12h"; "0s" for none."""
    parts = []
    for unit, size in _UNITS.items():
        count, micros = divmod(micros, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"
