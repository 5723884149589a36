"""A table's header and first rows -> its shape, and which column is which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.errors import InputError, TableError
from livestory.retell.cells import UNKNOWN
from livestory.retell.columns import FILL, OBSERVATION, TIME
from livestory.retell.readers import NEEDED
from livestory.retell.shapes import declared
from livestory.retell.shapes.declared import Shape
from livestory.retell.shapes.fitting import fits
from livestory.retell.shapes.names import MONEY, Name, name_of, plain
from livestory.retell.shapes.without_header import refuse_values
from livestory.retell.words_of_cells import are_effects
from livestory.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator


DROPPED = "-"
"""What ``--columns position=-`` gives: the column is not to be read."""
_MOST, _LONGEST = 50, 40  # columns, and characters of a column's name, that a message repeats
_TOLD_BY_ITSELF = ("wealth", "score", "target_weight", "price")
_DAY = re.compile(r"\s*\d{4}-\d\d-\d\d")
_IS_COUNT = re.compile(r"\s*(?:[0-9]{1,4}|[0-9]{6,7})\s*").fullmatch  # of rows; five digits may be Excel's days
_IS_ID = re.compile(r"\s*[2-9][0-9]{9}\s*").fullmatch  # an epoch of today begins with 1
_A_PAIR = 2
_OF_A_TRADE = frozenset({"value", "total", "capital", "balance"})  # what is also said of one trade
_OF_A_LEDGER = frozenset({"change", "amount", "txid", "refid", "wallet"})
"""What a ledger has beside the balance, also of one asset alone."""
_OF_TRANSFERS = frozenset({"txid", "transactionid", "txhash", "hash", "address", "addresses"})
_OF_STATEMENTS = frozenset({"settledate", "settlementdate"})
_WITH_A_TRADE = frozenset({"side", "direction", "entryprice", "quantity", "qty", "symbol", "pair", "ticker"})
_HALF_OF_PAIRS = 0.5
_BEFORE_SWAP = "MetaTrader"
"""Who writes results that commissions and swaps have not gone from."""
_OF_OTHERS = (declared.INVERSE, declared.SWAPS, declared.BOUGHT, declared.PAYMENTS, declared.ACTIVITY)
"""Tables that look like trades or wealth, and are refused before either."""
_WITHOUT_EXIT_PRICE = frozenset({"entry_price", "entry_time", "exit_time", "fill_side", "fill_quantity", "fill_result"})
"""Columns of trades from which the prices of their exits follow."""
_OF_TRIPS = {"fill_side", "fill_quantity", "fill_result", "share"}
"""What trades have besides their prices; a bar has an opening and a closing price as well."""
_SOME = 15  # names of a column that a message repeats
_LEAST_OF_PAIRS = 8  # columns that TradingView writes at least
_OLDER = 3  # the time's place in the older form, which has no size in money


class Layout(Struct, frozen=True):
    """A table's shape, and its columns in livestory's own names, each with its field from 0."""

    shape: Shape
    fields: dict[str, int]
    given: frozenset[str] = frozenset()  # those that the caller named
    lone_position: bool = False  # nothing names a target beside it: it is the target, if it can be a weight
    writer: str | None = None
    unit: str | None = None  # of its wealth, by the column's name
    quote: str | None = None  # of its prices or results, by the column's name
    unused: tuple[str, ...] = ()
    gross: bool = False  # results are before fees, and what holding cost

    @property
    def fills(self) -> bool:
        """Whether its rows may be fills."""
        return self.shape is not declared.WEALTH and self.shape is not declared.RETURNS

    @property
    def known(self) -> frozenset[str]:
        """What it says: fields of `Observation`, and ``fill``."""
        if self.shape is declared.RETURNS:
            return frozenset({TIME, "wealth"})
        return (frozenset(self.fields) & frozenset(OBSERVATION)) | ({"fill"} if self.fills else set()) | {TIME}

    def can_spare(self, column: str) -> bool:
        """Whether there is something to tell without a column, which nobody has asked for by name."""
        others = self.fields.keys() - {column, TIME}
        told = others & {*OBSERVATION, "fill_side", "fill_quantity", "entry_price", "fill_price"}
        return bool(told) and column not in NEEDED and column not in self.given

    def without(self, column: str) -> Layout:
        """The layout in which one column is not read."""
        fields = {name: field for name, field in self.fields.items() if name != column}
        return replace(self, fields=fields)

    def with_target(self) -> Layout:
        """The layout where a lone position is what the bot wants."""
        fields = {("target_weight" if name == "position" else name): self.fields[name] for name in self.fields}
        return replace(self, fields=fields, lone_position=False)


class _Seen(Struct, frozen=True):
    """What is looked at: the header and the first rows, column by column."""

    table: Table
    line: int
    texts: Sequence[str]
    names: list[Name]
    sample: Sequence[Sequence[str]]
    given: Mapping[str, str]


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
    seen = _Seen(table, line, names, _told_apart([name_of(name) for name in names], columns), columns, given)
    if shape is not None:
        chosen = named(shape)
        fields = _matched(seen, chosen)
        for needed in chosen.needs:
            if not fields.keys() & {*needed}:
                raise _missing(seen, needed[0], chosen)
        return _settled(seen, chosen, fields)
    for candidate, fields in _candidates(seen):
        if not candidate.told:
            problem = f"{candidate.name}: {candidate.advice}"
            raise table.error(line, None, problem)
        return _settled(seen, candidate, fields)
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


def _candidates(seen: _Seen) -> Iterator[tuple[Shape, dict[str, int]]]:
    """The shapes that the table may have, the likeliest first."""
    yield from _refused(seen, {}, *_OF_OTHERS)
    yield from _of_trips(seen)
    fields = _with_side(seen, _matched(seen, declared.FILLS))
    by_name = "fill_side" in fields and seen.names[fields["fill_side"]].spellings[0] in {"side", "fillside"}
    has_side = "fill_side" in fields and (by_name or _has(declared.FILLS, fields))
    if has_side or (_has(declared.FILLS, fields) and _is_signed(seen.sample[fields["fill_quantity"]])):
        yield declared.FILLS, fields
    fields = _matched(seen, declared.WEALTH)
    for column in FILL:
        fields.pop(column, None)
    yield from _refused(seen, fields, declared.LEDGER, declared.BOOK, declared.CANDLES, declared.VALUES)
    _refuse_half_trades(seen, fields)
    if "wealth" not in fields:
        _refuse_trips(seen)
    returns = _matched(seen, declared.RETURNS)
    if "wealth" in fields and _are_returns(seen, fields["wealth"]):
        returns["return"] = fields.pop("wealth")
    told = fields.keys() & {"wealth", "price", "score", "target_weight"}
    own = "return" in returns and seen.names[returns["return"]].spellings[0].startswith(("strategy", "portfolio"))
    is_won = "won" in returns and "return" not in returns and not told and _WITH_A_TRADE.isdisjoint(_all(seen))
    if is_won or ("return" in returns and (not told or (own and told == {"price"}))):
        yield declared.RETURNS, returns
    if told == {"price"} and _matched(seen, declared.FILLS).keys() >= {"fill_quantity", "fill_price"}:
        raise _missing(seen, "fill_side", declared.FILLS)
    if told == {"price"} and not seen.given and fields.keys() <= {TIME, "price", "no_trade_reason"}:
        problem = f"prices, and nothing of a bot: no wealth, and no side and quantity; there is {listed(seen.texts)}"
        raise seen.table.error(seen.line, None, f"{problem}; name what there is with --columns wealth=…")
    if fields.keys() & {*OBSERVATION[1:]}:
        yield declared.WEALTH, fields


def _with_side(seen: _Seen, fields: dict[str, int]) -> dict[str, int]:
    """The columns of fills, where what tells only entries from exits stands for the side."""
    effect, side = fields.get("fill_effect"), fields.get("fill_side")
    if effect is not None and side in {None, effect} and are_effects(seen.sample[effect]):
        fields["fill_side"] = fields.pop("fill_effect")
    elif effect is not None and effect == side:
        fields.pop("fill_effect")
    return fields


def _of_trips(seen: _Seen) -> Iterator[tuple[Shape, dict[str, int]]]:
    """The shapes in which trades are told from their entry to their exit."""
    by_place = _pairs_by_place(seen)
    if by_place is not None:
        yield declared.PAIRS, by_place
    fields = _matched(seen, declared.PAIRS)
    if _has(declared.PAIRS, fields) and _come_in_twos(seen.sample[fields["number"]]):
        yield declared.PAIRS, fields
    fields = _matched(seen, declared.TRIPS)
    is_bar = fields.keys().isdisjoint(_OF_TRIPS) and not fields.keys() >= {"entry_time", "exit_time"}
    if not is_bar and (_has(declared.TRIPS, fields) or fields.keys() >= _WITHOUT_EXIT_PRICE):
        yield declared.TRIPS, fields


def _refuse_trips(seen: _Seen) -> None:
    """Refuse trades without the prices at which they were entered and left."""
    fields = _matched(seen, declared.TRIPS)
    is_return = "share" in fields and fields.keys().isdisjoint({"fill_side", "fill_symbol"})  # of a week, or a month
    known = {"fill_result", "entry_price", *(() if is_return else ("share",))}
    timed = fields.keys() & {"entry_time", "exit_time"}
    if (len(timed) == _A_PAIR and fields.keys() & known) or (timed and fields.keys() >= {"entry_price", "fill_side"}):
        missing = _missing(seen, "exit_price" if "entry_price" in fields else "entry_price", declared.TRIPS)
        results = "won" in _matched(seen, declared.RETURNS)
        raise TableError(
            f"{missing}; or tell its results alone: --shape returns --start 1000" if results else str(missing)
        )


def _refuse_half_trades(seen: _Seen, fields: Mapping[str, int]) -> None:
    """Refuse a table of trades without a side, whose value is what was paid, and no wealth."""
    named = fields.get("wealth")
    if named is None or seen.names[named].spellings[0] not in _OF_A_TRADE:
        return
    if _matched(seen, declared.FILLS).keys() >= {"fill_quantity", "fill_price", "fill_fee"}:
        raise _missing(seen, "fill_side", declared.FILLS)
    if _OF_STATEMENTS & {*_all(seen)} and not seen.given:
        problem = "a statement of transactions, each with its own value, and no wealth"
        raise seen.table.error(seen.line, named + 1, f"{problem}; {declared.LEDGER.advice.partition('; ')[2]}")
    if seen.names[named].spellings[0] == "total" and _OF_TRANSFERS & {*_all(seen)} and not seen.given:
        problem = f"transfers: {declared.LEDGER.advice}"
        raise seen.table.error(seen.line, named + 1, problem)


def _refused(seen: _Seen, fields: Mapping[str, int], *shapes: Shape) -> Iterator[tuple[Shape, dict[str, int]]]:
    """The refused shapes that the table has, unless its other ``fields`` still make a story of wealth."""
    for shape in shapes:
        found = _matched(seen, shape)
        if _has(shape, found) and _is_no_story(seen, shape, found, fields):
            yield shape, found


def _has(shape: Shape, fields: Mapping[str, int]) -> bool:
    return all(fields.keys() & {*needed} for needed in shape.needs)


def _is_no_story(seen: _Seen, shape: Shape, found: Mapping[str, int], fields: Mapping[str, int]) -> bool:
    """Whether a table with the columns of a refused shape has nothing else to tell."""
    if seen.given:
        return False
    match shape:
        case declared.LEDGER:
            assets = {text.strip() for text in seen.sample[found["asset"]]} - {""}
            several = len(assets) > 1 or bool(assets and _OF_A_LEDGER & {*_all(seen)})
            return several and not {"price", "fill_side"} & found.keys()
        case declared.CANDLES:
            return not fields.keys() - {TIME, "price"}
        case declared.VALUES:
            return "wealth" not in fields and "price" not in fields
        case _:
            return "wealth" not in fields


def _matched(seen: _Seen, shape: Shape) -> dict[str, int]:
    fields: dict[str, int] = {}
    named: dict[str, str] = {}
    for own, spellings in shape.columns.items():
        for spelling in (plain(own), *spellings.split()):
            if spelling in seen.given:
                named.setdefault(own, seen.given[spelling])
                break
    taken = {plain(name) for name in named.values()}
    for own, spellings in shape.columns.items():
        if own in named:
            if named[own] != DROPPED:
                fields[own] = _exactly(seen, named[own])
            continue
        found = _found(seen, own, spellings.split(), taken if own in {"wealth", "position"} else set())
        if found is not None:
            fields[own] = found
    return fields


def _exactly(seen: _Seen, name: str) -> int:
    exact = [field for field, each in enumerate(seen.texts) if each.strip() == name]
    return (
        exact[0]
        if len(exact) == 1
        else _one(seen, name, [n for n, each in enumerate(seen.texts) if plain(each) == plain(name)])
    )


def _found(seen: _Seen, own: str, spellings: Sequence[str], taken: set[str]) -> int | None:
    likely: int | None = None
    for spelling in spellings:
        fields = [n for n, name in enumerate(seen.names) if name.spellings[0] == spelling and spelling not in taken]
        others = [n for n, name in enumerate(seen.names) if spelling in name.spellings[1:]]
        if not fields and (not others or not _are_alike(seen, others)):
            continue
        field = _one(seen, spelling, fields or others)
        if fits(own, seen.sample[field], spelling):
            if spelling == own.replace("_", "") or any(map(str.strip, seen.sample[field])):
                return field
            likely = field if likely is None else likely
        if own == "fill_side" and spelling in {"fillside", "side"}:
            likely = field
    return likely


def _one(seen: _Seen, name: str, fields: Sequence[int]) -> int:
    if not fields:
        raise seen.table.error(seen.line, None, f"no column {name!r}; there is {listed(seen.texts)}")
    if not _are_alike(seen, fields):
        shown = seen.texts[fields[0]].strip()
        raise seen.table.error(
            seen.line, fields[1] + 1, f"{len(fields)} columns are called {shown!r}; rename all but one"
        )
    return fields[0]


def _are_alike(seen: _Seen, fields: Sequence[int]) -> bool:
    return all(list(seen.sample[field]) == list(seen.sample[fields[0]]) for field in fields[1:])


def _is_signed(cells: Sequence[str]) -> bool:
    return any(text.strip().startswith("-") and len(text.strip()) > 1 for text in cells)


def _are_returns(seen: _Seen, field: int) -> bool:
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


def _pairs_by_place(seen: _Seen) -> dict[str, int] | None:
    """TradingView's list of trades in a language that is not English, by the places of its columns."""
    if len(seen.names) < _LEAST_OF_PAIRS:
        return None
    numbers = [text.strip() for text in seen.sample[0]]
    if not numbers or not all(map(str.isdigit, numbers)) or not _come_in_twos(numbers):
        return None
    time = next((n for n in (_OLDER, 2) if all(map(_DAY.match, seen.sample[n]))), None)
    if time is None or _matched(seen, declared.PAIRS).keys() >= {
        "number",
        "kind",
        "time",
        "fill_price",
        "fill_quantity",
    }:
        return None
    places = {"number": 0, "kind": 1, "time": time, "reason": 5 - time, "fill_price": 4, "fill_quantity": 5}
    return places | {"fill_result": 6 if time == _OLDER else 7}


def _settled(seen: _Seen, shape: Shape, fields: dict[str, int]) -> Layout:
    """The layout, once it is decided about names that mean one thing in one table and another in the next."""
    if shape in {declared.WEALTH, declared.RETURNS, declared.FILLS} and TIME not in fields:
        if 0 in fields.values() or all(map(_IS_COUNT, seen.sample[0])) or any(map(_IS_ID, seen.sample[0])):
            raise _missing(seen, TIME, shape)
        fields[TIME] = 0
    if fields.get("position") == fields.get("target_weight"):
        fields.pop("position", None)  # the caller says that it is what the bot wants
    if shape is declared.FILLS:
        _settle_fills(seen, _with_side(seen, fields))
    elif shape is declared.TRIPS and fields.get("entry_reason") == fields.get("fill_side"):
        fields.pop("entry_reason", None)
    elif shape is declared.RETURNS and "return" in fields:
        fields.pop("won", None)
    elif shape is declared.WEALTH and fields.keys() - {TIME, "no_trade_reason"} and _OF_TRADES & {*_all(seen)}:
        fields.pop("no_trade_reason", None)  # a trade's reason, of a table that lacks the rest of the trade
    plains = {each for name in seen.names for each in name.spellings}
    writer = next(
        (each.name for each in declared.WRITERS if each.shape == shape.name and {*each.columns.split()} <= plains), None
    )
    if "other_fee" in fields and not _is_other_fee(seen, fields):
        fields.pop("other_fee")
    gross = _are_before_fees(seen, fields.get("fill_result"), writer)
    if not gross:  # it is in the result, or nothing says whether
        fields.pop("funding", None)
    units = {own: seen.names[field].unit for own, field in fields.items()}
    given = frozenset(own for own in fields if {plain(own), *shape.columns.get(own, "").split()} & seen.given.keys())
    _refuse_several(seen, shape, {own: field for own, field in fields.items() if own not in given})
    return Layout(
        shape,
        fields,
        given=given,
        lone_position="position" in fields and "target_weight" not in fields and "position" not in seen.given,
        writer=writer,
        unit=units.get("wealth"),
        quote=units.get("fill_price") or units.get("fill_result"),
        unused=tuple(name.strip() for n, name in enumerate(seen.texts) if n not in fields.values() and name.strip()),
        gross=gross,
    )


def _are_before_fees(seen: _Seen, results: int | None, writer: str | None) -> bool:
    return results is not None and (writer == _BEFORE_SWAP or seen.names[results].spellings[0].startswith("gross"))


def _refuse_several(seen: _Seen, shape: Shape, fields: Mapping[str, int]) -> None:
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


def _is_other_fee(seen: _Seen, fields: Mapping[str, int]) -> bool:
    """Whether a commission stands beside another fee that is neither its sum nor the same again."""
    fee, other = fields.get("fill_fee"), fields["other_fee"]
    if fee in {None, other}:
        return False
    return "total" not in seen.names[fee].spellings[0] and list(seen.sample[fee]) != list(seen.sample[other])


_OF_TRADES = frozenset(["symbol", "pair", "quantity", "qty", "amount", "pnl", "profit", "side"])


def _all(seen: _Seen) -> Iterator[str]:
    return (name.spellings[0] for name in seen.names)


def _settle_fills(seen: _Seen, fields: dict[str, int]) -> None:
    for column in ("fill_quantity", "fill_price"):
        if column not in fields and not (column == "fill_price" and "paid" in fields):
            raise _missing(seen, column, declared.FILLS)
    if seen.names[fields["fill_quantity"]].unit in MONEY:
        fields["paid"] = fields.pop("fill_quantity")
    of_fills = {*FILL, TIME, "limit_price", "paid", "status", "quote", "other_fee", "funding"}
    if fields.get("limit_price") == fields.get("fill_price"):
        fields.pop("limit_price", None)
    if fields.keys() <= of_fills | {"price", "no_trade_reason", "wealth"}:
        for column, own in (("price", "fill_price"), ("no_trade_reason", "fill_reason"), ("price", "limit_price")):
            if column in fields and fields[column] == fields.get(own):  # in a table of trades alone, these are theirs
                fields.pop(column)
    if fields.get("wealth") in {field for own, field in fields.items() if own != "wealth"}:
        fields.pop("wealth")
    if "balanceunit" in {*_all(seen)} or ("quote" in fields and _several(seen.sample[fields["quote"]])):  # one asset's
        fields.pop("wealth", None)


def _several(cells: Sequence[str]) -> bool:
    return len({text.strip() for text in cells} - UNKNOWN) > 1


def _missing(seen: _Seen, column: str, shape: Shape) -> TableError:
    names = shape.columns.get(column, column).split()
    looked = ", ".join([*names[:_SOME], *(["…"] if len(names) > _SOME else [])])
    problem = f"no column for {column}; looked for {looked}; there is {listed(seen.texts)}"
    return seen.table.error(seen.line, None, f"{problem}; name it with --columns {column}=…")


def listed(names: Sequence[str]) -> str:
    """A table's columns, for a message."""
    more = ["…"] if len(names) > _MOST else []
    return ", ".join([*(" ".join(name.split())[:_LONGEST] or "''" for name in names[:_MOST]), *more])
