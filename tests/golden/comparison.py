"""The story's events against the expected lines: one to one, numbers in the record and as they are printed."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.golden.oracle import Expected

_SHOWN = {
    "started": ("wealth", "price"),
    "rules": ("breaker", "max_weight", "resume_score", "ath_min_gain"),
    "gap": ("bars", "price_before", "price_after"),
    "regime": ("score",),
    "breaker": ("drawdown", "peak", "wealth", "limit", "position", "resume_score"),
    "wait_over": ("score", "resume_score"),
    "phoenix": ("score", "resume_score", "sold_at", "price", "wealth"),
    "halfway": ("drawdown", "peak", "wealth", "limit", "price"),
    "ath": ("wealth", "previous", "price", "next_told"),
    "chapter": ("change", "wealth", "holding", "buys", "sells", "fees", "trips", "trend_share", "best", "worst"),
    "quiet": ("bars", "price"),
    "trade": ("quantity", "price", "result", "gain"),
    "stopped": ("wealth",),
}
"""The numbers that each kind's line must show, where the record has them."""
_OF_DAYS = {"best", "worst"}
_NOT_OF_A_WEEK = {"best", "worst", "trend_share"}  # docs/events.md: it is told in brief; the record has them
_SMALL_DAY = 0.01  # docs/events.md: a best or worst day below it is left out of a chapter's line

_NUMBER = re.compile(r"[-+]?\d+(?:\.(\d+))?(%)?")


def differences(events: pd.DataFrame, expected: Sequence[Expected]) -> list[str]:
    """What is missing, what is extra and what is wrong in ``events``; empty where they agree."""
    found: list[str] = []
    rows = list(events[["time", "kind", "line", "facts"]].itertuples(index=False))
    for row, line in zip_longest(rows, expected):
        if row is None or line is None or (row.time, row.kind) != (line.time, line.kind):
            told = "nothing" if row is None else row.line
            wanted = "nothing" if line is None else f"{line.kind} at {_stamp(line.time)}"
            return [*found, f"told: {told}\nexpected: {wanted}"]  # what follows is out of step
        wrong = [*_in_the_record(row.facts, line), *_in_the_line(row.line, line)]
        found += [f"{row.line}\n    {fault}" for fault in wrong]
    return found


def _stamp(micros: int) -> str:
    return str(pd.Timestamp(micros, unit="us"))


def _in_the_record(facts: dict[str, Any], line: Expected) -> Iterator[str]:
    for name, wanted in line.numbers.items():
        told = facts.get(name)
        if name == "no_trade":
            told = [_reason(row) for row in told or ()]
        if not _agree(told, wanted):
            yield f"{name}: {told!r} in the record, {wanted!r} expected"


def _reason(row: dict[str, Any]) -> tuple[str, int, float | None, float | None]:
    nearest = row["nearest"]
    return nearest["key"], row["bars"], nearest.get("value"), nearest.get("limit")


def _agree(told: Any, wanted: Any) -> bool:
    """Whether a record's value is the expected one; a default, such as none or zero, is left out of records."""
    if isinstance(wanted, str | int | list):
        return bool((told or None) == (wanted or None))
    if not wanted:
        return not told or float(told) == 0
    return told is not None and abs(float(told) - float(wanted)) <= 1e-9 * abs(float(wanted)) + 1e-12


def _in_the_line(line: str, expected: Expected) -> Iterator[str]:
    stamp, rest = line[:19], line[19:]
    if stamp != _stamp(expected.time):
        yield f"stamped {stamp}"
    printed = [_value(match) for match in _NUMBER.finditer(rest)]
    for name in _SHOWN[expected.kind]:
        wanted = expected.numbers.get(name)
        if name in _NOT_OF_A_WEEK and expected.numbers.get("period") == "week" and wanted != 1:
            continue
        if name in _OF_DAYS and wanted and abs(float(wanted)) < _SMALL_DAY:
            continue
        if name == "trend_share" and (wanted == 1 or expected.numbers["halted"]):
            if not expected.numbers["halted"] and "in TREND all " not in line:
                yield "that all of it was in TREND isn't said"
            continue  # a regime changes nothing in a halt, and its share is left to the record
        if wanted and not any(abs(abs(value) - abs(float(wanted))) <= precision for value, precision in printed):
            yield f"{name}: {wanted} isn't printed"


def _value(match: re.Match[str]) -> tuple[float, float]:
    """A printed number and half a unit of its last digit."""
    digits = len(match[1] or "") + (2 if match[2] else 0)
    value = float(match[0].rstrip("%")) / (100 if match[2] else 1)
    return value, 0.5 * 10.0**-digits + 1e-9
