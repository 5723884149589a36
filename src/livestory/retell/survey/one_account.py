"""Whether a table's wealth is that of one account, or of several symbols or models in turn."""

from __future__ import annotations

import re
from collections import Counter
from math import inf, log
from typing import TYPE_CHECKING

from livestory.retell.columns import TIME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.retell.survey.survey import Survey

_HALF = 0.5
_FEW = 0.1
_OWN_WEALTH = 3  # times that wealth moves more from row to row than within one symbol, where each has its own
_HAS_LETTERS = re.compile(r"[^\W\d_]{2}").search
_SYMBOLS = frozenset({
    "symbol", "symbols", "pair", "instrument", "ticker", "tradingpair", "asset", "coin", "bot", "code", "tscode",
})  # fmt: skip


def refuse_series(survey: Survey) -> None:
    """Refuse a wealth for each of several, such as models, at each time. Raises TableError."""
    if "wealth" not in survey.layout.fields:
        return
    times = Counter(survey.columns[survey.layout.fields[TIME]])
    again = {time for time, rows in times.items() if rows > 1}
    if len(again) < _HALF * len(times):
        return
    order = {time: place for place, time in enumerate(times)}
    rows = sorted(range(len(survey.columns[0])), key=lambda row: order[survey.columns[survey.layout.fields[TIME]][row]])
    wealth = survey.values("wealth")
    for field, texts in enumerate(survey.columns):
        of_time: dict[str, set[str]] = {time: set() for time in again}
        for time, text in zip(survey.columns[survey.layout.fields[TIME]], texts, strict=True):
            if time in again and _HAS_LETTERS(text):
                of_time[time].add(text)
        several = sum(len(each) > 1 for each in of_time.values()) > _HALF * len(again)
        if not several or field in survey.layout.fields.values() or len({*texts}) > _HALF * len(texts):
            continue
        moved, within = _moved([texts[row] for row in rows], [wealth[row] for row in rows])
        if moved > within:  # else it is one wealth, told after each of several trades
            problem = f"a wealth for each {survey.names[field].strip()} at one time"
            raise survey.error(field, f"{problem}; keep the rows of one")


def judge_symbols(survey: Survey) -> None:
    """Of a table whose rows are of several symbols, what is of one symbol alone is not told. Raises TableError."""
    field = next((n for n, name in enumerate(survey.called) if name.spellings[0] in _SYMBOLS), None)
    if field is None or len({text.strip() for text in survey.columns[field]} - {""}) <= 1:
        return
    for own in ("price", "position", "weight", "target_weight", "score", "regime"):
        if own in survey.layout.fields:
            survey.drop(own, "the rows are of several symbols")
    moved, within = _moved(survey.columns[field], survey.values("wealth"))
    if moved > _OWN_WEALTH * (within + _FEW):
        problem = "a wealth for each of several symbols, which is none of the whole account"
        raise survey.error(field, f"{problem}; keep the rows of one, or add them up")


def _moved(names: Iterable[str], values: Iterable[float | None]) -> tuple[float, float]:
    """The sum of the changes of wealth from row to row, and that between rows of the same name."""
    moved = within = 0.0
    last: float | None = None
    of: dict[str, float] = {}
    for name, wealth in zip(names, values, strict=False):
        if wealth is None or not 0 < wealth < inf:
            continue
        moved += abs(log(wealth / (last or wealth)))
        within += abs(log(wealth / of.get(name, wealth)))
        last = of[name] = wealth
    return moved, within
