"""What looks like a table that is told and is something else, each refused by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livestory.errors import TableError
from livestory.retell.columns import TIME
from livestory.retell.shapes import declared
from livestory.retell.shapes.fitting import are_sides
from livestory.retell.shapes.matching import Seen, all_names, has, matched, missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livestory.retell.shapes.declared import Shape
    from livestory.tables import Table


_A_PAIR = 2
_OF_A_TRADE = frozenset({"value", "total", "capital", "balance"})  # what is also said of one trade
_OF_A_LEDGER = frozenset({"change", "amount", "txid", "refid", "wallet"})
"""What a ledger has beside the balance, also of one asset alone."""
_OF_TRANSFERS = frozenset({"txid", "transactionid", "txhash", "hash", "address", "addresses"})
_OF_STATEMENTS = frozenset({"settledate", "settlementdate"})
_IS_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)").fullmatch
_IS_TIME = re.compile(r"\s*(?:[0-9]{9,}(?:\.0)?|[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}[T 0-9:.Z+-]*)\s*").fullmatch
_OF_A_CANDLE = 5  # numbers: open, high, low, close and a volume


def refused(seen: Seen, fields: Mapping[str, int], *shapes: Shape) -> Iterator[tuple[Shape, dict[str, int]]]:
    """The refused shapes that the table has, unless its other ``fields`` still make a story of wealth."""
    for shape in shapes:
        found = matched(seen, shape)
        if has(shape, found) and _is_no_story(seen, shape, found, fields):
            yield shape, found


def _is_no_story(seen: Seen, shape: Shape, found: Mapping[str, int], fields: Mapping[str, int]) -> bool:
    """Whether a table with the columns of a refused shape has nothing else to tell."""
    if seen.given:
        return False
    match shape:
        case declared.LEDGER:
            assets = {text.strip() for text in seen.sample[found["asset"]]} - {""}
            several = len(assets) > 1 or bool(assets and _OF_A_LEDGER & {*all_names(seen)})
            return several and not {"price", "fill_side"} & found.keys()
        case declared.CANDLES:
            return not fields.keys() - {TIME, "price"}
        case declared.HELD:
            return "done" not in found
        case declared.VALUES:
            return "wealth" not in fields and "price" not in fields
        case _:
            return "wealth" not in fields


def are_of_trades(seen: Seen, fields: Mapping[str, int]) -> bool:
    """Whether what might be a wealth is a value of each trade, which has a time of its entry and of its exit."""
    named = fields.get("wealth")
    if named is None or seen.given or seen.names[named].spellings[0] not in {"value", "total"}:
        return False
    return matched(seen, declared.TRIPS).keys() >= {"entry_time", "exit_time"}


def refuse_trips(seen: Seen) -> None:
    """Refuse trades without the prices at which they were entered and left."""
    fields = matched(seen, declared.TRIPS)
    is_return = "share" in fields and fields.keys().isdisjoint({"fill_side", "fill_symbol"})  # of a week, or a month
    known = {"fill_result", "entry_price", *(() if is_return else ("share",))}
    timed = fields.keys() & {"entry_time", "exit_time"}
    if (len(timed) == _A_PAIR and fields.keys() & known) or (timed and fields.keys() >= {"entry_price", "fill_side"}):
        lacking = missing(seen, "exit_price" if "entry_price" in fields else "entry_price", declared.TRIPS)
        results = "won" in matched(seen, declared.RETURNS)
        raise TableError(
            f"{lacking}; or tell its results alone: --shape returns --start 1000" if results else str(lacking)
        )


def refuse_half_trades(seen: Seen, fields: Mapping[str, int]) -> None:
    """Refuse a table of trades without a side, whose value is what was paid, and no wealth."""
    named = fields.get("wealth")
    if named is None or seen.names[named].spellings[0] not in _OF_A_TRADE:
        return
    of_fills = matched(seen, declared.FILLS)
    symbols = {text.strip() for text in seen.sample[of_fills["fill_symbol"]]} if "fill_symbol" in of_fills else set()
    of_each = (
        (len(symbols) > 1 or any(map(are_sides, seen.sample)))
        and seen.names[named].spellings[0] in {"value", "total"}
        and not seen.given
    )
    if of_fills.keys() >= {"fill_quantity", "fill_price", "fill_fee" if not of_each else "fill_price"}:
        raise missing(seen, "fill_side", declared.FILLS)
    if of_each:
        problem = "a value of each trade or symbol, and no wealth"
        raise seen.table.error(seen.line, named + 1, f"{problem}; {declared.LEDGER.advice.partition('; ')[2]}")
    if _OF_STATEMENTS & {*all_names(seen)} and not seen.given:
        problem = "a statement of transactions, each with its own value, and no wealth"
        raise seen.table.error(seen.line, named + 1, f"{problem}; {declared.LEDGER.advice.partition('; ')[2]}")
    if seen.names[named].spellings[0] == "total" and _OF_TRANSFERS & {*all_names(seen)} and not seen.given:
        problem = f"transfers: {declared.LEDGER.advice}"
        raise seen.table.error(seen.line, named + 1, problem)


def refuse_several(seen: Seen, shape: Shape, fields: Mapping[str, int]) -> None:
    """Refuse wealth or returns in each of several columns, as of strategies, whose names differ by a number alone."""
    own = {declared.WEALTH: "wealth", declared.RETURNS: "return"}.get(shape)
    if own is None or own not in fields:
        return
    field = fields[own]
    called = seen.names[field].spellings[0]
    alike = re.compile("[0-9]+" if called.isdigit() else f"{called}[0-9]+").fullmatch
    others = [text.strip() for name, text in zip(seen.names, seen.texts, strict=True) if alike(name.spellings[0])]
    if len({seen.texts[field].strip(), *others}) > 1:
        columns = ", ".join(dict.fromkeys([seen.texts[field].strip(), *others]))
        problem = f"a {own} in each of several columns: {columns}"
        raise seen.table.error(seen.line, field + 1, f"{problem}; name the one that is meant: --columns {own}=…")


def refuse_values(table: Table, line: int, names: Sequence[str]) -> None:
    """Refuse a table without a header: in place of ``names`` it has a time and numbers. Raises TableError."""
    numbers = [float(name) for name in names if _IS_NUMBER(name) and not _IS_TIME(name)]
    words = any(re.search(r"[A-Za-z]{3}", name) for name in names)
    if not any(map(_IS_TIME, names)) or (words and not (_IS_TIME(names[0]) and numbers)):
        return
    problem = "no header: the first row holds values already; put the names of the columns above it"
    if _are_candles(numbers):
        problem = f"candles without a header: {declared.CANDLES.advice}"
    raise table.error(line, None, problem)


def _are_candles(numbers: Sequence[float]) -> bool:
    if len(numbers) < _OF_A_CANDLE:
        return False
    opened, high, low, closed = numbers[: _OF_A_CANDLE - 1]
    return low <= min(opened, closed) and high >= max(opened, closed)
