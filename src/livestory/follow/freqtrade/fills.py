"""A trade of freqtrade's -> the fills of a story, with the result that freqtrade itself reports.

freqtrade keeps one result a trade. Of several exits each has the part that freqtrade's own arithmetic gives it, to its
8 decimals; the last one has the rest, so that the parts add up to what it reports.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.follow.freqtrade.records import Order, Trade
from livestory.story.inputs import Fill, Funding, Skip
from livestory.story.reason import Reason, in_own_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = Decimal("0.00000001")
_DUST = Decimal("0.001")  # share of a trade's largest size
_ONE, _NOTHING = Decimal(1), Decimal(0)


class Told(Struct):
    """What was told of a trade that is not over."""

    orders: dict[str, tuple[Decimal, Decimal]] = {}  # id -> quantity and value that were told
    given_up: set[str] = set()  # orders whose end was told
    size: Decimal = _NOTHING  # held
    largest: Decimal = _NOTHING
    average: Decimal = _NOTHING  # at which it was entered, as freqtrade reckons it
    result: Decimal = _NOTHING

    def copied(self) -> Told:
        """The same, to be brought up to date apart from this."""
        return replace(self, orders=self.orders.copy(), given_up=self.given_up.copy())


def inputs_of(trade: Trade, told: Told) -> list[Fill | Funding | Skip]:
    """What is not told yet of a trade, in order; ``told`` is brought up to date with it.

    Raises ValueError where its numbers can't be reckoned with.
    """
    try:
        return list(_inputs(trade, told))
    except ArithmeticError as error:
        message = "its numbers can't be reckoned with"
        raise ValueError(message) from error


def _inputs(trade: Trade, told: Told) -> Iterator[Fill | Funding | Skip]:
    once = {order.order_id: order for order in _orders(trade, told)}.values()
    orders = [order for order in once if _is_news(order, told)]
    filled = [order for order in orders if _is_filled_further(order, told)]
    last = filled[-1] if filled else None
    for order in orders:
        if order in filled:
            is_last = order is last and not trade.is_open and not order.is_entry
            if is_last and trade.funding:
                yield Funding(time=order.time, symbol=trade.pair, amount=trade.funding, funding_id=trade.key)
            yield _fill(trade, order, told, is_last=is_last)
        if order.cancelled is not None:
            told.given_up.add(order.order_id)
            if order not in filled:
                yield _skip(trade, order)


def _orders(trade: Trade, told: Told) -> list[Order]:
    """The orders by their times; where some were not kept, as before 2021, the trade itself says what was filled."""
    orders = sorted(trade.orders, key=lambda order: order.time)
    late = next((order for order in orders if order.is_entry and order.filled), None)
    if late is not None and f"{trade.key}-entry" in told.orders:  # the trade was seen before its order
        told.orders[late.order_id] = told.orders.pop(f"{trade.key}-entry")
    entered = trade.closed is not None or (trade.is_open and not orders and not trade.is_pending)
    if entered and not any(order.is_entry and order.filled for order in orders):
        entry = Order(
            order_id=f"{trade.key}-entry", is_entry=True, filled=trade.amount, price=trade.open_rate, time=trade.opened
        )
        orders.insert(0, entry)
    if trade.closed is not None and not any(order.filled and not order.is_entry for order in orders):
        price = trade.close_rate if trade.close_rate is not None else trade.open_rate
        orders.append(
            Order(order_id=f"{trade.key}-exit", is_entry=False, filled=trade.amount, price=price, time=trade.closed)
        )
    return orders


def _is_news(order: Order, told: Told) -> bool:
    is_given_up = order.cancelled is not None and order.order_id not in told.given_up
    return is_given_up or _is_filled_further(order, told)


def _is_filled_further(order: Order, told: Told) -> bool:
    quantity, _ = told.orders.get(order.order_id, (_NOTHING, _NOTHING))
    return order.filled > quantity


def _fill(trade: Trade, order: Order, told: Told, *, is_last: bool) -> Fill:
    before, value = told.orders.get(order.order_id, (_NOTHING, _NOTHING))
    quantity = order.filled - before
    whole = order.filled * (order.price if order.price is not None else trade.open_rate)
    price = (whole - value) / quantity if before else whole / order.filled
    told.orders[order.order_id] = (order.filled, whole)
    is_first = not told.size
    fee, asset = _fee(trade, order, quantity, price)
    result = None
    held = quantity - (order.fee_base or _NOTHING)
    if order.is_entry:
        before_it, told.size = told.size, told.size + held
        told.average = (told.average * before_it + price * held) / told.size if told.size > held else price
        told.largest = max(told.largest, told.size)
        effect = "open" if is_first else "add"
    else:
        told.size -= held
        done = is_last or told.size <= told.largest * _DUST
        effect = "close" if done else "reduce"
        result = _result(trade, held, price, told)
        if is_last:
            result = None if trade.profit is None else trade.profit - told.result
        told.result += result or _NOTHING
    return Fill(
        time=order.time,
        side="buy" if order.is_entry != trade.short else "sell",
        quantity=quantity,
        price=price,
        symbol=trade.pair,
        effect=effect,
        fee=fee,
        fee_asset=asset,
        order_id=order.order_id,
        trade_id=f"{order.order_id}+{before}" if before else order.order_id,
        result=result,
        reason=_reason(trade, order),
        wanted=order.wanted if order.cancelled is not None and order.wanted else None,
    )


def _result(trade: Trade, quantity: Decimal, price: Decimal, told: Told) -> Decimal:
    """As freqtrade reckons what an exit brought: each side with its fee, to 8 decimals."""
    opened = quantity * told.average * (_ONE + (-1 if trade.short else 1) * (trade.fee_open or _NOTHING))
    closed = quantity * price * (_ONE - (-1 if trade.short else 1) * (trade.fee_close or _NOTHING))
    return (opened - closed if trade.short else closed - opened).quantize(_DIGITS)


def _fee(trade: Trade, order: Order, quantity: Decimal, price: Decimal) -> tuple[Decimal | None, str | None]:
    """What the fill cost, and in which asset: as it was booked, else by the rate that freqtrade reckons with."""
    base, quote = trade.pair.partition("/")[0], trade.stake_currency
    if order.fee_base:
        return order.fee_base, base
    cost, currency, share = (
        (trade.fee_open_cost, trade.fee_open_currency, trade.fee_open)
        if order.is_entry
        else (trade.fee_close_cost, trade.fee_close_currency, trade.fee_close)
    )
    same = [each for each in trade.orders if each.filled and each.is_entry == order.is_entry]
    if len(same) <= 1 and quantity == order.filled and cost is not None and currency:
        return cost, None if currency == quote else currency
    return (None if share is None else share * quantity * price), None


def _reason(trade: Trade, order: Order) -> Reason | None:
    words = order.tag or (trade.enter_tag if order.is_entry else trade.exit_reason)
    return in_own_words(words) if words else None


def _skip(trade: Trade, order: Order) -> Skip:
    what = "entry" if order.is_entry else "exit"
    return Skip(
        time=order.time,
        reason=in_own_words(f"{what} order cancelled" + (f": {order.cancelled}" if order.cancelled else "")),
        side="buy" if order.is_entry != trade.short else "sell",
        quantity=order.wanted and max(order.wanted - order.filled, _NOTHING),
        symbol=trade.pair,
    )
