"""Whether a column's first cells are what one of its name may hold, where the name alone does not say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livestory.retell.cells import UNKNOWN
from livestory.retell.words_of_cells import (
    CLOSE,
    EFFECTS,
    LONG_OR_SHORT,
    NO_TRADES,
    SIDES,
    are_effects,
    effect_of_code,
    word_of,
)
from livestory.story.symbol import is_usual

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}[^/-]*")
_IS_NUMBER = re.compile(r"[-+]?[0-9.]+").fullmatch
_IS_AMOUNT = re.compile(r"[-+]?[^\W\d_]{0,4}[$€£]? ?[0-9][0-9.,' ]*(?:e[-+]?[0-9]+)?[^\d,.]*").fullmatch
_IS_BUYER = {"true", "false"}
_MAY_BE_OTHERS = frozenset({"signal", "type", "strategy", "entry", "trade", "kind"})
"""Names of columns that hold many things besides sides."""
_MAY_BE_AMOUNTS = frozenset(
    {"contracts", "contract", "position", "item", "coin", "asset", "security", "futures", "product"}
)
"""Names of columns of symbols that hold quantities and numbers elsewhere."""
_MAY_BE_ANYTHING = frozenset({"value", "total"})
_MAY_BE_NAMES = frozenset({"portfolio", "strategy"})
"""Names of columns of wealth that hold names elsewhere."""
_TIMES = frozenset({"time", "entry_time", "exit_time"})
_JUDGED = frozenset({"fill_side", "fill_effect", "fill_symbol", "fill_quantity", "wealth", "won"}) | _TIMES
"""Columns that are known by their cells too."""
_MOST_UNKNOWN = 0.5
_MOST_WORDS = 40  # that a column of sides has
_LEAST_SAID = 0.2


def fits(own: str, cells: Sequence[str], spelling: str) -> bool:
    """Whether the cells of a column called ``spelling`` may be those of ``own``."""
    if own not in _JUDGED or (own == "wealth" and spelling not in _MAY_BE_NAMES | _MAY_BE_ANYTHING):
        return True
    if own in _TIMES:  # a time of day stands beside a column of days
        known = (text for cell in cells if (text := cell.strip().casefold()) not in UNKNOWN)
        return not (_CLOCK.fullmatch(next(known, "")) and all(map(_CLOCK.fullmatch, known)))
    texts = {text.strip().casefold() for text in cells} - UNKNOWN
    match own:
        case "fill_side" | "fill_effect":
            return (_are_sides if own == "fill_side" else _are_effects)(texts, spelling)
        case "fill_symbol":
            named = spelling not in _MAY_BE_AMOUNTS  # 600519 is a share in China
            return not texts or any(re.search(r"[^\W\d_]" if not named else r"\w", text) for text in texts)
        case "fill_quantity":
            return not texts or any(re.search(r"[0-9]", text) for text in texts)
        case _:
            return _are_wealth(texts, spelling) if own == "wealth" else all(map(_IS_AMOUNT, texts))


def are_sides(cells: Sequence[str]) -> bool:
    """Whether the cells of a column of any name are sides, whatever else may stand between trades."""
    texts = {text.strip().casefold() for text in cells} - UNKNOWN - {"btc"}
    words = {text: word_of(text) for text in texts if not _IS_NUMBER(text)}
    said = [text for text, word in words.items() if word in SIDES]
    return len(texts) == len(words) <= _MOST_WORDS and bool(said) and len(said) >= len(texts) * _LEAST_SAID


def are_pairs(cells: Sequence[str]) -> bool:
    """Whether each known cell names a pair that is priced in usual money or a usual coin."""
    texts = {text.strip() for text in cells if text.strip().casefold() not in UNKNOWN}
    return bool(texts) and all(is_usual(text) for text in texts)


def _are_wealth(texts: set[str], spelling: str) -> bool:
    if spelling in _MAY_BE_ANYTHING:
        return not texts or any(re.search(r"[1-9]", text) and not text.startswith("-") for text in texts)
    is_name = spelling == "strategy" and (len(texts) == 1 or any(text[0].isalpha() for text in texts))  # v2, 7
    return not is_name and all(map(_IS_AMOUNT, texts))


def _are_effects(texts: set[str], spelling: str) -> bool:
    known = all(text.replace("_", " ") in EFFECTS for text in texts) or are_effects(texts)
    known = known or all(map(effect_of_code, texts))
    return known and (bool(texts) or spelling == "filleffect")  # our own exports name it also without a fill


def _are_sides(texts: set[str], spelling: str) -> bool:
    if spelling == "isbuyer":
        return texts <= _IS_BUYER
    words = {text: word_of(text) for text in texts}
    said = {text for text, word in words.items() if word in SIDES or word in LONG_OR_SHORT or word == CLOSE}
    unknown = {text for text, word in words.items() if word not in NO_TRADES} - said
    if are_effects(texts):
        return False
    if said == {"btc"} or texts == {"a", "b"}:  # bought to close, where others are opened; ask and bid beside a `dir`
        return False
    if spelling in _MAY_BE_OTHERS:
        both = {SIDES.get(word) for word in words.values()} >= {"buy", "sell"}  # among all that an account may see
        few = both and len(unknown) <= len(texts) * _MOST_UNKNOWN
        return bool({text for text in said if not _IS_NUMBER(text)}) and (few or not unknown)
    return bool(said) and len(unknown) <= len(texts) * _MOST_UNKNOWN
