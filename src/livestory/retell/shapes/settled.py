"""The layout of a table whose shape is known: names that mean one thing in one table and another in the next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livestory.retell.cells import UNKNOWN
from livestory.retell.columns import FILL, TIME
from livestory.retell.shapes import declared
from livestory.retell.shapes.layout import Layout
from livestory.retell.shapes.matching import Seen, all_names, missing
from livestory.retell.shapes.names import MONEY, plain
from livestory.retell.shapes.refusals import refuse_several
from livestory.retell.words_of_cells import are_effects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livestory.retell.shapes.declared import Shape


_IS_COUNT = re.compile(r"\s*(?:[0-9]{1,4}|[0-9]{6,7})\s*").fullmatch  # of rows; five digits may be Excel's days
_IS_ID = re.compile(r"\s*[2-9][0-9]{9}\s*").fullmatch  # an epoch of today begins with 1
_HAS_DIGIT = re.compile(r"[0-9]").search
_BEFORE_SWAP = "MetaTrader"
"""Who writes results that commissions and swaps have not gone from."""
_OF_TRADES = frozenset(
    ["symbol", "pair", "ticker", "code", "action", "quantity", "qty", "amount", "pnl", "profit", "side"]
)


def settled(seen: Seen, shape: Shape, fields: dict[str, int]) -> Layout:
    """The layout, once it is decided about names that mean one thing in one table and another in the next."""
    if shape in {declared.WEALTH, declared.RETURNS, declared.FILLS} and TIME not in fields:
        if (
            0 in fields.values()
            or all(map(_IS_COUNT, seen.sample[0]))
            or any(map(_IS_ID, seen.sample[0]))
            or not any(map(_HAS_DIGIT, seen.sample[0]))
        ):
            raise missing(seen, TIME, shape)
        fields[TIME] = 0
    if fields.get("position") == fields.get("target_weight"):
        fields.pop("position", None)  # the caller says that it is what the bot wants
    if shape is declared.FILLS:
        _settle_fills(seen, with_side(seen, fields))
    elif shape is declared.TRIPS and fields.get("entry_reason") == fields.get("fill_side"):
        fields.pop("entry_reason", None)
    elif shape is declared.RETURNS:
        told = [own for own in ("return", "cumulative", "won") if own in fields]
        fields = {own: field for own, field in fields.items() if own not in told[1:]}
    elif shape is declared.WEALTH and fields.keys() - {TIME, "no_trade_reason"} and _OF_TRADES & {*all_names(seen)}:
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
    refuse_several(seen, shape, {own: field for own, field in fields.items() if own not in given})
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


def _settle_fills(seen: Seen, fields: dict[str, int]) -> None:
    for column in ("fill_quantity", "fill_price"):
        if column not in fields and not (column == "fill_price" and "paid" in fields):
            raise missing(seen, column, declared.FILLS)
    if seen.names[fields["fill_quantity"]].unit in MONEY:
        fields["paid"] = fields.pop("fill_quantity")
    of_fills = {*FILL, TIME, "limit_price", "quantity_unit", "paid", "status", "quote", "other_fee", "funding"}
    if fields.get("limit_price") == fields.get("fill_price"):
        fields.pop("limit_price", None)
    if fields.keys() <= of_fills | {"price", "no_trade_reason", "wealth"}:
        for column, own in (("price", "fill_price"), ("no_trade_reason", "fill_reason"), ("price", "limit_price")):
            if column in fields and fields[column] == fields.get(own):  # in a table of trades alone, these are theirs
                fields.pop(column)
    if fields.get("wealth") in {field for own, field in fields.items() if own != "wealth"}:
        fields.pop("wealth")
    paid_in_several = "quote" in fields and _several(seen.sample[fields["quote"]])
    if "balanceunit" in {*all_names(seen)} or paid_in_several:  # it is one asset's
        fields.pop("wealth", None)


def with_side(seen: Seen, fields: dict[str, int]) -> dict[str, int]:
    """The columns of fills, where what tells only entries from exits stands for the side."""
    effect, side = fields.get("fill_effect"), fields.get("fill_side")
    if effect is not None and side in {None, effect} and are_effects(seen.sample[effect]):
        fields["fill_side"] = fields.pop("fill_effect")
    elif effect is not None and effect == side:
        fields.pop("fill_effect")
    return fields


def _are_before_fees(seen: Seen, results: int | None, writer: str | None) -> bool:
    return results is not None and (writer == _BEFORE_SWAP or seen.names[results].spellings[0].startswith("gross"))


def _is_other_fee(seen: Seen, fields: Mapping[str, int]) -> bool:
    """Whether a commission stands beside another fee that is neither its sum nor the same again."""
    fee, other = fields.get("fill_fee"), fields["other_fee"]
    if fee in {None, other}:
        return False
    return "total" not in seen.names[fee].spellings[0] and list(seen.sample[fee]) != list(seen.sample[other])


def _several(cells: Sequence[str]) -> bool:
    return len({text.strip() for text in cells} - UNKNOWN) > 1
