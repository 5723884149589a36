"""Types of settings that several rooms share. The settings themselves live beside what they set."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

# No bound here: msgspec refuses a second one, and a setting may need its own. The notation has no sign, so that no
# duration read from a file is negative.
Duration = Annotated[int, Meta(extra_json_schema={"unit": "duration"})]
"""Microseconds; the configuration file writes "7d", "12h", "15m" or "30s"."""

_UNITS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
_MOST = 2**63  # beyond which no number fits a file
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


def check(settings: Struct) -> None:
    """Raise ValueError where a number of ``settings`` is not in its declared range; a file's are checked as it is read.

    The message names the setting and the range.
    """
    for name, (kind, ranges) in _numbers(type(settings)).items():
        value = getattr(settings, name)
        right = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
        if not (right and abs(value) < _MOST and all(_within(value, sign, bound) for sign, bound in ranges)):
            bounds = " and ".join(f"{sign} {bound:,}" for sign, bound in ranges)
            what = "a whole number" if kind is int else "a finite number"
            message = f"{name} {value!r}: expected {what} {bounds}".rstrip()
            raise ValueError(message)


def _within(value: float, sign: str, bound: float) -> bool:
    return {">=": value >= bound, ">": value > bound, "<=": value <= bound, "<": value < bound}[sign]


@cache
def _numbers(settings: type[Struct]) -> dict[str, tuple[Any, list[tuple[str, float]]]]:
    """The settings that are numbers: of what type, and with which bounds. A duration is not negative."""
    found = {}
    for name, hint in get_type_hints(settings, include_extras=True).items():
        kind, *metas = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if kind in {int, float}:
            given = [
                *((">=", meta.ge) for meta in metas if isinstance(meta, Meta)),
                *((">", meta.gt) for meta in metas if isinstance(meta, Meta)),
                *(("<=", meta.le) for meta in metas if isinstance(meta, Meta)),
                *(("<", meta.lt) for meta in metas if isinstance(meta, Meta)),
            ]
            ranges = [(sign, bound) for sign, bound in given if bound is not None]
            found[name] = kind, ranges if any(sign in {">=", ">"} for sign, _ in ranges) else [(">=", 0), *ranges]
    return found
