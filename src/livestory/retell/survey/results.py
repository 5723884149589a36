"""What the results and fees of a table's trades are: money or shares, before fees or after, in which currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from livestory.retell.cells import CURRENCY
from livestory.retell.lots import FOREX, in_another_currency, in_words, lots_of, of_fills, of_trips
from livestory.retell.options import LOT, is_of_hundred, is_option
from livestory.retell.readers import reader_of
from livestory.retell.shapes import declared
from livestory.retell.words_of_cells import SIDES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from livestory.retell.survey.survey import Survey

_CLEARLY = 0.25
_PAID = frozenset({
    "amount", "value", "total", "proceeds", "credit", "debit", "cost", "netamount", "netcash", "totalamount",
    "principal", "grossamount", "tradevalue", "transactionvalue", "netproceeds", "grossproceeds", "amountusd",
    "trademoney",
})  # fmt: skip
"""Columns of what was paid in each row."""


def are_fees_negative(survey: Survey) -> bool:
    """Whether fees are what was paid, with the sign of a payment."""
    amounts = [
        fee.amount
        for own in ("fill_fee", "other_fee", "entry_fee", "exit_fee")
        for fee in survey.values(own)
        if fee is not None and fee.amount
    ]
    found = bool(amounts) and all(amount < 0 for amount in amounts)
    if found:
        survey.remarks.infer("fees are negative: read as paid")
    return found


def judge_results(survey: Survey) -> None:
    """Leave out results that are none, and find out of how much each quantity is by those that are."""
    _judge_percent(survey)
    if "fill_result" not in survey.layout.fields:
        return
    if (unit := _other_currency(survey)) is not None:
        survey.drop("fill_result", f"it is in {unit}")
        return
    results = [value for value in survey.values("fill_result") if value is not None]
    if len(results) > 1 and not any(results):
        survey.drop("fill_result", "it is 0 throughout")
        return
    of_row = ("fill_symbol", "fill_quantity", "fill_result")
    if survey.layout.shape is declared.FILLS and _are_payments(survey.rows(*of_row, "fill_price")):
        survey.drop("fill_result", "it is what was paid")
        return
    if survey.layout.shape is declared.TRIPS:
        closed = [*of_trips(survey.rows(*of_row, "entry_price", "exit_price"))]
    else:
        closed = [*of_fills(survey.rows(*of_row, "fill_side", "fill_price"), SIDES)]
    survey.lots = lots_of(closed)
    _judge_currencies(survey, closed)
    survey.remarks.infer(in_words(survey.lots))
    _judge_fees(survey)


def _judge_fees(survey: Survey) -> None:
    """Find out whether results are before fees: all, or those of the entries."""
    if survey.layout.shape is declared.FILLS and _are_after_own_fees(survey):
        survey.own_fees = True
        survey.remarks.infer("results are before the fees of the entries, which are taken off")
        return
    known = survey.layout.fields.keys() & {"fill_fee", "entry_fee", "exit_fee", "funding"}
    if not survey.layout.gross or not known:
        return
    if "fill_fee_asset" in survey.layout.fields:
        survey.drop("fill_result", "it is before fees, which are known")
        return
    survey.gross = True
    swap = " and swap" if "funding" in survey.layout.fields else ""
    survey.remarks.infer(f"results are before fees{swap}, which are taken off")


def judge_options(survey: Survey) -> None:
    """Find out whether an option is a hundred of what its price is for, by what was paid."""
    fills = survey.rows("fill_symbol", "fill_quantity", "fill_price")
    if not any(is_option(row["fill_symbol"] or "") for row in fills):
        return
    read = reader_of("paid", survey.mark)
    for field, name in enumerate(survey.called):
        if name.spellings[0] in _PAID and is_of_hundred(fills, survey.read(read, survey.columns[field])):
            survey.of_hundred = True
            survey.remarks.infer(f"an option is {LOT} of what its price is for, by the {survey.names[field].strip()}")
            return


def _judge_percent(survey: Survey) -> None:
    """A column of results that are all in percent holds shares, and no money."""
    field = survey.layout.fields.get("fill_result")
    texts = survey.texts("fill_result") if field is not None else []
    if not texts or not all("%" in text for text in texts):
        return
    survey.drop("fill_result", "it is in percent")
    if field is not None and survey.layout.shape is declared.TRIPS and "share" not in survey.layout.fields:
        survey.layout = replace(survey.layout, fields=survey.layout.fields | {"share": field})
        survey.readers["share"] = reader_of("share", survey.mark)


def _judge_currencies(survey: Survey, closed: Iterable[tuple[str, Decimal]]) -> None:
    """Of currency pairs whose results are in the account's currency, take the lot, and no result and no fee."""
    others = in_another_currency(closed)
    if not others:
        return
    survey.unpriced = frozenset(others)
    survey.lots |= dict.fromkeys(others, FOREX)
    survey.remarks.infer(
        f"results and fees of {', '.join(others)} not used: they are in the account's currency, not in the quote's"
    )


def _other_currency(survey: Survey) -> str | None:
    """The currency of the results, where that of the prices is known to be another."""
    name = survey.called[survey.layout.fields["fill_result"]]
    called = f"currency{name.spellings[0]}"
    beside = next((n for n, each in enumerate(survey.called) if each.spellings[0] == called), None)
    units = {name.unit} if beside is None else {text.strip() for text in survey.columns[beside]}
    quotes = {text.strip() for text in survey.texts("quote")} if "quote" in survey.layout.fields else set()
    quotes = quotes or ({survey.layout.quote} if survey.layout.quote else set())
    units, quotes = units - {None, ""}, quotes - {""}
    known = units and quotes and all(CURRENCY(str(unit)) for unit in units | quotes)
    return " and ".join(sorted(map(str, units))) if known and units != quotes else None


def _are_after_own_fees(survey: Survey) -> bool:
    """Whether the result of a fill that opens is its fee alone, as Hyperliquid writes it."""
    rows = [row for row in survey.rows("fill_result", "fill_fee") if row["fill_fee"] and row["fill_result"]]
    alone = [row for row in rows if row["fill_fee"].amount and row["fill_result"] == -abs(row["fill_fee"].amount)]
    return 0 < len(alone) < len(rows)


def _are_payments(fills: Iterable[Mapping[str, Any]]) -> bool:
    """Whether what is called the result of each fill is its price times its quantity, but for fees."""
    paid = [
        abs(fill["fill_result"]) / abs(fill["fill_quantity"] * fill["fill_price"])
        for fill in fills
        if fill["fill_result"] and fill["fill_quantity"] and fill["fill_price"]
    ]
    return len(paid) > 1 and all(abs(each - 1) < _CLEARLY for each in paid)
