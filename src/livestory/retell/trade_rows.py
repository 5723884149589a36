"""Rows of trades as inputs: a fill a row, a round trip a row, or the two rows of a trade."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.retell.cells import CURRENCY
from livestory.retell.columns import FILL, OBSERVATION, TIME
from livestory.retell.options import LOT, is_option
from livestory.retell.readers import Fee, bad
from livestory.retell.shapes.names import name_of
from livestory.retell.trip_results import is_against
from livestory.retell.words_of_cells import CLOSE, FILLED, FLOWS, LONG_OR_SHORT, OPTIONS_ENDED, SIDES, is_known
from livestory.story.inputs import Fill, Flow, Funding, Observation
from livestory.story.symbol import assets, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livestory.retell.explain_story import SourceInput
    from livestory.retell.remarks import Remarks
    from livestory.retell.survey.survey import Survey
    from livestory.tables import Table

ENTRY, EXIT, AT_ONCE = "1", "0", "2"
"""The legs of a round trip: of one instant, exits come before entries, and a trade's own exit after its entry."""
_ISIN = re.compile(r"\b[A-Z]{2}[A-Z0-9]{9}[0-9]\b")  # among the words of a security's name
_DIGITS = 9  # of a quantity or a price that was worked out, from numbers that may be floats' differences
_NEAR = (0.5, 2.0)  # how far fees may bring a share from the move of the price
_AMOUNTS = frozenset({"fill_result", "fill_fee", "other_fee", "entry_fee", "exit_fee", "funding"})
_OF_FILLS = ("fill", "exec", "cum", "deal", "last")  # how the name of a quantity begins that was filled


class Place(NamedTuple):
    """Where a row stands."""

    table: Table
    line: int


class FillRows:
    """A row is a fill, what the bot saw, or both."""

    def __init__(self, survey: Survey, remarks: Remarks) -> None:
        self._lots = survey.lots
        self._of_hundred = survey.of_hundred
        self._is_of_hyperliquid = survey.layout.writer == "Hyperliquid" and "fill_fee_asset" not in survey.layout.fields
        self._unpriced = survey.unpriced
        self._quote = survey.quote
        self._fields = survey.layout.fields
        self._remarks = remarks
        self._sign = -1 if survey.fees_are_negative else 1
        names = {own: name_of(survey.names[field]).spellings[0] for own, field in self._fields.items()}
        # Of an order, what was filled of it, and what was asked for it.
        self._is_of_fills = names.get("fill_quantity", "").startswith(_OF_FILLS)
        self._is_of_order = "status" in names and names.get("fill_price") == "price"
        self._told: dict[tuple[str | None, str], tuple[Any, ...]] = {}
        self._opens = survey.opens
        self._before_fees = _BeforeFees(own=not survey.own_fees) if survey.gross or survey.own_fees else None
        self._held: dict[
            str, Decimal
        ] = {}  # by symbol, where a word such as exit closes whatever is open, and of options

    def inputs(self, place: Place, row: Mapping[str, Any]) -> Iterator[SourceInput]:
        """What a row says. Raises TableError for half a fill."""
        observed = {column: row[column] for column in OBSERVATION if row.get(column) is not None}
        word = row.get("fill_side")
        if word in FLOWS and row.get("fill_result") and "flow" not in observed:
            yield Flow(time=row[TIME], amount=float(row["fill_result"]))
            return
        if word is not None and not is_known(word) and row.get("fill_quantity") and row.get("fill_price"):
            raise bad(place.table, place.line, self._fields["fill_side"], word, "buy or sell")
        row = _without_results(row, self._unpriced)
        side = self._side(row)
        fill = self._fill(place, row, side)
        if word is not None and side is None and not observed.keys() - {TIME, "threshold"}:
            self._remarks.leave_out(f"its side is {word}")
        if self._says_no_side(row) and (row.get("fill_quantity") or not observed.keys() - {TIME, "threshold", "flow"}):
            self._remarks.leave_out(f"its {'side' if 'fill_side' in self._fields else 'quantity'} is empty")
        if fill is not None:
            if row.get("funding") and fill.symbol is not None:
                yield Funding(time=fill.time, symbol=fill.symbol, amount=row["funding"])
            yield fill
            if self._is_all_said(observed):
                return
        elif observed.keys() == {TIME, "flow"}:
            yield Flow(time=row[TIME], amount=row["flow"])
            return
        if observed.keys() - {TIME, "threshold"}:
            yield Observation(**observed)

    def _fill(self, place: Place, row: Mapping[str, Any], side: tuple[str, str | None] | None) -> Fill | None:
        quantity = row.get("fill_quantity")
        if side is None if "fill_side" in self._fields else quantity is None:
            return None
        if self._ends(row, side, quantity):
            held = -self._held[row["fill_symbol"]]
            return self._made(row, side, min(quantity or held, held, key=abs).copy_sign(held), Decimal(0))
        price, paid = row.get("fill_price"), row.get("paid")
        if paid and quantity and (not price or self._is_of_order):
            price = _worked_out(paid / quantity)
        price = price or row.get("limit_price") or price
        if paid and price and quantity is None:
            self._remarks.infer("quantities are money: what was traded is worked out by the prices")
            quantity = _worked_out(paid / price)
        why = self._why_none((row.get("status") or "").casefold(), quantity, price, row)
        if why:
            self._remarks.leave_out(why)
            return None
        for column, value in (("fill_quantity", quantity), ("fill_price", price)):
            if value is None:
                field = self._fields.get(column, self._fields["fill_quantity"])
                raise bad(place.table, place.line, field, "", f"the {column[5:]} of the fill")
        return self._made(row, side, quantity or Decimal(0), price or Decimal(0))

    def _side(self, row: Mapping[str, Any]) -> tuple[str, str | None] | None:
        """What was bought or sold, and what that did to the position where the row says it; None: no trade."""
        word, effect = row.get("fill_side"), row.get("fill_effect")
        if word is None:
            return None
        if word in {"long", "short"} and (effect is not None or self._opens):
            effect = effect or "open"
            return ("buy" if (word == "long") == (effect in {"open", "add"}) else "sell"), effect
        held = self._held.get(row.get("fill_symbol") or "", Decimal(0))
        if word == CLOSE or (word in OPTIONS_ENDED and held):
            return ("buy" if held < 0 else "sell"), CLOSE
        if word.startswith(("open", "close")):
            effect = word.partition(" ")[0]
        return (SIDES[word], effect) if word in SIDES else None

    def _ends(self, row: Mapping[str, Any], side: tuple[str, str | None] | None, quantity: Decimal | None) -> bool:
        """Whether an option that is held ends without a trade: it expired, or what its shares won is told of these."""
        held = self._held.get(row.get("fill_symbol") or "")
        buys = side[0] == "buy" if side is not None else (quantity or 0) > 0
        if not held or buys == (held > 0) or not is_option(row["fill_symbol"]):
            return False
        ended = row["fill_side"] if row.get("fill_side") in OPTIONS_ENDED else ""
        if not ended and (row.get("fill_price") != 0 or not quantity):
            return False
        if ended.startswith(("ass", "exer", "oas", "oex")) and ended != "oexp":
            self._remarks.doubt(
                "options that were assigned or exercised are told as closed at 0: the rows of their shares say the rest"
            )
        else:
            self._remarks.infer("options that expired are told as closed at 0")
        return True

    def _says_no_side(self, row: Mapping[str, Any]) -> bool:
        """Whether nothing says what was bought or sold: of rows that are no flow, and no order that came to nothing."""
        if "flow" in row or "status" in self._fields:
            return False
        return row.get("fill_side" if "fill_side" in self._fields else "fill_quantity") is None

    def _why_none(self, status: str, quantity: Decimal | None, price: Decimal | None, row: Mapping[str, Any]) -> str:
        """The reason why a row is no fill; empty if it is one, or half of one."""
        if status and not self._is_filled(status, row):
            return f"orders that are {status}"
        if status and (not quantity or not price):
            return "orders without a fill"
        if quantity == 0:
            return "quantity 0"
        if row.get("quantity_unit") and row["quantity_unit"] == assets(canonical(row.get("fill_symbol") or ""))[1]:
            return "it is the quote's half of a trade, and its fee"
        return "price 0" if price == 0 else ""

    def _made(
        self, row: Mapping[str, Any], said: tuple[str, str | None] | None, quantity: Decimal, price: Decimal
    ) -> Fill | None:
        given = {field: row[column] for column, field in FILL.items() if row.get(column) is not None}
        side, effect = said or ("buy" if quantity > 0 else "sell", given.get("effect"))
        name = row.get("fill_symbol") or ""
        lot = LOT if self._of_hundred and is_option(name) else self._lots.get(name, Decimal(1))
        given |= {"side": side, "quantity": abs(quantity) * lot, "price": abs(price)}
        if effect is None and side == "sell" and is_option(name) and not self._held.get(name):
            self._remarks.infer("options that were sold first are told as shorts")
            effect = "open"
        if effect is not None:
            given["effect"] = effect
        if self._opens or is_option(name):
            self._held[name] = self._held.get(name, Decimal(0)) + (abs(quantity) if side == "buy" else -abs(quantity))
        _set_fee(given, _both(row.get("fill_fee"), row.get("other_fee")), abs(quantity) * price, self._sign)
        if "symbol" in given:
            given["symbol"] = symbol_of(given["symbol"], row.get("quote") or self._quote)
        if self._is_of_hyperliquid and row.get("fill_side") == "buy" and "fee" in given:
            base, quote = assets(given.get("symbol"))
            given |= {"fee_asset": base} if quote is not None else {}  # of what is bought for coins, as no perpetual is
        if self._before_fees is not None and quantity:
            left = self._before_fees.taken(given.get("symbol"), quantity if side == "buy" else -quantity, given)
            if left is not None:
                given["result"] = left + (row.get("funding") or 0)
        fill = Fill(time=row[TIME], **given)
        return None if self._is_repeated(fill) else fill

    def _is_filled(self, status: str, row: Mapping[str, Any]) -> bool:
        """Whether the quantity is what was filled: a column of its own says so, or the order was filled to its end."""
        return self._is_of_fills or "limit_price" in row or status in FILLED

    def _is_repeated(self, fill: Fill) -> bool:
        if fill.trade_id is None:
            return False
        key, content = (fill.symbol, fill.trade_id), (fill.time, fill.side, fill.quantity, fill.price)
        if key not in self._told:
            self._told[key] = content
            return False
        if self._told[key] == content:
            self._remarks.leave_out("its trade id was told before")
            return True
        self._remarks.doubt("one trade id stands for several fills that differ; each is told")
        return False

    def _is_all_said(self, observed: Mapping[str, Any]) -> bool:
        """Whether what a fill's row observes is said of the fill: its price, its reason."""
        own = {self._fields[column] for column in FILL if column in self._fields}
        return all(self._fields.get(column, -1) in own for column in observed.keys() - {TIME, "threshold"})


class _BeforeFees:
    """Results that are before fees: each takes its own, and the share of what it closes in those of the entries."""

    def __init__(self, *, own: bool) -> None:
        self._own = own  # they are before the fees of their own rows, too
        self._held: dict[str | None, tuple[Decimal, Decimal]] = {}  # quantity, and what was paid for entering it

    def taken(self, symbol: str | None, quantity: Decimal, given: Mapping[str, Any]) -> Decimal | None:
        """A fill's result after fees; None where it closes nothing. ``quantity`` is negative where it is a sale."""
        fee = given.get("fee", Decimal(0))
        held, fees = self._held.get(symbol, (Decimal(0), Decimal(0)))
        if held * quantity >= 0:
            self._held[symbol] = held + quantity, fees + fee
            return None
        closed = min(abs(quantity), abs(held))
        own, entering = fee * closed / abs(quantity), fees * closed / abs(held)
        rest = held + quantity
        self._held[symbol] = rest, (fees - entering if rest * held > 0 else fee - own)
        result = given.get("result")
        return None if result is None else result - entering - (own if self._own else 0)


class TripRows:
    """A row is a trade from its entry to its exit."""

    def __init__(self, survey: Survey, remarks: Remarks) -> None:
        self._remarks = remarks
        self._lots = survey.lots
        self._unpriced = survey.unpriced
        self._quote = survey.quote
        self._shorts = survey.shorts
        self._names_sides = not survey.by_side and bool(survey.layout.fields.keys() & {"fill_side", "closing_side"})
        self._closes = survey.closes
        self._rights = survey.rights
        self._gross = survey.gross
        self._share = 100 if survey.percent else 1
        self._sign = -1 if survey.fees_are_negative else 1

    def inputs(self, leg: str, time: int, row: Mapping[str, Any], position: str) -> Iterator[SourceInput]:
        """What a leg of a row says, which is of the trade ``position``."""
        short = self._is_short(row)
        row = _without_results(row, self._unpriced)
        enters = leg == ENTRY
        side = "buy" if enters != short else "sell"
        quantity = self._quantity(row)
        price = row["entry_price"] if enters else self._exit_price(row, quantity, short=short)
        given: dict[str, Any] = {"side": side, "quantity": quantity, "price": price, "position": position}
        if short:
            given["effect"] = "open" if enters else "close"
        if row.get("fill_symbol"):
            given["symbol"] = symbol_of(row["fill_symbol"], row.get("quote") or self._quote)
        fee = row.get("entry_fee" if enters else "exit_fee")
        rate = row.get("entry_fee_rate" if enters else "exit_fee_rate")
        if fee is None and rate is not None:
            fee = Fee(rate * quantity * price)
        if fee is None and row.get("fill_fee") is not None:  # of the whole trade: it is told where it is known
            fee = Fee(Decimal(0)) if enters else _both(row["fill_fee"], row.get("other_fee"))
        _set_fee(given, fee, quantity * price, self._sign)
        reason = row.get("entry_reason" if enters else "exit_reason")
        if reason is not None:
            given["reason"] = reason
        if not enters and row.get("fill_result") is not None:
            given["result"] = row["fill_result"]
            if self._gross:
                given["result"] += row.get("funding", 0) - self._paid(row)
        if not enters and row.get("funding") and "symbol" in given:
            yield Funding(time=time, symbol=given["symbol"], amount=row["funding"], position=position)
        yield Fill(time=time, **given)
        if not enters and row.get("wealth") is not None:
            yield Observation(time=time, wealth=row["wealth"])

    def _paid(self, row: Mapping[str, Any]) -> Decimal:
        """The fees of a trade that are in the currency of its result."""
        fees = (row.get(own) for own in ("fill_fee", "other_fee", "entry_fee", "exit_fee"))
        return sum((fee.amount * self._sign for fee in fees if fee and fee.amount and fee.asset is None), Decimal(0))

    def _exit_price(self, row: Mapping[str, Any], quantity: Decimal, *, short: bool) -> Decimal:
        """At what price a trade was left: one that names none, by what it won. An option may end at 0."""
        told: Decimal | None = row.get("exit_price")
        if told or (told is not None and is_option(row.get("fill_symbol") or "")):
            return told
        self._remarks.infer("no exit price in it: worked out from the results, before fees")
        won = row["fill_result"] / quantity
        price: Decimal = row["entry_price"] - won if short else row["entry_price"] + won
        return _worked_out(max(price, Decimal(0)))

    def _is_short(self, row: Mapping[str, Any]) -> bool:
        word, quantity = row.get("fill_side"), row.get("fill_quantity")
        if row.get("closing_side") is not None:
            return SIDES.get(row["closing_side"]) == "buy"
        if word is not None:
            known = False if self._rights and word == "put" else LONG_OR_SHORT.get(word)
            if known is not None:
                return self._closes != known
        if quantity is not None and quantity < 0:
            return True
        if self._names_sides and word is None:
            self._remarks.infer("where a side is empty, it is told from the result")
        elif not self._shorts:
            return False
        return is_against(row, self._share)

    def _quantity(self, row: Mapping[str, Any]) -> Decimal:
        quantity = row.get("fill_quantity")
        if quantity:
            size: Decimal = abs(quantity) * self._lots.get(row.get("fill_symbol") or "", Decimal(1))
            return size
        entry, result, share = row["entry_price"], row.get("fill_result"), row.get("share")
        move = row.get("exit_price", entry) - entry
        if row.get("cost"):
            self._remarks.infer("no quantity in it: worked out from what was invested and the entry's price")
            found = row["cost"] / entry
        elif result and share and not self._is_of_less(share, move / entry):
            self._remarks.infer("no quantity in it: worked out from the results in money and in percent")
            found = result / (Decimal(repr(share)) / self._share) / entry
        elif result and move:
            self._remarks.infer("no quantity in it: worked out from results and prices, before fees")
            found = result / move
        else:
            self._remarks.infer("no quantity in it: each trade is told as of 1")
            return Decimal(1)
        return _worked_out(found)

    def _is_of_less(self, share: float, move: Decimal) -> bool:
        """Whether a share is of less or more than what was bought, such as of a margin: prices say otherwise."""
        told = abs(float(share)) / self._share
        return bool(move) and not _NEAR[0] < told / abs(float(move)) < _NEAR[1]


def _without_results(row: Mapping[str, Any], unpriced: frozenset[str]) -> Mapping[str, Any]:
    """A row without its amounts in the account's currency, where that is not what its symbol is priced in."""
    if row.get("fill_symbol") not in unpriced or ("entry_price" in row and "exit_price" not in row):
        return row
    return {own: value for own, value in row.items() if own not in _AMOUNTS}


def _worked_out(number: Decimal) -> Decimal:
    return Decimal(format(abs(number), f".{_DIGITS}g"))


def symbol_of(name: str, quote: str | None) -> str:
    """A symbol as a story writes it, with what it is paid in where a column beside it says so."""
    within = _ISIN.search(name) if " " in name.strip() else None
    symbol = within[0] if within else canonical(name)
    if quote is None or "/" in symbol or not CURRENCY(quote) or quote == symbol:
        return symbol
    return f"{symbol}/{quote}"


def _both(fee: Fee | None, other: Fee | None) -> Fee | None:
    """A fee and the commission that stands beside it."""
    if fee is None or other is None or fee.amount is None or other.amount is None or fee.asset != other.asset:
        return fee or other
    return Fee(fee.amount + other.amount, fee.asset)


def _set_fee(given: dict[str, Any], fee: Fee | None, paid: Decimal, sign: int) -> None:
    given.pop("fee", None)
    if fee is None:
        return
    amount = paid * fee.share if fee.share is not None else fee.amount
    if amount is not None:
        given["fee"] = amount * sign
        if fee.asset is not None:
            given.setdefault("fee_asset", fee.asset)
