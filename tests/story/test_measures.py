"""No two measures are told in the same words, and none in two: found by moving each number of the vocabulary.

What changes in a line where one fact changes is that fact's figure; the words around it are what a reader knows it by.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from livestory.story.line import tell
from tests.story.rich_facts import EXCHANGE, FOLLOWED, TOLD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.story.kinds.base import Facts

_FIGURE = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")
_ASSET = re.compile(r"\b[A-Z]{3,4}(?:/[A-Z]{3,4}(?::[A-Z]+)?)?(?= |$|:|,|;|\))")
_INSTANT = 10**6  # a number over it is a time or a duration, which has words of its own
_SAME = (
    {"weight", "weight_before", "weight_after", "before", "after"},  # a share of the wealth
    {"fees", "BNB", "USDT"},  # by asset, where there are several
    {"result", "share", "gain"},  # of what was closed: a trade, all of it, in money
    {"holding", "held_since_start"},
    {"deepest", "max_drawdown"},
)
"""Names of facts that are one measure."""

NAMES = {
    "drawdown": r"DD|drawdown(?! {}% \()",  # now, from its peak; that of freqtrade is its own word
    "deepest": r"deepest(?: fall)?|the deepest before|max drawdown(?= {}% \()",  # of a period
    "holding": r"holding(?: X)?",
    "since_start": r"since the start(?: \([^)]*\))?(?= [#{}]+%)",
    "score": "[Ss]core",
    "record_after": "record to beat goes # →",
    "closed": "trades? closed|{} (?:longs|shorts)",
    "best": "best (?:day|month)",
    "worst": "worst (?:day|month)",
    "missed_bars": "bars? missed",
    "sold_at": "sold",
    "next_told": "next (?:one|record) told from",
}
"""What a measure is called, wherever it is told; nothing else is called so."""


def test_no_words_tell_two_measures() -> None:
    """Two kinds that have the same words for a figure mean the same."""
    for words, told in figures().items():
        measures = [{next((min(same) for same in _SAME if name in same), name) for name in told[kind]} for kind in told]
        assert set.intersection(*measures), (words, dict(told))


@pytest.mark.parametrize("measure", NAMES)
def test_no_measure_is_told_in_two_words(measure: str) -> None:
    """It has its name in every line that has its figure, and no other figure follows on that name."""
    alike = next((same for same in _SAME if measure in same), {measure})
    found = {words for words, told in figures().items() if any(alike & names for names in told.values())}
    assert found
    unnamed = {words for words in found if not re.search(NAMES[measure], words)}
    assert unnamed == set()
    taken = {words for words in figures().keys() - found if re.search(rf"\b(?:{NAMES[measure]}):? {{}}", words)}
    assert taken == set()


@cache
def figures() -> dict[str, dict[str, set[str]]]:
    """The words around each figure, with a mark in its place; of each the kinds that say them, and which facts."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for time, facts in (*TOLD, *EXCHANGE, *FOLLOWED):
        line = tell(time, facts)
        for path, value in _numbers(facts, ()):
            moved = next(filter(None, (_moved(time, facts, path, value, by) for by in (1.0371, 0.9631))), None)
            for words in _words(line, moved) if moved is not None else ():
                found[words][str(facts.__struct_config__.tag)].add(next(n for n in path[::-1] if isinstance(n, str)))
    return found


def _moved(time: int, facts: Facts, path: tuple[str | int, ...], value: float | Decimal, by: float) -> str | None:
    """The line with that number a little more or less, where it says the same otherwise, and says it at all."""
    moved = value + 1 if isinstance(value, int) else type(value)(str(float(value) * by))
    line, before = tell(time, _with(facts, path, moved)), tell(time, facts)
    return line if line != before and _FIGURE.split(line) == _FIGURE.split(before) else None


def _numbers(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], float | Decimal]]:
    """The numbers of facts, and where each is."""
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _numbers(getattr(value, name), (*path, name))
    elif isinstance(value, tuple | dict):
        for place, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(each, (*path, place))
    elif isinstance(value, float | Decimal) or (type(value) is int and value < _INSTANT):
        yield path, value


def _with(value: Any, path: tuple[str | int, ...], number: float | Decimal) -> Any:
    """The facts with another number there."""
    if not path:
        return number
    first, rest = path[0], path[1:]
    if isinstance(first, str) and isinstance(value, Struct):
        return replace(value, **{first: _with(getattr(value, first), rest, number)})
    changed = _with(value[first], rest, number)
    if isinstance(value, dict):
        return value | {first: changed}
    return tuple(changed if place == first else each for place, each in enumerate(value))


def _words(line: str, moved: str) -> Iterator[str]:
    """The words of the clauses that differ, the headline's with them in the third column."""
    _, headline, *_ = line.split(" | ")
    for number, (clause, other) in enumerate(zip(_clauses(line), _clauses(moved), strict=True)):
        words, before, after = _FIGURE.split(clause), _FIGURE.findall(clause), _FIGURE.findall(other)
        for place, (figure, its_other) in enumerate(zip(before, after, strict=True)):
            if figure != its_other:
                marks = ["{}" if each == place else "#" for each in range(len(before))]
                told = "".join(word + mark for word, mark in zip(words, [*marks, ""], strict=True))
                yield _ASSET.sub("X", f"{headline} | {told}" if number == 1 else told)


def _clauses(line: str) -> list[str]:
    _, headline, *rest = line.split(" | ")
    return [headline, *rest[:1], *(clause for column in rest[1:] for clause in column.split("; "))]
