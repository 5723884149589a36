"""Which way each trade went: what its sides say, or else its results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from livestory.retell.columns import OBSERVATION
from livestory.retell.options import is_option
from livestory.retell.readers import AS_LONG, reader_of
from livestory.retell.shapes import declared
from livestory.retell.trip_results import has_moved, is_against
from livestory.retell.words_of_cells import CLOSE, NO_TRADES, OPTIONS_ENDED, SIDES

if TYPE_CHECKING:
    from decimal import Decimal

    from livestory.retell.survey.survey import Survey

_MOST_LEVERAGE = 10.0  # beyond it a weight is in percent
_FEW = 0.1
_NEARLY_ALL = 0.8
_IS_DEAL = re.compile(r"(?:avg)?(?:buy|bought|sell|sold).*").fullmatch


def judge_trips(survey: Survey) -> None:
    """Find out which round trips were short, and whether their shares are hundredths."""
    names = ("entry_price", "exit_price", "share", "fill_result")
    rows = survey.rows(*names)
    moves = [
        (abs(row["share"]), abs(float(row["exit_price"] / row["entry_price"]) - 1))
        for row in rows
        if row["share"] is not None and row["entry_price"] and row["exit_price"]
    ]
    survey.percent = sum(share for share, _ in moves) > _MOST_LEVERAGE * sum(move for _, move in moves) > 0
    says_side = survey.layout.fields.keys() & {"fill_side", "closing_side"}
    legs = [survey.layout.fields.get(own) for own in ("entry_time", "exit_time", "entry_price", "exit_price")]
    named = [survey.called[field].spellings[0] for field in legs if field is not None]
    survey.by_side = not says_side and len(named) == len(legs) and all(map(_IS_DEAL, named))
    if survey.by_side:
        survey.readers["fill_side"] = reader_of("fill_side", survey.mark)
        return
    if says_side and {*survey.values("fill_side")} & {"call", "put"}:
        survey.rights = _are_bought(survey)
    elif says_side == {"fill_side"}:
        survey.closes = _are_of_the_close(survey, sum(map(has_moved, rows)))
    if says_side or any(map(_is_negative, survey.values("fill_quantity"))):
        return
    against = sum(is_against(row, 100 if survey.percent else 1) for row in rows)
    survey.shorts = against > _FEW * len(rows)
    if rows:
        survey.remarks.infer("no side in it: " + ("told from the results" if survey.shorts else "all taken as long"))


def _are_bought(survey: Survey) -> bool:
    """Whether call and put name options that were bought, by the results: a put does not win by a fall of its price."""
    rows = survey.rows("entry_price", "exit_price", "share", "fill_result", "fill_side")
    puts = [row for row in rows if row["fill_side"] == "put" and has_moved(row)]
    against = sum(is_against(row, 100 if survey.percent else 1) for row in puts)
    strikes = any(name.spellings[0] in {"strike", "strikeprice"} for name in survey.called)
    found = 2 * against < len(puts) or (not puts and strikes)
    if found:
        survey.remarks.infer("call and put read as options that were bought")
    return found


def _are_of_the_close(survey: Survey, moved: int) -> bool:
    """Whether the sides are those of the closing orders: then results contradict nearly all of them."""
    rows = survey.rows("entry_price", "exit_price", "share", "fill_result", "fill_side")
    against = 0
    for row in rows:
        side = SIDES.get(row["fill_side"] or "")
        is_short = is_against(row, 100 if survey.percent else 1)
        against += side is not None and has_moved(row) and is_short != (side == "sell")
    found = against > _NEARLY_ALL * moved > 0
    if found:
        survey.remarks.infer("sides read as those of the closing orders, by the results")
    return found


def judge_sides(survey: Survey) -> None:
    """Whether long and short are what was opened. Raises TableError where nothing says what was closed."""
    field = survey.layout.fields.get("fill_side")
    if field is None:
        return
    words = set(survey.values("fill_side"))
    said = {text.casefold() for text in survey.texts("fill_side")}
    if said and all("signal" in text for text in said):
        problem = "sides are signals, which say what was wanted and not what was filled"
        raise survey.error(field, f"{problem}; explain the fills, or the account's wealth")
    rows = survey.rows("fill_side", "fill_symbol")
    if ended := {row["fill_side"] for row in rows if not is_option(row["fill_symbol"] or "")} & OPTIONS_ENDED:
        problem = f"options that ended without a trade ({', '.join(sorted(ended))}), which no price tells"
        advice = "explain the account's wealth, or delete the rows of options"
        raise survey.error(field, f"{problem}; {advice}")
    if survey.readers["fill_side"] is AS_LONG:
        _take_as_long(survey)
    if not words & {"long", "short"} or "fill_effect" in survey.layout.fields:
        return
    survey.opens = CLOSE in words
    if not survey.opens and words <= {"long", "short", None} | NO_TRADES:
        problem = "sides are long and short, and nothing says which rows open a position and which close one"
        if "wealth" in survey.layout.fields:
            survey.remarks.doubt(f"no trades are told: {problem}")
            survey.remarks.read_as = "wealth"
            left = {own: place for own, place in survey.layout.fields.items() if own in OBSERVATION}
            survey.layout = replace(survey.layout, shape=declared.WEALTH, fields=left)
            return
        raise survey.error(field, f"{problem}; name the column that does: --columns fill_effect=…")


def _take_as_long(survey: Survey) -> None:
    """Take entries without a direction as long. Raises TableError where the results say otherwise."""
    entries: dict[str | None, Decimal] = {}
    against = moved = 0
    for row in survey.rows("fill_symbol", "fill_side", "fill_price", "fill_result"):
        symbol, price = row["fill_symbol"], row["fill_price"]
        if row["fill_side"] == "open long" and price:
            entries[symbol] = price
        elif entries.get(symbol) and price and row["fill_result"] and row["fill_side"] == "close long":
            moved += 1
            against += is_against(
                {"entry_price": entries[symbol], "exit_price": price, "fill_result": row["fill_result"]}, 1
            )
    if against > _FEW * moved:
        problem = "entries and exits without a direction, and by the results some of them were short"
        field = survey.layout.fields["fill_side"]
        raise survey.error(field, f"{problem}; name the column that says it: --columns fill_side=…")
    survey.remarks.infer("no direction in it: all taken as long")


def _is_negative(value: Any) -> bool:
    return value is not None and value < 0
