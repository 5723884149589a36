"""What the columns beside a wealth are counted in, and which of them say nothing or contradict it."""

from __future__ import annotations

import re
from itertools import islice
from math import inf
from typing import TYPE_CHECKING

from livestory.retell.balances import is_statement
from livestory.retell.columns import OBSERVATION, TIME
from livestory.retell.readers import Reader, reader_of
from livestory.retell.shapes import declared
from livestory.retell.words_of_cells import SIDES, word_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.retell.survey.survey import Survey

_MOST_LEVERAGE = 10.0  # beyond it a weight is in percent
_WHOLE = 1.5  # a weight above it is leverage, or in percent
_ALIKE = 0.1  # how far a drawdown may be from what the wealth says, as a share of it
_CLOSE = 0.002
_PERCENT = 0.01
_MOST_SCORE = 100.0
_CLEARLY = 0.25
_NEAR_ONE = (0.5, 2.0)
_A_DAY = 0.05  # what hardly a strategy makes from row to row
_HAS_LETTERS = re.compile(r"[^\W\d_]{2}").search
_WON = re.compile(r".*(?:pnl|profit|gain|return|won|result|pl$)").match
_IN_AND_OUT = frozenset({"incomingoutgoing", "inout", "moneyinout", "mutation", "cashflow"})


def weigh(survey: Survey, own: str) -> None:
    """Find out whether weights are in percent."""
    most = max(map(abs, survey.numbers(own)), default=0.0)
    name = own.replace("_", " ")
    if most > _MOST_LEVERAGE and own not in survey.layout.given:
        survey.scale[own] = _PERCENT
        survey.remarks.infer(f"{name} read as percent")
    elif most > _WHOLE:
        survey.remarks.doubt(f"{name} above 1, up to {most:g}")


def weigh_returns(survey: Survey) -> None:
    """Find out whether returns are in percent."""
    if "return" not in survey.layout.fields:
        return
    returns = [abs(each) for each in survey.numbers("return")]
    name = survey.called[survey.layout.fields["return"]].spellings[0]
    named = "pct" in name or "percent" in name  # and yet some so called are shares of 1
    if max(returns, default=0.0) > 1 or (named and sum(returns) > _A_DAY * len(returns)):
        survey.scale["return"] = _PERCENT
        survey.remarks.infer("returns read as percent")


def weigh_sums(survey: Survey) -> None:
    """Find out whether all returns so far are what 1 has become, or what was won of it, and whether in percent."""
    if "cumulative" not in survey.layout.fields:
        return
    sums = survey.numbers("cumulative")
    survey.growth = bool(sums) and min(sums) > 0 and _NEAR_ONE[0] < sums[0] < _NEAR_ONE[1]
    name = survey.called[survey.layout.fields["cumulative"]].spellings[0]
    if survey.growth:
        survey.remarks.infer("returns so far read as what 1 has become")
    elif "pct" in name or min(sums, default=0.0) < -1:
        survey.scale["cumulative"] = _PERCENT
        survey.remarks.infer("returns read as percent")


def judge_drawdown(survey: Survey) -> None:
    """Find out how a drawdown is written, and leave out one that contradicts the wealth."""
    if "drawdown" not in survey.layout.fields or "halted" in survey.layout.fields:
        return
    told = [value if value is None or -inf < value < inf else None for value in survey.values("drawdown")]
    wealth = survey.values("wealth") or [None] * len(told)
    known = [(each, money) for each, money in zip(told, wealth, strict=True) if each is not None]
    if not any(each for each, _ in known):
        return
    scale = min((1.0, -1.0, 0.01, -0.01), key=lambda scale: _error(known, scale))
    if _error(known, scale) > 1:
        survey.drop("drawdown", "it contradicts wealth, so it is not believed", doubted=True)
    elif scale != 1.0:
        survey.scale["drawdown"] = scale
        way = " in percent" if abs(scale) < 1 else ""
        survey.remarks.infer(f"drawdown read as {'positive' if scale < 0 else 'negative'}{way}")


def judge_score(survey: Survey) -> None:
    """Leave out a score that is no regime's."""
    scores = survey.numbers("score")
    alone = survey.layout.fields.keys() == {TIME, "score"} and len(survey.called) > len(survey.layout.fields)
    if alone and survey.called[survey.layout.fields["score"]].spellings[0] == "score":
        survey.drop("score", "nothing says that it is a regime's")
    elif scores and any(not 0 <= score <= _MOST_SCORE for score in scores) and "regime" not in survey.layout.fields:
        survey.drop("score", "beyond 0 to 100, so no regime score")


def refuse_nothing(survey: Survey) -> None:
    """Refuse a table of which no column is left. Raises TableError."""
    if not survey.layout.fields.keys() & {*OBSERVATION[1:]}:
        why = "; ".join([*survey.remarks.inferred, *survey.remarks.doubts])
        problem = f"nothing to tell besides the time: {why}; name another with --columns"
        raise survey.error(None, problem)


def refuse_statement(survey: Survey) -> None:
    """Refuse the cash of an account, from which purchases go. Raises TableError."""
    field = survey.layout.fields.get("wealth")
    if field is None or "wealth" in survey.layout.given:
        return
    others = [n for n in range(len(survey.called)) if n not in survey.layout.fields.values()]
    words = [survey.columns[n] for n in others]
    bought = {
        row
        for texts in words
        for row, text in enumerate(texts)
        if _HAS_LETTERS(text) and SIDES.get(word_of(text)) == "buy"
    }
    read = reader_of("wealth", survey.mark)
    amounts = []
    for n in others:
        called = survey.called[n].spellings[0]
        column = [_read_by(read, text) for text in survey.columns[n]]
        paid = any((column[row] or 0) < 0 for row in bought) and not _WON(called)
        if paid or called in _IN_AND_OUT:
            amounts.append(column)
    if is_statement(survey.values("wealth"), amounts):
        problem = f"a statement of cash: {declared.LEDGER.advice}"
        raise survey.error(field, problem)


def is_in_coins(survey: Survey) -> bool:
    """Whether a lone position is what is held, by what wealth and price did: then its weight follows."""
    if not survey.layout.lone_position or not {"wealth", "price", "position"} <= survey.layout.fields.keys():
        return False
    rows = [
        row
        for row in zip(*(survey.values(own) for own in ("wealth", "price", "position")), strict=True)
        if None not in row and row[0] and row[1]
    ]
    held = weighed = 0.0
    for before, after in zip(rows, islice(rows, 1, None), strict=False):
        won, moved = after[0] - before[0], after[1] - before[1]
        held += (won - before[2] * moved) ** 2
        weighed += (won - before[2] * before[0] * moved / before[1]) ** 2
    found = held < _CLEARLY * weighed
    if found:
        survey.remarks.infer("position read as held: weight = position × price / wealth")
    return found


def _read_by(reader: Reader, text: str) -> float | None:
    try:
        found: float = reader.read(text.strip())
    except (ValueError, ArithmeticError):
        return None
    return found


def _error(rows: Iterable[tuple[float, float | None]], scale: float) -> float:
    """The largest difference between a column and the drawdown computed from wealth; up to 1 they count as equal."""
    peak, worst = 0.0, 0.0
    for told, wealth in rows:
        drawdown = told * scale
        if drawdown > _CLOSE or drawdown < -1:
            return inf
        if wealth is None or not 0 < wealth < inf:
            continue
        if not peak and drawdown > -1:
            peak = wealth / (1 + drawdown)
        peak = max(peak, wealth)
        measured = wealth / peak - 1
        worst = max(worst, abs(measured - drawdown) / (_CLOSE + _ALIKE * abs(measured)))
    return worst
