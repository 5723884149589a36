"""A table's header and first rows -> its shape, and which column is which."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from livestory.errors import InputError
from livestory.retell.cells import is_unknown
from livestory.retell.columns import FILL, OBSERVATION, TIME
from livestory.retell.shapes import declared
from livestory.retell.shapes.fitting import are_sides
from livestory.retell.shapes.matching import Seen, all_names, has, listed, matched, missing
from livestory.retell.shapes.names import Name, name_of, plain
from livestory.retell.shapes.refusals import are_of_trades, refuse_half_trades, refuse_trips, refuse_values, refused
from livestory.retell.shapes.settled import settled, with_side
from livestory.retell.words_of_cells import is_known, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livestory.retell.shapes.declared import Shape
    from livestory.retell.shapes.layout import Layout
    from livestory.tables import Table


_TOLD_BY_ITSELF = ("wealth", "score", "target_weight", "price")
_DAY = re.compile(r"\s*\d{4}-\d\d-\d\d")
_A_PAIR = 2
_WITH_A_TRADE = frozenset({"side", "direction", "entryprice", "quantity", "qty", "symbol", "pair", "ticker"})
_HALF_OF_PAIRS = 0.5
_OF_OTHERS = (
    declared.INVERSE,
    declared.BISQ,
    declared.HELD,
    declared.SWAPS,
    declared.BOUGHT,
    declared.PAYMENTS,
    declared.ACTIVITY,
)
"""Tables that look like trades or wealth, and are refused before either."""
_WITHOUT_EXIT_PRICE = frozenset({"entry_price", "entry_time", "exit_time", "fill_side", "fill_quantity", "fill_result"})
"""Columns of trades from which the prices of their exits follow."""
_OF_TRIPS = {"fill_side", "fill_quantity", "fill_result", "share"}
"""What trades have besides their prices; a bar has an opening and a closing price as well."""
_LEAST_OF_PAIRS = 8  # columns that TradingView writes at least
_PRICE, _SIZE = 4, 5  # their places
_IS_AMOUNT = re.compile(r"\s*[-+$€£¥]?\s*[0-9].*").match
_OLDER = 3  # the time's place in the older form, which has no size in money


def recognised(  # noqa: PLR0913, PLR0917 - a table as it was seen, and what is asked of it
    table: Table,
    line: int,
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    given: Mapping[str, str],
    shape: str | None = None,
) -> Layout:
    """The layout of ``table``. ``given`` names columns that have unusual names, ``shape`` the shape that it has.

    Raises TableError where it tells nothing, or of something else, half a trade, or one column by two names.
    """
    refuse_values(table, line, names)
    columns = sample or [[] for _ in names]
    seen = Seen(table, line, names, _told_apart([name_of(name) for name in names], columns), columns, given)
    if shape is not None:
        chosen = named(shape)
        fields = matched(seen, chosen)
        for needed in chosen.needs:
            if not fields.keys() & {*needed}:
                raise missing(seen, needed[0], chosen)
        return settled(seen, chosen, fields)
    for candidate, fields in _candidates(seen):
        if not candidate.told:
            problem = f"{candidate.name}: {candidate.advice}"
            raise table.error(line, None, problem)
        return settled(seen, candidate, fields)
    if several := _numbers_alone(seen):
        problem = f"a number in each of several columns: {listed(several)}; name the one that is the wealth"
        raise table.error(line, None, f"{problem}: --columns wealth={several[0]}")
    looked = ", ".join(declared.WEALTH.columns[column].split()[0] for column in _TOLD_BY_ITSELF)
    problem = f"nothing to tell besides the time; looked for {looked}, side; there is {listed(names)}"
    raise table.error(line, None, f"{problem}; name them with --columns wealth=…")


def named(name: str) -> Shape:
    """The shape of that name. Raises InputError."""
    told = {plain(shape.name): shape for shape in declared.SHAPES if shape.told}
    if plain(name) not in told:
        message = f"--shape {name}: not a shape; there is {', '.join(shape.name for shape in told.values())}"
        raise InputError(message)
    return told[plain(name)]


def given_columns(text: str) -> dict[str, str]:
    """What ``wealth=my_equity,price=last`` names, each by its plain name. Raises InputError."""
    given = {}
    known = {plain(own) for shape in declared.SHAPES for own in shape.columns}
    known |= {spelling for shape in declared.SHAPES for names in shape.columns.values() for spelling in names.split()}
    for pair in filter(None, text.split(",")):
        column, equals, name = (part.strip() for part in pair.partition("="))
        if not equals or not name or plain(column) not in known:
            names = dict.fromkeys(own for shape in declared.SHAPES if shape.told for own in shape.columns)
            message = (
                f"--columns {pair.strip()}: not a column with its name in the table, such as wealth=my_equity\n"
                f"Columns: {', '.join(names)}."
            )
            raise InputError(message)
        given[plain(column)] = name
    return given


def _told_apart(names: list[Name], sample: Sequence[Sequence[str]]) -> list[Name]:
    """The names, with two times and two prices of one name, as MetaTrader has them, told apart as entry and exit."""
    twice = {}
    for kind in ("price", "time", "date", "datetime"):
        fields = [field for field, name in enumerate(names) if name.spellings[0] in {kind, f"{kind}1"}]
        if len(fields) == _A_PAIR and list(sample[fields[0]]) != list(sample[fields[1]]):
            twice[kind] = fields
    told = list(names)
    plains = [name.spellings[0] for name in names]
    for base in ("currency", "basecurrency", "basecurrencyname"):  # what is traded, where a quote stands beside it
        if base in plains and {"quotecurrency", "quoteasset"} & {*plains} and "symbol" not in plains:
            told[plains.index(base)] = names[plains.index(base)]._replace(spellings=("symbol",))
            break
    if {"date", "price", "exdate", "exprice"} <= {*plains}:  # AmiBroker names the exit's alone
        for kind in ("date", "price"):
            told[plains.index(kind)] = names[plains.index(kind)]._replace(spellings=("entry" + kind,))
    if "price" not in twice:
        return told
    for kind, fields in twice.items():
        for field, leg in zip(fields, ("entry", "exit"), strict=True):
            told[field] = names[field]._replace(spellings=(leg + kind,))
    return told


def _candidates(seen: Seen) -> Iterator[tuple[Shape, dict[str, int]]]:
    """The shapes that the table may have, the likeliest first."""
    yield from refused(seen, {}, *_OF_OTHERS)
    yield from _of_trips(seen)
    fields = _with_any_side(seen, with_side(seen, matched(seen, declared.FILLS)))
    by_name = "fill_side" in fields and seen.names[fields["fill_side"]].spellings[0] in {"side", "fillside"}
    has_side = "fill_side" in fields and (by_name or has(declared.FILLS, fields))
    if has_side or (has(declared.FILLS, fields) and _is_signed(seen.sample[fields["fill_quantity"]])):
        yield declared.FILLS, fields
    fields = matched(seen, declared.WEALTH)
    for column in FILL:
        fields.pop(column, None)
    yield from refused(seen, fields, declared.LEDGER, declared.BOOK, declared.CANDLES, declared.VALUES)
    refuse_half_trades(seen, fields)
    if "wealth" not in fields or are_of_trades(seen, fields):
        refuse_trips(seen)
    returns = matched(seen, declared.RETURNS)
    if "wealth" in fields and _are_returns(seen, fields["wealth"]):
        returns["return"] = fields.pop("wealth")
    told = fields.keys() & {"wealth", "price", "score", "target_weight"}
    own = "return" in returns and seen.names[returns["return"]].spellings[0].startswith(("strategy", "portfolio"))
    is_won = "won" in returns and "return" not in returns and not told and _WITH_A_TRADE.isdisjoint(all_names(seen))
    is_sum = {"time", "cumulative"} <= returns.keys() and returns.keys().isdisjoint({"return", "won"}) and not told
    if is_won or is_sum or ("return" in returns and (not told or (own and told == {"price"}))):
        yield declared.RETURNS, returns
    if told == {"price"} and matched(seen, declared.FILLS).keys() >= {"fill_quantity", "fill_price"}:
        raise missing(seen, "fill_side", declared.FILLS)
    if told == {"price"} and not seen.given and fields.keys() <= {TIME, "price", "no_trade_reason"}:
        problem = f"prices, and nothing of a bot: no wealth, and no side and quantity; there is {listed(seen.texts)}"
        raise seen.table.error(seen.line, None, f"{problem}; name what there is with --columns wealth=…")
    if fields.keys() & {*OBSERVATION[1:]}:
        yield declared.WEALTH, fields


def _with_any_side(seen: Seen, fields: dict[str, int]) -> dict[str, int]:
    """The columns of fills, where one of an unknown name holds sides."""
    if "fill_side" in fields or "fillside" in seen.given or not has(declared.FILLS, fields):
        return fields
    found = [n for n, cells in enumerate(seen.sample) if n not in fields.values() and are_sides(cells)]
    priced = [seen.sample[fields[own]] for own in ("fill_quantity", "fill_price") if own in fields]
    for field in found:
        rows = zip(seen.sample[field], zip(*priced, strict=True), strict=True)
        if all(is_known(word_of(side)) for side, cells in rows if not any(map(_is_nothing, cells))):
            return fields | {"fill_side": field}
    return fields


def _numbers_alone(seen: Seen) -> list[str]:
    """The columns, where each besides a time holds numbers above 0, as those of several strategies or assets do."""
    time = matched(seen, declared.WEALTH).get(TIME)
    others = [n for n in range(len(seen.names)) if n != time]
    known = matched(seen, declared.TRIPS) | matched(seen, declared.FILLS)
    if (
        time is None
        or len(others) < _A_PAIR
        or known.keys() & {"fill_quantity", "entry_price", "fill_price"}
        or not all(map(_are_above_nothing, (seen.sample[n] for n in others)))
    ):
        return []
    return [seen.texts[n].strip() for n in others]


def _are_above_nothing(cells: Sequence[str]) -> bool:
    try:
        numbers = [float(text) for text in cells if not is_unknown(text)]
    except ValueError:
        return False
    return bool(numbers) and min(numbers) > 0


def _is_nothing(cell: str) -> bool:
    return is_unknown(cell) or not cell.strip("0., ")


def _of_trips(seen: Seen) -> Iterator[tuple[Shape, dict[str, int]]]:
    """The shapes in which trades are told from their entry to their exit."""
    by_place = _pairs_by_place(seen)
    if by_place is not None:
        yield declared.PAIRS, by_place
    fields = matched(seen, declared.PAIRS)
    if has(declared.PAIRS, fields) and _come_in_twos(seen.sample[fields["number"]]):
        yield declared.PAIRS, fields
    fields = matched(seen, declared.TRIPS)
    is_bar = fields.keys().isdisjoint(_OF_TRIPS) and not fields.keys() >= {"entry_time", "exit_time"}
    if not is_bar and (has(declared.TRIPS, fields) or fields.keys() >= _WITHOUT_EXIT_PRICE):
        yield declared.TRIPS, fields


def _is_signed(cells: Sequence[str]) -> bool:
    return any(text.strip().startswith("-") and len(text.strip()) > 1 for text in cells)


def _are_returns(seen: Seen, field: int) -> bool:
    """Whether a column without a name of its own holds returns: some are losses, and all are small."""
    if seen.names[field].spellings[0] not in {"0", "value", "strategy"}:
        return False
    values = []
    for text in seen.sample[field]:
        with suppress(ValueError):
            values.append(float(text))
    return any(value < 0 for value in values) and all(abs(value) < 1 for value in values)


def _come_in_twos(cells: Sequence[str]) -> bool:
    counts = [*Counter(text.strip() for text in cells if text.strip()).values()]
    return bool(counts) and max(counts) <= _A_PAIR and counts.count(_A_PAIR) >= len(counts) * _HALF_OF_PAIRS


def _pairs_by_place(seen: Seen) -> dict[str, int] | None:
    """TradingView's list of trades in a language that is not English, by the places of its columns."""
    if len(seen.names) < _LEAST_OF_PAIRS:
        return None
    numbers = [text.strip() for text in seen.sample[0]]
    if not numbers or not all(map(str.isdigit, numbers)) or not _come_in_twos(numbers):
        return None
    time = next((n for n in (_OLDER, 2) if all(map(_DAY.match, seen.sample[n]))), None)
    amounts = [text for n in (_PRICE, _SIZE) for text in seen.sample[n] if text.strip()]
    if (
        time is None
        or not all(map(_IS_AMOUNT, amounts))
        or matched(seen, declared.PAIRS).keys()
        >= {
            "number",
            "kind",
            "time",
            "fill_price",
            "fill_quantity",
        }
    ):
        return None
    places = {"number": 0, "kind": 1, "time": time, "reason": 5 - time, "fill_price": _PRICE, "fill_quantity": _SIZE}
    return places | {"fill_result": 6 if time == _OLDER else 7}
